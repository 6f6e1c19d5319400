"""Responses that are kept, continued, cancelled, and made in the background."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.simulator import kept
from bedrock_locust.simulator.errors import ServiceError

from .conftest import FAST
from .process import Simulator, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/openai/v1/responses"
ASKED = {"model": "openai.gpt-5.5", "input": "Name a colour.", "reasoning": {"effort": "none"}}
SLOW = FAST | {"tpot_ms": 1000}


@pytest.fixture(scope="module")
def made() -> Iterator[Simulator]:
    """A simulator of bedrock-mantle."""
    simulator = Simulator("--endpoint", "mantle")
    yield simulator
    assert simulator.stop() == (0, "", "")


@pytest.fixture
def mantle(made: Simulator) -> Simulator:
    """The same with a fast behaviour and an empty ledger."""
    made.set(**FAST)
    made.request("DELETE", "/_simulator/calls")
    return made


def say(simulator: Simulator, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Status and JSON of an answer."""
    status, _, said = simulator.request(method, path, None if body is None else json.dumps(body).encode())
    return status, json.loads(said)


def post(simulator: Simulator, **more: Any) -> Any:
    """A response."""
    status, said = say(simulator, "POST", PATH, {**ASKED, **more})
    assert status == 200, said
    return said


def events(body: bytes) -> list[dict[str, Any]]:
    """The data of a stream's events."""
    data = [line.removeprefix(b"data: ") for line in body.split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(line) for line in data]


def stream(simulator: Simulator, **more: Any) -> list[dict[str, Any]]:
    """The events of a streamed response, to its end."""
    return events(simulator.request("POST", PATH, json.dumps({**ASKED, "stream": True, **more}).encode())[2])


def state(simulator: Simulator, name: str) -> str:
    """Where a response stands."""
    return str(say(simulator, "GET", f"{PATH}/{name}")[1]["status"])


@pytest.mark.parametrize("store", [{}, {"store": True}, {"store": False}])
@pytest.mark.parametrize("streams", [False, True])
def test_a_response_is_kept_unless_it_shall_not_be(mantle: Simulator, store: dict[str, bool], *, streams: bool) -> None:
    """By its id it is what the call was answered with, until it is deleted."""
    answer = stream(mantle, **store)[-1]["response"] if streams else post(mantle, **store)
    path = f"/v1/responses/{answer['id']}"
    status, said = say(mantle, "GET", path)
    if store.get("store") is False:
        assert (status, said["error"]["message"]) == (404, "Response not found.")
        return
    assert status == 200
    assert {name: said[name] for name in ("id", "output", "usage", "status")} == {
        name: answer[name] for name in ("id", "output", "usage", "status")
    }
    assert say(mantle, "DELETE", path) == (200, {"id": answer["id"], "object": "response", "deleted": True})
    assert say(mantle, "GET", path)[0] == say(mantle, "DELETE", path)[0] == 404


def test_a_response_that_goes_on_with_another(mantle: Simulator) -> None:
    """It reads the whole conversation before, of any number of responses, and not their instructions."""
    first = post(mantle, instructions="Be brief. " * 20)
    second = post(mantle, input="And another one?", previous_response_id=first["id"])
    third = stream(mantle, input=[{"role": "user", "content": "A third?"}], previous_response_id=second["id"])
    counts = [answer["usage"]["input_tokens"] for answer in (post(mantle), second, third[-1]["response"])]
    own, answered = counts[0], first["usage"]["output_tokens"]
    assert counts[1] == own + answered + 4
    assert counts[2] == counts[1] + second["usage"]["output_tokens"] + 2
    assert second["previous_response_id"] == first["id"]
    assert mantle.calls()[1]["prompt_head"] == "And another one?"


