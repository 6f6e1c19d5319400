"""Meta's prompt format, for Llama 3 and later through InvokeModel.

Sources: "Meta Llama models" in the Bedrock user guide for the body; Meta's model cards for the
prompt templates.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bedrock_locust.formats.reading import PLAIN_TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.formats.reading import Content, Reading

_PLAIN_DELTA = re.compile(
    rb'\{"generation":'
    + PLAIN_TEXT
    + rb',"prompt_token_count":null,"generation_token_count":(\d+),"stop_reason":null\}'
).fullmatch

LLAMA_3 = (
    "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n{prompt}<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n"
)
LLAMA_4 = (
    "<|begin_of_text|><|header_start|>user<|header_end|>\n\n{prompt}<|eot|><|header_start|>assistant<|header_end|>\n\n"
)


def body(prompt: str, max_tokens: int, temperature: float | None, model_id: str) -> dict[str, Any]:
    """The request body for a prompt, in the template of the model's generation."""
    template = LLAMA_3 if re.search(r"meta\.llama3", model_id) else LLAMA_4
    # Not str.format: a prompt may have braces of its own.
    request: dict[str, Any] = {"prompt": template.replace("{prompt}", prompt), "max_gen_len": max_tokens}
    if temperature is not None:
        request["temperature"] = temperature
    return request


def prompt_chars(request: Mapping[str, Any]) -> int:
    """Characters of the prompt, its template included."""
    return len(request.get("prompt", ""))


def read(response: Mapping[str, Any], reading: Reading) -> None:
    """Take the figures out of a whole response."""
    read_event(response, reading)


def read_event(chunk: Mapping[str, Any], reading: Reading) -> Content:
    """Take the figures out of one stream chunk, and say what it brought."""
    if (count := chunk.get("prompt_token_count")) is not None:
        reading.input_tokens = count
    if (count := chunk.get("generation_token_count")) is not None:
        reading.output_tokens = count
    if chunk.get("stop_reason"):
        reading.stop(chunk["stop_reason"])
    return reading.add_text(chunk.get("generation") or "")


def read_delta(chunk: bytes, reading: Reading) -> Content | None:
    """The same as `read_event` for the JSON of a chunk, if that is plain text; else None."""
    found = _PLAIN_DELTA(chunk)
    if not found or (brought := reading.add_plain_text(found[1])) is None:
        return None
    reading.output_tokens = int(found[2])
    return brought
