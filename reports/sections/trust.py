"""Reasons to doubt the numbers of a run, each with what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import amount, code, escape, listing, noun, number
from reports.percentiles import needed
from reports.sections.words import label
from reports.workers import BUSY_PERCENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from reports.analysis import Analysis


LONGER = "Measure longer (`concurrency.duration_seconds`, or `--run-time` without levels)."


def doubts(analysis: Analysis) -> list[str]:
    """One Markdown paragraph per reason, gravest first."""
    return [doubt for check in CHECKS for doubt in check(analysis)]


def _simulator(analysis: Analysis) -> Iterator[str]:
    if analysis.run.get("simulator") is True:
        yield (
            "Measured against the local simulator, not against AWS Bedrock: the numbers show how the tool "
            "works and say nothing about a model."
        )


def _end(analysis: Analysis) -> Iterator[str]:
    run = analysis.run
    reason = f" ({escape(run.text('end_reason'))})" if run.text("end_reason") else ""
    if run.text("ended") == "running":
        yield "The run had not ended when this report was made, or it crashed: its last seconds are missing."
    elif run.text("ended") == "interrupted":
        yield f"The run was interrupted{reason}: what came after is not measured. Let it run to its end."
    elif run.text("ended") == "failed":
        yield f"The run failed{reason}. Mend the cause and run it again."


def _damage(analysis: Analysis) -> Iterator[str]:
    yield from analysis.run.damage


def _lost_rows(analysis: Analysis) -> Iterator[str]:
    workers = analysis.workers
    missing = workers.index[(workers["state"] == "missing") | _silent(analysis)]
    if len(missing):
        yield (
            f"No full account came from {_workers(missing)}: calls may be missing. See its log, and run the test again."
        )
    lost = (workers["rows_made"] - workers["rows_received"]).clip(lower=0).sum()
    if lost:
        yield (
            f"{noun(lost, 'call')} of {amount(workers['rows_made'].sum())} never reached the master and are "
            "not in the numbers. Check the network to the workers, and run the test again."
        )
    written = analysis.run.number("rows_written")
    if written is not None and analysis.run.text("ended") != "running" and written > len(analysis.run.requests):
        yield (
            f"`requests.csv` holds {amount(len(analysis.run.requests))} of the {amount(written)} calls that "
            "were recorded. Restore the file if you can."
        )


def _silent(analysis: Analysis) -> pd.Series[bool]:
    """Workers in `run.json` that, now the run is over, have never said how many calls they made."""
    over = analysis.run.text("ended") not in {"", "running"}
    return analysis.workers["rows_made"].isna() & (analysis.workers["state"] != "") & over


def _busy_workers(analysis: Analysis) -> Iterator[str]:
    busy = analysis.workers[analysis.workers["cpu_percent"] > BUSY_PERCENT]
    if len(busy):
        yield (
            f"The load generator was the limit: {_workers(busy.index)} used up to "
            f"{number(busy['cpu_percent'].max())} % of a core, so times are too long and throughput too low. "
            "Use more worker processes (`--processes`) or more machines."
        )


def _missing_levels(analysis: Analysis) -> Iterator[str]:
    started = len(analysis.figures) if analysis.levels.shaped else 0
    planned = analysis.run.number("levels_planned") or 0
    if planned > started:
        yield f"{amount(started)} of {noun(planned, 'planned level')} started: run again to get the rest."


def _weak_levels(analysis: Analysis) -> Iterator[str]:
    if not analysis.levels.shaped:
        return
    figures = analysis.figures
    never = figures[figures["window_s"].isna()]
    if len(never):
        yield (f"Never measured: {_level_names(never)}. Not all users ran, or the warm-up was not over. {LONGER}")
    fewer = figures[figures["users_reached"] < figures["users"]]
    if len(fewer):
        yield f"Fewer users ran than asked for: {_level_names(fewer)}. Raise the spawn rate or add workers."


def _few_samples(analysis: Analysis) -> Iterator[str]:
    few = analysis.figures.loc[lambda figures: (figures["ok"] > 0) & (figures["ok"] < needed(95))]
    if len(few):
        which = _level_names(few)
        yield f"Fewer than {needed(95)} successful calls: {which}. Take P95 and P99 there as hints. {LONGER}"


def _missing_tokens(analysis: Analysis) -> Iterator[str]:
    calls = analysis.run.requests
    ok = calls[calls["error"] == ""]
    missing = int(ok[["input_tokens", "output_tokens"]].isna().any(axis=1).sum())
    if missing:
        yield (
            f"{amount(missing)} of {noun(len(ok), 'successful call')} came without token counts and add no "
            "tokens, so tokens/s are too low. Use an API that reports usage (`model.api`: `converse`)."
        )


def _workers(names: pd.Index[str]) -> str:
    return f"worker{'s' if len(names) > 1 else ''} {listing([code(name) for name in names])}"


def _level_names(figures: pd.DataFrame) -> str:
    return listing([label(row, mode=True) for _, row in figures.iterrows()])


CHECKS = (
    *(_simulator, _end, _damage, _lost_rows, _busy_workers),
    *(_missing_levels, _weak_levels, _few_samples, _missing_tokens),
)
