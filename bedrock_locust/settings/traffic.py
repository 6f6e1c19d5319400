"""What the calls of a trace add up to: what a replay of them will ask of the service."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bedrock_locust.settings.plan import length_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.settings.goals import Pricing
    from bedrock_locust.settings.schema import Settings

Percentiles = tuple[float, float]
"""P50 and P95."""


REASONS = {
    "window": "outside of the window",
    "no_length": "without the length of the prompt",
    "bad": "that cannot be sent",
}


def left_out_in_words(left_out: Mapping[str, int]) -> str:
    """Calls that are not made, with the reasons."""
    words = {
        reason: REASONS.get(reason) or f"of the model {reason.removeprefix('model:') or 'without a name'}"
        for reason in left_out
    }
    return ", ".join(f"{count:,} {words[reason]}" for reason, count in left_out.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Busiest:
    """The minute with the most of something, as the replay has it."""

    calls: int
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """The calls of a replay, at its speed. Tokens are those of the trace."""

    calls: int
    seconds: float
    """From its start to its end."""
    most_in_a_second: int
    busiest: Busiest
    """The most calls, input tokens and output tokens in a minute, each by itself."""
    input_tokens: int
    output_tokens: int
    limit_tokens: int
    """The limits of all answers together: more output tokens cannot come."""
    most_input: int
    most_limit: int
    cache_read_tokens: int
    cache_write_tokens: int
    left_out: Mapping[str, int]
    """Calls that are not made, by the reason: `window`, `no_length`, `bad`, or `model:` and its name."""
    input_length: Percentiles
    output_length: Percentiles
    latency_ms: Percentiles | None
    """None where the trace does not say."""
    conversations: int
    """Those with more than one call."""
    bin_s: float
    """The length of the stretches in `asked`."""
    asked: tuple[int, ...]
    """Calls in each stretch of time, from the start."""

    def public(self) -> dict[str, Any]:
        """What `run.json` says of it."""
        return {**asdict(self), "left_out": dict(self.left_out)}

    def lines(self, settings: Settings) -> list[str]:
        """The replay in words, one fact a line."""
        speed = settings.trace.speed if settings.trace else 1
        faster = f" at {speed:g} times its speed" if speed != 1 else ""
        left_out = left_out_in_words(self.left_out)
        tokens = (
            f"tokens as in the trace: {self.input_tokens:,} in and {self.output_tokens:,} out; at most"
            f" {self.limit_tokens:,} out by the limits of its calls"
        )
        noun = "call" if self.calls == 1 else "calls"
        calls = (
            f"replay of {self.calls:,} {noun} in {length_in_words(self.seconds)}{faster}, at most"
            f" {self.most_in_a_second:,} in a second and {self.busiest.calls:,} in a minute"
        )
        waits = self.conversations and settings.trace and settings.trace.to is None
        return [
            calls,
            *(["longer while calls wait for the one before them in their conversation"] if waits else []),
            tokens,
            *([f"left out of the trace: {left_out}"] if left_out else []),
            *self._quotas(settings),
        ]

    def _quotas(self, settings: Settings) -> list[str]:
        """How much of each quota the busiest minute uses, in words."""
        quotas, most = settings.model.quotas, self.busiest
        tokens = most.input_tokens + most.output_tokens * settings.model.burndown
        used = {
            "requests per minute": (most.calls, quotas.quota),
            "tokens per minute": (tokens, quotas.tokens_per_minute),
            "input tokens per minute": (most.input_tokens, quotas.input_tokens_per_minute),
            "output tokens per minute": (most.output_tokens, quotas.output_tokens_per_minute),
        }
        shares = [f"{100 * amount / quota:.0f} % of the {name}" for name, (amount, quota) in used.items() if quota]
        others = (
            f", which are those of {settings.model.id}, with the calls to all models" if settings.goes_elsewhere else ""
        )
        return [f"in its busiest minutes it uses {', '.join(shares)} of your quotas{others}"] if shares else []

    def cost(self, prices: Pricing, time_s: float | None = None) -> tuple[float, float]:
        """What it costs if answers are as long as in the trace, and if they are as long as their limits allow.

        Where only so many seconds are made, it is the share of the calls that come in them.
        """
        fresh = self.input_tokens - self.cache_read_tokens - self.cache_write_tokens
        sent = fresh * prices.input_per_million + self.cache_read_tokens * prices.cache_read_per_million
        sent += self.cache_write_tokens * prices.cache_write_per_million
        low, high = (sent + tokens * prices.output_per_million for tokens in (self.output_tokens, self.limit_tokens))
        share = 1.0 if time_s is None else self._share_until(time_s)
        return share * low / 1e6, share * max(low, high) / 1e6

    def _share_until(self, time_s: float) -> float:
        return sum(self.asked[: math.ceil(time_s / self.bin_s)]) / self.calls
