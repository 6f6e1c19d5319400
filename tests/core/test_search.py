"""The section `search`, and SearchShape, which runs one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from locust.event import EventHook
from locust.runners import STATE_SPAWNING

import pytest

from bedrock_locust.level import Level, planned_levels
from bedrock_locust.live import attainment
from bedrock_locust.outputs.console import header
from bedrock_locust.outputs.console.searching import ENDS, VERDICTS, lines
from bedrock_locust.process.clock import clock as process_clock
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.plan import Plan
from bedrock_locust.settings.schema import Settings, build
from bedrock_locust.settings.stock_levels import stock_levels
from shapes import LevelShape, SearchShape, base, search
from shapes.base import LEVEL_TAG
from shapes.search import AHEAD_S, SETTLE_S

from .test_rate import Ground
from .test_shape import Clock, One, Other

if TYPE_CHECKING:
    from collections.abc import Callable

TARGET: dict[str, Any] = {"ttft_ms": 500}


def settings_of(**sections: Any) -> Settings:
    """Settings with these sections."""
    return build({"model": {"id": "m"}, **sections}, {}, "config.json")


def line_of(**sections: Any) -> str:
    """What is said about them."""
    with pytest.raises(SettingsError) as refused:
        settings_of(**sections)
    (line,) = refused.value.lines
    return line


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"search": {}}, "search looks for the highest load that meets slo, and there is none: set slo.ttft_ms, "),
        ({"search": {}, "slo": {"percentile": 99}}, "search looks for the highest load that meets slo, and there is"),
        (
            {"search": {}, "slo": TARGET, "test": {"streaming": False}},
            "search: slo asks nothing of calls that do not stream, and no others run: set slo.latency_ms",
        ),
        (
            {"search": {}, "slo": TARGET, "arrivals": {"rates": [1]}},
            "arrivals and search are both given: remove one of them, or choose with test.load",
        ),
        ({"search": {"start": 9, "most": 3}, "slo": TARGET}, "search: most is 3, less than start (9): raise most or"),
        ({"search": {"start": 0.5}, "slo": TARGET}, "search: start and most are users, which are whole numbers"),
        ({"search": {"for": "rate", "most": 20_000}, "slo": TARGET}, "search: most is 20000, and 10,000 requests/s"),
        ({"search": {"for": "rates"}, "slo": TARGET}, "search.for is \"rates\", but must be 'users' or 'rate'"),
        ({"search": {"probes": 3}, "slo": TARGET}, "search.probes is 3, but must be 4 or more"),
        ({"search": {"form": "rate"}, "slo": TARGET}, "unknown key search.form: did you mean search.for?"),
    ],
)
def test_a_mistake_is_one_line(sections: dict[str, Any], said: str) -> None:
    """It says what to do."""
    assert line_of(**sections).startswith(f"config.json: {said}")


def test_a_search_is_the_load_where_it_is_given() -> None:
    """Unless test.load says otherwise; what nothing is asked of does not run."""
    assert settings_of(search={}, slo=TARGET).searched == (True, False)
    assert settings_of(search={}, slo={"latency_ms": 1}).modes == (True, True)
    assert settings_of(test={"load": "search"}, slo=TARGET).searching
    other = settings_of(search={"start": 2}, slo=TARGET, test={"load": "users"})
    assert (other.searching, other.modes) == (None, (True, True))
    again = build(settings_of(search={"for": "rate"}, slo=TARGET).public(), {}, "the master")
    assert again.searching
    assert again.searching.by_rate


def test_the_plan_has_the_most_that_it_can_try() -> None:
    """Doubling up to the most, and that for the rest; so says the shape, too."""
    chosen = settings_of(search={"start": 3, "most": 20, "probes": 6}, slo=TARGET)
    shape = shape_of(user_classes=(One,), **chosen.shape)
    assert [level.users for level in stock_levels(chosen)] == [3, 6, 12, 20, 20, 20]
    assert [level.users for level in shape.levels()] == [3, 6, 12, 20, 20, 20]
    assert len({level.level for level in shape.levels()}) == 6
    assert chosen.most_in_flight == 20


class Trial(Ground):
    """A shape, and a judge for whom a load up to a limit is good."""

    def __init__(self, shape: LevelShape, clock: Clock, good: Callable[[float], bool], **runner: Any) -> None:
        super().__init__(shape, clock, **runner)
        self.asked: list[tuple[list[str], float | None, str]] = []
        self.found: list[dict[str, Any]] = []
        self.cut = 0
        self.good, self.early, self.more = good, True, dict[str, Any]()
        events = self.runner.environment.events
        events.probe_judge, events.search_change = EventHook(), EventHook()
        events.probe_judge.add_listener(self.judge)
        events.search_change.add_listener(lambda search, **_: self.found.append(search))
        events.schedule_change = EventHook()
        events.schedule_change.add_listener(self.schedule)

    def schedule(self, schedule: dict[str, Any] | None, **_: Any) -> None:
        """Count what arrives, and what ends that."""
        if schedule is None:
            self.cut += 1
        else:
            self.schedules.append(schedule)  # type: ignore[arg-type]

    def judge(self, levels: list[str], elapsed_s: float | None, decided: str, answer: dict[str, Any], **_: Any) -> None:
        """Answer as the plugin does."""
        self.asked.append((levels, elapsed_s, decided))
        level = next(level for level in reversed(self.told) if level)
        fit = self.good(level.load.amount)
        clear = self.early or elapsed_s is None
        answer |= {"verdict": ("met" if fit else "missed") if clear else "unclear", "leans": fit, **self.more}

    def tick(self, seconds: float = 1.0) -> Any:
        """As Locust does: it makes the users that are asked for at once."""
        tick = super().tick(seconds)
        self.runner.user_count = tick[0] if tick else 0
        return tick

    @property
    def loads(self) -> list[float]:
        """The loads of the levels, in their order."""
        return [level.load.amount for level in self.told if level and level.phase == "warmup"]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of shapes."""
    made = Clock()
    for module in (base, search):
        monkeypatch.setattr(module, "time", made)
    monkeypatch.setattr(LevelShape, "get_run_time", lambda shape: made.now - shape.start_time)
    return made


