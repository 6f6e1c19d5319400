"""An arrival is a user of Locust for one task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from locust import User, task
from locust.env import Environment

import gevent

from bedrock_locust.arrivals.one_shot import OneShot
from bedrock_locust.arrivals.schedule import Arrival

if TYPE_CHECKING:
    import pytest

    from bedrock_locust.workload.bench import Bench

ARRIVALS = 2
ARRIVAL = Arrival(3, 2.5, "a", "measure")


class Place:
    """The bench, as far as arrivals know it."""

    arrival: Any = None


PLACE = Place()


class Caller(User):
    """A user that would go on for good."""

    seen: list[Any]

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.arrival = PLACE.arrival

    @task
    def call(self) -> None:
        """Note the arrival."""
        type(self).seen.append(self.arrival)


class Talker(User):
    """A user in a conversation of three turns."""

    seen: list[int]
    turns = 0

    @property
    def goes_on(self) -> bool:
        """Whether a turn is left."""
        return self.turns < 3

    def wait_time(self) -> float:
        """The pause between two turns."""
        return 0.001

    @task
    def call(self) -> None:
        """Note the turn."""
        self.turns += 1
        type(self).seen.append(self.turns)


class Broken(User):
    """A class of which no user can be made."""

    def __init__(self, environment: Environment) -> None:
        raise ValueError("no such file")


def fired(user_class: type[User]) -> list[bool]:
    """What an arrival says at its end, of which the runner has no user any more."""
    runner = Environment(user_classes=[Caller]).create_local_runner()
    said: list[bool] = []
    make = OneShot(runner, cast("Bench", PLACE), user_class, 1000.0)
    for _ in range(ARRIVALS):
        make(ARRIVAL, said.append)
    with gevent.Timeout(20):
        while len(said) < ARRIVALS or runner.user_count:
            gevent.sleep(0.01)
    assert PLACE.arrival is None
    return said


def test_one_task_and_no_more() -> None:
    """Each user makes one call, and knows the level and the moment that it is made for."""
    Caller.seen = []
    assert fired(Caller) == [True, True]
    assert Caller.seen == [{"level": "a", "phase": "measure", "scheduled_at": 1002.5}] * 2


def test_a_conversation_goes_on_to_its_end() -> None:
    """Its turns are one arrival."""
    Talker.seen = []
    assert fired(Talker) == [True, True]
    assert sorted(Talker.seen) == [1, 1, 2, 2, 3, 3]


def test_a_user_that_is_killed_before_its_turn() -> None:
    """Locust stops it without a word: no call was made."""
    Caller.seen = []
    runner = Environment(user_classes=[Caller]).create_local_runner()
    said: list[bool] = []
    OneShot(runner, cast("Bench", PLACE), Caller, 1000.0)(ARRIVAL, said.append)
    next(iter(runner.user_greenlets)).args[0].stop()
    gevent.sleep(0.05)
    assert (said, Caller.seen) == ([False], [])


def test_a_class_that_cannot_be_made(caplog: pytest.LogCaptureFixture) -> None:
    """It is said once, and the schedule goes on."""
    assert fired(Broken) == [False, False]
    # Locust's own runner complains of the CPU of this process at times.
    said = [record.getMessage() for record in caplog.records if record.name.startswith("bedrock_locust")]
    assert said == ["bedrock-locust: no user of class Broken can be made: ValueError('no such file')"]
