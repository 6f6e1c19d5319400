"""What each shape says, tick by tick, on a clock that stands still between ticks: golden files."""

from __future__ import annotations

import logging
from argparse import Namespace
from dataclasses import asdict
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from locust import User
from locust.event import EventHook
from locust.runners import STATE_RUNNING, STATE_SPAWNING

import pytest

from shapes import ChosenShape, LevelShape, RampShape, RateShape, SearchShape, StepShape, base, ramp, rate, search, step
from shapes.base import LEVEL_TAG, groups
from shapes.bisection import Bisection, Probe, crossed

from .approved import check_lines, flat
from .test_shape import Clock, One, Other

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from locust.runners import Runner

BEGIN = Clock.now
TIMES = ("started_at", "measured_from", "measured_to", "start_at", "waits_until", "throttled_at")
HEARD = (
    *("level_change", "schedule_change", "search_change"),
    *("probe_judge", "level_failures", "arrivals_unmade"),
)


def plain(value: Any) -> Any:
    """A value with moments as seconds since the begin, without what is not there."""
    if isinstance(value, dict):
        shown = {
            name: f"{part - BEGIN:+g} s" if name in TIMES and part else plain(part) for name, part in value.items()
        }
        return {name: part for name, part in shown.items() if part not in (None, "", False, 0, [], {})}
    if isinstance(value, float):
        return round(value, 3)
    return [plain(part) for part in value] if isinstance(value, list | tuple) else value


