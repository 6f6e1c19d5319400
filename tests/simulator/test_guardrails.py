"""Guardrails: what they do to an answer, what is said of it, and how long they take."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.simulator import guardrails
from bedrock_locust.simulator.cache import CacheUse
from bedrock_locust.simulator.prompts import Guardrail, Prompt
from bedrock_locust.simulator.replies import Content, Kind, Reply, Stop, compose

from .calls import CLAUDE, body, converse, converse_stream
from .process import Simulator

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

NOVA = "amazon.nova-lite-v1:0"


def config(trace: str) -> dict[str, Any]:
    """The argument of Converse that names a guardrail."""
    return {"guardrailConfig": {"guardrailIdentifier": "g1", "guardrailVersion": "DRAFT", "trace": trace}}


@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 40))
def test_an_answer_is_masked_and_no_longer(start: int, text: int, most: int) -> None:
    """Its first word is another, the rest is the same; what the model had said is in the trace alone."""
    prompt = Prompt((), "Hi", most, reasoning=True, guardrail=Guardrail("g", traced=True, intervenes=True))
    reply = Reply("r", NOVA, prompt, CacheUse(), compose(prompt, start, text, 3))
    masked = guardrails.masked(reply)
    assert len(masked.text) <= len(reply.text)
    assert masked.output_tokens <= reply.output_tokens
    assert masked.text.partition(" ")[2] == reply.text.partition(" ")[2]
    assert masked.of(Kind.REASONING) == reply.of(Kind.REASONING)
    if reply.text:
        assert masked.text != reply.text
        assert json.loads(guardrails.native(masked)["amazon-bedrock-trace"]["guardrail"]["modelOutput"][0])["output"][
            "message"
        ]["content"] == [{"text": reply.text}]


@pytest.mark.parametrize("trace", ["enabled", "enabled_full", "disabled"])
def test_converse_says_that_one_intervened(simulator: Simulator, client: BedrockRuntimeClient, trace: str) -> None:
    """As its stop reason, streamed or not; the trace is there where it was asked for."""
    simulator.set(guardrail_share=1, guardrail_ms=0)
    answer = converse(client, NOVA, **config(trace))
    [block] = answer["output"]["message"]["content"]
    assert (answer["stopReason"], block["text"].startswith("{NAME}"[: len(block["text"].partition(" ")[0])])) == (
        "guardrail_intervened",
        True,
    )
    events = converse_stream(client, NOVA, **config(trace))
    assert [event["messageStop"]["stopReason"] for event in events if "messageStop" in event] == [
        "guardrail_intervened"
    ]
    [metadata] = [event["metadata"] for event in events if "metadata" in event]
    for said in (answer, metadata):
        assert ("trace" in said) == (trace != "disabled")
    if "trace" in answer:
        [assessed] = answer["trace"]["guardrail"]["outputAssessments"]["g1"]
        assert assessed["sensitiveInformationPolicy"]["piiEntities"][0]["action"] == "ANONYMIZED"


def test_most_answers_pass(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """A guardrail that does nothing leaves the stop reason; its trace says how long it took."""
    simulator.set(guardrail_share=0, guardrail_ms=40)
    answer = converse(client, NOVA, **config("enabled"))
    assert answer["stopReason"] == "end_turn"
    guardrail = answer["trace"]["guardrail"]
    assert guardrail["inputAssessment"]["g1"]["invocationMetrics"]["guardrailProcessingLatency"] == 40
    assert "actionReason" not in guardrail
    assert "trace" not in converse(client, NOVA)


def test_a_guardrail_takes_the_time_that_it_reports(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """The first token waits for what it does with the prompt, and the end of the answer for the answer, too."""
    simulator.set(guardrail_ms=300)
    converse_stream(client, NOVA, **config("enabled"))
    answer = converse(client, NOVA, **config("enabled"))
    trace = answer["trace"]["guardrail"]
    [of_answer] = trace["outputAssessments"]["g1"]
    assessed = (trace["inputAssessment"]["g1"], of_answer)
    reported_s = sum(one["invocationMetrics"]["guardrailProcessingLatency"] for one in assessed) / 1e3
    assert reported_s == 0.6
    streamed, whole = simulator.calls()[-2:]
    assert (streamed["first_token_at_ns"] - streamed["arrived_at_ns"]) / 1e9 >= 0.3
    for call in (streamed, whole):
        assert (call["ended_at_ns"] - call["arrived_at_ns"]) / 1e9 >= reported_s
    assert answer["metrics"]["latencyMs"] >= 600


def test_native_answers_keep_their_stop_reason(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """What the guardrail did is in members of its own, in a stream in the last chunk."""
    simulator.set(guardrail_share=1, guardrail_ms=0)
    guarded: Any = {"guardrailIdentifier": "g1", "guardrailVersion": "1", "trace": "ENABLED"}
    answer = json.loads(client.invoke_model(modelId=CLAUDE, body=body(CLAUDE), **guarded)["body"].read())
    assert answer["stop_reason"] == "end_turn"
    assert answer["amazon-bedrock-guardrailAction"] == "INTERVENED"
    assert answer["amazon-bedrock-trace"]["guardrail"].keys() == {"modelOutput", "input", "outputs"}
    stream = client.invoke_model_with_response_stream(modelId=CLAUDE, body=body(CLAUDE), **guarded)["body"]
    chunks = [json.loads(event["chunk"]["bytes"]) for event in stream]
    assert [chunk.get("amazon-bedrock-guardrailAction") for chunk in chunks][-1] == "INTERVENED"
    plain = json.loads(client.invoke_model(modelId=CLAUDE, body=body(CLAUDE))["body"].read())
    assert "amazon-bedrock-guardrailAction" not in plain


GUARDED = {"X-Amzn-Bedrock-GuardrailIdentifier": "g1", "X-Amzn-Bedrock-GuardrailVersion": "1"}
MESSAGE = [{"role": "user", "content": "Name a colour."}]
OPEN: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/openai/v1/chat/completions", {"model": "qwen.qwen3-32b-v1:0", "messages": MESSAGE}),
    "messages": ("/anthropic/v1/messages", {"model": CLAUDE, "messages": MESSAGE, "max_tokens": 50}),
    "responses": ("/openai/v1/responses", {"model": "us.openai.gpt-5.6-sol", "input": "Name a colour."}),
}


@pytest.mark.parametrize("name", OPEN)
def test_two_more_apis_take_them_in_headers(simulator: Simulator, name: str) -> None:
    """Chat Completions and Messages, whole and streamed; Responses ignores them."""
    simulator.set(guardrail_share=1, guardrail_ms=0)
    path, asked = OPEN[name]
    for stream in (False, True):
        for headers in (GUARDED, {**GUARDED, "X-Amzn-Bedrock-Trace": "ENABLED"}, {}):
            said = simulator.request("POST", path, json.dumps({**asked, "stream": stream}).encode(), headers)[2]
            guarded = name != "responses" and bool(headers)
            assert (b'"amazon-bedrock-guardrailAction":"INTERVENED"' in said) == guarded
            assert (b'"amazon-bedrock-trace"' in said) == (guarded and len(headers) == 3)
    headers = {"X-Amzn-Bedrock-GuardrailIdentifier": "g1"}
    status, _, said = simulator.request("POST", path, json.dumps(asked).encode(), headers)
    assert (status, b"needs a guardrail version" in said) == ((200, False) if name == "responses" else (400, True))


def test_bedrock_mantle_ignores_them() -> None:
    """With status 200."""
    mantle = Simulator("--endpoint", "mantle", "--guardrail-share", "1", "--ttft-ms", "0", "--tpot-ms", "0")
    path, asked = OPEN["messages"]
    body = json.dumps({**asked, "model": "anthropic.claude-opus-5"}).encode()
    status, _, said = mantle.request("POST", path, body, GUARDED)
    assert (status, b"guardrail" in said) == (200, False)
    assert mantle.stop() == (0, "", "")


@pytest.mark.parametrize(("characters", "units"), [(0, 0), (1, 1), (1000, 1), (1001, 2), (2000, 2), (2001, 3)])
def test_units_of_text(characters: int, units: int) -> None:
    """One for each 1,000 characters that it has begun."""
    prompt = Prompt((), "x" * characters, None, guardrail=Guardrail("g1", traced=True))
    reply = Reply("id", "x.y", prompt, CacheUse(), Content((), Stop.END))
    used = guardrails.trace(reply)["trace"]["guardrail"]["inputAssessment"]["g1"]["invocationMetrics"]["usage"]
    assert [count for name, count in used.items() if name.endswith("PolicyUnits")] == [units, units, units, units, 0]
