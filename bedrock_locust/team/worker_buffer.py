"""A worker's rows on their way to the master. They are kept until the master has confirmed them."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_locust.call import COLUMNS
from bedrock_locust.live.gaps import Gaps
from bedrock_locust.live.health import Cpu
from bedrock_locust.recording.worker_rows import Batch, RowsReport
from bedrock_locust.team.clock_offset import ClockOffset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bedrock_locust.arrivals.counts import Plain
    from bedrock_locust.call import Call, Value
    from bedrock_locust.live.health import Pulse

logger = logging.getLogger(__name__)

MOST_ROWS = 50_000
"""How many rows wait for the master at most, some 60 MB. Calls beyond that are counted, and their rows are lost."""
BATCH_ROWS = 5_000
"""How many rows a batch, or a message, has at most: about 1 MB."""
RESEND_S = 3.0
"""A batch that is not confirmed is sent again after this time or two round trips, then after twice the time, and so
on."""
_STARTED_AT, _SCHEDULED_AT = COLUMNS.index("started_at"), COLUMNS.index("scheduled_at")


@dataclass
class _Unconfirmed:
    """A batch that the master has not confirmed yet."""

    batch: Batch
    times_sent: int = 0
    sent_at: float = float("-inf")


class Buffer:
    """The rows of one run on a worker."""

    def __init__(
        self,
        run: str,
        pulse: Pulse,
        offset: ClockOffset | None = None,
        in_flight: Callable[[], int] = lambda: 0,
        arrivals: Callable[[], Plain] = dict,
    ) -> None:
        """Start times are corrected by the offset of this process's clock.

        `in_flight` counts its calls in flight, and `arrivals` what has become of its arrivals.
        """
        self._in_flight, self._arrivals = in_flight, arrivals
        self.run = run
        self.lost = 0
        """Rows that did not fit in, or that came after the end."""
        self.whole = False
        """Whether the master has confirmed everything."""
        self.over = False
        """Whether the master takes no more rows of this run."""
        self._offset = offset or ClockOffset()
        self._pulse = pulse
        self._gaps = Gaps()
        self._rows: list[list[Value]] = []
        self._made = self._confirmed = 0
        self._newest = 0
        self._unconfirmed: dict[int, _Unconfirmed] = {}
        self._cpu = Cpu()
        self._last: int | None = None

    def add(self, call: Call) -> None:
        """Add the row of a call, and count the silences in it."""
        self._made += 1
        if self.closed or self.left > MOST_ROWS:
            self._lose()
            return
        row = call.to_row()
        correction_s = self._offset.correction_s
        row[_STARTED_AT] = call.started_at + correction_s
        if call.scheduled_at is not None:
            row[_SCHEDULED_AT] = call.scheduled_at + correction_s
        self._rows.append(row)
        self._gaps.add(call)

    @property
    def left(self) -> int:
        """How many rows the master has not confirmed."""
        return self._made - self.lost - self._confirmed

    @property
    def rows(self) -> list[list[Value]]:
        """The rows that the master has not confirmed."""
        return [list(row) for each in self._unconfirmed.values() for row in each.batch.rows] + self._rows

    @property
    def unsent(self) -> bool:
        """Whether there are rows that have never been sent."""
        return bool(self._rows) or any(not each.times_sent for each in self._unconfirmed.values())

    @property
    def closed(self) -> bool:
        """Whether no more rows are taken."""
        return self._last is not None

    def _lose(self) -> None:
        self.lost += 1
        if self.lost == 1 and not self.closed:
            logger.error("bedrock-locust: the master takes no rows and %d wait: the next ones are lost", MOST_ROWS)

    def close(self) -> None:
        """Take no more rows, and put those that are there into batches."""
        if self._last is None:
            self._pulse.stop()
            while self._rows or not self._newest:
                self._make_batch()
            self._last = self._newest

    def _make_batch(self) -> None:
        """Number the rows since the last batch. Nothing may switch greenlets in here."""
        rows, self._rows = self._rows[:BATCH_ROWS], self._rows[BATCH_ROWS:]
        self._newest += 1
        batch = Batch(self._newest, rows, self._gaps.take(), self._pulse.take())
        self._unconfirmed[self._newest] = _Unconfirmed(batch)

    def report(self, *, hearing: bool) -> RowsReport:
        """What to tell the master now. Batches are included only while the master is heard, or they would pile up."""
        if hearing and self._last is None:
            self._make_batch()
        batches = tuple(self._due()) if hearing else ()
        return RowsReport(
            self.run, self._made, self._cpu.percent(), self._last, batches, self._in_flight(), self._arrivals()
        )

    def _due(self) -> list[Batch]:
        """Batches that were never sent, or whose confirmation is late: as many as fit into one message."""
        now, patience_s = time.monotonic(), max(RESEND_S, 2 * self._offset.trip_s)
        due: list[Batch] = []
        room = BATCH_ROWS
        for each in self._unconfirmed.values():
            if now - each.sent_at < patience_s * 2 ** (each.times_sent - 1):
                continue
            room -= len(each.batch.rows)
            if due and room < 0:
                break
            each.sent_at, each.times_sent = now, each.times_sent + 1
            due.append(each.batch)
        return due

    def confirm(self, batches: Iterable[int]) -> None:
        """The master has the rows of these batches."""
        for number in batches:
            if each := self._unconfirmed.pop(number, None):
                self._confirmed += len(each.batch.rows)
