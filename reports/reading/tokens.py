"""The time per token of each call, and where it cannot be known. Definitions and reasons: docs/metrics.md.

`bedrock_locust.call.Call` has the same for the live figures; a test holds the two equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

COLUMNS = (
    *("ttft_ms", "last_token_ms", "output_tokens", "chunks", "content_bytes"),
    *("reasoning_tokens", "first_text_ms", "first_bytes"),
)
"""What is needed of a call."""
BURST_GAP_MS = 1.0
"""Events that came closer together than this, on average, were held back on the way and came in a burst."""
BYTES_PER_TOKEN = 2
"""Text has more bytes a token, in any script: fewer, where reasoning was counted, and it was not streamed."""
LEAST_TOKENS = 0.5
"""Fewer tokens after the first event are no pace: its share of the bytes tells no part of a token."""
UNSEEN_TOKENS = 50
"""As many tokens of an answer may be markup of its format, which is counted but not streamed."""


def tpot_ms(calls: pd.DataFrame) -> NDArray[np.float64]:
    """(last token - first token) / (output tokens - those of the first event) of each call, NaN where it is not known.

    A call that does not say how many events it had counts as one with an event for each token.
    """
    first, last, tokens = _seen(calls)
    later = tokens - _first_tokens(calls)
    known = (tokens > 0) & (_events(calls) >= 2) & (later >= LEAST_TOKENS) & ~is_burst(calls) & ~hides_tokens(calls)
    found = np.full(len(calls), np.nan)
    np.divide(last - first, later, out=found, where=known)
    return found


def _first_tokens(calls: pd.DataFrame) -> NDArray[np.float64]:
    """How many tokens the first event brought: one, or its share of the bytes; else the same share as any other."""
    first, _, tokens = _seen(calls)
    events = _events(calls)
    ttft_ms, _, _, _, content_bytes, _, _, first_bytes = _numbers(calls)
    even = tokens / np.maximum(events, 1)
    told = (events < tokens) & (content_bytes > 0) & (first_bytes > 0) & (first == ttft_ms)
    share = np.divide(tokens * first_bytes, content_bytes, out=np.ones(len(calls)), where=told)
    return np.where(told, np.maximum(share, 1.0), even)


def is_burst(calls: pd.DataFrame) -> NDArray[np.bool_]:
    """Which calls had two events or more that came together, so that nothing is known of their pace."""
    first, last, _ = _seen(calls)
    events = _events(calls)
    burst: NDArray[np.bool_] = (events >= 2) & (last - first < (events - 1) * BURST_GAP_MS)
    return burst


def hides_tokens(calls: pd.DataFrame) -> NDArray[np.bool_]:
    """Which calls counted more tokens than their streamed content can hold, at a byte a token or more.

    Reasoning that the service counts by itself, and did not stream, is left out.
    """
    _, _, tokens = _seen(calls)
    hidden: NDArray[np.bool_] = tokens > calls["content_bytes"].to_numpy().astype("float64") + UNSEEN_TOKENS
    return hidden


def _seen(calls: pd.DataFrame) -> list[NDArray[np.float64]]:
    """First and last moment, and number, of the tokens that were streamed."""
    first, last, tokens, _, content_bytes, reasoning, first_text, _ = _numbers(calls)
    hides = (reasoning > 0) & (content_bytes < BYTES_PER_TOKEN * tokens)
    return [np.where(hides, first_text, first), last, np.where(hides, np.maximum(tokens - reasoning, 0), tokens)]


def _events(calls: pd.DataFrame) -> NDArray[np.float64]:
    _, _, tokens = _seen(calls)
    chunks = calls["chunks"].to_numpy().astype("float64")
    return np.where(np.isnan(chunks), tokens, chunks)


def _numbers(calls: pd.DataFrame) -> list[NDArray[np.float64]]:
    return [calls[column].to_numpy().astype("float64") for column in COLUMNS]
