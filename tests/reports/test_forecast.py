"""Quotas: the level that they carry, and at how many users they are used up."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from reports.edition import edition
from reports.numbers.forecast import Overuse, forecasts, lenient, overused
from reports.numbers.quota import Quota
from reports.reading.run import read
from reports.report import markdown

from . import run_folders as make

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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


def quota_of(
    shares: Mapping[str, list[float]], throttled: Sequence[float] = (), accepted: float = 400, **others: float
) -> Quota:
    """What levels `s-1`, `s-2` and so on used of each quota of 600, in percent."""
    count = len(next(iter(shares.values())))
    columns: dict[str, Any] = {
        f"{name}_percent": shares.get(name, [math.nan] * count) for name in ("requests", "tokens")
    }
    columns |= {"throttled_share": list(throttled) or [0.0] * count, "accepted": accepted}
    columns |= {"requests_per_min": 60.0, "throttled_per_min": 0.0}
    table = pd.DataFrame(columns, index=[f"s-{number}" for number in range(1, count + 1)])
    return Quota(dict.fromkeys(shares, 600.0), 5, 256, table, {}, others=others)


def levels_of(*loads: float, window_s: float | list[float] = 30, unit: str = "users", **more: Any) -> pd.DataFrame:
    """The figures of streaming levels with these loads."""
    table = pd.DataFrame({"load": loads}, index=[f"s-{number}" for number in range(1, len(loads) + 1)])
    return table.assign(mode="streaming", unit=unit, window_s=window_s, part=math.nan).assign(**more)


@pytest.mark.parametrize(
    ("used", "window_s", "throttled", "others", "expected"),
    [
        (101, 30, 0, 0, ("s-1", 101, 0)),
        (100, 30, 0, 0, None),
        (101, 59.4, 0, 0, ("s-1", 101, 0)),
        (101, 59.5, 0, 0, None),
        (101, 30, 0.01, 0, ("s-1", 101, 0)),
        (101, 30, 0.011, 0, None),
        (95, 30, 0, 5, None),
        (95, 30, 0, 6, ("s-1", 95, 6)),
    ],
)
def test_levels_that_used_more_than_a_quota(
    *, used: float, window_s: float, throttled: float, others: float, expected: tuple[str, float, float] | None
) -> None:
    """In less than a minute, and not throttled for it; what others used is theirs, too."""
    found = overused(quota_of({"requests": [used]}, [throttled], requests=others), levels_of(4, window_s=window_s))
    if expected is None:
        assert found == {}
        return
    key, percent, beside = expected
    low = (400 + 1.959964**2 / 2 - 1.959964 * math.sqrt(400 + 1.959964**2 / 4)) / 400
    [(own, one)] = found.items()
    assert (own, one.quota, one.percent, one.others_percent) == (key, "requests", percent, beside)
    assert one.low_percent == pytest.approx(percent * low)


def test_the_quota_of_which_more_was_used_is_named() -> None:
    """Of levels with a load; one that is shown to be another quota is held against none."""
    used = quota_of({"requests": [130, 150], "tokens": [140, 110]})
    assert {key: one.quota for key, one in overused(used, levels_of(4, 8)).items()} == {
        "s-1": "tokens",
        "s-2": "requests",
    }
    assert list(overused(used, levels_of(4, math.nan))) == ["s-1"]
    shown = levels_of(4, 8, window_s=[30, 60])
    assert lenient(used, shown) == {"requests": "s-2"}
    assert {key: one.quota for key, one in overused(used, shown).items()} == {"s-1": "tokens"}
    none = quota_of({"requests": [130]}, accepted=0)
    assert overused(none, levels_of(4)) == {"s-1": Overuse("requests", 130, 0.0, 0.0)}


@pytest.mark.parametrize(
    ("low", "others", "sure"), [(100, 0, False), (100.1, 0, True), (95, 5, False), (95, 5.1, True)]
)
def test_use_is_above_a_quota_by_more_than_chance(low: float, others: float, *, sure: bool) -> None:
    """Where even the lower end of its interval is, with what others used."""
    assert Overuse("requests", 120, low, others).sure is sure


@pytest.mark.parametrize(
    ("used", "window_s", "throttled", "expected"),
    [
        (120, 60, 0, {}),
        (120.1, 60, 0, {"requests": "s-1"}),
        (121, 59.5, 0, {"requests": "s-1"}),
        (121, 59.4, 0, {}),
        (121, 60, 0.001, {}),
    ],
)
def test_a_quota_that_cannot_be_the_real_one(
    *, used: float, window_s: float, throttled: float, expected: dict[str, str]
) -> None:
    """More than 120 % for a minute without a throttle."""
    assert lenient(quota_of({"requests": [used]}, [throttled]), levels_of(4, window_s=window_s)) == expected


@pytest.mark.parametrize(
    ("shares", "throttled", "others", "expected"),
    [
        # between: the first at 100 % or more, and the one before it
        ([40, 80, 120], (), 0, (10, "between", ("s-2", "s-3"))),
        ([40, 80, 100], (), 0, (12, "between", ("s-2", "s-3"))),
        ([40, 80, 120], (), 30, (7, "between", ("s-1", "s-2"))),
        ([110, 180, 190], (), 0, (4 / 1.1, "origin", ("s-1",))),
        # beyond: the first calm one and the last calm one
        ([20, 30, 60], (), 0, (20, "beyond", ("s-1", "s-3"))),
        ([20, 40, 60], (0, 0, 0.5), 0, (20, "beyond", ("s-1", "s-2"))),
        ([20, 40, 60], (0, 0.5, 0.5), 0, (20, "origin", ("s-1",))),
        # full: none brings more, or throttling keeps it from being reached
        ([60, 60, 60], (), 0, (None, "full", ("s-1",))),
        ([60, 50, 40], (), 0, (None, "full", ("s-1",))),
        ([40, 80, 90], (0, 0, 0.5), 0, (None, "full", ("s-3",))),
        ([60, 70, 90], (0.1, 0.1, 0.1), 0, (None, "full", ("s-3",))),
        # nothing is known
        ([math.nan, math.nan, math.nan], (), 0, None),
        ([0, 0, 0], (), 0, None),
        ([0, 40, 80], (), 0, (14, "beyond", ("s-2", "s-3"))),
    ],
    ids=str,
)
def test_where_a_quota_is_used_up(
    shares: list[float],
    throttled: tuple[float, ...],
    others: float,
    expected: tuple[float | None, str, tuple[str, ...]] | None,
) -> None:
    """At 4, 8 and 12 users: the load, by which line, and through which levels."""
    found = forecasts(quota_of({"requests": shares}, throttled, requests=others), levels_of(4, 8, 12))
    if expected is None:
        assert found == []
        return
    load, basis, keys = expected
    [one] = found
    assert (one.mode, one.quota, one.load, one.basis, one.keys) == (
        *("streaming", "requests", load if load is None else pytest.approx(load)),
        *(basis, keys),
    )
    assert one.is_sure


def test_the_quota_that_breaks_first_comes_first() -> None:
    """Then the other, and last what does not break; by mode. None of parts of a profile."""
    used = quota_of({"requests": [40, 80], "tokens": [60, 90]})
    figures = levels_of(4, 8)
    assert [(one.quota, round(one.load or 0, 6)) for one in forecasts(used, figures)] == [
        ("tokens", round(4 + 4 * 40 / 30, 6)),
        ("requests", 10),
    ]
    flat = quota_of({"requests": [60, 60], "tokens": [60, 90]})
    assert [(one.quota, one.load and round(one.load, 6)) for one in forecasts(flat, figures)] == [
        ("tokens", round(4 + 4 * 40 / 30, 6)),
        ("requests", None),
    ]
    assert forecasts(used, levels_of(4, 8, part=[1.0, 2.0])) == []
    other = forecasts(used, figures.assign(mode=["streaming", "non_streaming"]))
    assert [(one.mode, one.quota, one.basis) for one in other] == [
        ("streaming", "tokens", "origin"),
        ("streaming", "requests", "origin"),
        ("non_streaming", "tokens", "origin"),
        ("non_streaming", "requests", "origin"),
    ]


@pytest.mark.parametrize(("accepted", "sure"), [(3, False), (400, True)])
def test_a_forecast_of_few_calls_is_not_sure(accepted: float, *, sure: bool) -> None:
    """Of 3 calls at each of two levels chance moves it by more than a factor of two, of 400 it does not."""
    [one] = forecasts(quota_of({"requests": [20, 40]}, accepted=accepted), levels_of(4, 8))
    assert one.load == pytest.approx(20)
    assert one.is_sure is sure


def test_requests_at_a_rate_follow_from_it() -> None:
    """600 a minute are 10 a second, 5 where others use half; tokens go by the arrivals that came."""
    figures = levels_of(2, 4, unit="rate")
    for others, load in ((0, 10), (50, 5)):
        [one] = forecasts(quota_of({"requests": [20, 40]}, requests=others), figures)
        assert one.load == pytest.approx(load)
        assert one.is_sure
    # 60 a minute came where 120 and 240 were asked: at the rates themselves it is twice and four times as much.
    [one] = forecasts(quota_of({"tokens": [10, 15]}), figures)
    assert one.load == pytest.approx(2 + 2 * 80 / 40)
    assert one.basis == "beyond"
    indirect = replace(quota_of({"requests": [20, 40]}), is_direct=False)
    [one] = forecasts(indirect, figures)
    assert one.load == pytest.approx(10)


def test_use_that_hardly_grows() -> None:
    """Half a percent for four users: the line is as it is, and few calls are never sure of it."""
    for accepted, sure in ((400, False), (10**9, True)):
        [one] = forecasts(quota_of({"requests": [60, 60.5]}, accepted=accepted), levels_of(4, 8))
        assert one.load == pytest.approx(4 + 4 * 40 / 0.5)
        assert one.is_sure is sure


@pytest.mark.parametrize(("used", "basis"), [([60, 110], "between"), ([60, 70], "full"), ([110, 120], "origin")])
def test_levels_of_one_load_make_no_line(used: list[float], basis: str) -> None:
    """A search tries a load more than once: what its calls used differs by chance. The first alone tells a load."""
    [one] = forecasts(quota_of({"requests": used}), levels_of(4, 4))
    assert (one.load, one.basis) == (pytest.approx(4 / 1.1) if basis == "origin" else None, basis)
