"""Figures of a run while it goes on."""

from __future__ import annotations

from dataclasses import replace
from math import floor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.call import CANCELLED, Call
from bedrock_locust.histogram import ACCURACY
from bedrock_locust.level import Level
from bedrock_locust.live.tally import KEPT_S, REACH, RECENT_S, Seconds, Tally
from bedrock_locust.process.clock import clock

from .strategies import MS, UNIX_TIME, calls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_locust.call import Phase

T0 = 1_800_000_000
NOW = T0 + 100
CALL = Call(started_at=T0, mode="streaming", operation="o", model_id="m", name="n", latency_ms=3000, output_tokens=300)
STARTS = st.integers(0, 40_000).map(lambda ms: T0 + ms / 1000)


@st.composite
def successes(draw: st.DrawFn) -> Call:
    """A success near T0, streaming or not, with times in order."""
    first, last, latency = sorted(draw(st.lists(st.integers(0, 20_000), min_size=3, max_size=3)))
    streamed = draw(st.booleans())
    return replace(
        CALL,
        started_at=draw(STARTS),
        ttft_ms=float(first) if streamed else None,
        last_token_ms=float(last) if streamed else None,
        latency_ms=float(latency),
        output_tokens=draw(st.none() | st.integers(0, 5000)),
    )


def spread(call: Call, start: int, end: int) -> float:
    """The output tokens of a call in a window, by the definition: spread evenly from its first to its last token."""
    streamed = call.ttft_ms is not None and call.last_token_ms is not None
    first_ms, last_ms = (call.ttft_ms, call.last_token_ms) if streamed else (0, call.latency_ms)
    first, last = call.started_at + (first_ms or 0) / 1000, call.started_at + (last_ms or 0) / 1000
    tokens = call.output_tokens or 0
    if last <= first:
        return tokens if start <= first < end else 0
    return tokens * max(0.0, min(end, last) - max(start, first)) / (last - first)


@given(st.lists(successes(), max_size=8), st.integers(0, 60), st.integers(1, 60))
def test_rates_in_a_window(made: Sequence[Call], offset: int, length: int) -> None:
    """Rates over whole seconds are those of the plain definition."""
    seconds = Seconds()
    for call in made:
        seconds.add(call, NOW)
    start, end = T0 + offset, T0 + offset + length
    tokens = sum(spread(call, start, end) for call in made)
    # Near a second's edge a float of this size can be a microsecond off.
    slack = 1e-3 + sum((call.output_tokens or 0) for call in made) * 1e-3
    assert seconds.tokens_per_s(start, end) * length == pytest.approx(tokens, abs=slack)
    ended = sum(start <= floor(call.started_at + call.latency_ms / 1000) < end for call in made)
    assert seconds.calls_per_s(start, end) * length == pytest.approx(ended)


@given(st.lists(successes(), max_size=8))
def test_no_token_is_lost(made: Sequence[Call]) -> None:
    """Over all of the run there are the tokens and the calls that there were."""
    seconds = Seconds()
    for call in made:
        seconds.add(call, NOW)
    window = T0 - 1, T0 + 100
    tokens = sum(call.output_tokens or 0 for call in made)
    assert seconds.tokens_per_s(*window) * 101 == pytest.approx(tokens, rel=1e-3)
    assert seconds.calls_per_s(*window) * 101 == pytest.approx(len(made))


@pytest.mark.parametrize(("ttft_ms", "last_token_ms"), [(500.0, 500.0), (0.0, 0.0), (1000.0, 1000.0)])
def test_an_answer_in_one_event_counts(ttft_ms: float, last_token_ms: float) -> None:
    """Tokens that came all at once count in the second in which they came."""
    seconds = Seconds()
    seconds.add(replace(CALL, ttft_ms=ttft_ms, last_token_ms=last_token_ms), NOW)
    assert seconds.tokens_per_s(T0, T0 + 3) * 3 == pytest.approx(300)


def test_a_part_of_a_second() -> None:
    """A window that cuts a second gets its share of it."""
    seconds = Seconds()
    seconds.add(replace(CALL, ttft_ms=0.0, last_token_ms=3000.0), NOW)
    assert seconds.tokens_per_s(T0 + 0.5, T0 + 2) == pytest.approx(100)


@pytest.mark.parametrize("end", [T0, T0 - 5])
def test_a_window_without_length(end: float) -> None:
    """A window that has no length has no rate."""
    seconds = Seconds()
    seconds.add(CALL, NOW)
    assert seconds.tokens_per_s(T0, end) == seconds.calls_per_s(T0, end) == 0


