"""Numbers as readers want them, and text from outside that cannot break the report."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reports
from reports import markdown
from reports.texts import language

from . import run_folders as make

if TYPE_CHECKING:
    from collections.abc import Callable
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


DASH = "\N{EN DASH}"


@pytest.mark.parametrize(
    ("form", "cases"),
    [
        (markdown.number, {0.1: "0.100", 99.95: "100", 9.9951: "10.0", 100: "100", 1000: "1,000", 1e-9: "0.000000001"}),
        (markdown.number, {-0.0012: "-0.00120", 1e-10: "0.000000000", True: "1.00"}),
        (markdown.seconds, {1500: "1.50", 999: "0.999", math.nan: DASH}),
        (markdown.amount, {0: "0", 1234.9: "1,234", None: DASH, math.inf: DASH, -5000: "-5,000"}),
        (markdown.whole, {0.4: "0", 1234.6: "1,235", math.nan: DASH, math.inf: DASH}),
        (markdown.percent, {0.999: "99.9", 0.9994: "99.94", 0.99995: "99.99", 1.2: "100", 0.0005: "0.0500"}),
        (markdown.percent, {math.nan: DASH, 0.5: "50.0"}),
        (markdown.signed, {0: "+0.0", 1.25: "+1.2", -3: "-3.0", math.nan: DASH, math.inf: DASH}),
        (markdown.money, {0: "0.00", 1: "1.00", 0.999: "0.999", -0.5: "-0.500", 1234.567: "1,234.57", -2: "-2.00"}),
        (markdown.money, {None: DASH, math.nan: DASH, 0.00012: "0.000120"}),
        (markdown.moment, {0: "1970-01-01 00:00 UTC", 1.8e9: "2027-01-15 08:00 UTC", None: DASH}),
        (markdown.moment, {math.nan: DASH, 1e18: DASH, 1e300: DASH}),
        (markdown.terminal_width, {"": 0, "abc": 3, "é": 1, "配额": 4, "a，b": 4, "ａ": 2}),  # noqa: RUF001
    ],
)
def test_each_figure_in_its_form(form: Callable[[Any], Any], cases: dict[Any, Any]) -> None:
    """Around each bound: digits, signs, and what is not known."""
    assert {value: form(value) for value in cases} == cases


@pytest.mark.parametrize(
    ("text", "escaped", "as_code"),
    [
        ("", "", ""),
        ("a  b\t\nc", "a b c", "`a b c`"),
        ("x\u202ey\x00z", "x y z", "`x y z`"),
        ("a*b", "a\\*b", "`a*b`"),
        ("a|b", "a&#124;b", "a&#124;b"),
        ("a`b", "a\\`b", "a\\`b"),
        ("a\\b", "a\\\\b", "a\\\\b"),
        ("<&>", "&lt;&amp;&gt;", "`<&>`"),
        ("$x@y", "&#36;x&#64;y", "`$x@y`"),
        ("https://e.x WWW.e.x www.a", "https&#58;//e.x WWW&#46;e.x www&#46;a", "`https://e.x WWW.e.x www.a`"),
        ("awww.e.x a:b", "awww.e.x a:b", "`awww.e.x a:b`"),
        ("#[~_]", "\\#\\[\\~\\_\\]", "`#[~_]`"),
        ("n" * 12, "n" * 12, f"`{'n' * 12}`"),
        ("n" * 13, "n" * 11 + "…", "n" * 11 + "…"),
        ("n" * 10 + "  nn", "n" * 10 + "…", "n" * 10 + "…"),
    ],
    ids=repr,
)
def test_text_from_outside(text: str, escaped: str, as_code: str) -> None:
    """On one line, without anything that Markdown, HTML or GitHub would read; of 12 characters at most."""
    assert markdown.escape(text, 12 if "n" in text else 200) == escaped
    assert markdown.code(text, 12 if "n" in text else 200) == as_code
    assert markdown.one_line(f" {text} ") == markdown.one_line(text)


def test_a_paragraph_for_a_terminal() -> None:
    """Without marks, escapes and entities."""
    assert markdown.plain("**Bold** `code` 5 \\* 3 &lt; 4 \\\\ \\#1") == "Bold code 5 * 3 < 4 \\ #1"


def test_a_table_as_its_source_is_read() -> None:
    """Texts to the left, numbers to the right, as wide as the widest cell, but sentences of more than 60 columns."""
    columns = [
        markdown.texts("Mode", ["a", "配额"]),
        markdown.numbers("X", [1.5, math.nan]),
        markdown.Column("Empty", ["", DASH]),
        markdown.Column("S", ["n" * 70, ""], left=True),
        markdown.numbers("Count", [1, 20_000], markdown.amount),
    ]
    assert markdown.table(columns).splitlines() == [
        f"| Mode |    X | S{' ' * 59} |  Count |",
        f"| ---- | ---: | {'-' * 60} | -----: |",
        f"| a    | 1.50 | {'n' * 70} |      1 |",
        f"| 配额 |    {DASH} | {DASH}{' ' * 59} | 20,000 |",
    ]
    assert markdown.table(columns[:1]) == ""
    assert markdown.table([columns[0], columns[2]]) == ""
    assert [column.tells for column in columns] == [True, True, False, True, True]


def test_sections_and_lists() -> None:
    """A heading of its level over what there is, a blank line between the parts."""
    assert markdown.section("T", "a", "", "b") == "## T\n\na\n\nb"
    assert markdown.section("T", "a", level=3) == "### T\n\na"
    assert markdown.bullets(["a", "b"]) == "- a\n- b"
    assert markdown.join("", "a", "") == "a"


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (None, None, ""),
        (math.nan, math.inf, ""),
        (1, None, f"1.00{DASH}…"),
        (math.nan, 2, f"…{DASH}2.00"),
        (1, 2, f"1.00{DASH}2.00"),
        (1, 1.001, "1.00"),
    ],
)
def test_an_interval(low: float | None, high: float | None, text: str) -> None:
    """An open side is a gap; where both are open there is nothing to say."""
    assert markdown.bounds(low, high) == text
    assert markdown.bounds(low, high, markdown.amount) == text.replace(".00", "")
    assert markdown.bracketed("9.00", text) == (f"9.00 ({text})" if text else "9.00")
    assert markdown.bracketed(DASH, text) == DASH
    assert markdown.span("a", "b") == "a … b"