def shape_of(**attributes: Any) -> SearchShape:
    """A shape with short probes."""

    class Shape(SearchShape):
        most = 100
        duration_seconds = 40
        warmup_seconds = 2
        user_classes = (One, Other)

    shape = Shape()
    for name, value in attributes.items():
        setattr(shape, name, value)
    return shape


def test_looks_are_as_many_as_the_judge_thinks() -> None:
    """The chance to be wrong is divided among them."""
    assert search.LOOKS == attainment.LOOKS


def test_a_search_for_users(clock: Clock) -> None:
    """Class by class: a level for each probe, with a key of its own; between them no user is left."""
    ground = Trial(shape_of(), clock, lambda load: load <= 5)
    ground.run()
    assert ground.loads == [1, 2, 4, 8, 6, 5, 5, 6] * 2
    keys = [level.key for level in ground.told if level and level.phase == "warmup"]
    assert keys[:8] == ["one-001", "one-002", "one-004", "one-008", "one-006", "one-005", "one-005-2", "one-006-2"]
    assert keys[8] == "Other-001"
    assert len(set(keys)) == len(keys)
    assert ground.told[-1] is None
    assert getattr(ground.options, LEVEL_TAG) is None
    over = [found for found in ground.found if found["ended_by"]]
    assert [(found["mode"], found["low"], found["high"], found["ended_by"]) for found in over] == [
        ("one", 5, 6, "resolution"),
        ("Other", 5, 6, "resolution"),
    ]
    assert [probe["level"] for probe in over[0]["probes"]] == keys[:8]


