"""Families: in what the answers of one family of models differ from those of another, in the same API.

The figures are from recorded answers of the service (public test suites, 2024 to August 2026). Of a family that is not
listed no answer was recorded: it has one token in an event, and nothing beyond.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import repeat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

ALL = 1_000_000_000
"""A size of events: the whole block at once."""


@dataclass(frozen=True, slots=True)
class Family:
    """What is particular to the models of a family."""

    event_tokens: float = 1.0
    """Median tokens in a stream event with text."""
    event_spread: float = 0.0
    """How much these sizes differ within a stream: sigma of a lognormal."""
    reasoning_at_once: bool = False
    """Whether a stream has all reasoning in one event."""
    tool_at_once: bool = False
    """Whether a stream has the whole input of a tool in one event."""
    tool_begins_empty: bool = False
    """Whether the first piece of the input of a tool is empty."""
    ends_empty: bool = False
    """Whether the text of a stream by Converse ends with an empty piece."""
    begins_empty: bool = False
    """Whether a stream by Converse has an empty block of text before the reasoning."""
    text_first: bool = False
    """Whether a whole answer by Converse has its text before its reasoning."""
    signs: bool = False
    """Whether reasoning has a signature."""
    tool_tokens: int = 0
    """Tokens of a prompt with tools beyond those of the tools' text."""
    types_tools: bool = False
    """Whether Converse names the type of a tool call."""
    counts_cache: bool = False
    """Whether Converse has counts of the cache in whole answers always, and in streams with a cache point."""
    cache_details: bool = False
    """Whether Converse says for how long was written to the cache."""
    native_cache: bool = False
    """Whether answers in the native format always have counts of the cache."""
    native_details: bool = False
    """Whether the native format has what came with Claude 4.8: tier, thinking tokens and details of the stop."""

    def sizes(self, kind: str, fixed: int, rng: Random) -> Iterator[int]:
        """How many tokens each event of a block of this kind has; `fixed` above 0 replaces what the family does."""
        if fixed:
            return repeat(fixed)
        if (kind == "reasoning" and self.reasoning_at_once) or (kind == "tool" and self.tool_at_once):
            return repeat(ALL)
        if not self.event_spread:
            return repeat(max(1, round(self.event_tokens)))
        return self._drawn(rng)

    def _drawn(self, rng: Random) -> Iterator[int]:
        while True:
            yield max(1, round(self.event_tokens * rng.lognormvariate(0.0, self.event_spread)))


def _claude(version: tuple[int, int], *, types_tools: bool) -> Family:
    """Claude's models of a version; the newest where none is known."""
    tokens, spread = next((t, s) for since, t, s in _CLAUDE_EVENTS if version >= since)
    return Family(
        event_tokens=tokens,
        event_spread=spread,
        tool_begins_empty=True,
        signs=True,
        tool_tokens=next((extra for since, extra in _CLAUDE_TOOLS if version >= since), 0),
        types_tools=types_tools,
        cache_details=True,
        counts_cache=version >= (3, 7),
        native_cache=version >= (4, 0),
        native_details=version >= (4, 8),
    )


_CLAUDE_EVENTS = (((4, 0), 3.0, 0.7), ((3, 7), 8.0, 0.3), ((3, 5), 5.5, 0.5), ((0, 0), 1.0, 0.4))
"""Since which version: median tokens in an event, and the spread."""
_CLAUDE_TOOLS = (((4, 0), 480), ((3, 0), 300))
"""Since which version: tokens for the first tool beyond its JSON."""
_CLAUDE_ID = re.compile(r"\banthropic\.claude-(?:v|[a-z]+-)?(\d+)(?:[-.](\d{1,2})(?!\d))?")
_NEWEST = (99, 0)
_OLDEST = (1, 0)

_NOVA = Family(tool_at_once=True, tool_tokens=330, native_cache=True)
_FAMILIES: tuple[tuple[re.Pattern[str], Family], ...] = (
    (re.compile(r"\bamazon\.nova-2"), replace(_NOVA, event_tokens=3.0, event_spread=0.8, tool_tokens=840)),
    (re.compile(r"\b[a-z]+\.amazon\.nova-"), replace(_NOVA, event_tokens=3.0, event_spread=0.8)),
    (re.compile(r"\bamazon\.nova-"), _NOVA),
    (re.compile(r"\bamazon\.titan-text-"), Family(event_tokens=ALL)),
    (re.compile(r"\bmeta\.llama4"), Family(ends_empty=True, tool_tokens=100)),
    (re.compile(r"\bmeta\.llama"), Family(ends_empty=True)),
    (re.compile(r"\bdeepseek\.r1"), Family(text_first=True)),
    (re.compile(r"\bopenai\.gpt-oss"), Family(4.0, 0.6, reasoning_at_once=True, begins_empty=True)),
    (re.compile(r"\bopenai\.gpt-[56]"), Family(1.0, 0.5, tool_at_once=True)),
    (re.compile(r"\bqwen\."), Family(25.0, 0.5)),
)


_CACHE_MIN_TOKENS = (
    (r"claude-(?:opus|haiku)-4-[56]", 4096),
    (r"claude-sonnet-4-6|claude-3-5-haiku", 2048),
    (r"nova-(?:lite|micro)", 1536),
)
"""Pattern in model ids -> tokens of the shortest prefix that is cached, as the agent toolkit of AWS has them (2026)."""
USUAL_CACHE_MIN_TOKENS = 1024


@lru_cache(maxsize=4096)
def cache_min_tokens(model_id: str) -> int:
    """Tokens that a prefix must have to be cached."""
    found = (tokens for pattern, tokens in _CACHE_MIN_TOKENS if re.search(pattern, model_id))
    return next(found, USUAL_CACHE_MIN_TOKENS)


@lru_cache(maxsize=4096)
def of(model_id: str) -> Family:
    """The family of a model id, a profile or an ARN that has its name."""
    if "anthropic.claude" in model_id:
        return _claude(_version(model_id), types_tools="claude-sonnet-4-5" in model_id)
    return next((family for pattern, family in _FAMILIES if pattern.search(model_id)), Family())


def _version(model_id: str) -> tuple[int, int]:
    if "claude-instant" in model_id:
        return _OLDEST
    found = _CLAUDE_ID.search(model_id)
    return (int(found[1]), int(found[2] or 0)) if found else _NEWEST
