"""RateShape: levels of arrivals, and ChosenShape, which runs one shape or another."""

from __future__ import annotations

from argparse import Namespace
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from locust import User
from locust.event import EventHook
from locust.runners import STATE_RUNNING, STATE_SPAWNING

import pytest

from bedrock_locust.arrivals.schedule import Schedule
from bedrock_locust.level import Level, planned_levels
from shapes import ChosenShape, LevelShape, RateShape, StepShape, base, rate
from shapes.base import LEVEL_TAG, PATIENCE_S
from shapes.rate import AHEAD_S, SETTLE_S

from .test_shape import Clock, One, Other

if TYPE_CHECKING:
    from locust.runners import Runner


class Ground:
    """A shape with a runner whose calls end at once, or never."""

    def __init__(self, shape: LevelShape, clock: Clock, **runner: Any) -> None:
        self.shape, self.clock = shape, clock
        self.schedules: list[Schedule] = []
        self.told: list[Level | None] = []
        events = SimpleNamespace(level_change=EventHook(), schedule_change=EventHook())
        events.level_change.add_listener(lambda level, **_: self.told.append(level and Level.from_plain(level)))
        events.schedule_change.add_listener(lambda schedule, **_: self.schedules.append(Schedule.from_plain(schedule)))
        self.options = Namespace(run_time=None)
        environment = SimpleNamespace(parsed_options=self.options, events=events, stop_timeout=5)
        about = {"user_count": 0, "shape_last_tick": None, "state": STATE_RUNNING, **runner}
        self.runner = SimpleNamespace(environment=environment, **about)
        shape.runner = cast("Runner", self.runner)
        shape.start_time = clock.now

    def tick(self, seconds: float = 1.0) -> Any:
        """Ask for a tick, as Locust does, and let time pass."""
        tick = self.shape.tick()
        self.runner.shape_last_tick = tick
        self.clock.now += seconds
        return tick

    def run(self) -> int:
        """Tick to the end; how many ticks that took."""
        for number in range(1000):
            if self.tick() is None:
                return number
        pytest.fail("the shape does not end")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of shapes."""
    made = Clock()
    for module in (base, rate):
        monkeypatch.setattr(module, "time", made)
    monkeypatch.setattr(LevelShape, "get_run_time", lambda shape: made.now - shape.start_time)
    return made


def shape_of(**attributes: Any) -> RateShape:
    """A shape of two classes with short levels."""

    class Shape(RateShape):
        rates = (2, 10)
        duration_seconds = 3
        warmup_seconds = 1
        user_classes = (One, Other)

    shape = Shape()
    for name, value in attributes.items():
        setattr(shape, name, value)
    return shape


def test_a_schedule_for_each_rate(clock: Clock) -> None:
    """Class by class; each starts after it is announced, and the next one once all calls have ended."""
    ground = Ground(shape_of(seed=5, burstiness=None, max_in_flight=7), clock)
    ground.run()
    keys = ["one-rate-2", "one-rate-10", "Other-rate-2", "Other-rate-10"]
    assert [plan.key for plan in ground.schedules] == keys
    assert [plan.user_class for plan in ground.schedules] == ["One", "One", "Other", "Other"]
    first = ground.schedules[0]
    assert (first.seed, first.burstiness, first.max_in_flight, first.length_s) == (5, None, 7, 4)
    starts = [plan.start_at for plan in ground.schedules]
    assert all(later >= start + 4 for start, later in pairwise(starts))
    assert getattr(ground.options, LEVEL_TAG) is None


def test_windows_are_those_of_the_plan(clock: Clock) -> None:
    """Whenever Locust asks: a tick is about a second apart, and later while the machine is busy."""
    ground = Ground(shape_of(rates=(4,), user_classes=(One,)), clock)
    for seconds in (1.0, 0.7, 5.3, 2.9):
        ground.tick(seconds)
    start_at = ground.schedules[0].start_at
    assert [level and level.phase for level in ground.told[:3]] == ["warmup", "measure", "drain"]
    last = ground.told[2]
    assert last
    assert (last.started_at, last.measured_from, last.measured_to) == (start_at, start_at + 1, start_at + 4)
    assert last.completed
    assert ground.told[-1] is None


def test_a_profile_is_one_schedule(clock: Clock) -> None:
    """A level for each part, one right after the other."""
    ground = Ground(shape_of(profile=[(10, 0, 8), (5, 8, 8)], user_classes=(One,)), clock)
    ground.run()
    (plan,) = ground.schedules
    assert [(level.key, level.rate_per_s, level.rates_per_s) for level in plan.levels] == [
        ("one-part-1", 4, (0, 8)),
        ("one-part-2", 8, (8, 8)),
    ]
    ends = {level.key: (level.measured_from, level.measured_to) for level in ground.told if level}
    at = plan.start_at
    assert ends == {"one-part-1": (at, at + 10), "one-part-2": (at + 10, at + 15)}


def test_it_waits_for_the_workers(clock: Clock) -> None:
    """Arrivals before all of them have begun the run would be missed; but not for good."""
    ground = Ground(shape_of(), clock, state=STATE_SPAWNING)
    for _ in range(10):
        ground.tick()
    assert not ground.schedules
    ground.runner.state = STATE_RUNNING
    ground.tick()
    assert ground.schedules[0].start_at == ground.clock.now - 1 + AHEAD_S
    stuck = Ground(shape_of(), clock, state=STATE_SPAWNING)
    stuck.tick(PATIENCE_S)
    stuck.tick()
    assert stuck.schedules


@pytest.mark.parametrize(("runner", "least_s"), [({}, 0), ({"clients": None}, SETTLE_S)])
def test_it_waits_for_calls_in_flight(clock: Clock, runner: dict[str, Any], least_s: float) -> None:
    """Of workers until their reports tell of all calls: these are some seconds old."""
    ground = Ground(shape_of(), clock, **runner)
    ground.runner.user_count = 3
    for _ in range(30):
        ground.tick()
    assert len(ground.schedules) == 1
    ground.runner.user_count = 0
    ground.tick()
    ground.tick()
    assert len(ground.schedules) == 2
    assert ground.schedules[1].start_at - ground.schedules[0].start_at - 4 >= least_s


def test_it_gives_up_calls_that_never_end(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """The run goes on without them."""
    ground = Ground(shape_of(rates=(1,), user_classes=(One,)), clock)
    ground.runner.user_count = 3
    ground.run()
    assert "3 calls have not ended after" in caplog.text


def test_the_run_time_ends_it(clock: Clock) -> None:
    """`--run-time` counts, as with any shape of Locust."""
    ground = Ground(shape_of(), clock)
    ground.options.run_time = 5
    assert ground.run() < 10


def test_no_users_are_asked_for(clock: Clock) -> None:
    """One order for the whole run: another would stop the calls that are in flight."""
    ground = Ground(shape_of(), clock)
    assert {str(ground.tick()) for _ in range(10)} == {str((0, 1.0, [One, Other]))}


class Either(ChosenShape):
    """Rates where the options say so."""

    abstract = True

    def choose(self) -> LevelShape:
        """By an option."""
        if self.environment.parsed_options.open_loop:  # type: ignore[union-attr]
            return shape_of()
        steps = StepShape()
        steps.end, steps.user_classes = 3, (One,)
        return steps


def test_one_shape_or_another(clock: Clock) -> None:
    """The plan and the run are those of the shape that the options choose, anew for each run."""
    shape = Either()
    ground = Ground(shape, clock)
    environment = cast("Any", SimpleNamespace(shape_class=shape, parsed_options=Namespace(open_loop=True)))
    assert [str(level.load) for level in planned_levels(environment) or ()][:2] == ["2 requests/s", "10 requests/s"]
    ground.options.open_loop = True
    ground.run()
    assert len(ground.schedules) == 4
    environment.parsed_options.open_loop = ground.options.open_loop = False
    assert [level.users for level in planned_levels(environment) or ()] == [1, 2, 3]
    ground.runner.shape_last_tick = None
    assert ground.tick()[0] == 1


def test_a_class_without_a_name_for_its_calls() -> None:
    """Any class of users can arrive."""

    class Mine(User):
        abstract = True

    assert [level.level for level in shape_of(user_classes=(Mine,), rates=(0.5,)).levels()] == ["Mine-rate-0.5"]


class Trace:
    """A trace as a shape sees it."""

    seconds = 9.0
    rate_per_s = 4.0

    def __init__(self, *modes: str, open_ended: bool = False) -> None:
        self.modes = modes
        self.open_ended = open_ended


@pytest.mark.parametrize(
    ("modes", "key", "user_class"),
    [
        (("one",), "one-replay", "One"),
        (("other",), "other-replay", "Second"),
        (("one", "other"), "replay", "One"),
        (("else",), "replay", "One"),
    ],
)
def test_a_trace_is_one_level(clock: Clock, modes: tuple[str, ...], key: str, user_class: str) -> None:
    """Of all classes together; where all calls have one mode, it is that group's."""

    class Second(Other):
        mode = "other"

    shape = shape_of(replay=Trace(*modes), user_classes=(One, Second))
    ground = Ground(shape, clock)
    ground.run()
    [schedule] = ground.schedules
    assert (schedule.is_replay, schedule.user_class, schedule.key) == (True, user_class, key)
    [level] = schedule.levels
    assert (level.rate_per_s, level.warmup_s, level.duration_s) == (4, 1, 8)
    assert [told and told.phase for told in ground.told] == ["warmup", "measure", "drain", None]


