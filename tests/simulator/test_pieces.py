"""How an answer is cut into the events of a stream."""

from __future__ import annotations

from itertools import repeat
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.simulator import families, pieces, tokens
from bedrock_locust.simulator.cache import CacheUse
from bedrock_locust.simulator.prompts import Part, Prompt
from bedrock_locust.simulator.replies import Block, Content, Kind, Reply, Stop

PROMPT = Prompt(parts=(Part("Hello"),), text="Hello", max_tokens=None)


def reply(model_id: str, *blocks: Block) -> Reply:
    """A reply of these blocks."""
    return Reply("id", model_id, PROMPT, CacheUse(), Content(blocks, Stop.END))


@given(st.integers(1, 60), st.lists(st.integers(1, 9), min_size=60, max_size=60))
def test_pieces_of_a_block(length: int, sizes: list[int]) -> None:
    """A block in pieces is the block; each piece has as many tokens as asked for, the last one what is left."""
    block = Block(Kind.TEXT, tokens.write(0, length))
    cut = list(pieces.cut(block, sizes))
    assert "".join(piece.text for piece in cut) == block.text
    assert [piece.tokens for piece in cut[:-1]] == sizes[: len(cut) - 1]
    assert sum(piece.tokens for piece in cut) == length
    assert [piece.is_last for piece in cut] == [False] * (len(cut) - 1) + [True]
    assert {piece.waits for piece in cut} == {0}


def test_a_whole_block_waits_for_all_its_tokens() -> None:
    """Where a family sends a block at once, it is sent when its last token is there."""
    [piece] = pieces.cut(Block(Kind.TEXT, tokens.write(0, 7)), repeat(families.ALL))
    assert (piece.tokens, piece.waits, piece.is_last) == (7, 6, True)


def test_split_text_is_the_text() -> None:
    """Each piece of text becomes a block, and a tool stays one: nothing is lost and the counts are the same."""
    tool = Block(Kind.TOOL, '{"city": "Bern"}', "weather", "id-1")
    whole = reply("us.amazon.nova-pro-v1:0", Block(Kind.TEXT, tokens.write(3, 40)), tool)
    for fixed in (0, 1, 6):
        split = pieces.split(whole, fixed, Random(5))
        assert split.text == whole.text
        assert split.output_tokens == whole.output_tokens
        assert split.blocks[-1] == tool
        assert len(split.blocks) - 1 == (-(-40 // fixed) if fixed else len(split.blocks) - 1)


@pytest.mark.parametrize(("model_id", "kinds"), [("openai.gpt-oss-20b-1:0", 3), ("qwen.qwen3-32b-v1:0", 2)])
def test_an_empty_block_before_the_reasoning_of_some(model_id: str, kinds: int) -> None:
    """Only streams of some models begin with an empty block, and only where there is reasoning."""
    thought, said = Block(Kind.REASONING, "why ask "), Block(Kind.TEXT, "one two ")
    assert len(pieces.preceded(reply(model_id, thought, said)).blocks) == kinds
    assert pieces.preceded(reply(model_id, said)).blocks == (said,)
