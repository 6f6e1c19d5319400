"""Server-sent events: events out of bytes, however these are cut.

The format is that of the HTML standard, 9.2.6. What it says of `id`, `retry` and reconnecting does not matter to an
answer. bedrock-mantle sends the `data` of an event before its name (recorded answers), so an event is what stands
before an empty line, in any order.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_WHOLE = re.compile(rb"(?:event:[^\n]*+\n)?data: ?+([^\n]++)\n(?:event:[^\n]*+\n)?\n").fullmatch
"""An event of one line, with its name before it or after it, where it has no carriage return: a pattern that excludes
one character only is matched twice as fast."""
BOM = b"\xef\xbb\xbf"


class SseDecoder:
    """Bytes to events: `take` gets the data of each as soon as its empty line is there.

    The name of an event says nothing here that its data does not, in any of the APIs.

    The data of several lines is joined by line breaks. An event without data, or with an empty one, is none.
    """

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._rest = bytearray()
        """The begin of the next line."""
        self._data: list[bytes] = []
        self._drops_lf = False
        """Whether a line feed that comes next belongs to the carriage return before it."""
        self._first = True

    @property
    def unfinished(self) -> int:
        """Bytes of a line that has not ended."""
        return len(self._rest)

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        # Most pieces are one whole event.
        usual = not (self._rest or self._data or self._drops_lf or self._first or b"\r" in data)
        if usual and (found := _WHOLE(data)):
            self._take(found[1])
            return
        if self._drops_lf and data:
            self._drops_lf = False
            data = data.removeprefix(b"\n")
        if b"\r" in data:
            self._drops_lf = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if self._rest:
            # A line of megabytes is put together once, not with each piece.
            begun, end, data = data.partition(b"\n")
            self._rest += begun
            if not end:
                return
            line = bytes(self._rest)
            self._rest.clear()
            self._line(line)
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._line(line)
        if rest:
            self._rest += rest

    def _line(self, line: bytes) -> None:
        """A whole line, without its end."""
        if self._first:
            self._first = False
            line = line.removeprefix(BOM)
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        elif not line:
            self._end_event()
        elif line == b"data":
            self._data.append(b"")

    def _end_event(self) -> None:
        lines, self._data = self._data, []
        data = lines[0] if len(lines) == 1 else b"\n".join(lines)
        if data:
            self._take(data)

    def end(self) -> None:
        """The stream has ended. An event whose last line was whole counts, though its empty line is missing."""
        if not self._rest:
            self._line(b"")
        elif self._rest.endswith(b"[DONE]"):
            self.feed(b"\n\n")
