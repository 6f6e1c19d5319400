"""Which Region served each call of a run, by the account's model invocation logs, and how fast each of them was.

A profile such as `us.` or `global.` leads to several Regions, and the answer does not say which one it was. The logs do
(`inferenceRegion`): https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html
"""

from __future__ import annotations

import csv
import math
import statistics
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.workload.traces import invocation_logs
from bedrock_locust.workload.traces.traced import TraceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TIMES = ("ttft_ms", "latency_ms")
PERCENTS = (50, 95)


class _Success(NamedTuple):
    """A call that succeeded."""

    mode: str
    times_ms: Mapping[str, float]

    @classmethod
    def of(cls, row: Mapping[str, str]) -> _Success:
        return cls(row.get("mode") or "", {name: _number(row.get(name)) for name in TIMES})


def by_region(logs: Path, run: Path) -> dict[str, Any]:
    """Calls and times of the successes of a run by mode, and by the Region that served them, that of most calls first.

    Streams and whole answers are apart, as their times are not alike.

    Raises SettingsError where there are no logs, or no rows, or where one cannot be read.
    """
    rows = _successes(run / "requests.csv")
    regions = _regions(logs, rows)
    served: dict[tuple[str, str], list[_Success]] = defaultdict(list)
    for id_, region in regions.items():
        served[rows[id_].mode, region].append(rows[id_])
    found = [
        {"region": region, "mode": mode, "calls": len(calls), **_times(calls)}
        for (mode, region), calls in sorted(served.items(), key=_place)
    ]
    return {"regions": found, "calls_without_log": len(rows) - len(regions)}


def _place(one: tuple[tuple[str, str], list[_Success]]) -> tuple[bool, str, int, str]:
    """Streams first, then what has most calls."""
    (mode, region), calls = one
    return mode != "streaming", mode, -len(calls), region


def _successes(path: Path) -> dict[str, _Success]:
    """Request id -> each call that succeeded."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {
                str(row["request_id"]): _Success(
                    row.get("mode") or "", {name: _number(row.get(name)) for name in TIMES}
                )
                for row in csv.DictReader(file)
                if row.get("request_id") and not row.get("error")
            }
    except (OSError, ValueError, csv.Error) as error:
        raise SettingsError(f"{path}: the calls of the run cannot be read ({str(error)[:200]})") from None


def _regions(logs: Path, wanted: Mapping[str, object]) -> dict[str, str]:
    """Request id -> Region of each of these calls of which the logs know."""
    files = invocation_logs.files(logs) if logs.is_dir() else [logs]
    if not files:
        raise SettingsError(f"--logs: no invocation logs in {logs}: give the folder that was copied from S3")
    regions = {}
    try:
        for file in files:
            for _, record in invocation_logs.records(file):
                if isinstance(record, dict) and (id_ := str(record.get("requestId") or "")) in wanted:
                    # A call that its own Region served has no inferenceRegion.
                    regions[id_] = str(record.get("inferenceRegion") or record.get("region") or "unknown")
    except (TraceError, OSError) as error:
        raise SettingsError(f"--logs: {error}") from None
    return regions


def _times(calls: Sequence[_Success]) -> dict[str, dict[str, float]]:
    """The percentiles of each time that these calls have; whole answers have no TTFT."""
    known = {name: [call.times_ms[name] for call in calls if math.isfinite(call.times_ms[name])] for name in TIMES}
    return {
        name: {f"p{p}": round(_percentile(values, p), 3) for p in PERCENTS} for name, values in known.items() if values
    }


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


def _number(text: str | None) -> float:
    """A number of a row; NaN where there is none."""
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan
