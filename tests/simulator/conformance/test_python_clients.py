"""Clients in Python that nobody here wrote: Anthropic's SDK, LangChain, the AWS CLI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .families import FAMILIES, INPUT_TOKENS, PROMPT
from .running import run_aws, run_python

if TYPE_CHECKING:
    from ..process import Simulator

CLAUDE = FAMILIES["claude"].model_id


def test_anthropic(plain: Simulator) -> None:
    """Anthropic's SDK reads a message, a stream with thinking, and an error; it signs with a bare colon in the path."""
    plain.set(reasoning_tokens=4)
    seen = run_python("anthropic_sdk.py", plain.url, CLAUDE)
    usage = seen["message"]["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (INPUT_TOKENS, 8)
    assert [block["type"] for block in seen["final"]["content"]] == ["thinking", "text"]
    assert len(seen["final"]["content"][1]["text"]) == 32
    assert seen["final"]["usage"]["output_tokens"] == 12
    assert seen["final"]["stop_reason"] == "end_turn"
    assert seen["error"] == {"name": "BadRequestError", "status": 400}
    assert [call["outcome"] for call in plain.ended(3)] == ["ok", "ok", "ValidationException"]


def test_langchain(plain: Simulator) -> None:
    """LangChain reads Converse and ConverseStream with their usage, and a tool call."""
    seen = run_python("langchain.py", plain.url, CLAUDE)
    assert len(seen["text"]) == len(seen["streamed"]) == 32
    for usage in (seen["usage"], seen["streamed_usage"]):
        assert (usage["input_tokens"], usage["output_tokens"]) == (INPUT_TOKENS, 8)
    assert seen["calls"] == [{"name": "weather", "args": {"city": "example"}}]


def test_aws_cli(plain: Simulator, secure: Simulator, trusted: str) -> None:
    """The AWS CLI converses, in cleartext and in TLS."""
    messages = json.dumps([{"role": "user", "content": [{"text": PROMPT}]}])
    for url in (plain.url, secure.url):
        options = ("--endpoint-url", url, "--model-id", CLAUDE, "--messages", messages)
        seen = run_aws("bedrock-runtime", "converse", *options, AWS_CA_BUNDLE=trusted)
        assert seen["usage"]["inputTokens"] == INPUT_TOKENS
        assert len(seen["output"]["message"]["content"][0]["text"]) == 32
