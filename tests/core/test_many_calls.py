"""Live figures of some hundred calls that are drawn once: what a run is counted to, part by part.

`UPDATE_GOLDEN=1 pytest tests/core/test_many_calls.py` writes the golden files anew: read the difference.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.call import CANCELLED, Call
from bedrock_locust.level import Level
from bedrock_locust.live.attainment import PARTS, Record, Target, design_effect, is_good, judge, share_of
from bedrock_locust.live.limits import ErrorRate, Guard
from bedrock_locust.live.tally import Tally
from bedrock_locust.live.timeline import Timeline
from bedrock_locust.process.clock import clock
from bedrock_locust.settings.goals import Slo
from bedrock_locust.settings.schema import Settings

from .golden_files import check_json

if TYPE_CHECKING:
    from collections.abc import Iterator

T0 = 1_800_000_000.0
ERRORS = (("ThrottlingError", "ThrottlingException"), ("TimeoutError", "ReadTimeoutError"), (CANCELLED, ""))
LEVELS = tuple(
    Level(
        key=f"{mode}-{n}",
        mode=mode,
        users=n,
        duration_s=100,
        measured_from=T0 + 110 * place,
        measured_to=T0 + 110 * place + 100,
    )
    for place, (mode, n) in enumerate((("streaming", 2), ("streaming", 4), ("non_streaming", 4)))
)


def drawn(seed: int) -> Iterator[Call]:
    """Calls of three levels, slower from one to the next; one of 12 fails, one of 9 is of the warm-up or the drain."""
    random = Random(seed)
    for place, level in enumerate(LEVELS):
        for number in range(60):
            started_at = T0 + 110 * place + round(random.uniform(-5, 104), 2)
            latency_ms = round(random.uniform(300, 2500) * (1 + place), 1)
            values: dict[str, Any] = {
                "input_tokens": 90 + number,
                "output_tokens": 5 + number % 30,
                "chunks": 5 + number % 7,
            }
            if level.mode == "streaming":
                ttft_ms = round(latency_ms * random.uniform(0.1, 0.4), 1)
                values |= {"ttft_ms": ttft_ms, "last_token_ms": round(latency_ms * random.uniform(0.7, 1), 1)}
            if number % 12 == 5:
                error, code = ERRORS[number // 12 % 3]
                values = {"error": error, "error_code": code, "error_message": f"no {number}"}
            if number % 4 == 1:
                values["scheduled_at"] = started_at - round(random.uniform(0, 0.2), 3)
            inside = 110 * place <= started_at - T0 <= 110 * place + 100
            phase = "measure" if inside else "warmup" if started_at - T0 < 110 * place else "drain"
            yield Call(
                started_at=started_at,
                mode=level.mode,  # type: ignore[arg-type]  # one of both
                operation="o",
                model_id="m",
                name="n",
                latency_ms=latency_ms,
                level=level.key,
                phase=phase,  # type: ignore[arg-type]  # one of three
                **values,
            )


def calls() -> list[Call]:
    """In the order in which they end."""
    return sorted(drawn(7), key=lambda call: call.started_at + call.latency_ms / 1000)


def rounded(values: Any) -> Any:
    """Figures with the digits that are the same everywhere."""
    if isinstance(values, float):
        return float(f"{values:.6g}")
    if isinstance(values, dict):
        return {name: rounded(value) for name, value in values.items()}
    return [rounded(value) for value in values] if isinstance(values, list | tuple) else values


@pytest.fixture
def tally(monkeypatch: pytest.MonkeyPatch) -> Tally:
    """A tally to which each call comes at its end, and each level a second late."""
    made, now = Tally(), [T0]
    monkeypatch.setattr(clock, "wall_at", lambda: now[0])
    made.timeline.started_at = T0 - 10
    coming = list(calls())
    for level in LEVELS:
        assert level.measured_from is not None
        begun, ended = level.measured_from + 1, (level.measured_to or 0) + 1
        for until, told in ((begun, replace(level, measured_to=None)), (ended, level)):
            while coming and coming[0].started_at + coming[0].latency_ms / 1000 <= until:
                call = coming.pop(0)
                now[0] = call.started_at + call.latency_ms / 1000
                made.add(call)
            now[0] = until
            made.level(told)
    for call in coming:
        now[0] = call.started_at + call.latency_ms / 1000
        made.add(call)
    return made


def figures(level: Any) -> dict[str, Any]:
    """All that is counted of a level, or of the run."""
    times = ("latency_ms", "ttft_ms", "tpot_ms", "lateness_ms", "scheduled_latency_ms", "scheduled_ttft_ms")
    sketches = {name: getattr(level, name) for name in times}
    counts = ("calls", "ok", "failed", "cancelled", "input_tokens", "output_tokens", "longest_ms", "window_ok")
    return {
        **{name: getattr(level, name) for name in counts},
        "window_tokens": level.window_tokens,
        "rates": level.rates(),
        "arrived": level.arrived,
        "errors": dict(level.errors),
        "examples": level.examples,
        **{
            name: [sketch.count, sketch.mean, *(sketch.quantile(q) for q in (0, 0.5, 0.95, 1))]
            for name, sketch in sketches.items()
        },
    }


def test_a_tally_of_many_calls(tally: Tally) -> None:
    """Of the run and of each level: counts, tokens, times, what was in its window; then seconds, timeline, failures."""
    found: dict[str, Any] = {"run": figures(tally.total)}
    found |= {name: figures(level) for name, level in tally.levels.items()}
    seconds = tally.seconds
    for start, end in ((T0, T0 + 100), (T0 + 110.5, T0 + 200.25), (T0 + 300.75, T0 + 301.25), (T0 + 320, T0 + 330)):
        rates = [seconds.calls_per_s(start, end), seconds.tokens_per_s(start, end)]
        found[f"seconds {start - T0:g} to {end - T0:g}"] = rates
    assert (seconds.calls_per_s(T0 + 5, T0 + 5), seconds.tokens_per_s(T0 + 5, T0 + 5)) == (0, 0)
    for running in (True, False):
        points = [*tally.timeline.points(T0 + 327.2, running=running)][-6:]
        found[f"points, running {running}"] = [{**point, "t": point["t"] - T0 * 1000} for point in points]
    found["timeline"] = [tally.timeline.rates(T0 + until) for until in (-10, 0, 100, 333.3, 400)]
    found["failures"] = [
        {**one, "t": one["t"] - T0 * 1000, "to": one["to"] - T0 * 1000} for one in tally.timeline.failures()
    ]
    found["interval"] = list(tally.interval()[1:]) + list(tally.interval()[1:])
    check_json("many/tally.json", rounded(found))


def test_the_window_of_a_level_has_what_a_plain_count_has(tally: Tally) -> None:
    """Successes of its group that ended in it, and the tokens that came in it, those of a call spread evenly."""
    for level in LEVELS:
        begun, over = level.measured_from or 0, level.measured_to or 0
        ours = [call for call in calls() if call.ok and call.mode == level.mode]
        ended = sum(begun <= call.started_at + call.latency_ms / 1000 <= over for call in ours)
        tokens = 0.0
        for call in ours:
            span_ms = (call.ttft_ms or 0.0, call.last_token_ms or call.latency_ms)
            first, last = (call.started_at + at_ms / 1000 for at_ms in span_ms)
            share = max(0.0, min(last, over) - max(first, begun)) / (last - first)
            tokens += share * (call.output_tokens or 0)
        counted = tally.levels[level.key]
        assert counted.window_ok == ended
        assert counted.window_tokens == pytest.approx(tokens)


def test_a_timeline_that_grows() -> None:
    """Its buckets double in width as the run goes on; nothing is lost, and the sums stay."""
    made, ok, tokens = Timeline(T0, 1), 0, 0
    for number, call in enumerate(calls() * 8):
        later = replace(call, started_at=call.started_at + 300 * (number // 180))
        made.add(later, later.started_at + 9)
        made.observe(number % 17, later.started_at + 9)
        ok += later.ok
        tokens += (later.output_tokens or 0) * later.ok
    points = list(made.points(T0 + 2500, running=False))
    assert sum(point["requests_per_s"] for point in points) * made.width_s == pytest.approx(ok, abs=0.2)
    assert sum(point["tokens_per_s"] for point in points) * made.width_s == pytest.approx(tokens, abs=10)
    assert made.width_s == 16
    told = [{**point, "t": point["t"] - T0 * 1000} for point in points]
    check_json("many/timeline.json", rounded([told[:3], told[70:73], told[-2:], list(made.failures())[:4]]))


def test_what_is_spread_is_known_once_no_call_of_the_present_length_can_be_in_flight() -> None:
    """A call of 5 s: what came in the first 5 s is known 5 s after them, and not a moment before."""
    made = Timeline(T0)
    made.add(replace(calls()[0], started_at=T0, latency_ms=5000.0), T0 + 5)
    known = [next(made.points(T0 + until, running=True))["in_flight"] for until in (9.997, 10.0)]
    assert known == [None, 1.0]


def test_what_limits_say_of_many_calls() -> None:
    """The share of failures in a window after each twentieth call, and each limit with the call that reaches it."""
    rate, shares = ErrorRate(30), []
    for number, call in enumerate(calls()):
        rate.add(call)
        if number % 20 == 0:
            shares.append([number, rate.calls, rate.percent])
    prices = {"input_per_million": 30, "output_per_million": 150, "cache_write_1h_per_million": 9}
    reached = {}
    for limits in (
        {"max_requests": 31},
        {"max_output_tokens": 501},
        {"max_cost_usd": 0.05},
        {"max_error_rate": 12, "window_seconds": 40},
        {"same_failures": 1},
    ):
        guard = Guard(Settings.model_validate({"model": {"id": "m"}, "pricing": prices, "limits": limits}))
        found = [(number, one) for number, call in enumerate(calls()) if (one := guard.add(call))]
        first = found[0] if found else None
        reached[str(limits)] = first and [first[0], *first[1], guard.total(first[1]), guard.in_the_end(first[1])]
    check_json("many/limits.json", rounded({"shares": shares, **reached}))


def test_what_a_search_makes_of_many_calls() -> None:
    """Good calls of each level, their share with its interval, the design effect, and the verdict over time."""
    slo = Slo(ttft_ms=900, tpot_ms=120, percentile=60, success_rate=80, min_tokens_per_s=9)
    target, found = Target.of(slo), dict[str, Any]()
    records = list[Record]()
    for level in LEVELS:
        record, good = Record(100.0), 0
        for call in drawn(7):
            if call.level == level.key and call.phase == "measure" and not call.cancelled:
                is_it = is_good(slo, call)
                good += is_it
                record.add(call.started_at - (level.measured_from or 0), call.latency_ms / 1000, good=is_it, ok=call.ok)
        records.append(record)
        looks = {
            elapsed: [
                (at := record.at(elapsed, 2.0)).longest_s,
                share_of([at.good]),
                judge(target, [at]).verdict,
                judge(target, [at]).leans,
            ]
            for elapsed in (1.0, 30.0, 60.0, 100.0, 200.0)
        }
        effects = [design_effect(one.hits, one.calls) for one in (record.good.used(), record.ok.used())]
        found[level.key] = {
            "good": good,
            "parts": [sum(record.good.calls[:50]), sum(record.ok.hits)],
            "effects": effects,
        }
        found[level.key] |= {f"after {elapsed:g} s": look for elapsed, look in looks.items()}
    found["together"] = list(judge(target, records))
    waves = [PARTS // 2 + (1 if place % 25 < 12 else -1) * 40 for place in range(PARTS)]
    found["waves"] = [design_effect([wave // 2 + place // 4 for place, wave in enumerate(waves)], waves)]
    found["none"] = [design_effect([0] * PARTS, [0] * PARTS), design_effect([3] * PARTS, [3] * PARTS)]
    check_json("many/search.json", rounded(found))
