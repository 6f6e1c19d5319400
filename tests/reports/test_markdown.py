"""Numbers as readers want them, and text from outside that cannot break the report."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reports
from reports import markdown
from reports.texts import language

from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "a|b `c` <img src=x onerror=alert(1)>\r\n| x |\n# h [l](http://e.x) *b* @all \\| $x$ www.e.x \u202e"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.00123456, "0.00123"),
        (0.9996, "1.00"),
        (9.996, "10.0"),
        (12.25, "12.2"),
        (999.6, "1,000"),
        (1234.5, "1,230"),
        (1_234_567, "1,230,000"),
        (-12.5, "-12.5"),
        (math.nan, "–"),  # noqa: RUF001
        (math.inf, "–"),  # noqa: RUF001
        (None, "–"),  # noqa: RUF001
    ],
)
def test_numbers_have_three_significant_digits(value: float | None, text: str) -> None:
    """Three significant digits, thousands apart, no exponent, a dash for what is not known."""
    assert markdown.number(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(1, "100"), (0.99999, "99.99"), (0.9991, "99.91"), (0.995, "99.5"), (0.0123, "1.23"), (0, "0")],
)
def test_only_all_is_100_percent(share: float, text: str) -> None:
    """A single failure among many calls does not vanish in rounding."""
    assert markdown.percent(share) == text


def test_a_range_whose_ends_are_printed_alike_is_one_figure() -> None:
    """300.1 to 300.2 is 300: two like figures tell nothing. Beside 300 there is nothing to tell at all."""
    assert markdown.bounds(300.1, 300.2) == "300"
    assert markdown.bounds(300.1, 301.2) == "300–301"  # noqa: RUF001
    assert markdown.bounds(None, 300.2) == "…–300"  # noqa: RUF001
    assert markdown.bracketed("300", markdown.bounds(300.1, 300.2)) == "300"
    assert markdown.bracketed("300", markdown.bounds(299.1, 300.2)) == "300 (299–300)"  # noqa: RUF001
    assert [language(code).span("+1", "+1") for code in ("en", "zh")] == ["+1", "+1"]
    assert language("en").span("-1", "+1") == "-1 to +1"


@pytest.mark.parametrize(
    ("length_s", "text"),
    [(0.4, "0 s"), (59, "59 s"), (60, "1 min"), (90, "1 min 30 s"), (3600, "1 h"), (3900, "1 h 5 min")],
)
def test_durations_are_words(length_s: float, text: str) -> None:
    """A length of time reads at a glance."""
    assert language("en").duration(length_s) == text


@given(st.text())
def test_escaped_text_stays_in_its_cell(text: str) -> None:
    """No text breaks out of a table cell, a line or into HTML."""
    for safe in (markdown.escape(text), markdown.code(text)):
        assert "|" not in safe
        assert len(safe.splitlines()) <= 1
    safe = markdown.escape(text)
    assert "<" not in safe
    assert "://" not in safe
    assert "@" not in safe


@given(st.text(alphabet="\\`*_[]~#x"))
def test_every_active_character_is_escaped_once(text: str) -> None:
    """Reading the backslashes away gives the text back."""
    safe = markdown.escape(text)
    assert "".join(safe[1::2] if set(text) <= set("\\`*_[]~#") else safe.replace("\\", "")) in {
        text,
        text.replace("\\", ""),
    }


def test_a_table_leaves_out_columns_that_say_nothing() -> None:
    """A column of dashes is dropped; a table without rows is none."""
    columns = [markdown.texts("Mode", ["a"]), markdown.numbers("X", [math.nan]), markdown.numbers("Y", [1])]
    assert "X" not in markdown.table(columns)
    assert markdown.table([markdown.texts("Mode", []), markdown.numbers("Y", [])]) == ""
    assert markdown.section("Title", "", "") == ""


def hostile() -> make.Folder:
    """A run in whose files every text may be hostile."""
    texts = dict.fromkeys(("model_id", "name", "worker", "request_id", "stop_reason", "service_tier"), HOSTILE)
    calls = [make.call(random.Random(at), make.T0 + at, **texts) for at in range(30)]
    for call in calls[20:]:
        call["service_tier"] = f"{HOSTILE} 2"
    calls[:9] = [make.failed(call, HOSTILE, HOSTILE, HOSTILE, HOSTILE) for call in calls[:9]]
    info = make.info(30, None, ended="interrupted", end_reason=HOSTILE, endpoint=HOSTILE, remedies={HOSTILE: HOSTILE})
    info["settings"] = {"aws": {"region": HOSTILE, "secret_access_key": "hush"}, HOSTILE: {HOSTILE: HOSTILE}}
    info["workers"] = {HOSTILE: {"rows_made": None, "state": HOSTILE, "cpu_percent": "NaN"}}
    return make.Folder(calls, [], info)


def test_hostile_names_and_messages_break_nothing(tmp_path: Path) -> None:
    """Every text of the folder may be hostile: the tables stay tables and no HTML comes through."""
    text = reports.write(hostile().write(tmp_path)).read_text(encoding="utf-8")
    assert "<img" not in text
    assert "http://" not in text
    assert "hush" not in text
    assert "\u202e" not in text
    assert not [line for line in text.splitlines() if line.startswith(("| x", "# h"))]
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert all(len({line.count("|") for line in block}) == 1 for block in blocks)


@given(st.text())
def test_plain_text_is_what_was_escaped(text: str) -> None:
    """A terminal shows what the Markdown was made from."""
    assert markdown.plain(f"**Bold** and {markdown.escape(text, 10_000)}") == f"Bold and {markdown.one_line(text)}"


def test_columns_line_up_in_the_source() -> None:
    """Long cells, and Chinese ones, which take two columns of a terminal for each character."""
    verdicts = markdown.texts("SLO", ["met (too few calls to be sure)", "满足（样本不足，结论不确定）", "–"])  # noqa: RUF001
    table = markdown.table([verdicts, markdown.numbers("用户", [1, 12, 1234])])
    assert len({markdown.terminal_width(line) for line in table.splitlines()}) == 1


def test_a_sentence_in_a_cell_does_not_widen_the_others() -> None:
    """The message of an error may be as long as a screen is wide."""
    table = markdown.table([markdown.texts("Error", ["x" * 200, "short"]), markdown.numbers("Calls", [1, 2])])
    assert len(table.splitlines()[-1]) < 80
