"""What is said to have given out: first, and then, from constructed runs."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from reports.edition import edition
from reports.markdown import number
from reports.numbers.limit import Evidence, main_failure
from reports.reading.run import read
from reports.report import markdown

from . import run_folders as make

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reports.edition import Edition

ACCESS = ("ModelError", "ModelErrorException", "it could not")


def run_of(*users: int, length_s: float = 60.0) -> make.Folder:
    """A streaming run of these levels, without quotas."""
    run = make.shaped(("streaming",), users, length_s=length_s)
    del run.info["settings"]["model"]["quota"]
    return run


def spoil(run: make.Folder, throttled: Mapping[int, float], odd: Mapping[int, int]) -> None:
    """Throttle a share of the measured calls of levels, and let some fail oddly here and there; both by users."""
    random_, left = random.Random(1), dict(odd)
    for place, row in enumerate(run.requests):
        users = row["users"]
        if row["phase"] != "measure":
            continue
        if left.get(users, 0) and place % 9 == 0:
            left[users] -= 1
            run.requests[place] = make.failed(row, *ACCESS)
        elif random_.random() < throttled.get(users, 0):
            run.requests[place] = make.throttled(row)


def analysis_of(run: make.Folder, path: Path) -> tuple[Edition, str]:
    """The analysis and its first screen."""
    analysis = edition(read(run.write(path)))
    return analysis, markdown(analysis, {}).split("\n## ")[0]


def test_odd_failures_do_not_hide_what_then_took_over(tmp_path: Path) -> None:
    """Twelve odd errors at 4 users are said, and so is the throttling of most calls from 8 on, each with its remedy."""
    run = run_of(4, 8, 12)
    spoil(run, {8: 0.6, 12: 0.6}, {4: 12})
    run.info["remedies"]["ModelError"] = "Run it again."
    found, text = analysis_of(run, tmp_path)
    conclusion = found.conclusions[0]
    assert conclusion.limit is not None
    assert conclusion.main is not None
    assert (conclusion.limit.key, conclusion.limit.category) == ("streaming-04", "ModelError")
    assert (conclusion.main.kind, conclusion.main.key) == ("throttled", "streaming-08")
    assert "Limit reached at 4 users: " in text
    figures, throttled = found.figures.loc[["streaming-08", "streaming-12"]], found.failures["calls"][0]
    ended = int((figures["ok"] + figures["failed"]).sum())
    assert f"From 8 users on, most failures were throttling: {throttled} of {ended} calls" in text
    assert "The service said: Too many tokens" in text
    assert "What to do about ModelError: Run it again." in text
    assert "What to do about ThrottlingError" in text


def test_a_throttled_level_says_how_much_was_asked_for(tmp_path: Path) -> None:
    """The share of throttled calls depends on how fast users retry; what is accepted and refused a minute does not."""
    run = run_of(4, 8)
    spoil(run, {8: 0.6}, {})
    _, text = analysis_of(run, tmp_path)
    measured = [row for row in run.requests if row["users"] == 8 and row["phase"] == "measure"]
    refused = sum(row.get("error") == "ThrottlingError" for row in measured)
    assert (
        f"The service accepted {number(len(measured) - refused)} requests/min and refused {number(refused)}/min;"
        " how many it refuses depends on how fast users retry."
    ) in text


def test_failures_beyond_another_limit_are_named(tmp_path: Path) -> None:
    """An SLO that is missed first does not leave a remedy for a failure that no sentence names."""
    run = run_of(4, 8, 12)
    spoil(run, {12: 0.6}, {})
    for row in run.requests:
        if row["users"] == 8 and not row.get("error"):
            row["ttft_ms"] = row["first_text_ms"] = 3_000
            row["last_token_ms"], row["latency_ms"] = 6_000, 6_010
    run.info["settings"]["slo"] = {"ttft_ms": 2_500}
    _, text = analysis_of(run, tmp_path)
    assert "Limit reached at 8 users: TTFT P95 " in text
    assert "At 12 users, most failures were throttling: " in text
    assert text.index("What to do about ThrottlingError") > text.index("At 12 users, most failures")


def test_one_failure_of_one_kind_is_told_once(tmp_path: Path) -> None:
    """What failed first and what most failures were is the same thing: one sentence."""
    run = run_of(4, 8, 12)
    spoil(run, {8: 0.4, 12: 0.6}, {})
    _, text = analysis_of(run, tmp_path)
    assert "Limit reached at 8 users: " in text
    assert "most failures were" not in text


def late(run: make.Folder, *users: int) -> None:
    """Let the client hold up the calls of levels with this number of users."""
    for row in run.requests:
        if row["users"] in users and "read_lag_ms" in row:
            row["read_lag_ms"] = 400


@pytest.mark.parametrize("held_up", [(4,), (12,), (4, 12)])
def test_the_client_is_never_the_limit(tmp_path: Path, held_up: tuple[int, ...]) -> None:
    """A level that the client held up is a doubt: it says nothing of the service, and does not hide its limit."""
    run = run_of(4, 8, 12)
    late(run, *held_up)
    found, text = analysis_of(run, tmp_path)
    assert found.conclusions[0].limit is None
    assert "Limit reached" not in text
    assert "Client-limited: streaming at" in text
    spoil(run, {12: 0.6}, {})
    found, _ = analysis_of(run, tmp_path)
    assert found.conclusions[0].limit is not None
    assert (found.conclusions[0].limit.kind, found.conclusions[0].limit.key) == ("throttled", "streaming-12")


def test_a_level_that_the_client_held_up_does_not_end_the_search_for_the_slo(tmp_path: Path) -> None:
    """It missed the SLO for the client's sake; sound levels above met it."""
    run = run_of(4, 8, 12)
    late(run, 4)
    for row in run.requests:
        if row["users"] == 4:
            row["ttft_ms"] = row["first_text_ms"] = 5_000
            row["last_token_ms"], row["latency_ms"] = 7_000, 7_010
            row["read_lag_ms"] = 4_000
    run.info["settings"]["slo"] = {"ttft_ms": 2_500}
    found, text = analysis_of(run, tmp_path)
    assert (found.conclusions[0].advised, found.conclusions[0].limit) == ("streaming-12", None)
    assert "at every level" not in text
    assert "meets the SLO up to 12 users" in text


