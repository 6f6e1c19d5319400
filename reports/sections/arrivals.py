"""What became of the arrivals of an open loop, and times from the moment at which a call was due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import Column, amount, number, numbers, seconds, section, table
from reports.numbers.arrivals import COUNTS
from reports.sections.words import level_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.edition import Edition


def arrivals(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """Due, made, dropped and missed arrivals of each level; empty in a closed loop."""
    found, say = analysis.arrivals, analysis.say
    if found.empty:
        return ""
    figures = analysis.figures.loc[found.index]
    whole = found[~figures["name"].duplicated()]
    counted = [numbers(say(f"col.{name}"), whole[name], amount) for name in COUNTS]
    # What was due is known of a level, not of each mode in it.
    is_split = len(whole) < len(found)
    together = table([*level_columns(say, figures.loc[whole.index], mode=False), *counted]) if is_split else ""
    shown = table(
        [
            *level_columns(say, figures),
            *([] if is_split else counted),
            *[
                Column(say("col.lateness", percentile=f"P{point}"), [number(x) for x in found[f"lateness_ms_p{point}"]])
                for point in (50, 99)
            ],
            *[
                numbers(say(f"col.{part}ttft", percentile="P95"), found[f"{part}ttft_ms_p95"])
                for part in ("", "scheduled_")
                if found["ttft_ms_p95"].notna().any()
            ],
            *[
                numbers(say(f"col.{part}latency", percentile="P95"), found[f"{part}latency_ms_p95"], seconds)
                for part in ("", "scheduled_")
            ],
        ]
    )
    followed = int(found["followed"].sum())
    others = say("arrivals.followed", calls=amount(followed)) if followed else ""
    return section(say("arrivals"), say("arrivals.note"), together, shown, others)
