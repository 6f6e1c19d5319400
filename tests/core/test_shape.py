"""StepShape: users in steps, one user class after the other."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, cast

from locust import User, constant, task
from locust.env import Environment
from locust.event import EventHook
from locust.rpc.protocol import Message
from locust.runners import WorkerNode
from locust.shape import LoadTestShape
from locust.util.load_locustfile import is_shape_class

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st

import shapes
from bedrock_locust.level import Level, planned_levels
from bedrock_locust.workload import bench
from shapes import base, step
from shapes.base import LEVEL_TAG, PATIENCE_S
from shapes.dispatch import ClassDispatcher
from shapes.step import StepShape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from locust.runners import Runner

    Tick = tuple[int, float, list[type[User]]]


class One(User):
    """A user class with a mode."""

    abstract = True
    mode = "one"


class Other(User):
    """A user class without a mode: its name stands in."""

    abstract = True


@dataclass
class Clock:
    """A clock that stands still until it is told."""

    now: float = 1_800_000_000.0

    def perf_counter(self) -> float:
        """The time for durations."""
        return self.now

    def time(self) -> float:
        """The time of day."""
        return self.now


@dataclass
class Bench:
    """A shape with a runner that does at once what it is told, or as many users as `at_most`."""

    shape: StepShape
    clock: Clock
    at_most: int | None = None
    told: list[dict[str, Any] | None] = field(default_factory=list)
    """What the event said."""
    ticks: list[Tick] = field(default_factory=list)
    tags: list[dict[str, Any] | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.options = Namespace(run_time=None)
        events = SimpleNamespace(level_change=EventHook())
        events.level_change.add_listener(lambda level, **_: self.told.append(level))
        environment = SimpleNamespace(parsed_options=self.options, events=events)
        self.runner = SimpleNamespace(user_count=0, shape_last_tick=None, environment=environment)
        self.shape.runner = cast("Runner", self.runner)
        self.shape.start_time = self.clock.now  # type: ignore[no-untyped-call, unused-ignore]

    def tick(self, seconds: float = 1) -> Tick | None:
        """Ask for a tick, as Locust does, and let time pass."""
        tick = self.shape.tick()
        self.runner.shape_last_tick = tick
        if tick is not None:
            self.ticks.append(tick)
            self.tags.append(getattr(self.options, LEVEL_TAG))
            self.runner.user_count = tick[0] if self.at_most is None else min(tick[0], self.at_most)
        self.clock.now += seconds
        return tick

    def run(self, *, limit: int = 1000) -> None:
        """Tick to the end."""
        for _ in range(limit):
            if self.tick() is None:
                return
        pytest.fail(f"the shape is not at its end after {limit} ticks")

    def stretches(self) -> list[tuple[int, list[type[User]], str]]:
        """Users, classes and phase, one after the other, however many ticks each took."""
        found: list[tuple[int, list[type[User]], str]] = []
        for (users, _, classes), tag in zip(self.ticks, self.tags, strict=True):
            assert tag is not None
            if not found or found[-1] != (users, classes, tag["phase"]):
                found.append((users, classes, tag["phase"]))
        return found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of shapes."""
    made = Clock()
    for module in (base, step):
        monkeypatch.setattr(module, "time", made)
    monkeypatch.setattr(StepShape, "get_run_time", lambda shape: made.now - shape.start_time)
    return made


def shape_of(start: int = 1, end: int = 5, by: int = 2, **attributes: Any) -> StepShape:
    """A shape of two classes with short levels."""

    class Shape(StepShape):
        duration_seconds = 3
        user_classes = (One, Other)

    shape = Shape()  # type: ignore[no-untyped-call, unused-ignore]
    shape.start, shape.end, shape.step = start, end, by
    for name, value in attributes.items():
        setattr(shape, name, value)
    return shape


def test_levels_class_by_class(clock: Clock) -> None:
    """Users go up to at most `end`, then to none, before the next class begins and at the end."""
    ground = Bench(shape_of(1, 6, 2), clock)
    ground.run()
    expected = [
        (users, [user_class], phase)
        for user_class in (One, Other)
        for users, phase in [
            (1, "warmup"),
            (1, "measure"),
            (3, "warmup"),
            (3, "measure"),
            (5, "warmup"),
            (5, "measure"),
            (0, "drain"),
        ]
    ]
    assert ground.stretches() == expected


