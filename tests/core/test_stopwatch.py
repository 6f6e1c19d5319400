"""The times of one call: what starts them, what counts as content, and what a silence is."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.histogram import bucket
from bedrock_locust.wire.stopwatch import TOGETHER, Stopwatch

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
