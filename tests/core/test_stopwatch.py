"""The times of one call: what starts them, what counts as content, and what a silence is."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.histogram import bucket
from bedrock_locust.wire import stopwatch as stopwatch_module
from bedrock_locust.wire.stopwatch import TOGETHER, Stopwatch

from .scripted import Time

if TYPE_CHECKING:
    from bedrock_locust.formats import Content

KINDS = st.sampled_from(["", "text", "reasoning", "tool"])


def test_before_the_request_is_sent_the_start_is_when_the_call_was_asked_for() -> None:
    """A call that fails while it is built has a latency, and no delay of the send is known to be over."""
    watch = Stopwatch()
    assert (watch.stage, watch.send_delay_ms) == ("connect", 0)
    time.sleep(0.005)
    assert watch.elapsed_ms >= 5
    before = watch.started_at
    watch.sent()
    assert watch.stage == "response"
    assert watch.send_delay_ms >= 5
    assert watch.started_at - before == pytest.approx(watch.send_delay_ms / 1000, abs=1e-5)
    assert watch.elapsed_ms < watch.send_delay_ms


def test_the_end_is_when_the_last_byte_arrived() -> None:
    """The time of asking does not count."""
    watch = Stopwatch()
    watch.sent()
    start = time.perf_counter() - watch.elapsed_ms / 1000
    watch.ended(start + 2)
    time.sleep(0.002)
    assert watch.elapsed_ms == pytest.approx(2000, abs=1)


def test_without_content_there_is_no_token() -> None:
    """An event without content changes nothing."""
    watch = Stopwatch()
    watch.sent()
    watch.content("")
    assert (watch.ttft_ms, watch.first_text_ms, watch.last_token_ms, watch.max_gap_ms) == (None, None, None, None)
    assert (watch.chunks, watch.gaps) == (0, {})


@given(st.lists(st.tuples(KINDS, st.floats(0.0001, 5)), min_size=1, max_size=30))
def test_times_are_those_of_a_plain_computation(events: list[tuple[str, float]]) -> None:
    """First token, first text, last token, each silence and the longest, from the moments at which events arrived."""
    watch = Stopwatch(lambda: 1)
    watch.sent()
    start = at = time.perf_counter() - watch.elapsed_ms / 1000
    moments = []
    for kind, after_s in events:
        at += after_s
        watch.content(kind, at)  # type: ignore[arg-type]  # any kind
        if kind:
            moments.append((kind, (at - start) * 1000))
    times = [ms for _, ms in moments]
    texts = [ms for kind, ms in moments if kind == "text"]
    gaps = [b - a for a, b in pairwise(times)]
    assert watch.chunks == len(times)
    assert watch.ttft_ms == (pytest.approx(times[0], abs=0.2) if times else None)
    assert watch.first_text_ms == (pytest.approx(texts[0], abs=0.2) if texts else None)
    assert watch.last_token_ms == (pytest.approx(times[-1], abs=0.2) if times else None)
    assert watch.max_gap_ms == (pytest.approx(max(gaps), abs=0.001) if gaps else None)
    assert sum(watch.gaps.values()) == len(gaps)
    assert not gaps or abs(max(watch.gaps) - bucket(max(gaps))) <= 1


@pytest.mark.parametrize(("after_s", "events", "first_bytes"), [(0.0005, 2, 180), (0.02, 3, 0)])
def test_the_begin_of_reasoning_and_what_comes_with_it_are_one_event(
    after_s: float, events: int, first_bytes: int
) -> None:
    """The begin has no bytes, so that the first text of the reasoning, within a millisecond, belongs to it."""
    sizes = [0, 180, 184]
    watch = Stopwatch(lambda: sizes[0])
    watch.sent()
    at = time.perf_counter()
    watch.content("other", at)
    sizes.pop(0)
    watch.content("other", at + after_s)
    sizes.pop(0)
    watch.content("text", at + after_s + 0.0004)
    assert (watch.chunks, watch.first_bytes) == (events, first_bytes)
    assert sum(watch.gaps.values()) == events - 1
    assert watch.first_text_ms == pytest.approx((watch.ttft_ms or 0) + 1000 * after_s + 0.4, abs=0.01)


@pytest.mark.parametrize("events", [TOGETHER, TOGETHER + 1, TOGETHER + 2, 3 * TOGETHER + 5])
def test_each_silence_of_a_long_answer_is_counted_once(events: int) -> None:
    """Silences are counted many at once; asking for them in between changes nothing."""
    watch, asked = Stopwatch(), Stopwatch()
    moments = [float(n) + (0.5 if n == 3 else 0) for n in range(1, events + 1)]
    for at in moments:
        watch.content("text", at)
        asked.content("text", at)
        assert sum(asked.gaps.values()) == asked.chunks - 1
        assert (asked.max_gap_ms is None) == (asked.chunks == 1)
    assert watch.max_gap_ms == asked.max_gap_ms == 1500
    assert watch.gaps == asked.gaps == {bucket(500): 1, bucket(1500): 1, bucket(1000): events - 3}


Event = tuple[float, "Content", int]
"""Moment of an event after the sending in s, what it brings, and how many bytes of content have come with it."""
CASES: dict[str, tuple[list[Event], dict[str, Any]]] = {
    "nothing": ([], {"chunks": 0}),
    "no content": ([(0.5, "", 0)], {"chunks": 0}),
    "one text": (
        [(0.5, "text", 3)],
        {"ttft_ms": 500, "first_text_ms": 500, "last_token_ms": 500, "chunks": 1, "first_bytes": 3},
    ),
    "a text of no bytes, and what comes a millisecond later": (
        [(0.0, "text", 0), (0.001, "text", 5), (0.0015, "text", 9)],
        {"ttft_ms": 0, "first_text_ms": 0, "last_token_ms": 1.5, "chunks": 2, "first_bytes": 5, "gaps_ms": [0.5]},
    ),
    "a begin of reasoning, and its words a millisecond later": (
        [(0.0, "other", 0), (0.001, "other", 5), (0.5, "text", 9)],
        {"ttft_ms": 0, "first_text_ms": 500, "last_token_ms": 500, "chunks": 2, "first_bytes": 5, "gaps_ms": [499]},
    ),
    "a begin of reasoning, and its words after more than a millisecond": (
        [(0.0, "other", 0), (0.0012, "other", 5), (0.5012, "text", 9)],
        {
            "ttft_ms": 0,
            "first_text_ms": 501.2,
            "last_token_ms": 501.2,
            "chunks": 3,
            "first_bytes": 0,
            "gaps_ms": [1.2, 500],
        },
    ),
    "a begin of reasoning, and a text at once": (
        [(0.25, "other", 0), (0.2505, "text", 5), (0.2509, "text", 7)],
        {
            "ttft_ms": 250,
            "first_text_ms": 250.5,
            "last_token_ms": 250.9,
            "chunks": 2,
            "first_bytes": 5,
            "gaps_ms": [0.4],
        },
    ),
    "two begins of reasoning, of which only the first waits": (
        [(0.25, "other", 0), (0.2502, "other", 0), (0.2504, "text", 7)],
        {
            "ttft_ms": 250,
            "first_text_ms": 250.4,
            "last_token_ms": 250.4,
            "chunks": 2,
            "first_bytes": 0,
            "gaps_ms": [0.2],
        },
    ),
    "reasoning with words, and a text at once": (
        [(0.25, "other", 2), (0.2505, "text", 5)],
        {
            "ttft_ms": 250,
            "first_text_ms": 250.5,
            "last_token_ms": 250.5,
            "chunks": 2,
            "first_bytes": 2,
            "gaps_ms": [0.5],
        },
    ),
    "silences": (
        [(0.1, "text", 1), (0.3, "other", 1), (0.35, "", 1), (0.4, "text", 2), (1.4, "text", 3), (1.5, "text", 4)],
        {
            "ttft_ms": 100,
            "first_text_ms": 100,
            "last_token_ms": 1500,
            "chunks": 5,
            "first_bytes": 1,
            "gaps_ms": [200, 100, 1000, 100],
        },
    ),
}


def known(watch: Stopwatch) -> dict[str, Any]:
    """All that it says of the content, but what it does not know."""
    times = ("ttft_ms", "first_text_ms", "last_token_ms", "max_gap_ms", "chunks", "first_bytes", "connect_ms")
    values = {name: getattr(watch, name) for name in (*times, "read_lag_ms")}
    return {name: value for name, value in values.items() if value is not None}


@pytest.mark.parametrize("given", [True, False], ids=["arrival known", "now"])
@pytest.mark.parametrize("case", CASES)
def test_all_that_is_known_of_the_content(monkeypatch: pytest.MonkeyPatch, case: str, given: bool) -> None:
    """Times from the sending on, silences, and bytes of the first event, whoever says when it arrived."""
    moments, size = Time(), [0]
    monkeypatch.setattr(stopwatch_module, "time", moments)
    monkeypatch.setattr(Time, "perf_counter", lambda time: time.now)
    moments.now = 2.0
    watch = Stopwatch(lambda: size[0])
    moments.now = 4.0
    watch.sent()
    events, expected = CASES[case]
    for at, kind, size[0] in events:
        moments.now = 100.0 if given else 4.0 + at
        watch.content(kind, 4.0 + at if given else None)
    moments.now = 7.0
    assert (watch.send_delay_ms, watch.elapsed_ms) == (2000, 3000)
    watch.ended(6.5)
    assert watch.elapsed_ms == 2500
    gaps_ms = expected.get("gaps_ms", [])
    told = {name: value for name, value in expected.items() if name != "gaps_ms"}
    assert known(watch) == pytest.approx(told | ({"max_gap_ms": max(gaps_ms)} if gaps_ms else {}))
    counts = [bucket(gap_ms) for gap_ms in gaps_ms]
    assert watch.gaps == {key: counts.count(key) for key in counts}
