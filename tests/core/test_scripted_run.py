"""Whole runs by a script, from their calls to all that is seen of them: console, page, exporters and run folder.

`UPDATE_GOLDEN=1 pytest tests/core/test_scripted_run.py` writes the golden files anew: read the difference.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust import exits
from bedrock_locust.arrivals.schedule import Schedule
from bedrock_locust.call import CANCELLED
from bedrock_locust.histogram import bucket
from bedrock_locust.level import Level
from bedrock_locust.recording.worker_rows import Batch, RowsReport

from .golden_files import check_json, check_text
from .scripted import T0, Script, call, failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from bedrock_locust.call import Call
    from bedrock_locust.live.attainment import Verdict

    Begin = Callable[[Mapping[str, Any]], Script]
    Arrivals = Mapping[str, tuple[int, int]]

PRICES = {
    "input_per_million": 3,
    "output_per_million": 15,
    "cache_read_per_million": 0.3,
    "cache_write_per_million": 3.75,
    "cache_write_1h_per_million": 6,
}


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Make a script with these settings."""
    made = list[Script]()

    def make(settings: Mapping[str, Any]) -> Script:
        made.append(Script(tmp_path, monkeypatch, settings))
        return made[-1]

    monkeypatch.delenv("OTEL_RESOURCE_ATTRIBUTES", raising=False)
    yield make
    for script in made:
        script.close()
    monkeypatch.undo()


def run_level(script: Script, level: Level, begins: float, warmup_s: float, measured_s: float) -> None:
    """A level as a shape tells it, from its start to the end of its window."""
    script.runner.load = level.users or 0
    script.run.on_level(replace(level, started_at=T0 + begins))
    script.until(begins + warmup_s)
    opened = replace(level, phase="measure", started_at=T0 + begins, measured_from=T0 + begins + warmup_s)
    script.run.on_level(replace(opened, users_reached=level.users or 0))
    script.until(begins + warmup_s + measured_s)
    closed = replace(opened, phase="drain", measured_to=T0 + begins + warmup_s + measured_s, completed=True)
    script.run.on_level(replace(closed, users_reached=level.users or 0))


def written(name: str, script: Script, *, whole: bool = False) -> None:
    """Compare what a run left with the golden files of its name; `whole`: also its rows, and what exporters sent."""
    if whole:
        check_text(f"runs/{name}/requests.csv", script.table("requests.csv"))
        check_text(f"runs/{name}/prometheus.txt", script.scraped())
        check_json(f"runs/{name}/otlp.json", script.exported())
    check_text(f"runs/{name}/console.txt", script.console())
    check_text(f"runs/{name}/levels.csv", script.table("levels.csv"))
    check_text(f"runs/{name}/gaps.csv", script.table("gaps.csv"))
    check_json(f"runs/{name}/run.json", script.info())


TWO = Level(key="streaming-02", mode="streaming", users=2, warmup_s=2, duration_s=6)
FOUR = Level(key="streaming-04", mode="streaming", users=4, warmup_s=2, duration_s=6)
WHOLE = Level(key="non_streaming-02", mode="non_streaming", users=2, duration_s=6)


