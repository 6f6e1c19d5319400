"""Limits that end a run early: cost, calls, tokens, failures."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from bedrock_locust.errors import LASTING, LASTING_CODES
from bedrock_locust.live.output import EarlyEnd, OutputBase

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from bedrock_locust.call import Call
    from bedrock_locust.live.output import RunView
    from bedrock_locust.settings.goals import Limits, Pricing
    from bedrock_locust.settings.schema import Settings

LEAST_CALLS = 20
"""An error rate is judged only with at least this number of calls in its window."""


class Reached(NamedTuple):
    """A limit that a run has reached."""

    name: str
    """The setting: `limits.max_requests`."""
    reason: str
    """In words, with the figures."""


class Spending:
    """What calls have cost, by their token counts.

    With `models`, calls to others cost nothing that is known; without, they count at the same prices.
    """

    def __init__(self, pricing: Pricing | None, models: Collection[str] | None = None) -> None:
        self.total = 0.0
        self._pricing = pricing
        self._models = models

    def add(self, call: Call) -> None:
        """Count a call; one without token counts costs nothing that is known."""
        if self._pricing is None or (self._models is not None and call.model_id not in self._models):
            return
        prices = self._pricing
        parts = (
            (call.input_tokens, prices.input_per_million),
            (call.output_tokens, prices.output_per_million),
            (call.cache_read_tokens, prices.cache_read_per_million),
            (call.cache_write_tokens, prices.cache_write_per_million),
            (call.cache_write_1h_tokens, _dearer_for_an_hour(prices)),
        )
        self.total += sum((tokens or 0) * price for tokens, price in parts) / 1e6


def _dearer_for_an_hour(prices: Pricing) -> float:
    """What a million tokens that are written for an hour cost beyond the price of all writes."""
    hour = prices.cache_write_1h_per_million
    return 0.0 if hour is None else hour - prices.cache_write_per_million


class ErrorRate:
    """The share of failed calls among those that ended in the last seconds."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._ended: Counter[int] = Counter()
        self._failed: Counter[int] = Counter()

    def add(self, call: Call) -> None:
        """Count a call in the second in which it ended."""
        second = int(call.started_at + call.latency_ms / 1000)
        self._ended[second] += 1
        self._failed[second] += bool(call.error)
        oldest = max(self._ended) - self._window_s
        for past in [past for past in self._ended if past < oldest]:
            del self._ended[past], self._failed[past]

    @property
    def calls(self) -> int:
        """Calls in the window."""
        return self._ended.total()

    @property
    def percent(self) -> float:
        """Failed calls of 100."""
        return 100 * self._failed.total() / self.calls if self.calls else 0.0


class Guard:
    """The limits of a run against its calls."""

    def __init__(self, settings: Settings) -> None:
        self._limits: Limits | None = settings.limits
        self._currency = settings.pricing.currency if settings.pricing else ""
        # A limit holds also for calls to models whose prices are not known.
        self._spending = Spending(settings.pricing)
        self._errors = ErrorRate(settings.limits.window_seconds if settings.limits else 0)
        self._calls = self._output_tokens = self._alike = self._cut_off = 0
        self._kind = ("", "")

    def add(self, call: Call) -> Reached | None:
        """Count a call; says which limit is reached."""
        self._cut_off += call.cancelled
        if self._limits is None or call.cancelled:
            return None
        self._calls += 1
        self._output_tokens += call.output_tokens or 0
        self._spending.add(call)
        self._errors.add(call)
        self._count_alike(call)
        return next(self._reached(self._limits), None)

    def total(self, reached: Reached) -> float | None:
        """What it came to of which there was a limit, in its unit; None if that is no sum.

        More than the limit: calls in flight go on, and workers report every few seconds.
        """
        totals = {
            "limits.max_requests": self._calls + self._cut_off,
            "limits.max_output_tokens": self._output_tokens,
            "limits.max_cost_usd": self._spending.total,
        }
        return totals.get(reached.name)

    def in_the_end(self, reached: Reached) -> str:
        """What a limit was for, and what came of it."""
        cut_off = f", {self._cut_off:,} of them cut off" if self._cut_off else ""
        words = {
            "limits.max_requests": f"{{:,}} were made in the end{cut_off}",
            "limits.max_output_tokens": "{:,} in the end",
            "limits.max_cost_usd": f"{{:,.4g}} {self._currency} in the end",
        }
        total = self.total(reached)
        return reached.reason if total is None else f"{reached.reason}, {words[reached.name].format(total)}"

    def _count_alike(self, call: Call) -> None:
        kind = (call.error, call.error_code)
        self._alike = self._alike + 1 if kind == self._kind else 1
        self._kind = kind

    def _reached(self, limits: Limits) -> Iterator[Reached]:
        category, code = self._kind
        lasts = category in LASTING or code in LASTING_CODES
        if limits.same_failures and lasts and self._alike >= limits.same_failures:
            yield Reached("limits.same_failures", f"{self._alike:,} failures in a row with {category} ({code})")
        if limits.max_requests and self._calls >= limits.max_requests:
            yield Reached("limits.max_requests", f"{self._calls:,} calls had ended")
        if limits.max_output_tokens and self._output_tokens >= limits.max_output_tokens:
            yield Reached("limits.max_output_tokens", f"{self._output_tokens:,} output tokens")
        if limits.max_cost_usd and self._spending.total >= limits.max_cost_usd:
            yield Reached("limits.max_cost_usd", f"{self._spending.total:,.4g} {self._currency} spent")
        errors = self._errors
        if limits.max_error_rate and errors.calls >= LEAST_CALLS and errors.percent >= limits.max_error_rate:
            within = f"of {errors.calls:,} calls within {limits.window_seconds:g} s failed"
            yield Reached("limits.max_error_rate", f"{errors.percent:.1f} % {within}")


class EndAtLimit(OutputBase):
    """The output that ends a run at its first limit."""

    def begin(self, run: RunView) -> None:
        """Count from here on."""
        self._run, self._guard, self._reached = run, Guard(run.settings), False

    def add(self, call: Call) -> None:
        """Count a call; end the run if it reaches a limit."""
        reached = self._guard.add(call)
        if reached is None or self._reached:
            return
        self._reached = True
        guard = self._guard
        end = EarlyEnd(reached.name, reached.reason, lambda: guard.total(reached), lambda: guard.in_the_end(reached))
        self._run.stop(end)
