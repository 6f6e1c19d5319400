"""Which Region served each call of a run, by the account's model invocation logs, and how fast each of them was.

A profile such as `us.` or `global.` leads to several Regions, and the answer does not say which one it was. The logs do
(`inferenceRegion`): https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html
"""

from __future__ import annotations

import csv
import math
import re
import statistics
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.workload.traces.traced import TraceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from bedrock_locust.aws.account.log_source import Part

TIMES = ("ttft_ms", "latency_ms")
PERCENTS = (50, 95)
MOST_SHOWN = 5
"""Parts of the logs that cannot be read of which each has a line; where none before them could, no more are tried."""
REGION = re.compile(r"[a-z]{2,4}(-[a-z]{2,16}){1,3}-[0-9]{1,2}")
"""Nothing else of a log is kept."""


class _Success(NamedTuple):
    """A call that succeeded."""

    mode: str
    times_ms: Mapping[str, float]

    @classmethod
    def of(cls, row: Mapping[str, str]) -> _Success:
        return cls(row.get("mode") or "", {name: _number(row.get(name)) for name in TIMES})


class Served(NamedTuple):
    """What the logs say of a run."""

    by_region: dict[str, Any]
    """As `aws.json` has it."""
    unread: list[str]
    """What of the logs could not be read, in lines."""


def by_region(logs: Iterable[Part], run: Path) -> Served:
    """Calls and times of the successes of a run by mode, and by the Region that served them, that of most calls first.

    Streams and whole answers are apart, as their times are not alike. What cannot be read of the logs is a line.

    Raises SettingsError where there are no logs, or no rows, or where none can be read.
    """
    rows = _successes(run / "requests.csv")
    regions, unread = _regions(logs, rows)
    served: dict[tuple[str, str], list[_Success]] = defaultdict(list)
    for id_, region in regions.items():
        served[rows[id_].mode, region].append(rows[id_])
    found = [
        {"region": region, "mode": mode, "calls": len(calls), **_times(calls)}
        for (mode, region), calls in sorted(served.items(), key=_place)
    ]
    return Served({"regions": found, "calls_without_log": len(rows) - len(regions)}, unread)


def _place(one: tuple[tuple[str, str], list[_Success]]) -> tuple[bool, str, int, str]:
    """Streams first, then what has most calls."""
    (mode, region), calls = one
    return mode != "streaming", mode, -len(calls), region


def _successes(path: Path) -> dict[str, _Success]:
    """Request id -> each call that succeeded."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {
                str(row["request_id"]): _Success.of(row)
                for row in csv.DictReader(file)
                if row.get("request_id") and not row.get("error")
            }
    except (OSError, ValueError, csv.Error) as error:
        raise SettingsError(f"{path}: the calls of the run cannot be read ({str(error)[:200]})") from None


def _regions(logs: Iterable[Part], wanted: Mapping[str, object]) -> tuple[dict[str, str], list[str]]:
    """Request id -> Region of each of these calls of which the logs know; and what could not be read."""
    regions: dict[str, str] = {}
    unread, failed, read = list[str](), 0, 0
    try:
        for part in logs:
            try:
                _take(part, wanted, regions)
                read += 1
            except TraceError as error:
                failed += 1
                unread += [f"--logs: {error}"] if failed <= MOST_SHOWN else []
                if not read and (failed == MOST_SHOWN or isinstance(error.__context__, PermissionError)):
                    break
            if len(regions) == len(wanted):
                break
    except SettingsError as error:
        raise SettingsError(f"--logs: {error}") from None
    if failed and not read and not regions:
        raise SettingsError(*unread)
    return regions, unread + ([f"--logs: {failed - MOST_SHOWN:,} more cannot be read"] if failed > MOST_SHOWN else [])


def _take(part: Part, wanted: Mapping[str, object], regions: dict[str, str]) -> None:
    """Enter the Region of each record of a wanted call, also of those before what cannot be read."""
    for _, record in part:
        if isinstance(record, dict) and (id_ := str(record.get("requestId") or "")) in wanted:
            # A call that its own Region served has no inferenceRegion.
            region = str(record.get("inferenceRegion") or record.get("region") or "")
            regions[id_] = region if REGION.fullmatch(region) else "unknown"


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
