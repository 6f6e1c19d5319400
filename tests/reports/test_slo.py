"""What was not measured is no pass, and calls that timed out are slow calls."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.edition import Edition, edition
from reports.numbers.slo import LOAD, Check, Gate, Slo, gate, wanted
from reports.reading.levels import levels
from reports.reading.run import read
from reports.report import markdown

from . import closed_loop, run_folders
from .test_numbers import AT, END, part, rows

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from .closed_loop import Row


def head_of(run: run_folders.Folder, path: Path, slo: Row) -> tuple[Edition, str]:
    """What is known of a run with this SLO, and the first screen."""
    run.info["settings"]["slo"] = slo
    found = edition(read(run.write(path)))
    return found, markdown(found, {}).split("\n## ")[0]


def no_counts(_: random.Random, __: int) -> Row:
    """An answer of which nobody says how long it is."""
    return closed_loop.streamed(1000, tokens=None) | {"input_tokens": None}


def no_first_token(_: random.Random, __: int) -> Row:
    """A stream of which the first token was not seen."""
    return closed_loop.streamed(1000) | dict.fromkeys(("ttft_ms", "first_text_ms", "last_token_ms", "max_gap_ms"))


def single_event(_: random.Random, __: int) -> Row:
    """50 tokens in one event after 5 s."""
    times = {"ttft_ms": 4990, "first_text_ms": 4990, "last_token_ms": 4990, "max_gap_ms": None}
    return closed_loop.streamed(5000, tokens=50) | times | {"chunks": 1}


@pytest.mark.parametrize(
    ("answer", "slo", "what"),
    [
        (no_counts, {"min_tokens_per_s": 50}, "tokens/s for each user"),
        (single_event, {"min_tokens_per_s": 50}, "tokens/s for each user"),
        (no_counts, {"tpot_ms": 100}, "time per token P95"),
        (no_first_token, {"ttft_ms": 5_000}, "TTFT P95"),
    ],
)
def test_a_criterion_without_a_value_is_not_measured(tmp_path: Path, answer: object, slo: Row, what: str) -> None:
    """The gate fails for that reason, and no sentence calls it too few calls or says that the SLO is met."""
    found, text = head_of(closed_loop.run((4, 8), answer), tmp_path, slo)  # type: ignore[arg-type]  # one of the above
    assert found.gate_passed is False
    assert f"{what} not measured in streaming at 4 users and streaming at 8 users." in text
    assert "**SLO gate: failed**" in text
    assert "**Streaming: the SLO was not measured in full**" in text
    assert "too few" not in text.lower().split("† too few")[0]
    assert "meets the SLO" not in text


@pytest.mark.parametrize(("latency_ms", "asked", "passes"), [(5_300, 50, False), (2_300, 20, True)])
def test_a_speed_is_judged(tmp_path: Path, latency_ms: float, asked: float, *, passes: bool) -> None:
    """About 20 tokens/s where 50 are asked for; 50 where 20 are."""
    run = closed_loop.run((4,), lambda *_: closed_loop.streamed(latency_ms))
    found, text = head_of(run, tmp_path, {"min_tokens_per_s": asked})
    assert found.gate_passed is passes
    assert ("tokens/s for each user, less than 50" in text) is not passes


def test_output_that_nobody_counted_is_not_zero(tmp_path: Path) -> None:
    """Output tokens/s of a level without any counts is not known."""
    found, _ = head_of(closed_loop.run((4,), no_counts), tmp_path, {})
    assert found.figures["output_tokens_per_s"].isna().all()
    assert "| Output tokens/s" not in markdown(found, {})


def test_calls_that_timed_out_are_slow_calls(tmp_path: Path) -> None:
    """More than half of them at 3 s: the median is longer than 3 s; that of the successes has a name of its own."""

    def half_time_out(random_: random.Random, _: int) -> Row:
        latency_ms = 1000 * random_.lognormvariate(1.2, 0.5)
        return closed_loop.streamed(latency_ms) if latency_ms < 3000 else closed_loop.failed("TimeoutError", 3000)

    found, text = head_of(closed_loop.run((4,), half_time_out), tmp_path, {"latency_ms": 2_900, "percentile": 50})
    row = found.figures.loc["streaming-04"]
    assert (row["latency_ms_p50"], row["latency_ms_p50_longer"]) == (3000, 1)
    assert row["latency_ms_of_successes_p50"] < 3000
    assert found.gate_passed is False
    assert "latency P50 was > 3.00 s, more than 2.90 s" in text
    assert "> 3.00 †" in text


def test_answers_that_broke_off_late_are_slow_calls(tmp_path: Path) -> None:
    """8 % that failed after 10 s are no reason to pass a P95 of 2 s."""

    def some_break_off(random_: random.Random, _: int) -> Row:
        if random_.random() < 0.08:
            return closed_loop.failed("StreamInterruptedError", 10_000, "stream")
        return closed_loop.streamed(1500)

    run = closed_loop.run((16,), some_break_off, window_s=120)
    found, text = head_of(run, tmp_path, {"latency_ms": 2_000, "success_rate": 80})
    assert found.figures["latency_ms_p95_longer"]["streaming-16"] == 1
    assert found.gate_passed is False
    assert "latency P95 was > 10.0 s, more than 2.00 s" in text


def test_a_limit_beyond_the_time_out_is_not_known_to_be_kept(tmp_path: Path) -> None:
    """All that is known is that P95 is above 3 s: that is neither a pass nor a miss of 5 s."""

    def time_out(random_: random.Random, _: int) -> Row:
        return closed_loop.failed("TimeoutError", 3000) if random_.random() < 0.2 else closed_loop.streamed(1000)

    found, text = head_of(closed_loop.run((4,), time_out), tmp_path, {"latency_ms": 5_000, "success_rate": 50})
    assert found.gate is not None
    assert found.gate.met("streaming-04") is None
    assert "latency P95 not measured in streaming at 4 users" in text


@pytest.mark.parametrize(
    ("loads", "slo", "said"),
    [((4, 8), {}, True), ((4, 8), {"users": 8}, False), ((4,), {}, False), ((4, 8), {"latency_ms": 9_000}, False)],
)
def test_a_gate_that_fails_says_that_every_level_counts(
    tmp_path: Path, loads: tuple[int, ...], slo: Row, *, said: bool
) -> None:
    """Where a number of users could be set, and was not: not for one level, and not for a gate that passes."""
    run = closed_loop.run(loads, lambda *_: closed_loop.streamed(3_000))
    _, text = head_of(run, tmp_path, {"latency_ms": 2_000} | slo)
    assert ("Levels above the limit count too: set `slo.users`" in text) is said


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Edition:
    """Both modes at 4 users; each call takes 1 s, its first token 300 ms, each of the 99 others 7.06 ms."""
    folders = [closed_loop.run((4,), lambda *_: closed_loop.streamed(1000), mode=mode) for mode in MODES]
    both = folders[0]
    for row in (*folders[1].requests, *folders[1].levels):
        both.requests.append(row) if "latency_ms" in row else both.levels.append(row)
    both.info = run_folders.info(len(both.requests), 2)
    return edition(read(both.write(tmp_path_factory.mktemp("steady"))))


MODES = ("streaming", "non_streaming")
TPOT_MS = (999 - 300) / 99


def judged(known: Edition, slo: Row, others: dict[str, float] | None = None, **figures: Any) -> Gate:
    """The verdict on another SLO, other figures, or another load."""
    run = replace(known.run, info=known.run.info | {"settings": {"slo": slo}})
    found = gate(run, known.levels, known.figures.assign(**figures), others or {})
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("slo", "streaming", "whole"),
    [
        ({"latency_ms": 999.9}, [(999.9, 1000, False, False)], [(999.9, 1000, False, False)]),
        ({"latency_ms": 1000}, [(1000, 1000, True, True)], [(1000, 1000, True, True)]),
        ({"latency_ms": 1000.1}, [(1000.1, 1000, True, False)], [(1000.1, 1000, True, False)]),
        ({"ttft_ms": 299}, [(299, 300, False, False)], []),
        ({"ttft_ms": 300}, [(300, 300, True, True)], []),
        ({"ttft_ms": 301, "percentile": 50}, [(301, 300, True, False)], []),
        ({"tpot_ms": 7}, [(7, TPOT_MS, False, False)], []),
        ({"tpot_ms": 7.1}, [(7.1, TPOT_MS, True, False)], []),
        ({"min_tokens_per_s": 142}, [(142, 1000 / TPOT_MS, False, False)], []),
        ({"min_tokens_per_s": 141}, [(141, 1000 / TPOT_MS, True, False)], []),
        ({"success_rate": 100}, [(100, 100, True, True)], [(100, 100, True, True)]),
        ({"success_rate": 90}, [(90, 100, True, False)], [(90, 100, True, False)]),
    ],
    ids=str,
)
def test_each_condition_at_its_limit(steady: Edition, slo: Row, streaming: list[Any], whole: list[Any]) -> None:
    """Limit, value, whether it is met, and whether chance could turn that; below the limit, at it and above."""
    found = judged(steady, slo)
    [criterion] = set(slo) - {"percentile"}
    for key, expected in (("streaming-04", streaming), ("non_streaming-04", whole)):
        checks = [one for one in found.checks[key] if one.criterion == criterion]
        assert [(one.limit, pytest.approx(one.value, rel=1e-5), one.met, one.close) for one in checks] == expected
        failures = [one for one in found.checks[key] if one.criterion != criterion]
        assert failures == ([] if criterion == "success_rate" else [Check("success_rate", 99, 100, True, False)])
        assert not any(one.longer for one in checks)


@pytest.mark.parametrize(
    ("ok", "failed", "sides", "met", "close"),
    [
        (100, 0, (0.96, 1.0), True, False),
        (9, 1, (0.5, 0.99), True, False),
        (8, 2, (0.5, 0.95), False, False),
        (198, 2, (0.96, 0.999), True, False),
        (197, 3, (0.96, 0.999), False, True),
        (197, 3, (0.96, 0.99), False, True),
        (197, 3, (0.96, 0.989), False, False),
        (197, 3, (0.99, 0.999), False, True),
    ],
)
def test_failures_that_are_tolerable(
    steady: Edition, *, ok: float, failed: float, sides: tuple[float, float], met: bool, close: bool
) -> None:
    """One in 100, and one by chance; too close to tell where the bound lies inside the interval."""
    about = {"ok": ok, "failed": failed, "success_rate_low": sides[0], "success_rate_high": sides[1]}
    found = judged(steady, {"latency_ms": 2_000}, None, **about).checks["streaming-04"][-1]
    assert found.value == pytest.approx(100 * ok / (ok + failed))
    assert replace(found, value=0) == Check("success_rate", 99, 0, met, close)


def test_a_level_without_an_ended_call_has_no_check(steady: Edition) -> None:
    """Also where it had another load; one that has calls is then not measured at its own."""
    slo = {"latency_ms": 2_000}
    assert judged(steady, slo, {"streaming-04": 50}, ok=0.0, failed=0.0).checks == {}
    found = judged(steady, slo, {"streaming-04": 50.5})
    assert found.checks["streaming-04"][-1] == Check(LOAD, 99, 50.5, None, False)
    assert [check.criterion for check in found.checks["non_streaming-04"]] == ["latency_ms", "success_rate"]
    assert found.unmeasured("streaming-04") == found.checks["streaming-04"][-1:]
    assert found.unmeasured("non_streaming-04") == []


def check(met: bool | None, *, close: bool = False, criterion: str = "latency_ms") -> Check:
    """One condition."""
    return Check(criterion, 1, 1, met, close)


@pytest.mark.parametrize(
    ("checks", "met", "clearly_missed", "unsure"),
    [
        ([], None, False, False),
        ([check(True)], True, False, False),
        ([check(True), check(True, close=True)], True, False, True),
        ([check(True), check(None)], None, False, False),
        ([check(False), check(None)], False, True, False),
        ([check(False), check(True, close=True)], False, True, False),
        ([check(False, close=True), check(True)], False, True, True),
        ([check(False, close=True), check(False)], False, True, False),
        ([check(False, close=True, criterion="success_rate")], False, False, True),
        ([check(False, criterion="success_rate")], False, True, False),
    ],
    ids=str,
)
def test_a_verdict_on_a_level(checks: list[Check], *, met: bool | None, clearly_missed: bool, unsure: bool) -> None:
    """All conditions together: what is not measured is no pass, and a miss is a miss."""
    found = Gate(Slo(latency_ms=1), {"one": checks}, pd.DataFrame())
    assert (found.met("one"), found.clearly_missed("one"), found.unsure("one")) == (met, clearly_missed, unsure)
    assert found.met("another") is None
    table = pd.DataFrame({"mode": ["streaming"], "unit": ["users"], "load": [4.0]}, index=["one"])
    assert (found.failed(table), found.passed(table)) == ([] if met else ["one"], met is True)
    assert not found.passed(table.iloc[:0])


@pytest.mark.parametrize(
    ("slo", "counting"),
    [
        (Slo(latency_ms=1), ["s4", "s8", "n4", "r9"]),
        (Slo(latency_ms=1, users=4), ["s4", "n4", "r9"]),
        (Slo(ttft_ms=1), ["s4", "s8", "r9"]),
        (Slo(tpot_ms=1, users=8), ["s4", "s8", "r9"]),
        (Slo(min_tokens_per_s=1, users=3), ["r9"]),
        (Slo(success_rate=99), ["s4", "s8", "n4", "r9"]),
        (Slo(), []),
    ],
    ids=str,
)
def test_the_levels_that_count(slo: Slo, counting: list[str]) -> None:
    """Those of which something is asked, up to the number of users; a rate is no number of users."""
    modes, loads = ["streaming", "streaming", "non_streaming", "streaming"], [4.0, 8.0, 4.0, 9.0]
    units = ["users", "users", "users", "rate"]
    table = pd.DataFrame({"mode": modes, "unit": units, "load": loads}, index=["s4", "s8", "n4", "r9"])
    found = Gate(slo, {"s4": [check(True)], "r9": [check(False)]}, pd.DataFrame())
    assert found.counting(table) == counting
    assert found.failed(table) == [key for key in counting if key != "s4"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, None),
        ({}, None),
        ({"users": 4, "percentile": 90}, None),
        ({"latency_ms": "soon"}, None),
        ({"latency_ms": 5}, Slo(latency_ms=5)),
        ({"ttft_ms": 5, "percentile": 0}, Slo(ttft_ms=5)),
        ({"ttft_ms": 5, "percentile": 0.5}, Slo(ttft_ms=5, percentile=1)),
        ({"ttft_ms": 5, "percentile": 99.999}, Slo(ttft_ms=5, percentile=99.99)),
        ({"tpot_ms": 5, "percentile": 99, "users": 8}, Slo(tpot_ms=5, percentile=99, users=8)),
        ({"success_rate": 99.5}, Slo(success_rate=99.5)),
        ({"min_tokens_per_s": 20}, Slo(min_tokens_per_s=20)),
    ],
    ids=str,
)
def test_what_the_settings_ask_for(steady: Edition, said: Row | None, expected: Slo | None) -> None:
    """Nothing, where there is no condition; a percentile that can be told."""
    assert wanted(replace(steady.run, info={"settings": {"slo": said}})) == expected


@pytest.mark.parametrize(
    ("slo", "limit"),
    [
        (Slo(), None),
        (Slo(tpot_ms=30), 30),
        (Slo(min_tokens_per_s=50), 20),
        (Slo(min_tokens_per_s=50, tpot_ms=30), 20),
        (Slo(min_tokens_per_s=50, tpot_ms=10), 10),
    ],
    ids=str,
)
def test_a_speed_is_a_longest_time_per_token(slo: Slo, limit: float | None) -> None:
    """50 tokens/s are 20 ms for each; the tighter of both counts."""
    assert slo.limit_ms("tpot_ms") == limit
    assert (slo.limit_ms("ttft_ms"), slo.limit_ms("latency_ms")) == (None, None)
    assert slo.tolerable_failures == 0.01
    assert replace(slo, success_rate=95).tolerable_failures == pytest.approx(0.05)


def is_good(row: Row, slo: Row) -> bool:
    """Whether a call succeeded within each limit for a single call, by docs/metrics.md."""
    if row["error"] or row["latency_ms"] > slo["latency_ms"]:
        return False
    if row["mode"] != "streaming":
        return True
    tokens = row["output_tokens"]
    tpot_ms = math.inf
    if "ttft_ms" in row and tokens is not None and tokens >= 2:
        lasted_ms = row["last_token_ms"] - row["ttft_ms"]
        tpot_ms = lasted_ms / (tokens - 1) if lasted_ms >= tokens - 1 else math.inf
    in_pace = tpot_ms <= slo["tpot_ms"] or (tokens is not None and tokens <= 1)
    return row.get("ttft_ms", math.inf) <= slo["ttft_ms"] and in_pace


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    st.lists(rows(), max_size=25),
    st.lists(rows(mode="non_streaming"), max_size=10),
    st.tuples(st.integers(500, 4_000), st.integers(20, 400), st.integers(3_000, 20_000)),
)
def test_goodput_is_that_of_a_plain_computation(
    tmp_path: Path, streamed: list[Row], others: list[Row], limits: tuple[int, int, int]
) -> None:
    """Calls that end within all limits, each spread over its length; and their share of those that ended."""
    windows = {"measured_from": AT, "measured_to": END}
    table = [run_folders.level(mode, 4, AT - 5) | windows for mode in MODES]
    slo = dict(zip(("ttft_ms", "tpot_ms", "latency_ms"), limits, strict=True))
    known = run_folders.Folder([*streamed, *others], table, {"settings": {"slo": slo}}).write(tmp_path)
    run = read(known)
    every = levels(run)
    figures = every.table.assign(ok=0.0, failed=0.0)
    found = gate(run, every, figures, {})
    assert found is not None
    for key, calls in (("streaming-04", streamed), ("non_streaming-04", others)):
        ended = [row for row in calls if row["phase"] == "measure" and row["error"] != "Cancelled"]
        share = sum(is_good(row, slo) for row in ended) / len(ended) if ended else math.nan
        inside = sum(
            part(row["started_at"], row["started_at"] + row["latency_ms"] / 1000) for row in calls if is_good(row, slo)
        )
        assert found.goodput["good_share"][key] == pytest.approx(share, nan_ok=True)
        assert found.goodput["goodput_per_s"][key] == pytest.approx(inside / (END - AT), rel=1e-5, abs=1e-6)
