"""What the body of a response is, before it is read: its type, and how large it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_locust.errors import AnswerTooLargeError

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMIT = 64 * 1024 * 1024
"""Bytes of a response. The longest answers, 128,000 tokens with an event each, have some 40 million."""
EVENT_STREAM = "application/vnd.amazon.eventstream"


def is_event_stream(headers: Mapping[str, str]) -> bool:
    """Whether a response says that it is one. The names of the headers are in small letters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() == EVENT_STREAM


def too_large(size: int) -> AnswerTooLargeError:
    """The failure of a response of which so many bytes have come."""
    return AnswerTooLargeError(f"not an answer of Bedrock: larger than {LIMIT // 1024**2} MB ({size:,} bytes so far)")
