"""A record of a workload file: one request, in the form of Converse or of another API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


MOST_MS = 1e15
"""The largest time that a record may have: moments since 1970 are below it."""


class RecordError(ValueError):
    """A record cannot be read or sent. The text says what is wrong, and shows nothing of what is in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a record says of one turn of a conversation beside what is said in it."""

    pause_s: float | None = None
    """How long the user waits before it, in seconds."""
    at_s: float | None = None
    """When it begins, in seconds after the start of the conversation, or as soon as the turn before it is over."""
    max_tokens: int | None = None
    """The limit of its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One request. It has `arguments`, or a `body`, or a length."""

    arguments: Mapping[str, Any] | None = None
    """Arguments of Converse, without the model."""
    body: Mapping[str, Any] | None = None
    """The body of another API, as it is sent."""
    api: str = ""
    """`model.api` that takes the body."""
    input_tokens: int | None = None
    """The length of a prompt that is made of words."""
    blocks: tuple[int, ...] = ()
    """Numbers of the blocks of words that it begins with: equal numbers are equal blocks."""
    cached: tuple[int, ...] = ()
    """After how many of the blocks it has cache points."""
    max_tokens: int | None = None
    """The limit of the answer, where the record has one beside `arguments` and `body`."""
    said: tuple[Mapping[str, Any], ...] = ()
    """The messages of a conversation, each its own, where `arguments` have joined those of one role in a row."""
    turns: tuple[Turn, ...] = ()
    """What is known of its turns; of the rest nothing is."""


def text_of(value: object, place: str) -> str:
    """The text. Raises RecordError where it is none, or empty."""
    if not isinstance(value, str):
        raise RecordError(f"{place} must be a text")
    if not value:
        raise RecordError(f"{place} must not be empty")
    return value


def count_of(value: object, place: str) -> int | None:
    """A whole number above 0; None where there is none. Raises RecordError."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1e9 or value != int(value):
        raise RecordError(f"{place} must be a whole number above 0")
    return int(value)


def milliseconds_of(value: object, place: str) -> float | None:
    """A time in milliseconds as seconds; None where there is none. Raises RecordError."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_MS:
        raise RecordError(f"{place} must be a number of milliseconds")
    return float(value) / 1000


def list_of(value: object, place: str) -> list[Any]:
    """The list. Raises RecordError where it is none, or empty."""
    if not isinstance(value, list) or not value:
        raise RecordError(f"{place} must be a list that is not empty")
    return value


def numbers_of(value: object, place: str) -> tuple[int, ...]:
    """The whole numbers in a list; none where there is no list. Raises RecordError."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, int) and not isinstance(one, bool) for one in value):
        raise RecordError(f"{place} must be a list of whole numbers")
    return tuple(value)


def object_of(value: object, place: str) -> dict[str, Any]:
    """The object. Raises RecordError where it is none."""
    if not isinstance(value, dict):
        raise RecordError(f"{place} must be an object")
    return value
