"""The regression gate of a comparison: what is worse than the base, and by more than is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import bullets, join, signed
from reports.numbers.comparison import Share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.numbers.comparison import Level, Test
    from reports.sections.compared import Compared
    from reports.texts import Language

INLINE = 3
"""More figures than these stand in a list."""


def regression(compared: Compared) -> str:
    """Whether the gate is passed, with what fails it; empty if no limit is set."""
    if (gate := compared.gate) is None:
        return ""
    say, values = compared.say, {"base": compared.base, "limit": f"{gate.max_regression_percent:g}"}
    reasons = {
        "failed": [_worse(compared, run, one) for run, found in gate.worse.items() for one in found],
        "unshown": [_worse(compared, run, one) for run, found in gate.unshown.items() for one in found],
        "missing": [_absent(compared, run, level) for run, found in gate.missing.items() for level in found],
    }
    parts = [_part(say, say(f"compare.gate_{key}", **values), failing) for key, failing in reasons.items() if failing]
    if parts:
        return join(say("compare.gate_fails"), *parts)
    if not gate.passed:
        return say("compare.gate_empty", **values)
    untested = any(found.untested for found in compared.comparisons.values())
    return say("compare.gate_untested" if untested else "compare.gate_passed", **values)


def _absent(compared: Compared, run: str, level: Level) -> str:
    return compared.say("compare.gate_absent", run=run, level=compared.level(level))


def _part(say: Language, lead: str, failing: Sequence[str]) -> str:
    """A few in a sentence, many in a list."""
    if len(failing) > INLINE:
        return join(lead, bullets(failing))
    return f"{lead} {say('list.semicolon').join(failing)}{say('list.stop')}"


def _worse(compared: Compared, run: str, one: Test | Share) -> str:
    say, level = compared.say, compared.level(one.level)
    if isinstance(one, Share):
        sides = f"{say('list.semicolon')}{signed(100 * one.low)} … {signed(100 * one.high)}"
        change = signed(100 * (one.after - one.before))
        return say("compare.gate_success", run=run, level=level, change=change, interval=sides)
    ends = (one.change.low, one.change.high) if one.change else ()
    values = {"metric": say(f"metric.{one.metric}"), "percentile": f"P{one.percent}"}
    values["interval"] = f"{say('list.semicolon')}{' … '.join(signed(100 * end) for end in ends)} %" if ends else ""
    return say("compare.gate_time", run=run, level=level, change=signed(one.percent_change), **values)
