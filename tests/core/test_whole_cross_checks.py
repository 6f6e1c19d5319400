"""All that CloudWatch is asked about a run, and what is written of its answers, in golden files.

`UPDATE_GOLDEN=1 pytest tests/core/test_whole_cross_checks.py` writes them anew: read the difference.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.aws.account import cross_check
from bedrock_locust.aws.account.control import Control
from bedrock_locust.aws.boto3_client import session_for
from bedrock_locust.settings.schema import Aws
from bedrock_locust.simulator.account.wire import moment

from .golden_files import by_line, check_text
from .scripted_aws import scripted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("made_up_keys")

HOUR_S, DAY_S = 3600, 86_400
NOW_S = int(time.time()) // HOUR_S * HOUR_S
"""A whole hour, so that periods begin where they always do."""


def run_info(ago_s: float, length_s: float = 150, **more: Any) -> dict[str, Any]:
    """A run that began this long before the hour, and 7 s."""
    settings = {"model": {"id": "m", "endpoint": more.pop("endpoint", "runtime")}, "test": more.pop("test", {})}
    begin_s = NOW_S - ago_s + 7
    return {"settings": settings, "started_at": begin_s, "ended_at": begin_s + length_s, "rows_written": 9, **more}


Figures = dict[str, list[float] | tuple[list[float], str]]
COUNTS: Figures = {
    "Invocations Sum": [2.0, 3.5],
    "InvocationThrottles Sum": [4],
    "InputTokenCount Sum": [10, 20, 30.25],
}
TIMES: Figures = {
    f"{name} {stat}": [value]
    for name, values in {
        "InvocationLatency": [5.0, 812.5, 800.0, 1200.0, 1300.0],
        "TimeToFirstToken": [3.0, 212.5, 200.0, 300.0, 310.0],
    }.items()
    for stat, value in zip(("SampleCount", "Average", "p50", "p95", "p99"), values, strict=True)
}


class CloudWatch:
    """Answers with these figures; in pages, if asked to."""

    def __init__(self, figures: Figures, pages: int = 1, *, refuses: str = "") -> None:
        self._figures, self._pages, self._refuses = figures, pages, refuses
        self.asked: list[str] = []

    def answer(self, asked: Mapping[str, Any]) -> Any:
        """The figures of each query; a page has every second of them, or all."""
        begin_s, end_s = (moment(asked[name], name) for name in ("StartTime", "EndTime"))
        stats = [(one["Id"], one["MetricStat"]) for one in asked["MetricDataQueries"]]
        page = int(asked.get("NextToken", "0"))
        said = ", ".join(f"{one['Metric']['MetricName']} {one['Stat']}" for _, one in stats)
        [period_s] = {one["Period"] for _, one in stats}
        page_of = f", page {page + 1}" if self._pages > 1 else ""
        self.asked.append(f"{begin_s - NOW_S:.0f} to {end_s - NOW_S:.0f} by {period_s}{page_of}: {said}")
        assert asked["ScanBy"] == "TimestampAscending"
        if self._refuses and self._refuses in said:
            return "InternalServerException"
        rows = []
        for id_, one in stats[page :: self._pages]:
            found = self._figures.get(f"{one['Metric']['MetricName']} {one['Stat']}", [])
            values, status = found if isinstance(found, tuple) else (found, "Complete")
            rows.append({"Id": id_, "Label": "x", "Timestamps": [], "Values": values, "StatusCode": status})
        more = {"NextToken": str(page + 1)} if page + 1 < self._pages else {}
        return {"MetricDataResults": rows, **more}


CASES: dict[str, tuple[dict[str, Any], CloudWatch]] = {
    "streams and whole answers": (run_info(HOUR_S, test={"streaming": True}), CloudWatch(COUNTS | TIMES)),
    "whole answers only, in two pages": (
        run_info(HOUR_S, test={"streaming": False}),
        CloudWatch(COUNTS | {name: values for name, values in TIMES.items() if "Latency" in name}, 2),
    ),
    "streams without a time to their first token": (
        run_info(HOUR_S, test={"streaming": True}),
        CloudWatch(COUNTS | {name: values for name, values in TIMES.items() if "Latency" in name}),
    ),
    "no call yet": (run_info(HOUR_S, test={"streaming": True}), CloudWatch({"Invocations Sum": [0]})),
    "two periods": (
        run_info(HOUR_S),
        CloudWatch(
            COUNTS
            | {
                "InvocationLatency SampleCount": [3, 1],
                "InvocationLatency Average": [100, 200],
                "InvocationLatency p50": [90, 200],
            }
        ),
    ),
    "means of one period only": (
        run_info(HOUR_S),
        CloudWatch(COUNTS | {"InvocationLatency SampleCount": [3, 1], "InvocationLatency Average": [100]}),
    ),
    "not all of it": (
        run_info(HOUR_S),
        CloudWatch(COUNTS | {"InputTokenCount Sum": ([5], "InternalError"), "OutputTokenCount Sum": ([], "Forbidden")}),
    ),
    "counts without times": (run_info(HOUR_S), CloudWatch(COUNTS, refuses="InvocationLatency")),
    "nothing": (run_info(HOUR_S), CloudWatch({}, refuses="Invocations")),
    "mantle": (
        run_info(HOUR_S, endpoint="mantle"),
        CloudWatch({"Inferences Sum": [3, 4], "TotalOutputTokens Sum": [70], "InferenceClientErrors Sum": [0]}),
    ),
    "longer than a day": (run_info(2 * DAY_S, 100_000, rows_written=8), CloudWatch(COUNTS | TIMES)),
    "not yet 15 days old": (run_info(15 * DAY_S - 2 * HOUR_S), CloudWatch(COUNTS)),
    "15 days old": (run_info(15 * DAY_S + 60), CloudWatch(COUNTS | TIMES)),
    "not yet 63 days old": (run_info(63 * DAY_S - 2 * HOUR_S), CloudWatch(COUNTS)),
    "63 days old": (run_info(63 * DAY_S + 600), CloudWatch(COUNTS)),
    "without an end": (run_info(HOUR_S, ended_at=None), CloudWatch(COUNTS)),
}


def test_cross_checks_are_as_they_were_read_and_approved(tmp_path: Path) -> None:
    """Every question, and the whole file, but for the moment of the fetch, and counts of 0."""
    session = session_for(Aws(region="us-east-1"), simulator=False)
    parts: list[str] = []
    for name, (info, cloudwatch) in CASES.items():
        with scripted({"GetMetricData": cloudwatch.answer}) as aws:
            found = cross_check.check(Control(session, "us-east-1", aws.url), tmp_path, info)
        assert json.loads((tmp_path / cross_check.FILE).read_text(encoding="utf-8")) == found
        (tmp_path / cross_check.FILE).unlink()
        assert found.pop("others") == []
        assert abs(found.pop("fetched_at") - time.time()) < 100
        ends = found.pop("from") - NOW_S, found.pop("to") - NOW_S
        if info["ended_at"] is None:
            ends, cloudwatch.asked = (ends[0], 0), []
        asked = [
            one if one.partition(": ")[2] not in "".join(parts) else one.partition(": ")[0] for one in cloudwatch.asked
        ]
        found["metrics"] = {of: values for of, values in found["metrics"].items() if values != {"Sum": 0}}
        parts.append("\n".join([f"# {name}", *asked, f"of {ends[0]} to {ends[1]}", by_line(found)]))
    check_text("accounts/cross_checks.txt", "\n\n".join(parts) + "\n")


BEFORE: dict[str, Any] = {
    "Invocations": {"Sum": 7.0},
    "InputTokenCount": {"Sum": 9.0},
    "EstimatedTPMQuotaUsage": {"Sum": 1.0},
}


@pytest.mark.parametrize(
    ("before", "figures", "ago_s", "kept"),
    [
        ({}, {"Invocations Sum": [8]}, HOUR_S, {}),
        (
            BEFORE,
            {"Invocations Sum": [8], "InputTokenCount Sum": [9]},
            HOUR_S,
            {"EstimatedTPMQuotaUsage": {"Sum": 1.0}},
        ),
        (
            BEFORE,
            {"Invocations Sum": [6], "InputTokenCount Sum": [10]},
            HOUR_S,
            {name: BEFORE[name] for name in ("Invocations", "EstimatedTPMQuotaUsage")},
        ),
        (BEFORE, {"Invocations Sum": [0]}, HOUR_S, None),
        (BEFORE, {"Invocations Sum": [99]}, 20 * DAY_S, None),
        ({"Invocations": {"Sum": 0.0}}, {"Invocations Sum": [99]}, 20 * DAY_S, {}),
    ],
)
def test_what_stays_of_an_earlier_fetch(
    tmp_path: Path, before: dict[str, Any], figures: Figures, ago_s: float, kept: Any
) -> None:
    """Figures of which the new fetch has less; all of them where it has no calls, or others' in longer periods."""
    info = run_info(ago_s)
    earlier = {"format": 1, "model_id": "m", "metrics": before, "missing": ["then"], "serving": {"regions": [1]}}
    (tmp_path / cross_check.FILE).write_text(json.dumps(earlier), encoding="utf-8")
    session = session_for(Aws(region="us-east-1"), simulator=False)
    with scripted({"GetMetricData": CloudWatch(figures).answer}) as aws:
        found = cross_check.check(Control(session, "us-east-1", aws.url), tmp_path, info)
    written = json.loads((tmp_path / cross_check.FILE).read_text(encoding="utf-8"))
    assert written.pop("serving") == {"regions": [1]}
    if kept is None:
        assert written == {**{name: value for name, value in earlier.items() if name != "serving"}, "others": []}
        return
    note = [f"of an earlier fetch: {', '.join(name for name in before if name in kept)}"] if kept else []
    assert written["metrics"] == {**found["metrics"], **kept}
    assert written["missing"] == [*found["missing"], *note]
