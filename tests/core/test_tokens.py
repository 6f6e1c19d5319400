"""When the output tokens of a call came: live, and in the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.call import COLUMNS
from bedrock_locust.live.tokens import token_span_s
from reports.numbers.throughput import on_time_axis

from .strategies import MS, UNIX_TIME, calls

if TYPE_CHECKING:
    from bedrock_locust.call import Call

CALLS = calls(
    started_at=UNIX_TIME,
    latency_ms=MS,
    ttft_ms=st.none() | MS,
    last_token_ms=st.none() | MS,
    mode=st.sampled_from(["streaming", "non_streaming"]),
)


@given(st.lists(CALLS, min_size=1, max_size=6))
def test_live_and_report_spread_tokens_alike(made: list[Call]) -> None:
    """For every call, whatever is not known of it, the tokens lie in the same span."""
    rows = [dict(zip(COLUMNS, call.to_row(), strict=True)) for call in made]
    table = on_time_axis(pd.DataFrame(rows).astype({"ttft_ms": "float64", "last_token_ms": "float64"}))
    for call, (_, row) in zip(made, table.iterrows(), strict=True):
        first, last = token_span_s(call)
        assert row["tokens_from"] == pytest.approx(row["started_at"] + first, abs=1e-5)
        assert row["tokens_to"] == pytest.approx(row["started_at"] + last, abs=1e-5)