def test_a_call_of_a_tool_is_part_of_the_conversation(mantle: Simulator) -> None:
    """Whether it is sent again, or kept: its name and its arguments count, 4 + 16 characters."""
    tools = [{"type": "function", "name": "rain", "parameters": {"properties": {"city": {"const": "Bern"}}}}]
    first = post(mantle, tools=tools, tool_choice="required")
    [call] = first["output"]
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": "yes"}
    question = {"role": "user", "content": ASKED["input"]}
    kept_one = post(mantle, input=[result], previous_response_id=first["id"])
    again, without = post(mantle, input=[question, call, result]), post(mantle, input=[question, result])
    tokens = [answer["usage"]["input_tokens"] for answer in (kept_one, again, without)]
    assert tokens == [(14 + 20 + 3 + 3) // 4, (14 + 20 + 3 + 3) // 4, (14 + 3 + 3) // 4]


def test_a_conversation_that_is_not_kept_is_refused(mantle: Simulator) -> None:
    """The id is named, and the call uses no quota and no tokens."""
    for name in ("resp_none", post(mantle, store=False)["id"]):
        status, said = say(mantle, "POST", PATH, ASKED | {"previous_response_id": name})
        assert (status, said["error"]["message"]) == (400, f"Previous response with id '{name}' not found.")
    assert mantle.ended(3)[-1]["outcome"] == "ValidationException"


def test_a_response_in_the_background(mantle: Simulator) -> None:
    """The answer says at once that it is queued; the response is there once it is complete."""
    queued = post(mantle, background=True)
    assert (queued["status"], queued["output"], queued["usage"], queued["background"]) == ("queued", [], None, True)
    wait_for(lambda: state(mantle, queued["id"]) == "completed", "the response is complete")
    whole = say(mantle, "GET", f"{PATH}/{queued['id']}")[1]
    assert whole["output"][0]["content"][0]["text"]
    [call] = mantle.ended(1)
    assert (call["outcome"], call["output_tokens"]) == ("ok", whole["usage"]["output_tokens"])


def test_it_waits_for_its_place_and_can_be_cancelled(mantle: Simulator) -> None:
    """One that has no place is queued; cancelling frees the place for the next; nothing happens a second time."""
    mantle.set(**SLOW | {"max_batch": 1})
    first, second = (post(mantle, background=True)["id"] for _ in range(2))
    wait_for(lambda: state(mantle, first) == "in_progress", "the first one has begun")
    assert state(mantle, second) == "queued"
    for _ in range(2):
        status, said = say(mantle, "POST", f"{PATH}/{first}/cancel")
        assert (status, said["status"], said["output"]) == (200, "cancelled", [])
    wait_for(lambda: state(mantle, second) == "in_progress", "the second one has begun")
    assert say(mantle, "DELETE", f"{PATH}/{second}")[0] == 200
    assert {call["outcome"] for call in mantle.ended(2)} == {"cancelled"}
    assert mantle.stats()["in_flight"] == 0


def test_what_was_waited_for_cannot_be_cancelled(mantle: Simulator) -> None:
    """Nor can what is not there."""
    name = post(mantle)["id"]
    status, said = say(mantle, "POST", f"{PATH}/{name}/cancel")
    assert (status, said["error"]["message"]) == (400, "Cannot cancel a synchronous response.")
    assert say(mantle, "POST", f"{PATH}/resp_none/cancel")[0] == 404


def test_a_stream_of_a_response_in_the_background(mantle: Simulator) -> None:
    """It is queued first; the same events come again from any number on."""
    seen = stream(mantle, background=True)
    names = [event["type"] for event in seen]
    assert names[:3] == ["response.created", "response.queued", "response.in_progress"]
    assert [event["response"]["status"] for event in seen[:3]] == ["queued", "queued", "in_progress"]
    assert names[-1] == "response.completed"
    assert [event["sequence_number"] for event in seen] == list(range(len(seen)))
    path = f"{PATH}/{seen[0]['response']['id']}"
    for after in (-1, 0, 4, len(seen) - 1, len(seen) + 5):
        query = "" if after < 0 else f"&starting_after={after}"
        assert events(mantle.request("GET", f"{path}?stream=true{query}")[2]) == seen[after + 1 :]
    assert say(mantle, "GET", path)[1]["usage"] == seen[-1]["response"]["usage"]


def test_it_goes_on_when_its_client_leaves(mantle: Simulator) -> None:
    """Who comes later has all events, also those that are still to come; who leaves again disturbs nobody."""
    mantle.set(**FAST | {"tpot_ms": 20, "output_tokens": 20, "tokens_per_event": 1})
    for _ in range(2):
        connection = mantle.connection()
        connection.request("POST", PATH, json.dumps({**ASKED, "stream": True, "background": True}).encode())
        response = connection.getresponse()
        line = response.readline()
        name = json.loads(line.removeprefix(b"data: "))["response"]["id"]
        later = mantle.connection()
        later.request("GET", f"{PATH}/{name}?stream=true")
        later.getresponse().readline()
        later.close()
        response.close()
        connection.close()
        seen = events(mantle.request("GET", f"{PATH}/{name}?stream=true")[2])
        assert seen[-1]["type"] == "response.completed"
        assert sum(event["type"] == "response.output_text.delta" for event in seen) == 20
    assert [call["outcome"] for call in mantle.ended(2)] == ["ok", "ok"]


def test_a_stream_that_is_cancelled_ends(mantle: Simulator) -> None:
    """Without an event that says so."""
    mantle.set(**SLOW)
    connection = mantle.connection()
    connection.request("POST", PATH, json.dumps({**ASKED, "stream": True, "background": True}).encode())
    response = connection.getresponse()
    name = json.loads(response.readline().removeprefix(b"data: "))["response"]["id"]
    assert say(mantle, "POST", f"{PATH}/{name}/cancel")[1]["status"] == "cancelled"
    assert events(response.read())[-1]["type"] != "response.completed"
    connection.close()


@pytest.mark.parametrize("streams", [False, True])
def test_a_response_that_fails(mantle: Simulator, *, streams: bool) -> None:
    """The failure is in the response that is kept."""
    mantle.set(**FAST | {"faults": {"serviceUnavailableException": 1}})
    name = stream(mantle, background=True)[0]["response"]["id"] if streams else post(mantle, background=True)["id"]
    wait_for(lambda: state(mantle, name) == "failed", "the response has failed")
    assert say(mantle, "GET", f"{PATH}/{name}")[1]["error"]["code"] == "overloaded_error"
    assert mantle.ended(1)[0]["outcome"] == "serviceUnavailableException"


@pytest.mark.parametrize("fault", ["cut", "nonsense", "slow-headers", "early-end", "truncated-frame"])
def test_faults_of_a_connection_spare_it(mantle: Simulator, fault: str) -> None:
    """Nobody waits at that connection."""
    mantle.set(**FAST | {"faults": {fault: 1}})
    name = post(mantle, background=True)["id"]
    wait_for(lambda: state(mantle, name) == "completed", "the response is complete")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"background": True, "store": False}, "Background mode requires store to be true."),
        ({"background": "yes"}, "background"),
        ({"store": 1}, "store"),
        ({"previous_response_id": 5}, "previous_response_id"),
    ],
)
def test_what_is_refused(mantle: Simulator, more: dict[str, Any], words: str) -> None:
    """With what is wrong."""
    status, said = say(mantle, "POST", PATH, ASKED | more)
    assert (status, words in said["error"]["message"]) == (400, True), said


