"""A task's own judgement of an answer: one event a call, at the end of the block."""

from __future__ import annotations

import gc
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from locust.exception import InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately, StopUser

import gevent
import pytest

from bedrock_locust import Answer
from bedrock_locust.call import COLUMNS, Call
from bedrock_locust.errors import REMEDIES, Failure
from bedrock_locust.formats.reading import TEXT_LIMIT

from .raw_server import response, serving
from .test_client import LLAMA, OPERATIONS, arguments, ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_locust.client import BedrockClient
    from tests.simulator.process import Simulator

Events = list[dict[str, Any]]


CALL = Call(started_at=1.0, mode="non_streaming", operation="o", model_id="m", name="n", latency_ms=2.0, text="hi")
SLOW = Failure("ThrottlingError", "ThrottlingException", "response", "slow")
Fired = list[tuple[Call, Failure | None]]


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (None, ""),
        (KeyError("colour"), "KeyError: 'colour'"),
        (ValueError(""), "ValueError:"),
        (gevent.GreenletExit(), ""),
        (StopUser(), ""),
        (InterruptTaskSet(), ""),
        (RescheduleTask(), ""),
        (RescheduleTaskImmediately(), ""),
    ],
)
@pytest.mark.parametrize("before", [None, SLOW], ids=["ok", "failed"])
def test_what_is_counted_at_the_end_of_a_block(error: BaseException | None, why: str, before: Failure | None) -> None:
    """The call as it was, or with the reason of the task; a failure of the service stays, and each call counts once."""
    fired = Fired()
    call = replace(CALL, error=before.category) if before else CALL
    answer = Answer(call, before, lambda *what: fired.append(what))
    with suppress(BaseException), answer as same:
        assert (same, fired) == (answer, [])
        assert (answer.text, answer.latency_ms, answer.ok) == ("hi", 2.0, not before)
        if error:
            raise error
    failed = replace(CALL, error="TaskFailure", error_stage="task", error_message=why)
    expected = (failed, Failure("TaskFailure", "", "task", why)) if why and not before else (call, before)
    assert fired == [expected]
    assert answer.call == expected[0]
    with pytest.raises(RuntimeError) as caught:
        answer.failure("x")
    late = "answer.failure() comes too late: the call has been counted at the end of its with block"
    assert str(caught.value) == late
    answer.__del__()
    assert len(fired) == 1


@pytest.mark.parametrize(("why", "said"), [("", "the task gave no reason"), (7, "7"), ("a\nb", "a b")])
def test_a_reason_in_words(why: object, said: str) -> None:
    """Whatever a task gives."""
    fired = Fired()
    with Answer(CALL, None, lambda *what: fired.append(what)) as answer:
        answer.failure(why)
        answer.failure("another")
    assert [call.error_message for call, _ in fired] == [said]


def test_an_answer_has_the_fields_of_its_call_and_no_others() -> None:
    """Also while it has no call yet, as when it is copied."""
    fired = Fired()
    answer = Answer(CALL, None, lambda *what: fired.append(what))
    for name in ("nothing", "_nothing", "__wrapped__"):
        with pytest.raises(AttributeError, match=name):
            getattr(answer, name)
    del answer.call
    for name in ("call", "text"):
        with pytest.raises(AttributeError, match="call"):
            getattr(answer, name)
    answer.call = CALL
    answer.__del__()
    assert fired == [(CALL, None)]


def caught(client: BedrockClient, operation: str = "converse") -> Answer:
    """A call whose event waits."""
    answer = ask(client, operation, catch_response=True)
    assert isinstance(answer, Answer)
    return answer


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_event_waits_for_the_end_of_the_block(client: BedrockClient, events: Events, operation: str) -> None:
    """Until then nothing is counted; a task that has nothing to say gets the call as it was measured."""
    with caught(client, operation) as answer:
        assert events == []
        assert answer.ok
        assert answer.text
        assert answer.output_tokens == answer.call.output_tokens
    [event] = events
    assert event["response"] is answer.call
    assert event["exception"] is None
    assert event["response_time"] == answer.latency_ms


