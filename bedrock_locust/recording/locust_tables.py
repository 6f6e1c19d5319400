"""Locust's own tables as they stand at the end of a run: the files of `--csv` are not final when Locust quits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from locust.stats import PERCENTILES_TO_REPORT, StatsCSV, update_stats_history

if TYPE_CHECKING:
    from collections.abc import Iterator

    from locust.env import Environment

    Table = list[list[Any]]


class _Rows:
    """The part of a CSV writer that Locust uses."""

    def __init__(self) -> None:
        self.rows: Table = []

    def writerow(self, row: Any) -> None:
        self.rows.append(list(row))


def tables(environment: Environment) -> Iterator[tuple[str, Table]]:
    """File name and rows, header first, of each of Locust's tables."""
    stats = StatsCSV(environment, PERCENTILES_TO_REPORT)
    for name, write in (
        ("stats.csv", stats.requests_csv),
        ("failures.csv", stats.failures_csv),
        ("exceptions.csv", stats.exceptions_csv),
    ):
        rows = _Rows()
        write(rows)
        yield name, [[_known(cell) for cell in row] for row in rows.rows]
    yield "stats_history.csv", _history(environment)


def _known(cell: Any) -> Any:
    return "" if cell == "N/A" else cell


def _history(environment: Environment) -> Table:
    """What Locust's charts show: a row every 5 s and one for the end."""
    if environment.runner is None:
        return []
    update_stats_history(environment.runner)
    history = environment.stats.history
    columns = ["time", *(key for key in history[-1] if key != "time")]
    return [columns, *([_value(row[key]) for key in columns] for row in history)]


def _value(entry: Any) -> Any:
    """The figure of a chart's point, which is [time, figure]."""
    return entry[1] if isinstance(entry, list) else entry
