"""A receiver of OTLP over HTTP on a real socket, written from its specification."""

from __future__ import annotations

import gzip
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from opentelemetry.proto.common.v1.common_pb2 import KeyValue
    from opentelemetry.proto.metrics.v1.metrics_pb2 import ExponentialHistogramDataPoint
    from opentelemetry.proto.trace.v1.trace_pb2 import Span


def plain(attributes: Iterable[KeyValue]) -> dict[str, Any]:
    """Attributes as Python has them."""
    found = {}
    for each in attributes:
        kind = each.value.WhichOneof("value")
        value = getattr(each.value, kind or "string_value")
        found[each.key] = [item.string_value for item in value.values] if kind == "array_value" else value
    return found


class Receiver:
    """Takes metrics and spans. `status`, `partial` and `silent_s` say how it answers."""

    def __init__(self) -> None:
        self.status, self.partial = 200, ""
        self.statuses: dict[str, int] = {}
        """Path -> status, where that is another."""
        self.silent_s = 0.0
        self.headers: list[Mapping[str, str]] = []
        self.metrics: list[ExportMetricsServiceRequest] = []
        self.traces: list[ExportTraceServiceRequest] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    @property
    def url(self) -> str:
        """Its base address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                answer = receiver.take(self.path, dict(self.headers), body)
                self.send_response(receiver.statuses.get(self.path, receiver.status))
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
        """Keep a message, if it is to be taken: the body of the answer."""
        self.headers.append(headers)
        assert headers["Content-Type"] == "application/x-protobuf"
        time.sleep(self.silent_s)
        if self.status != 200:
            return b"no"
        if path.endswith("/v1/metrics"):
            self.metrics.append(ExportMetricsServiceRequest.FromString(body))
        elif path.endswith("/v1/traces"):
            self.traces.append(ExportTraceServiceRequest.FromString(body))
        partial = ExportMetricsPartialSuccess(rejected_data_points=1, error_message=self.partial)
        return ExportMetricsServiceResponse(partial_success=partial if self.partial else None).SerializeToString()

    @property
    def resource(self) -> dict[str, Any]:
        """What the last message says of where it comes from."""
        return plain(self.metrics[-1].resource_metrics[0].resource.attributes)

    def points(self, name: str) -> list[tuple[dict[str, Any], ExponentialHistogramDataPoint]]:
        """The last point of each series of a histogram, as a database would have it."""
        found = {}
        for message in self.metrics:
            for metric in message.resource_metrics[0].scope_metrics[0].metrics:
                for point in metric.exponential_histogram.data_points if metric.name == name else ():
                    found[tuple(sorted(plain(point.attributes).items()))] = point
        return [(dict(key), point) for key, point in found.items()]

    def calls(self) -> Counter[str]:
        """Calls by what became of them."""
        counts: Counter[str] = Counter()
        for attributes, point in self.points("gen_ai.client.operation.duration"):
            counts[attributes.get("error.type", "ok")] += point.count
        return counts

    def spans(self) -> Iterator[Span]:
        """All spans."""
        for message in self.traces:
            for resource in message.resource_spans:
                for scope in resource.scope_spans:
                    yield from scope.spans
