"""A worker's rows on their way to the master: kept until the master has said that it has them."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bedrock_locust.call import COLUMNS
from bedrock_locust.live.gaps import NO_GAPS, Gaps
from bedrock_locust.live.health import Cpu
from bedrock_locust.team.clock_offset import Offset

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bedrock_locust.call import Call, Value
    from bedrock_locust.live.health import Pulse

logger = logging.getLogger(__name__)

MOST_ROWS = 50_000
"""Rows that wait for the master at most, some 60 MB. Calls beyond that are counted, and their rows are lost."""
BATCH_ROWS = 5_000
"""Rows in a batch, and in a message, at most: about 1 MB."""
RESEND_S = 3.0
"""A batch is sent again if it is not acknowledged for so long, or for two round trips; then after twice as long."""
_STARTED_AT = COLUMNS.index("started_at")


@dataclass
class _Sent:
    """A batch that has not been acknowledged."""

    batch: dict[str, Any]
    times: int = 0
    at: float = field(default=float("-inf"))


class Outbox:
    """A worker's rows. Everything in a batch is of a type that msgpack can carry."""

    def __init__(self, run: str, pulse: Pulse, offset: Offset | None = None) -> None:
        """Rows of this run; their times are put right by the offset of this clock."""
        self.run = run
        self.lost = 0
        """Rows that there was no room for, or that came too late."""
        self.whole = False
        """Whether the master has said that it has everything."""
        self.over = False
        """Whether the master has said that it will take no more."""
        self._offset = offset or Offset()
        self._pulse = pulse
        self._gaps = Gaps()
        self._rows: list[list[Value]] = []
        self._made = self._taken = 0
        self._batch = 0
        self._waiting: dict[int, _Sent] = {}
        self._cpu = Cpu()
        self._last: int | None = None

    def add(self, call: Call, gaps: Mapping[int, int] = NO_GAPS) -> None:
        """Keep a row, and the silences in it."""
        self._made += 1
        if self.closed or self.left > MOST_ROWS:
            self._lose()
            return
        row = call.to_row()
        row[_STARTED_AT] = call.started_at + self._offset.correction_s
        self._rows.append(row)
        self._gaps.add(call, gaps)

    @property
    def left(self) -> int:
        """Rows that the master is not known to have."""
        return self._made - self.lost - self._taken

    @property
    def rows(self) -> list[list[Value]]:
        """These rows."""
        return [row for sent in self._waiting.values() for row in sent.batch["rows"]] + self._rows

    @property
    def unsent(self) -> bool:
        """Whether there are rows that have not been sent at all."""
        return bool(self._rows) or any(not sent.times for sent in self._waiting.values())

    @property
    def closed(self) -> bool:
        """Whether nothing more will come."""
        return self._last is not None

    def _lose(self) -> None:
        self.lost += 1
        if self.lost == 1 and not self.closed:
            logger.error("bedrock-locust: the master takes no rows and %d wait: the next ones are lost", MOST_ROWS)

    def close(self) -> None:
        """Nothing more will come."""
        if self._last is None:
            self._pulse.stop()
            while self._rows or not self._batch:
                self.batch()
            self._last = self._batch

    def batch(self) -> dict[str, Any]:
        """Number the rows since the last batch. Nothing may switch greenlets in here."""
        rows, self._rows = self._rows[:BATCH_ROWS], self._rows[BATCH_ROWS:]
        self._batch += 1
        batch = {"batch": self._batch, "rows": rows, "gaps": self._gaps.take(), "pulse": self._pulse.take()}
        self._waiting[self._batch] = _Sent(batch)
        return batch

    def report(self, *, hearing: bool) -> dict[str, Any]:
        """What the master is to know now; batches only if it can be heard, or they would pile up on the way."""
        if hearing and self._last is None:
            self.batch()
        return {
            "run": self.run,
            "batches": self._due() if hearing else [],
            "rows_made": self._made,
            "cpu_percent": self._cpu.percent(),
            "last": self._last,
        }

    def _due(self) -> list[dict[str, Any]]:
        """Batches that were never sent, or for which the answer is late, as many as go into one message."""
        now, patience_s = time.monotonic(), max(RESEND_S, 2 * self._offset.trip_s)
        due: list[dict[str, Any]] = []
        room = BATCH_ROWS
        for sent in self._waiting.values():
            if now - sent.at < patience_s * 2 ** (sent.times - 1):
                continue
            room -= len(sent.batch["rows"])
            if due and room < 0:
                break
            sent.at, sent.times = now, sent.times + 1
            due.append(sent.batch)
        return due

    def acknowledge(self, batches: Iterable[int]) -> None:
        """The master has these."""
        for number in batches:
            if sent := self._waiting.pop(number, None):
                self._taken += len(sent.batch["rows"])
