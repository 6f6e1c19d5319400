"""AWS's own figures of a run, by CloudWatch: fetched after it, and kept in its folder as `aws.json`.

Nothing is compared here: the report does that, from the file alone.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import gevent

from bedrock_locust.aws.account.control import why
from bedrock_locust.aws.account.usage import SPACES, query
from bedrock_locust.settings.mistakes import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bedrock_locust.aws.account.control import Control

FILE = "aws.json"
FORMAT = 1
MINUTE_S = 60
SUMS = {
    "runtime": (
        *("Invocations", "InvocationThrottles", "InvocationClientErrors", "InvocationServerErrors"),
        *("InputTokenCount", "OutputTokenCount", "CacheReadInputTokenCount", "CacheWriteInputTokenCount"),
        "EstimatedTPMQuotaUsage",
    ),
    "mantle": ("Inferences", "InferenceClientErrors", "TotalInputTokens", "TotalOutputTokens"),
}
"""Endpoint -> the metrics that add up. What is not listed here has no metric there."""
TIMES = {"runtime": ("InvocationLatency", "TimeToFirstToken"), "mantle": ()}
STATISTICS = ("SampleCount", "Average", "p50", "p95", "p99")
COUNTS = ("Invocations", "InvocationThrottles", "InvocationClientErrors", "InvocationServerErrors", "Inferences")
LONGEST_PERIOD_S = 86_400
"""A percentile is of one period, and CloudWatch has none that is longer."""
LOOK_S = 20.0
ROUNDS = 2
"""After this number of equal answers nothing more is to come."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The calls that are asked about."""

    id: str
    """The model id as called."""
    endpoint: str
    begin_s: int
    """Unix time of the whole minute in which the run began."""
    end_s: int
    """Unix time of the whole minute after its end."""
    rows: int
    """The calls that the run knows of."""

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> Subject:
        """The calls of a run, by its `run.json`. Raises SettingsError where that does not say enough."""
        try:
            model = info["settings"]["model"]
            begin_s, end_s = float(info["started_at"]), float(info["ended_at"] or time.time())
            endpoint = "mantle" if model.get("endpoint") == "mantle" else "runtime"
            begin, end = math.floor(begin_s / MINUTE_S), math.floor(end_s / MINUTE_S) + 1
            rows = int(info.get("rows_written") or 0)
            return cls(str(model["id"]), endpoint, begin * MINUTE_S, end * MINUTE_S, rows)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise SettingsError("run.json does not say what was called and when: give the folder of a run") from None


def region_of(info: Mapping[str, Any]) -> str | None:
    """The region of a run."""
    settings = info.get("settings")
    aws = settings.get("aws") if isinstance(settings, dict) else None
    region = aws.get("region") if isinstance(aws, dict) else None
    return region if isinstance(region, str) else None


def check(
    control: Control,
    folder: Path,
    info: Mapping[str, Any],
    wait_s: float = 0,
    serving: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Fetch AWS's figures of a run and write them into its folder; raises SettingsError and OSError.

    CloudWatch has them some minutes late: for up to `wait_s` it is asked again until all are there, or come to rest.
    `serving` is what logs say of the Regions, and is written with them. What an earlier fetch had found stays where
    this one finds nothing.
    """
    subject = Subject.of(info)
    end_s, seen, equal = time.monotonic() + wait_s, -1.0, 0
    while True:
        found = fetch(control, subject)
        count = sum(found["metrics"].get(name, {}).get("Sum", 0.0) for name in COUNTS)
        equal = equal + 1 if count == seen and count else 0
        seen = count
        if count >= subject.rows or equal >= ROUNDS or found["missing"] or time.monotonic() + LOOK_S > end_s:
            break
        gevent.sleep(LOOK_S)
    before = _before(folder / FILE, found)
    written = found if count or not before.get("metrics") else before
    regions = before.get("serving") if serving is None else serving
    _write(folder / FILE, {**written, **({"serving": regions} if regions is not None else {})})
    return found


def _before(path: Path, found: Mapping[str, Any]) -> dict[str, Any]:
    """What an earlier fetch wrote of the same model; empty without one."""
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    same = isinstance(before, dict) and all(before.get(name) == found[name] for name in ("format", "model_id"))
    return before if same else {}


def fetch(control: Control, subject: Subject) -> dict[str, Any]:
    """AWS's figures of these calls, as they are now."""
    metrics: dict[str, dict[str, float]] = {}
    missing = []
    period_s = subject.end_s - subject.begin_s
    sums = [(name, "Sum", MINUTE_S) for name in SUMS[subject.endpoint]]
    times = [(name, stat, period_s) for name in TIMES[subject.endpoint] for stat in STATISTICS]
    try:
        for name, stat, values in _asked(control, subject, sums):
            metrics[name] = {stat: math.fsum(values)}
        # Apart: counts are worth having where percentiles are not to be had.
        for name, stat, values in _asked(control, subject, times if period_s <= LONGEST_PERIOD_S else []):
            if len(values) == 1:
                metrics.setdefault(name, {})[stat] = values[0]
    except Exception as error:  # noqa: BLE001 - no permission, no way to it: that is all that can be said
        what = "the times" if metrics else "anything"
        missing.append(f"CloudWatch was not asked for {what}: {why(error)}")
    return {
        "format": FORMAT,
        "fetched_at": round(time.time(), 3),
        "region": control.region,
        "namespace": SPACES[subject.endpoint][0],
        "model_id": subject.id,
        "from": subject.begin_s,
        "to": subject.end_s,
        "metrics": metrics,
        "missing": missing,
    }


def _asked(
    control: Control, subject: Subject, wanted: list[tuple[str, str, int]]
) -> list[tuple[str, str, list[float]]]:
    """Metric, statistic and the values of each of these that there are."""
    if not wanted:
        return []
    queries = [query(subject, name, stat, period, f"m{n}") for n, (name, stat, period) in enumerate(wanted)]
    period = {
        "StartTime": datetime.fromtimestamp(subject.begin_s, UTC),
        "EndTime": datetime.fromtimestamp(subject.end_s, UTC),
    }
    values: dict[str, list[float]] = {}
    more: dict[str, Any] = {}
    while True:
        page = control.client("cloudwatch").get_metric_data(MetricDataQueries=queries, **period, **more)
        for one in page["MetricDataResults"]:
            values.setdefault(one["Id"], []).extend(map(float, one["Values"]))
        if not page.get("NextToken"):
            break
        more = {"NextToken": page["NextToken"]}
    return [(name, stat, values.get(f"m{n}", [])) for n, (name, stat, _) in enumerate(wanted)]


def read_info(folder: Path) -> dict[str, Any]:
    """What `run.json` says. Raises SettingsError where there is none."""
    try:
        info = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        info = None
    if not isinstance(info, dict):
        raise SettingsError(f"no run.json in {folder}: give the folder of a run, such as results/<run>")
    return info


def _write(path: Path, content: Mapping[str, Any]) -> None:
    """Write the file whole, or leave the one that is there."""
    if path.is_symlink():
        raise SettingsError(f"{path} is a link, and nothing is written through one: remove it")
    whole = path.with_name(f".{path.name}")
    whole.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    whole.replace(path)
