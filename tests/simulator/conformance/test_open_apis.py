"""Responses, Chat Completions and Messages on both endpoints, through the SDKs of OpenAI and Anthropic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ..conftest import FAST
from ..process import Simulator
from .families import INPUT_TOKENS
from .running import run_python

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "a-token"


@pytest.fixture(params=["runtime", "mantle"])
def endpoint(request: pytest.FixtureRequest) -> Iterator[tuple[str, Simulator]]:
    """A simulator of each endpoint, which wants a token."""
    simulator = Simulator("--endpoint", request.param, "--bearer-token", TOKEN)
    simulator.set(**FAST)
    yield request.param, simulator
    assert simulator.stop() == (0, "", "")


def test_openai(endpoint: tuple[str, Simulator]) -> None:
    """Answers, counts, order of events, a tool, a length, and refusals in the classes of the SDK."""
    name, simulator = endpoint
    simulator.set(reasoning_tokens=4)
    models = ("us.openai.gpt-5.6-sol", "us.openai.gpt-5.6-sol") if name == "runtime" else ("openai.gpt-5.6-sol",) * 2
    seen = run_python("openai_sdk.py", f"{simulator.url}/openai/v1", TOKEN, *models)
    assert (seen["response"]["status"], len(seen["response"]["text"])) == ("completed", 32)
    usage = seen["response"]["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (INPUT_TOKENS, 8, INPUT_TOKENS + 8)
    assert seen["events"][:2] == ["response.created", "response.in_progress"]
    assert seen["events"][2:4] == ["response.output_item.added", "response.output_item.done"]
    assert seen["events"][-1] == "response.completed"
    assert seen["events"].count("response.output_text.delta") > 1
    assert seen["numbers"] == list(range(len(seen["numbers"])))
    assert len(seen["streamed"]) == 32
    final = seen["final"]
    assert final["instructions"] == "Be brief."
    assert final["usage"]["output_tokens_details"]["reasoning_tokens"] == 4
    assert [item["type"] for item in final["output"]] == ["reasoning", "message"]
    assert seen["called"] == ["function_call"]
    check_chat(seen)


@pytest.mark.parametrize(("endpoint", "model"), [("mantle", "qwen.qwen3-32b")], indirect=["endpoint"])
def test_openai_without_its_prefix(endpoint: tuple[str, Simulator], model: str) -> None:
    """Open-weight models of bedrock-mantle are below `/v1`, and only there."""
    _, simulator = endpoint
    check_chat(run_python("openai_sdk.py", f"{simulator.url}/v1", TOKEN, "", model))
    status, _, body = simulator.request("POST", "/openai/v1/chat/completions", b'{"model": "qwen.qwen3-32b"}')
    assert status == 401, body  # without a token nothing is said of the model


def check_chat(seen: dict[str, Any]) -> None:
    """What any model says by Chat Completions."""
    assert len(seen["chat"]["text"]) == len(seen["chunks"]) == 32
    for usage in (seen["chat"]["usage"], seen["usage"]):
        assert (usage["prompt_tokens"], usage["completion_tokens"]) == (INPUT_TOKENS, 8)
    assert seen["without_usage"] == []
    assert seen["error"] == {"name": "BadRequestError", "status": 400, "code": "validation_error"}
    assert seen["denied"] == {"name": "AuthenticationError", "status": 401, "code": "access_denied"}
    assert seen["unknown"] == {"name": "NotFoundError", "status": 404, "code": "model_not_found"}


def test_anthropic(endpoint: tuple[str, Simulator]) -> None:
    """A message, a stream with thinking and its signature, and refusals in the classes of the SDK."""
    name, simulator = endpoint
    simulator.set(reasoning_tokens=4)
    model = "us.anthropic.claude-opus-5" if name == "runtime" else "anthropic.claude-opus-5"
    seen = run_python("anthropic_messages.py", f"{simulator.url}/anthropic", TOKEN, model)
    usage = seen["message"]["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["service_tier"]) == (INPUT_TOKENS, 8, "standard")
    assert [block["type"] for block in seen["final"]["content"]] == ["thinking", "text"]
    assert seen["final"]["usage"]["output_tokens"] == 12
    assert seen["final"]["stop_reason"] == "end_turn"
    assert seen["error"] == {"name": "BadRequestError", "status": 400, "type": "invalid_request_error"}
    assert seen["unknown"] == {"name": "NotFoundError", "status": 404, "type": "not_found_error"}
