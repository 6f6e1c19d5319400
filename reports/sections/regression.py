"""The regression gate of a comparison: what is worse than the base, and by more than what is let pass."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reports.markdown import bullets, join, signed
from reports.numbers.comparison import Share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.numbers.comparison import Comparison, Test
    from reports.sections.compared import Compared
    from reports.texts import Language

INLINE = 3
"""More figures than these stand in a list."""


def passed(comparisons: Mapping[str, Comparison], limit_percent: float) -> bool:
    """Whether every run has every level of the base, and nothing is worse by more than so many percent."""
    compared = all(any(test.change is not None for test in found.tests) for found in comparisons.values())
    return compared and not any(found.missing or found.fails(limit_percent) for found in comparisons.values())


def regression(compared: Compared, limit_percent: float | None) -> str:
    """Whether the gate is passed, with what fails it; empty if no limit is set."""
    if limit_percent is None:
        return ""
    say, values = compared.say, {"base": compared.base, "limit": f"{limit_percent:g}"}
    found = compared.comparisons.items()
    worse = [_worse(compared, run, one) for run, all_ in found for one in all_.worse(limit_percent)]
    unshown = [_worse(compared, run, one) for run, all_ in found for one in all_.unshown(limit_percent)]
    absent = [(run, compared.level(one)) for run, all_ in found for one in all_.missing]
    missing = [say("compare.gate_absent", run=run, level=level) for run, level in absent]
    reasons = {"failed": worse, "unshown": unshown, "missing": missing}
    parts = [_part(say, say(f"compare.gate_{key}", **values), failing) for key, failing in reasons.items() if failing]
    if parts:
        return join(say("compare.gate_fails"), *parts)
    if not passed(compared.comparisons, math.inf):
        return say("compare.gate_empty", **values)
    untested = any(one.untested for _, one in found)
    return say("compare.gate_untested" if untested else "compare.gate_passed", **values)


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
