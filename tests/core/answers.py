"""Answers of Bedrock for a RawServer, which can be told apart by their number of output tokens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .raw_server import chunked, response
from .recordings import EVENT_STREAM
from .test_eventstream import encode

if TYPE_CHECKING:
    from collections.abc import Iterable


def whole(tokens: int = 1, *headers: str, text: str = "hi") -> bytes:
    """The answer to Converse."""
    usage = {"inputTokens": 1, "outputTokens": tokens, "totalTokens": tokens + 1}
    message = {"role": "assistant", "content": [{"text": text}]}
    said = {"output": {"message": message}, "stopReason": "end_turn", "usage": usage, "metrics": {"latencyMs": 1}}
    return response(json.dumps(said).encode(), *headers)


def events(tokens: int = 1, *texts: str) -> bytes:
    """The event stream of the answer to ConverseStream."""
    deltas = [("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}}) for text in texts or ("hi",)]
    usage = {"inputTokens": 1, "outputTokens": tokens, "totalTokens": tokens + 1}
    return frames(
        [
            ("messageStart", {"role": "assistant"}),
            *deltas,
            ("contentBlockStop", {"contentBlockIndex": 0}),
            ("messageStop", {"stopReason": "end_turn"}),
            ("metadata", {"usage": usage, "metrics": {"latencyMs": 1}}),
        ]
    )


def frames(said: Iterable[tuple[str, Any]]) -> bytes:
    """Events of these types with this JSON, as frames."""
    about = {":content-type": "application/json", ":message-type": "event"}
    return b"".join(
        encode(({":event-type": kind, **about}, json.dumps(payload, separators=(",", ":")).encode()))
        for kind, payload in said
    )


def streamed(body: bytes, *headers: str, content_type: str = EVENT_STREAM, chunk: int = 1000) -> bytes:
    """A response with this body in chunks."""
    lines = ["HTTP/1.1 200 OK", f"content-type: {content_type}", "transfer-encoding: chunked", *headers, "", ""]
    return "\r\n".join(lines).encode() + chunked(body, chunk)


def answer(operation: str, tokens: int = 1) -> bytes:
    """The answer to `converse` or `converse_stream`."""
    return streamed(events(tokens)) if operation == "converse_stream" else whole(tokens)
