"""Counts of one: words that agree with them."""

from __future__ import annotations

import re
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.texts import language
from reports.texts.agreement import Counted, agreeing, is_one

EN = language("en")
PLURALS = (
    "calls|records|probes|points|tokens|rows|kinds|levels|users|workers|failures|comparisons|requests|answers|lines"
    "|exceptions|minutes|times"
)
MANY_OF_ONE = re.compile(rf"(?<![\w.,])1 (?:more |such |successful |output |input |rarer )*(?:{PLURALS})\b(?!/)")
NEVER_ONE = {
    "limit.reserve",  # a ratio, of three digits
    "quota.reserve",
    "sent.file",  # passes, of three digits
    "replay.calls",  # has a text of its own for 1
    "compare.gate_success",  # a difference, with one digit after the point
    "compare.answers_one",  # a mean, of three digits
}


def test_no_text_counts_one_as_several() -> None:
    """Each value in turn is 1 in each text of the report: no plural may follow it."""
    texts = {}
    for key in sorted(EN.texts.keys() - NEVER_ONE):
        names = {name for _, name, _, _ in Formatter().parse(EN.texts[key]) if name}
        texts[key] = EN(key, **dict.fromkeys(names, "1"))
    assert {key: text for key, text in texts.items() if MANY_OF_ONE.search(text)} == {}


@pytest.mark.parametrize(
    ("key", "values", "said"),
    [
        ("compare.gate_fallen", {"drop": "1"}, "Success rates that fell by more than 1 point:"),
        ("compare.gate_fallen", {"drop": "0.5"}, "Success rates that fell by more than 0.5 points:"),
        (
            "trust.lost",
            {"lost": "1", "made": "9 calls"},
            "1 of 9 calls never reached the master and is not in the numbers.",
        ),
        ("errors.cancelled", {"calls": "1 call"}, "cut off 1 call (Cancelled). It is neither a success nor a failure."),
        ("errors.cancelled", {"calls": "12 calls"}, "They are neither successes nor failures."),
        (
            "trust.bursts",
            {"calls": "1 successful call", "levels": "x"},
            "1 successful call got all its events at once: x.",
        ),
        ("quota.of_requests", {"quota": "1"}, "the quota of 1 request/min"),
        ("damage.lost", {"lines": "1 line"}, "cannot be read and is left out"),
    ],
)
def test_words_agree_with_their_count(key: str, values: dict[str, object], said: str) -> None:
    """Of one, of several, of a share, and of none."""
    assert said in EN(key, **values)


def test_a_list_of_names_counts_what_it_names() -> None:
    """It does not begin with a number, or with one that is a name."""
    one, two = Counted("worker `1`", 1), Counted("workers `1` and `2`", 2)
    assert agreeing("{w} lost {w:its|their} rows", {"w": one}) == "worker `1` lost its rows"
    assert agreeing("{w} lost {w:its|their} rows", {"w": two}) == "workers `1` and `2` lost their rows"


@given(st.integers(0, 10**7))
def test_one_is_one(count: int) -> None:
    """As a number, as a text, and with its noun."""
    assert [is_one(form) for form in (count, f"{count:,}", f"{count:,} x", float(count))] == [count == 1] * 4
    assert not is_one(f"{count}.00")
