"""The time per token of single streams, by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from reports.reading.tokens import COLUMNS, hides_tokens, is_held_back, tpot_ms

STREAM = {"ttft_ms": 100.0, "first_text_ms": 100.0, "last_token_ms": 1100.0, "output_tokens": 101.0}
STREAM |= {"chunks": 101.0, "content_bytes": 404.0}


@pytest.mark.parametrize(
    ("cells", "each_ms"),
    [
        ({}, 10),
        ({"chunks": math.nan}, 10),
        ({"chunks": 51.0, "first_bytes": 4.0}, 10),  # one token of 101 in the first event
        ({"chunks": 51.0, "first_bytes": 204.0}, 1000 / 50),  # 51 of them
        ({"chunks": 51.0, "first_bytes": 1.0}, 10),  # one at least
        ({"chunks": 51.0, "first_bytes": 0.0}, 1000 / 101),  # it only said that something begins
        ({"chunks": 51.0}, 1000 / (101 - 101 / 51)),  # as many as any other event
        ({"chunks": 101.0, "first_bytes": 204.0}, 10),  # an event for each token
        ({"chunks": 1.0}, None),
        ({"chunks": 2.0, "first_bytes": 404.0}, None),  # nothing came later
        ({"output_tokens": 1.0, "chunks": 2.0}, 2000),  # half a token came later
        ({"output_tokens": 0.9, "chunks": 2.0}, None),
        ({"output_tokens": 0.0}, None),
        ({"output_tokens": math.nan}, None),
        ({"last_token_ms": math.nan}, None),
        ({"last_token_ms": 200.0}, 1),  # a millisecond for each event is none too fast
        ({"last_token_ms": 199.9}, None),  # less is a burst
        ({"output_tokens": 454.0}, 1000 / (454 - 454 / 101)),  # 50 more than bytes may be markup
        ({"output_tokens": 455.0}, None),
        ({"reasoning_tokens": 50.0, "content_bytes": 202.0}, 10),  # two bytes for each token: all was streamed
        (
            {"reasoning_tokens": 50.0, "content_bytes": 201.0, "first_text_ms": 500.0},
            600 / (51 - 51 / 101),
        ),
        ({"reasoning_tokens": 50.0, "reasoning_bytes": 100.0}, 10),
        ({"reasoning_tokens": 50.0, "reasoning_bytes": 99.0, "first_text_ms": 500.0, "chunks": 51.0}, 600 / 50),
    ],
    ids=str,
)
def test_the_time_per_token_of_a_stream(cells: dict[str, float], each_ms: float | None) -> None:
    """101 tokens in a second after the first event; what of that came later, and what is not known."""
    row = dict.fromkeys(COLUMNS, math.nan) | STREAM | cells
    calls = pd.DataFrame([row], columns=list(COLUMNS), dtype="float32")
    [found] = tpot_ms(calls)
    assert found == pytest.approx(math.nan if each_ms is None else each_ms, rel=1e-4, nan_ok=True)
    assert is_held_back(calls).tolist() == [cells.get("last_token_ms") == 199.9]
    assert hides_tokens(calls).tolist() == [cells.get("output_tokens") == 455]


@pytest.mark.parametrize(
    ("cells", "is_held"),
    [
        ({"chunks": 8.0, "output_tokens": 8.0}, True),
        ({"chunks": 8.0, "output_tokens": 80.0}, True),
        ({"chunks": 7.0, "output_tokens": 80.0}, False),
        ({"chunks": 8.0, "output_tokens": 7.0}, False),
        ({"chunks": 2.0, "output_tokens": 4.0}, False),  # a tool call: its name, and its arguments
        ({"chunks": math.nan, "output_tokens": 8.0}, True),
        ({"chunks": math.nan, "output_tokens": 7.0}, False),
        ({"chunks": 8.0, "output_tokens": math.nan}, True),
        ({"chunks": 8.0, "output_tokens": 8.0, "last_token_ms": 107.0}, False),
    ],
    ids=str,
)
def test_only_long_bursts_were_held_back(cells: dict[str, float], is_held: bool) -> None:
    """Of 8 events and 8 tokens, where these are known: a model may send fewer at once. Neither has a time per token."""
    row = dict.fromkeys(COLUMNS, math.nan) | STREAM | {"last_token_ms": 100.4} | cells
    calls = pd.DataFrame([row], columns=list(COLUMNS), dtype="float32")
    assert is_held_back(calls).tolist() == [is_held]
    assert math.isnan(tpot_ms(calls)[0]) == (row["last_token_ms"] == 100.4)
