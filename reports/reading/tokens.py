"""The time per token of each call, and where it cannot be known. Definitions and reasons: docs/metrics.md.

`bedrock_locust.call.Call` has the same for the live figures; a test holds the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

COLUMNS = (
    *("ttft_ms", "last_token_ms", "output_tokens", "chunks", "content_bytes"),
    *("reasoning_tokens", "first_text_ms", "first_bytes", "reasoning_bytes"),
)
"""What is needed of a call."""
BURST_GAP_MS = 1.0
"""Events that came closer together than this, on average, came in a burst: their times tell no pace."""
HELD_BACK_EVENTS = 8
"""Fewer in a burst may be how the model sends a short answer: three tool calls as name and arguments are six events."""
BYTES_PER_TOKEN = 2
"""Text has more bytes a token, in any script: reasoning has fewer where it was not streamed, or a summary of it was."""
LEAST_TOKENS = 0.5
"""Fewer tokens after the first event are no pace: its share of the bytes tells no part of a token."""
UNSEEN_TOKENS = 50
"""As many tokens of an answer may be markup of its format, which is counted but not streamed."""


@dataclass(frozen=True)
class _Streamed:
    """What was streamed of the tokens of each call; NaN is not known."""

    first_ms: NDArray[np.float64]
    last_ms: NDArray[np.float64]
    tokens: NDArray[np.float64]
    """Without reasoning that was counted and not streamed."""
    events: NDArray[np.float64]
    """One for each token where they were not counted."""
    content_bytes: NDArray[np.float64]
    first_bytes: NDArray[np.float64]
    """Of the first event; NaN also where the time runs from a later one."""

    @classmethod
    def of(cls, calls: pd.DataFrame) -> _Streamed:
        """Of calls with `COLUMNS`."""
        ttft_ms, last_ms, counted, chunks, content_bytes, reasoning, first_text_ms, first_bytes, reasoning_bytes = (
            calls[column].to_numpy().astype("float64") for column in COLUMNS
        )
        # Folders of older versions do not tell the bytes of the reasoning.
        is_told = ~np.isnan(reasoning_bytes)
        came, needed = np.where(is_told, reasoning_bytes, content_bytes), np.where(is_told, reasoning, counted)
        hides = (reasoning > 0) & (came < BYTES_PER_TOKEN * needed) & ~np.isnan(content_bytes)
        first_ms = np.where(hides, first_text_ms, ttft_ms)
        tokens = np.where(hides, np.maximum(counted - reasoning, 0), counted)
        return cls(
            first_ms=first_ms,
            last_ms=last_ms,
            tokens=tokens,
            events=np.where(np.isnan(chunks), tokens, chunks),
            content_bytes=content_bytes,
            first_bytes=np.where(first_ms == ttft_ms, first_bytes, np.nan),
        )

    @property
    def is_burst(self) -> NDArray[np.bool_]:
        """Which had two events or more that came together, so that nothing is known of their pace."""
        burst: NDArray[np.bool_] = self.events >= 2
        return burst & (self.last_ms - self.first_ms < (self.events - 1) * BURST_GAP_MS)

    @property
    def is_held_back(self) -> NDArray[np.bool_]:
        """See `is_held_back`."""
        short: NDArray[np.bool_] = (self.events < HELD_BACK_EVENTS) | (self.tokens < HELD_BACK_EVENTS)
        return self.is_burst & ~short

    @property
    def hides_tokens(self) -> NDArray[np.bool_]:
        """See `hides_tokens`."""
        hidden: NDArray[np.bool_] = self.tokens > self.content_bytes + UNSEEN_TOKENS
        return hidden

    @property
    def first_tokens(self) -> NDArray[np.float64]:
        """How many tokens the first event brought: one, or its share of the bytes, else the same share as any other.

        None where it only said that reasoning begins.
        """
        told = (self.events < self.tokens) & (self.content_bytes > 0) & (self.first_bytes >= 0)
        ones = np.ones(len(self.tokens))
        share = np.divide(self.tokens * self.first_bytes, self.content_bytes, out=ones, where=told)
        least = np.where(self.first_bytes == 0, 0.0, 1.0)
        return np.where(told, np.maximum(share, least), self.tokens / np.maximum(self.events, 1))


def tpot_ms(calls: pd.DataFrame) -> NDArray[np.float64]:
    """(last token - first token) / (output tokens - those of the first event) of each call, NaN where it is not known.

    A call that does not say how many events it had counts as one with an event for each token.
    """
    seen = _Streamed.of(calls)
    later = seen.tokens - seen.first_tokens
    known = (seen.tokens > 0) & (seen.events >= 2) & (later >= LEAST_TOKENS) & ~seen.is_burst & ~seen.hides_tokens
    found = np.full(len(calls), np.nan)
    np.divide(seen.last_ms - seen.first_ms, later, out=found, where=known)
    return found


def is_held_back(calls: pd.DataFrame) -> NDArray[np.bool_]:
    """Which calls came in a burst of so many events and tokens that something on the way must have held them back."""
    return _Streamed.of(calls).is_held_back


def hides_tokens(calls: pd.DataFrame) -> NDArray[np.bool_]:
    """Which calls counted more tokens than their streamed content can hold, at a byte a token or more.

    Reasoning that the service counts by itself, and did not stream, is left out.
    """
    return _Streamed.of(calls).hides_tokens
