"""Reply: the whole answer to a prompt, decided before the first byte of it is sent."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from zlib import crc32

from bedrock_locust.simulator import families, tokens, toolcalls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_locust.simulator.cache import CacheUse
    from bedrock_locust.simulator.prompts import Prompt

SIGNATURE = "c2ltdWxhdGVkLXNpZ25hdHVyZQ=="
"""The signature of reasoning: base64 that means nothing to clients."""


class Kind(StrEnum):
    """What a block of an answer is."""

    REASONING = "reasoning"
    TEXT = "text"
    TOOL = "tool"


class Stop(StrEnum):
    """Why an answer ended; the values are Converse's."""

    END = "end_turn"
    LENGTH = "max_tokens"
    SEQUENCE = "stop_sequence"
    TOOL = "tool_use"


@dataclass(frozen=True, slots=True)
class Block:
    """A block of an answer. The text of a tool call is its input, as JSON."""

    kind: Kind
    text: str
    tool_name: str = ""
    tool_id: str = ""

    @property
    def tokens(self) -> int:
        """Its number of tokens."""
        return tokens.count(self.text)

    @property
    def tool_input(self) -> Any:
        """The input of the tool call; an empty object where `max_tokens` cut it short."""
        try:
            return json.loads(self.text)
        except ValueError:
            return {}


@dataclass(frozen=True, slots=True)
class Content:
    """The blocks of an answer, and why it ends."""

    blocks: tuple[Block, ...]
    stop: Stop
    stop_sequence: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What is known of an answer before it is sent."""

    request_id: str
    model_id: str
    prompt: Prompt
    cache: CacheUse
    content: Content
    before: str = ""
    """The text as it was before a guardrail changed it."""

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks of the answer."""
        return self.content.blocks

    @property
    def stop(self) -> Stop:
        """Why it ends."""
        return self.content.stop

    @property
    def stop_sequence(self) -> str | None:
        """The stop sequence at which it ends."""
        return self.content.stop_sequence

    @property
    def input_tokens(self) -> int:
        """Tokens of the prompt that were neither read from a cache nor written to it."""
        return self.prompt.input_tokens - self.cache.read - self.cache.write

    @property
    def output_tokens(self) -> int:
        """Tokens of all blocks."""
        return sum(block.tokens for block in self.blocks)

    @property
    def reasoning_tokens(self) -> int:
        """Those of them that are reasoning."""
        return sum(block.tokens for block in self.blocks if block.kind is Kind.REASONING)

    @property
    def family(self) -> families.Family:
        """The family of its model."""
        return families.of(self.model_id)

    @property
    def counts_cache(self) -> bool:
        """Whether a native answer has counts of the cache."""
        return self.cache.asked or self.family.native_cache

    @property
    def text(self) -> str:
        """The text blocks in one."""
        return self.of(Kind.TEXT)

    @property
    def tools(self) -> list[Block]:
        """The calls of tools."""
        return [block for block in self.blocks if block.kind is Kind.TOOL]

    def of(self, kind: Kind) -> str:
        """The text of all blocks of this kind."""
        return "".join(block.text for block in self.blocks if block.kind is kind)


def place(prompt: Prompt, index: int, seed: int) -> int:
    """The place in the book where the answer begins. At a temperature of 0 it depends only on the prompt."""
    return crc32(prompt.text.encode(), seed & 0xFFFFFFFF) if prompt.temperature == 0 else index


def compose(prompt: Prompt, start: int, text_tokens: int, reasoning_tokens: int) -> Content:
    """The content of an answer: as many tokens as wanted, if the prompt allows that many."""
    blocks = list(_wanted(prompt, start, text_tokens, reasoning_tokens))
    stop, sequence = Stop.TOOL if prompt.tool else Stop.END, None
    text_at = next((at for at, block in enumerate(blocks) if block.kind is Kind.TEXT), -1)
    if found := _find_stop(blocks[text_at], prompt.stop):
        at, sequence = found
        blocks[text_at:], stop = [Block(Kind.TEXT, blocks[text_at].text[:at])], Stop.SEQUENCE
    within = tuple(_limited(blocks, prompt.max_tokens))
    if sum(block.tokens for block in within) < sum(block.tokens for block in blocks):
        return Content(within, Stop.LENGTH)
    return Content(within, stop, sequence)


def shortened(reply: Reply, most: int) -> Reply:
    """The reply as far as this many tokens; it ends by its length."""
    return replace(reply, content=Content(tuple(_limited(list(reply.blocks), most)), Stop.LENGTH))


def _wanted(prompt: Prompt, start: int, text_tokens: int, reasoning_tokens: int) -> Iterator[Block]:
    if prompt.reasoning and reasoning_tokens:
        most = reasoning_tokens if prompt.reasoning_budget is None else min(reasoning_tokens, prompt.reasoning_budget)
        # From another place of the book, so that nobody takes it for the text.
        yield Block(Kind.REASONING, tokens.write(start + 2048, most))
    if not prompt.tool or prompt.says_first:
        words = tokens.write(start, text_tokens)
        yield Block(Kind.TEXT, words if prompt.schema is None else toolcalls.structured(prompt.schema, words.strip()))
    if prompt.tool:
        for number, tool in enumerate((prompt.tool, *prompt.more_tools)):
            yield Block(Kind.TOOL, toolcalls.arguments(tool), tool.name, toolcalls.new_id(start, number))


def _find_stop(block: Block, sequences: tuple[str, ...]) -> tuple[int, str] | None:
    """The place of the first stop sequence in the text, and which one it is."""
    if block.kind is not Kind.TEXT:
        return None
    found = [(at, sequence) for sequence in sequences if sequence and (at := block.text.find(sequence)) >= 0]
    return min(found, default=None)


def _limited(blocks: list[Block], most: int | None) -> Iterator[Block]:
    left = most
    for block in blocks:
        if left is None or block.tokens <= left:
            yield block
        elif left:
            yield Block(block.kind, block.text[: left * tokens.CHARS_PER_TOKEN], block.tool_name, block.tool_id)
        left = None if left is None else max(0, left - block.tokens)
