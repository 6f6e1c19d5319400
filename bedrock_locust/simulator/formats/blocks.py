"""Blocks of Converse and Nova messages, as parts of a prompt."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bedrock_locust.simulator.cache import FIVE_MINUTES_S, ONE_HOUR_S
from bedrock_locust.simulator.prompts import Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MEDIA = ("image", "document", "video", "audio")


def read_blocks(blocks: Iterable[Any]) -> list[Part]:
    """The parts in the content of a message; anything else is passed over."""
    return [_read(block) for block in blocks if isinstance(block, dict)]


def messages_text(contents: Iterable[Iterable[dict[str, Any]]]) -> str:
    """The text blocks of all messages."""
    return "".join(text for blocks in contents for block in blocks if isinstance(text := block.get("text"), str))


def cited(contents: Iterable[Iterable[dict[str, Any]]]) -> str:
    """The name of the first document whose citations are asked for; empty where there is none."""
    documents = (document for blocks in contents for block in blocks if (document := block.get("document")))
    asks = (document for document in documents if _within(document, "citations", "enabled") is True)
    return next((as_text(document.get("name", "document")) for document in asks), "")


def ttl_s(point: Any) -> int:
    """The time to live that a cache point asks for, in seconds."""
    return ONE_HOUR_S if isinstance(point, dict) and point.get("ttl") == "1h" else FIVE_MINUTES_S


def _read(block: dict[str, Any]) -> Part:
    return Part(
        text="".join(_texts(block)),
        media=_media(block),
        cache_ttl_s=ttl_s(block["cachePoint"]) if "cachePoint" in block else 0,
    )


def _texts(block: dict[str, Any]) -> Iterator[str]:
    """The texts of a block, and of what stands in a tool's result."""
    for value in (block.get("text"), _within(block, "guardContent", "text", "text")):
        if isinstance(value, str):
            yield value
    if isinstance(reasoning := _within(block, "reasoningContent", "reasoningText", "text"), str):
        yield reasoning
    if isinstance(use := block.get("toolUse"), dict):
        yield as_text(use.get("name", "")) + as_text(use.get("input", ""))
    for inner in result_blocks(block):
        yield from _texts(inner) if "text" in inner else (as_text(inner.get("json", "")),)


def _media(block: dict[str, Any]) -> int:
    return sum(name in block for name in MEDIA) + sum(name in b for b in result_blocks(block) for name in MEDIA)


def result_blocks(block: dict[str, Any]) -> list[dict[str, Any]]:
    """The blocks in a tool's result."""
    inner = _within(block, "toolResult", "content")
    return [b for b in inner if isinstance(b, dict) and "toolResult" not in b] if isinstance(inner, list) else []


def _within(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def as_text(value: Any) -> str:
    """A value as a model would read it."""
    return value if isinstance(value, str) else json.dumps(value)
