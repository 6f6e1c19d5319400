"""Texts with their values in Chinese: a space where it meets Latin letters or digits, else none."""

from __future__ import annotations

import re
from string import Formatter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_IDEOGRAPH = re.compile(r"[\u4e00-\u9fff]")
_WIDE = re.compile(r"[\u3000-\u303f\uff01-\uff60]")
"""Marks as wide as an ideograph, which have their own room: `，`, `（`, `。`."""
_LATIN = re.compile(r"[A-Za-z0-9%`]")


def filled(template: str, values: Mapping[str, Any]) -> str:
    """The template with its values in the place of their names. What a value says within itself stays as it is."""
    text = ""
    for literal, name, *_ in Formatter().parse(template):
        text = _joined(text, literal)
        if name is not None:
            text = _joined(text, str(values[name]))
    return text


def _joined(left: str, right: str) -> str:
    """Two parts side by side, with as many spaces between them as the signs that meet there need."""
    ends = left.rstrip(" ")[-1:], right.lstrip(" ")[:1]
    ideographs = [bool(_IDEOGRAPH.match(end)) for end in ends]
    if all(ideographs) or any(map(_WIDE.match, ends)):
        return left.rstrip(" ") + right.lstrip(" ")
    if any(ideographs) and any(map(_LATIN.match, ends)):
        return f"{left.rstrip(' ')} {right.lstrip(' ')}"
    return left + right
