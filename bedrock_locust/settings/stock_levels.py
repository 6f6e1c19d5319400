"""The levels that the stock benchmark makes of the settings: for where there is no shape to ask."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bedrock_locust.level import Level
from bedrock_locust.settings.arrivals import RAMP_LEVELS

if TYPE_CHECKING:
    from bedrock_locust.settings.arrivals import Arrivals
    from bedrock_locust.settings.schema import Concurrency, Settings
    from bedrock_locust.settings.search import Search


def stock_levels(settings: Settings) -> tuple[Level, ...]:
    """The levels in order: first the streaming ones, then the others."""
    modes = [mode for mode, on in zip(("streaming", "non_streaming"), settings.modes, strict=True) if on]
    if settings.searching:
        levels = _of_search(settings.searching)
    else:
        levels = _of_rates(settings.open_loop) if settings.open_loop else _of_users(settings.concurrency)
    return tuple(replace(level, key=f"{mode}-{level.key}", mode=mode) for mode in modes for level in levels)


def _of_users(steps: Concurrency) -> list[Level]:
    one = Level(key="", mode="", users=1, warmup_s=steps.warmup_seconds, duration_s=steps.duration_seconds)
    return [replace(one, key=str(users), users=users) for users in range(steps.start, steps.end + 1, steps.step)]


def _of_search(search: Search) -> list[Level]:
    """The most that it can try."""
    lengths = search.warmup_seconds, search.duration_seconds
    one = Level(key="", mode="", kind="search", warmup_s=lengths[0], duration_s=lengths[1])
    ladder = enumerate(search.ladder(), 1)
    if search.by_rate:
        return [
            replace(one, key=str(number), rate_per_s=load, max_in_flight=search.max_in_flight)
            for number, load in ladder
        ]
    return [replace(one, key=str(number), users=int(load)) for number, load in ladder]


def _of_rates(arrivals: Arrivals) -> list[Level]:
    rates = (arrivals.rates or ()) * (RAMP_LEVELS if arrivals.ramp else 1)
    parts = arrivals.profile or [(arrivals.duration_seconds, rate, rate) for rate in rates]
    return [
        Level(
            key=str(number),
            mode="",
            rate_per_s=(first + last) / 2,
            rate_from_per_s=first,
            rate_to_per_s=last,
            part=number if arrivals.profile or arrivals.ramp else None,
            kind="ramp" if arrivals.ramp else "",
            max_in_flight=arrivals.max_in_flight,
            warmup_s=0 if arrivals.profile else arrivals.warmup_seconds,
            duration_s=seconds,
        )
        for number, (seconds, first, last) in enumerate(parts, 1)
    ]
