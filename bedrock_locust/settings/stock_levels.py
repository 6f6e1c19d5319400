"""The levels that the stock benchmark makes of `concurrency` and `test`: for where there is no shape to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_locust.level import Level

if TYPE_CHECKING:
    from bedrock_locust.settings.schema import Settings


def stock_levels(settings: Settings) -> tuple[Level, ...]:
    """The levels in order: first the streaming ones, then the others."""
    steps, test = settings.concurrency, settings.test
    modes = [mode for mode, on in (("streaming", test.streaming), ("non_streaming", test.non_streaming)) if on]
    return tuple(
        Level(
            key=f"{mode}-{users}",
            mode=mode,
            users=users,
            warmup_s=steps.warmup_seconds,
            duration_s=steps.duration_seconds,
        )
        for mode in modes
        for users in range(steps.start, steps.end + 1, steps.step)
    )
