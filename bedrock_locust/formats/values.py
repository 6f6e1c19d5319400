"""Values from the service. None is trusted: a value of the wrong type or out of range counts as absent."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

LIMIT = 10**12
"""No count and no time in ms of a call is as large as this."""

_DIGITS = re.compile(r"0*([0-9]{1,12})").fullmatch


def count(value: object) -> int | None:
    """A whole number from 0 on, also as a text of digits (`"5"`) or with a zero fraction (5.0); else None."""
    if isinstance(value, str):
        found = _DIGITS(value)
        return int(found[1]) if found else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < LIMIT and value == int(value) else None


def milliseconds(value: object) -> float | None:
    """A time in ms: a number from 0 on, also with a fraction; else None."""
    if isinstance(value, float) and math.isfinite(value) and 0 <= value < LIMIT:
        return value
    return count(value)


def text(value: object) -> str:
    """A text; empty for anything else."""
    return value if isinstance(value, str) else ""


def members(value: object) -> Mapping[str, Any]:
    """The members of an object; none for anything else."""
    return value if isinstance(value, Mapping) else {}


def objects(value: object) -> list[Mapping[str, Any]]:
    """The objects in an array; none for anything else."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []
