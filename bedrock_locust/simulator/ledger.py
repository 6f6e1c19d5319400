"""Ledger: what the simulator did for each call. Compare a client's measurements with it."""

from __future__ import annotations

import json
import time
import zlib
from collections import Counter, deque
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

OK = "ok"
CLIENT_GONE = "client_gone"


@dataclass(slots=True)
class Entry:
    """One call. Times in `_ns` are Unix time in nanoseconds (CLOCK_REALTIME); `None` means never."""

    index: int
    """Place in the order of arrival, from 0."""
    operation: str
    """The last segment of the path, such as `converse-stream`."""
    model_id: str
    stream: bool
    request_id: str
    arrived_at_ns: int
    """When the headers of the request had been read."""
    first_token_at_ns: int | None = None
    """When the first event with text was handed to the connection; `None` without a stream."""
    ended_at_ns: int | None = None
    """When the last event, or the whole answer, was handed to the connection, or when the call broke."""
    input_tokens: int | None = None
    output_tokens: int = 0
    """Tokens of text that were sent."""
    outcome: str = ""
    """`ok`, the name of an error or fault, or `client_gone`."""
    prompt_chars: int | None = None
    prompt_head: str = ""
    """The first 64 characters of the prompt."""
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    service_tier: str = ""
    """The tier in which it was answered, if it asked for one."""
    events_ns: list[int] | None = None
    """When each event with text was handed to the connection, if `event_times` is set."""


FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Entry))

_values = attrgetter(*FIELDS)
_to_json = json.JSONEncoder().encode


LINES_PER_PACK = 256


class Ledger:
    """The calls that ended, oldest first; the oldest are dropped beyond `size`.

    They are kept as compressed JSON lines, about 60 bytes each.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self.clear()

    def clear(self) -> None:
        """Forget all calls, and begin with index 0 again. Calls that are still running are not entered."""
        self._oldest: deque[bytes] = deque()
        self._packs: deque[bytes] = deque()
        self._newest: list[bytes] = []
        self._running: set[int] = set()
        self._most_running = 0
        self._outcomes: Counter[str] = Counter()
        self._opened = 0

    def open(self, operation: str, model_id: str, *, stream: bool) -> Entry:
        """The entry of a call that has just arrived."""
        entry = Entry(self._opened, operation, model_id, stream, "", time.time_ns())
        self._opened += 1
        self._running.add(id(entry))
        self._most_running = max(self._most_running, len(self._running))
        return entry

    def close(self, entry: Entry) -> None:
        """Enter a call that has ended."""
        if id(entry) not in self._running:
            return
        self._running.discard(id(entry))
        entry.ended_at_ns = entry.ended_at_ns or time.time_ns()
        self._outcomes[entry.outcome] += 1
        self._newest.append(_to_json(dict(zip(FIELDS, _values(entry), strict=True))).encode() + b"\n")
        if len(self._newest) == LINES_PER_PACK:
            self._packs.append(zlib.compress(b"".join(self._newest), level=1))
            self._newest = []
        if self.kept > self._size:
            self._drop()

    @property
    def kept(self) -> int:
        """The number of calls that can be read."""
        return len(self._oldest) + LINES_PER_PACK * len(self._packs) + len(self._newest)

    def _drop(self) -> None:
        if not self._oldest and self._packs:
            self._oldest.extend(zlib.decompress(self._packs.popleft()).splitlines(keepends=True))
        if self._oldest:
            self._oldest.popleft()
        else:
            del self._newest[0]

    def lines(self) -> Iterator[bytes]:
        """The calls as JSON lines, in batches, as they were when this was called."""
        oldest, packs, newest = b"".join(self._oldest), list(self._packs), b"".join(self._newest)
        yield oldest
        for pack in packs:
            yield zlib.decompress(pack)
        yield newest

    def lines_from(self, position: int) -> Iterator[bytes]:
        """The calls as JSON, from this place among those that are kept: what is before it costs nothing."""
        oldest, packs, newest = [*self._oldest], [*self._packs], [*self._newest]
        yield from oldest[position:]
        whole, place = divmod(max(0, position - len(oldest)), LINES_PER_PACK)
        for pack in packs[whole:]:
            yield from zlib.decompress(pack).splitlines()[place:]
            place = 0
        yield from newest[max(0, position - len(oldest) - len(packs) * LINES_PER_PACK) :]

    def stats(self) -> dict[str, Any]:
        """Totals since the start, or since `clear`."""
        ended = self._outcomes.total()
        return {
            "calls": self._opened,
            "in_flight": len(self._running),
            "max_in_flight": self._most_running,
            "ok": self._outcomes[OK],
            "outcomes": dict(sorted(self._outcomes.items())),
            "kept": self.kept,
            "dropped": ended - self.kept,
        }
