"""Users: how they stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from locust import constant, task
from locust.env import Environment
from locust.user.task import LOCUST_STATE_WAITING

import gevent
from gevent.pool import Group

from bedrock_locust.aws.boto3_client import connect
from bedrock_locust.bench import Bench, put_bench
from bedrock_locust.settings.schema import Settings
from bedrock_locust.user import BedrockUser

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
