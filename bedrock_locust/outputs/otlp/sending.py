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
from bedrock_locust.settings.plan import counted

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
    """Sends figures, and spans where they are asked for, until the run ends."""

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
        self._said = set[str]()
        self._trouble = {"figures": "", "spans": ""}
        """Why what was sent last has not arrived; empty where it has. One fails without the other."""
        self._known = set[str]()
        """Of what a line has said that it does not arrive, and it has not since."""
        self._sending = "figures"
        self._last, self._is_over = Event(), False
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

    def wait(self) -> None:
        """Send for a last time, wait for that for LAST_S at most, and say what did not arrive; once."""
        if self._is_over:
            return
        self._is_over = True
        self._last.set()
        self._greenlet.join(LAST_S)
        if not self._greenlet.dead:
            self._trouble[self._sending] = self._trouble[self._sending] or f"no answer within {LAST_S} s"
            self._greenlet.kill(block=False)
        self.dropped += len(self._waiting)
        self._waiting.clear()
        if (why := self._trouble["figures"]) and "figures" not in self._known:
            logger.warning("bedrock-locust: the last figures did not reach %s: %s", self._to.shown, why)
        if self.dropped:
            why = f": {self._trouble['spans']}" if self._is_of_spans_alone else ""
            spans, dropped = counted(self.dropped, "span"), "is dropped" if self.dropped == 1 else "are dropped"
            logger.warning("bedrock-locust: %s did not reach %s and %s%s", spans, self._to.shown, dropped, why)

    @property
    def _is_of_spans_alone(self) -> bool:
        """Whether spans do not arrive for a reason that figures do not have."""
        return bool(self._trouble["spans"]) and self._trouble["spans"] != self._trouble["figures"]

    def _send_on(self) -> None:
        while not self._last.wait(INTERVAL_S):
            self._send()
        self._send()

    def _send(self) -> None:
        """Send what there is, first what arrived the last time. What does not arrive is sent again the next time."""
        for what in sorted(self._trouble, key=lambda what: bool(self._trouble[what])):
            self._sending = what
            try:
                (self._send_figures if what == "figures" else self._send_spans)()
            except UndeliveredError as error:
                self._trouble[what] = str(error)
                self._tell(what, error)
            else:
                self._trouble[what] = ""
                self._known.discard(what)

    def _tell(self, what: str, error: UndeliveredError) -> None:
        """Say once that figures, or spans, do not arrive; of spans only where figures do not say the same."""
        if self._last.is_set() or what in self._said or (what == "spans" and not self._is_of_spans_alone):
            return
        self._known.add(what)
        dropped = what == "spans" and error.is_final
        then = "these are dropped" if dropped else "they are sent again until its end"
        self._say(what, f"{self._to.shown} ({self._to.origin}) takes no {what}: {error}. The run goes on, and {then}")

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
            except BaseException as error:
                if isinstance(error, UndeliveredError) and error.is_final:
                    self.dropped += len(spans)
                    raise
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
