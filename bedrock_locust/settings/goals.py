"""The sections `pricing`, `slo` and `limits`: prices, what a level has to meet, and what ends a run early."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bedrock_locust.settings.fields import Amount, NotNegative, Number, Percent, Positive, Seconds, Section


class Pricing(Section):
    """The prices of a million tokens, in `currency`."""

    input_per_million: NotNegative
    """Price of a million input tokens."""
    output_per_million: NotNegative
    """Price of a million output tokens."""
    cache_read_per_million: NotNegative = 0
    """Price of a million tokens that are read from the prompt cache."""
    cache_write_per_million: NotNegative = 0
    """Price of a million tokens that are written to the prompt cache."""
    cache_write_1h_per_million: NotNegative | None = None
    """Price of a million tokens that are written for an hour. Without it that of all writes."""
    currency: Annotated[str, Field(min_length=1, max_length=10)] = "USD"
    """Currency of the prices."""


class Slo(Section):
    """What a level has to meet: times at a percentile, a success rate, a speed."""

    ttft_ms: Amount | None = None
    """Longest time to first token, in ms, at `percentile`."""
    tpot_ms: Amount | None = None
    """Longest time per output token, in ms, at `percentile`."""
    latency_ms: Amount | None = None
    """Longest latency of a whole call, in ms, at `percentile`."""
    percentile: Annotated[Number, Field(ge=1, lt=100)] = 95
    """Percentile at which the times are judged."""
    success_rate: Percent | None = None
    """Lowest share of successful calls, in percent."""
    min_tokens_per_s: Amount | None = None
    """Lowest speed for each user, in output tokens/s."""
    users: Positive | None = None
    """The gate counts only levels of up to this number of users. Without it, levels beyond the limit count too."""

    @property
    def has_conditions(self) -> bool:
        """Whether anything is asked for."""
        return any((self.ttft_ms, self.tpot_ms, self.latency_ms, self.success_rate, self.min_tokens_per_s))


class Limits(Section):
    """What ends a run early."""

    max_cost_usd: Amount | None = None
    """End the run when it has cost this much (USD). Needs `pricing` in USD."""
    max_requests: Positive | None = None
    """End the run after this number of calls."""
    max_output_tokens: Positive | None = None
    """End the run after this number of output tokens."""
    max_error_rate: Percent | None = None
    """End the run when this percentage of the calls of the last `window_seconds` failed, throttled ones too."""
    window_seconds: Seconds = 60
    """Length of the window of `max_error_rate`, in seconds."""
    same_failures: Positive | None = None
    """End the run after this number of equal failures in a row, if a repetition cannot succeed."""


def unknown_cost(limits: Limits, pricing: Pricing | None) -> str:
    """Why the limit of the cost cannot be applied, and what to do; empty if it can, or is not set."""
    if not limits.max_cost_usd:
        return ""
    if pricing is None:
        return "limits.max_cost_usd needs prices: add pricing.input_per_million and output_per_million"
    if pricing.currency != "USD":
        held = f"limits.max_cost_usd is in USD, but pricing.currency is {pricing.currency!r}"
        return f"{held}: give the prices in USD, or remove the limit"
    return ""
