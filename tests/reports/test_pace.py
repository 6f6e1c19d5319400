"""The pace of streams that do not send one token an event: what the first screen says of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from reports.edition import Edition, edition
from reports.reading.run import read
from reports.report import markdown

from . import closed_loop

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from .closed_loop import Row


def streamed(tokens: int, events: int, span_ms: float, **cells: object) -> Row:
    """An answer of so many tokens, in events that are spread over so many milliseconds after the first one."""
    longest_ms = span_ms / events if events > 2 else None
    own = {"chunks": events, "content_bytes": 4 * tokens, "max_gap_ms": longest_ms, **cells}
    return closed_loop.streamed(300 + span_ms + 1, tokens=tokens) | own


def told(path: Path, answer: Row, **slo: float) -> tuple[Edition, str]:
    """The analysis, and the report, of 4 users who get such answers."""

    def answers(_: random.Random, __: int) -> Row:
        return answer

    run = closed_loop.run((4,), answers, window_s=30.0)
    run.info["settings"]["slo"] = slo
    analysis = edition(read(run.write(path)))
    return analysis, markdown(analysis, {})


def speed(text: str) -> float:
    """Tokens/s for each user, as the first screen says it; 0 if it does not."""
    found = re.search(r"([\d.]+) tokens/s once it has begun, first token", text)
    return float(found.group(1)) if found else 0.0


@pytest.mark.parametrize("events", [100, 50, 25, 10, 4, 2])
def test_several_tokens_an_event_are_no_faster(tmp_path: Path, events: int) -> None:
    """50 tokens/s, whatever the size of an event: each has k tokens, the first one too."""
    tokens, per_event = 100, 100 / events
    analysis, text = told(tmp_path, streamed(tokens, events, 20 * per_event * (events - 1)), min_tokens_per_s=55)
    assert analysis.level("streaming-04")["speed_per_s"] == pytest.approx(50, rel=0.01)
    assert analysis.gate_passed is False
    assert "50.0 tokens/s for each user, less than 55" in text


def test_reasoning_that_was_not_streamed_gives_no_speed(tmp_path: Path) -> None:
    """520 tokens are counted, 20 events of a token came in 380 ms: not 1,350 tokens/s, and the reason is said."""
    analysis, text = told(tmp_path, streamed(520, 20, 380, content_bytes=80))
    assert speed(text) == 0
    assert not re.search(r"\b1,?[34]\d\d tokens/s once it has begun", text)
    assert analysis.level("streaming-04")["tpot_ms_count"] == 0
    assert "counted more output tokens than their streamed content can hold: streaming at 4 users" in text


def test_reasoning_that_is_counted_by_itself_is_left_out(tmp_path: Path) -> None:
    """Of 520 tokens 500 are said to be reasoning: 20 visible ones at 20 ms are 50 tokens/s."""
    _, text = told(tmp_path, streamed(520, 20, 380, content_bytes=80, reasoning_tokens=500))
    assert speed(text) == pytest.approx(50, rel=0.01)


def test_a_burst_is_no_speed(tmp_path: Path) -> None:
    """74 events within 10 ms were held back on the way: said, with no figure for the speed."""
    analysis, text = told(tmp_path, streamed(74, 74, 10))
    assert speed(text) == 0
    assert "got all their events at once: streaming at 4 users" in text
    assert analysis.level("streaming-04")["tpot_ms_count"] == 0


@pytest.mark.parametrize(("tokens", "events", "is_accused"), [(4, 2, False), (60, 7, False), (60, 8, True)])
def test_a_short_burst_accuses_nobody(tmp_path: Path, tokens: int, events: int, is_accused: bool) -> None:
    """A tool call in two events 0.4 ms apart may be the model's own way. Its pace is not known all the same."""
    analysis, text = told(tmp_path, streamed(tokens, events, 0.4))
    assert ("Something on the way (a proxy, a gateway) held the answers back" in text) == is_accused
    assert analysis.level("streaming-04")["tpot_ms_count"] == 0
