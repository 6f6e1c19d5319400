"""Where the cache points of production were, by what was read and written: a log says how many tokens, not where."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bedrock_locust.workload.traces.traced import BLOCK_TOKENS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bedrock_locust.workload.traces.traced import TracedCall

MOST_POINTS = 4
"""The service takes no more in a request."""


def with_points(calls: Sequence[TracedCall]) -> list[TracedCall]:
    """The calls with the places of their cache points.

    A call that reads up to a block was preceded by one that had a point there: who writes a long prefix at once has
    points wherever others read.
    """
    read_at = {call.hash_ids[place - 1] for call in calls if (place := _read(call))}
    return [replace(call, cache_points=_points(call, read_at)) for call in calls]


def _blocks(call: TracedCall, tokens: int) -> int:
    return min(tokens // BLOCK_TOKENS, len(call.hash_ids))


def _read(call: TracedCall) -> int:
    return _blocks(call, call.cache_read_tokens or 0)


def _points(call: TracedCall, read_at: Collection[int]) -> tuple[int, ...]:
    last = _blocks(call, (call.cache_read_tokens or 0) + (call.cache_write_tokens or 0))
    places = {place for place, block in enumerate(call.hash_ids[:last], 1) if block in read_at}
    return tuple(sorted((places | {_read(call), last}) - {0}))[-MOST_POINTS:]
