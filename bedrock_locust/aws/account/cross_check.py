"""AWS's own figures of a run, by CloudWatch: fetched after it, and kept in its folder as `aws.json`.

Nothing is compared here: the report does that, from the file alone.
"""

from __future__ import annotations

import csv
import json
import math
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gevent.event import Event

from bedrock_locust.aws.account import earlier
from bedrock_locust.aws.account.control import is_denied, why
from bedrock_locust.aws.account.usage import SPACES, query
from bedrock_locust.redaction import ID_LIMIT, word
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.plan import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from bedrock_locust.aws.account.control import Control

FILE = "aws.json"
ROWS = "requests.csv"
STREAMED = "streaming"
MOST_COMPARED = 4
"""Other models than that of the settings that are compared: those with most calls."""
MOST_SHOWN = 4
"""Models that are left out of a comparison, and named."""
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
STREAMS_ONLY = "TimeToFirstToken"
"""Whole answers do not have it."""
TIMES = {"runtime": ("InvocationLatency", STREAMS_ONLY), "mantle": ()}
ACCEPTED = ("Invocations", "Inferences")
INCOMPLETE = frozenset({"InternalError", "Forbidden"})
"""Results that are not all there is. `PartialData` goes on with the next page."""
STATISTICS = ("SampleCount", "Average", "p50", "p95", "p99")
COUNTS = ("Invocations", "InvocationThrottles", "InvocationClientErrors", "InvocationServerErrors", "Inferences")
LONGEST_PERIOD_S = 86_400
"""A percentile is of one period, and CloudWatch has none that is longer."""
KEPT_S = ((63 * 86_400, 3600), (15 * 86_400, 300))
"""Age -> the shortest period that CloudWatch still has:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html
"""
LOOK_S = 20.0
ROUNDS = 2
"""After this number of equal answers nothing more is to come."""