def test_only_a_stream_in_the_background_can_be_streamed_again(mantle: Simulator) -> None:
    """And from a number on."""
    for name in (post(mantle)["id"], post(mantle, background=True)["id"]):
        status, said = say(mantle, "GET", f"{PATH}/{name}?stream=true")
        assert (status, "background" in said["error"]["message"]) == (400, True)
    name = stream(mantle, background=True)[0]["response"]["id"]
    assert say(mantle, "GET", f"{PATH}/{name}?stream=true&starting_after=x")[0] == 400


def test_bedrock_runtime_keeps_and_has_no_background() -> None:
    """Each request needs a key and its own permission."""
    simulator = Simulator("--bearer-token", "k", "--denied", '["bedrock:DeleteInvoke"]')
    key = {"authorization": "Bearer k"}
    asked = ASKED | {"model": "us.openai.gpt-5.6-sol"}
    status, _, body = simulator.request("POST", PATH, json.dumps(asked | {"background": True}).encode(), key)
    assert (status, b"background" in body) == (400, True)
    path = f"{PATH}/{json.loads(simulator.request('POST', PATH, json.dumps(asked).encode(), key)[2])['id']}"
    assert simulator.request("GET", path, headers=key)[0] == 200
    assert simulator.request("DELETE", path, headers=key)[0] == 401
    assert simulator.request("GET", path)[0] == 401
    assert simulator.request("GET", path.removeprefix("/openai"), headers=key)[2].startswith(b'{"Output"')
    assert simulator.stop() == (0, "", "")


