"""Amazon Titan Text through InvokeModel.

Source: "Amazon Titan Text models" in the Bedrock user guide. In recorded streams the whole answer often comes in one
chunk; a guardrail that blocks the prompt gives no `completionReason`, only the total of tokens.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bedrock_locust.formats.reading import PLAIN_TEXT
from bedrock_locust.formats.required import required
from bedrock_locust.formats.values import count, members, objects, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.formats.reading import Content, Reading

_PLAIN_DELTA = re.compile(
    rb'\{"outputText":'
    + PLAIN_TEXT
    + rb',"index":(?:0|[1-9][0-9]*),"totalOutputTextTokenCount":null,"completionReason":null,'
    + rb'"inputTextTokenCount":null\}'
).fullmatch

USAGE = {"input_tokens": "inputTextTokenCount", "output_tokens": "totalOutputTextTokenCount"}
"""Figure of a Reading -> its name in a chunk."""


def body(prompt: str, max_tokens: int, temperature: float | None, model_id: str) -> dict[str, Any]:  # noqa: ARG001 - all native formats are called alike
    """The request body for a prompt."""
    config: dict[str, Any] = {"maxTokenCount": max_tokens}
    if temperature is not None:
        config["temperature"] = temperature
    return {"inputText": prompt, "textGenerationConfig": config}


def prompt_chars(request: Mapping[str, Any]) -> int:
    """Characters of the prompt."""
    return len(text(request.get("inputText")))


def max_tokens(request: Mapping[str, Any]) -> int | None:
    """The most tokens that a request allows the answer; None where it does not say."""
    return count(members(request.get("textGenerationConfig")).get("maxTokenCount"))


def read(response: object, reading: Reading) -> None:
    """Take the figures out of a whole response. Raises MissingPartError."""
    results = objects(required(response, "results", list))
    for result in results:
        reading.add_text(result.get("outputText"))
        reading.stop_because(result.get("completionReason"))
    reading.stop(None)
    reading.take(USAGE, response)
    counts = [count(result.get("tokenCount")) for result in results]
    known = [tokens for tokens in counts if tokens is not None]
    if known and len(known) == len(counts):
        reading.output_tokens = sum(known)


def read_event(chunk: Mapping[str, Any], reading: Reading) -> Content:
    """Take the figures out of one stream chunk, and say what it brought. Raises MissingPartError."""
    brought = reading.add_text(required(chunk, "outputText", str))
    reading.take(USAGE, chunk)
    reason = text(chunk.get("completionReason"))
    if reason or count(chunk.get("totalOutputTextTokenCount")) is not None:
        reading.stop(reason)
    return brought


def read_delta(chunk: bytes, reading: Reading) -> Content | None:
    """The same as `read_event` for the JSON of a chunk, if that is plain text; else None."""
    found = _PLAIN_DELTA(chunk)
    return reading.add_plain_text(found[1]) if found else None
