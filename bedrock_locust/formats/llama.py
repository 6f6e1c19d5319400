"""Meta's prompt format, for Llama through InvokeModel.

Sources: "Meta Llama models" in the Bedrock user guide for the body; Meta's model cards for the
prompt templates.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bedrock_locust.formats.reading import PLAIN_COUNT, PLAIN_TEXT
from bedrock_locust.formats.required import required
from bedrock_locust.formats.values import count, members, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.formats.reading import Content, Reading

_PLAIN_DELTA = re.compile(
    rb'\{"generation":'
    + PLAIN_TEXT
    + rb',"prompt_token_count":null,"generation_token_count":'
    + PLAIN_COUNT
    + rb',"stop_reason":null\}'
).fullmatch

USAGE = {"input_tokens": "prompt_token_count", "output_tokens": "generation_token_count"}
"""Figure of a Reading -> its name in a response and in a chunk."""

LLAMA_2 = "<s>[INST] {prompt} [/INST]"
LLAMA_3 = (
    "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n{prompt}<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n"
)
LLAMA_4 = (
    "<|begin_of_text|><|header_start|>user<|header_end|>\n\n{prompt}<|eot|><|header_start|>assistant<|header_end|>\n\n"
)


def body(prompt: str, max_tokens: int, temperature: float | None, model_id: str) -> dict[str, Any]:
    """The request body for a prompt, in the template of the model's generation."""
    generation = re.search(r"meta\.llama(\d)", model_id)
    template = {"2": LLAMA_2, "3": LLAMA_3}.get(generation[1] if generation else "", LLAMA_4)
    # Not str.format: a prompt may have braces of its own.
    request: dict[str, Any] = {"prompt": template.replace("{prompt}", prompt), "max_gen_len": max_tokens}
    if temperature is not None:
        request["temperature"] = temperature
    return request


def prompt_chars(request: Mapping[str, Any]) -> int:
    """Characters of the prompt, its template included."""
    return len(text(request.get("prompt")))


def max_tokens(request: Mapping[str, Any]) -> int | None:
    """The most tokens that a request allows the answer; None where it does not say."""
    return count(request.get("max_gen_len"))


def read(response: object, reading: Reading) -> None:
    """Take the figures out of a whole response. Raises MissingPartError."""
    required(response, "generation", str)
    read_event(members(response), reading)
    reading.stop(None)


def read_event(chunk: Mapping[str, Any], reading: Reading) -> Content:
    """Take the figures out of one stream chunk, and say what it brought."""
    reading.take(USAGE, chunk)
    if reason := text(chunk.get("stop_reason")):
        reading.stop(reason)
    return reading.add_text(chunk.get("generation"))


def read_delta(chunk: bytes, reading: Reading) -> Content | None:
    """The same as `read_event` for the JSON of a chunk, if that is plain text; else None."""
    found = _PLAIN_DELTA(chunk)
    if not found or (brought := reading.add_plain_text(found[1])) is None:
        return None
    reading.output_tokens = int(found[2])
    return brought
