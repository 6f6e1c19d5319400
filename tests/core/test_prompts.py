"""Where the next prompt comes from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.workload.prompts import DEFAULT_TEMPLATE, Prompts

NONCE_CHARS = len("[01234567] ")
TEMPLATES = st.text(max_size=200) | st.sampled_from(
    ["", "{size}", "{", "}{", "{}", "{0}", "{size", "{{size}}", "{other}", "%s", "Grüße, 世界 🙂 {size}"]
)
SIZES = st.integers(1, 3000)


@given(TEMPLATES, SIZES, st.booleans())
def test_a_prompt_has_the_size_asked_for(template: str, size: int, unique: bool) -> None:
    """A prompt has exactly `size` characters, whatever the template."""
    assert len(Prompts(template, size, unique).next()) == size


@given(TEMPLATES, st.integers(NONCE_CHARS, 3000))
def test_unique_prompts_start_differently(template: str, size: int) -> None:
    """No two prompts share their beginning, so that no cache can serve a part of one."""
    prompts = Prompts(template, size)
    beginnings = {prompts.next()[:NONCE_CHARS] for _ in range(20)}
    assert len(beginnings) == 20


@given(TEMPLATES, SIZES)
def test_prompts_that_need_not_be_unique_are_equal(template: str, size: int) -> None:
    """Without a nonce each prompt is the same, as a test of a prompt cache wants it."""
    prompts = Prompts(template, size, unique=False)
    assert prompts.next() == prompts.next()


@pytest.mark.parametrize(
    "template", ["In {size} letters: {", "{size}{}{size}", "{{size}} ü 世界 🙂", 'JSON {"a": {size}}']
)
def test_the_size_stands_in_the_template(template: str) -> None:
    """`{size}` becomes the number; other braces stay as they are."""
    expected = template.replace("{size}", "400")
    assert Prompts(template, 400, unique=False).next().startswith(expected)


def test_no_template_means_the_usual_question() -> None:
    """An empty template asks for something that gives a long answer."""
    prompt = Prompts("", 1000, unique=False).next()
    assert prompt.startswith(DEFAULT_TEMPLATE.replace("{size}", "1000"))


def test_a_long_template_is_cut() -> None:
    """A template longer than the prompt is cut at its end."""
    assert Prompts("abcdef", 3, unique=False).next() == "abc"
