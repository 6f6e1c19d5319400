"""Which times of a level the terminal shows, live and at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bedrock_locust.histogram import Histogram
    from bedrock_locust.live.tally import LevelTally


def followed(level: LevelTally) -> str:
    """Of how many calls the times from the arrival are, where that is not all of them; empty where it is."""
    if not level.lateness_ms.count or not level.arrived:
        return ""
    return f"from arrival: {level.arrived} calls had one; others followed a call of their session or user"


def times(level: LevelTally) -> list[tuple[str, Histogram]]:
    """The times of a level with their titles. In an open loop also from the arrival, and how late calls started."""
    is_open = level.lateness_ms.count > 0
    return [
        ("First token", level.ttft_ms),
        *([("  from arrival", level.scheduled_ttft_ms)] if is_open and level.ttft_ms.count else []),
        ("Per token", level.tpot_ms),
        ("Latency", level.latency_ms),
        *([("  from arrival", level.scheduled_latency_ms), ("Lateness", level.lateness_ms)] if is_open else []),
    ]
