"""Request formats: one module each, to build a body and to read what comes back.

`converse` serves every model. The native formats of InvokeModel are chosen by model id; a native
format is a module with `body`, `prompt_chars`, `read`, `read_event` and `read_delta`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from bedrock_locust.formats import claude, converse, llama
from bedrock_locust.formats.chunks import ChunkReader
from bedrock_locust.formats.reading import Content, Reading

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ChunkReader",
    "Content",
    "NativeFormat",
    "Reading",
    "StreamReader",
    "UnknownFormatError",
    "converse",
    "native",
]


class StreamReader(Protocol):
    """What reads the events of a stream: `converse`, or a ChunkReader."""

    def read_event(self, event: Mapping[str, Any], reading: Reading) -> Content:
        """Take the figures out of one stream event, and say what it brought."""

    def read_delta(self, payload: bytes, reading: Reading) -> Content | None:
        """The same for the payload of an event with generated text, if that can do without JSON; else None."""


class NativeFormat(Protocol):
    """What a module of a native format offers."""

    def body(self, prompt: str, max_tokens: int, temperature: float | None, model_id: str) -> dict[str, Any]:
        """The request body for a prompt."""

    def prompt_chars(self, request: Mapping[str, Any]) -> int:
        """Characters of the prompt in a request body."""

    def read(self, response: Mapping[str, Any], reading: Reading) -> None:
        """Take the figures out of a whole response."""

    def read_event(self, chunk: Mapping[str, Any], reading: Reading) -> Content:
        """Take the figures out of one stream chunk, and say what it brought."""

    def read_delta(self, chunk: bytes, reading: Reading) -> Content | None:
        """The same for the JSON of a chunk, if that is plain text; else None."""


class UnknownFormatError(ValueError):
    """A model has no native format here."""

    def __init__(self, model_id: str) -> None:
        super().__init__(
            f"model {model_id!r} has no native request format here (Claude and Llama 3 or later have one):"
            " use api: converse, which works for any model"
        )


_NATIVE: tuple[tuple[str, NativeFormat], ...] = (
    (r"anthropic\.claude-", claude),
    (r"meta\.llama(?:[3-9]|\d\d)", llama),
)


def native(model_id: str) -> NativeFormat:
    """The native format of a model id, an inference profile id (`us.`, `global.`, ...) or an ARN.

    Raises UnknownFormatError where there is none; an ARN that does not name its model (an
    application inference profile, provisioned throughput) has none.
    """
    name = model_id.rsplit("/", 1)[-1]
    for pattern, module in _NATIVE:
        if re.match(rf"(?:[a-z]+(?:-[a-z]+)*\.)?{pattern}", name):
            return module
    raise UnknownFormatError(model_id)
