"""Pieces: an answer cut into the events of a stream, as its family of models cuts it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bedrock_locust.simulator import families, tokens
from bedrock_locust.simulator.replies import Block, Content, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from random import Random

    from bedrock_locust.simulator.replies import Reply


@dataclass(frozen=True, slots=True)
class Piece:
    """The text of one event."""

    text: str
    tokens: int
    waits: int = 0
    """Tokens after its first one that have to be there before it is sent: all where it is a whole block."""
    is_last: bool = False
    """Whether the block ends with it."""


def cut(block: Block, sizes: Iterable[int]) -> Iterator[Piece]:
    """The pieces of a block, of these sizes in tokens; the last one has what is left."""
    at = 0
    for size in sizes:
        if at >= len(block.text):
            return
        text = block.text[at : at + size * tokens.CHARS_PER_TOKEN]
        count = tokens.count(text)
        at += len(text)
        yield Piece(text, count, count - 1 if size == families.ALL else 0, at >= len(block.text))


def split(reply: Reply, fixed: int, rng: Random) -> Reply:
    """The reply with each piece of its text as a block of its own, as Nova's native streams have it."""
    family = families.of(reply.model_id)
    blocks: list[Block] = []
    for block in reply.blocks:
        if block.kind is Kind.TEXT and block.text:
            sizes = family.sizes(block.kind, fixed, rng)
            blocks += (Block(Kind.TEXT, piece.text) for piece in cut(block, sizes))
        else:
            blocks.append(block)
    return replace(reply, content=replace(reply.content, blocks=tuple(blocks)))


def preceded(reply: Reply) -> Reply:
    """The reply with an empty block of text before its reasoning, where streams of its family have one."""
    blocks = reply.blocks
    if not (families.of(reply.model_id).begins_empty and blocks and blocks[0].kind is Kind.REASONING):
        return reply
    content = Content((Block(Kind.TEXT, ""), *blocks), reply.stop, reply.stop_sequence)
    return replace(reply, content=content)
