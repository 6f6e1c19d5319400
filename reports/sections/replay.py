"""What a trace had, beside what the run made of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reports.markdown import Column, amount, code, number, section, table
from reports.sections.words import chart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reports.edition import Edition
    from reports.numbers.replay import Beside, Replay
    from reports.texts import Language

REASONS = ("window", "model", "no_length", "bad")


def replay(analysis: Edition, charts: Mapping[str, str]) -> str:
    """Calls asked for and made, lengths and latency; empty without a trace."""
    say, found = analysis.say, analysis.replay
    if found is None:
        return ""
    return section(say("replay"), _told(say, found), chart(analysis, charts, "replay"), _beside(say, found))


def _told(say: Language, found: Replay) -> str:
    counts = {"calls": amount(found.calls), "made": amount(found.made), "speed": f"{found.speed:g}"}
    reasons = [_reason(say, reason, count) for reason, count in found.left_out.items()]
    left_out = say("list.comma").join(filter(None, reasons))
    return say.paragraph(
        [
            say("replay.calls_as_it_was" if found.speed == 1 else "replay.calls", **counts),
            say("replay.waited", waited=amount(found.waited)) if found.waited else "",
            say("replay.left_out", reasons=left_out) if left_out else "",
            say("replay.mixed") if found.mixed else "",
        ]
    )


def _reason(say: Language, reason: str, count: int) -> str:
    kind, _, name = reason.partition(":")
    return say(f"replay.left_out.{kind}", count=amount(count), model=code(name)) if kind in REASONS else ""


def _beside(say: Language, found: Replay) -> str:
    rows: dict[str, tuple[Beside, Callable[[float], str]]] = {
        "row.input_tokens": (found.input_tokens, amount),
        "row.output_tokens": (found.output_tokens, amount),
        "row.service_latency": (found.latency_ms, number),
    }
    known = {name: row for name, row in rows.items() if not math.isnan(row[0].trace[0])}
    columns = [
        Column(
            say(f"col.{side}", percentile=f"P{percent}"),
            [write(getattr(beside, side)[place]) for beside, write in known.values()],
        )
        for place, percent in enumerate((50, 95))
        for side in ("trace", "run")
    ]
    return table([Column(say("col.measure"), [say(name) for name in known], left=True), *columns])
