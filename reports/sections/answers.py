"""Why answers ended, where there is more than one reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import amount, numbers, percent, section, table, texts
from reports.numbers.answers import EMPTY, no_answers
from reports.sections.words import level_columns, reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.edition import Edition


def answers(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """The stop reasons of each level; nothing if all answers ended alike."""
    say, rows = analysis.say, analysis.stop_reasons
    if rows["stop_reason"].nunique() < 2 and no_answers(rows).empty:
        return ""
    reasons = [reason(say, one) or say("answers.unknown") for one in rows["stop_reason"]]
    shown = table(
        [
            *level_columns(say, analysis.figures.loc[rows["level"]]),
            texts(say("col.stop_reason"), reasons),
            numbers(say("col.calls"), rows["calls"], amount),
            numbers(say("col.share_ok"), rows["share"], percent),
        ]
    )
    twice = say("answers.twice") if (rows["stop_reason"] == EMPTY).any() else ""
    return section(say("answers"), shown, twice)
