"""Request formats: one module each, to build a body and to read what comes back.

`converse` serves every model. The native formats of InvokeModel are chosen by model id; a native
format is a module with what contract.NativeFormat lists. No value of the service is trusted: see `values`
for what is taken of each, `required` for what an answer must have.
"""

from __future__ import annotations

import re

from bedrock_locust.formats import claude, converse, llama
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
]


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
