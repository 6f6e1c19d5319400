"""The record of a call, and its columns."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import locust.rpc.protocol

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.call import CANCELLED, COLUMNS, Call
from reports.reading import tokens

from .strategies import calls

DOCUMENT = Path(__file__).parents[2] / "docs" / "run-folder.md"
DESIGNED = [
    "started_at",
    "mode",
    "operation",
    "model_id",
    "name",
    "level",
    "users",
    "phase",
    "worker",
    "prompt_chars",
    "max_tokens",
    "send_delay_ms",
    "connect_ms",
    "ttft_ms",
    "first_text_ms",
    "last_token_ms",
    "max_gap_ms",
    "latency_ms",
    "chunks",
    "content_bytes",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "server_ttft_ms",
    "server_latency_ms",
    "read_lag_ms",
    "stop_reason",
    "service_tier",
    "error",
    "error_code",
    "error_stage",
    "error_message",
    "request_id",
    "attempts",
    "reasoning_tokens",
    "cache_write_1h_tokens",
    "input_tokens_asked",
    "record",
    "session",
    "turn",
    "scheduled_at",
    "guardrail_ms",
    "routed_model",
    "first_bytes",
    "reasoning_bytes",
]
CALL = Call(started_at=1.8e9, mode="streaming", operation="converse_stream", model_id="m", name="n", latency_ms=900)


def documented(section: str) -> list[str]:
    """The columns in the table of a section; a row may have several of them."""
    text = DOCUMENT.read_text(encoding="utf-8").split(f"## {section}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [column for row in rows for column in re.findall(r"`(\w+)`", row)]


def test_columns_are_those_of_the_design() -> None:
    """The columns and their order are those that readers of requests.csv rely on."""
    assert list(COLUMNS) == DESIGNED


def test_columns_are_documented() -> None:
    """docs/run-folder.md has the very columns, in order."""
    assert documented("requests.csv") == list(COLUMNS)


@given(calls())
def test_a_row_gives_the_call_back(call: Call) -> None:
    """A row has all of a call."""
    assert Call.from_row(call.to_row()) == call


@given(calls())
def test_a_row_travels_from_worker_to_master(call: Call) -> None:
    """Locust's messages carry a row unchanged."""
    message = locust.rpc.protocol.Message("stats", {"rows": [call.to_row()]}, "worker")
    arrived = locust.rpc.protocol.Message.unserialize(message.serialize())
    assert Call.from_row(arrived.data["rows"][0]) == call


def test_a_row_of_another_version_is_refused() -> None:
    """A row with a column too many is not taken for a call."""
    with pytest.raises(ValueError, match="argument"):
        Call.from_row([*CALL.to_row(), "more"])


def test_what_is_not_given_is_not_known() -> None:
    """A figure that nobody measured is None, not 0."""
    for column in COLUMNS:
        assert getattr(CALL, column) != 0, f"{column} is {getattr(CALL, column)!r} without having been measured"


@pytest.mark.parametrize(
    ("error", "ok", "cancelled"), [("", True, False), ("ThrottlingError", False, False), (CANCELLED, False, True)]
)
def test_a_call_is_a_success_a_failure_or_cut_off(error: str, ok: bool, cancelled: bool) -> None:
    """The category of its failure says how a call went."""
    call = replace(CALL, error=error)
    assert (call.ok, call.cancelled) == (ok, cancelled)


@pytest.mark.parametrize(
    ("plain", "read", "written", "every"),
    [(7, None, None, 7), (7, 100, None, 107), (7, None, 20, 27), (7, 100, 20, 127), (None, 100, 20, None)],
)
def test_the_prompt_has_cached_tokens_too(
    plain: int | None, read: int | None, written: int | None, every: int | None
) -> None:
    """Those read from the cache and those written to it; without a count of the rest nothing is known."""
    call = replace(CALL, input_tokens=plain, cache_read_tokens=read, cache_write_tokens=written)
    assert call.all_input_tokens == every


@pytest.mark.parametrize(("started_late_s", "lateness_ms"), [(0.25, 250), (0, 0), (-0.25, 0), (None, None)], ids=str)
def test_a_call_is_late_or_on_time(started_late_s: float | None, lateness_ms: float | None) -> None:
    """A start before the scheduled moment is not late; in a closed loop there is no such moment."""
    scheduled_at = None if started_late_s is None else CALL.started_at - started_late_s
    assert replace(CALL, scheduled_at=scheduled_at).lateness_ms == lateness_ms