class Play(logging.Handler):
    """A shape that is asked for ticks, and all that it says meanwhile."""

    def __init__(self, shape: LevelShape, clock: Clock, answers: Any = None, **runner: Any) -> None:
        super().__init__()
        self.shape, self.clock, self.lines, self._said = shape, clock, list[str](), list[str]()
        self._answers, self._tag, self._asked = answers or {}, "none", ""
        hooks = {name: EventHook() for name in HEARD}
        for name, hook in hooks.items():
            hook.add_listener(self._listener(name))
        self.options = Namespace(run_time=runner.pop("run_time", None))
        environment = SimpleNamespace(
            parsed_options=self.options, events=SimpleNamespace(**hooks), stop_timeout=runner.pop("stop_timeout", 5)
        )
        about = {"user_count": 0, "shape_last_tick": None, "state": STATE_RUNNING, **runner}
        self.runner = SimpleNamespace(environment=environment, **about)
        shape.runner = cast("Runner", self.runner)
        shape.start_time = clock.now

    def emit(self, record: logging.LogRecord) -> None:
        """Note what is logged."""
        self._said.append(f"{record.levelname}: {record.getMessage()}")

    def _listener(self, name: str) -> Callable[..., None]:
        def listen(**said: Any) -> None:
            answer = said.get("answer")
            if answer is not None and name in self._answers:
                answer |= self._answers[name](said)
            told = {key: plain(value) for key, value in said.items()}
            if name == "search_change":
                probes = told["search"].get("probes", [])
                told["search"] |= {"probes": [len(probes), *probes[-1:]]}
            self._said.append(f"{name} {flat(told[name.partition('_')[0]] if len(told) == 1 else told)}")

        return listen

    def tick(self, seconds: float = 1.0, **runner: Any) -> Any:
        """Ask for a tick, as Locust does; then the runner is told, and time passes."""
        tick: Any = self.shape.tick()
        self.runner.shape_last_tick = tick
        tag = flat(plain(getattr(self.options, LEVEL_TAG, "unset")))
        if tag != self._tag:
            last = [line for line in self._said if line.startswith("level_change")][-1:]
            self._said.append("tag as the level" if last == [f"level_change {tag}"] else f"tag {tag}")
            self._tag = tag
        asked = (
            "the end"
            if tick is None
            else f"{tick[0]} users, {tick[1]:g}/s of {' '.join(one.__name__ for one in tick[2])}"
        )
        told = f"{self.clock.now - BEGIN:g} s: {asked}"
        if self._said or asked != self._asked:
            self.lines += [told, *(f"  {line}" for line in self._said)]
        self._asked = asked
        self._said.clear()
        self.runner.__dict__.update({"user_count": tick[0] if tick else 0, **runner})
        self.clock.now = round(self.clock.now + seconds, 3)
        return tick

    def run(self, seconds: float = 1.0, most: int = 400) -> list[str]:
        """Tick to the end; the lines."""
        for _ in range(most):
            if self.tick(seconds) is None:
                return self.lines
        pytest.fail("the shape does not end")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of shapes, which stands still."""
    made = Clock()
    for module in (base, ramp, rate, search, step):
        monkeypatch.setattr(module, "time", made)
    monkeypatch.setattr(LevelShape, "get_run_time", lambda shape: made.now - shape.start_time)
    return made


@pytest.fixture
def play(clock: Clock) -> Iterator[Callable[..., Play]]:
    """Makes plays, whose shapes have these attributes; they hear what is logged."""
    made, logger = list[Play](), logging.getLogger("shapes")

    def make(kind: type[LevelShape], attributes: dict[str, Any], **about: Any) -> Play:
        clock.now = BEGIN
        usual = {"user_classes": (One, Other), "warmup_seconds": 2, "duration_seconds": 4}
        shape = type(kind.__name__, (kind,), {"abstract": True, **usual, **attributes})()
        made.append(Play(shape, clock, **about))
        logger.addHandler(made[-1])
        return made[-1]

    yield make
    for one in made:
        logger.removeHandler(one)


def levels_of(shape: LevelShape) -> list[str]:
    """The levels of a shape, a line each."""
    return [f"level {flat(plain(asdict(level)))}" for level in shape.levels()]


def test_steps(play: Callable[..., Play]) -> None:
    """Class by class; users that come late, that never come, and that do not stop."""
    found = play(StepShape, {"start": 2, "end": 10, "step": 8})
    lines = ["two classes:", *levels_of(found.shape), *found.run()]
    late = play(StepShape, {"start": 3, "end": 3, "user_classes": (One,), "warmup_seconds": 1.5})
    late.tick(1.0, user_count=0)
    late.tick(1.0, user_count=2)
    lines += ["users that come late:", *late.run()]
    few = play(StepShape, {"start": 3, "end": 3, "user_classes": (One,)})
    few.tick(1.0, user_count=1)
    few.tick(58.5, user_count=1)
    few.tick(0.5, user_count=1)
    few.tick(1.0, user_count=2)
    lines += ["users that never come:", *few.run()]
    stuck = play(StepShape, {"start": 1, "end": 1, "user_classes": (One,), "warmup_seconds": 0})
    for seconds, users in [(1.0, 1), (4.0, 1), (1.0, 1), (63.5, 1), (0.5, 1), (1.0, 1), (1.0, 0)]:
        stuck.tick(seconds, user_count=users)
    short = play(StepShape, {"end": 1, "user_classes": (One,)}, run_time=3)
    lines += ["users that do not stop:", *stuck.lines, "a run that ends early:", *short.run(0.5)]
    check_lines("shapes/step.txt", lines)


class Trace(SimpleNamespace):
    """What a shape must know of a trace."""

    seconds, rate_per_s, open_ended, modes = 6.0, 1.5, False, ("one",)


def test_rates(play: Callable[..., Play]) -> None:
    """Rates, a profile and traces; workers that begin late, and calls that do not end."""
    found = play(RateShape, {"rates": (2, 10.5), "seed": 5, "max_in_flight": 7, "burstiness": None})
    lines = ["two rates:", *levels_of(found.shape), *found.run()]
    workers: dict[str, Any] = {"clients": SimpleNamespace(ready=[], spawning=[], running=[]), "state": STATE_SPAWNING}
    slow = play(RateShape, {"user_classes": (One,)}, **workers)
    slow.tick(59.5)
    slow.tick(0.5)
    slow.tick(1.0)
    lines += ["workers that begin late:", *slow.run()]
    ready = play(RateShape, {"user_classes": (One,)}, **workers)
    ready.tick(1.0)
    ready.tick(1.0, state=STATE_RUNNING)
    lines += ["workers that begin:", *ready.run(0.5)]
    long = play(RateShape, {"profile": [(3, 0, 8)] * 10, "user_classes": (One,)})
    lines += ["a profile of ten parts:", *levels_of(long.shape)[8:]]
    profile = play(RateShape, {"profile": [(3, 0, 8), (2, 8, 8)]})
    lines += ["a profile:", *levels_of(profile.shape), *profile.run(1.7)]
    stuck = play(RateShape, {"user_classes": (One,)})
    for seconds in (1.0, 7.5, 1.0, 63.5, 0.5, 1.0):
        stuck.tick(seconds, user_count=3)
    lines += ["calls that do not end:", *stuck.lines]
    short = play(RateShape, {"user_classes": (One,)}, run_time=2.5)
    lines += ["a run that ends early:", *short.run()]
    check_lines("shapes/rate.txt", lines)


def test_replays(play: Callable[..., Play]) -> None:
    """Of one mode, of several, and with calls that wait at its end."""
    lines = []
    for modes in (("one",), ("one", "Other"), ("none",)):
        found = play(RateShape, {"replay": Trace(modes=modes), "user_classes": (Other, One)})
        lines += [f"{' and '.join(modes)}:", *levels_of(found.shape), *found.run()]
    unmade = iter([3, 2, 2, 2, 0])
    waits = {"arrivals_unmade": lambda _: {"unmade": next(unmade, 0)}}
    found = play(RateShape, {"replay": Trace(open_ended=True), "user_classes": (One,)}, answers=waits)
    for users in (0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0):
        found.tick(1.0, user_count=users)
    lines += ["with an open end:", *found.run()]
    forever = {"arrivals_unmade": lambda _: {"unmade": 1}}
    found = play(RateShape, {"replay": Trace(open_ended=True), "user_classes": (One,)}, answers=forever)
    for users in (0, 0, 1, 1, 1, 1, 1, 1, 1, 0):
        found.tick(1.0, user_count=users)
    lines += ["with an open end, and nobody at work:", *found.run()]
    check_lines("shapes/replay.txt", lines)


def test_ramps(play: Callable[..., Play]) -> None:
    """Up and down by what the service had room for, in this process and with workers."""
    had = iter([{"ServiceUnavailableError": 1}, {"ThrottlingError": 3}, {}])
    failures = {"level_failures": lambda _: next(had, {})}
    found = play(RampShape, {"target": 20, "most_levels": 10, "warmup_seconds": 1}, answers=failures)
    lines = ["two classes:", *levels_of(found.shape)[8:12], *found.run()]
    busy = {"level_failures": lambda _: {"ServiceUnavailableError": 2}}
    workers = {"clients": SimpleNamespace(ready=[], spawning=[], running=[])}
    few = play(RampShape, {"target": 4, "most_levels": 2, "user_classes": (One,)}, answers=busy, **workers)
    for _ in range(14):
        few.tick(1.0, user_count=0)
    few.tick(1.0, user_count=1)
    lines += ["with workers:", *few.run()]
    check_lines("shapes/ramp.txt", lines)


def judged(good: Callable[[float], bool], clear: bool = True, **more: Any) -> Callable[[dict[str, Any]], Any]:
    """What a judge says: loads are read off the name of the level."""

    def judge(said: dict[str, Any]) -> Any:
        load = float(said["levels"][-1].split("-")[1 + ("rate" in said["levels"][-1])])
        known = clear or said["elapsed_s"] is None
        return {"verdict": ("met" if good(load) else "missed") if known else "unclear", "leans": good(load), **more}

    return judge


def test_searches_for_users(play: Callable[..., Play]) -> None:
    """To a limit, to the most, from a start that is too high, and with what may go wrong."""
    usual = {"start": 4, "most": 32, "resolution": 20, "user_classes": (One,), "pause_seconds": 30}
    found = play(SearchShape, usual, answers={"probe_judge": judged(lambda n: n <= 13)})
    lines = ["up to 13:", *levels_of(found.shape)[:6], *found.run()]
    found = play(SearchShape, usual, answers={"probe_judge": judged(lambda _: True)})
    lines += ["any:", *found.run()]
    found = play(SearchShape, usual, answers={"probe_judge": judged(lambda _: False)})
    lines += ["none:", *found.run()]
    found = play(
        SearchShape,
        {**usual, "probes": 4, "user_classes": (One, Other)},
        answers={"probe_judge": judged(lambda n: n <= 5, clear=False)},
    )
    lines += ["four probes, clear at their ends only:", *found.run()]
    found = play(
        SearchShape, {**usual, "probes": 4}, answers={"probe_judge": judged(lambda n: n <= 5, verdict="unclear")}
    )
    lines += ["never clear:", *found.run()]
    found = play(SearchShape, usual, answers={"probe_judge": judged(lambda n: n <= 5, client="the CPU was busy")})
    lines += ["a client that is too slow:", *found.run()]
    found = play(SearchShape, usual)
    lines += ["nobody answers:", *found.run()]
    check_lines("shapes/search_users.txt", lines)


def test_searches_go_on(play: Callable[..., Play]) -> None:
    """After a throttled minute, without a worker that was lost, with users that come late or do not stop."""
    usual = {"start": 4, "most": 8, "resolution": 20, "user_classes": (One,), "pause_seconds": 30}
    throttled = iter([BEGIN + 3.5])

    def with_a_pause(said: dict[str, Any]) -> Any:
        more = {"throttled_at": next(throttled, None)} if said["elapsed_s"] is None else {}
        return {**judged(lambda n: n <= 5)(said), **more}

    found = play(SearchShape, usual, answers={"probe_judge": with_a_pause})
    lines = ["throttled:", *found.run()]
    lost = iter([True])

    def with_a_loss(said: dict[str, Any]) -> Any:
        more = {"disturbed": next(lost, False)} if said["elapsed_s"] is None else {}
        return {**judged(lambda n: n <= 5)(said), **more}

    found = play(SearchShape, {**usual, "probes": 5}, answers={"probe_judge": with_a_loss})
    lines += ["a worker was lost:", *found.run()]
    late = play(SearchShape, usual, answers={"probe_judge": judged(lambda n: n <= 5)})
    late.tick(1.0, user_count=0)
    late.tick(58.5, user_count=2)
    late.tick(0.5, user_count=2)
    late.tick(1.5, user_count=3)
    late.tick(1.0, user_count=3)
    lines += ["users that never come:", *late.lines]
    workers = {"clients": SimpleNamespace(ready=[], spawning=[], running=[])}
    stuck = play(
        SearchShape, {**usual, "warmup_seconds": 0}, answers={"probe_judge": judged(lambda _: True)}, **workers
    )
    for seconds in (1.0, 1.0, 0.5, 1.0, 63.5, 0.5, 4.0, 1.0):
        stuck.tick(seconds, user_count=4)
    lines += ["users that do not stop:", *stuck.lines]
    short = play(SearchShape, usual, run_time=2.5)
    lines += ["a run that ends early:", *short.run()]
    check_lines("shapes/search_goes_on.txt", lines)


def test_searches_for_a_rate(play: Callable[..., Play]) -> None:
    """Each probe is a schedule of its own, with a seed of its own, which ends once its verdict is clear."""
    usual = {"by_rate": True, "start": 1.5, "most": 6, "resolution": 10, "user_classes": (One,), "seed": 7, "probes": 7}
    found = play(SearchShape, usual, answers={"probe_judge": judged(lambda n: n <= 2)}, state=STATE_SPAWNING)
    found.tick(1.0)
    found.tick(1.0, state=STATE_RUNNING)
    lines = ["up to 2:", *levels_of(found.shape), *found.run(0.7)]
    workers: dict[str, Any] = {"clients": SimpleNamespace(ready=[], spawning=[], running=[]), "state": STATE_SPAWNING}
    slow = play(SearchShape, usual, answers={"probe_judge": judged(lambda n: n <= 2, clear=False)}, **workers)
    slow.tick(59.5)
    slow.tick(0.5)
    for _ in range(30):
        slow.tick(1.0)
    lines += ["with workers that begin late, clear at the end only:", *slow.lines]
    check_lines("shapes/search_rate.txt", lines)


def test_loads_of_a_search() -> None:
    """In their order, with the bracket in the end; limits on both sides of a probe."""
    lines = []
    for start, most, probes, resolution, least, whole in (
        *((1, 100, 20, 5, 1, True), (4, 10, 20, 5, 1, True), (4, 4, 20, 5, 1, True), (3, 100, 7, 25, 1, True)),
        *((0.5, 8, 20, 10, 0.1, False), (1, 3, 6, 1, 0.1, False), (100, 1000, 20, 10, 1, True)),
    ):
        bisection = Bisection(start, most, probes, resolution, least, whole)
        lines.append(f"from {start} to {most}, {probes} probes, {resolution} %, steps of {least}, {whole}:")
        for limit in (0, start, 2.5, 7, 36, 37, 1000):
            done = list[Probe]()
            while (load := bisection.next_load(done)) is not None:
                done.append(Probe(load, "met" if load <= limit else "missed"))
            bracket = bisection.bracket(done)
            loads = " ".join(f"{probe.load:g}" for probe in done)
            lines.append(f"  {limit}: {loads} = {bracket.low} to {bracket.high}, fine {bisection.is_fine(done)}")
    check_lines("shapes/bisection.txt", lines)


@pytest.mark.parametrize(
    ("done", "low", "high", "pairs"),
    [
        ([], None, None, []),
        ([(4, "met", False), (8, "missed", False)], 4, 8, []),
        ([(4, "missed", False), (8, "met", False)], 8, None, [(4, 8)]),
        ([(4, "unclear", True), (8, "unclear", False)], 4, 8, []),
        ([(4, "met", True), (4, "missed", True), (8, "met", False), (9, "met", False)], 9, None, [(4, 8), (4, 9)]),
        ([(4, "met", False), (9, "missed", False), (6, "missed", True)], 4, 6, []),
        ([(4, "missed", False), (8, "unclear", True)], 8, None, []),
    ],
)
def test_what_probes_come_to(done: Sequence[tuple[float, Any, bool]], low: Any, high: Any, pairs: Any) -> None:
    """The last verdict on a load counts."""
    bisection = Bisection(1, 100, 20, 5, 1, whole=True)
    probes = [Probe(*one) for one in done]
    bracket = bisection.bracket(probes)
    assert (bracket.low, bracket.high, crossed(probes)) == (low, high, pairs)


class Third(User):
    """Another user class of the mode of the first."""

    abstract = True
    mode = "one"


def test_names_of_groups() -> None:
    """Modes where they differ, with the name of the class where they do not, and numbers where that is the same."""
    assert groups([One, Other]) == ["one", "Other"]
    assert groups([One, Other, Third]) == ["one-One", "Other", "one-Third"]
    assert groups([One, One, Other, Other]) == ["one-One-1", "one-One-2", "Other-Other-1", "Other-Other-2"]


class Single(StepShape):
    """One level of one user."""

    abstract = True
    end = 1
    user_classes = (One,)
    warmup_seconds = 1


def test_the_chosen_shape_runs(play: Callable[..., Play]) -> None:
    """A new one for each run; outside of a run its levels are those of the options at hand."""

    class Chosen(ChosenShape):
        abstract = True
        made = 0

        def choose(self) -> LevelShape:
            Chosen.made += 1
            return Single()

    found = play(Chosen, {})
    lines = [*levels_of(found.shape)]
    found.shape.duration_seconds = 5
    made = Chosen.made
    lines += found.run(30.0)
    assert Chosen.made == made + 1
    found.runner.shape_last_tick = None
    found.clock.now = BEGIN
    again = found.run(30.0)
    assert Chosen.made == made + 2
    check_lines("shapes/chosen.txt", [*lines, "again:", *again[len(lines) - 1 :]])


def test_what_counts_if_nothing_is_set() -> None:
    """The attributes that a subclass may set."""
    assert (StepShape.start, StepShape.end, StepShape.step) == (1, 10, 1)
    assert (LevelShape.duration_seconds, LevelShape.warmup_seconds, LevelShape.user_classes) == (60, 0, ())
    assert (RateShape.rates, RateShape.profile, RateShape.replay) == ((1,), (), None)
    assert (RateShape.burstiness, RateShape.seed, RateShape.max_in_flight) == (1, 1, 1000)
    assert (RampShape.target, RampShape.most_levels) == (1, 12)
    assert (SearchShape.by_rate, SearchShape.start, SearchShape.most, SearchShape.probes) == (False, 1, 100, 20)
    assert (SearchShape.resolution, SearchShape.burstiness, SearchShape.seed) == (5, 1, 1)
    assert (SearchShape.max_in_flight, SearchShape.pause_seconds) == (1000, 60)