def test_a_run_of_users(begin: Begin) -> None:
    """Two modes; calls of warm-up and drain, cached, throttled, cut off, without counts; tasks fail; a loop is late."""
    script = begin({"pricing": PRICES, "slo": {"ttft_ms": 700, "percentile": 90}, "test": {"max_tokens": 100}})
    run = script.begin([TWO, FOUR, WHOLE])
    warm, open_, late = TWO, replace(TWO, phase="measure"), replace(TWO, phase="drain")
    script.calls(
        call(0.5, 1400.0, warm, ttft_ms=900.0, connect_ms=12.5, send_delay_ms=15.0),
        call(1.9, 1600.0, warm, ttft_ms=400.0),
        call(2.1, 1000.0, open_, gaps={bucket(20.0): 7, bucket(60.0): 2}, max_gap_ms=61.0, read_lag_ms=0.5),
        call(3.2, 1500.0, open_, ttft_ms=300.0, gaps={bucket(20.0): 8, bucket(250.0): 1}, read_lag_ms=1.0),
        call(3.6, 2000.0, open_, ttft_ms=600.0, input_tokens=10, cache_read_tokens=90, read_lag_ms=14.0),
        failed(4.8, 250.0, open_, "ThrottlingError", "ThrottlingException", request_id="req-1"),
        call(5.1, 1800.0, open_, ttft_ms=250.0, cache_write_tokens=40, cache_write_1h_tokens=10, connect_ms=8.0),
        call(7.2, 2500.0, open_, ttft_ms=500.0, input_tokens=None, output_tokens=None),
        call(8.1, 1000.0, late),
    )
    run_level(script, TWO, 0, 2, 6)
    script.pulse.seen = {TWO.key: {"cpu_s": 0.9, "wall_s": 6.0, "lag": {bucket(1.5): 23, bucket(12.0): 1}}}
    check_text("runs/users/panel_first.txt", script.panel())
    check_json("runs/users/page_first.json", script.shown())

    open_ = replace(FOUR, phase="measure")
    script.until(10)
    script.calls(
        *(call(12.0 + 0.5 * number, 1200.0 + 10 * number, open_, output_tokens=30 + number) for number in range(8)),
        call(12.2, 3000.0, open_, output_tokens=1, chunks=1, last_token_ms=200.0),
        call(12.4, 900.0, open_, reasoning_tokens=15, content_bytes=25, reasoning_bytes=5, first_text_ms=300.0),
        failed(13.0, 40.0, open_, "ThrottlingError", "ThrottlingException"),
        failed(13.1, 60.0, open_, "ThrottlingError", "ServiceQuotaExceededException"),
        failed(13.2, 5000.0, open_, "TimeoutError", "ReadTimeoutError", error_stage="stream", ttft_ms=300.0),
        failed(17.0, 900.0, open_, CANCELLED, "", error_message=""),
    )
    run_level(script, FOUR, 10, 2, 6)
    script.pulse.seen = {FOUR.key: {"cpu_s": 5.7, "wall_s": 6.0, "lag": {bucket(80.0): 24}}}
    script.until(19)
    check_text("runs/users/panel_second.txt", script.panel() + script.panel(72))
    check_json("runs/users/state.json", json.loads(script.state()))
    script.until(22)

    open_ = replace(WHOLE, phase="measure")
    script.calls(*(call(22.1 + number, 950.0, open_) for number in range(5)))
    script.runner.exceptions[1] = {"msg": "KeyError: 'x'", "count": 2, "traceback": "", "nodes": {"local"}}
    run_level(script, WHOLE, 22, 0, 6)
    check_json("runs/users/page_second.json", script.shown())
    run.on_level(None)
    script.until(30)
    run.stopping()
    script.time.cpu_s = 12.3
    assert script.end() == []
    written("users", script, whole=True)
    check_json("runs/users/page_end.json", script.shown())
    assert script.pulse.stopped


def part(number: int, first: float, last: float, duration_s: float, warmup_s: float = 0.0) -> Level:
    """A part of a profile of rates."""
    level = Level(key=f"streaming-part-{number}", mode="streaming", part=number, duration_s=duration_s, max_in_flight=3)
    mean = (first + last) / 2
    return replace(level, warmup_s=warmup_s, rate_per_s=mean, rate_from_per_s=first, rate_to_per_s=last)


def told(script: Script, worker: str, number: int, calls: list[Call], arrivals: Arrivals, **more: Any) -> bool:
    """Have a worker report these calls, and how many arrivals of each level it has made and dropped."""
    batch = Batch(
        number, [replace(one, worker=worker).to_row() for one in calls], more.pop("gaps", {}), more.pop("pulse", {})
    )
    counts = {level: {"measure": list(count)} for level, count in arrivals.items()}
    about = {"rows_made": len(calls), "cpu_percent": 12.5, "last": None, "in_flight": 1}
    values = {name: more.pop(name, usual) for name, usual in about.items()}
    report = RowsReport(run="run-1", batches=(batch,), arrivals=counts, **values)
    return script.run.recorder.add_report(worker, report, **more)


def late(level: Level, first_at: float, count: int, every_s: float, late_s: float) -> list[Call]:
    """Calls that start this much after their arrivals."""
    calls = [call(first_at + number * every_s + late_s, 800.0 + 20 * number, level) for number in range(count)]
    return [replace(one, scheduled_at=one.started_at - late_s) for one in calls]


