"""Amazon Nova through InvokeModel: messages-v1, whose parts are those of Converse.

Source: "Complete request schema" in the Amazon Nova user guide; the spelling of the cache counts and the order of
stream events are those of recorded answers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bedrock_locust.formats import converse
from bedrock_locust.formats.converse import prompt_chars, read
from bedrock_locust.formats.reading import PLAIN_TEXT
from bedrock_locust.formats.values import count, members

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.formats.reading import Content, Reading

__all__ = ["body", "max_tokens", "prompt_chars", "read", "read_delta", "read_event"]

_PLAIN_DELTA = re.compile(
    rb'\{"contentBlockDelta":\{"delta":\{"text":' + PLAIN_TEXT + rb'\},"contentBlockIndex":(?:0|[1-9][0-9]*)\}\}'
).fullmatch


def body(prompt: str, max_tokens: int, temperature: float | None, model_id: str) -> dict[str, Any]:  # noqa: ARG001 - all native formats are called alike
    """The request body for a prompt."""
    return {"schemaVersion": "messages-v1", **converse.request(prompt, max_tokens, temperature)}


def max_tokens(request: Mapping[str, Any]) -> int | None:
    """The most tokens that a request allows the answer, by either of its two names; None where it does not say."""
    config = members(request.get("inferenceConfig"))
    found = count(config.get("maxTokens"))
    return count(config.get("max_new_tokens")) if found is None else found


def read_event(chunk: Mapping[str, Any], reading: Reading) -> Content:
    """Take the figures out of one stream chunk, and say what it brought. Raises MissingPartError."""
    said = {name: part for name, part in chunk.items() if part is not None or name == "messageStop"}
    return converse.read_event(said, reading)


def read_delta(chunk: bytes, reading: Reading) -> Content | None:
    """The same as `read_event` for the JSON of a chunk, if that is plain text; else None."""
    found = _PLAIN_DELTA(chunk)
    return reading.add_plain_text(found[1]) if found else None
