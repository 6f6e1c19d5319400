"""The figures of a run for OpenTelemetry, by OTLP over HTTP.

`figures` counts, `spans` makes a span of a call, `sending` sends both, by way of a `channel` each. They need the extra
`otel`, so the rest of the package asks `sent` for the output.
"""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.otlp import addresses

if TYPE_CHECKING:
    from bedrock_locust.live.output import Output
    from bedrock_locust.settings.schema import Settings

MISSING = "the packages of OpenTelemetry are missing: pip install 'bedrock-locust[otel]'"


def sent(settings: Settings) -> list[Output]:
    """The output that sends the figures of a run; none where they go nowhere.

    Raises SettingsError where that could not work. An address in the environment that the extra is missing for may be
    meant for other programs.
    """
    output = settings.output
    found = addresses(output.otlp_endpoint, spans=output.otlp_spans, environ=os.environ)
    if found is None:
        return []
    if not _is_installed():
        if output.otlp_endpoint or output.otlp_spans:
            raise SettingsError(f"output.otlp_endpoint: {MISSING}")
        return []
    from bedrock_locust.outputs.otlp.output import Otlp  # noqa: PLC0415 - the extra

    return [Otlp(found)]


def _is_installed() -> bool:
    try:
        return all(map(importlib.util.find_spec, ("opentelemetry.sdk", "opentelemetry.proto", "google.protobuf")))
    except ModuleNotFoundError:
        return False
