"""Which levels met the service level objective."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import numbers, percent, section, table, texts
from reports.numbers.failures import TOLERABLE_FAILURES
from reports.sections.words import failing_words, level_columns, slo_words, unmeasured_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.edition import Edition
    from reports.numbers.slo import Gate


def slo(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """Met or not by level, with the calls that did in each second."""
    gate, figures, say = analysis.gate, analysis.figures, analysis.say
    if gate is None or figures.empty:
        return ""
    verdicts = [_verdict(analysis, gate, str(key)) for key in figures.index]
    shown = table(
        [
            *level_columns(say, figures),
            texts(say("col.slo"), verdicts),
            numbers(say("col.goodput"), gate.goodput["goodput_per_s"]),
            numbers(say("col.good_share"), gate.goodput["good_share"], percent),
        ]
    )
    asked = say("slo.asked", slo=slo_words(say, gate.slo))
    close = say("slo.close_note") if any(say("slo.close") in verdict for verdict in verdicts) else ""
    if gate.slo.success_rate is None:
        asked = say.paragraph([asked, say("slo.tolerable", share=f"{100 * TOLERABLE_FAILURES:g}")])
    return section(say("slo"), asked, shown, close)


def _verdict(analysis: Edition, gate: Gate, key: str) -> str:
    say, checks = analysis.say, gate.checks.get(key)
    if not gate.slo.asks(str(analysis.level(key)["mode"])):
        return say("slo.not_asked")
    if not checks:
        return say("slo.unmeasured")
    if gate.met(key) is None:
        return unmeasured_words(say, gate.slo, checks)
    text = say("slo.pass") if gate.met(key) else say("slo.fail", failing=failing_words(say, gate.slo, checks))
    return say.paragraph([text, say("slo.close")]) if gate.unsure(key) else text
