"""GitHub-flavoured Markdown: numbers, safe text, tables."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from html import unescape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UNKNOWN = "\N{EN DASH}"
WIDEST_PADDING = 60
"""Cells are padded up to this many columns of a terminal: longer ones are sentences, not figures."""

_MARKS = re.compile(r"\\([\\`*_\[\]~#])|\*\*|`")
_ACTIVE = re.compile(r"[\\`*_\[\]~#]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "@": "&#64;", "$": "&#36;"}
_LINKS = re.compile(r":(?=//)|(?<=\bwww)\.", re.IGNORECASE)


def escape(text: str, longest: int = 200) -> str:
    """Text from outside as plain text on one line, without Markdown, HTML, links or mentions of its own."""
    text = one_line(text)
    if len(text) > longest:
        text = text[: longest - 1].rstrip() + "…"
    text = _ACTIVE.sub(r"\\\g<0>", text)
    text = "".join(_ENTITIES.get(character, character) for character in text)
    return _LINKS.sub(lambda match: f"&#{ord(match[0])};", text)


def one_line(text: str) -> str:
    """The text with line breaks, tabs, control and direction characters as single blanks."""
    printable = (" " if unicodedata.category(character)[0] in "CZ" else character for character in text)
    return " ".join("".join(printable).split())


def code(text: str, longest: int = 200) -> str:
    """Text from outside as code: literally if code can hold it, else escaped."""
    text = one_line(text)
    if not text or len(text) > longest or re.search(r"[`|\\]", text):
        return escape(text, longest)
    return f"`{text}`"


def plain(text: str) -> str:
    """A paragraph of ours as a terminal shows it: without marks, escapes and entities."""
    return unescape(_MARKS.sub(lambda mark: mark[1] or "", text))


def number(value: Any) -> str:
    """Three significant digits, with thousands separators and never an exponent."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    value = float(f"{value:.2e}")
    decimals = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f"{value:,.{min(max(decimals, 0), 9)}f}"


def seconds(value_ms: Any) -> str:
    """Milliseconds as seconds, three significant digits."""
    return number(value_ms / 1000)


def amount(value: Any) -> str:
    """A count, exactly, with thousands separators."""
    return f"{int(value):,}" if value is not None and math.isfinite(value) else UNKNOWN


def whole(value: float) -> str:
    """A figure that stands beside whole ones, rounded to one."""
    return amount(round(value)) if math.isfinite(value) else UNKNOWN


def percent(share: float) -> str:
    """A share of 0 to 1 in percent; 100 only if nothing is lacking."""
    value = share * 100
    if 99.9 < value < 100:
        return f"{math.floor(value * 100) / 100:.2f}"
    return "100" if value >= 100 else number(value)


def signed(value: float) -> str:
    """A difference, with one digit after the point."""
    return f"{value:+.1f}" if math.isfinite(value) else UNKNOWN


def bounds(low: Any, high: Any, form: Any = number) -> str:
    """An interval, `low–high`; an open side is `…`."""  # noqa: RUF002
    sides = [form(side) if side is not None and math.isfinite(side) else "…" for side in (low, high)]
    return "" if sides == ["…", "…"] else span(sides[0], sides[1], UNKNOWN)


def span(low: str, high: str, joint: str = " … ") -> str:
    """A range, as its ends are printed; one figure where both are printed alike."""
    return joint.join(dict.fromkeys((low, high)))


def bracketed(text: str, sides: str) -> str:
    """A figure with its interval, if there is one that the digits of the figure can tell from it."""
    return text if sides in {"", text} or text == UNKNOWN else f"{text} ({sides})"


def money(value: Any) -> str:
    """An amount of money: two decimals, more below 1 so that three digits tell."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{value:,.2f}" if abs(value) >= 1 or value == 0 else number(value)


def moment(at: float | None, form: str = "%Y-%m-%d %H:%M UTC") -> str:
    """Unix time as UTC; unknown if there is no such day."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime(form) if at is not None else UNKNOWN
    except (ValueError, OverflowError, OSError):
        return UNKNOWN


def terminal_width(text: str) -> int:
    """How many columns of a terminal a text takes: two for each Chinese character or full-width mark."""
    if text.isascii():
        return len(text)
    return sum(1 + (unicodedata.east_asian_width(character) in "WF") for character in text)


@dataclass(frozen=True)
class Column:
    """One column of a table: ready cells, numbers to the right."""

    title: str
    cells: list[str]
    left: bool = False

    @property
    def tells(self) -> bool:
        """Whether any cell says something."""
        return any(cell not in {"", UNKNOWN} for cell in self.cells)

    @cached_property
    def width(self) -> int:
        """How far cells are padded, in columns of a terminal, so that the source can be read too."""
        return min(max(map(terminal_width, (self.title, *self.cells, "---"))), WIDEST_PADDING)

    def padded(self, cell: str) -> str:
        """A cell of the width of the column."""
        missing = " " * (self.width - terminal_width(cell))
        return cell + missing if self.left else missing + cell

    @property
    def rule(self) -> str:
        """The line under the title."""
        return "-" * self.width if self.left else "-" * (self.width - 1) + ":"


def texts(title: str, cells: Iterable[Any]) -> Column:
    """A column of ready text."""
    return Column(title, [str(cell) for cell in cells], left=True)


def numbers(title: str, values: Iterable[Any], form: Any = number) -> Column:
    """A column of numbers, written by `form`."""
    return Column(title, [form(value) for value in values])


def table(columns: Sequence[Column]) -> str:
    """A Markdown table of the columns that say something; empty if it would have no rows or one column."""
    columns = [column for column in columns if column.tells]
    if len(columns) < 2:
        return ""
    rows = zip(*([column.padded(cell or UNKNOWN) for cell in column.cells] for column in columns), strict=True)
    head = [column.padded(column.title) for column in columns], [column.rule for column in columns]
    return "\n".join(f"| {' | '.join(row)} |" for row in (*head, *rows))


def section(title: str, *blocks: str, level: int = 2) -> str:
    """A heading over its blocks; empty if there are none."""
    body = join(*blocks)
    return f"{'#' * level} {title}\n\n{body}" if body else ""


def bullets(items: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"- {item}" for item in items)


def join(*blocks: str) -> str:
    """Blocks of Markdown, a blank line between them."""
    return "\n\n".join(block for block in blocks if block)
