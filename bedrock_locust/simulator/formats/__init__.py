"""Request formats, one module each, and the choice of one for a call."""

from __future__ import annotations

import re
from typing import Final

from bedrock_locust.simulator.errors import ServiceError
from bedrock_locust.simulator.formats.base import Format, Metrics, Prompt, Reply
from bedrock_locust.simulator.formats.claude import Claude
from bedrock_locust.simulator.formats.converse import Converse
from bedrock_locust.simulator.formats.llama import Llama

__all__ = ["CONVERSE", "Format", "Metrics", "Prompt", "Reply", "native"]

CONVERSE: Final = Converse()

_NATIVE: tuple[tuple[re.Pattern[str], Format], ...] = (
    (re.compile(r"\banthropic\.claude-(?!v\d|instant)"), Claude()),
    (re.compile(r"\bmeta\.llama(?!2)"), Llama()),
)


def native(model_id: str) -> Format:
    """The format of a model in InvokeModel, told by its id; raises `ServiceError` if there is none."""
    for pattern, request_format in _NATIVE:
        if pattern.search(model_id):
            return request_format
    raise ServiceError(
        "ValidationException",
        f"The simulator does not know the request format of {model_id!r}. InvokeModel works for "
        "anthropic.claude-* (Messages) and meta.llama3 and later; Converse works for every model.",
    )