def test_a_failure_of_the_task(client: BedrockClient, events: Events) -> None:
    """It has a category and a stage of its own, the reason as its message, and the figures as they were."""
    with caught(client) as answer:
        answer.failure("no colour\nin AKIAIOSFODNN7EXAMPLE")
        answer.failure("a second reason")
        assert events == []
    [event] = events
    call = event["response"]
    assert (call.error, call.error_code, call.error_stage) == ("TaskFailure", "", "task")
    assert call.error_message == "no colour in ***"
    assert call.output_tokens > 0
    assert str(event["exception"]) == "TaskFailure"
    assert call.error in REMEDIES


def test_a_failure_of_the_service_stays(client: BedrockClient, simulator: Simulator, events: Events) -> None:
    """What the task says of an answer that never came changes nothing."""
    simulator.set(faults={"ThrottlingException": 1})
    with caught(client) as answer:
        assert not answer.ok
        answer.failure("no colour")
    [event] = events
    assert (event["response"].error, str(event["exception"])) == (
        "ThrottlingError",
        "ThrottlingError (ThrottlingException)",
    )


def test_an_exception_in_the_block(client: BedrockClient, events: Events) -> None:
    """It is a failure, and goes on to the task."""
    with pytest.raises(KeyError), caught(client) as answer:
        raise KeyError(answer.text[:0] + "colour")
    assert [event["response"].error_message for event in events] == ["KeyError: 'colour'"]


@pytest.mark.parametrize("way_out", [StopUser, InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately])
def test_a_way_out_of_the_task_is_no_failure(client: BedrockClient, events: Events, way_out: type[Exception]) -> None:
    """With these a task tells Locust what to do next."""
    with pytest.raises(way_out), caught(client):
        raise way_out
    assert [event["response"].ok for event in events] == [True]


def test_a_user_that_is_killed_in_the_block(client: BedrockClient, events: Events) -> None:
    """The answer was whole: it counts."""

    def think() -> None:
        with caught(client):
            gevent.sleep(60)

    user = gevent.spawn(think)
    gevent.sleep(0.5)
    assert events == []
    user.kill(timeout=5)
    assert [event["response"].ok for event in events] == [True]


def test_too_late(client: BedrockClient) -> None:
    """After the block the call has been counted: the message says so."""
    with caught(client) as answer:
        pass
    with pytest.raises(RuntimeError, match="too late"):
        answer.failure("no colour")


def test_an_answer_that_no_block_takes_is_counted(client: BedrockClient, events: Events) -> None:
    """No call is lost."""
    caught(client)
    gc.collect()
    assert [event["response"].ok for event in events] == [True]


def test_without_it_all_is_as_it_was(client: BedrockClient, events: Events) -> None:
    """The event is fired before the method returns, and what it returns is a Call."""
    call = ask(client, "converse", catch_response=False)
    assert isinstance(call, Call)
    assert [event["response"] for event in events] == [call]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_text_is_for_the_task_alone(client: BedrockClient, operation: str) -> None:
    """It is no column, and stands in no message, log or file."""
    call = ask(client, operation)
    assert len(call.text) > 10
    assert call.text not in repr(call)
    assert call.text not in call.to_row()
    assert "text" not in COLUMNS
    assert Call.from_row(call.to_row()) == call


def test_the_text_has_a_limit(make_client: Callable[..., BedrockClient]) -> None:
    """An answer of any length takes no more memory than that."""
    body = b'{"generation":"%b"}' % (b"x" * (TEXT_LIMIT + 10))
    with serving(lambda peer, _: peer.sendall(response(body))) as server:
        call = ask(make_client(url=server.url), "invoke_model", LLAMA)
    assert (call.ok, call.text) == (True, "x" * TEXT_LIMIT)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("model_id", ["us.anthropic.claude-sonnet-4-20250514-v1:0", LLAMA])
def test_max_tokens_are_those_that_were_sent(client: BedrockClient, operation: str, model_id: str) -> None:
    """Of Converse, of Claude and of Llama, each in its own member."""
    assert ask(client, operation, model_id).max_tokens == 50


def test_max_tokens_that_were_not_sent(client: BedrockClient) -> None:
    """They are not known."""
    asked = {**arguments("converse", LLAMA), "inferenceConfig": {}}
    assert client.converse(**asked).max_tokens is None
