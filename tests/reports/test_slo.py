"""What was not measured is no pass, and calls that timed out are slow calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reports.edition import Edition, edition
from reports.reading.run import read
from reports.report import markdown

from . import closed_loop, run_folders

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
