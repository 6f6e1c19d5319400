"""What has to hold of a run folder."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

from .running import LEVELS

if TYPE_CHECKING:
    from pathlib import Path


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def info(run: Path) -> dict[str, Any]:
    """The content of run.json."""
    values: dict[str, Any] = json.loads((run / "run.json").read_text())
    return values


def assert_whole(run: Path, ledger: list[dict[str, Any]], levels: list[str] | None = None) -> None:
    """The run folder has every call of the ledger, once, in the right level."""
    rows = read(run / "requests.csv")
    assert len(rows) == len(ledger), "rows in requests.csv and calls in the ledger"
    assert {row["request_id"] for row in rows} == {call["request_id"] for call in ledger}
    for column in ("input_tokens", "output_tokens"):
        assert sum(int(row[column]) for row in rows) == sum(call[column] for call in ledger), column
    table = {level["level"]: level for level in read(run / "levels.csv")}
    assert list(table) == (levels or LEVELS)
    assert {row["level"] for row in rows} == set(table)
    assert all(level["completed"] == "true" and level["users_reached"] == level["users"] for level in table.values())
    for row in rows:
        assert row["mode"] == table[row["level"]]["mode"], "a call of one mode in a level of the other"
        for level in table.values():
            if level["mode"] != row["mode"]:
                ended = float(row["started_at"]) + float(row["latency_ms"]) / 1000
                beside = float(row["started_at"]) < float(level["measured_to"]) and ended > float(level["started_at"])
                assert not beside, f"a {row['mode']} call while {level['level']} ran"
    said = info(run)
    assert said["ended"] == "complete"
    assert said["rows_written"] == len(rows)
    for name, worker in said["workers"].items():
        here = sum(row["worker"] == name for row in rows)
        assert (worker["rows_made"], worker["rows_received"], worker["state"]) == (here, here, "finished")
    totals = next(row for row in read(run / "stats.csv") if row["Name"] == "Aggregated")
    assert int(totals["Request Count"]) == len(rows), "Locust's own table is final"
