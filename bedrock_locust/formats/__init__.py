"""Request formats: one module each, to build a body and to read what comes back.

`converse` serves every model. The native formats of InvokeModel are chosen by model id; a native
format is a module with what contract.NativeFormat lists. No value of the service is trusted: see `values`
for what is taken of each, `required` for what an answer must have.
"""

from __future__ import annotations

import re

from bedrock_locust.formats import (
    claude,
    claude_text,
    cohere,
    cohere_text,
    converse,
    deepseek,
    gpt_oss,
    imported,
    jamba,
    llama,
    mistral,
    mistral_chat,
    nova,
    open_weight,
    palmyra,
    titan,
)
from bedrock_locust.formats.chunks import ChunkReader
from bedrock_locust.formats.contract import NativeFormat, StreamReader, WholeReader
from bedrock_locust.formats.reading import Content, Reading

__all__ = [
    "ChunkReader",
    "Content",
    "NativeFormat",
    "Reading",
    "StreamReader",
    "UnknownFormatError",
    "WholeReader",
    "converse",
    "native",
    "native_name",
    "native_names",
]


class UnknownFormatError(ValueError):
    """It cannot be told which native format a model has."""

    def __init__(self, model_id: str) -> None:
        super().__init__(
            f"model {model_id!r} does not tell its native request format: use api: converse, which works for any"
            f" model, or name the format of its family in model.format ({', '.join(_FORMATS)})"
        )


_FORMATS: dict[str, NativeFormat] = {
    "claude": claude,
    "claude_text": claude_text,
    "cohere": cohere,
    "cohere_text": cohere_text,
    "deepseek": deepseek,
    "gpt_oss": gpt_oss,
    "imported": imported,
    "jamba": jamba,
    "llama": llama,
    "mistral": mistral,
    "mistral_chat": mistral_chat,
    "nova": nova,
    "open_weight": open_weight,
    "palmyra": palmyra,
    "titan": titan,
}
"""The native formats by the names that `model.format` has for them."""

_NATIVE: tuple[tuple[str, NativeFormat], ...] = (
    (r"anthropic\.claude-", claude),
    (r"amazon\.nova-(?!canvas|reel|sonic|multimodal)", nova),
    (r"amazon\.titan-(?:text-(?!embed|image)|tg1)", titan),
    (r"meta\.llama", llama),
    (r"mistral\.(?:mistral-7b|mixtral|mistral-(?:large|small)-2402)", mistral),
    (r"mistral\.", mistral_chat),
    (r"cohere\.command-r", cohere),
    (r"cohere\.command", cohere_text),
    (r"ai21\.jamba", jamba),
    (r"deepseek\.r1", deepseek),
    (r"openai\.gpt-oss", gpt_oss),
    (r"writer\.palmyra-x", palmyra),
    (r"(?:deepseek\.v\d|qwen\.|moonshot(?:ai)?\.|minimax\.|zai\.|google\.gemma|nvidia\.nemotron)", open_weight),
)
"""Pattern of model ids -> their format; the first that fits counts."""


def native(model_id: str, named: str | None = None) -> NativeFormat:
    """The native format of this name; else that of a model id, of an inference profile id or of an ARN.

    `named` may also be the id of the model behind an id that does not tell it.

    Raises UnknownFormatError where there is none; an ARN that does not name its model (an
    application inference profile, provisioned throughput, an imported model) has none.
    """
    if named and named in _FORMATS:
        return _FORMATS[named]
    name = (named or model_id).rsplit("/", 1)[-1]
    for pattern, module in _NATIVE:
        if re.match(rf"(?:[a-z]+(?:-[a-z]+)*\.)?{pattern}", name):
            return module
    raise UnknownFormatError(named or model_id)


def native_name(model_id: str, named: str | None = None) -> str:
    """The name of the format that `native` returns. Raises UnknownFormatError."""
    module = native(model_id, named)
    return next(name for name, each in _FORMATS.items() if each is module)


def native_names() -> list[str]:
    """The names of the native formats, as `model.format` takes them."""
    return list(_FORMATS)