@pytest.mark.parametrize(
    ("counted", "bytes_seen", "hides"),
    [(10, 10, False), (60, 10, False), (61, 10, True), (10, None, False), (None, 1, False)],
)
def test_more_tokens_than_bytes_are_hidden(counted: int | None, bytes_seen: int | None, hides: bool) -> None:
    """A few more are not: the service counts the end of an answer, too."""
    assert replace(CALL, output_tokens=counted, content_bytes=bytes_seen).hides_tokens is hides


@pytest.mark.parametrize(("between_ms", "is_burst"), [(0.9, True), (1.0, False)])
def test_events_of_a_burst_have_no_pace(between_ms: float, is_burst: bool) -> None:
    """From 1 ms between two events on there is one."""
    call = replace(CALL, ttft_ms=100.0, last_token_ms=100.0 + 8 * between_ms, output_tokens=9, chunks=9)
    assert (call.tpot_ms is None) == is_burst


@pytest.mark.parametrize(
    ("ttft_ms", "last_token_ms", "output_tokens", "tpot_ms"),
    [
        (100.0, 600.0, 11, 50.0),
        (100.0, 600.0, 2, 500.0),
        (0.0, 600.0, 2, 600.0),
        (100.0, 100.0, 5, None),
        (100.0, 600.0, 1, None),
        (100.0, 600.0, 0, None),
        (100.0, 600.0, None, None),
        (None, 600.0, 11, None),
        (100.0, None, 11, None),
    ],
)
def test_time_per_output_token(
    ttft_ms: float | None, last_token_ms: float | None, output_tokens: int | None, tpot_ms: float | None
) -> None:
    """The time from first to last token is shared among the tokens after the first, if there are any."""
    call = replace(CALL, ttft_ms=ttft_ms, last_token_ms=last_token_ms, output_tokens=output_tokens)
    assert call.tpot_ms == tpot_ms


@given(
    st.lists(
        st.tuples(
            st.floats(0, 1e4),
            st.none() | st.floats(0, 1e5),
            st.none() | st.integers(0, 2000),
            st.none() | st.integers(0, 2000),
            st.none() | st.integers(0, 9000),
            st.none() | st.integers(0, 2000),
            st.none() | st.floats(0, 1e4),
            st.none() | st.integers(0, 9000),
            st.none() | st.integers(0, 9000),
        ),
        max_size=20,
    )
)
def test_the_report_has_the_same_time_per_token(
    rows: list[tuple[Any, ...]],
) -> None:
    """Live figures and the report compute it apart; single, many and several tokens an event, bursts, hidden tokens."""
    calls = [
        replace(
            CALL,
            ttft_ms=ttft_ms,
            last_token_ms=None if span_ms is None else ttft_ms + span_ms,
            output_tokens=output_tokens,
            chunks=chunks,
            content_bytes=content_bytes,
            reasoning_tokens=reasoning,
            first_text_ms=first_text_ms,
            first_bytes=first_bytes,
            reasoning_bytes=shown,
        )
        for ttft_ms, span_ms, output_tokens, chunks, content_bytes, reasoning, first_text_ms, first_bytes, shown in rows
    ]
    table = pd.DataFrame([call.to_row() for call in calls], columns=list(COLUMNS))
    table = table.astype(dict.fromkeys(tokens.COLUMNS, "float64"))
    live = [math.nan if call.tpot_ms is None else call.tpot_ms for call in calls]
    assert tokens.tpot_ms(table).tolist() == pytest.approx(live, nan_ok=True)
    assert tokens.hides_tokens(table).tolist() == [call.hides_tokens for call in calls]


@pytest.mark.parametrize(
    ("reasoning_bytes", "hides"),
    [(0, True), (60, True), (89, True), (90, False), (180, False)],
)
def test_hidden_reasoning_is_told_by_its_own_bytes(reasoning_bytes: int, hides: bool) -> None:
    """Bytes of all tokens do not tell it where a third of them is hidden. A summary is not the reasoning itself."""
    call = replace(
        CALL,
        ttft_ms=100.0,
        first_text_ms=1000.0,
        last_token_ms=1000.0 + 88 * 20,
        output_tokens=134,
        reasoning_tokens=45,
        chunks=90,
        content_bytes=356 + reasoning_bytes,
        first_bytes=0,
        reasoning_bytes=reasoning_bytes,
    )
    assert call.hides_reasoning == hides
    assert call.tpot_ms == pytest.approx((88 * 20) / (89 - 89 / 90) if hides else (900 + 88 * 20) / 134)
    assert call.hides_reasoning or not replace(call, reasoning_bytes=None).hides_reasoning


