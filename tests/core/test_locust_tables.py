"""Locust's own tables at the end of a run: header first, nothing that is no value."""

from __future__ import annotations

import csv
import io
from typing import Any, cast

from locust.env import Environment

import pytest

from bedrock_locust.recording.locust_tables import tables


@pytest.fixture
def environment() -> Environment:
    """An environment in which requests and an exception happened."""
    made = Environment()
    runner: Any = made.create_local_runner()
    made.stats.log_request("bedrock", "short question", 120, 7)
    made.stats.log_request("bedrock", "short question", 220, 7)
    made.stats.log_error("bedrock", "short question", "ThrottlingError")
    runner.log_exception("local", 'no colour, "red"', "Traceback\n  line 7")
    return made


def test_each_table_has_its_header_and_its_rows(environment: Environment) -> None:
    """Requests with their total, failures, exceptions, and the history with its end."""
    found = {name: [dict(zip(rows[0], row, strict=True)) for row in rows[1:]] for name, rows in tables(environment)}
    assert set(found) == {"stats.csv", "failures.csv", "exceptions.csv", "stats_history.csv"}
    assert [(row["Name"], row["Request Count"], row["Failure Count"]) for row in found["stats.csv"]] == [
        ("short question", 2, 1),
        ("Aggregated", 2, 1),
    ]
    assert [(row["Error"], row["Occurrences"]) for row in found["failures.csv"]] == [("ThrottlingError", 1)]
    assert [(row["Count"], row["Message"]) for row in found["exceptions.csv"]] == [(1, 'no colour, "red"')]
    [end] = found["stats_history.csv"]
    assert end["user_count"] == 0
    assert end["time"]


def test_what_does_not_apply_is_empty() -> None:
    """Locust writes N/A for the percentiles of no request; a reader of CSV wants nothing there."""
    made = Environment()
    made.create_local_runner()
    text = io.StringIO()
    for _, rows in tables(made):
        csv.writer(text).writerows(rows)
    assert "N/A" not in text.getvalue()


def test_without_a_runner_there_is_no_history() -> None:
    """Locust as a library may have none."""
    assert dict(tables(Environment()))["stats_history.csv"] == []


def test_a_table_that_can_not_be_made_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """Locust sorts by names: of two kinds it cannot. The other tables are there."""
    made = Environment()
    made.create_local_runner()
    for name in ("a", 7):
        made.stats.log_request("bedrock", cast("Any", name), 120, 7)
    assert set(dict(tables(made))) == {"failures.csv", "exceptions.csv", "stats_history.csv"}
    [record] = [one for one in caplog.records if one.name.endswith("locust_tables")]
    assert record.getMessage().startswith(
        "bedrock-locust: stats.csv is left out: Locust could not make it (TypeError: "
    )
    assert not record.exc_info
