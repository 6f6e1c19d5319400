"""Sends what was counted every few seconds, in a greenlet of its own: no call and no end of a run waits for it."""

from __future__ import annotations

import logging
import os
from collections import deque
from typing import TYPE_CHECKING

import gevent
from gevent.event import Event
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from bedrock_locust.outputs.otlp.channel import Channel, UndeliveredError
from bedrock_locust.redaction import redact

if TYPE_CHECKING:
    from bedrock_locust.call import Call
    from bedrock_locust.outputs.otlp.figures import Figures
    from bedrock_locust.outputs.otlp.spans import Spans
    from bedrock_locust.settings.otlp import Addresses

logger = logging.getLogger(__name__)

INTERVAL_S = 5
LAST_S = 3
"""How long the end of a run waits for the last message."""
MOST_WAITING = 20_000
"""Spans that wait to be sent, of 0.8 KB each; further ones are dropped, and counted."""
SPANS_A_MESSAGE = 1_000
"""A message of so many is 0.8 MB: collectors take 20 MB, and each message costs as much as 150 spans do."""


class Sender:
    """Sends figures, and spans where they are asked for, until it is told to finish."""

    def __init__(self, to: Addresses) -> None:
        """Raises SettingsError where a variable of OpenTelemetry cannot be read."""
        self._to = to
        self._metrics, self._traces = (
            Channel(url, signal, os.environ) if url else None
            for signal, url in (("metrics", to.metrics), ("traces", to.traces))
        )
        self._figures: Figures | None = None
        self._spans: Spans | None = None
        self._waiting: deque[bytes] = deque()
        self.dropped = 0
        """Calls whose spans did not arrive."""
        self._trouble, self._said = "", set[str]()
        self._is_known = False
        """Whether a line has said that nothing arrives, and nothing has arrived since."""
        self._last = Event()
        self._greenlet = gevent.Greenlet(self._send_on)

    def start(self, figures: Figures, spans: Spans) -> None:
        """Begin to send these figures, and spans where they have an address."""
        self._figures, self._spans = figures, spans if self._traces else None
        self._greenlet.start()

    def add(self, call: Call) -> None:
        """Have a span sent of a call. It is made at once, so that no message takes long to make."""
        if self._spans is None:
            return
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(self._spans.span(call))
        else:
            self.dropped += 1

    def finish(self) -> None:
        """Send for a last time, at once."""
        self._last.set()

    def wait(self) -> None:
        """Wait for the last message, for LAST_S at most, and say what did not arrive."""
        self._last.set()
        self._greenlet.join(LAST_S)
        if not self._greenlet.dead:
            self._trouble = self._trouble or f"no answer within {LAST_S} s"
            self._greenlet.kill(block=False)
        self.dropped += len(self._waiting)
        if self._trouble and not self._is_known:
            logger.warning("bedrock-locust: the last figures did not reach %s: %s", self._to.shown, self._trouble)
        if self.dropped:
            logger.warning("bedrock-locust: %d spans did not reach %s and are dropped", self.dropped, self._to.shown)

    def _send_on(self) -> None:
        while not self._last.wait(INTERVAL_S):
            self._send()
        self._send()

    def _send(self) -> None:
        """Send what there is. What does not arrive is sent again the next time."""
        try:
            self._send_figures()
            self._send_spans()
            self._trouble, self._is_known = "", False
        except UndeliveredError as error:
            self._trouble = str(error)
            if not self._last.is_set() and "fails" not in self._said:
                self._is_known = True
                self._say(
                    "fails",
                    f"{self._to.shown} ({self._to.origin}) takes no figures: {error}. The run goes on, and they are"
                    " sent again until its end",
                )

    def _send_figures(self) -> None:
        if self._metrics is None or self._figures is None:
            return
        for message in self._figures.messages():
            answer = self._metrics.send(message.request.SerializeToString())
            message.has_arrived()
            self._read(answer, ExportMetricsServiceResponse)
            gevent.sleep(0)

    def _send_spans(self) -> None:
        while self._spans and self._traces and self._waiting:
            spans = [self._waiting.popleft() for _ in range(min(SPANS_A_MESSAGE, len(self._waiting)))]
            try:
                answer = self._traces.send(self._spans.message(spans))
            except BaseException:
                # Also where the end of the run gives up on it: these spans are counted as dropped then.
                self._waiting.extendleft(reversed(spans))
                raise
            self._read(answer, ExportTraceServiceResponse)
            gevent.sleep(0)

    def _read(self, answer: bytes, kind: type[ExportMetricsServiceResponse | ExportTraceServiceResponse]) -> None:
        """Say once that the other side took a message, but not all of it."""
        try:
            partial = kind.FromString(answer).partial_success
        except DecodeError:
            return
        if partial.ListFields():
            self._say("partial", f"{self._to.shown} took not all: {redact(partial.error_message) or 'no reason given'}")

    def _say(self, what: str, text: str) -> None:
        if what not in self._said:
            self._said.add(what)
            logger.warning("bedrock-locust: %s", text)