def test_the_event_tells_each_change_once(clock: Clock) -> None:
    """Each level is told as it begins, is measured and is over; None is the end of all."""
    ground = Bench(shape_of(1, 2, 1), clock)
    ground.run()
    names = ["one-1", "one-2", "Other-1", "Other-2"]
    expected = [(name, phase) for name in names for phase in ("warmup", "measure", "drain")]
    *levels, end = ground.told
    assert [(level["level"], level["phase"]) for level in levels if level] == expected
    assert end is None
    assert getattr(ground.options, LEVEL_TAG) is None


def test_what_is_known_of_a_level(clock: Clock) -> None:
    """The times of a level are those of its phases, and a window that lasted is complete."""
    ground = Bench(shape_of(2, 2, 1, warmup_seconds=2), clock)
    begun = clock.now
    ground.run()
    warmup, measure, over = (level for level in ground.told[:3] if level)
    asked = {"level": "one-2", "mode": "one", "users": 2, "warmup_s": 2, "duration_s": 3}
    assert warmup == {
        **asked,
        "phase": "warmup",
        "started_at": begun,
        "measured_from": None,
        "measured_to": None,
        "users_reached": 0,
        "completed": False,
    }
    assert measure["measured_from"] >= begun + 2
    assert measure["measured_to"] is None
    assert (over["measured_from"], over["users_reached"], over["completed"]) == (measure["measured_from"], 2, True)
    assert over["measured_to"] - over["measured_from"] == pytest.approx(3)


@pytest.mark.parametrize(("end", "name"), [(9, "one-1"), (10, "one-01"), (100, "one-001")])
def test_names_sort(end: int, name: str) -> None:
    """Users are padded, so that levels sort by name as they do by users."""
    names = [level.level for level in shape_of(1, end, 1).levels() if level.mode == "one"]
    assert names[0] == name
    assert names == sorted(names)


@given(st.integers(1, 200), st.integers(0, 200), st.integers(1, 250))
def test_the_levels_of_a_run(start: int, more: int, by: int) -> None:
    """For any start, end and step the levels go up by step from start, and never beyond end."""
    levels = shape_of(start, start + more, by).levels()
    for mode in ("one", "Other"):
        users = [level.users for level in levels if level.mode == mode]
        assert users == [count for count in range(1, start + more + 1) if count >= start and (count - start) % by == 0]
    assert len({level.level for level in levels}) == len(levels)


@pytest.mark.parametrize(
    ("modes", "groups"),
    [
        (("streaming", "non_streaming"), ["streaming", "non_streaming"]),
        (("streaming", "streaming", "chat"), ["streaming-User0", "streaming-User1", "chat"]),
        ((None, "chat"), ["User0", "chat"]),
    ],
)
def test_groups_are_told_apart(modes: tuple[str | None, ...], groups: list[str]) -> None:
    """User classes of one mode have groups of their own, so that each level has a key of its own."""
    classes = [
        type(f"User{n}", (User,), {"abstract": True, **({"mode": mode} if mode else {})})
        for n, mode in enumerate(modes)
    ]
    levels = shape_of(1, 2, 1, user_classes=classes).levels()
    assert list(dict.fromkeys(level.mode for level in levels)) == groups
    assert [level.level for level in levels] == [f"{group}-{users}" for group in groups for users in (1, 2)]


def test_two_classes_of_one_name() -> None:
    """A class that is listed twice is another group, by its number."""
    levels = shape_of(1, 1, 1, user_classes=[One, One]).levels()
    assert [level.level for level in levels] == ["one-One-1-1", "one-One-2-1"]


def test_the_plan_of_other_options() -> None:
    """What a shape would do with the options of a form is asked of a copy: the run that goes on stays as it is."""

    class Configured(StepShape):
        abstract = True
        user_classes = (One,)
        duration_seconds = 7

        def configure(self) -> None:
            options: Any = self.environment.parsed_options
            self.start = self.end = options.users

    configured: Any = Configured()  # type: ignore[no-untyped-call, unused-ignore]
    configured.runner = SimpleNamespace(environment=Environment(parsed_options=Namespace(users=3)))
    other = Environment(parsed_options=Namespace(users=8), shape_class=configured)
    assert planned_levels(other) == (Level(key="one-8", mode="one", users=8, duration_s=7),)
    assert [level.users for level in configured.planned(configured.environment)] == [3]
    assert (configured.start, configured.end) == (1, 10)