def test_only_the_last_seconds_are_kept() -> None:
    """In two hours, with calls of minutes and a worker whose clock is years off, no more than some minutes are kept."""
    seconds = Seconds()
    for second in range(7200):
        now = T0 + second
        seconds.add(replace(CALL, started_at=now - 300, ttft_ms=0.0, last_token_ms=3e5, latency_ms=3e5), now)
        seconds.add(replace(CALL, started_at=now + 1e8), now)
        seconds.add(replace(CALL, started_at=now - 1e8), now)
    assert max(len(seconds._tokens), len(seconds._ended)) <= 5 * RECENT_S
    assert seconds.calls_per_s(now - 10, now) == 1
    assert seconds.tokens_per_s(now - 10, now) > 0


@given(
    st.lists(calls(level=st.sampled_from(["", "a", "b", "unknown"]), started_at=UNIX_TIME, latency_ms=MS), max_size=20)
)
def test_counts(made: Sequence[Call]) -> None:
    """Each call is a success, a failure of a category or cut off, in all and in its level."""
    tally = Tally()
    for name in ("a", "b"):
        tally.level(Level(key=name, mode="streaming", users=1))
    # Long calls would only make this test long: each of their seconds is counted.
    made = [replace(call, latency_ms=min(call.latency_ms, 5e3), last_token_ms=None, ttft_ms=None) for call in made]
    for call in made:
        tally.add(call)
    groups = {"a": tally.levels["a"], "b": tally.levels["b"], "total": tally.total}
    for name, figures in groups.items():
        all_of_it = [call for call in made if name in {"total", call.level}]
        mine = [call for call in all_of_it if name == "total" or call.phase in ("", "measure")]
        ok = [call for call in mine if not call.error]
        failed = [call.error for call in mine if call.error not in ("", CANCELLED)]
        assert figures.calls == len(mine)
        assert figures.ok == len(ok)
        assert figures.failed == len(failed) == sum(figures.errors.values())
        assert dict(figures.errors) == {error: failed.count(error) for error in failed}
        assert figures.cancelled == len(mine) - len(ok) - len(failed)
        assert figures.input_tokens == sum(call.input_tokens or 0 for call in ok)
        assert figures.output_tokens == sum(call.output_tokens or 0 for call in ok)
        assert figures.longest_ms == max((call.latency_ms for call in all_of_it), default=0)
        assert figures.latency_ms.count == sum(call.phase in ("", "measure") for call in ok)


def test_only_successes_in_the_window_have_percentiles() -> None:
    """Latencies of failures, of the warm-up and of the drain are in no percentile."""
    tally = Tally()
    for latency_ms in (100.0, 200.0, 300.0):
        tally.add(replace(CALL, latency_ms=latency_ms, phase="measure", ttft_ms=50.0, last_token_ms=650.0))
    tally.add(replace(CALL, latency_ms=9000.0, phase="warmup"))
    tally.add(replace(CALL, latency_ms=9000.0, phase="drain"))
    tally.add(replace(CALL, latency_ms=9000.0, phase="measure", error="ThrottlingError"))
    tally.add(replace(CALL, latency_ms=9000.0, phase="measure", error=CANCELLED))
    total = tally.total
    assert total.latency_ms.quantile(0.5) == pytest.approx(200, rel=ACCURACY)
    assert total.latency_ms.quantile(1) == pytest.approx(300, rel=ACCURACY)
    assert (total.latency_ms.count, total.ttft_ms.count, total.tpot_ms.count) == (3, 3, 3)
    assert total.tpot_ms.quantile(0.5) == pytest.approx(600 / 299, rel=ACCURACY)


def test_a_level_comes_further() -> None:
    """What is known of a level is renewed, and its counts stay."""
    tally = Tally()
    tally.level(Level(key="a", mode="streaming", users=1))
    tally.add(replace(CALL, level="a"))
    tally.level(Level(key="a", mode="streaming", users=1, phase="measure"))
    known = tally.levels["a"].level
    assert known
    assert known.phase == "measure"
    assert tally.levels["a"].calls == 1


def test_an_interval_begins_where_the_last_one_ended() -> None:
    """What was counted since the last look is counted once."""
    tally = Tally()
    tally.add(CALL)
    tally.add(replace(CALL, error="ThrottlingError"))
    first = tally.interval()
    tally.add(CALL)
    second = tally.interval()
    assert (first.calls, first.ok, first.output_tokens) == (2, 1, 300)
    assert (second.calls, second.ok, second.output_tokens) == (1, 1, 300)
    assert first.seconds > 0