def failures(*rows: tuple[str, str, int]) -> Evidence:
    """What is known of levels by their failures: level, category and count."""
    table = pd.DataFrame(
        {"error": [error for _, error, _ in rows], "measured": [count for *_, count in rows], "other": 0},
        index=pd.Index([level for level, _, _ in rows], name="key"),
    )
    nothing: Any = None
    return Evidence(nothing, [], table, {}, nothing, "", nothing, [], {})


@pytest.mark.parametrize(
    ("rows", "bad", "key"),
    [
        ((("a", "ModelError", 1), ("b", "ModelError", 30), ("b", "ValidationError", 5)), ["b"], "b"),
        ((("a", "ValidationError", 9), ("b", "ModelError", 30), ("c", "ModelError", 30)), ["a", "b", "c"], "b"),
        ((("a", "ModelError", 8), ("a", "ValidationError", 9), ("b", "ModelError", 2)), ["b", "a"], "b"),
        ((("a", "ModelError", 8), ("a", "ThrottledError", 7), ("b", "ThrottledError", 0)), ["b"], "a"),
        ((("a", "ModelError", 4), ("a", "ValidationError", 4)), ["a"], "a"),
    ],
    ids=["mostly", "after another", "by the order of loads", "none in what fails too much", "as many of two"],
)
def test_where_most_failures_began(rows: tuple[tuple[str, str, int], ...], bad: list[str], key: str) -> None:
    """At the first level that fails too much mostly by them, else at the first that has any."""
    found = main_failure(pd.DataFrame(index=["a", "b", "c"]), bad, failures(*rows))
    assert found is not None
    assert (found.kind, found.key, found.category) == ("failures", key, "ModelError")


def test_without_failures_there_is_no_main_one() -> None:
    """Nor where no level fails too much, nor for those of another mode."""
    figures = pd.DataFrame(index=["a"])
    assert main_failure(figures, ["a"], failures()) is None
    assert main_failure(figures, [], failures(("a", "ModelError", 3))) is None
    assert main_failure(figures, ["a"], failures(("other", "ModelError", 3))) is None
    assert main_failure(figures, ["a"], failures(("a", "ModelError", 0))) is None
