"""DeepSeek R1 through InvokeModel.

Source: "DeepSeek models" in the Bedrock user guide. The prompt ends in `<think>`, so the text begins with the
reasoning, up to `</think>`: it is counted as text, because only the request says that it is there. There are no counts:
the service's metrics and headers have them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bedrock_locust.formats.mistral import max_tokens, prompt_chars, read_outputs
from bedrock_locust.formats.reading import PLAIN_TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.formats.reading import Content, Reading

__all__ = ["body", "max_tokens", "prompt_chars", "read", "read_delta", "read_event"]

_PLAIN_DELTA = re.compile(
    rb'\{"choices":\[\{(?:"index":\d+,)?"text":' + PLAIN_TEXT + rb',"stop_reason":null\}\]\}'
).fullmatch


def body(prompt: str, max_tokens: int, temperature: float | None, model_id: str) -> dict[str, Any]:  # noqa: ARG001 - all native formats are called alike
    """The request body for a prompt, in the template of the model."""
    asked = f"<｜begin▁of▁sentence｜><｜User｜>{prompt}<｜Assistant｜><think>\n"  # noqa: RUF001 - the model's own marks
    request: dict[str, Any] = {"prompt": asked, "max_tokens": max_tokens}
    if temperature is not None:
        request["temperature"] = temperature
    return request


def read(response: object, reading: Reading) -> None:
    """Take the figures out of a whole response. Raises MissingPartError."""
    read_outputs(response, "choices", reading)
    reading.stop(None)


def read_event(chunk: Mapping[str, Any], reading: Reading) -> Content:
    """Take the figures out of one stream chunk, and say what it brought. Raises MissingPartError."""
    return read_outputs(chunk, "choices", reading)


def read_delta(chunk: bytes, reading: Reading) -> Content | None:
    """The same as `read_event` for the JSON of a chunk, if that is plain text; else None."""
    found = _PLAIN_DELTA(chunk)
    return reading.add_plain_text(found[1]) if found else None
