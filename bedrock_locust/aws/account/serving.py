"""Which Region served each call of a run, by the account's model invocation logs, and how fast each of them was.

A profile such as `us.` or `global.` leads to several Regions, and the answer does not say which one it was. The logs do
(`inferenceRegion`): https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html
"""

from __future__ import annotations

import csv
import math
import statistics
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.workload.traces import invocation_logs
from bedrock_locust.workload.traces.traced import TraceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TIMES = ("ttft_ms", "latency_ms")
PERCENTS = (50, 95)


def by_region(logs: Path, run: Path) -> dict[str, Any]:
    """Calls and times of the successes of a run by the Region that served them, the one with most calls first.

    Raises SettingsError where there are no logs, or no rows, or where one cannot be read.
    """
    rows = _successes(run / "requests.csv")
    regions = _regions(logs, rows)
    served: dict[str, list[Mapping[str, float]]] = defaultdict(list)
    for id_, region in regions.items():
        served[region].append(rows[id_])
    most_first = sorted(served.items(), key=lambda one: (-len(one[1]), one[0]))
    found = [{"region": region, "calls": len(calls), **_times(calls)} for region, calls in most_first]
    return {"regions": found, "calls_without_log": len(rows) - len(regions)}


def _successes(path: Path) -> dict[str, Mapping[str, float]]:
    """Request id -> times in ms of each call that succeeded."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {
                str(row["request_id"]): {name: _number(row.get(name)) for name in TIMES}
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


def _times(calls: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """The percentiles of each time that these calls have; whole answers have no TTFT."""
    known = {name: [call[name] for call in calls if math.isfinite(call[name])] for name in TIMES}
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
