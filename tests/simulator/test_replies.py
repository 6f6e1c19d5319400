"""What a simulated model answers."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.simulator import replies, tokens
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
