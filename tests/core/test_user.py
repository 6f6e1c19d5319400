"""Users: how they stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from locust import constant, task
from locust.env import Environment
from locust.user.task import LOCUST_STATE_WAITING

import gevent
import pytest
from gevent.pool import Group

from bedrock_locust.aws.boto3_client import connect
from bedrock_locust.settings.schema import Settings
from bedrock_locust.user import BedrockUser, StreamingUser
from bedrock_locust.workload.bench import Bench, put_bench

from .test_client import CLAUDE, arguments

if TYPE_CHECKING:
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
