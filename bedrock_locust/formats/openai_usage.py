"""The counts of OpenAI's APIs, made comparable with those of Converse and Messages.

Their count of input tokens includes those that were read from a cache and written to one; the other APIs count
these apart. So they are taken off here (bedrock-mantle's recorded answers: `cache_write_tokens` is part of
`input_tokens`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_locust.formats.values import count, members

if TYPE_CHECKING:
    from bedrock_locust.formats.reading import Reading

_CACHE = {"cache_read_tokens": "cached_tokens", "cache_write_tokens": "cache_write_tokens"}
_REASONING = {"reasoning_tokens": "reasoning_tokens"}


def take_usage(usage: object, reading: Reading, asked: str, answered: str) -> None:
    """Take the counts of a `usage`, whose members begin with these words: input and output, or prompt and completion.

    Usage may come several times, as running totals: what it says last, counts.
    """
    said = members(usage)
    reading.take({"output_tokens": f"{answered}_tokens"}, said)
    reading.take(_CACHE, said.get(f"{asked}_tokens_details"))
    reading.take(_REASONING, said.get(f"{answered}_tokens_details"))
    everything = count(said.get(f"{asked}_tokens"))
    if everything is not None:
        cached = (reading.cache_read_tokens or 0) + (reading.cache_write_tokens or 0)
        reading.input_tokens = max(0, everything - cached)
