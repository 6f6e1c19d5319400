"""The rows of the tables on the web page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bedrock_locust.arrivals.counts import Fate
from bedrock_locust.level import Level
from bedrock_locust.live.health import Health
from bedrock_locust.live.tally import Tally
from bedrock_locust.outputs.web.rows import UNKNOWN, LevelRows, client_health, failure_rows, significant, success

from .test_timeline import CALL, T0


def measured(key: str, **about: object) -> Level:
    """A level that was measured for a minute."""
    fields = {"mode": "streaming", "users": 4, "measured_from": T0, "measured_to": T0 + 60, **about}
    return Level(key=key, **fields)  # type: ignore[arg-type]


def tally_of(levels: dict[str, int], **failed: int) -> Tally:
    """A tally of levels with this number of successes, and failures of the last level."""
    tally = Tally()
    for key, count in levels.items():
        tally.level(measured(key))
        for _ in range(count):
            tally.add(replace(CALL, level=key, phase="measure"))
        for error, failures in failed.items() if key == [*levels][-1] else ():
            for _ in range(failures):
                tally.add(replace(CALL, level=key, phase="measure", error=error, error_code="Code"))
    return tally


@pytest.mark.parametrize(
    ("ok", "failed", "shown"),
    [(0, 0, UNKNOWN), (3, 0, 100), (2, 1, 66.67), (0, 2, 0), (99_999, 1, 99.99)],
)
def test_success_is_whole_only_without_a_failure(ok: int, failed: int, shown: float | str) -> None:
    """One failure of many is not rounded away."""
    tally = tally_of({"a": min(ok, 3)}, ThrottlingError=failed)
    level = tally.levels["a"]
    level.ok = ok
    assert success(level) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0, 0), (0.012345, 0.0123), (1.2345, 1.23), (99.96, 100), (100.4, 100), (123_456.7, 123_457)]
)
def test_three_digits_and_never_fewer_than_the_whole_number(value: float, shown: float) -> None:
    """More would be noise."""
    assert significant(value) == shown


def test_a_failure_names_its_worst_level() -> None:
    """The one with the most of it, how many others had it, and the calls of the whole run."""
    tally = tally_of({"a": 1, "b": 1}, ThrottlingError=2)
    [row] = failure_rows(tally)
    assert (row["level"], row["category"], row["calls"], row["code"]) == ("b", "ThrottlingError", 2, "Code")
    assert row["remedy"]
    tally.add(replace(CALL, level="a", phase="measure", error="ThrottlingError"))
    assert failure_rows(tally)[0]["level"] == "b and 1 more"
    for _ in range(2):
        tally.add(replace(CALL, level="a", phase="measure", error="ThrottlingError"))
    assert failure_rows(tally)[0]["level"] == "a and 1 more"
    assert failure_rows(Tally()) == []


def test_rows_of_levels_and_of_a_run_without_them() -> None:
    """None before the first call of a run without levels; then one of all calls."""
    tally = Tally()
    rows = LevelRows(tally, Health())
    assert rows.rows(T0) == []
    tally.add(CALL)
    [row] = rows.rows(T0 + 10)
    assert (row["level"], row["load"], row["calls"], row["client"]) == ("all calls", UNKNOWN, 1, UNKNOWN)
    assert [row["load"] for row in LevelRows(tally_of({"a": 1, "b": 2}), Health()).rows(T0 + 60)] == [
        "4 users",
        "4 users",
    ]


def test_a_level_of_an_open_loop_has_its_arrivals() -> None:
    """And how late the latest calls started; a level of users has neither."""
    tally, fate = Tally(), Fate(10, 7, 2, 1)
    tally.level(measured("a", users=None, rate_per_s=5.0))
    for late_s in (0.004, 0.004, 0.02):
        tally.add(replace(CALL, level="a", phase="measure", scheduled_at=CALL.started_at - late_s))
    [row] = LevelRows(tally, Health(), lambda _: fate).rows(T0 + 60)
    assert row["arrivals"] == "10 due, 7 made, 2 dropped, 1 missed"
    assert row["scheduled_latency_p95"] == pytest.approx(CALL.latency_ms + 20, rel=0.02)
    assert row["scheduled_ttft_p95"] == pytest.approx((CALL.ttft_ms or 0) + 20, rel=0.02)
    assert [row["lateness_p50"], row["lateness_p99"]] == pytest.approx([4, 20], rel=0.02)
    assert "with_arrival" not in row
    tally.add(replace(CALL, level="a", phase="measure"))
    assert LevelRows(tally, Health(), lambda _: fate).rows(T0 + 60)[0]["with_arrival"] == "3 of 4"
    [closed] = LevelRows(tally_of({"a": 1}), Health(), lambda _: fate).rows(T0 + 60)
    assert "arrivals" not in closed


def test_the_client_of_a_level() -> None:
    """Not known, good with the CPU of its busiest process, or limited with the reasons."""
    health = Health()
    assert client_health(None) == UNKNOWN
    assert client_health(health.levels["a"]) == "good"
    for worker, cpu in (("w1", 0.12), ("w2", 0.416)):
        health.add_pulse(worker, {"a": {"cpu_s": cpu * 10, "wall_s": 10.0, "lag": {}}})
    assert client_health(health.levels["a"]) == "good, 42 % CPU"
    health.add_pulse("w3", {"a": {"cpu_s": 9.9, "wall_s": 10.0, "lag": {}}})
    assert client_health(health.levels["a"]).startswith("limited: ")
