"""A span for each call, by the conventions for generative AI.

It is put together from parts that the library has written before: to fill a message of the library takes twice as long.
Fields of a message may come in any order (https://protobuf.dev/programming-guides/encoding/).
"""

from __future__ import annotations

import struct
from functools import lru_cache
from operator import attrgetter
from random import Random
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from bedrock_locust.outputs.otlp.encoding import SCOPE, attributes, before, framed
from bedrock_locust.redaction import without_account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

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
        self._resource = framed(ResourceSpans.RESOURCE_FIELD_NUMBER, resource.SerializeToString())
        self._common = common
        self._shared: dict[tuple[str, ...], bytes] = {}
        self._draw = Random().getrandbits

    def message(self, spans: Iterable[bytes]) -> bytes:
        """The body of an ExportTraceServiceRequest with these spans."""
        scoped = framed(ResourceSpans.SCOPE_SPANS_FIELD_NUMBER, b"".join((_SCOPE, *spans)))
        return framed(ExportTraceServiceRequest.RESOURCE_SPANS_FIELD_NUMBER, self._resource + scoped)

    def span(self, call: Call) -> bytes:
        """The span of a call, as a part of a message; it is the root of its trace."""
        key = (call.model_id, call.stop_reason, *_shared_words(call))
        parts = [self._shared.get(key) or self._remember(key, call), self._begin(call)]
        for value_of, written in _PARTS:
            value = value_of(call)
            if value is not None:
                parts.append(written(value))
        return framed(ScopeSpans.SPANS_FIELD_NUMBER, b"".join(parts))

    def _begin(self, call: Call) -> bytes:
        """The ids of a call, and when it began and ended."""
        begun_ns, draw = round(call.started_at * 1e9), self._draw
        ended_ns = begun_ns + round(call.latency_ms * 1e6)
        return _BEGIN(_TRACE_ID, draw(64), draw(64), _SPAN_ID, draw(64), _BEGUN, begun_ns, _ENDED, ended_ns)

    def _remember(self, key: tuple[str, ...], call: Call) -> bytes:
        """What the spans of calls like this one have in common, as bytes."""
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


def _counted(name: str) -> Callable[[int], bytes]:
    """Writes an attribute that is a count."""

    @lru_cache(MOST_SHARED)
    def write(count: int) -> bytes:
        return _with({name: count}).SerializeToString()

    return write


def _timed(name: str) -> Callable[[float], bytes]:
    """Writes an attribute that is a time: a double is the last 8 bytes of it, whatever its value."""
    start = before(_with({name: 0.0}), 8)
    write = struct.Struct(f"<{len(start)}sd").pack
    return lambda value_ms: write(start, value_ms / 1000)


def _worded(name: str) -> Callable[[str], bytes]:
    """Writes an attribute that is a text: what stands before it depends on its size only. An empty one is not known."""

    @lru_cache(MOST_SHARED)
    def start(size: int) -> bytes:
        return before(_with({name: "-" * size}), size)

    def write(word: str) -> bytes:
        text = word.encode(errors="replace")
        return start(len(text)) + text if text else b""

    return write


def _with(values: Mapping[str, object]) -> Span:
    return Span(attributes=attributes(values))


_PARTS: list[tuple[Callable[[Call], Any], Callable[[Any], bytes]]] = [
    (attrgetter(column), writer(name))
    for table, writer in ((COUNTS, _counted), (TIMES, _timed), (WORDS, _worded))
    for name, column in table.items()
]
"""What is known of a call alone -> the bytes of a span with this attribute only."""
_TRACE_ID, _SPAN_ID = before(Span(trace_id=bytes(16)), 16), before(Span(span_id=bytes(8)), 8)
_BEGUN, _ENDED = (before(span, 8) for span in (Span(start_time_unix_nano=1), Span(end_time_unix_nano=1)))
_BEGIN = struct.Struct("<2sQQ2sQsQsQ").pack
_SCOPE = framed(ScopeSpans.SCOPE_FIELD_NUMBER, SCOPE.SerializeToString())
