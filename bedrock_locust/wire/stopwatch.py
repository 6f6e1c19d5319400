"""The times of one call, taken while it happens."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from bedrock_locust.histogram import bucket
from bedrock_locust.process.clock import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_locust.call import Stage
    from bedrock_locust.formats import Content

TOGETHER_S = 0.001
"""The begin of reasoning and its first text, which follow each other as closely, are one event."""
TOGETHER = 128
"""Silences that are counted together, which takes a tenth of a millisecond."""


class Stopwatch:
    """Times of one call in ms from its start: the moment the signed request is handed to the connection.

    Until that moment, the start is when the call was asked for.
    """

    __slots__ = (
        "_asked",
        "_end",
        "_first_until",
        "_gaps",
        "_last",
        "_longest_ms",
        "_size",
        "_start",
        "_uncounted_ms",
        "chunks",
        "connect_ms",
        "first_bytes",
        "first_text_ms",
        "read_lag_ms",
        "stage",
        "started_at",
        "ttft_ms",
    )

    def __init__(self, size: Callable[[], int] = int) -> None:
        """`size` says how many bytes of content have been read so far."""
        self._size = size
        self.first_bytes: int | None = None
        self._first_until = -math.inf
        self._asked = self._start = self._last = time.perf_counter()
        self.started_at = clock.wall_at(self._start)
        self._end: float | None = None
        self.stage: Stage = "connect"
        self.connect_ms: float | None = None
        self.read_lag_ms: float | None = None
        self.ttft_ms: float | None = None
        self.first_text_ms: float | None = None
        self.chunks = 0
        self._uncounted_ms: list[float] = []
        self._longest_ms: float | None = None
        self._gaps: dict[int, int] = {}

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
        if at <= self._first_until:
            self._add_to_first(kind, at)
            return
        if self.chunks:
            gaps_ms = self._uncounted_ms
            gaps_ms.append((at - self._last) * 1000)
            if len(gaps_ms) == TOGETHER:
                self._count_gaps()
        else:
            self.ttft_ms = (at - self._start) * 1000
            if not self._set_first_bytes():
                self._first_until = at + TOGETHER_S
        if self.first_text_ms is None and kind == "text":
            self.first_text_ms = (at - self._start) * 1000
        self._last = at
        self.chunks += 1

    def _add_to_first(self, kind: Content, at: float) -> None:
        """Take an event for a part of the first, which brought no bytes: it only said that reasoning begins."""
        self._set_first_bytes()
        self._first_until = -math.inf
        if self.first_text_ms is None and kind == "text":
            self.first_text_ms = (at - self._start) * 1000
        self._last = at

    def _set_first_bytes(self) -> int:
        self.first_bytes = self._size()
        return self.first_bytes

    def _count_gaps(self) -> None:
        """Count the silences since the last time. Many at once take less time than one between two reads."""
        if not self._uncounted_ms:
            return
        gaps, longest_ms = self._gaps, max(self._uncounted_ms)
        if self._longest_ms is None or longest_ms > self._longest_ms:
            self._longest_ms = longest_ms
        for key in map(bucket, self._uncounted_ms):
            gaps[key] = gaps.get(key, 0) + 1
        self._uncounted_ms.clear()

    @property
    def gaps(self) -> dict[int, int]:
        """Silences between content events: bucket of a Histogram -> count."""
        self._count_gaps()
        return self._gaps

    @property
    def max_gap_ms(self) -> float | None:
        """The longest silence between two content events; None without two."""
        self._count_gaps()
        return self._longest_ms

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