def test_the_tag_travels_to_workers(clock: Clock) -> None:
    """The tag of a level is what a bench reads, and Locust's messages carry it unchanged."""
    assert bench.LEVEL == LEVEL_TAG
    ground = Bench(shape_of(), clock)
    ground.run()
    assert None not in ground.tags
    for tag in ground.tags:
        assert tag
        assert Level.from_plain(tag).to_plain().items() >= tag.items()
        message = Message("spawn", {"parsed_options": {LEVEL_TAG: tag}}, "id")
        assert Message.unserialize(message.serialize()).data["parsed_options"][LEVEL_TAG] == tag


def test_each_phase_reaches_the_workers(clock: Clock) -> None:
    """Locust sends a tick on only if it differs from the last one: it does wherever the phase changes."""
    ground = Bench(shape_of(1, 4, 1, warmup_seconds=2), clock)
    ground.run()
    pairs = list(zip(ground.ticks, ground.tags, strict=True))
    for (tick, tag), (next_tick, next_tag) in pairwise(pairs):
        assert (tick == next_tick) == (tag == next_tag), f"{tag} and {next_tag}: {tick} and {next_tick}"


def test_users_come_at_once(clock: Clock) -> None:
    """The rate lets all users of a level start within a second."""
    ground = Bench(shape_of(1, 10, 3), clock)
    ground.run()
    assert all(rate >= 10 for _, rate, _ in ground.ticks)


