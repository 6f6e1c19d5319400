"""OpenAI's Chat Completions: an API of its own, and the native format of many models with open weights.

Sources: "Chat Completions API" in the Bedrock user guide and OpenAI's API reference; the names `reasoning` and
`reasoning_content`: recorded answers of bedrock-mantle and of vLLM's servers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bedrock_locust.formats.openai_usage import take_usage
from bedrock_locust.formats.plain import flat_member, listed
from bedrock_locust.formats.reading import METRICS, PLAIN_TEXT
from bedrock_locust.formats.required import required
from bedrock_locust.formats.tagged import add_tagged_text
from bedrock_locust.formats.values import count, members, objects, text
from bedrock_locust.redaction import word

if TYPE_CHECKING:
    from bedrock_locust.formats.reading import Content, Reading

_IN_DELTA = rb'(?:"(?!content")[a-z_]+": ?null|"role": ?"assistant")'
_IN_CHOICE = rb"(?:" + flat_member("delta", "finish_reason", "stop_reason") + rb'|"(?:finish|stop)_reason": ?null)'
_DELTA = (
    rb'"delta": ?\{' + listed(_IN_DELTA, before=True) + rb'"content": ?' + PLAIN_TEXT
    + listed(_IN_DELTA, before=False) + rb"\}"
)  # fmt: skip
_CHOICE = rb"\{" + listed(_IN_CHOICE, before=True) + _DELTA + listed(_IN_CHOICE, before=False) + rb"\}"
_IN_CHUNK = flat_member("choices", "service_tier", "error", "type", "Output")
_TIER = rb'"service_tier": ?(?:null|"([a-z]{1,20})")'
_PLAIN_DELTA = re.compile(
    rb"\{" + listed(rb"(?:" + _IN_CHUNK + rb"|" + _TIER + rb")", before=True)
    + rb'"choices": ?\[' + _CHOICE + rb"\]"
    + listed(rb"(?:" + _IN_CHUNK + rb"|" + _TIER + rb")", before=False) + rb"\}"
).fullmatch  # fmt: skip

_PLAIN = re.compile(PLAIN_TEXT[1:-1]).fullmatch
_TAG_END = b"reasoning>"
"""The end of a tag of reasoning inside of the text (see tagged.py)."""

_NEWER = re.compile(r"\b(?:openai|xai)\.(?!gpt-oss)")
"""Models that refuse `max_tokens`."""
_WITHOUT_CHOICES = frozenset({"usage", METRICS})
"""A chunk with one of these need not have choices."""
MOST = ("max_completion_tokens", "max_tokens")
"""Names of the limit of an answer. Newer models of OpenAI refuse `max_tokens`; models with open weights take it."""


def body(prompt: str, max_tokens: int, temperature: float | None, model_id: str) -> dict[str, Any]:  # noqa: ARG001 - all native formats are called alike
    """The request body for a prompt."""
    request: dict[str, Any] = {"messages": [{"role": "user", "content": prompt}], "max_tokens": max_tokens}
    if temperature is not None:
        request["temperature"] = temperature
    return request


def request(prompt: str, max_tokens: int, temperature: float | None, model_id: str) -> dict[str, Any]:
    """The body of a call of the API for a prompt."""
    asked = body(prompt, max_tokens, temperature, model_id)
    most = asked.pop("max_tokens")
    return {"model": model_id, **asked, "max_completion_tokens" if _NEWER.search(model_id) else "max_tokens": most}


def prompt_chars(request: Mapping[str, Any]) -> int:
    """Characters of text in the messages. What has the wrong type has none."""
    return sum(len(piece) for message in objects(request.get("messages")) for piece in _texts(message.get("content")))


def max_tokens(request: Mapping[str, Any]) -> int | None:
    """The most tokens that a request allows the answer; None where it does not say."""
    return next((found for name in MOST if (found := count(request.get(name))) is not None), None)


def read(response: object, reading: Reading) -> None:
    """Take the figures out of a whole response. Raises MissingPartError."""
    for choice in objects(required(response, "choices", list)):
        message = members(choice.get("message"))
        for piece in _texts(message.get("content")):
            add_tagged_text(piece, reading)
        reading.add_text(message.get("refusal"))
        reading.stop_because(_reason(choice))
    reading.stop(None)
    _take_figures(members(response), reading)


def read_event(chunk: Mapping[str, Any], reading: Reading) -> Content:
    """Take the figures out of one stream chunk, and say what it brought. Raises MissingPartError.

    Why the model stops is said in a chunk before the end of the stream.
    """
    brought: Content = ""
    choices = required(chunk, "choices", list) if not chunk.keys() & _WITHOUT_CHOICES else chunk.get("choices")
    for choice in objects(choices):
        found = _delta(members(choice.get("delta")), reading)
        brought = "text" if found == "text" else brought or found
        reading.stop_because(_reason(choice))
    _take_figures(chunk, reading)
    return brought


def read_delta(chunk: bytes, reading: Reading) -> Content | None:
    """The same as `read_event` for the JSON of a chunk, if that is plain text; else None."""
    if reading.in_reasoning:
        return None
    if (piece := _in_same_place(chunk, *reading.around)) is not None:
        return reading.add_plain_text(piece)
    found = _PLAIN_DELTA(chunk)
    if not found or _TAG_END in found[2]:
        return None
    brought = reading.add_plain_text(found[2])
    if brought is None:
        return None
    # What is around a text that was not taken has not been read: its tier would be left out.
    reading.around = chunk[: found.start(2)], chunk[found.end(2) :]
    if tier := found[3] or found[1]:
        reading.service_tier = tier.decode()
    return brought


def _in_same_place(chunk: bytes, before: bytes, after: bytes) -> bytes | None:
    """The text between what stood around that of an earlier chunk, if it is plain; it makes the same chunk with it."""
    if not before or not (chunk.startswith(before) and chunk.endswith(after)):
        return None
    # Where the two overlap, nothing is left between them, and an empty text is left to the pattern.
    piece = chunk[len(before) : -len(after)]
    return piece if piece and _PLAIN(piece) and _TAG_END not in piece else None


def done(reading: Reading) -> None:
    """The stream said `[DONE]`: it is whole."""
    reading.stop(None)


def _take_figures(said: Mapping[str, Any], reading: Reading) -> None:
    take_usage(said.get("usage"), reading, "prompt", "completion")
    reading.service_tier = word(said.get("service_tier")) or reading.service_tier


def _reason(choice: Mapping[str, Any]) -> object:
    """Why the model stopped: models of Mistral say it by another name."""
    return text(choice.get("finish_reason")) or choice.get("stop_reason")


def _delta(delta: Mapping[str, Any], reading: Reading) -> Content:
    thought = reading.add_reasoning(delta.get("reasoning") or delta.get("reasoning_content"))
    calls = [members(call.get("function")) for call in objects(delta.get("tool_calls"))]
    called = reading.add_other(*(call.get(name) for call in calls for name in ("name", "arguments")))
    said: Content = ""
    for piece in (*_texts(delta.get("content")), text(delta.get("refusal"))):
        found = add_tagged_text(piece, reading)
        said = "text" if found == "text" else said or found
    return said or thought or called


def _texts(content: object) -> list[str]:
    """The texts of a content: one, or blocks with one each."""
    if isinstance(content, str):
        return [content]
    blocks = [content] if isinstance(content, Mapping) else objects(content)
    return [text(block.get("text")) for block in blocks]
