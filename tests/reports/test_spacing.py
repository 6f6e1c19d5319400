"""Spaces where values stand in Chinese texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.texts import language
from reports.texts.spacing import filled

PIECES = st.text(st.sampled_from("中文aZ5% `(*"), max_size=6)


@pytest.mark.parametrize(
    ("template", "value", "text"),
    [
        ("{a}时", "2 次请求/s", "2 次请求/s 时"),
        ("从 {a}起", "第 3 段", "从第 3 段起"),
        ("从{a}起", "12 个用户", "从 12 个用户起"),
        ("由 {a}外推", "108 %", "由 108 % 外推"),
        ("{a}和", "`report.html`", "`report.html` 和"),
        ("**{a}**", "流式", "**流式**"),
        ("{a} 与", "B（Converse）", "B（Converse）与"),  # noqa: RUF001
        ("{a}", "测试A", "测试A"),
    ],
)
def test_a_value_in_its_place(template: str, value: str, text: str) -> None:
    """One space beside Latin letters, digits, per cent and code; none between two signs; a value stays as it is."""
    assert filled(template, {"a": value}) == text


@given(PIECES, PIECES, PIECES)
def test_only_spaces_change(before: str, value: str, after: str) -> None:
    """And only where a value begins or ends."""
    made = filled(f"{before}{{a}}{after}", {"a": value})
    assert made.replace(" ", "") == f"{before}{value}{after}".replace(" ", "")
    assert value.strip(" ") in made


def test_other_languages_are_left_alone() -> None:
    """English has its spaces in its texts."""
    assert language("en")("list.range", low="中", high="文") == "中 to 文"
    assert language("zh")("list.range", low="10 秒", high="20 秒") == "10 秒至 20 秒"
    assert language("zh")("list.range", low="1", high="20") == "1 至 20"
