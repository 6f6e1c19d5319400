"""What failed, where, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.failures import total_counts
from reports.markdown import amount, code, escape, noun, numbers, percent, section, table, texts
from reports.sections.words import level_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.analysis import Analysis

MOST_KINDS = 30
ASK = "Look the code up in the Bedrock API reference, or ask AWS support with the request id."


def errors(analysis: Analysis, _charts: Mapping[str, str]) -> str:
    """Failures by type with an example, their remedies, and where they happened; cut-off calls apart."""
    return section(
        "Errors",
        _kinds(analysis),
        _rest(analysis),
        _remedies(analysis),
        _by_level(analysis),
        _cancelled(analysis),
    )


def _kinds(analysis: Analysis) -> str:
    kinds = analysis.failures.head(MOST_KINDS)
    return table(
        [
            texts("Category", kinds["error"].map(escape)),
            texts("Code", kinds["error_code"].map(code)),
            texts("Stage", kinds["error_stage"].map(escape)),
            numbers("Calls", kinds["calls"], amount),
            numbers("Share of ended calls (%)", kinds["share"], percent),
            texts("Message of the first", kinds["error_message"].map(escape)),
            texts("Its request id", kinds["request_id"].map(code)),
        ]
    )


def _rest(analysis: Analysis) -> str:
    rest = len(analysis.failures) - MOST_KINDS
    return f"{noun(rest, 'rarer kind')} of failure more in `requests.csv`." if rest > 0 else ""


def _remedies(analysis: Analysis) -> str:
    remedies = {error: analysis.remedy(error) for error in analysis.failures["error"].unique()}
    lines = [f"- **{escape(error)}**: {escape(remedy or ASK, 400)}" for error, remedy in remedies.items()]
    return section("What to do", "\n".join(lines), level=3)


def _by_level(analysis: Analysis) -> str:
    rows = analysis.failures_by_level
    columns = level_columns(analysis.figures.loc[rows.index]) if len(rows) else []
    shown = table(
        [
            *columns,
            texts("Category", rows["error"].map(escape)),
            numbers("While measured" if analysis.levels.shaped else "Calls", rows["measured"], amount),
            *([numbers("Warm-up and drain", rows["other"], amount)] if rows["other"].any() else []),
        ]
    )
    return section("By level" if analysis.levels.shaped else "By name", shown, level=3)


def _cancelled(analysis: Analysis) -> str:
    cut = total_counts(analysis.run.requests)["cancelled"]
    if not cut:
        return ""
    were = "was" if cut == 1 else "were"
    return f"{noun(cut, 'call')} {were} cut off by the end of the run (Cancelled): neither success nor failure."
