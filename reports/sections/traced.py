"""What a guardrail took, and which models a prompt router chose, where responses were asked for a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import amount, code, number, numbers, percent, section, table, texts
from reports.sections.words import level_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.edition import Edition

PAIR = ("p50", "p95")


def guardrails(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """Time of the guardrail beside the latency of the same calls; empty where no response tells it."""
    say, rows = analysis.say, analysis.guardrails
    if rows.empty:
        return ""
    shown = table(
        [
            *level_columns(say, analysis.figures.loc[rows["level"]]),
            numbers(say("col.calls"), rows["calls"], amount),
            *(numbers(say(f"col.guardrail_ms_{one}"), rows[f"guardrail_ms_{one}"]) for one in PAIR),
            *(numbers(say(f"check.latency_ms_{one}"), rows[f"latency_ms_{one}"]) for one in PAIR),
        ]
    )
    return section(say("guardrails"), shown, say("guardrails.note"))


def routed(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """The models that a prompt router chose, all levels together; empty without a router."""
    say, rows = analysis.say, analysis.routed
    if rows.empty:
        return ""
    shown = table(
        [
            texts(say("col.mode"), map(say.mode, rows["mode"])),
            texts(say("col.model"), map(code, rows["model"])),
            numbers(say("col.calls"), rows["calls"], amount),
            numbers(say("col.share_routed"), rows["share"], percent),
            *(
                numbers(say(f"check.{time}_{one}"), rows[f"{time}_{one}"], number)
                for time in ("ttft_ms", "latency_ms")
                for one in PAIR
            ),
        ]
    )
    return section(say("routed"), shown)