def test_a_level_ends_once_its_verdict_is_clear(clock: Clock) -> None:
    """At the first of four looks, or else after its whole time; then all probes of the load are judged together."""
    ground = Trial(shape_of(user_classes=(One,)), clock, lambda load: load <= 1)
    ground.run()
    closed = [level for level in ground.told if level and level.measured_to]
    lengths = [(level.measured_to or 0) - (level.measured_from or 0) for level in closed]
    assert all(10 <= length <= 11 for length in lengths)
    assert all(level.completed for level in closed)
    assert ground.asked[0][0] == ["one-001"]
    assert ground.asked[1] == (["one-001"], None, "met")
    assert ground.asked[-1] == (["one-002", "one-002-2"], None, "missed")

    late = Trial(shape_of(user_classes=(One,)), clock, lambda load: load <= 1)
    late.early = False
    late.run()
    length = [
        (level.measured_to or 0) - (level.measured_from or 0) for level in late.told if level and level.measured_to
    ]
    assert all(40 <= each <= 41 for each in length)
    elapsed = [each for _, each, _ in late.asked[:4] if each is not None]
    assert [round(each / 10) for each in elapsed] == [1, 2, 3]


def test_users_come_and_go(clock: Clock) -> None:
    """All of them at once, with a rate that differs from phase to phase: Locust passes on only what has changed."""
    ground = Trial(shape_of(user_classes=(One,)), clock, lambda load: load <= 1)
    ticks: list[Any] = []
    while (tick := ground.tick()) is not None:
        if not ticks or ticks[-1] != tick:
            ticks.append(tick)
    assert [users for users, _, _ in ticks] == [1, 1, 0, 2, 2, 0, 1, 1, 0, 2, 2, 0]
    assert all(rate >= users and classes == [One] for users, rate, classes in ticks)


def test_a_search_for_a_rate(clock: Clock) -> None:
    """A schedule for each probe, which is cut short once the verdict is clear; no users are asked for."""
    ground = Trial(
        shape_of(user_classes=(One,), by_rate=True, start=0.5, most=8, seed=7), clock, lambda load: load <= 2
    )
    assert ground.tick() == (0, 1.0, [One])
    ground.run()
    assert ground.loads == [0.5, 1, 2, 4, 3, 2.5, 2.25, 2.125, 2.0625, 2, 2.0625]
    first: Any = ground.schedules[0]
    assert (first["user_class"], first["seed"], first["levels"][0]["rate_per_s"]) == ("One", 7, 0.5)
    seeds: list[Any] = [one["seed"] for one in ground.schedules]  # type: ignore[index]
    assert seeds == list(range(7, 18)), "a load that is tried again has other arrivals"
    opened = next(level for level in ground.told if level and level.phase == "measure")
    assert opened.measured_from == first["start_at"] + 2
    assert opened.key == "one-rate-0.5"
    assert len(ground.schedules) == ground.cut == 11
    assert AHEAD_S < 5


def test_arrivals_wait_for_the_workers(clock: Clock) -> None:
    """They would be missed otherwise; and their rows are waited for before a verdict."""
    ground = Trial(shape_of(user_classes=(One,), by_rate=True), clock, lambda load: load <= 1, state=STATE_SPAWNING)
    ground.runner.clients = type("Clients", (), {"ready": [], "spawning": [], "running": []})()
    for _ in range(5):
        ground.tick()
    assert not ground.schedules
    ground.runner.state = "running"
    ground.tick()
    assert len(ground.schedules) == 1
    closed = next(level for level in iter(lambda: _last(ground), None) if level.measured_to)
    at = clock.now
    while not any(elapsed is None for _, elapsed, _ in ground.asked):
        ground.tick()
    assert clock.now - at >= 2 * SETTLE_S - 1
    assert closed.completed


def _last(ground: Trial) -> Level:
    ground.tick()
    return next(level for level in reversed(ground.told) if level)