@given(st.lists(successes(), max_size=20), st.integers(0, 30_000), st.integers(1, 30_000))
def test_a_level_has_the_rates_of_its_window(made: list[Call], start_ms: int, length_ms: int) -> None:
    """Rates of a window are exact: calls that ended in it, and the part of each call's tokens that came in it."""
    start, end = T0 + start_ms / 1000, T0 + (start_ms + length_ms) / 1000
    window = Level(key="w", mode="streaming", users=1, phase="drain", measured_from=start, measured_to=end)
    tally = Tally()
    tally.level(window)
    for call in made:
        tally.add(call)
    streamed = [call for call in made if call.mode == "streaming"]
    ended = sum(start <= call.started_at + call.latency_ms / 1000 <= end for call in streamed)
    tokens = sum(_inside(call, start, end) for call in streamed)
    rates = tally.levels["w"].rates()
    assert rates is not None
    assert rates[0] * (end - start) == pytest.approx(ended)
    assert rates[1] * (end - start) == pytest.approx(tokens, rel=1e-4, abs=1e-2)


def test_calls_of_an_own_user_class_count_in_the_windows_of_their_level() -> None:
    """The group of a call is that of its level, whatever the mode of the call: an own class names its group itself."""
    tally = Tally()
    for name, start in (("Chat-1", T0), ("Chat-2", T0 + 10), ("Other-1", T0 + 20)):
        window = {"measured_from": float(start), "measured_to": start + 10.0}
        tally.level(Level(key=name, mode=name.split("-")[0], users=1, phase="drain", **window))  # type: ignore[arg-type]
    # Begun in the first level, over in the middle of the second; 100 tokens of 300 come in the second.
    tally.add(replace(CALL, level="Chat-1", started_at=T0 + 8.0, ttft_ms=0.0, last_token_ms=3000.0))
    tally.add(replace(CALL, level="Other-1", started_at=T0 + 21.0, mode="non_streaming"))
    rates = {name: level.rates() for name, level in tally.levels.items()}
    assert rates == {"Chat-1": (0.0, 20.0), "Chat-2": (0.1, 10.0), "Other-1": (0.1, 30.0)}


def _inside(call: Call, start: float, end: float) -> float:
    first = call.started_at + (call.ttft_ms or 0) / 1000
    last = call.started_at + (call.latency_ms if call.last_token_ms is None else call.last_token_ms) / 1000
    if last <= first:
        return float(call.output_tokens or 0) * (start <= first <= end)
    return float(call.output_tokens or 0) * max(0.0, min(last, end) - max(first, start)) / (last - first)


def window(number: int, start: float | None, end: float | None, mode: str = "streaming") -> Level:
    """A level with a window."""
    return Level(key=f"{mode}-{number}", mode=mode, users=1, phase="measure", measured_from=start, measured_to=end)


def test_a_failure_is_shown_by_its_first_example() -> None:
    """The code and message of the first failure of a category stand for the category."""
    tally = Tally()
    for code in ("one", "two"):
        tally.add(replace(CALL, error="ThrottlingError", error_code=code, error_message="too much"))
    tally.add(replace(CALL, error="ClientError", error_code="three", error_message="no"))
    assert tally.total.examples == {"ThrottlingError": "one: too much", "ClientError": "three: no"}
    assert tally.total.errors == {"ThrottlingError": 2, "ClientError": 1}


def test_a_call_counts_in_the_windows_of_its_group_only() -> None:
    """A call that ends in the window of the next level counts there; one of another mode does not."""
    tally = Tally()
    tally.level(window(1, T0, T0 + 2))
    tally.level(window(2, T0 + 2, T0 + 10))
    tally.level(window(1, T0, T0 + 10, "non_streaming"))
    tally.add(replace(CALL, level="streaming-1", phase="measure"))
    assert [level.window_ok for level in tally.levels.values()] == [0, 1, 0]
    assert [level.window_tokens for level in tally.levels.values()] == pytest.approx([200, 100, 0])


@pytest.mark.parametrize(("behind", "counted"), [(REACH - 1, 1), (REACH, 0)])
def test_a_call_reaches_twenty_levels_back(behind: int, counted: int) -> None:
    """Windows of levels further back stay as they are."""
    tally = Tally()
    tally.level(window(0, T0, T0 + 10))
    for number in range(behind):
        tally.level(window(number + 1, T0 + 10 + number, T0 + 11 + number))
    tally.add(replace(CALL, level="streaming-0", phase="measure"))
    assert tally.levels["streaming-0"].window_ok == counted


def test_a_window_that_is_told_late_has_its_first_calls() -> None:
    """Arrivals begin by the clock, and a level is told at the next tick: calls that were over by then count, once."""
    tally, level = Tally(), window(1, None, None)
    call = replace(CALL, level=level.key, phase="measure", started_at=T0 + 10, latency_ms=500, output_tokens=20)
    for _ in range(3):
        tally.add(call)
    tally.add(replace(call, level="other", started_at=T0 + 9.9))
    tally.add(replace(call, error="ThrottlingError"))
    tally.level(replace(level, phase="warmup"))
    tally.level(replace(level, measured_from=T0 + 10))
    tally.add(call)
    tally.level(replace(level, measured_from=T0 + 10, measured_to=T0 + 15, phase="drain"))
    told = tally.levels[level.key]
    assert (told.calls, told.ok, told.failed, told.longest_ms) == (5, 4, 1, 500)
    assert told.window_ok == 5
    assert told.rates() == pytest.approx((1, 19.2))


