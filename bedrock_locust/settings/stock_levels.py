"""The levels that the stock benchmark makes of `concurrency` and `test`: for where there is no shape to ask."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bedrock_locust.level import Level

if TYPE_CHECKING:
    from bedrock_locust.settings.arrivals import Arrivals
    from bedrock_locust.settings.schema import Concurrency, Settings


def stock_levels(settings: Settings) -> tuple[Level, ...]:
    """The levels in order: first the streaming ones, then the others."""
    test = settings.test
    modes = [mode for mode, on in (("streaming", test.streaming), ("non_streaming", test.non_streaming)) if on]
    levels = _of_rates(settings.open_loop) if settings.open_loop else _of_users(settings.concurrency)
    return tuple(replace(level, key=f"{mode}-{level.key}", mode=mode) for mode in modes for level in levels)


def _of_users(steps: Concurrency) -> list[Level]:
    one = Level(key="", mode="", users=1, warmup_s=steps.warmup_seconds, duration_s=steps.duration_seconds)
    return [replace(one, key=str(users), users=users) for users in range(steps.start, steps.end + 1, steps.step)]


def _of_rates(arrivals: Arrivals) -> list[Level]:
    parts = arrivals.profile or [(arrivals.duration_seconds, rate, rate) for rate in arrivals.rates or ()]
    return [
        Level(
            key=str(number),
            mode="",
            rate_per_s=(first + last) / 2,
            rate_from_per_s=first,
            rate_to_per_s=last,
            max_in_flight=arrivals.max_in_flight,
            warmup_s=0 if arrivals.profile else arrivals.warmup_seconds,
            duration_s=seconds,
        )
        for number, (seconds, first, last) in enumerate(parts, 1)
    ]
