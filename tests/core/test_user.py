"""Users: how they stop."""

from __future__ import annotations

import time
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from locust import constant, task
from locust.env import Environment
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_WAITING

import gevent
import pytest
from gevent.pool import Group

from bedrock_locust.aws.boto3_client import connect
from bedrock_locust.settings.schema import Settings
from bedrock_locust.user import FAILURE_PACE_S, OPERATIONS, BedrockUser, StreamingUser, call_of
from bedrock_locust.workload.bench import Bench, put_bench
from bedrock_locust.workload.contract import Request
from bedrock_locust.workload.positions import NoneLeftError

from .test_client import CLAUDE, arguments

if TYPE_CHECKING:
    from bedrock_locust.call import Mode
    from tests.simulator.process import Simulator


class Caller(BedrockUser):
    """Calls, and waits for a moment as a closed loop does: for nothing but its turn."""

    wait_time = constant(0)

    @task
    def call(self) -> None:
        """One call."""
        self.client.converse(**arguments("converse", CLAUDE))


def test_only_the_first_call_of_an_arrival_was_due(simulator: Simulator) -> None:
    """A later one, as the next turn of a conversation, starts when the one before is answered; its level stays."""
    settings = Settings.model_validate({"model": {"id": CLAUDE}, "aws": {"endpoint_url": simulator.url}})
    environment = Environment(user_classes=[Caller])
    bench = Bench(environment, settings, connect(settings, simulator=True, version="test"), "local")
    put_bench(bench)
    bench.arrival = {"level": "a", "phase": "measure", "scheduled_at": 1000.0}
    user = Caller(environment)
    bench.arrival = None
    calls = [user.client.converse(**arguments("converse", CLAUDE)) for _ in range(2)]
    assert [(call.level, call.phase, call.users, call.scheduled_at) for call in calls] == [
        ("a", "measure", None, 1000.0),
        ("a", "measure", None, None),
    ]
    assert calls[1].lateness_ms is None
    plain = Caller(environment).client.converse(**arguments("converse", CLAUDE))
    assert (plain.level, plain.scheduled_at) == ("", None)


@pytest.mark.parametrize(("names", "name"), [("level", "streaming-7"), ("mode", "streaming")])
def test_calls_are_named_by_level_or_mode(simulator: Simulator, names: str, name: str) -> None:
    """In Locust's own tables; the row knows its level either way."""
    values = {"model": {"id": CLAUDE}, "aws": {"endpoint_url": simulator.url}, "test": {"names": names}}
    settings = Settings.model_validate(values)
    environment = Environment(user_classes=[StreamingUser])
    bench = Bench(environment, settings, connect(settings, simulator=True, version="test"), "local")
    put_bench(bench)
    bench.arrival = {"level": "streaming-7", "phase": "measure"}
    made: list[Any] = []
    environment.events.request.add_listener(lambda response, **_: made.append(response))
    StreamingUser(environment).ask()
    assert [(call.name, call.level) for call in made] == [(name, "streaming-7")]


def test_who_waits_stops_without_another_call(simulator: Simulator) -> None:
    """A user that is stopped while it waits makes no call any more that the end would cut off."""
    settings = Settings.model_validate({"model": {"id": CLAUDE}, "aws": {"endpoint_url": simulator.url}})
    environment = Environment(user_classes=[Caller])
    put_bench(Bench(environment, settings, connect(settings, simulator=True, version="test"), "local"))
    errors: list[str] = []

    def on_request(response: Any, **_: Any) -> None:
        errors.append(response.error)

    environment.events.request.add_listener(on_request)
    group = Group()
    with gevent.Timeout(20):
        for _ in range(10):
            user = Caller(environment)
            user.start(group)
            while user._state != LOCUST_STATE_WAITING:
                gevent.sleep(0)
            assert user.stop()
            group.join()
    assert len(errors) >= 10
    assert set(errors) == {""}


