"""The prompt cache before the load: each prefix is written once.

Calls that start together on a prefix that is not cached yet would all write it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gevent.pool import Pool

from bedrock_locust.user import unrecorded
from bedrock_locust.workload.source import generated_of

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from bedrock_locust.call import Call
    from bedrock_locust.settings.schema import Settings
    from bedrock_locust.workload.contract import Request
    from bedrock_locust.workload.prepared import Prepared

logger = logging.getLogger(__name__)

AT_A_TIME = 8


def write_prefixes(client: BedrockRuntimeClient, settings: Settings, prepared: Prepared) -> None:
    """Send each prefix once, if the settings share any. Says how many the service wrote to its cache."""
    workload = generated_of(settings, prepared)
    if workload is None or settings.workload is None or settings.workload.cache == "off":
        return
    send = unrecorded(client, settings, "non_streaming")

    def write(request: Request) -> Call:
        return send(name="prefix", **request.arguments)

    calls = Pool(AT_A_TIME).map(write, workload.of_each_prefix())
    failed = [call for call in calls if not call.ok]
    written, read = (
        sum(getattr(call, name) or 0 for call in calls) for name in ("cache_write_tokens", "cache_read_tokens")
    )
    if failed:
        logger.warning(
            "bedrock-locust: %d of %d prefixes could not be sent before the load (%s): the first calls write them",
            *(len(failed), len(calls), failed[0].error),
        )
    elif not (written or read):
        logger.warning(
            "bedrock-locust: the service wrote none of %d prefixes to its cache: calls may find nothing there",
            len(calls),
        )
    else:
        logger.info("bedrock-locust: prefixes written to the cache: %d, with %d tokens in all", len(calls), written)
