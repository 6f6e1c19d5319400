"""GetMetricData: the answers of CloudWatch from the metrics of the calls."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bedrock_locust.simulator.account.metrics import MANTLE, MINUTE_S, NAMES, RUNTIME, others, statistic
from bedrock_locust.simulator.account.wire import moment
from bedrock_locust.simulator.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bedrock_locust.simulator.service import Service

MOST_POINTS = 100_000
"""CloudWatch's limit for one answer."""
MOST_QUERIES = 500


def get_metric_data(service: Service, values: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a request. Raises `ServiceError`."""
    begin_s, end_s = moment(values.get("StartTime"), "StartTime"), moment(values.get("EndTime"), "EndTime")
    queries = values.get("MetricDataQueries")
    if not isinstance(queries, list) or not 0 < len(queries) <= MOST_QUERIES:
        raise ServiceError("ValidationException", f"MetricDataQueries must have 1 to {MOST_QUERIES} members.")
    if not begin_s < end_s:
        raise ServiceError("ValidationException", "The parameter StartTime must be less than the parameter EndTime.")
    oldest_first = values.get("ScanBy") == "TimestampAscending"
    results = [_result(service, query, begin_s, end_s, oldest_first=oldest_first) for query in queries]
    if sum(len(one["Values"]) for one in results) > MOST_POINTS:
        raise ServiceError("ValidationException", "The request asks for too many data points.")
    return {"MetricDataResults": results}


def _result(service: Service, query: Any, begin_s: float, end_s: float, *, oldest_first: bool) -> dict[str, Any]:
    stat = query.get("MetricStat") if isinstance(query, dict) else None
    if not isinstance(stat, dict) or not isinstance(stat.get("Metric"), dict):
        raise ServiceError("ValidationException", "Each query must have a MetricStat; expressions are not simulated.")
    points = list(_points(service, stat, begin_s, end_s))
    if not oldest_first:
        points.reverse()
    return {
        "Id": str(query.get("Id", "")),
        "Label": str(query.get("Label") or stat["Metric"].get("MetricName", "")),
        "Timestamps": [datetime.fromtimestamp(at_s, UTC) for at_s, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": "Complete",
    }


def _points(service: Service, stat: Mapping[str, Any], begin_s: float, end_s: float) -> Iterator[tuple[float, float]]:
    """Moment and value of each period that has one; periods count from the whole minute of the start.

    AWS does not say whether they rather begin at multiples of their length; `aligned_periods` tries that.
    """
    period_s = _period_s(stat.get("Period"))
    begin_s = math.floor(begin_s / MINUTE_S) * MINUTE_S
    ahead_s = begin_s % period_s if service.behaviour.aligned_periods else 0
    if (end_s - begin_s) / period_s > MOST_POINTS:
        raise ServiceError("ValidationException", "The request asks for too many data points.")
    model_id, metric = _metric(service, stat["Metric"])
    while metric and begin_s < end_s:
        until_s = min(begin_s + period_s - ahead_s, end_s)
        found = service.metrics.values(model_id, metric, begin_s, until_s)
        found += others(service.behaviour.of(model_id), metric, begin_s, until_s, time.time())
        value = statistic(found, str(stat.get("Stat")))
        if value is not None:
            yield begin_s - ahead_s, value
        begin_s, ahead_s = until_s, 0


def _period_s(period: object) -> int:
    text = str(period)
    if not text.isdecimal() or int(text) == 0 or int(text) % MINUTE_S:
        raise ServiceError("ValidationException", "Period must be a multiple of 60.")
    return int(text)


def _metric(service: Service, metric: Mapping[str, Any]) -> tuple[str, str]:
    """The model of which metric is asked for; the metric is empty where there is none of that name."""
    space, name = metric.get("Namespace"), str(metric.get("MetricName", ""))
    dimensions = metric.get("Dimensions") or []
    if not isinstance(dimensions, list) or not all(isinstance(one, dict) for one in dimensions):
        raise ServiceError("ValidationException", "Dimensions must be a list of names and values.")
    named = {str(one.get("Name")): str(one.get("Value")) for one in dimensions}
    own, dimension = (MANTLE, "Model") if service.endpoint == "mantle" else (RUNTIME, "ModelId")
    if space != own or named.keys() != {dimension}:
        return "", ""
    return named[dimension], NAMES.get(str(space), {name: name}).get(name, "")
