"""Counting: the CountTokens operation."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, Any

from bedrock_locust.simulator import formats
from bedrock_locust.simulator.errors import ServiceError
from bedrock_locust.simulator.formats.base import CamelBody

if TYPE_CHECKING:
    from bedrock_locust.simulator.prompts import Prompt


_REFUSED = re.compile(
    r"arn:|[a-z]+(?:-[a-z]+)*\.[a-z0-9]+\.|amazon\.nova-"
    r"|anthropic\.claude-(?:opus-4-[78]|(?:opus|sonnet|haiku|fable)-[5-9])"
).match
"""Ids that the service does not count for: inference profiles, ARNs, Nova, and Claude from Opus 4.7 on.

Source: reports in public repositories, July and August 2026. Other ids than these are taken.
"""


class _Invoke(CamelBody):
    body: str


class _Input(CamelBody):
    invoke_model: _Invoke | None = None
    converse: dict[str, Any] | None = None


class _Request(CamelBody):
    input: _Input


def read(model_id: str, body: bytes) -> Prompt:
    """The prompt whose tokens are asked for; raises `ServiceError`."""
    request: _Request = _Request.read(body)
    if request.input.invoke_model:
        native = _decoded(request.input.invoke_model.body)
        return formats.native(model_id, native).read(native)
    if request.input.converse is not None:
        return formats.CONVERSE.read(json.dumps(request.input.converse).encode())
    raise ServiceError("ValidationException", "input must have the member invokeModel or converse.")


def refuse(model_id: str) -> None:
    """Raise `ServiceError` for a model whose tokens the service does not count."""
    if _REFUSED(model_id):
        raise ServiceError("ValidationException", "The provided model doesn't support counting tokens.")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ServiceError("ValidationException", "input.invokeModel.body is not base64.") from None


def read_messages(body: bytes) -> Prompt:
    """The prompt of a request of Messages, which needs no `max_tokens` here; raises `ServiceError`."""
    return formats.MESSAGES.read(json.dumps({"max_tokens": 1, **json.loads(body)}).encode())


def answer(prompt: Prompt, member: str = "inputTokens") -> bytes:
    """The body of the answer, with the count in this member."""
    return json.dumps({member: prompt.input_tokens}).encode()
