"""The times of one call, taken while it happens."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from bedrock_locust.call import Stage
    from bedrock_locust.formats import Content


class Stopwatch:
    """Times of one call in ms from its start: the moment the signed request is handed to the connection.

    Until that moment, the start is when the call was asked for.
    """

    __slots__ = ("_asked", "_last", "_start", "chunks", "first_text_ms", "max_gap_ms", "stage", "started_at", "ttft_ms")

    def __init__(self) -> None:
        self._asked = self._start = self._last = time.perf_counter()
        self.started_at = time.time()
        self.stage: Stage = "connect"
        self.ttft_ms: float | None = None
        self.first_text_ms: float | None = None
        self.max_gap_ms: float | None = None
        self.chunks = 0

    def sent(self) -> None:
        """The request is handed to the connection."""
        self._start = self._last = time.perf_counter()
        self.started_at = time.time()
        self.stage = "response"

    def content(self, kind: Content) -> None:
        """An event with generated content of this kind has come; nothing happens for one without."""
        if not kind:
            return
        now = time.perf_counter()
        if self.chunks:
            self.max_gap_ms = max(self.max_gap_ms or 0.0, (now - self._last) * 1000)
        else:
            self.ttft_ms = (now - self._start) * 1000
        if kind == "text" and self.first_text_ms is None:
            self.first_text_ms = (now - self._start) * 1000
        self._last = now
        self.chunks += 1

    @property
    def elapsed_ms(self) -> float:
        """Time since the start."""
        return (time.perf_counter() - self._start) * 1000

    @property
    def send_delay_ms(self) -> float:
        """From asking for the call to its start."""
        return (self._start - self._asked) * 1000

    @property
    def last_token_ms(self) -> float | None:
        """Start to the last event with generated content."""
        return (self._last - self._start) * 1000 if self.chunks else None


class _Running(threading.local):
    """The stopwatch of the call that this greenlet makes; botocore's hooks know no other way to find it."""

    stopwatch: Stopwatch | None = None


running = _Running()


def watch(client: BaseClient) -> None:
    """Have botocore's public `before-send` event start the stopwatch of each call of a client."""
    client.meta.events.register("before-send.bedrock-runtime", _sent, unique_id="bedrock-locust-stopwatch")


def _sent(**_: Any) -> None:
    if running.stopwatch is not None:
        running.stopwatch.sent()
