"""How much is kept, shown or waited for, and how long: each bound from both of its sides."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from bedrock_locust.call import Call
from bedrock_locust.level import Level
from bedrock_locust.live.health import Health
from bedrock_locust.live.limits import ErrorRate, Guard
from bedrock_locust.live.output import Outcome
from bedrock_locust.live.tally import Seconds, Tally
from bedrock_locust.live.task_errors import TaskErrors
from bedrock_locust.live.timeline import Timeline
from bedrock_locust.outputs.otlp.output import Otlp
from bedrock_locust.outputs.prometheus import last_scrape
from bedrock_locust.outputs.prometheus.figures import Figures
from bedrock_locust.outputs.prometheus.last_scrape import LastScrape
from bedrock_locust.outputs.web import runs as web_runs
from bedrock_locust.outputs.web.live import Live
from bedrock_locust.outputs.web.past_runs import PastRuns
from bedrock_locust.outputs.web.rows import LevelRows
from bedrock_locust.outputs.web.runs import Runs
from bedrock_locust.process.clock import clock
from bedrock_locust.settings.schema import Settings

from .otlp_receiver import Receiver
from .test_otlp_output import RECORDED, to
from .test_output import run_of

T0 = 1_800_000_000.0
CALL = Call(
    started_at=T0,
    mode="streaming",
    operation="o",
    model_id="m",
    name="n",
    latency_ms=1000,
    ttft_ms=0,
    last_token_ms=1000,
    output_tokens=10,
)
LEVEL = Level(key="a", mode="streaming", users=1, started_at=T0, measured_from=T0, phase="measure")


@pytest.mark.parametrize(("told_after_s", "counted"), [(3.0, 1), (3.001, 0)])
def test_a_call_waits_three_seconds_for_its_window(
    monkeypatch: pytest.MonkeyPatch, told_after_s: float, counted: int
) -> None:
    """A shape tells a window at its next tick: calls that ended shortly before count in it."""
    tally, now = Tally(), [T0 + 1]
    monkeypatch.setattr(clock, "wall_at", lambda: now[0])
    tally.add(replace(CALL, level="a", phase="measure"))
    now[0] += told_after_s
    tally.add(replace(CALL, mode="non_streaming"))
    tally.level(LEVEL)
    level = tally.levels["a"]
    assert (level.calls, level.window_ok, level.window_tokens) == (counted, counted, 10 * counted)


@pytest.mark.parametrize(("later", "tokens"), [(19, 10), (20, 0)])
def test_a_call_reaches_twenty_levels_back(later: int, tokens: int) -> None:
    """Into windows of its group: one that lasts for more of them is rare."""
    tally = Tally()
    tally.level(LEVEL)
    for number in range(later):
        tally.level(replace(LEVEL, key=f"b{number}", measured_from=T0 + 100))
    tally.add(replace(CALL, level="a"))
    assert tally.levels["a"].window_tokens == tokens


def test_seconds_are_those_of_the_last_two_minutes() -> None:
    """A call that ended 120 s ago counts, an older one does not; what is older is forgotten once it is much."""
    for ago_s, count in ((120.0, 1), (120.5, 0), (-120.0, 1), (-120.5, 0)):
        seconds = Seconds()
        seconds.add(CALL, T0 + 1 + ago_s)
        assert seconds.calls_per_s(T0 + 1, T0 + 2) == count
    seconds = Seconds()
    seconds.add(replace(CALL, last_token_ms=1_000_000), T0 + 1)
    rates = [seconds.tokens_per_s(T0 + at, T0 + at + 1) for at in (0, 121, 122)]
    assert rates == pytest.approx([0.01, 0.01, 0]), "a row that says so must not keep this busy for good"
    seconds = Seconds()
    for second in range(482):
        seconds.add(replace(CALL, started_at=T0 + second), T0 + second + 1)
        if second in {480, 481}:
            kept = [at for at in range(1, 483) if seconds.calls_per_s(T0 + at, T0 + at + 1)]
            assert kept[0] == {480: 1, 481: 362}[second]


@pytest.mark.parametrize(("at_s", "width_s"), [(1499.9, 5), (1500, 10), (2999.9, 10), (3000, 20)])
def test_a_timeline_has_300_points(at_s: float, width_s: int) -> None:
    """Then its buckets double in width."""
    made = Timeline(T0)
    made.observe(1, T0 + at_s)
    assert made.width_s == width_s


@pytest.mark.parametrize(("later_s", "longest_s"), [(59, 40), (60, 0)])
def test_the_length_of_calls_is_that_of_the_last_minute(later_s: float, longest_s: float) -> None:
    """By it the points are known whose figures may still change."""
    made = Timeline(T0)
    made.add(replace(CALL, started_at=T0, latency_ms=40_000), T0 + 40)
    now = T0 + 40 + later_s
    made.observe(1, now)
    known = [point["t"] / 1000 for point in made.points(now + 1, running=True) if point["in_flight"] is not None]
    assert max(known) + 5 <= now + 1 - longest_s < max(known) + 10


def test_exceptions_in_tasks_are_told_short() -> None:
    """The three most frequent, their first 120 characters, and whether there are more than one of ten calls."""
    said = {"a" * 121: 3, "b": 1, " ": 5, "c\n d": 4}
    found = TaskErrors.of([{"msg": text, "count": count} for text, count in said.items()])
    most = f"no message (5 times), c d (4 times), {'a' * 120} (3 times)"
    assert str(found) == f"13 exceptions in tasks, most often: {most}"
    assert [found.spin(calls) for calls in (0, 129, 130)] == [True, True, False]
    assert str(TaskErrors.of([{"msg": "x", "count": 1}])) == "1 exception in tasks, most often: x (1 time)"


def test_a_share_of_failures_is_judged_from_twenty_calls_on() -> None:
    """Of those of the window: a call leaves it once it ended more than its length ago."""
    limits = {"max_error_rate": 50, "window_seconds": 10}
    guard = Guard(Settings.model_validate({"model": {"id": "m"}, "limits": limits}))
    failed = replace(CALL, error="ThrottlingError")
    found = [guard.add(call) for call in [CALL] * 10 + [failed] * 10]
    assert found[:19] == [None] * 19
    assert found[19] == ("limits.max_error_rate", "50.0 % of 20 calls within 10 s failed")
    rate = ErrorRate(10)
    for started_s in (0, 10, 10.9, 11):
        rate.add(replace(CALL, started_at=T0 + started_s))
        assert rate.calls == {0: 1, 10: 2, 10.9: 3, 11: 3}[started_s]


@pytest.mark.parametrize(
    ("came_at_s", "limit_s"),
    [
        ((5,), 6),
        ((5, 7), 3),
        ((5, 23, 24), 19),
        ((5, 24, 25), 20),
        ((5, 124, 125), 20),
        ((0, 9, 10, 11, 12, 13), 10),
        ((0, 9, 10, 11, 12, 13, 14), 2),
    ],
)
def test_the_last_scrape_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, came_at_s: tuple[float, ...], limit_s: float
) -> None:
    """For the longest of the last five intervals and a second, 20 s at most; 5 s where the server came once only."""
    moments = iter(came_at_s)
    monkeypatch.setattr(last_scrape, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    waits = LastScrape(Figures())
    for version in range(len(came_at_s)):
        waits.seen(version)
    assert waits.limit_s == limit_s


@pytest.mark.parametrize(
    ("calls", "fetched_at", "asked_to_end", "slept_s"),
    [
        (0, 0, False, 0),
        (1, 3, False, 0.3 + 2 * 0.1 + 0.2),
        (1, 1, False, 6.0),
        (1, 0, False, 6.0),
        (1, 0, True, 3.0),
    ],
)
def test_the_end_waits_until_the_last_figures_have_been_fetched(
    monkeypatch: pytest.MonkeyPatch, calls: int, fetched_at: int, asked_to_end: bool, slept_s: float
) -> None:
    """Not where nothing is new; a fetch in the first 0.3 s may have been given up since. 3 s at most after a signal."""
    figures, now, sleeps = Figures(), [0.0], list[float]()
    waits = LastScrape(figures, lambda: asked_to_end)

    def sleep(seconds: float) -> None:
        sleeps.append(seconds)
        now[0] += seconds
        if len(sleeps) == fetched_at:
            waits.seen(figures.version)

    monkeypatch.setattr(last_scrape, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(last_scrape, "gevent", SimpleNamespace(sleep=sleep))
    waits.seen(figures.version)
    for _ in range(calls):
        figures.add(CALL)
    waits.end(Outcome("complete", "", Path(), None, ()))
    assert sum(sleeps) == pytest.approx(slept_s, abs=0.11 if slept_s >= 3 else 1e-6)


def test_spans_wait_in_bounded_number(caplog: pytest.LogCaptureFixture) -> None:
    """20,000 wait, which are sent 1,000 at a time; further ones are dropped, and counted."""
    receiver = Receiver()
    try:
        output = Otlp(to(receiver.url))
        output.begin(run_of(info={"run": "run-1", "endpoint": "https://e"}))
        for _ in range(20_001):
            output.add(CALL)
        with gevent.Timeout(60):
            output.tick(RECORDED)
    finally:
        receiver.close()
    sizes = [len(one.resource_spans[0].scope_spans[0].spans) for one in receiver.traces]
    assert Counter(sizes) == {1000: 20}
    [line] = [record.getMessage() for record in caplog.records if receiver.url in record.getMessage()]
    assert line.startswith("bedrock-locust: 1 span did not reach ")
    assert line.endswith(" and is dropped")


def a_run(levels: int, name: str = "run") -> Any:
    """A run with levels that have begun."""
    tally = Tally()
    for number in range(levels):
        tally.level(replace(LEVEL, key=f"{number:03d}", started_at=T0 + number))
    info = {"started_at": T0, "levels_planned": levels, "endpoint": "e", "settings": {"model": {"id": "m"}}}
    view = {"tally": tally, "health": Health(), "is_local": True, "levels": None, "path": SimpleNamespace(name=name)}
    state = {"state": "complete", "reason": "", "trouble": "", "ended_at": None, "arrivals": lambda _: None}
    return SimpleNamespace(**view, **state, info=info, settings=Settings.model_validate({"model": {"id": "m"}}))


@pytest.mark.parametrize(("levels", "labels"), [(24, 24), (25, 0)])
def test_a_chart_has_room_for_24_labels(levels: int, labels: int) -> None:
    """Of more levels none has one."""
    runs = Runs()
    runs.begin(a_run(levels))
    assert sum(level["label"] == "1" for level in json.loads(Live(runs).page())["levels"]) == labels


def test_tables_and_lists_have_a_length(tmp_path: Path) -> None:
    """500 levels, 100 runs of this process, 200 of the folder: of more, the last ones, or the newest."""
    run = a_run(501)
    rows = LevelRows(run.tally, run.health).rows(T0 + 600)
    assert (len(rows), rows[0]["level"], rows[-1]["level"]) == (500, "001", "500")
    runs = Runs()
    runs.begin(run)
    shown = json.loads(Live(runs).page())["levels"]
    assert (len(shown), shown[0]["level"]) == (500, "001")
    for number in range(100):
        runs.begin(a_run(0, f"{number:03d}"))
    assert [len(list(runs)), next(iter(runs)).path.name, runs.find("run")] == [100, "000", None]
    for number in range(201):
        (tmp_path / f"{number:03d}").mkdir()
        (tmp_path / f"{number:03d}" / "run.json").write_text("{}", encoding="utf-8")
    names = [past.about["name"] for past in PastRuns(lambda: tmp_path)]
    assert (len(names), names[0], names[-1]) == (200, "200", "001")


def test_a_run_that_was_asked_for_is_expected_for_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless it does not begin; one that goes on is there."""
    now = [100.0]
    monkeypatch.setattr(web_runs, "time", SimpleNamespace(monotonic=lambda: now[0]))
    runs = Runs()
    assert not runs.is_starting
    runs.expect()
    now[0] = 129.9
    assert runs.is_starting
    now[0] = 130.0
    assert not runs.is_starting
    runs.expect()
    runs.give_up()
    assert not runs.is_starting
    run = a_run(0)
    runs.begin(run)
    assert not runs.is_starting
    run.state = "running"
    assert runs.is_starting
