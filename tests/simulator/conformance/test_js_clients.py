"""Clients in JavaScript that nobody here wrote: AWS's SDK, Vercel's AI SDK, Anthropic's SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .families import FAMILIES, INPUT_TOKENS
from .running import run_node

if TYPE_CHECKING:
    from ..process import Simulator

CLAUDE = FAMILIES["claude"]


@pytest.mark.parametrize("handler", ["http2", "http1"])
@pytest.mark.parametrize("tls", [False, True], ids=["cleartext", "tls"])
def test_aws_sdk(plain: Simulator, secure: Simulator, trusted: str, *, tls: bool, handler: str) -> None:
    """AWS's SDK does every operation with its own HTTP/2 handler and with HTTP/1.1, in cleartext and in TLS."""
    simulator = secure if tls else plain
    body = CLAUDE.body.decode()
    seen = run_node("aws_sdk.mjs", simulator.url, handler, CLAUDE.model_id, body, NODE_EXTRA_CA_CERTS=trusted)
    assert "error" not in seen
    counts = {"inputTokens": INPUT_TOKENS, "outputTokens": 8, "totalTokens": 16}
    assert seen["converse"]["usage"] == {**counts, "cacheReadInputTokens": 0, "cacheWriteInputTokens": 0}
    kinds = [next(iter(event)) for event in seen["converseStream"]]
    assert kinds == ["messageStart", *["contentBlockDelta"] * 8, "contentBlockStop", "messageStop", "metadata"]
    assert CLAUDE.text(seen["invoke"]).count(" ") == 8
    assert "".join(map(CLAUDE.piece, seen["invokeStream"])).count(" ") == 8
    assert seen["count"]["inputTokens"] == INPUT_TOKENS
    assert [call["outcome"] for call in simulator.ended(5)] == ["ok"] * 5


@pytest.mark.parametrize("code", ["ThrottlingException", "ModelNotReadyException", "ServiceUnavailableException"])
def test_aws_sdk_errors(plain: Simulator, code: str) -> None:
    """AWS's SDK raises an error as its class."""
    plain.set(faults={code: 1})
    seen = run_node("aws_sdk.mjs", plain.url, "http2", CLAUDE.model_id, CLAUDE.body.decode())
    assert seen["error"]["name"] == code


def test_aws_sdk_error_in_a_stream(plain: Simulator) -> None:
    """AWS's SDK raises an exception in mid-stream as its class."""
    plain.set(faults={"throttlingException": 1})
    seen = run_node("aws_sdk.mjs", plain.url, "http2", CLAUDE.model_id, CLAUDE.body.decode())
    assert seen["error"]["name"] == "ThrottlingException"


def test_stream_that_is_given_up(plain: Simulator) -> None:
    """A stream that an HTTP/2 client resets frees its place at once, and others of its connection go on."""
    plain.set(output_tokens=100, tpot_ms=40)
    seen = run_node("aws_sdk_abort.mjs", plain.url, CLAUDE.model_id)
    assert seen == {"kept": 100}
    outcomes = {call["outcome"]: call["output_tokens"] for call in plain.ended(2)}
    assert outcomes["ok"] == 100
    assert outcomes["client_gone"] < 100


def test_ai_sdk(plain: Simulator) -> None:
    """The AI SDK streams text with its usage, and reads a tool call."""
    seen = run_node("ai_sdk.mjs", plain.url, CLAUDE.model_id)
    assert len(seen["pieces"]) == 8
    assert (seen["usage"]["inputTokens"], seen["usage"]["outputTokens"]) == (INPUT_TOKENS, 8)
    assert seen["finish"] == "stop"
    assert seen["calls"] == [{"toolName": "weather", "input": {"city": "example"}}]


def test_anthropic_sdk(plain: Simulator) -> None:
    """Anthropic's SDK reads a message, a stream of one, and an error."""
    seen = run_node("anthropic_sdk.mjs", plain.url, CLAUDE.model_id)
    usage = seen["message"]["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["cache_read_input_tokens"]) == (INPUT_TOKENS, 8, 0)
    assert "".join(map(CLAUDE.piece, seen["events"])).count(" ") == 8
    assert seen["events"][-1]["type"] == "message_stop"
    assert seen["error"] == {"name": "BadRequestError", "status": 400}
