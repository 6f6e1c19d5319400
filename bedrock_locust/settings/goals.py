"""Sections of the settings: what calls cost, what a level has to hold, and what ends a run early."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bedrock_locust.settings.fields import Amount, NotNegative, Number, Percent, Positive, Seconds, Section


class Pricing(Section):
    """What a million tokens cost, in `currency`."""

    input_per_million: NotNegative
    output_per_million: NotNegative
    cache_read_per_million: NotNegative = 0
    cache_write_per_million: NotNegative = 0
    currency: Annotated[str, Field(min_length=1, max_length=10)] = "USD"


class Slo(Section):
    """What a level has to hold: times at a percentile, a success rate, a speed."""

    ttft_ms: Amount | None = None
    tpot_ms: Amount | None = None
    latency_ms: Amount | None = None
    percentile: Annotated[Number, Field(ge=1, lt=100)] = 95
    success_rate: Percent | None = None
    min_tokens_per_s: Amount | None = None
    users: Positive | None = None
    """The gate looks at levels of at most so many users; null: at all."""


class Limits(Section):
    """What ends a run early."""

    max_cost_usd: Amount | None = None
    """It needs `pricing`, in USD."""
    max_requests: Positive | None = None
    max_output_tokens: Positive | None = None
    max_error_rate: Percent | None = None
    """Percent of the calls that ended in the last `window_seconds`; a throttle counts, too."""
    window_seconds: Seconds = 60
    same_failures: Positive | None = None
    """So many failures of one kind in a row, of a kind that no repetition heals."""


def unknown_cost(limits: Limits, pricing: Pricing | None) -> str:
    """Why the limit of the cost can't be held, and what to do; empty if it can, or is not set."""
    if not limits.max_cost_usd:
        return ""
    if pricing is None:
        return "limits.max_cost_usd needs prices: add pricing.input_per_million and output_per_million"
    if pricing.currency != "USD":
        held = f"limits.max_cost_usd is in USD, but pricing.currency is {pricing.currency!r}"
        return f"{held}: give the prices in USD, or remove the limit"
    return ""