def test_a_throttled_minute_is_waited_out(clock: Clock) -> None:
    """Quotas are per minute: the next probe would start in debt. No user runs meanwhile."""
    ground = Trial(shape_of(user_classes=(One,)), clock, lambda load: load <= 5)
    for _ in range(5):
        ground.tick()
    ground.more = {"throttled_at": clock.now + 4}
    while len(ground.loads) < 2:
        last = ground.tick()
        if ground.found and ground.found[-1]["waits_until"]:
            ground.more = {}
    assert last[0] == 2
    waits = [found["waits_until"] for found in ground.found if found["waits_until"]]
    begun = next(level for level in ground.told if level and level.users == 2)
    assert waits
    assert begun.started_at
    assert begun.started_at >= waits[0]


def test_the_client_as_the_limit_ends_it(clock: Clock) -> None:
    """What it says of the service is not known from there on."""
    ground = Trial(shape_of(user_classes=(One,)), clock, lambda _: True)
    while len(ground.loads) < 3:
        ground.tick()
    ground.more = {"client": ["worker a used 99 % of a core"]}
    ground.run()
    assert ground.loads == [1, 2, 4]
    last = ground.found[-1]
    assert (last["low"], last["high"], last["ended_by"]) == (2, None, "client")
    assert (last["probes"][-1]["verdict"], last["probes"][-1]["client"]) == ("client", ["worker a used 99 % of a core"])


def test_a_probe_without_its_workers_is_made_again(clock: Clock) -> None:
    """It had other users than asked for, and counts for nothing."""
    ground = Trial(shape_of(user_classes=(One,)), clock, lambda load: load <= 2)
    ground.more = {"disturbed": ["worker a was lost"]}
    while len(ground.loads) < 2:
        ground.tick()
    ground.more = {}
    ground.run()
    assert ground.loads == [1, 1, 2, 4, 3, 2, 3]
    assert [probe["verdict"] for probe in ground.found[-1]["probes"]][:2] == ["void", "met"]
    assert (["one-001-2"], None, "met") in ground.asked


@pytest.mark.parametrize(("limit", "ended_by"), [(0, "start"), (1000, "most")])
def test_no_limit_between_the_ends(clock: Clock, limit: float, ended_by: str) -> None:
    """Not even the first load, or even the last."""
    ground = Trial(shape_of(user_classes=(One,), most=4), clock, lambda load: load <= limit)
    ground.run()
    assert ground.found[-1]["ended_by"] == ended_by


def test_few_probes_leave_it_wide(clock: Clock) -> None:
    """It says that they are the reason."""
    ground = Trial(shape_of(user_classes=(One,), probes=6), clock, lambda load: load <= 11)
    ground.run()
    last = ground.found[-1]
    assert (last["low"], last["high"], last["ended_by"]) == (8, 16, "probes")


def test_without_a_judge_it_ends(clock: Clock) -> None:
    """As where the locustfile does not call setup()."""
    ground = Ground(shape_of(user_classes=(One,)), clock)
    for _ in range(200):
        tick = ground.tick()
        if tick is None:
            break
        ground.runner.user_count = tick[0]
    assert tick is None


def test_a_second_run_begins_anew(clock: Clock) -> None:
    """Nothing is left of one that was stopped in the middle of a probe."""
    ground = Trial(shape_of(user_classes=(One,)), clock, lambda load: load <= 2)
    while len(ground.loads) < 3:
        ground.tick()
    ground.runner.shape_last_tick, ground.runner.user_count = None, 0
    ground.told.clear()
    ground.found.clear()
    ground.run()
    assert ground.loads == [1, 2, 4, 3, 2, 3]
    assert len(ground.found[-1]["probes"]) == 6


def test_the_run_time_ends_it(clock: Clock) -> None:
    """Locust leaves that to a shape."""
    ground = Trial(shape_of(user_classes=(One,)), clock, lambda load: load <= 5)
    ground.options.run_time = 20
    ground.run()
    assert ground.loads == [1, 2]
    assert ground.found[-1]["ended_by"] == ""


