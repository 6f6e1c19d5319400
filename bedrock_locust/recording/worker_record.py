"""The rows of one worker as the process that leads the run counts them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FINISHED, MISSING, REFUSED = "finished", "missing", "refused"


@dataclass
class Account:
    """The rows, CPU and clock of one worker. `None` is what it never said."""

    rows_made: int | None = None
    rows_received: int = 0
    cpu_percent: float | None = None
    clock_offset_ms: float | None = None
    last_report_at: float | None = None
    state: str = "running"
    reason: str = ""
    warning: str = ""
    """What it lacks, in words."""
    _floor: int = field(default=0, repr=False)
    _last: int | None = field(default=None, repr=False)
    _beyond: set[int] = field(default_factory=set, repr=False)

    def is_new(self, batch: int) -> bool:
        """Whether a batch of this number comes for the first time, which it then has. They count from 1."""
        if batch <= self._floor or batch in self._beyond:
            return False
        self._beyond.add(batch)
        while self._floor + 1 in self._beyond:
            self._floor += 1
            self._beyond.discard(self._floor)
        return True

    @property
    def is_whole(self) -> bool:
        """Whether every batch up to the last has come; which is the last a worker says in the end."""
        return self._last is not None and self._floor >= self._last

    def note(self, report: Mapping[str, Any], at: float) -> None:
        """Take what a report says of its worker. One that was overtaken has smaller counts."""
        self.rows_made = max(self.rows_made or 0, report["rows_made"])
        self.cpu_percent = report["cpu_percent"]
        self.clock_offset_ms = report.get("clock_offset_ms")
        self.warning = report.get("warning", "")
        self.last_report_at = at
        self._last = self._last if report["last"] is None else report["last"]

    @property
    def least_lost(self) -> int:
        """Rows that were made, as far as is known, and have not come."""
        return max(0, (self.rows_made or 0) - self.rows_received)

    @property
    def rows_lost(self) -> int | None:
        """The same, where all that were made are known: the worker has handed over."""
        return self.least_lost if self.state == FINISHED else None

    def end(self) -> None:
        """The run is over: who has not handed over will not."""
        if self.state == "running":
            self.state = MISSING
            self.reason = self.reason or "did not hand over at the end"

    def public(self) -> dict[str, Any]:
        """What `run.json` says of it."""
        return {
            "rows_made": self.rows_made,
            "rows_received": self.rows_received,
            "rows_lost": self.rows_lost,
            "cpu_percent": self.cpu_percent,
            "clock_offset_ms": self.clock_offset_ms,
            "last_report_at": self.last_report_at,
            "state": self.state,
            "reason": self.reason,
            "warning": self.warning,
        }


def manifest(accounts: Mapping[str, Account]) -> list[str]:
    """What the console says at the end of a run with workers: rows made and received, and who is to blame."""
    made = sum(account.rows_made or 0 for account in accounts.values())
    received = sum(account.rows_received for account in accounts.values())
    lost = sum(account.least_lost for account in accounts.values())
    least = "at least " if any(account.state == MISSING for account in accounts.values()) else ""
    count = sum(account.state != REFUSED for account in accounts.values())
    workers = f"{count} worker{'s' if count != 1 else ''}"
    total = f"{received:,} of {least}{made:,} made by {workers}; {least if least or lost else ''}{lost or 'none'} lost"
    return [total.replace("at least none", "some may be"), *filter(None, map(_fate, accounts, accounts.values()))]


def _fate(name: str, account: Account) -> str:
    """What has become of a worker that did not end well; empty for one that did."""
    if account.state == MISSING:
        at = account.last_report_at
        until = f"since its last report at {time.strftime('%H:%M:%S', time.gmtime(at))} UTC" if at else "in all"
        return f"worker {name} is missing: {account.reason}; how many calls it made {until} is not known"
    if account.state == REFUSED:
        return f"worker {name} was refused: {account.reason}"
    if account.least_lost:
        return f"worker {name} made {account.rows_made:,} rows, {account.least_lost:,} of them are lost"
    return ""