@pytest.mark.parametrize(
    ("open_ended", "unmade", "users", "held_s"),
    [
        (True, (3, 2, 1, 0), (1, 1, 1, 1), 3),
        (True, (3, 2, 2, 2, 2), (1, 0, 1, 0, 0), 4),  # two are missed for good: nothing is in flight any more
        (True, (0,), (1,), 0),
        (True, (5, 5), (0, 0), 0),
        (False, (3, 2, 1, 0), (1, 1, 1, 1), 0),
    ],
)
def test_a_trace_ends_once_waiting_calls_are_made(
    clock: Clock, open_ended: bool, unmade: tuple[int, ...], users: tuple[int, ...], held_s: float
) -> None:
    """Its window stays open while calls wait for calls in flight, if the settings do not say when it ends."""
    ground = Ground(shape_of(replay=Trace("one", open_ended=open_ended)), clock)
    asked, hook = iter(zip(unmade, users, strict=True)), EventHook()

    def answer(answer: dict[str, int]) -> None:
        answer["unmade"], ground.runner.user_count = next(asked, (0, 0))

    hook.add_listener(answer)
    ground.runner.environment.events.arrivals_unmade = hook
    ground.runner.user_count = 0
    ground.run()
    [drained] = [told for told in ground.told if told and told.phase == "drain"]
    measured_s = (drained.measured_to or 0) - (drained.measured_from or 0)
    # Ticks are a second apart, and the plan's end is between two of them.
    assert measured_s == pytest.approx(8) if not held_s else 8 + held_s - 1 <= measured_s <= 8 + held_s
    assert drained.completed
