"""Locust's own tables as they stand at the end of a run: the files of `--csv` are not final when Locust quits."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from locust.stats import PERCENTILES_TO_REPORT, StatsCSV, update_stats_history

from bedrock_locust.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from locust.env import Environment

    Table = list[list[Any]]

logger = logging.getLogger(__name__)


class _Rows:
    """The part of a CSV writer that Locust uses."""

    def __init__(self) -> None:
        self.rows: Table = []

    def writerow(self, row: Any) -> None:
        self.rows.append(list(row))


def tables(environment: Environment) -> Iterator[tuple[str, Table]]:
    """File name and rows, header first, of each of Locust's tables; the log says which cannot be made.

    They are made from whatever names and errors a locustfile gave Locust, and the end of a run needs none of them.
    """
    stats = StatsCSV(environment, PERCENTILES_TO_REPORT)
    makers: tuple[tuple[str, Callable[[], Table]], ...] = (
        ("stats.csv", lambda: _written(stats.requests_csv)),
        ("failures.csv", lambda: _written(stats.failures_csv)),
        ("exceptions.csv", lambda: _written(stats.exceptions_csv)),
        ("stats_history.csv", lambda: _history(environment)),
    )
    for name, make in makers:
        try:
            table = make()
        except Exception as error:  # noqa: BLE001 - whatever Locust makes of what it was given
            why = redact(" ".join(f"{type(error).__name__}: {error}".split()))
            logger.warning("bedrock-locust: %s is left out: Locust could not make it (%s)", name, why)
        else:
            yield name, table


def _written(write: Callable[[_Rows], None]) -> Table:
    """The rows that one of Locust's functions writes."""
    rows = _Rows()
    write(rows)
    return [[_known(cell) for cell in row] for row in rows.rows]


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