def test_parts_that_are_told_late_have_each_call_once() -> None:
    """Of a profile one ends where the next begins: what ended since then is no longer in the window before."""
    tally, parts = Tally(), (window(1, T0, T0 + 10), window(2, T0 + 10, T0 + 20))
    tally.level(replace(parts[0], measured_to=None))
    for number in range(20):
        call = replace(CALL, started_at=T0 + 8 + number / 5, latency_ms=100, output_tokens=5)
        tally.add(replace(call, level=f"streaming-{1 + number // 10}", phase="measure"))
    tally.level(parts[0])
    tally.level(parts[1])
    for part in parts:
        told = tally.levels[part.key]
        assert (told.calls, told.window_ok) == (10, 10)
        assert told.window_tokens == pytest.approx(50)


def test_calls_are_kept_for_seconds_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A level that is told later begins without them, and they take no memory."""
    now = [50.0]
    monkeypatch.setattr("bedrock_locust.live.tally.time.perf_counter", lambda: now[0])
    tally = Tally()
    for _ in range(100):
        tally.add(replace(CALL, level="streaming-1", phase="measure"))
        now[0] += 1
    assert len(tally._latest) == KEPT_S + 1
    tally.level(window(1, T0, T0 + 10))
    assert tally.levels["streaming-1"].calls == KEPT_S + 1


@pytest.mark.parametrize(("end", "rates"), [(None, None), (T0 + 4, (0.25, 75.0))])
def test_a_level_without_a_window_has_no_rates(end: float | None, rates: tuple[float, float] | None) -> None:
    """Before the window opens there is no rate; afterwards it is over the length of the window."""
    tally = Tally()
    tally.level(window(1, T0 if end else None, end))
    tally.add(replace(CALL, level="streaming-1", phase="measure"))
    assert tally.levels["streaming-1"].rates() == (rates and pytest.approx(rates))


def test_an_open_window_reaches_up_to_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a level is measured its rates are those up to now."""
    monkeypatch.setattr(clock, "wall_at", lambda: T0 + 6.0)
    tally = Tally()
    tally.level(window(1, T0, None))
    tally.add(replace(CALL, level="streaming-1", phase="measure"))
    assert tally.levels["streaming-1"].rates() == pytest.approx((1 / 6, 50))


@pytest.mark.parametrize(
    ("phase", "calls", "measured"), [("", 1, 1), ("measure", 1, 1), ("warmup", 0, 0), ("drain", 0, 0)]
)
def test_a_level_has_its_measured_calls(phase: Phase, calls: int, measured: int) -> None:
    """Calls of warm-up and drain are in the total, and only their longest time is in the level."""
    tally = Tally()
    tally.level(window(1, T0, T0 + 9))
    tally.add(replace(CALL, level="streaming-1", phase=phase))
    level = tally.levels["streaming-1"]
    assert (level.calls, level.latency_ms.count, level.longest_ms) == (calls, measured, 3000)
    assert (tally.total.calls, tally.total.latency_ms.count) == (1, measured)


@pytest.mark.parametrize(("ago_s", "counted"), [(RECENT_S, 1), (RECENT_S + 1, 0), (-RECENT_S, 1), (-RECENT_S - 1, 0)])
def test_seconds_have_what_is_recent(ago_s: int, counted: int) -> None:
    """A call that ended more than two minutes before or after now is not counted."""
    seconds = Seconds()
    end = T0 + 3
    seconds.add(CALL, end + ago_s)
    assert seconds.calls_per_s(end, end + 1) == counted


@pytest.mark.parametrize(("at_s", "counted"), [(0, 1), (2, 1), (5, 1), (5.001, 0)])
def test_an_answer_in_one_event_counts_if_it_came_in_the_window(at_s: float, counted: int) -> None:
    """Tokens that came all at once count whole, at both ends of the window too."""
    tally = Tally()
    tally.level(window(1, T0, T0 + 5))
    ms = 1000 * at_s
    tally.add(replace(CALL, ttft_ms=ms, last_token_ms=ms, latency_ms=ms, level="streaming-1", phase="measure"))
    level = tally.levels["streaming-1"]
    assert (level.window_ok, level.window_tokens) == (counted, 300 * counted)


def test_a_short_answer_is_spread_too() -> None:
    """Tokens that came within half a second, on both sides of a whole one, count half in each."""
    seconds = Seconds()
    seconds.add(replace(CALL, started_at=T0 + 0.75, ttft_ms=0.0, last_token_ms=500.0, latency_ms=500.0), NOW)
    assert [seconds.tokens_per_s(T0 + at, T0 + at + 1) for at in range(3)] == pytest.approx([150, 150, 0])