def test_the_shape_offers_its_plan(clock: Clock) -> None:
    """Also for options that are not in force."""
    ground = Trial(shape_of(), clock, lambda _: True)
    environment: Any = ground.runner.environment
    environment.shape_class = ground.shape
    planned = planned_levels(environment)
    assert planned
    assert len(planned) == 40
    assert planned[0].mode == "one"


SAID: dict[str, Any] = {"mode": "non_streaming", "for": "users", "ended_by": "", "waits_until": None}
JUDGED = {"load": 8.0, "verdict": "unclear", "calls": 1447, "share": 0.9687, "low": 0.93, "high": 0.99}


def test_the_console_says_each_verdict() -> None:
    """With what stands behind it, what the search waits for, and its result."""
    assert list(lines({**SAID, "probes": []})) == []
    probe = "  Search      8 users: too close to tell; 96.9 % of 1,447 calls were within the SLO (93.0 to 99.0 %)"
    assert list(lines({**SAID, "probes": [JUDGED], "low": 8, "high": None})) == [probe]
    (_, wait) = lines({**SAID, "probes": [JUDGED], "waits_until": process_clock.wall_at() + 43.2})
    assert wait == "  Search      waits 43 s: calls were throttled, and quotas are per minute"
    client = {"load": 8.5, "verdict": "client", "client": ["busy"], "calls": 1, "share": 1.0, "low": 1.0, "high": 1.0}
    assert list(lines({**SAID, "for": "rate", "probes": [client], "low": 4, "high": None, "ended_by": "client"})) == [
        "  Search      8.5 requests/s: not judged, as the load generator was the limit (busy)",
        "  Search      non-streaming: 4 requests/s met the SLO. The search ended, as the load generator was the limit",
    ]


@pytest.mark.parametrize(
    ("low", "high", "result"),
    [
        (8, 9, "8 users met the SLO, 9 users did not"),
        (None, 9, "no load met the SLO"),
        (None, None, "no load was judged"),
    ],
)
def test_the_console_says_the_result(low: float | None, high: float | None, result: str) -> None:
    """The load, and why the search is over."""
    *_, last = lines({**SAID, "probes": [], "low": low, "high": high, "ended_by": "resolution"})
    assert last == f"  Search      non-streaming: {result}. This is as exact as asked for (search.resolution)"


def test_the_console_says_that_it_is_close() -> None:
    """Where an end of the result is not clear."""
    *_, last = lines({**SAID, "probes": [JUDGED], "low": 8.0, "high": None, "ended_by": "most"})
    assert last.startswith(
        "  Search      non-streaming: 8 users met the SLO (as measured; too close to be sure). The largest"
    )


def test_every_end_has_its_words() -> None:
    """What the shape says."""
    assert set(ENDS) == {"resolution", "most", "start", "probes", "client"}
    assert set(VERDICTS) == {"met", "missed", "unclear", "client", "void"}


def test_the_plan_in_words() -> None:
    """All of it is the most that there can be."""
    prices = {"input_per_million": 1, "output_per_million": 1}
    sections: dict[str, Any] = {"search": {"probes": 4, "most": 3}, "slo": TARGET, "concurrency": {"end": 2}}
    first, length, *more = Plan.of(settings_of(**sections, pricing=prices, test={"max_tokens": 100})).lines()
    assert first == "a search of at most 4 probes, up to 3 users"
    assert length == (
        "at most 4 min, plus the time that the last calls of each level take; at most 675 calls and 67,500"
        " output tokens are expected"
    )
    assert any(line.startswith("expected cost at most 0.24 USD; at most ") for line in more)
    assert more[-1] == "test.load is search: the users of concurrency are left out"


def test_the_header_of_a_search() -> None:
    """Its levels may be shorter."""
    settings = settings_of(search={"probes": 4, "most": 3}, slo=TARGET)
    levels = stock_levels(settings)
    assert "1, 2, 3 users, at most 60 s each" in header(settings, endpoint="e", levels=levels, plan=Plan.of(settings))
