"""The regression gate of a comparison in words: passed or failed, and what fails it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from reports.markdown import bullets, join, signed
from reports.sections.verdict import answers_words, change_words, points_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reports.numbers.comparison import Answers, Difference, Share
    from reports.numbers.regression import Failures
    from reports.numbers.sides import Level
    from reports.sections.compared import Compared
    from reports.texts import Language

Found = TypeVar("Found")
INLINE = 3
"""More figures than these stand in a list."""


def regression(compared: Compared) -> str:
    """Whether the gate is passed, with what fails it; empty if no limit is set."""
    if (gate := compared.gate) is None:
        return ""
    say, limits = compared.say, gate.limits
    values = {
        "base": compared.base,
        "limit": f"{limits.regression_percent:g}",
        "drop": f"{limits.success_drop_points:g}",
    }
    if gate.passed:
        untested = any(found.untested for found in compared.comparisons.values())
        return say("compare.gate_untested" if untested else "compare.gate_passed", **values)
    reasons = {
        "failed": _each(compared, lambda found: found.worse, _time),
        "unshown": _each(compared, lambda found: found.unshown, _time),
        "fallen": _each(compared, lambda found: found.fallen, _share),
        "untold": _each(compared, lambda found: found.untold, _share),
        "answers": _each(compared, lambda found: found.answers, _answers),
        "lacking": _each(compared, lambda found: found.lacking, _lacking),
        "missing": _each(compared, lambda found: found.missing, _absent),
        "empty": [run for run, found in gate.failures.items() if found.is_empty],
    }
    parts = [_part(say, say(f"compare.gate_{key}", **values), found) for key, found in reasons.items() if found]
    return join(say("compare.gate_fails"), *parts)


def _each(
    compared: Compared, chosen: Callable[[Failures], Sequence[Found]], words: Callable[[Compared, str, Found], str]
) -> list[str]:
    failures = compared.gate.failures if compared.gate else {}
    return [words(compared, run, one) for run, found in failures.items() for one in chosen(found)]


def _part(say: Language, lead: str, failing: Sequence[str]) -> str:
    """A few in a sentence, many in a list."""
    if len(failing) > INLINE:
        return join(lead, bullets(failing))
    return f"{lead} {say('list.semicolon').join(failing)}{say('list.stop')}"


def _time(compared: Compared, run: str, one: Difference) -> str:
    say = compared.say
    metric = say(f"metric.{one.metric}") if one.percent is None else f"{say(f'metric.{one.metric}')} P{one.percent}"
    sides = f"{say('list.semicolon')}{change_words(one.change)} %" if one.change else ""
    values = {"change": f"{'> ' if one.after_longer else ''}{signed(one.percent_change)}", "interval": sides}
    return say("compare.gate_time", run=run, level=compared.level(one.level), metric=metric, **values)


def _share(compared: Compared, run: str, one: Share) -> str:
    say = compared.say
    values = {"change": signed(100 * (one.after - one.before)), "interval": points_words(one)}
    return say("compare.gate_success", run=run, level=compared.level(one.level), calls=f"{one.calls:g}", **values)


def _answers(compared: Compared, run: str, one: Answers) -> str:
    return f"{run}{compared.say('list.comma')}{answers_words(compared, run, one)}"


def _lacking(compared: Compared, run: str, one: tuple[Level, str]) -> str:
    level, metric = one
    say = compared.say
    return say("compare.gate_lacks", run=run, level=compared.level(level), metric=say(f"metric.{metric}"))


def _absent(compared: Compared, run: str, level: Level) -> str:
    return compared.say("compare.gate_absent", run=run, level=compared.level(level))
