"""What is counted of the calls of a run, and the data points of OpenTelemetry that are made of it.

Names are those of the conventions for generative AI where they mean the same, and start with `bedrock_locust` where
they do not: https://github.com/open-telemetry/semantic-conventions-genai (in development). The points are made
here, and not by the instruments of the SDK, because a call has to cost little.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
)

from bedrock_locust.outputs.otlp.encoding import SCOPE, attributes
from bedrock_locust.outputs.otlp.exponential import Exponential
from bedrock_locust.redaction import without_account

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.proto.common.v1.common_pb2 import KeyValue
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource

    from bedrock_locust.call import Call

MOST_SERIES = 50
"""Series in a message: to make one must not hold up the loop for long."""


class Kind(NamedTuple):
    """A histogram or a gauge, as it is named and described."""

    name: str
    unit: str
    text: str


DURATION = Kind("gen_ai.client.operation.duration", "s", "Start of a call to its complete answer, or to its failure")
TOKENS = Kind("gen_ai.client.token.usage", "{token}", "Tokens of a call that the service counted, cached ones included")
CACHED = Kind("bedrock_locust.cached_tokens", "{token}", "Input tokens of a call that the prompt cache had or took")
TIMES = {
    "ttft_ms": Kind("bedrock_locust.time_to_first_token", "s", "Start of a successful call to its first content"),
    "tpot_ms": Kind("bedrock_locust.time_per_output_token", "s", "Time per output token of a successful call"),
    "lateness_ms": Kind("bedrock_locust.lateness", "s", "Time from an arrival to the start of its call"),
    "send_delay_ms": Kind("bedrock_locust.send_delay", "s", "Time that the load generator needed to build and send"),
    "read_lag_ms": Kind("bedrock_locust.read_lag", "s", "How late the load generator read the first token"),
}
"""Attribute of a successful call, in ms -> its histogram, in seconds."""
COUNTS = {
    "all_input_tokens": (TOKENS, attributes({"gen_ai.token.type": "input"})),
    "output_tokens": (TOKENS, attributes({"gen_ai.token.type": "output"})),
    "cache_read_tokens": (CACHED, attributes({"bedrock_locust.cache": "read"})),
    "cache_write_tokens": (CACHED, attributes({"bedrock_locust.cache": "write"})),
}
"""Attribute of any call -> its histogram, and the attributes that tell it from others of the same name."""
USERS = Kind("bedrock_locust.users", "{user}", "Users that run now")
IN_FLIGHT = Kind("bedrock_locust.calls_in_flight", "{call}", "Calls that have begun and not ended")


@dataclass(slots=True)
class Series:
    """The calls of one mode, model, level, phase and result."""

    attributes: list[KeyValue]
    duration: Exponential = field(default_factory=Exponential)
    times: dict[str, Exponential] = field(default_factory=dict)
    counts: dict[str, Exponential] = field(default_factory=dict)
    version: int = 0
    sent: int = 0
    """The version that has arrived."""

    def add(self, call: Call) -> None:
        """Count a call."""
        self.version += 1
        self.duration.add(call.latency_ms / 1000)
        for name in COUNTS:
            if (count := getattr(call, name)) is not None:
                _in(self.counts, name).add(count)
        if call.ok:
            for name in TIMES:
                if (value_ms := getattr(call, name)) is not None:
                    _in(self.times, name).add(value_ms / 1000)

    def histograms(self) -> Iterator[tuple[Kind, Exponential, list[KeyValue]]]:
        """Each histogram with its name and attributes."""
        yield DURATION, self.duration, self.attributes
        for name, values in self.times.items():
            yield TIMES[name], values, self.attributes
        for name, values in self.counts.items():
            kind, more = COUNTS[name]
            yield kind, values, [*self.attributes, *more]


def _in(there: dict[str, Exponential], name: str) -> Exponential:
    found = there.get(name)
    if found is None:
        found = there[name] = Exponential()
    return found


class Message(NamedTuple):
    """What is sent at a time, and which version of which series it has."""

    request: ExportMetricsServiceRequest
    versions: list[tuple[Series, int]]

    def has_arrived(self) -> None:
        """Send these series again only once they change."""
        for series, version in self.versions:
            series.sent = max(series.sent, version)


class Figures:
    """The counts of one run. They only grow, so a message that is lost is made good by the next one."""

    def __init__(self, resource: Resource, common: Mapping[str, object]) -> None:
        """`common` are the attributes that all calls of the run have."""
        self._resource, self._common = resource, common
        self._series: dict[tuple[str, ...], Series] = {}
        self._begun_ns = time.time_ns()
        self.users = self.in_flight = 0

    def add(self, call: Call) -> None:
        """Count a call."""
        key = (call.mode, call.model_id, call.level, call.phase, call.error)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Series(self._attributes(call))
        series.add(call)

    def _attributes(self, call: Call) -> list[KeyValue]:
        own = {
            "gen_ai.request.model": without_account(call.model_id),
            "bedrock_locust.mode": call.mode,
            "bedrock_locust.level": call.level,
            "bedrock_locust.phase": call.phase,
            "error.type": call.error,
        }
        return attributes({**self._common, **own})

    def messages(self) -> Iterator[Message]:
        """All that has not arrived yet, and the load; each message as things are when it is asked for."""
        changed = [series for series in self._series.values() if series.version > series.sent]
        for start in range(0, max(1, len(changed)), MOST_SERIES):
            part = changed[start : start + MOST_SERIES]
            yield Message(self._request(part, with_load=start == 0), [(series, series.version) for series in part])

    def _request(self, part: list[Series], *, with_load: bool) -> ExportMetricsServiceRequest:
        now_ns = time.time_ns()
        points: dict[Kind, list[ExponentialHistogramDataPoint]] = {}
        for series in part:
            for kind, values, own in series.histograms():
                points.setdefault(kind, []).append(_point(values, own, self._begun_ns, now_ns))
        metrics = [_histogram(kind, found) for kind, found in points.items()]
        if with_load:
            metrics += [_gauge(USERS, self.users, now_ns), _gauge(IN_FLIGHT, self.in_flight, now_ns)]
        scoped = ScopeMetrics(scope=SCOPE, metrics=metrics)
        return ExportMetricsServiceRequest(
            resource_metrics=[ResourceMetrics(resource=self._resource, scope_metrics=[scoped])]
        )


def _histogram(kind: Kind, points: list[ExponentialHistogramDataPoint]) -> Metric:
    cumulative = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    data = ExponentialHistogram(data_points=points, aggregation_temporality=cumulative)
    return Metric(name=kind.name, description=kind.text, unit=kind.unit, exponential_histogram=data)


def _gauge(kind: Kind, value: int, now_ns: int) -> Metric:
    data = Gauge(data_points=[NumberDataPoint(time_unix_nano=now_ns, as_int=value)])
    return Metric(name=kind.name, description=kind.text, unit=kind.unit, gauge=data)


def _point(values: Exponential, own: list[KeyValue], begun_ns: int, now_ns: int) -> ExponentialHistogramDataPoint:
    first, counts = values.buckets()
    return ExponentialHistogramDataPoint(
        attributes=own,
        start_time_unix_nano=begun_ns,
        time_unix_nano=now_ns,
        count=values.count,
        sum=values.sum,
        scale=values.scale,
        zero_count=values.zeros,
        positive=ExponentialHistogramDataPoint.Buckets(offset=first, bucket_counts=counts),
        min=values.smallest,
        max=values.largest,
    )
