"""The figures of one response."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.formats.reading import GUARDRAIL, HEADERS, INTERVENED, LATENCY, METRICS, TEXT_LIMIT, Reading

FIGURES = {
    "firstByteLatency": 120,
    "invocationLatency": 900,
    "inputTokenCount": 1,
    "outputTokenCount": 2,
    "cacheReadInputTokenCount": 3,
    "cacheWriteInputTokenCount": 4,
}
COUNTS = {"input_tokens": 1, "output_tokens": 2, "cache_read_tokens": 3, "cache_write_tokens": 4}


def counts_of(reading: Reading) -> dict[str, int | None]:
    """The counts of tokens."""
    return {name: getattr(reading, name) for name in COUNTS}


@given(st.lists(st.tuples(st.text(min_size=1, max_size=60), st.booleans()), max_size=20))
def test_text_is_the_same_with_and_without_a_parser(pieces: list[tuple[str, bool]]) -> None:
    """Read either way: the text in its order, and its bytes."""
    reading = Reading()
    for piece, plain in pieces:
        assert (reading.add_plain_text(piece.encode()) if plain else reading.add_text(piece)) == "text"
    whole = "".join(piece for piece, _ in pieces)
    assert (reading.text, reading.text_bytes) == (whole, len(whole.encode()))


@pytest.mark.parametrize("plain", [True, False])
def test_text_is_kept_up_to_its_limit(plain: bool) -> None:
    """In pieces of any size; its bytes are counted beyond it."""
    reading = Reading()
    for piece in ("é" * (TEXT_LIMIT - 2), "abc", "d"):
        _ = reading.add_plain_text(piece.encode()) if plain else reading.add_text(piece)
    assert reading.text == "é" * (TEXT_LIMIT - 2) + "ab"
    assert reading.text_bytes == 2 * (TEXT_LIMIT - 2) + 4


@pytest.mark.parametrize("plain", [True, False])
def test_the_last_character_that_is_kept(plain: bool) -> None:
    """One fits where one is left, and none after it."""
    reading = Reading()
    for piece in ("a" * (TEXT_LIMIT - 1), "b", "c"):
        _ = reading.add_plain_text(piece.encode()) if plain else reading.add_text(piece)
    assert reading.text == "a" * (TEXT_LIMIT - 1) + "b"


def test_empty_and_odd_text_brings_nothing() -> None:
    """What is no text, or no UTF-8, is not counted."""
    reading = Reading()
    assert [reading.add_text(value) for value in ("", None, 5, ["a"])] == ["", "", "", ""]
    assert (reading.add_plain_text(b""), reading.add_plain_text(b"\xff")) == ("", None)
    assert (reading.text, reading.text_bytes) == ("", 0)


@pytest.mark.parametrize(
    ("values", "content", "size"),
    [
        ((), "", 0),
        (("", None, {}), "", 0),
        (("é", None), "other", 2),
        ((b"\xff\xff\xff", {"a": 1}), "other", 3 + 8),
        (({"a": b"x"},), "other", 13),
    ],
)
def test_other_content_is_counted_in_bytes(values: tuple[Any, ...], content: str, size: int) -> None:
    """Of texts and bytes as they are, of anything else as JSON."""
    reading = Reading()
    assert reading.add_other(*values) == content
    assert (reading.other_bytes, reading.text_bytes) == (size, 0)


def test_counts_are_taken_where_they_are_said() -> None:
    """A later one counts; what is missing or odd changes nothing."""
    reading = Reading(output_tokens=7)
    reading.take({"input_tokens": "in", "output_tokens": "out"}, {"in": 5, "out": "many"})
    assert (reading.input_tokens, reading.output_tokens) == (5, 7)
    reading.take({"input_tokens": "in"}, {"in": 6})
    reading.take({"input_tokens": "in"}, None)
    assert reading.input_tokens == 6


def test_a_reason_is_noted_until_a_guardrail_intervenes() -> None:
    """An odd one changes nothing, and the end of the stream is noted either way."""
    reading = Reading()
    reading.stop_because("length")
    assert (reading.stop_reason, reading.stopped) == ("length", False)
    reading.stop(None)
    assert (reading.stop_reason, reading.stopped) == ("length", True)
    reading.stop("end_turn")
    assert reading.stop_reason == "end_turn"
    reading.add_figures({GUARDRAIL: "NONE"})
    assert reading.stop_reason == "end_turn"
    reading.add_figures({GUARDRAIL: "INTERVENED"})
    reading.stop_because("end_turn")
    assert reading.stop_reason == INTERVENED


def test_figures_of_the_service_complete_those_of_the_format() -> None:
    """Times are the service's alone; counts are the format's where it has them."""
    reading = Reading()
    reading.add_figures({METRICS: FIGURES})
    assert (reading.server_ttft_ms, reading.server_latency_ms, counts_of(reading)) == (120, 900, COUNTS)
    given_before = Reading(input_tokens=0, output_tokens=9)
    given_before.add_figures({METRICS: FIGURES})
    assert counts_of(given_before) == COUNTS | {"input_tokens": 0, "output_tokens": 9}
    given_before.add_figures({METRICS: {"firstByteLatency": "soon", "invocationLatency": None}})
    assert (given_before.server_ttft_ms, given_before.server_latency_ms) == (120, 900)


def test_headers_complete_what_the_body_did_not_say() -> None:
    """And say nothing where they are odd."""
    headers = {header: str(COUNTS[name]) for name, header in HEADERS.items()} | {LATENCY: "900"}
    reading = Reading(output_tokens=9)
    reading.add_headers(headers)
    assert (counts_of(reading), reading.server_latency_ms) == (COUNTS | {"output_tokens": 9}, 900)
    known = Reading(server_latency_ms=5)
    known.add_headers(headers)
    assert known.server_latency_ms == 5
    odd = Reading()
    odd.add_headers(dict.fromkeys(headers, "x"))
    assert odd == Reading()