def test_a_profile_of_rates_on_workers(begin: Begin) -> None:
    """Three parts; arrivals are dropped and missed; a worker is lost, one stands still, one is refused; Ctrl-C."""
    one, two, three = part(1, 2.0, 2.0, 5, warmup_s=1), part(2, 2.0, 4.0, 6), part(3, 4.0, 4.0, 20)
    script = begin({"test": {"max_tokens": 50}, "slo": {"latency_ms": 2000}})
    run = script.begin([one, two, three], workers=True)
    run.recorder.join("c").refuse("it has no profile 'load'")
    drawn: dict[str, Any] = {"user_class": "StreamingUser", "burstiness": None, "seed": 1, "max_in_flight": 3}
    run.on_schedule(Schedule(start_at=T0 + 1, levels=(one, two, three), **drawn))
    script.until(1)
    run.on_level(replace(one, started_at=T0 + 1))
    script.until(2)
    one = replace(one, started_at=T0 + 1, measured_from=T0 + 2, phase="measure")
    run.on_level(one)
    script.until(4)

    beats = {"cpu_s": 0.6, "wall_s": 3.0, "lag": {bucket(2.0): 12}}
    first = late(one, 2.0, 3, 1.0, 0.004)
    assert not told(script, "a", 1, first, {one.key: (3, 0)}, pulse={one.key: beats})
    assert not told(script, "b", 1, late(one, 2.5, 2, 1.0, 0.25), {one.key: (2, 1)}, gaps={one.key: {bucket(30.0): 4}})
    check_json("runs/rates/page_first.json", script.shown())
    check_text("runs/rates/panel.txt", script.panel())
    script.until(7)
    run.on_level(replace(one, phase="drain", measured_to=T0 + 7, completed=True))
    two = replace(two, phase="measure", started_at=T0 + 7, measured_from=T0 + 7)
    run.on_level(two)
    script.until(8)
    told(script, "a", 1, first, {one.key: (3, 0)}, rows_made=3)  # the same once more
    again = [*late(one, 5.0, 2, 1.0, 0.002), call(5.5, 400.0, one, session="s1", turn=2)]
    assert not told(script, "a", 2, again, {one.key: (5, 0), two.key: (1, 0)}, rows_made=6)
    script.until(12)
    run.recorder.records["b"].lose(T0 + 5)
    run.recorder.change("b", "lost", T0 + 5)
    still = {two.key: {"cpu_s": 0.1, "wall_s": 4.0, "lag": {bucket(1500.0): 1, bucket(3.0): 9}}}
    throttled = failed(9.0, 90.0, two, "ThrottlingError", "ThrottlingException", scheduled_at=T0 + 9)
    calls = [*late(two, 7.0, 8, 0.5, 0.01), throttled]
    assert not told(script, "a", 4, calls, {one.key: (5, 0), two.key: (9, 2)}, rows_made=15, pulse=still)
    script.until(13)
    run.on_level(replace(two, phase="drain", measured_to=T0 + 13, completed=True))
    run.on_level(replace(three, phase="measure", started_at=T0 + 13, measured_from=T0 + 13))
    script.until(14)
    run.stopping()
    script.until(17)
    check_json("runs/rates/page_second.json", script.shown())
    last: dict[str, Any] = {"rows_made": 17, "last": 5, "in_flight": 0}
    about = {"cpu_percent": 33.3, "clock_offset_ms": -2.5, "warning": "few open files"}
    cut = [failed(13.2, 900.0, three, CANCELLED, "", scheduled_at=T0 + 13.2)]
    everything = {one.key: (5, 0), two.key: (9, 2), three.key: (3, 1)}
    assert not told(script, "a", 5, cut, everything, **last)
    assert told(script, "a", 3, late(two, 11.0, 1, 1.0, 0.0), everything, **last, **about)
    assert script.end(stopped_by="Ctrl-C") == [exits.FAILED, exits.ENDED_EARLY]
    written("rates", script, whole=True)


