"""The figures of a run for Prometheus: `figures` counts, `exposition` writes, `endpoint` lets a server fetch them.

They need the extra `prometheus`, so the rest of the package asks `exposed` for them.
"""

from __future__ import annotations

import importlib.util
import logging
from typing import TYPE_CHECKING

from bedrock_locust.settings.mistakes import SettingsError

if TYPE_CHECKING:
    from argparse import Namespace

    from locust.web import WebUI

    from bedrock_locust.live.output import Output

logger = logging.getLogger(__name__)

LOCAL = "127.0.0.1"
"""Where the port listens unless another address is given."""


def exposed(options: Namespace, web_ui: WebUI | None) -> list[Output]:
    """The output that keeps the figures, with the ways to them open: `/metrics` of the web UI, and a port if asked for.

    Nothing without the extra, or without a way. Raises SettingsError where a port is asked for and cannot be had.
    """
    port = getattr(options, "bedrock_metrics_port", None)
    if port is None and (host := getattr(options, "bedrock_metrics_host", LOCAL)) != LOCAL:
        logger.warning(
            "bedrock-locust: --bedrock-metrics-host %s does nothing without --bedrock-metrics-port: set the port", host
        )
    if web_ui is None and port is None:
        return []
    if importlib.util.find_spec("prometheus_client") is None:
        if port is None:
            return []
        raise SettingsError(
            "--bedrock-metrics-port: the package prometheus-client is missing: pip install 'bedrock-locust[prometheus]'"
        )
    from bedrock_locust.outputs.prometheus.endpoint import (  # noqa: PLC0415 - the extra
        TOKEN,
        Endpoint,
        check_port,
        is_local,
        serve,
    )
    from bedrock_locust.outputs.prometheus.figures import Figures  # noqa: PLC0415
    from bedrock_locust.outputs.prometheus.last_scrape import LastScrape  # noqa: PLC0415
    from bedrock_locust.outputs.web.metrics import add_metrics  # noqa: PLC0415

    figures = Figures()
    last = LastScrape(figures)
    endpoint = Endpoint(figures, last.seen)
    if web_ui is not None:
        add_metrics(web_ui, endpoint)
    if port is not None:
        host = options.bedrock_metrics_host
        check_port(port)
        serve(endpoint, host, port)
        if not endpoint.has_token and not is_local(host):
            logger.warning(
                "bedrock-locust: --bedrock-metrics-host %s: whoever reaches port %s may read the figures; set %s,"
                " which is then asked for as a bearer token",
                *(host, port, TOKEN),
            )
    # A process with a page stays.
    return [figures] if web_ui else [figures, last]
