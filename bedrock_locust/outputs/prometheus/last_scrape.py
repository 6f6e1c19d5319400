"""The end of a process whose port somebody scrapes: the figures stay up until they have been fetched once more."""

from __future__ import annotations

import logging
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import gevent

from bedrock_locust.live.output import OutputBase
from bedrock_locust.process.signals import asked_to_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_locust.live.output import Outcome
    from bedrock_locust.outputs.prometheus.figures import Figures

logger = logging.getLogger(__name__)

USUAL_S = 5.0
"""The interval of a server that has come once only, in seconds."""
MARGIN_S = 1.0
LIMIT_S = 20.0
"""The longest that a process waits for the last scrape, in seconds."""
LIMIT_OF_SIGNAL_S = 3.0
"""The same once a signal has asked it to end."""
STEP_S = 0.1
SETTLING_S = 0.3
"""How long to answer those that came while the report was made: they may have given up since, and none counts."""
KEPT = 6
"""Scrapes from which the interval is known."""
SENDING_S = 0.2
"""How long an answer may take to be sent, in seconds."""


class LastScrape(OutputBase):
    """Waits at the end of a run for the server that has come before, if calls ended since it came last."""

    def __init__(self, figures: Figures, is_asked_to_end: Callable[[], bool] = asked_to_end) -> None:
        self._figures, self._is_asked_to_end = figures, is_asked_to_end
        self._came_at: list[float] = []
        self._version = -1

    def seen(self, version: int) -> None:
        """The figures of this version have been fetched."""
        self._came_at = [*self._came_at[1 - KEPT :], time.monotonic()]
        self._version = version

    @property
    def limit_s(self) -> float:
        """How long to wait, in seconds: until the server is due again."""
        intervals_s = [later - earlier for earlier, later in pairwise(self._came_at)]
        return min(max(intervals_s, default=USUAL_S) + MARGIN_S, LIMIT_S)

    def end(self, outcome: Outcome) -> None:  # noqa: ARG002 - however it ended
        """Wait until the last figures have been fetched."""
        if not self._came_at or self._version == self._figures.version:
            return
        began, limit_s = time.monotonic(), self.limit_s
        logger.info("bedrock-locust: waiting for the last scrape of /metrics, at most %.0f s", limit_s)
        gevent.sleep(SETTLING_S)
        self._version = -1
        while self._version != self._figures.version:
            if self._is_asked_to_end():
                limit_s = min(limit_s, LIMIT_OF_SIGNAL_S)
            if time.monotonic() - began >= limit_s:
                logger.warning("bedrock-locust: nobody fetched /metrics after the end: its last calls are not there")
                return
            gevent.sleep(STEP_S)
        gevent.sleep(SENDING_S)
