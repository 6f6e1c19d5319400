"""The load generator's own health: what each worker says of itself, and what its calls show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from reports.numbers import percentiles
from reports.reading.blocks import alike, codes
from reports.reading.calls import MODES
from reports.reading.run import finite

if TYPE_CHECKING:
    from reports.reading.run import Run

BUSY_PERCENT = 90
"""From this share of a core on, a worker may measure itself rather than the service."""

FREE_PERCENT = 60
"""Below this share of a core, a worker that is late does not lack a core of its own."""

LATE_SHARE = 0.1
"""From this part of the median wait on, the client's own delays show in the figures."""
LATE_MS = 5
"""Below this many milliseconds, a delay of the client is of no interest."""

ARRIVALS = ("arrivals_dropped", "arrivals_missed")
"""Causes of which `reports.numbers.arrivals` tells."""
CAUSES = ("cpu_percent", "loop_lag_p99_ms", "read_lag_p99_ms", *ARRIVALS)
"""What may have been too much; `cause.<what>` is how that is said."""


class Cause(NamedTuple):
    """One reason why the load generator was the limit in a level."""

    what: str
    worker: str
    value: float


NUMBERS = ("rows_made", "rows_received", "cpu_percent")
METRICS = ("send_delay_ms", "read_lag_ms")


def workers(run: Run) -> pd.DataFrame:
    """One row per worker, the index its name.

    Columns: `state`, `rows_made`, `rows_received`, `cpu_percent` (of one core), `calls` in
    `requests.csv`, and of all those calls `send_delay_ms_p50`, `_p99`, `read_lag_ms_p50`, `_p99`.
    """
    said = _said(run)
    names, numbers = run.calls["worker"].cat.categories, codes(run.calls, "worker")
    every = np.ones(len(numbers), dtype=bool)
    seen = {name: _seen(run, numbers == names.get_loc(name)) for (name,) in alike(run.calls, ["worker"], every)}
    columns = ["calls", *(f"{metric}_{part}" for metric in METRICS for part in ("p50", "p99"))]
    rows = pd.DataFrame.from_dict(seen, orient="index", columns=columns, dtype="float64")
    index = said.index.union(rows.index).sort_values()
    return pd.concat([said.reindex(index), rows.reindex(index)], axis=1).fillna({"calls": 0, "state": ""})


def late_levels(figures: pd.DataFrame, run: Run) -> list[str]:
    """The levels in which the load generator delayed calls so much that the figures show it.

    P95 of the time before the send, or of the lag in reading, is more than `LATE_SHARE` of the
    median wait (TTFT, without it latency) and more than `LATE_MS`; or `run.json` has it that the client was the limit.
    """
    wait_ms = figures["ttft_ms_p50"].fillna(figures["latency_ms_p50"])
    delay_ms = figures[["read_lag_ms_p95", "send_delay_ms_p95"]].max(axis=1)
    seen = (delay_ms > LATE_MS) & (delay_ms > LATE_SHARE * wait_ms)
    return [str(key) for key in figures.index if seen[key] or is_said_late(run, str(key))]


def is_said_late(run: Run, key: str) -> bool:
    """Whether the load generator itself noted that it was the limit in a level."""
    return _noted(run, key, "client_limited") is True and not _is_of_arrivals(run, key)


def _noted(run: Run, key: str, what: str) -> Any:
    """What it noted of a level; one in which calls of both modes were made has a key for each of them."""
    level, _, mode = key.rpartition(" ")
    is_half = run.get("health", key) is None and mode in MODES
    return run.get("health", level if is_half else key, what)


def _is_of_arrivals(run: Run, key: str) -> bool:
    """Whether all that it noted is that arrivals were dropped or missed."""
    found = _noted(run, key, "causes")
    what = [one.get("what") for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return bool(what) and set(what) <= set(ARRIVALS)


def has_free_cpu(run: Run, key: str) -> bool:
    """Whether every worker had most of its core left while it was late in a level: something else used the machine."""
    workers = _noted(run, key, "workers")
    used = (
        [finite(one.get("cpu_percent")) for one in workers.values() if isinstance(one, dict)]
        if isinstance(workers, dict)
        else []
    )
    busy = any(cause.what == "cpu_percent" for cause in causes(run, key))
    return not busy and bool(used) and all(percent is not None and percent < FREE_PERCENT for percent in used)


def causes(run: Run, key: str) -> list[Cause]:
    """Why, as it noted; a cause that this version does not know is left out."""
    found = _noted(run, key, "causes")
    read = [_cause(one) for one in (found if isinstance(found, list) else [])]
    return [cause for cause in read if cause is not None]


def _cause(said: Any) -> Cause | None:
    value = finite(said.get("value")) if isinstance(said, dict) and said.get("what") in CAUSES else None
    return None if value is None else Cause(str(said["what"]), str(said.get("worker", "")), value)


def _seen(run: Run, own: Any) -> dict[str, float]:
    row = {"calls": float(own.sum())}
    for metric in METRICS:
        values = run.calls[metric].to_numpy()
        values = values[own & ~np.isnan(values)]
        values.sort()
        row |= {f"{metric}_p{percent}": percentiles.at(values, percent) for percent in (50, 99)}
    return row


def _said(run: Run) -> pd.DataFrame:
    known = run.get("workers")
    entries = known.items() if isinstance(known, dict) else ()
    rows = {str(name): _row(said) for name, said in entries if isinstance(said, dict)}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["state", *NUMBERS]).astype(
        {"state": "str", **dict.fromkeys(NUMBERS, "float64")}
    )


def _row(said: dict[str, object]) -> list[object]:
    return [str(said.get("state", "")), *(finite(said.get(number)) for number in NUMBERS)]
