"""Responses, Chat Completions and Messages on both endpoints, through the SDKs of OpenAI and Anthropic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ..conftest import FAST
from ..process import Simulator
from .conftest import KEY_ID, SECRET
from .families import INPUT_TOKENS
from .running import run_more_python, run_node, run_python

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


def test_openai_and_what_is_kept(endpoint: tuple[str, Simulator]) -> None:
    """A response is found, continued, made in the background and cancelled by its id, until it is deleted."""
    name, simulator = endpoint
    background = name == "mantle"
    model = "openai.gpt-5.6-sol" if background else "us.openai.gpt-5.6-sol"
    seen = run_python("openai_kept.py", f"{simulator.url}/openai/v1", TOKEN, model, "yes" if background else "no")
    assert (seen["same"], seen["more"]) == (True, 3)  # characters are added up before they are divided
    assert seen["gone"][:2] == ["NotFoundError", 404]
    assert seen["cannot"][:2] == seen["unknown"][:2] == ["BadRequestError", 400]
    if background:
        assert seen["states"] == ["queued", "completed", True]
        assert seen["again"] == ["response.in_progress", "response.completed", 2]
        assert seen["cancelled"] is True
    else:
        assert seen["background"][:2] == ["BadRequestError", 400]


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


@pytest.fixture(params=["runtime", "mantle"])
def signed(request: pytest.FixtureRequest) -> Iterator[tuple[str, Simulator]]:
    """A simulator of each endpoint, which verifies signatures."""
    simulator = Simulator("--endpoint", request.param, "--access-key", f"{KEY_ID}:{SECRET}", "--bearer-token", TOKEN)
    simulator.set(**FAST)
    yield request.param, simulator
    assert simulator.stop() == (0, "", "")


def fails(simulator: Simulator, **calls: list[int]) -> None:
    """Have these calls fail, by their places."""
    simulator.set(
        reasoning_tokens=0,
        fault_schedule=[{"fault": name.replace("_", "-"), "calls": at} for name, at in calls.items()],
    )


def test_openai_signs(signed: tuple[str, Simulator]) -> None:
    """In its Bedrock mode: its signatures are right, and it shows refusals and failed streams as it does with OpenAI.

    An error in a stream of Responses is an event like others to it, and a stream without its end is no error at all.
    """
    name, simulator = signed
    model = "us.openai.gpt-5.6-sol" if name == "runtime" else "openai.gpt-5.6-sol"
    fails(simulator, throttlingException=[3, 4], early_end=[5, 6], ThrottlingException=[7, 8])
    seen = run_python("openai_bedrock.py", f"{simulator.url}/openai/v1", name, model, model)
    assert seen["whole"] == [32, 32]
    assert (seen["refused"]["name"], seen["refused"]["status"]) == ("AuthenticationError", 401)
    in_response, in_chat = seen["failed"]
    assert in_response == "response.failed"
    assert (in_chat["name"], in_chat["status"]) == ("APIError", None)
    assert "Too many tokens" in in_chat["message"]
    assert seen["cut_short"] == ["response.output_text.delta", None]
    assert [(one["name"], one["status"]) for one in seen["throttled"]] == [("RateLimitError", 429)] * 2


@pytest.mark.parametrize("signed", ["mantle"], indirect=True)
def test_anthropic_signs(signed: tuple[str, Simulator]) -> None:
    """Its client for bedrock-mantle, in Python and in JavaScript: counts, refusals, errors in streams."""
    _, simulator = signed
    for script, run in (("anthropic_mantle.py", run_python), ("anthropic_mantle.mjs", run_node)):
        is_python = script.endswith(".py")
        simulator.request("DELETE", "/_simulator/calls")
        at = (4, 5, 6) if is_python else (3, 99, 4)
        fails(simulator, throttlingException=[at[0]], early_end=[at[1]], ThrottlingException=[at[2]])
        seen = run(script, f"{simulator.url}/anthropic", "anthropic.claude-opus-5")
        assert seen["counted"] == INPUT_TOKENS
        assert seen["throttled"] == {"name": "RateLimitError", "status": 429, "type": "rate_limit_error"}
        assert seen["failed"]["type"] in ("rate_limit_error", None), seen["failed"]
        if is_python:
            assert (seen["whole"], seen["streamed"]) == ([32, 8, "end_turn"], "message_stop")
            assert (seen["refused"]["name"], seen["refused"]["status"]) == ("AuthenticationError", 401)
            assert (seen["failed"]["status"], seen["cut_short"]) == (200, "content_block_delta")
        else:
            assert (seen["message"]["text"], seen["message"]["stop"], seen["events"][-1]) == (
                32,
                "end_turn",
                "message_stop",
            )


@pytest.mark.parametrize(
    "signed", ["mantle", pytest.param("runtime", marks=pytest.mark.long)], indirect=True, ids=["mantle", "runtime"]
)
def test_openai_in_javascript(signed: tuple[str, Simulator]) -> None:
    """The same calls by the SDK in JavaScript, with a key as a token."""
    name, simulator = signed
    model = "us.openai.gpt-5.6-sol" if name == "runtime" else "openai.gpt-5.6-sol"
    fails(simulator, throttlingException=[4, 5], ThrottlingException=[6])
    seen = run_node("openai_sdk.mjs", f"{simulator.url}/openai/v1", TOKEN, model, model)
    assert (seen["response"]["text"], seen["response"]["status"]) == (32, "completed")
    assert (seen["chat"]["text"], seen["chunks"]["text"]) == (32, 32)
    for usage in (seen["chat"]["usage"], seen["chunks"]["usage"]):
        assert (usage["prompt_tokens"], usage["completion_tokens"]) == (INPUT_TOKENS, 8)
    assert (seen["events"][0], seen["events"][-1]) == ("response.created", "response.completed")
    in_response, in_chat = seen["failed"]
    assert in_response == "response.failed"
    assert in_chat["code"] == "rate_limit_exceeded"
    assert (seen["throttled"]["name"], seen["throttled"]["status"]) == ("RateLimitError", 429)


LITELLM = {"runtime": ("converse", "chat"), "mantle": ("chat", "messages")}


@pytest.mark.long
def test_litellm(signed: tuple[str, Simulator]) -> None:
    """LiteLLM calls each API of both endpoints, whole and streamed; it signs for `bedrock` on both."""
    name, simulator = signed
    fails(simulator, ThrottlingException=[4 if name == "runtime" else 5])
    seen = run_more_python("litellm_sdk.py", simulator.url, name)
    for api in LITELLM[name]:
        assert seen[api] == {"whole": [32, INPUT_TOKENS, 8], "streamed": [32, INPUT_TOKENS, 8]}
    if name == "mantle":
        assert seen["responses"] == {"status": "completed", "output_tokens": 8}
    assert seen["throttled"] == 429


LLMETER = {"runtime": {"chat", "responses"}, "mantle": {"chat", "responses", "messages"}}


@pytest.mark.long
def test_llmeter(signed: tuple[str, Simulator]) -> None:
    """LLMeter's endpoints of the APIs read text, counts and times, on both endpoints."""
    name, simulator = signed
    fails(simulator)
    seen = run_more_python("llmeter_sdk.py", simulator.url, TOKEN, name)
    assert set(seen) == LLMETER[name]
    for found in seen.values():
        assert (found["error"], found["text"], found["tokens"]) == (None, 32, [INPUT_TOKENS, 8])
        assert found["last_s"] >= found["first_s"] > 0
