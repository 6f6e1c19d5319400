"""What a simulated model answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.simulator import replies, tokens
from bedrock_locust.simulator.cache import CacheUse
from bedrock_locust.simulator.prompts import Part, Prompt, Tool

PROMPT = Prompt(parts=(Part("Hello there"),), text="Hello there", max_tokens=None)


@given(st.integers(1, 500), st.integers(0, 500), st.integers(1, 500) | st.none(), st.booleans(), st.integers(0))
def test_answers_keep_within_max_tokens(wanted: int, thought: int, most: int | None, tool: bool, start: int) -> None:
    """An answer has a token at least and never more than `max_tokens`; then it was cut short."""
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    prompt = replace(PROMPT, max_tokens=most, reasoning=True, tool=Tool("weather", schema) if tool else None)
    content = replies.compose(prompt, start, wanted, thought)
    total = sum(block.tokens for block in content.blocks)
    assert total >= 1
    assert most is None or total <= most
    assert content.stop is not replies.Stop.LENGTH or total == most
    assert content == replies.compose(prompt, start, wanted, thought)


@given(st.integers(0, 5000), st.integers(1, 200), st.integers(1, 12))
def test_text_ends_before_a_stop_sequence(start: int, wanted: int, chars: int) -> None:
    """No answer has a stop sequence in it, and it says at which it ended."""
    text = tokens.write(start, wanted)
    sequence = text[len(text) // 2 :][:chars]
    content = replies.compose(replace(PROMPT, stop=("~", sequence)), start, wanted, 0)
    said = "".join(block.text for block in content.blocks)
    assert sequence not in said
    assert text.startswith(said + sequence)
    assert (content.stop, content.stop_sequence) == (replies.Stop.SEQUENCE, sequence)


def test_temperature_zero_depends_on_the_prompt_only() -> None:
    """At a temperature of 0 the same prompt begins the same answer, whatever the call."""
    cold, warm = replace(PROMPT, temperature=0), replace(PROMPT, temperature=0.5)
    assert replies.place(cold, 1, 7) == replies.place(cold, 2, 7)
    assert replies.place(warm, 1, 7) != replies.place(warm, 2, 7)


def test_input_of_a_tool_call() -> None:
    """A tool call has its input as an object; where `max_tokens` cut it short, the object is empty."""
    schema = {"type": "object", "required": ["city"], "properties": {"city": {"const": "Bern"}}}
    asked = replace(PROMPT, tool=Tool("weather", schema))
    [call] = replies.compose(asked, 0, 50, 0).blocks
    assert (call.kind, call.tool_input) == (replies.Kind.TOOL, {"city": "Bern"})
    [cut] = replies.compose(replace(asked, max_tokens=2), 0, 50, 0).blocks
    assert (cut.tokens, cut.tool_input) == (2, {})


def test_reasoning_and_text_share_max_tokens() -> None:
    """Reasoning comes first, and what it uses is not left for the text."""
    asked = replace(PROMPT, reasoning=True, max_tokens=30)
    thought, said = replies.compose(asked, 0, 50, 20).blocks
    assert (thought.kind, thought.tokens, said.kind, said.tokens) == (
        replies.Kind.REASONING,
        20,
        replies.Kind.TEXT,
        10,
    )
    assert thought.text != said.text


TOOL = Tool("rain", {"properties": {"city": {"const": "Bern"}}})
"""Its input has four tokens."""
WORDS = "sun yes old day ask "
"""The first words of the book."""


@pytest.mark.parametrize(
    ("prompt", "blocks", "stop"),
    [
        ({}, ["text sun yes old day ask "], ("end_turn", None)),
        ({"max_tokens": 5}, ["text sun yes old day ask "], ("end_turn", None)),
        ({"max_tokens": 4}, ["text sun yes old day "], ("max_tokens", None)),
        ({"max_tokens": 1}, ["text sun "], ("max_tokens", None)),
        ({"reasoning": True}, ["reasoning may met yes ", "text sun yes old day ask "], ("end_turn", None)),
        ({"reasoning": True, "max_tokens": 8}, ["reasoning may met yes ", f"text {WORDS}"], ("end_turn", None)),
        (
            {"reasoning": True, "max_tokens": 7},
            ["reasoning may met yes ", "text sun yes old day "],
            ("max_tokens", None),
        ),
        ({"reasoning": True, "max_tokens": 3}, ["reasoning may met yes "], ("max_tokens", None)),
        ({"reasoning": True, "max_tokens": 2}, ["reasoning may met "], ("max_tokens", None)),
        ({"reasoning": True, "reasoning_budget": 2}, ["reasoning may met ", f"text {WORDS}"], ("end_turn", None)),
        ({"reasoning": True, "reasoning_budget": 9}, ["reasoning may met yes ", f"text {WORDS}"], ("end_turn", None)),
        ({"reasoning_budget": 2}, [f"text {WORDS}"], ("end_turn", None)),
        ({"stop": ("",)}, [f"text {WORDS}"], ("end_turn", None)),
        ({"stop": ("old", "yes", "zoo")}, ["text sun "], ("stop_sequence", "yes")),
        ({"stop": ("yes old", "yes")}, ["text sun "], ("stop_sequence", "yes")),
        ({"stop": ("sun",)}, ["text "], ("stop_sequence", "sun")),
        ({"stop": ("day",), "max_tokens": 3}, ["text sun yes old "], ("stop_sequence", "day")),
        ({"stop": ("day",), "max_tokens": 2}, ["text sun yes "], ("max_tokens", None)),
        ({"stop": ("met",), "reasoning": True}, ["reasoning may met yes ", f"text {WORDS}"], ("end_turn", None)),
        ({"tool": TOOL}, ['tool {"city": "Bern"}'], ("tool_use", None)),
        ({"tool": TOOL, "stop": ("city",)}, ['tool {"city": "Bern"}'], ("tool_use", None)),
        ({"tool": TOOL, "says_first": True}, [f"text {WORDS}", 'tool {"city": "Bern"}'], ("tool_use", None)),
        ({"tool": TOOL, "says_first": True, "stop": ("old",)}, ["text sun yes "], ("stop_sequence", "old")),
        ({"tool": TOOL, "max_tokens": 4}, ['tool {"city": "Bern"}'], ("tool_use", None)),
        ({"tool": TOOL, "max_tokens": 3}, ['tool {"city": "Be'], ("max_tokens", None)),
        (
            {"tool": TOOL, "more_tools": (Tool("wind", None),), "reasoning": True},
            ["reasoning may met yes ", 'tool {"city": "Bern"}', "tool {}"],
            ("tool_use", None),
        ),
        ({"schema": {"type": "string"}, "max_tokens": 50}, ['text "sun yes old day ask"'], ("end_turn", None)),
    ],
)
def test_answers_word_by_word(prompt: dict[str, Any], blocks: list[str], stop: tuple[str, str | None]) -> None:
    """Five words of text, and three of reasoning, from the first place of the book on."""
    content = replies.compose(replace(PROMPT, **prompt), 0, 5, 3)
    assert [f"{block.kind} {block.text}" for block in content.blocks] == blocks
    assert (content.stop, content.stop_sequence) == stop


def test_no_reasoning_of_no_tokens() -> None:
    """It is left out."""
    [block] = replies.compose(replace(PROMPT, reasoning=True), 0, 5, 0).blocks
    assert block.kind is replies.Kind.TEXT


@pytest.mark.parametrize(
    ("most", "blocks"), [(0, []), (2, ["may met "]), (3, ["may met yes "]), (5, ["may met yes ", "sun yes "])]
)
def test_a_reply_that_the_quota_shortens(most: int, blocks: list[str]) -> None:
    """It ends by its length, and is otherwise as it was."""
    whole = replies.Reply("id", "x.y", PROMPT, CacheUse(), replies.compose(replace(PROMPT, reasoning=True), 0, 5, 3))
    short = replies.shortened(whole, most)
    assert [block.text for block in short.blocks] == blocks
    assert (short.stop, short.stop_sequence, short.output_tokens) == (replies.Stop.LENGTH, None, most)
    assert short.reasoning_tokens == min(most, 3)
    assert short.prompt is whole.prompt


def test_the_place_of_an_answer() -> None:
    """At a temperature of 0 the checksum of its prompt, which begins with 32 bits of the seed; else its index."""
    cold = replace(PROMPT, temperature=0)
    for seed in (0, 7, 2**32 + 7, 2**40 + 2**31):
        assert replies.place(cold, 3, seed) == crc32(b"Hello there", seed % 2**32)
    assert [replies.place(replace(PROMPT, temperature=heat), 3, 7) for heat in (None, 0.1, 1)] == [3, 3, 3]
