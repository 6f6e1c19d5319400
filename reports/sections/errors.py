"""What failed, where, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import Column, amount, code, escape, numbers, percent, section, table, texts
from reports.numbers.failures import total_counts
from reports.sections.conclusion import remedied
from reports.sections.words import level_columns, remedy_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.edition import Edition

MOST_KINDS = 30
MOST_RECORDS = 10


def errors(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """Failures by type with an example, their remedies, and where they happened; cut-off calls apart."""
    return section(
        analysis.say("errors"),
        _kinds(analysis),
        _rest(analysis),
        _remedies(analysis),
        _by_level(analysis),
        _by_record(analysis),
        _cancelled(analysis),
    )


def _kinds(analysis: Edition) -> str:
    kinds, say = analysis.failures.head(MOST_KINDS), analysis.say
    return table(
        [
            texts(say("col.category"), kinds["error"].map(escape)),
            texts(say("col.code"), kinds["error_code"].map(code)),
            texts(say("col.stage"), kinds["error_stage"].map(escape)),
            numbers(say("col.calls"), kinds["calls"], amount),
            numbers(say("col.share_ended"), kinds["share"], percent),
            texts(say("col.message"), kinds["error_message"].map(escape)),
            texts(say("col.request_id_first"), kinds["request_id"].map(code)),
        ]
    )


def _rest(analysis: Edition) -> str:
    rest = len(analysis.failures) - MOST_KINDS
    return analysis.say("errors.rest", kinds=analysis.say.noun(rest, "kind")) if rest > 0 else ""


def _remedies(analysis: Edition) -> str:
    """What the conclusion has not said already."""
    say = analysis.say
    ask, told = say("errors.ask"), [error for error in remedied(analysis) if analysis.remedy(error)]
    left = [error for error in analysis.failures["error"].unique() if error not in told]
    remedies = {error: analysis.remedy(error) for error in left}
    lines = [
        f"- **{escape(error)}**{say('list.colon')}{remedy_words(remedy or ask)}" for error, remedy in remedies.items()
    ]
    return section(say("errors.todo"), "\n".join(lines), level=3)


def _by_level(analysis: Edition) -> str:
    rows, say = analysis.failures_by_level, analysis.say
    columns = level_columns(say, analysis.figures.loc[rows.index]) if len(rows) else []
    shown = table(
        [
            *columns,
            texts(say("col.category"), rows["error"].map(escape)),
            numbers(say("col.while_measured" if analysis.levels.shaped else "col.calls"), rows["measured"], amount),
            *([numbers(say("col.other_phases"), rows["other"], amount)] if rows["other"].any() else []),
        ]
    )
    return section(say("errors.by_level" if analysis.levels.shaped else "errors.by_name"), shown, level=3)


def _by_record(analysis: Edition) -> str:
    """Where failures cluster on records of the workload."""
    rows, say = analysis.failed_records, analysis.say
    if rows.empty:
        return ""
    few = rows.head(MOST_RECORDS)
    shown = table(
        [
            Column(say("col.record"), [str(record) for record in few.index]),
            numbers(say("col.calls"), few["calls"], amount),
            numbers(say("col.failed"), few["failed"], amount),
            texts(say("col.category"), few["error"].map(escape)),
        ]
    )
    rest = len(rows) - len(few)
    note = say("errors.records", calls=amount(int(rows["failed"].sum())), records=amount(len(rows)))
    more = say("errors.more_records", records=amount(rest)) if rest else ""
    return section(say("errors.by_record"), say.paragraph([note, more]), shown, level=3)


def _cancelled(analysis: Edition) -> str:
    cut = total_counts(analysis.run.calls)["cancelled"]
    return analysis.say("errors.cancelled", calls=analysis.say.noun(cut, "call")) if cut else ""
