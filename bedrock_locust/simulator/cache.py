"""Prompt caching: remembers the prefixes of prompts for their time to live.

As AWS documents it: everything up to a cache point is one prefix; the longest prefix that is still
kept is read, and what follows it up to the last point is written; reading a prefix keeps it for
another time to live; prefixes below the model's minimum are not cached.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from bedrock_locust.simulator import prompts, tokens

if TYPE_CHECKING:
    from bedrock_locust.simulator.prompts import Prompt

MOST_PREFIXES = 20_000
"""Most prefixes that are kept; beyond it the oldest are forgotten."""

BLOCK_WORDS = 128
"""What is cached without cache points is cached in blocks of this number of words."""

FIVE_MINUTES_S = 300
ONE_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class CacheUse:
    """Tokens of a prompt that were read from the cache and written to it, by the time to live of the latter."""

    asked: bool = False
    """Whether the prompt has a cache point, or is cached without one."""
    read: int = 0
    write_5m: int = 0
    write_1h: int = 0

    @property
    def write(self) -> int:
        """Tokens written, whatever their time to live."""
        return self.write_5m + self.write_1h


@dataclass(frozen=True, slots=True)
class _Point:
    key: bytes
    tokens: int
    ttl_s: int


class PromptCache:
    """The cached prefixes of all models."""

    def __init__(self) -> None:
        self._expiry: dict[bytes, float] = {}

    def use(self, model_id: str, prompt: Prompt, least: int, now: float, *, implicit: bool = False) -> CacheUse:
        """Read and write the prefixes of a prompt that have at least `least` tokens. `now` in seconds.

        `implicit`: without cache points, blocks of words are cached; writing them costs nothing, and is not counted.
        """
        points = _points(model_id, prompt)
        if not points:
            return self._use_blocks(model_id, prompt, least, now) if implicit else CacheUse()
        worthy = [point for point in points if point.tokens >= least]
        read = max((point.tokens for point in worthy if self._expiry.get(point.key, 0) > now), default=0)
        written, reached = {FIVE_MINUTES_S: 0, ONE_HOUR_S: 0}, read
        for point in worthy:
            self._keep(point.key, now + point.ttl_s)
            written[point.ttl_s] += max(0, point.tokens - reached)
            reached = max(reached, point.tokens)
        return CacheUse(asked=True, read=read, write_5m=written[FIVE_MINUTES_S], write_1h=written[ONE_HOUR_S])

    def _use_blocks(self, model_id: str, prompt: Prompt, least: int, now: float) -> CacheUse:
        words = [word for part in prompt.parts for word in part.text.split()]
        seen, known, kept = sha256(f"{model_id}\0blocks".encode(errors="replace")), 0, True
        for end in range(BLOCK_WORDS, len(words) + 1, BLOCK_WORDS):
            seen.update("\0".join(words[end - BLOCK_WORDS : end]).encode())
            key = seen.digest()
            kept = kept and self._expiry.get(key, 0) > now
            known = end if kept else known
            self._keep(key, now + FIVE_MINUTES_S)
        read = tokens.prompt_rule.count([" ".join(words[:known])]) if known else 0
        return CacheUse(asked=True, read=read if read >= least else 0)

    def _keep(self, key: bytes, until: float) -> None:
        self._expiry[key] = max(until, self._expiry.pop(key, 0))
        while len(self._expiry) > MOST_PREFIXES:
            del self._expiry[next(iter(self._expiry))]


def _points(model_id: str, prompt: Prompt) -> list[_Point]:
    points, seen = [], sha256(model_id.encode(errors="replace"))
    if not any(part.cache_ttl_s for part in prompt.parts):
        return []
    for number, part in enumerate(prompt.parts, 1):
        if part.text or part.media:
            # A point by itself is no part of the prompt: a later one finds what was written up to an earlier one.
            seen.update(f"\0{part.media}\0{part.text}".encode())
        if part.cache_ttl_s:
            points.append(_Point(seen.digest(), prompts.size(prompt.parts[:number]), part.cache_ttl_s))
    return points
