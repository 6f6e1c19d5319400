"""A call of a trace, and the calls that a source could not use."""

from __future__ import annotations

import gzip
import io
import zlib
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol, TextIO, cast

from bedrock_locust.settings.mistakes import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

BLOCK_TOKENS = 512
"""What a hash id stands for, as in the traces of Mooncake."""

MOST_LINE_CHARS = 30_000_000
"""The longest line: a record has at most 100 KB, but an export of CloudWatch Logs may have many on a line."""


@dataclass(frozen=True, slots=True)
class TracedCall:
    """What a trace keeps of a call: never a prompt, an answer, an account or an identity, unless they are asked for."""

    at: float
    """When it came, in seconds, on the clock of the source."""
    input_length: int
    """Tokens of the prompt, those in the cache among them."""
    output_length: int
    operation: str = ""
    model: str = ""
    max_tokens: int | None = None
    """What the call allowed its answer."""
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    session_id: str = ""
    hash_ids: tuple[int, ...] = ()
    """One for each 512 tokens of the prompt or begun 512: equal for calls whose prompts are equal up to there."""
    cache_points: tuple[int, ...] = ()
    """After how many of these the prompt cache was read and written, by this call or by another that begins so."""
    latency_ms: float | None = None
    content: Mapping[str, Any] = field(default_factory=dict)
    """Members of the line that hold what was said: only where that is asked for."""

    def to_plain(self, start_at: float) -> dict[str, Any]:
        """A line of the trace, with the milliseconds since its start, without what is not known."""
        fields = ("operation", "model", "max_tokens", "cache_read_tokens", "cache_write_tokens", "session_id")
        known = {name: value for name in fields if (value := getattr(self, name)) not in (None, "")}
        line: dict[str, Any] = {"timestamp": round(1000 * (self.at - start_at), 3), "input_length": self.input_length}
        line |= {"output_length": self.output_length, **known, **self.content}
        if self.hash_ids:
            line["hash_ids"] = list(self.hash_ids)
        if self.cache_points:
            line["cache_points"] = list(self.cache_points)
        return line if self.latency_ms is None else {**line, "latency_ms": self.latency_ms}


class TraceError(SettingsError):
    """A source that is none, or a line of it that cannot be read. The message says where and why."""


@dataclass
class Skipped:
    """The records of a source that are in no trace, by the reason; those of another time are not counted."""

    begin: float | None = None
    """The part of the time that is asked for, on the clock of the source."""
    end: float | None = None
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, reason: str, at: float | None = None) -> None:
        """Count one, and say when it came, where that is known."""
        if at is None or is_within(at, self.begin, self.end):
            self.reasons[reason] += 1

    def usable(self, calls: Iterable[TracedCall]) -> Iterator[TracedCall]:
        """The calls that can be made again: with a prompt, and with an answer, which an embedding has not."""
        for call in calls:
            if not call.input_length:
                self.add("without a prompt", call.at)
            elif not call.output_length:
                self.add("without an answer", call.at)
            else:
                yield call

    def __str__(self) -> str:
        return ", ".join(f"{count:,} {reason}" for reason, count in self.reasons.most_common())


def is_within(at: float, begin: float | None, end: float | None) -> bool:
    """Whether a moment is in a part of the time: from `begin` until before `end`, where these are given."""
    return (begin is None or at >= begin) and (end is None or at < end)


def whole_number(value: object, where: str) -> int:
    """A number of tokens. Raises TraceError."""
    try:
        found = int(float(value))  # type: ignore[arg-type]  # what is no number raises
    except (TypeError, ValueError, OverflowError):
        raise TraceError(f"{where} is {value!r:.40}, but must be a number of tokens") from None
    if not 0 <= found <= 100_000_000:
        raise TraceError(f"{where} is {value!r:.40}, but must be a number of tokens")
    return found


class Stored(Protocol):
    """A file, or another thing that is read from its start to its end; as a text it is its name."""

    @property
    def suffix(self) -> str:
        """The end of its name: `.gz` of what is compressed."""

    def open(self, mode: Literal["rb"]) -> IO[bytes]:
        """Its bytes. Raises OSError."""


@contextmanager
def opened(path: Stored) -> Iterator[TextIO]:
    """A source as text; with gzip where its name says so. Raises TraceError, also while it is read."""
    try:
        with path.open("rb") as raw:
            data = cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if path.suffix == ".gz" else raw
            with io.TextIOWrapper(data, encoding="utf-8-sig", newline="") as file:
                yield file
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise TraceError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error})") from None


def lines(path: Stored) -> Iterator[str]:
    """The lines of a source, with what ends them. Raises TraceError, also for one that would fill the memory."""
    with opened(path) as file:
        for number in count(1):
            line = file.readline(MOST_LINE_CHARS + 1)
            if len(line) > MOST_LINE_CHARS:
                raise TraceError(
                    f"{path}, line {number}: has more than {MOST_LINE_CHARS:,} characters: leave the file out, or write"
                    " one record a line"
                )
            if not line:
                return
            yield line
