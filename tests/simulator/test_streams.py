"""The streamed answer to a call."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest
from botocore.eventstream import EventStreamBuffer

from .calls import (
    CLAUDE,
    PROMPT,
    body,
    converse,
    converse_stream,
)
from .process import DEADLINE_S, Simulator

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from .process import Simulator


def test_tokens_per_event(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """An event can carry several tokens; the last one what is left."""
    simulator.set(tokens_per_event=3)
    texts = [e["contentBlockDelta"]["delta"]["text"] for e in converse_stream(client) if "contentBlockDelta" in e]
    assert [len(text) for text in texts] == [12, 12, 8]


def test_events_are_sent_in_time(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """By its own times, the simulator sends nothing before it is due."""
    simulator.set(ttft_ms=150, tpot_ms=10)
    converse_stream(client)
    converse(client)
    streamed, whole = simulator.ended(2)
    arrived = streamed["arrived_at_ns"]
    assert streamed["first_token_at_ns"] - arrived >= 149e6
    assert streamed["ended_at_ns"] - arrived >= (150 + 7 * 10 - 1) * 1e6
    assert streamed["ended_at_ns"] - streamed["first_token_at_ns"] >= 60e6
    assert whole["first_token_at_ns"] is None
    assert whole["ended_at_ns"] - whole["arrived_at_ns"] >= (150 + 7 * 10 - 1) * 1e6


@pytest.mark.parametrize("operation", ["converse-stream", "invoke-with-response-stream"])
def test_one_padded_event_in_each_http_chunk(simulator: Simulator, operation: str) -> None:
    """Each event is one chunk of the HTTP body, and is padded."""
    request = body(CLAUDE) if operation.startswith("invoke") else _converse_body()
    messages = [_message(chunk) for chunk in _http_chunks(simulator.port, f"/model/{CLAUDE}/{operation}", request)]
    assert len(messages) == 8 + (5 if operation.startswith("invoke") else 4)
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    for message in messages:
        assert message.headers[":message-type"] == "event"
        assert message.headers[":content-type"] == "application/json"
        padding = json.loads(message.payload)["p"]
        assert padding
        assert alphabet.startswith(padding)


def _converse_body() -> bytes:
    return json.dumps({"messages": [{"role": "user", "content": [{"text": PROMPT}]}]}).encode()


def _message(chunk: bytes) -> Any:
    buffer = EventStreamBuffer()
    buffer.add_data(chunk)
    [message] = list(buffer)
    return message


def _http_chunks(port: int, path: str, request: bytes) -> list[bytes]:
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {len(request)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as connection:
        connection.sendall(head.encode() + request)
        with connection.makefile("rb") as response:
            while response.readline().strip():
                pass
            chunks = []
            while size := int(response.readline(), 16):
                chunks.append(response.read(size))
                response.readline()
    return chunks