@dataclass(frozen=True, slots=True)
class Wait:
    """How long CloudWatch is waited for, and what ends that: it is asked for a last time then."""

    limit_s: float
    stop: Event = field(default_factory=Event)


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
    streams: bool = False
    """Whether some of them are streams, which alone have a time to the first token."""

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> Subject:
        """The calls of a run, by its `run.json`. Raises SettingsError where that does not say enough."""
        try:
            model = info["settings"]["model"]
            begin_s, end_s = float(info["started_at"]), float(info["ended_at"] or time.time())
            endpoint = "mantle" if model.get("endpoint") == "mantle" else "runtime"
            begin, end = math.floor(begin_s / MINUTE_S), math.floor(end_s / MINUTE_S) + 1
            rows = int(info.get("rows_written") or 0)
            test = info["settings"].get("test")
            streams = isinstance(test, dict) and test.get("streaming") is True
            return cls(str(model["id"]), endpoint, begin * MINUTE_S, end * MINUTE_S, rows, streams)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise SettingsError("run.json does not say what was called and when: give the folder of a run") from None

    def in_steps_of(self, step_s: int) -> Subject:
        """The same, of whole periods of this length."""
        return replace(self, begin_s=self.begin_s // step_s * step_s, end_s=-(-self.end_s // step_s) * step_s)


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
    wait: Wait | None = None,
    serving: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Fetch AWS's figures of a run and write them into its folder; raises SettingsError, also where that cannot be.

    CloudWatch has them some minutes late: it is asked again until all are there, or come to rest, or `wait` is over.
    `serving` is what logs say of the Regions, and is written with them. What an earlier fetch had found stays where
    this one finds less: the file has both, and what is returned is of this fetch alone.
    """
    subject = Subject.of(info)
    called = calls_by_model(folder / ROWS)
    others = other_models(called, subject.id)
    compared = dict(others.most_common(MOST_COMPARED))
    rest = others - Counter(compared)
    streams = bool(called[subject.id, STREAMED]) if called else subject.streams
    subject = replace(subject, rows=max(subject.rows - rest.total(), 0), streams=streams)
    wait = wait or Wait(0)
    end_s, seen, equal = time.monotonic() + wait.limit_s, -1.0, 0
    while True:
        is_last = wait.stop.is_set()
        found = fetch(control, subject, compared)
        count = calls_in(found)
        equal = equal + 1 if count == seen and count else 0
        seen = count
        is_last |= count >= subject.rows or equal >= ROUNDS or bool(found["failure"])
        if is_last or time.monotonic() + LOOK_S > end_s:
            break
        wait.stop.wait(LOOK_S)
    found["missing"] += left_out(rest)
    before = earlier.read(folder / FILE, found)
    written = earlier.merged(before, found, exact=_step_s(time.time() - subject.begin_s) == MINUTE_S)
    regions = before.get("serving") if serving is None else serving
    _write(folder / FILE, {**written, **({"serving": regions} if regions is not None else {})})
    return found


def calls_by_model(path: Path) -> Counter[tuple[str, str]]:
    """Model id and mode -> calls, by the rows of a run; empty where they do not tell."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            head = next(rows, [])
            model, mode = head.index("model_id"), head.index("mode")
            return Counter((row[model], row[mode]) for row in rows if len(row) > max(model, mode))
    except (OSError, ValueError, csv.Error):
        return Counter()


def other_models(called: Counter[tuple[str, str]], own: str) -> Counter[str]:
    """Model id -> calls to each model but that of the settings."""
    counts = Counter[str]()
    for (model, _), count in called.items():
        counts[model] += count if model not in {own, ""} else 0
    return +counts


def left_out(rest: Counter[str]) -> list[str]:
    """Which calls of a run are not compared, in a sentence without a full stop; none where all are."""
    if not rest:
        return []
    shown = [f"{count:,} to {word(model, ID_LIMIT)}" for model, count in rest.most_common(MOST_SHOWN)]
    more = [f"{len(rest) - MOST_SHOWN:,} more"] if len(rest) > MOST_SHOWN else []
    calls = counted(rest.total(), "call")
    return [f"the models with most calls are compared; left out: {calls} to others ({', '.join(shown + more)})"]


def calls_in(found: Mapping[str, Any], names: Iterable[str] = COUNTS) -> float:
    """How many calls AWS has counted by these metrics, to all models together; by default accepted and refused."""
    parts = (found, *found["others"])
    return math.fsum(part["metrics"].get(name, {}).get("Sum", 0.0) for name in names for part in parts)


def not_had(found: Mapping[str, Any]) -> list[str]:
    """What could not be had of what was asked for, in sentences without a full stop."""
    return [line for part in (found, *found["others"]) for line in part["missing"]]


def fetch(control: Control, subject: Subject, others: Iterable[str] = ()) -> dict[str, Any]:
    """AWS's figures of these calls, as they are now; of calls to other models of the run, what adds up."""
    metrics: dict[str, dict[str, float]] = {}
    missing, failure = [], ""
    step_s = _step_s(time.time() - subject.begin_s)
    subject = subject.in_steps_of(step_s)
    if step_s > MINUTE_S:
        missing.append(
            f"CloudWatch has only whole periods of {step_s // 60} min of a run so old, others' calls in them too"
        )
    try:
        metrics, notes = _sums(control, subject, step_s)
        missing += notes
        # Apart: counts are worth having where percentiles are not to be had.
        missing += _times(control, subject, metrics)
    except Exception as error:  # noqa: BLE001 - no permission, no way to it: that is all that can be said
        missing.append(f"CloudWatch gave no {'times' if metrics else 'figures'}: {why(error)}")
        failure = "denied" if is_denied(error) else "no answer"
    return {
        "format": FORMAT,
        "fetched_at": round(time.time(), 3),
        "region": control.region,
        "namespace": SPACES[subject.endpoint][0],
        "model_id": subject.id,
        "from": subject.begin_s,
        "to": subject.end_s,
        "metrics": metrics,
        "others": [] if failure else [_of_other(control, replace(subject, id=other), step_s) for other in others],
        "missing": missing,
        "failure": failure,
    }


def _of_other(control: Control, subject: Subject, step_s: int) -> dict[str, Any]:
    """What adds up of the calls to another model, with what could not be had of it."""
    try:
        metrics, missing = _sums(control, subject, step_s)
    except Exception as error:  # noqa: BLE001 - the id may be one that CloudWatch refuses
        metrics, missing = {}, [f"CloudWatch gave no figures of {word(subject.id, ID_LIMIT)}: {why(error)}"]
    return {"model_id": subject.id, "metrics": metrics, "missing": missing}


def _sums(control: Control, subject: Subject, step_s: int) -> tuple[dict[str, dict[str, float]], list[str]]:
    """What adds up, and what of it is not complete, in sentences without a full stop."""
    sums, notes = _asked(control, subject, [(name, "Sum", step_s) for name in SUMS[subject.endpoint]])
    return {name: {"Sum": math.fsum(found["Sum"])} for name, found in sums.items()}, notes


def _step_s(age_s: float) -> int:
    """The shortest period that CloudWatch has of something that old."""
    return next((step_s for from_s, step_s in KEPT_S if age_s > from_s), MINUTE_S)


def _times(control: Control, subject: Subject, metrics: dict[str, dict[str, float]]) -> list[str]:
    """Enter the times of the whole run; what could not be had is returned, in sentences without a full stop."""
    period_s = min(subject.end_s - subject.begin_s, LONGEST_PERIOD_S)
    names = TIMES[subject.endpoint]
    asked, missing = _asked(control, subject, [(name, stat, period_s) for name in names for stat in STATISTICS])
    has_calls = any(metrics[name]["Sum"] for name in ACCEPTED if name in metrics)
    for name in names:
        if asked[name]["SampleCount"]:
            metrics[name], lacking = _whole(asked[name])
            missing += [f"CloudWatch has no {name} ({', '.join(lacking)}) of the whole run"] if lacking else []
        elif has_calls and (subject.streams or name != STREAMS_ONLY):
            missing.append(f"CloudWatch has no {name} of this run")
    return missing


def _whole(parts: Mapping[str, list[float]]) -> tuple[dict[str, float], list[str]]:
    """Statistics of all parts of a run together, and which of them do not follow from those of the parts.

    CloudWatch chooses where a period begins, so that a run may lie in two; there is no percentile of both.
    """
    counts, means = parts["SampleCount"], parts["Average"]
    whole = {"SampleCount": math.fsum(counts)}
    if len(means) == len(counts):
        total = math.fsum(count * mean for count, mean in zip(counts, means, strict=True))
        whole["Average"] = total / whole["SampleCount"]
    if len(counts) == 1:
        whole |= {stat: values[0] for stat, values in parts.items() if len(values) == 1}
    return whole, [stat for stat in parts if stat not in whole]


def _asked(
    control: Control, subject: Subject, wanted: list[tuple[str, str, int]]
) -> tuple[dict[str, dict[str, list[float]]], list[str]]:
    """Metric -> statistic -> values of each of these; and what is not complete, in sentences without a full stop."""
    found: dict[str, dict[str, list[float]]] = {name: {} for name, _, _ in wanted}
    incomplete: dict[str, str] = {}
    queries = [query(subject, name, stat, period, f"m{n}") for n, (name, stat, period) in enumerate(wanted)]
    for one in _results(control, subject, queries) if queries else ():
        name, stat, _ = wanted[int(one["Id"][1:])]
        found[name].setdefault(stat, []).extend(map(float, one["Values"]))
        incomplete |= {name: one["StatusCode"]} if one["StatusCode"] in INCOMPLETE else {}
    for name, stat, _ in wanted:
        found[name].setdefault(stat, [])
    return found, [f"CloudWatch did not give all of {name} ({status})" for name, status in incomplete.items()]


def _results(control: Control, subject: Subject, queries: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The results of all pages."""
    moments = {
        "StartTime": datetime.fromtimestamp(subject.begin_s, UTC),
        "EndTime": datetime.fromtimestamp(subject.end_s, UTC),
    }
    more: dict[str, Any] = {}
    while True:
        page = control.client("cloudwatch").get_metric_data(
            MetricDataQueries=queries, ScanBy="TimestampAscending", **moments, **more
        )
        yield from page["MetricDataResults"]
        if not page.get("NextToken"):
            return
        more = {"NextToken": page["NextToken"]}


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
    try:
        whole.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        whole.replace(path)
    except OSError as error:
        raise SettingsError(
            f"cannot write {path}: {error.strerror or error}: make the folder writable, or copy it and give the copy"
        ) from None
