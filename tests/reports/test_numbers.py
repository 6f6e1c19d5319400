"""The figures against a plain, slow computation from the rows."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.numbers import failures, percentiles, sample, throughput
from reports.numbers import rate as rates_of
from reports.numbers.analysis import Analysis, analyse
from reports.reading.run import read

from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, Any]

AT, END = make.T0 + 10, make.T0 + 40
FILES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def plain_percentile(values: list[float], percent: int) -> float:
    """Linear interpolation between the two values next to the rank p * (n - 1)."""
    ordered = sorted(values)
    rank = percent / 100 * (len(ordered) - 1)
    low, high = math.floor(rank), math.ceil(rank)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)


def part(start: float, end: float) -> float:
    """The share of a call that falls into the window."""
    return max(min(end, END) - max(start, AT), 0) / (end - start) if end > start else float(AT <= start <= END)


def plain_rates(rows: list[Row]) -> dict[str, float]:
    """What happened from `AT` to `END`, row by row."""
    ended = failed = output = given_ = busy_s = 0.0
    present: dict[str, list[bool]] = {"output_tokens": [], "input_tokens": []}
    for row in rows:
        start = row["started_at"]
        end = start + row["latency_ms"] / 1000
        busy_s += max(min(end, END) - max(start, AT), 0)
        if not row.get("error") and start <= END and end >= AT:
            for name, known in present.items():
                known.append(row.get(name) is not None)
        if row.get("error"):
            failed += (row["error"] != "Cancelled") * part(start, end)
            continue
        ended += part(start, end)
        first, last, arrival = start, end, end
        if row["mode"] == "streaming" and row.get("ttft_ms") is not None and row.get("last_token_ms") is not None:
            first = arrival = start + row["ttft_ms"] / 1000
            last = start + row["last_token_ms"] / 1000
        inside = max(min(last, END) - max(first, AT), 0)
        share = inside / (last - first) if last > first else float(AT <= first <= END)
        output += (row.get("output_tokens") or 0) * share
        given_ += (row.get("input_tokens") or 0) * (AT <= arrival <= END)
    sums = {"output_tokens": output, "input_tokens": given_}
    told = {name: math.nan if known and not any(known) else sums[name] for name, known in present.items()}
    counts = {"requests": ended, "failed": failed, **told}
    return {**{f"{name}_per_s": count / (END - AT) for name, count in counts.items()}, "in_flight": busy_s / (END - AT)}


@st.composite
def rows(draw: st.DrawFn, mode: str = "streaming") -> Row:
    """A call around the window, in whole milliseconds, so that edges are met exactly."""
    ttft_ms = draw(st.integers(1, 5_000))
    last_ms = ttft_ms + draw(st.integers(0, 20_000))
    error = draw(st.sampled_from(["", "", "", "ThrottlingError", "ModelError", "Cancelled"]))
    row = {
        "started_at": make.T0 + draw(st.integers(0, 50_000)) / 1000,
        "mode": mode,
        "level": make.level_name(mode, 4),
        "users": 4,
        "phase": draw(st.sampled_from(["warmup", "measure", "drain"])),
        "name": "x",
        "latency_ms": last_ms + draw(st.integers(0, 500)),
        "input_tokens": draw(st.none() | st.integers(0, 5_000)),
        "output_tokens": draw(st.none() | st.integers(0, 500)),
        "error": error,
    }
    if mode == "streaming" and draw(st.booleans()):
        row |= {"ttft_ms": ttft_ms, "last_token_ms": last_ms, "first_text_ms": ttft_ms}
    return row


def analysis_of(calls: list[Row], folder: Path) -> Analysis:
    """These calls in a run with one streaming level measured from `AT` to `END`."""
    level = make.level("streaming", 4, AT - 5) | {"measured_from": AT, "measured_to": END}
    run = make.Folder(calls, [level], make.info(len(calls), 1))
    return analyse(read(run.write(folder)))


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300), st.sampled_from(percentiles.PERCENTS))
def test_percentiles_are_exact(values: list[float], percent: int) -> None:
    """Percentiles, mean, least and most are those of the plain computation."""
    table = percentiles.summary(np.sort(values), "x")
    assert table[f"x_p{percent}"] == pytest.approx(plain_percentile(values, percent), rel=1e-9, abs=1e-9)
    assert table["x_mean"] == pytest.approx(math.fsum(values) / len(values), rel=1e-9, abs=1e-9)
    assert (table["x_min"], table["x_max"], table["x_count"]) == (min(values), max(values), len(values))


@pytest.mark.parametrize(("percent", "needed"), [(50, 2), (95, 20), (99, 100)])
def test_a_percentile_needs_as_many_values_as_it_tells_apart(percent: int, needed: int) -> None:
    """One value in 20 is beyond P95, one in 100 beyond P99."""
    assert percentiles.needed(percent) == needed


@FILES
@given(st.lists(rows(), max_size=40), st.lists(rows(mode="non_streaming"), max_size=5))
def test_throughput_is_what_happened_in_the_window(tmp_path: Path, calls: list[Row], others: list[Row]) -> None:
    """Rates follow the rows of the mode, whatever their phase, and ignore those of the other mode."""
    others = [row | {"level": ""} for row in others]
    figures = analysis_of([*calls, *others], tmp_path).figures.loc["streaming-04"]
    for rate, expected in plain_rates(calls).items():
        assert figures[rate] == pytest.approx(expected, rel=1e-6, abs=1e-6, nan_ok=True), rate
    total = figures["input_tokens_per_s"] + figures["output_tokens_per_s"]
    assert figures["total_tokens_per_s"] == pytest.approx(total, nan_ok=True)


@FILES
@given(st.lists(rows(), max_size=60))
def test_latencies_are_of_measured_successes(tmp_path: Path, calls: list[Row]) -> None:
    """Only successful calls that began in phase `measure` count; TPOT follows its formula.

    The main percentiles of TTFT and latency count slow failures and calls that were cut off as well:
    `test_waits_that_were_cut_off_count` holds them.
    """
    figures = analysis_of(calls, tmp_path).figures.loc["streaming-04"]
    ok = [row for row in calls if row["phase"] == "measure" and not row["error"]]
    streamed = [row for row in ok if "ttft_ms" in row]
    metrics = {
        "latency_ms": [row["latency_ms"] for row in ok],
        "ttft_ms": [row["ttft_ms"] for row in streamed],
        "tpot_ms": [
            (row["last_token_ms"] - row["ttft_ms"]) / (row["output_tokens"] - 1)
            for row in streamed
            if (gaps := (row["output_tokens"] or 0) - 1) >= 1 and row["last_token_ms"] - row["ttft_ms"] >= gaps
        ],
    }
    for metric, values in metrics.items():
        assert figures[f"{metric}_count"] == len(values)
        if values:
            name = f"{metric}_p95" if metric == "tpot_ms" else f"{metric}_of_successes_p95"
            assert figures[name] == pytest.approx(plain_percentile(values, 95), rel=1e-9)


def plain_product_limit(times: list[tuple[int, bool]], share: float) -> float:
    """The time by which this share has ended, by Kaplan and Meier (1958), step by step; infinite if never."""
    left = 1.0
    for time in sorted({time for time, _ in times}):
        at_risk = sum(other >= time for other, _ in times)
        ended = sum(other == time and not is_open for other, is_open in times)
        left *= 1 - ended / at_risk
        if 1 - left >= share - 1e-9:
            return time
    return math.inf


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=40))
def test_waits_that_were_cut_off_count(times: list[tuple[int, bool]]) -> None:
    """Each value stands for its share of the estimate; where that never ends, for the longest wait seen, marked."""
    ordered = sorted(times)
    values, longer = sample.product_limit(
        np.array([time for time, _ in ordered], dtype="float64"), np.array([is_open for _, is_open in ordered])
    )
    plain = [plain_product_limit(times, (place + 0.5) / len(times)) for place in range(len(times))]
    assert [math.inf if more else value for value, more in zip(values, longer, strict=True)] == plain
    assert all(value == ordered[-1][0] for value, more in zip(values, longer, strict=True) if more)


@FILES
@given(st.lists(rows(), max_size=60))
def test_counts_add_up(tmp_path: Path, calls: list[Row]) -> None:
    """Every call is a success, a failure or cut off; failures add up by kind and by level."""
    analysis = analysis_of(calls, tmp_path)
    totals = failures.total_counts(analysis.run.calls)
    assert totals.sum() == len(calls)
    assert totals["cancelled"] == sum(row["error"] == "Cancelled" for row in calls)
    assert analysis.failures["calls"].sum() == totals["failed"]
    assert analysis.failures_by_level[["measured", "other"]].to_numpy().sum() == totals["failed"]
    level = analysis.figures.loc["streaming-04"]
    measured = sum(row["phase"] == "measure" for row in calls)
    assert level["ok"] + level["failed"] + level["cancelled"] == measured
    if level["ok"] + level["failed"]:
        assert level["success_rate"] == level["ok"] / (level["ok"] + level["failed"])


def test_tokens_at_one_moment_are_inside_or_not() -> None:
    """A stream of one event has no length to spread its tokens over."""
    frame = pd.DataFrame({"tokens_from": [AT, AT - 1, END], "tokens_to": [AT, AT - 1, END]})
    assert throughput.share_inside(frame, AT, END).tolist() == [1, 0, 1]


def test_a_window_without_length_has_no_rates(tmp_path: Path) -> None:
    """A level that never measured has neither rates nor times, and says so with NaN."""
    level = make.level("streaming", 4, AT) | {"measured_from": None, "measured_to": None}
    call = make.call(random.Random(1), AT, level="streaming-04", users=4, phase="warmup")
    figures = analyse(read(make.Folder([call], [level], {}).write(tmp_path))).figures.loc["streaming-04"]
    assert pd.isna(figures["requests_per_s"])
    assert pd.isna(figures["latency_ms_p50"])
    assert figures["ok"] == 0


def test_an_open_window_ends_with_the_last_call(tmp_path: Path) -> None:
    """After a crash `levels.csv` has no end of the window: it is where the last call of the level ended."""
    run = make.shaped(("streaming",), (4,))
    run.levels[0] |= {"measured_to": None, "completed": "false"}
    figures = analyse(read(run.write(tmp_path))).figures.loc["streaming-04"]
    last_end_at = max(row["started_at"] + row["latency_ms"] / 1000 for row in run.requests)
    assert figures["measured_to"] == pytest.approx(last_end_at)


def test_without_levels_each_mode_and_name_is_a_row(tmp_path: Path) -> None:
    """The same name in both modes makes two rows, each over its own calls only."""
    random_ = random.Random(2)
    modes = ["streaming", "non_streaming"] * 10
    calls = [make.call(random_, AT + at, name="x", mode=mode) for at, mode in enumerate(modes)]
    figures = analyse(read(make.Folder(calls, [], {}).write(tmp_path))).figures
    assert figures["ok"].tolist() == [10, 10]
    for mode, row in zip(["streaming", "non_streaming"], figures.itertuples(), strict=True):
        own = [call for call in calls if call["mode"] == mode]
        ends = [call["started_at"] + call["latency_ms"] / 1000 for call in own]
        assert row.window_s == pytest.approx(max(ends) - own[0]["started_at"])
        assert row.requests_per_s == pytest.approx(10 / (max(ends) - own[0]["started_at"]))
        tokens = sum(call["output_tokens"] for call in own)
        assert row.output_tokens_per_s == pytest.approx(tokens / (max(ends) - own[0]["started_at"]))


def test_a_run_of_one_moment_has_no_rates(tmp_path: Path) -> None:
    """A single call that took no time: no figure a second is known of it, and none is 0 or endless."""
    call = make.call(random.Random(1), AT, name="x") | {
        "latency_ms": 0,
        "max_gap_ms": "",
        "ttft_ms": "",
        "last_token_ms": "",
    }
    settings_ = {"slo": {"latency_ms": 1}, "model": {"id": make.MODEL, "quota": 60, "tokens_per_minute": 100}}
    found = analyse(read(make.Folder([call], [], {"settings": settings_}).write(tmp_path)))
    assert found.figures.loc["streaming x", list(throughput.RATES)].isna().all()
    assert found.quota.table.loc["streaming x"].isna().all()
    assert found.quota.together == {}
    assert found.gate is not None
    assert found.gate.goodput["goodput_per_s"].isna().all()
    assert found.gate.goodput["good_share"].tolist() == [1]
    assert math.isnan(rates_of.rate(found.levels, "streaming x").per_s)
    assert throughput.rates([], AT, AT) == pytest.approx(dict.fromkeys(throughput.RATES, math.nan), nan_ok=True)
