"""OpenAI's Responses API.

Sources: "Responses API" in the Bedrock user guide, OpenAI's API reference, and recorded streams of bedrock-mantle.
Reasoning has three spellings: of its text, of a summary, and the short one of Gemma 4 on bedrock-mantle.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bedrock_locust.errors import ModelFailedError, NotAnAnswerError
from bedrock_locust.errors.refusal import said
from bedrock_locust.formats.openai_usage import take_usage
from bedrock_locust.formats.plain import flat_member, listed
from bedrock_locust.formats.reading import PLAIN_TEXT
from bedrock_locust.formats.required import required
from bedrock_locust.formats.values import count, members, objects, text
from bedrock_locust.redaction import word

if TYPE_CHECKING:
    from bedrock_locust.formats.reading import Content, Reading

_OTHER = flat_member("delta", "type", "error")
_TEXT = rb'"delta": ?' + PLAIN_TEXT
_TYPE = rb'"type": ?"response\.output_text\.delta"'
_BETWEEN = rb", ?" + listed(_OTHER, before=True)
_PLAIN_DELTA = re.compile(
    rb"\{" + listed(_OTHER, before=True)
    + rb"(?:" + _TEXT + _BETWEEN + _TYPE + rb"|" + _TYPE + _BETWEEN + _TEXT + rb")"
    + listed(_OTHER, before=False) + rb"\}"
).fullmatch  # fmt: skip

TEXTS = frozenset({"response.output_text.delta", "response.refusal.delta"})
"""Events with text that a reader sees."""
GOOD = frozenset({"completed", "incomplete"})
"""How a response ends that is no failure. `incomplete` says why: the limit of the answer, or a filter."""
ID_LIMIT = 200
"""Characters that are kept of the id of a response."""
UNFINISHED = frozenset({"queued", "in_progress"})
"""How one stands that is made in the background."""


def request(prompt: str, max_tokens: int, temperature: float | None, model_id: str) -> dict[str, Any]:
    """The body of a call for a prompt. `store` is off: responses would be kept for 30 days otherwise."""
    body: dict[str, Any] = {"model": model_id, "input": prompt, "max_output_tokens": max_tokens, "store": False}
    if temperature is not None:
        body["temperature"] = temperature
    return body


def prompt_chars(request: Mapping[str, Any]) -> int:
    """Characters of text in the instructions and the input. What has the wrong type has none."""
    given = request.get("input")
    contents = [given] if isinstance(given, str) else [item.get("content") for item in objects(given)]
    return sum(map(_chars, [request.get("instructions"), *contents]))


def _chars(content: object) -> int:
    return len(content) if isinstance(content, str) else sum(len(text(block.get("text"))) for block in objects(content))


def max_tokens(request: Mapping[str, Any]) -> int | None:
    """The most tokens that a request allows the answer; None where it does not say."""
    return count(request.get("max_output_tokens"))


def read(response: object, reading: Reading) -> None:
    """Take the figures out of a whole response.

    Raises MissingPartError, ModelFailedError for one that failed, NotAnAnswerError for one that is not complete.
    """
    for item in objects(required(response, "output", list)):
        for block in objects(item.get("content")) if item.get("type") == "message" else ():
            reading.add_text(block.get("text"))
            reading.add_text(block.get("refusal"))
    _end(members(response), reading)


def read_event(event: Mapping[str, Any], reading: Reading) -> Content:
    """Take the figures out of one stream event, and say what it brought.

    Raises MissingPartError, and ModelFailedError for a response that failed.
    """
    kind = text(required(event, "type", str))
    if kind in TEXTS:
        return reading.add_text(event.get("delta"))
    if kind.startswith("response.reasoning") and kind.endswith(".delta"):
        return reading.add_reasoning(event.get("delta"))
    if kind.endswith(".delta"):
        return reading.add_other(event.get("delta"))
    if kind == "response.output_item.added":
        return _begun(members(event.get("item")), reading)
    if kind in {"response.completed", "response.incomplete", "response.failed"}:
        _end(members(required(event, "response", Mapping)), reading)
    return ""


def read_delta(event: bytes, reading: Reading) -> Content | None:
    """The same for the JSON of an event, if that is plain text; else None."""
    found = _PLAIN_DELTA(event)
    if not found:
        return None
    return reading.add_plain_text(found[2] if found[1] is None else found[1])


def done(reading: Reading) -> None:
    """`[DONE]` says nothing here: the event with the whole response ends a stream."""


def _begun(item: Mapping[str, Any], reading: Reading) -> Content:
    """What the begin of an item brings: hidden reasoning shows by it only, and a call of a tool has begun."""
    kind = text(item.get("type"))
    if kind == "reasoning":
        return "other"
    return reading.add_other(item.get("name") or kind) if kind.endswith("_call") else ""


def _end(response: Mapping[str, Any], reading: Reading) -> None:
    """A response at its end. Raises ModelFailedError unless it ended well, NotAnAnswerError where it has not ended."""
    status = text(response.get("status"))
    take_usage(response.get("usage"), reading, "input", "output")
    reading.service_tier = word(response.get("service_tier")) or reading.service_tier
    reading.response_id = text(response.get("id"))[:ID_LIMIT]
    if status in UNFINISHED:
        raise NotAnAnswerError(f"the response is {status}: it is made in the background, and no answer yet", status)
    if status and status not in GOOD:
        code, message = said(response)
        raise ModelFailedError(message or f"the response is {word(status)}", code or word(status))
    reading.stop(members(response.get("incomplete_details")).get("reason") or status)
