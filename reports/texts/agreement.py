"""Words that agree with a count in English: `{calls} got all {calls:its|their} events`."""

from __future__ import annotations

import re
from string import Formatter
from typing import Any, Self

ONE = re.compile(r"1(?![\d.,])")
"""How a text begins that counts one: `1`, `1 call`; not `1.0`, `10`, `1,000`."""


class Counted(str):
    """A text that stands for several things, or for one, and does not begin with their number: a list of names."""

    __slots__ = ("is_one",)

    def __new__(cls, text: str, count: int) -> Self:
        """The text, of this number of things."""
        made = super().__new__(cls, text)
        made.is_one = count == 1
        return made

    is_one: bool


class _Agreeing(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        """The value, or of `one|several` what agrees with it."""
        one, bar, several = format_spec.partition("|")
        if bar:
            return one if is_one(value) else several
        return str(super().format_field(value, format_spec))


_AGREEING = _Agreeing()


def is_one(value: Any) -> bool:
    """Whether a value counts one: a number, or a text that begins with it."""
    if isinstance(value, Counted):
        return value.is_one
    return bool(ONE.match(value)) if isinstance(value, str) else value == 1


def agreeing(text: str, values: dict[str, Any]) -> str:
    """The text with its values, and the words that agree with them."""
    return _AGREEING.vformat(text, (), values) if "|" in text else text.format(**values)