def test_a_search_that_misses_its_slo(begin: Begin, tmp_path: Path) -> None:
    """Three probes: one met, one missed, one that is judged by its calls so far; the report says what it concludes."""
    slo = {"ttft_ms": 500, "percentile": 90, "success_rate": 95, "min_tokens_per_s": 10}
    script = begin({"slo": slo, "search": {"start": 2, "most": 8}, "concurrency": {"duration_seconds": 10}})
    planned = [Level(key=f"probe-{n}", mode="streaming", users=n, duration_s=10, kind="search") for n in (2, 4, 8)]
    run, found, probes = script.begin(planned), list[dict[str, Any]](), list[dict[str, Any]]()
    verdicts: tuple[Verdict, ...] = ("met", "missed", "unclear")
    state: dict[str, Any] = {
        "mode": "streaming",
        "for": "users",
        "low": None,
        "high": None,
        "waits_until": None,
        "ended_by": "",
    }
    for place, (users, slow, verdict) in enumerate(zip((2, 4, 4), (0, 30, 5), verdicts, strict=True)):
        begins = 12.0 * place
        level = Level(key=f"streaming-{place}", mode="streaming", users=users, duration_s=10, kind="search")
        opened = replace(level, phase="measure")
        calls = [
            call(begins + 0.2 * n, 900.0, opened, ttft_ms=700.0 if n < slow else 200.0, chunks=20) for n in range(48)
        ]
        calls[7] = replace(calls[7], ttft_ms=490.0, read_lag_ms=15.0)
        if place == 0:
            calls[10:20] = [replace(one, ttft_ms=499.9) for one in calls[10:20]]
        if place == 1:
            calls[3] = failed(begins + 0.6, 30.0, opened, "ThrottlingError", "ThrottlingException")
        script.calls(*calls)
        script.runner.load = users
        script.run.on_level(replace(opened, started_at=T0 + begins, measured_from=T0 + begins))
        script.until(begins + 5)
        keys = [level.key] if place < 2 else ["streaming-1", level.key]
        found.append(script.judge.answer(keys, 5.0, "unclear"))
        check_text(f"runs/search/panel_{place}.txt", script.panel())
        script.until(begins + 10)
        closed = replace(opened, phase="drain", started_at=T0 + begins, measured_from=T0 + begins)
        script.run.on_level(replace(closed, measured_to=T0 + begins + 10, completed=True))
        script.until(begins + 11)
        found.append(script.judge.answer(keys, None, verdict))
        said = found[-1]
        share = {name: said[name] for name in ("calls", "share", "low", "high")}
        probes.append({"level": level.key, "load": users, "verdict": verdict, **share})
        state |= {"probes": list(probes), "low": 2, "high": None if place == 0 else 4}
        waits, ended = T0 + begins + 41 if place == 1 else None, "resolution" if place == 2 else ""
        run.on_search({**state, "waits_until": waits, "ended_by": ended})
        script.until(begins + 12)
    run.on_level(None)
    check_json("runs/search/answers.json", found)

    def report(folder: Path, copy: Path) -> Path:
        summary = [
            "2 users met the SLO.",
            "- A point that is long enough to go on in the next line of a terminal: " + "x " * 40,
        ]
        slo = {"passed": False, "failed": ["streaming-1"], "levels": {"streaming-1": {"met": False}}}
        (folder / "report.json").write_text(json.dumps({"summary": summary, "slo": slo}), encoding="utf-8")
        (folder / "report.md").write_text("# Report", encoding="utf-8")
        copy.write_text("# Report", encoding="utf-8")
        copy.with_suffix(".html").write_text("<p>", encoding="utf-8")
        return folder / "report.md"

    assert script.end(report) == [exits.GATE]
    written("search", script)
    check_json("runs/search/page_end.json", script.shown())


def test_a_run_without_levels_that_ends_at_a_limit(begin: Begin) -> None:
    """Each call fails alike; the limit says so, and the log what to do."""
    limits = {"same_failures": 5, "max_requests": 100}
    script = begin({"limits": limits, "pricing": {**PRICES, "currency": "EUR"}})
    run = script.begin(None, shape=False)
    script.runner.load = 3
    code = "AccessDeniedException"
    script.calls(*(failed(0.5 + 0.4 * n, 200.0, None, "AccessDeniedError", code) for n in range(7)))
    script.until(2)
    check_text("runs/limit/panel.txt", script.panel())
    script.until(3)
    check_json("runs/limit/page.json", script.shown())
    script.until(5)
    assert script.runner.stopped == 1
    run.stopping()
    script.time.step_s = 2.5
    script.until(6)
    script.freeze(3.0)
    script.freeze(3.5)
    assert script.info()["rows_written"] == 0
    script.until(21.5)
    assert script.info()["rows_written"] == 7, "every 15 ticks"
    assert script.end() == [exits.ENDED_EARLY]
    written("limit", script)
    check_text("runs/limit/prometheus.txt", script.scraped())
