"""The time per token of each call, and where it cannot be known. Definitions and reasons: docs/metrics.md.

`bedrock_locust.call.Call` has the same for the live figures; a test holds the two equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

COLUMNS = ("ttft_ms", "last_token_ms", "output_tokens", "chunks", "content_bytes")
"""What is needed of a call."""
BURST_GAP_MS = 1.0
"""Events that came closer together than this, on average, were held back on the way and came in a burst."""
UNSEEN_TOKENS = 50
"""As many tokens of an answer may be markup of its format, which is counted but not streamed."""


def tpot_ms(calls: pd.DataFrame) -> NDArray[np.float64]:
    """(last token - first token) / (output tokens (1 - 1 / events)) of each call, NaN where it is not known.

    A call that does not say how many events it had counts as one with an event for each token.
    """
    first, last, tokens, _, _ = _numbers(calls)
    events, span_ms = _events(calls), last - first
    known = (tokens > 0) & (events >= 2) & ~is_burst(calls) & ~hides_tokens(calls)
    found = np.full(len(calls), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        np.divide(span_ms, tokens * (1 - 1 / events), out=found, where=known)
    return found


def is_burst(calls: pd.DataFrame) -> NDArray[np.bool_]:
    """Which calls had two events or more that came together, so that nothing is known of their pace."""
    first, last, *_ = _numbers(calls)
    events = _events(calls)
    burst: NDArray[np.bool_] = (events >= 2) & (last - first < (events - 1) * BURST_GAP_MS)
    return burst


def hides_tokens(calls: pd.DataFrame) -> NDArray[np.bool_]:
    """Which calls counted more tokens than their streamed content can hold, at a byte a token or more."""
    _, _, tokens, _, content_bytes = _numbers(calls)
    hidden: NDArray[np.bool_] = tokens > content_bytes + UNSEEN_TOKENS
    return hidden


def _events(calls: pd.DataFrame) -> NDArray[np.float64]:
    _, _, tokens, chunks, _ = _numbers(calls)
    return np.where(np.isnan(chunks), tokens, chunks)


def _numbers(calls: pd.DataFrame) -> list[NDArray[np.float64]]:
    return [calls[column].to_numpy().astype("float64") for column in COLUMNS]