@pytest.mark.parametrize("each", [1, 2, 5, 26])
def test_time_per_token_is_exact_for_several_tokens_an_event(each: int) -> None:
    """50 tokens/s are 50 tokens/s, however many of them an event carries."""
    events = 20
    last_ms = 100.0 + (events - 1) * each * 20
    call = replace(CALL, ttft_ms=100.0, last_token_ms=last_ms, output_tokens=events * each, chunks=events)
    assert call.tpot_ms == pytest.approx(20)


@pytest.mark.parametrize(
    ("tokens", "events", "first_bytes", "content_bytes", "first_tokens"),
    [
        (250, 51, 800, 1000, 200),  # reasoning at once, then a token an event: gpt-oss by Chat Completions
        (250, 51, None, 1000, 250 / 51),  # a run folder of an older version
        (250, 250, 800, 1000, 1),  # one token an event, the first a long word
        (250, 300, 8, 1000, 250 / 300),  # more events than tokens, as characters are
        (200, 40, 1, 1000, 1),  # a short first event holds at least one token
        (200, 40, 0, 1000, 0),  # it said that reasoning begins
        (200, 40, 10, 0, 5),
        (200, 40, 40, 1000, 8),
    ],
)
def test_the_first_event_holds_its_share_of_the_bytes(
    tokens: int, events: int, first_bytes: int | None, content_bytes: int, first_tokens: float
) -> None:
    """The tokens after it, 20 ms apart, have that pace, whatever came with the first."""
    call = replace(
        CALL,
        ttft_ms=100.0,
        last_token_ms=100.0 + 20 * (tokens - first_tokens),
        output_tokens=tokens,
        chunks=events,
        content_bytes=content_bytes,
        first_bytes=first_bytes,
    )
    assert call.first_tokens == pytest.approx(first_tokens)
    assert call.tpot_ms == (None if call.hides_tokens else pytest.approx(20))


def test_a_last_event_of_less_than_a_token_has_no_pace() -> None:
    """All but a full stop came at once: 900 ms for the rest are no time per token."""
    call = replace(CALL, ttft_ms=100.0, last_token_ms=1000.0, output_tokens=200, chunks=2, content_bytes=1000)
    assert replace(call, first_bytes=999).tpot_ms is None
    assert replace(call, first_bytes=500).tpot_ms == pytest.approx(9)


def test_time_from_a_later_first_text_takes_no_share_of_the_first_event() -> None:
    """The reasoning of the first event is no part of the tokens that are counted."""
    call = replace(
        CALL,
        ttft_ms=100.0,
        first_text_ms=900.0,
        last_token_ms=900.0 + 20 * 90,
        output_tokens=400,
        reasoning_tokens=300,
        chunks=10,
        content_bytes=600,
        first_bytes=300,
    )
    assert call.hides_reasoning
    assert call.tpot_ms == pytest.approx(20)


def test_one_event_and_a_burst_have_no_pace() -> None:
    """Nothing is known of tokens that came at one moment, or of 74 events within 10 ms."""
    single = replace(CALL, ttft_ms=4990.0, last_token_ms=4990.0, output_tokens=50, chunks=1)
    burst = replace(CALL, ttft_ms=3000.0, last_token_ms=3010.0, output_tokens=74, chunks=74)
    assert (single.tpot_ms, burst.tpot_ms) == (None, None)


def test_hidden_reasoning_that_the_service_counts_is_no_part_of_the_pace() -> None:
    """500 words of text 20 ms apart, after 1,500 tokens of reasoning that was not streamed, are 50 tokens/s."""
    hidden = replace(
        CALL,
        ttft_ms=100.0,
        first_text_ms=9_000.0,
        last_token_ms=9_000.0 + 499 * 20,
        output_tokens=2_000,
        reasoning_tokens=1_500,
        chunks=500,
        content_bytes=2_400,
    )
    assert (hidden.hides_reasoning, hidden.hides_tokens, hidden.seen_tokens) == (True, False, 500)
    assert hidden.tpot_ms == pytest.approx(20)
    streamed = replace(hidden, content_bytes=8_000, chunks=2_000, last_token_ms=100.0 + 1_999 * 20)
    assert (streamed.hides_reasoning, streamed.seen_tokens) == (False, 2_000)
    assert streamed.tpot_ms == pytest.approx(20)


def test_reasoning_that_was_counted_but_not_streamed_has_no_pace() -> None:
    """20 events 20 ms apart and a count of 520 are not 1,350 tokens/s."""
    call = replace(CALL, ttft_ms=100.0, last_token_ms=480.0, output_tokens=520, chunks=20, content_bytes=100)
    assert (call.hides_tokens, call.tpot_ms) == (True, None)
    shown = replace(call, content_bytes=2_000)
    assert shown.hides_tokens is False