def test_a_level_waits_for_its_users(clock: Clock) -> None:
    """Without a warm-up, too, the window opens only when all users run."""
    ground = Bench(shape_of(3, 3, 1), clock, at_most=2)
    for _ in range(PATIENCE_S // 2):
        ground.tick()
    assert {tag["phase"] for tag in ground.tags if tag} == {"warmup"}
    ground.at_most = None
    for _ in range(3):
        ground.tick()
    assert ground.tags[-1]
    assert ground.tags[-1]["phase"] == "measure"


def test_the_warm_up_begins_when_all_users_run(clock: Clock) -> None:
    """Warm-up time counts from the moment at which the level is complete."""
    ground = Bench(shape_of(3, 3, 1, warmup_seconds=5), clock, at_most=2)
    for _ in range(10):
        ground.tick()
    ground.at_most = None
    complete_at = clock.now
    ground.run()
    assert ground.told[1]
    assert 5 <= ground.told[1]["measured_from"] - complete_at <= 7


@pytest.mark.parametrize("warmup_seconds", [0, 5])
def test_patience_has_an_end(clock: Clock, warmup_seconds: float) -> None:
    """A level whose users never all come is measured with those that have."""
    ground = Bench(shape_of(3, 3, 1, warmup_seconds=warmup_seconds), clock, at_most=2)
    begun = clock.now
    ground.run()
    measure, over = ground.told[1], ground.told[2]
    assert measure
    assert over
    waited = measure["measured_from"] - begun
    assert PATIENCE_S + warmup_seconds - 2 <= waited <= PATIENCE_S + warmup_seconds + 2
    assert (over["users"], over["users_reached"]) == (3, 2)


def test_the_most_users_that_ran(clock: Clock) -> None:
    """A level that lost users, as with a worker that died, says how many there had been."""
    ground = Bench(shape_of(3, 3, 1), clock)
    ground.tick()
    ground.tick()
    ground.at_most = 1
    ground.run()
    assert ground.told[2]
    assert ground.told[2]["users_reached"] == 3


def test_a_drain_lasts_until_the_last_user_has_gone(clock: Clock) -> None:
    """No user of the next class starts while one of the last still waits for its answer."""
    ground = Bench(shape_of(2, 2, 1), clock)
    while ground.tick() and ground.ticks[-1][0]:
        pass
    ground.runner.environment.stop_timeout = 100
    ground.runner.user_count = 1
    for _ in range(100):
        tick = ground.shape.tick()
        assert tick
        assert (tick[0], tick[2]) == (0, [One])
        clock.now += 1
    ground.runner.user_count = 0
    tick = ground.shape.tick()
    assert tick
    assert (tick[0], tick[2]) == (2, [Other])


def test_a_drain_ends(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A user that is there for longer than Locust lets it live does not hold up the run for good."""
    ground = Bench(shape_of(2, 2, 1), clock)
    while ground.tick() and ground.ticks[-1][0]:
        pass
    ground.runner.environment.stop_timeout = 100
    ground.runner.user_count = 1
    clock.now += 100 + PATIENCE_S
    tick = ground.shape.tick()
    assert tick
    assert (tick[0], tick[2]) == (2, [Other])
    assert "1 users have not stopped" in caplog.text


def test_run_time_ends_it(clock: Clock) -> None:
    """`--run-time`, which Locust leaves to shapes, ends a run in the middle of a level."""
    ground = Bench(shape_of(duration_seconds=1000), clock)
    ground.options.run_time = 30
    ground.run()
    assert 30 <= len(ground.ticks) <= 31
    assert not any(level is None or level["completed"] for level in ground.told), "a level that was cut is complete"


def test_options_without_a_run_time(clock: Clock) -> None:
    """Where there is no such option there is no limit."""
    ground = Bench(shape_of(), clock)
    del ground.options.run_time
    ground.run()
    assert ground.told[-1] is None


def test_a_second_run_starts_clean(clock: Clock) -> None:
    """After a run, whole or cut short, the next one begins with its first level."""
    ground = Bench(shape_of(), clock)
    for _ in range(8):
        ground.tick()
    ground.runner.shape_last_tick, ground.runner.user_count = None, 0
    ground.ticks.clear()
    ground.tags.clear()
    ground.run()
    whole = ground.stretches()
    assert whole[0] == (1, [One], "warmup")
    ground.ticks.clear()
    ground.tags.clear()
    ground.run()
    assert ground.stretches() == whole
    assert not [tag for tag in ground.tags[:1] if tag and tag["users_reached"]]


def test_configure_is_asked_before_each_run(clock: Clock) -> None:
    """A shape takes its settings anew for each run."""
    asked: list[int] = []
    shape = shape_of(duration_seconds=1, user_classes=[One])

    def configure() -> None:
        asked.append(len(asked) + 1)
        shape.start = shape.end = asked[-1]

    shape.configure = configure  # type: ignore[method-assign]
    ground = Bench(shape, clock)
    ground.run()
    ground.run()
    assert asked == [1, 2]
    assert [users for users, _, phase in ground.stretches() if phase == "measure"] == [1, 2]


def test_no_classes_no_levels(clock: Clock) -> None:
    """A shape without user classes is at its end at once."""
    ground = Bench(shape_of(user_classes=[]), clock)
    assert ground.tick() is None
    assert ground.told == [None]
    assert ground.shape.levels() == []


def test_a_shape_needs_a_runner() -> None:
    """A shape that Locust does not run says so."""
    with pytest.raises(RuntimeError, match="runner"):
        shape_of().tick()


def test_an_environment_without_the_event(clock: Clock) -> None:
    """The shape works in a locustfile that has nothing of ours but the shape."""
    ground = Bench(shape_of(), clock)
    del ground.runner.environment.events.level_change
    ground.run()
    assert ground.told == []


def test_importing_a_shape_does_not_start_it() -> None:
    """Locust runs any shape that it finds in a locustfile, but for abstract ones."""
    assert shapes.StepShape.abstract
    assert not type(shape_of()).abstract


class _Busy(User):
    """Notes who runs beside it."""

    abstract = True
    wait_time = constant(0.01)
    running: ClassVar[list[type[User]]] = []
    seen: ClassVar[list[set[type[User]]]] = []

    def on_start(self) -> None:
        """Come."""
        self.running.append(type(self))
        self.seen.append(set(self.running))

    def on_stop(self) -> None:
        """Go."""
        self.running.remove(type(self))

    @task
    def work(self) -> None:
        """Make a call that outlasts the end of its level."""
        gevent.sleep(0.3)
        self.seen.append(set(self.running))


class First(_Busy):
    """Of the first class."""


class Second(_Busy):
    """Of the second class."""


@pytest.fixture
def environment() -> Iterator[Environment]:
    """Locust itself, without its command."""
    made = Environment(user_classes=[First, Second], parsed_options=Namespace(headless=False, run_time=None))
    made.stop_timeout = 10
    yield made
    if made.runner:
        made.runner.quit()


def test_no_two_classes_side_by_side(environment: Environment) -> None:
    """With Locust's own runner no user of a class runs beside one of another, and all levels are reached."""
    shape = shape_of(1, 3, 2, duration_seconds=1, user_classes=[First, Second])
    environment.shape_class = shape
    environment.events.level_change = EventHook()  # type: ignore[attr-defined]
    told: list[dict[str, Any] | None] = []
    environment.events.level_change.add_listener(lambda level, **_: told.append(level))  # type: ignore[attr-defined]
    runner = environment.create_local_runner()
    runner.start_shape()
    assert runner.shape_greenlet
    runner.shape_greenlet.join(60)
    assert told[-1] is None, f"the shape is not at its end: {told[-1]}"
    assert {frozenset(together) for together in _Busy.seen} == {frozenset({First}), frozenset({Second})}
    done = [(level["level"], level["users_reached"]) for level in told if level and level["completed"]]
    assert done == [("First-1", 1), ("First-3", 3), ("Second-1", 1), ("Second-3", 3)]


def test_users_spread_anew_are_of_the_present_class() -> None:
    """Where Locust spreads users without saying of which class, they are of the class of the phase."""
    nodes = [WorkerNode(f"host_{number}", heartbeat_liveness=3) for number in range(2)]
    classes = [type(name, (User,), {"weight": 1, "fixed_count": 0}) for name in ("A", "B")]
    dispatcher = ClassDispatcher(nodes, classes, lambda: classes[1:])
    dispatcher.new_dispatch(4, 10)
    (*_, last) = dispatcher
    assert {name: sum(users[name] for users in last.values()) for name in ("A", "B")} == {"A": 0, "B": 4}
    dispatcher.new_dispatch(4, 10, classes[:1])
    dispatcher.new_dispatch(6, 10, classes[:1])
    (*_, last) = dispatcher
    assert sum(users["A"] for users in last.values()) == 2


def test_a_level_that_says_only_what_it_must() -> None:
    """It begins with its warm-up, of no length, and has no times yet."""
    said = asdict(step.Level("one", "streaming", 4))
    assert Level.from_plain(said) == Level(key="one", mode="streaming", users=4)
    assert (said["phase"], said["warmup_s"], said["completed"]) == ("warmup", 0, False)


def test_locust_spreads_users_by_the_phase(clock: Clock) -> None:
    """From its first tick on a shape has Locust take its own dispatcher, also for one that Locust makes later."""
    bench = Bench(shape_of(1, 2, 1, warmup_seconds=0), clock)
    seen = []
    for _ in range(1000):
        if bench.tick() is None:
            break
        dispatcher = bench.runner.environment.dispatcher_class([WorkerNode("w", heartbeat_liveness=3)], [One, Other])
        dispatcher.new_dispatch(4, 10)
        (*_, last) = dispatcher
        seen += [name for users in last.values() for name, count in users.items() if count]
    assert list(dict.fromkeys(seen)) == ["One", "Other"]
    assert len(seen) == len(bench.ticks), "one class at a time"
    dispatcher = bench.runner.environment.dispatcher_class([WorkerNode("w", heartbeat_liveness=3)], [One, Other])
    dispatcher.new_dispatch(4, 10)
    (*_, last) = dispatcher
    assert last["w"] == {"One": 2, "Other": 2}, "when the shape is at its end, all of them"


def test_a_worker_that_locust_has_forgotten_gets_orders_again() -> None:
    """A worker that is there again, though the dispatcher was not told, has its share of the users, and its end."""
    nodes = [WorkerNode(f"host_{number}", heartbeat_liveness=3) for number in range(2)]
    dispatcher = ClassDispatcher([*nodes], [One], lambda: [One], lambda: there)
    there = nodes
    dispatcher.new_dispatch(4, 10)
    _ = [*dispatcher]
    there = nodes[:1]
    dispatcher.remove_worker(nodes[1])
    dispatcher.new_dispatch(4, 10)
    (*_, alone) = dispatcher
    there = nodes
    dispatcher.new_dispatch(4, 10)
    (*_, both) = dispatcher
    dispatcher.new_dispatch(0, 10)
    (*_, none) = dispatcher
    assert [sum(users.values()) for users in alone.values()] == [4]
    assert {name: sum(users.values()) for name, users in both.items()} == {"host_0": 2, "host_1": 2}
    assert {name: sum(users.values()) for name, users in none.items()} == {"host_0": 0, "host_1": 0}


@pytest.mark.parametrize("name", shapes.__all__)
def test_a_locustfile_that_imports_a_shape_has_it_not_as_its_own(name: str) -> None:
    """Locust takes a shape of a locustfile that is not abstract, and complains of two."""
    found = getattr(shapes, name)
    if isinstance(found, type) and issubclass(found, LoadTestShape):
        assert not is_shape_class(found)
        assert is_shape_class(type("Own", (found,), {}))
