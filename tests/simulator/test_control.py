"""The simulator's own endpoints: settings, ledger and totals."""

from __future__ import annotations

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from .calls import CLAUDE, OPERATIONS, PROMPT, body, converse
from .process import DEADLINE_S, Simulator, wait_for

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient


def test_settings_can_be_changed_one_by_one(simulator: Simulator) -> None:
    """A changed setting is in force and leaves the others as they were."""
    before = json.loads(simulator.request("GET", "/_simulator/settings")[2])
    status, _, answer = simulator.request("POST", "/_simulator/settings", b'{"ttft_ms": 33, "faults": {"cut": 0.5}}')
    assert status == 200
    assert json.loads(answer) == before | {"ttft_ms": 33, "faults": {"cut": 0.5}}
    assert json.loads(simulator.request("GET", "/_simulator/settings")[2]) == json.loads(answer)


@pytest.mark.parametrize(
    ("request_body", "word"),
    [
        (b'{"ttft_ms": 5, "speed": 1}', "speed: no such setting"),
        (b'{"faults": {"cuts": 1}}', "unknown fault"),
        (b"[]", "object"),
        (b"{", "not JSON"),
    ],
)
def test_mistakes_change_nothing(simulator: Simulator, request_body: bytes, word: str) -> None:
    """A request with a mistake is refused whole, with the reason."""
    before = simulator.request("GET", "/_simulator/settings")[2]
    status, _, answer = simulator.request("POST", "/_simulator/settings", request_body)
    assert status == 400
    assert word in json.loads(answer)["message"]
    assert simulator.request("GET", "/_simulator/settings")[2] == before


def test_unknown_endpoint(simulator: Simulator) -> None:
    """A wrong endpoint tells which ones there are."""
    status, _, answer = simulator.request("GET", "/_simulator/call")
    assert status == 404
    assert "GET /_simulator/calls" in json.loads(answer)["message"]


def test_ledger_has_what_was_sent(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """Each call is one line, with its times in order."""
    began = time.time_ns()
    for operation in OPERATIONS.values():
        operation(client)
    calls = simulator.ended(4)
    assert [call["index"] for call in calls] == [0, 1, 2, 3]
    assert [call["operation"] for call in calls] == list(OPERATIONS)
    for call in calls:
        assert call["outcome"] == "ok"
        assert (call["prompt_chars"], call["prompt_head"]) == (len(PROMPT), PROMPT[:64])
        assert call["output_tokens"] == 8
        assert began <= call["arrived_at_ns"] <= call["ended_at_ns"] <= time.time_ns()
        first = call["first_token_at_ns"]
        assert (first is not None) == call["stream"]
        assert first is None or call["arrived_at_ns"] < first < call["ended_at_ns"]
    assert len({call["request_id"] for call in calls}) == 4


def test_prompt_head(simulator: Simulator) -> None:
    """The ledger has the first 64 characters of a prompt, so that prompts can be told apart."""
    prompt = "äß" * 100
    simulator.request("POST", f"/model/{CLAUDE}/invoke", body(CLAUDE, prompt))
    [call] = simulator.ended(1)
    assert (call["prompt_head"], call["prompt_chars"], call["input_tokens"]) == (prompt[:64], 200, 50)


def test_stats(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """The totals count calls, the most at a time, and how they ended."""
    simulator.set(ttft_ms=300)
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _: converse(client), range(5)))
    with pytest.raises(client.exceptions.ValidationException):
        client.converse(modelId=CLAUDE, messages=[])
    simulator.ended(6)
    stats = simulator.stats()
    assert 2 <= stats.pop("max_in_flight") <= 5
    assert stats == {
        "calls": 6,
        "in_flight": 0,
        "ok": 5,
        "outcomes": {"ValidationException": 1, "ok": 5},
        "kept": 6,
        "dropped": 0,
        "actions": {"bedrock:InvokeModel": 6},
    }


def test_clear(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """After a reset, calls are counted from 0."""
    converse(client)
    simulator.ended(1)
    status, _, answer = simulator.request("DELETE", "/_simulator/calls")
    assert (status, json.loads(answer)["calls"]) == (200, 0)
    assert simulator.calls() == []
    converse(client)
    assert simulator.ended(1)[0]["index"] == 0


@pytest.mark.parametrize("operation", OPERATIONS)
def test_client_that_goes_away(simulator: Simulator, operation: str) -> None:
    """A client that leaves ends its call at once, in mid-stream and before an answer."""
    simulator.set(output_tokens=40, ttft_ms=1000, tpot_ms=1000)
    request = body(CLAUDE)
    if operation.startswith("converse"):
        request = json.dumps({"messages": [{"role": "user", "content": [{"text": PROMPT}]}]}).encode()
    connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=DEADLINE_S)
    connection.request("POST", f"/model/{CLAUDE}/{operation}", request)
    # A request whose client has gone before it is read is no call.
    wait_for(lambda: simulator.stats()["in_flight"] == 1, "the call")
    if operation.endswith("stream"):
        response = connection.getresponse()
        response.read(20)
        response.close()
    connection.close()
    [call] = simulator.ended(1)
    assert call["outcome"] == "client_gone"
    assert call["ended_at_ns"] - call["arrived_at_ns"] < 15e9
    assert simulator.stats()["in_flight"] == 0
