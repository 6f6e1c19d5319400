"""Quotas: the level that they carry, and at how many users they are used up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from reports.edition import edition
from reports.reading.run import read
from reports.report import markdown

from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path

    from reports.edition import Edition


def analysis_of(path: Path, length_s: float, percent_at_8: float, **settings: Any) -> tuple[Edition, str]:
    """Levels of 4, 8 and 12 users, of which that of 8 uses so much of the quota of requests; and the report."""
    run = make.shaped(("streaming",), (4, 8, 12), length_s=length_s)
    used = edition(read(run.write(path))).quota.table["requests_per_min"]["streaming-08"]
    run.info["settings"]["model"]["quota"] = used * 100 / percent_at_8
    run.info["settings"] |= settings
    analysis = edition(read(run.write(path)))
    return analysis, markdown(analysis, {})


def test_a_level_that_only_its_short_window_let_run_is_not_advised(tmp_path: Path) -> None:
    """8 users are at 180 % of the quota for 20 s: 4 users are within it."""
    analysis, text = analysis_of(tmp_path, 20, 180)
    found = analysis.conclusions[0]
    assert (found.advised, found.basis, found.over_at) == ("streaming-04", "quota", "streaming-08")
    assert "**Streaming: within the quotas up to 4 users.**" in text
    assert "From 8 users on, the run exceeded the quota of" in text
    assert re.search(r"\(used 180 % at 8 users and \d+ % at \d+ users\)\. It was not throttled because", text)
    assert "Highest throughput, but above the quota" in text
    assert "Throughput still grew" not in text


def test_an_slo_that_was_met_above_the_quota_is_said_beside_it(tmp_path: Path) -> None:
    """Both: up to where the quotas carry it, and up to where the SLO was met."""
    analysis, text = analysis_of(tmp_path, 20, 180, slo={"latency_ms": 60_000})
    assert analysis.conclusions[0].advised == "streaming-04"
    assert "was met up to 12 users." in text
    assert analysis.gate_passed


def test_use_that_few_calls_show_is_about_at_the_quota(tmp_path: Path) -> None:
    """102 % of some 120 calls in 20 s is no use above the quota: the advice stays, and says how near it is."""
    analysis, text = analysis_of(tmp_path, 20, 75)
    assert analysis.conclusions[0].over is None
    assert analysis.conclusions[0].basis != "quota"
    assert re.search(
        r"At 12 users, the run was about at the quota of \d+ requests/min \(10\d % used, at least [89]", text
    )
    assert "exceeded" not in text


def test_no_level_within_the_quotas(tmp_path: Path) -> None:
    """Said with the number of users that would be."""
    analysis, text = analysis_of(tmp_path, 20, 800)
    assert (analysis.conclusions[0].advised, analysis.conclusions[0].basis) == (None, "quota")
    assert "**Streaming: every level exceeds a quota.** Extrapolated from the measured load, the quota" in text
    assert "is used up at about 1 user." in text


def test_levels_within_the_quotas_that_are_left_out(tmp_path: Path) -> None:
    """The lower level is within the quota, but was client-limited: not every level exceeds it, and that is said."""
    late = {"streaming-04": {"client_limited": True, "causes": []}}
    run = make.shaped(("streaming",), (4, 8), length_s=20)
    used = edition(read(run.write(tmp_path))).quota.table["requests_per_min"]["streaming-08"]
    run.info["settings"]["model"]["quota"] = used / 1.5
    run.info["health"] = late
    for language, said in (
        ("en", "**Streaming: no level within the quotas can be advised.** Client-limited: streaming at 4 users."),
        ("zh", "配额以内没有可推荐的级别**。受压测端限制"),
    ):
        text = markdown(edition(read(run.write(tmp_path)), language), {})
        assert said in text


def test_a_minute_above_a_quota_shows_that_it_is_another(tmp_path: Path) -> None:
    """130 % for 60 s without a throttle: the quota is not held against levels, and the report says why."""
    analysis, text = analysis_of(tmp_path, 60, 130)
    assert analysis.conclusions[0].over_at is None
    assert analysis.conclusions[0].advised is not None
    assert analysis.forecasts == []
    assert "so the real quota must be higher" in text


@pytest.mark.parametrize(("percent", "basis"), [(105, "between"), (50, "beyond"), (300, "origin")])
def test_the_forecast_contradicts_no_level(tmp_path: Path, percent: float, basis: str) -> None:
    """Above every level below 100 %, at most at the first above it; the line is of the neighbours."""
    analysis, text = analysis_of(tmp_path, 20, percent)
    (found,) = analysis.forecasts
    used, users = analysis.quota.used("requests"), analysis.figures["load"]
    assert found.basis == basis
    assert found.load is not None
    assert (users[used < 100] < found.load).all()
    assert (users[used >= 100] >= found.load).all()
    if basis != "origin":
        low, high = found.keys
        slope = (used[high] - used[low]) / (users[high] - users[low])
        assert used[low] + slope * (found.load - users[low]) == pytest.approx(100)
    if not analysis.overused or analysis.conclusions[0].over is not None:
        assert text.count("used up at about") == 1, "once, in the conclusion"
        assert "used up at about" in text.split("\n## ")[0]
        assert ("Extrapolated from the measured load" in text) is (basis != "between")


@pytest.mark.parametrize("seconds", [1, 240])
def test_few_calls_make_no_forecast(tmp_path: Path, seconds: float) -> None:
    """Levels of a second would say anything from 15 users to thousands; of 4 minutes they agree with what was made."""
    run = make.shaped(("streaming",), (2, 4), length_s=seconds)
    made = sum(row["phase"] == "measure" and row["users"] == 4 for row in run.requests)
    run.info["settings"]["model"]["quota"] = made * 60 / seconds * 5
    analysis = edition(read(run.write(tmp_path)))
    text = markdown(analysis, {})
    (found,) = analysis.forecasts
    assert found.is_sure is (seconds == 240)
    assert ("used up at about" in text) is found.is_sure
    assert ("too few calls to tell at which load this quota is used up" in text) is not found.is_sure
    if found.is_sure:
        assert found.load == pytest.approx(20, rel=0.3)


def test_a_rate_needs_no_extrapolation(tmp_path: Path) -> None:
    """1,000 requests a minute are 16.7 a second, however many arrivals came in a short window by chance."""
    run = make.shaped(("streaming",), (2, 4), length_s=4)
    for level in run.levels:
        level |= {"rate_per_s": level["users"], "users": "", "users_reached": "", "arrivals_due": 9}
    run.info["settings"]["model"]["quota"] = 1_000
    analysis = edition(read(run.write(tmp_path)))
    assert [found.load for found in analysis.forecasts] == [pytest.approx(1_000 / 60)]
    assert "is used up at about 17 requests/s" in markdown(analysis, {}).split("\n## ")[0]


@pytest.mark.parametrize("case", ["turns", "models"])
def test_arrivals_are_not_always_a_call_to_the_model(tmp_path: Path, case: str) -> None:
    """Conversations make several, and a replay may go to other models: the use that was measured counts."""
    run = make.shaped(("streaming",), (2, 4), length_s=240)
    for level in run.levels:
        level |= {"rate_per_s": level["users"], "users": "", "users_reached": "", "arrivals_due": 9}
    made = sum(row["phase"] == "measure" and row["users"] == 4 for row in run.requests)
    for number, row in enumerate(run.requests):
        row.update(
            {"turn": number % 2 + 1} if case == "turns" else {"model_id": (row["model_id"], "other")[number % 2]}
        )
    counted = made if case == "turns" else made / 2
    run.info["settings"]["model"]["quota"] = round(counted * 60 / 240 * 5)
    [found] = edition(read(run.write(tmp_path))).forecasts
    assert found.load == pytest.approx(20, rel=0.3)


def test_load_that_does_not_grow_uses_up_no_quota(tmp_path: Path) -> None:
    """A service that serves no more with 8 users than with 4."""
    run = make.shaped(("streaming",), (4, 8), length_s=20)
    few = sum(row["users"] == 4 for row in run.requests)
    many = [row for row in run.requests if row["users"] == 8]
    run.requests = [row for row in run.requests if row["users"] == 4] + many[:: -(-len(many) // (few // 2))]
    run.info["settings"]["model"]["quota"] = 10_000
    analysis = edition(read(run.write(tmp_path)))
    assert [(found.load, found.basis, found.keys) for found in analysis.forecasts] == [
        (None, "full", ("streaming-04",))
    ]
    assert "are not used up: at most " in markdown(analysis, {})