def test_paths() -> None:
    """Only what the guide names: another method, or another path, is something else."""
    assert kept.asked("GET", "/v1/responses/resp_1", bare=True) == kept.Asked("Get", "resp_1")
    assert kept.asked("POST", "/openai/v1/responses/r/cancel", bare=False) == kept.Asked("Cancel", "r")
    for method, path in (
        ("GET", "/v1/responses"),
        ("POST", "/openai/v1/responses/r"),
        ("GET", "/openai/v1/responses/r/cancel"),
        ("GET", "/openai/v1/responses/r/input_items"),
    ):
        assert kept.asked(method, path, bare=True) is None
    assert kept.asked("GET", "/v1/responses/resp_1", bare=False) is None


def test_long_prompts_leave_room_for_fewer() -> None:
    """However often each is changed, and whatever was deleted; one is always kept."""
    store, half = kept.Kept(), kept.MOST_CHARS // 2
    for name in ("a", "b", "b", "c"):
        store.add(kept.Record(None, None, chars=half), {"id": name})  # type: ignore[arg-type]
    assert list(store._records) == ["b", "c"]
    store.remove("b")
    store.add(kept.Record(None, None, chars=half), {"id": "d"})  # type: ignore[arg-type]
    assert list(store._records) == ["c", "d"]
    store.add(kept.Record(None, None, chars=3 * half), {"id": "e"})  # type: ignore[arg-type]
    assert list(store._records) == ["e"]
    store.clear()
    assert store._chars == 0


def test_the_newest_are_kept() -> None:
    """The oldest are forgotten first."""
    store = kept.Kept()
    for number in range(kept.MOST_KEPT + 2):
        store.add(kept.Record(None, None), {"id": f"resp_{number}"})  # type: ignore[arg-type]
    for name in ("resp_0", "resp_1"):
        with pytest.raises(ServiceError, match="Response not found"):
            store.find(name)
    assert store.find("resp_2").body == {"id": "resp_2"}


def names(store: kept.Kept) -> list[str]:
    """Which of these responses are kept."""

    def is_there(name: str) -> bool:
        try:
            store.find(name)
        except ServiceError:
            return False
        return True

    return [name for name in "abc" if is_there(name)]


@pytest.mark.parametrize(
    ("chars", "kept_ones"),
    [
        ((50_000_000, 50_000_000), ["a", "b"]),
        ((50_000_000, 50_000_001), ["b"]),
        ((100_000_001,), ["a"]),
        ((100_000_000, 0, 0), ["a", "b", "c"]),
        ((100_000_000, 1, 0), ["b", "c"]),
    ],
)
def test_prompts_of_100_million_characters_are_kept(chars: tuple[int, ...], kept_ones: list[str]) -> None:
    """Together; but one is kept in any case."""
    store = kept.Kept()
    for name, count in zip("abc", chars, strict=False):
        store.add(kept.Record(None, None, chars=count), {"id": name})  # type: ignore[arg-type]
    assert names(store) == kept_ones


def test_a_thousand_responses_are_kept() -> None:
    """The one after them takes the place of the oldest; one that changes, or is kept again, takes none."""
    store, first = kept.Kept(), kept.Record(None, None)  # type: ignore[arg-type]
    store.add(first, {"id": "a"})
    for number in range(999):
        store.add(kept.Record(None, None), {"id": f"resp_{number}"})  # type: ignore[arg-type]
    store.add(first, {"id": "a", "status": "completed"})
    assert (names(store), store.find("a").body) == (["a"], {"id": "a", "status": "completed"})
    store.add(kept.Record(None, None), {"id": "b"})  # type: ignore[arg-type]
    assert names(store) == ["b"]
    store.find("resp_0")


def test_who_waits_for_events_is_woken() -> None:
    """Each time anew."""

    async def woken() -> list[bool]:
        record = kept.Record(None, None)  # type: ignore[arg-type]
        before, found = record.changed, list[bool]()
        record.tell()
        found += [before.is_set(), record.changed.is_set()]
        before = record.changed
        record.tell()
        return [*found, before.is_set(), record.changed.is_set()]

    assert asyncio.run(woken()) == [True, False, True, False]


@pytest.mark.parametrize(
    ("status", "runs"),
    [("queued", True), ("in_progress", True), ("completed", False), ("failed", False), (None, False)],
)
def test_a_response_runs_until_it_is_complete(status: str | None, *, runs: bool) -> None:
    """Only then can it be cancelled."""
    record = kept.Record(None, None, body={"status": status})  # type: ignore[arg-type]
    assert record.runs == runs
    record.cancel()  # without a task nothing happens
    assert record.body == {"status": status}
