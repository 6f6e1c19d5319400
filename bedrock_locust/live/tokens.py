"""When the output tokens of a call came: the definition of docs/metrics.md for every live figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bedrock_locust.call import Call


def token_span_s(call: Call) -> tuple[float, float]:
    """Over which time the output tokens of a call are spread evenly, in seconds after its start.

    From the first to the last token of a streaming call of which both are known; otherwise from start to end.
    """
    if call.mode != "streaming" or call.ttft_ms is None or call.last_token_ms is None:
        return 0.0, call.latency_ms / 1000
    return call.ttft_ms / 1000, call.last_token_ms / 1000
