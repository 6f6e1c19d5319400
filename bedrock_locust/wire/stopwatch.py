"""The times of one call, taken while it happens."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bedrock_locust.histogram import bucket
from bedrock_locust.process.clock import clock

if TYPE_CHECKING:
    from bedrock_locust.call import Stage
    from bedrock_locust.formats import Content


class Stopwatch:
    """Times of one call in ms from its start: the moment the signed request is handed to the connection.

    Until that moment, the start is when the call was asked for.
    """

    __slots__ = (
        "_asked",
        "_end",
        "_last",
        "_start",
        "chunks",
        "connect_ms",
        "first_text_ms",
        "gaps",
        "max_gap_ms",
        "read_lag_ms",
        "stage",
        "started_at",
        "ttft_ms",
    )

    def __init__(self) -> None:
        self._asked = self._start = self._last = time.perf_counter()
        self.started_at = clock.wall_at(self._start)
        self._end: float | None = None
        self.stage: Stage = "connect"
        self.connect_ms: float | None = None
        self.read_lag_ms: float | None = None
        self.ttft_ms: float | None = None
        self.first_text_ms: float | None = None
        self.max_gap_ms: float | None = None
        self.chunks = 0
        self.gaps: dict[int, int] = {}
        """Silences between content events: bucket of a Histogram -> count."""

    def sent(self) -> None:
        """The request is handed to the connection."""
        self._start = self._last = time.perf_counter()
        self.started_at = clock.wall_at(self._start)
        self.stage = "response"

    def content(self, kind: Content, arrived: float | None = None) -> None:
        """Count an event with generated content of this kind; an event without content changes nothing.

        `arrived` is when it arrived, on time.perf_counter's clock; without it, that is now.
        """
        if not kind:
            return
        at = time.perf_counter() if arrived is None else arrived
        if self.chunks:
            self._gap((at - self._last) * 1000)
        else:
            self.ttft_ms = (at - self._start) * 1000
        if kind == "text" and self.first_text_ms is None:
            self.first_text_ms = (at - self._start) * 1000
        self._last = at
        self.chunks += 1

    def _gap(self, gap_ms: float) -> None:
        """Count a silence between two content events."""
        if self.max_gap_ms is None or gap_ms > self.max_gap_ms:
            self.max_gap_ms = gap_ms
        key = bucket(gap_ms)
        self.gaps[key] = self.gaps.get(key, 0) + 1

    def ended(self, arrived: float) -> None:
        """Set when the last byte of the response arrived, on time.perf_counter's clock."""
        self._end = arrived

    @property
    def elapsed_ms(self) -> float:
        """From the start to the end of the response, or to now."""
        return ((self._end or time.perf_counter()) - self._start) * 1000

    @property
    def send_delay_ms(self) -> float:
        """From asking for the call to its start."""
        return (self._start - self._asked) * 1000

    @property
    def last_token_ms(self) -> float | None:
        """Start to the last event with generated content."""
        return (self._last - self._start) * 1000 if self.chunks else None
