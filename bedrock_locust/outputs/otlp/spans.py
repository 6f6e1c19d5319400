"""A span for each call, by the conventions for generative AI."""

from __future__ import annotations

import os
import struct
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from bedrock_locust.outputs.otlp.encoding import SCOPE, attributes
from bedrock_locust.redaction import without_account

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from opentelemetry.proto.resource.v1.resource_pb2 import Resource

    from bedrock_locust.call import Call

SHARED = {
    "bedrock_locust.mode": "mode",
    "bedrock_locust.level": "level",
    "bedrock_locust.phase": "phase",
    "bedrock_locust.operation": "operation",
    "bedrock_locust.worker": "worker",
    "bedrock_locust.service_tier": "service_tier",
    "error.type": "error",
}
"""Attribute of a span -> that of a call, for what many calls have in common."""
WORDS = {"bedrock_locust.error_code": "error_code", "aws.request_id": "request_id"}
"""Attribute of a span -> that of a call, where it is known."""
COUNTS = {
    "gen_ai.request.max_tokens": "max_tokens",
    "gen_ai.usage.input_tokens": "all_input_tokens",
    "gen_ai.usage.output_tokens": "output_tokens",
    "gen_ai.usage.cache_read.input_tokens": "cache_read_tokens",
    "gen_ai.usage.cache_creation.input_tokens": "cache_write_tokens",
}
TIMES = {
    "bedrock_locust.time_to_first_token": "ttft_ms",
    "bedrock_locust.time_per_output_token": "tpot_ms",
    "bedrock_locust.send_delay": "send_delay_ms",
    "bedrock_locust.lateness": "lateness_ms",
}
"""Attribute of a span, in seconds -> that of a call, in ms."""
MOST_SHARED = 10_000
"""Kinds of calls, and counts, that are remembered."""
_shared_words = attrgetter(*SHARED.values())
FLAGS = 0x101
"""Sampled, and known to have no parent elsewhere: https://github.com/open-telemetry/opentelemetry-proto."""


class Spans:
    """Makes the spans of one run."""

    def __init__(self, resource: Resource, common: Mapping[str, object]) -> None:
        """`common` are the attributes that all calls of the run have."""
        self._resource, self._common = resource, common
        self._shared: dict[tuple[str, ...], bytes] = {}

    def request(self, calls: Iterable[Call]) -> ExportTraceServiceRequest:
        """The message with the spans of calls, made in its place: a message that is put into another is copied."""
        request = ExportTraceServiceRequest()
        of_run = request.resource_spans.add(resource=self._resource)
        scoped = of_run.scope_spans.add(scope=SCOPE)
        for call in calls:
            self._fill(scoped.spans.add(), call)
        return request

    def _fill(self, span: Span, call: Call) -> None:
        """Make the span of a call; it is the root of its trace."""
        key = (call.model_id, call.stop_reason, *_shared_words(call))
        span.MergeFromString(b"".join([self._shared.get(key) or self._remember(key, call), *_known(call)]))
        ids, begun_ns = os.urandom(24), round(call.started_at * 1e9)
        span.trace_id, span.span_id = ids[:16], ids[16:]
        span.start_time_unix_nano, span.end_time_unix_nano = begun_ns, begun_ns + round(call.latency_ms * 1e6)
        for name, column in WORDS.items():
            if word := getattr(call, column):
                span.attributes.add(key=name).value.string_value = word

    def _remember(self, key: tuple[str, ...], call: Call) -> bytes:
        """What the spans of calls like this one have in common, ready to be read: to make it anew costs more."""
        model = without_account(call.model_id)
        made = Span(
            name=f"chat {model}",
            kind=Span.SPAN_KIND_CLIENT,
            flags=FLAGS,
            attributes=attributes(
                {
                    **self._common,
                    "gen_ai.request.model": model,
                    "gen_ai.response.finish_reasons": [call.stop_reason] if call.stop_reason else None,
                    **{name: getattr(call, column) for name, column in SHARED.items()},
                }
            ),
        )
        if call.error:
            made.status.code, made.status.message = Status.STATUS_CODE_ERROR, call.error
        if len(self._shared) < MOST_SHARED:
            self._shared[key] = made.SerializeToString()
        return made.SerializeToString()


def _known(call: Call) -> Iterator[bytes]:
    """The figures of a call, each as the bytes of a span with this attribute only."""
    for name, column in COUNTS.items():
        if (count := getattr(call, column)) is not None:
            yield _count(name, count)
    for before, column in _TIMES:
        if (value_ms := getattr(call, column)) is not None:
            yield before + _number(value_ms / 1000)


@lru_cache(MOST_SHARED)
def _count(name: str, count: int) -> bytes:
    return Span(attributes=attributes({name: count})).SerializeToString()


_number = struct.Struct("<d").pack
_TIMES = [
    (Span(attributes=attributes({name: 0.0})).SerializeToString()[: -struct.calcsize("<d")], column)
    for name, column in TIMES.items()
]
"""What stands before the number of each time: a double is the last eight bytes of its attribute, whatever its value
(https://protobuf.dev/programming-guides/encoding/). To set it in a message takes ten times as long."""