class Talk:
    """A workload of one conversation of two turns, and then nothing."""

    def __init__(self) -> None:
        self.asked: list[int | None] = []
        self.told: list[tuple[str, int | None]] = []
        self.left = [Request({"words": "first"}, {"turn": 1}, then=self.after)]

    def next(self, position: int | None = None) -> Request:
        """The next conversation."""
        self.asked.append(position)
        if not self.left:
            raise NoneLeftError
        return self.left.pop()

    def after(self, answer: str) -> Request:
        """The second turn, which quotes the first answer."""
        return Request({"words": f"then {answer}"}, {"turn": 2}, pause_s=2.5)

    def heard(self, request: Request, input_tokens: int | None) -> None:
        """Note it."""
        self.told.append((request.arguments["words"], input_tokens))


def talker(simulator: Simulator, workload: Any, **arrival: Any) -> tuple[StreamingUser, list[Any]]:
    """A user with this workload, whose calls answer, or fail for a text of `x`, and the calls."""
    settings = Settings.model_validate({"model": {"id": CLAUDE}, "aws": {"endpoint_url": simulator.url}})
    environment = Environment(user_classes=[StreamingUser])
    bench = Bench(environment, settings, connect(settings, simulator=True, version="test"), "local")
    bench.workload = workload
    put_bench(bench)
    bench.arrival, bench.position = arrival or None, 7 if arrival else None
    user, made = StreamingUser(environment), list[Any]()

    def send(name: str, words: str) -> Any:
        made.append((name, words, user._about_call().get("turn")))
        return SimpleNamespace(ok=words != "x", all_input_tokens=11, text="answer")

    user._send = send
    return user, made


def test_a_conversation_goes_on_with_the_answer(simulator: Simulator) -> None:
    """The user waits within it only; its rows know the turn; without another one the user stops."""
    workload = Talk()
    user, made = talker(simulator, workload)
    assert (user.goes_on, user.wait_time()) == (False, 0)
    user.ask()
    assert (user.goes_on, user.wait_time()) == (True, 2.5)
    user.ask()
    assert (user.goes_on, user.wait_time(), user.has_nothing) == (False, 0, False)
    assert made == [("streaming", "first", 1), ("streaming", "then answer", 2)]
    assert workload.told == [("first", 11), ("then answer", 11)]
    assert workload.asked == [None]
    with pytest.raises(StopUser):
        user.ask()
    assert user.has_nothing


def test_a_call_that_failed_ends_its_conversation(simulator: Simulator) -> None:
    """The workload hears of answers only; a user takes its time before the next call, an arrival has none."""
    for arrival, waits in (({}, True), ({"level": "a", "phase": "measure"}, False)):
        workload = Talk()
        workload.left = [Request({"words": "x"}, then=workload.after)]
        user, made = talker(simulator, workload, **arrival)
        began = time.perf_counter()
        user.ask()
        assert not user.goes_on
        assert (workload.told, workload.asked) == ([], [7 if arrival else None])
        assert not waits or time.perf_counter() - began >= FAILURE_PACE_S - 0.01
        assert made == [("a" if arrival else "streaming", "x", None)]


@pytest.mark.parametrize("mode", ["streaming", "non_streaming"])
@pytest.mark.parametrize(
    ("api", "methods", "model"),
    [
        ("converse", ("converse_stream", "converse"), CLAUDE),
        ("invoke", ("invoke_model_with_response_stream", "invoke_model"), CLAUDE),
        ("responses", ("responses", "responses"), "openai.gpt-oss-120b"),
        ("chat", ("chat_completions", "chat_completions"), "openai.gpt-oss-120b"),
        ("messages", ("messages", "messages"), "anthropic.claude-sonnet-4-20250514"),
    ],
)
def test_an_api_has_a_method_for_each_mode(api: str, methods: tuple[str, str], model: str, mode: Mode) -> None:
    """Those of boto3 have one for each; the others are told whether to stream."""
    said = list[tuple[str, dict[str, Any]]]()
    names = {name for pair in OPERATIONS.values() for name in (pair, *methods)}
    noting = {name: partial(lambda name, **given: said.append((name, given)), name) for name in names}
    client: Any = SimpleNamespace(**noting)
    endpoint = "mantle" if api in {"responses", "chat", "messages"} else "runtime"
    settings = Settings.model_validate({"model": {"id": model, "api": api, "endpoint": endpoint}})
    call_of(client, settings, mode)(a=1)
    is_stream = mode == "streaming"
    more = {} if api in {"converse", "invoke"} else {"stream": is_stream}
    assert said == [(methods[not is_stream], {"a": 1, **more})]
