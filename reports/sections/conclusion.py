"""What came out, in a few sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.failures import by_frequency, total_counts
from reports.markdown import amount, escape, mode_name, noun, number, percent, seconds
from reports.sections.words import label

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from reports.analysis import Analysis
    from reports.conclusion import Conclusion

UNITS = {"output_tokens_per_s": "output tokens/s", "requests_per_s": "requests/s"}


def conclusion(analysis: Analysis) -> list[str]:
    """One paragraph per mode and the remedies, or why there is nothing to conclude."""
    counts = total_counts(analysis.run.requests)
    if not counts["ok"]:
        return [_nothing(analysis, counts)]
    if not analysis.conclusions:
        ok = noun(counts["ok"], "call")
        return [f"**Nothing was measured:** {ok} succeeded, but no level had its users and its warm-up done."]
    paragraphs = [" ".join(_sentences(analysis, found)) for found in analysis.conclusions]
    broken = [found.breaks for found in analysis.conclusions if found.breaks is not None]
    categories = dict.fromkeys(by_frequency(analysis.levels, key)[0] for key in broken)
    return [*paragraphs, *(_remedy(analysis, category) for category in categories)]


def _nothing(analysis: Analysis, counts: pd.Series[int]) -> str:
    """Why no call succeeded."""
    if counts["failed"]:
        category = str(analysis.failures["error"].iloc[0])
        found = f"**No call succeeded:** {noun(counts['failed'], 'call')} failed, most with {escape(category)}."
        return f"{found} {escape(analysis.remedy(category), 400)}".rstrip()
    if counts["cancelled"]:
        cut = noun(counts["cancelled"], "call")
        return f"**No call ended:** the run was over before the first answer ({cut}). Hold levels longer."
    return "**No call was made.** See the console output of the run and `exceptions.csv` in this folder."


def _remedy(analysis: Analysis, category: str) -> str:
    remedy = analysis.remedy(category)
    return f"What to do about {escape(category)}: {escape(remedy, 400)}" if remedy else ""


def _sentences(analysis: Analysis, found: Conclusion) -> Iterator[str]:
    """The best level, a faster one that fails too much, where failures set in."""
    mode = mode_name(found.mode).capitalize()
    if found.best is None:
        yield f"**{mode}: no measured call succeeded.**"
    else:
        best = analysis.level(found.best)
        yield f"**{mode}: {_rate(best, found)} {_at(best)}**{_speed(best)}; {_wait(best)}."
    if found.more is not None and found.more != found.breaks:
        more = analysis.level(found.more)
        yield f"More came {_at(more)}, {_rate(more, found)}, but {_failing(more)} of the calls failed."
    yield from _limit(analysis, found)


def _limit(analysis: Analysis, found: Conclusion) -> Iterator[str]:
    """Where calls begin to fail, and with what; or that the limit was not found."""
    if found.breaks is not None:
        row = analysis.level(found.breaks)
        set_in = "Failures set in" if analysis.levels.shaped else "Calls failed"
        category, *several = by_frequency(analysis.levels, found.breaks)
        more = f" Throughput was highest there: {_rate(row, found)}." if found.more == found.breaks else ""
        few = "most " if several else ""
        failed = f"{amount(row['failed'])} of {noun(row['ok'] + row['failed'], 'call')} ({_failing(row)})"
        yield f"{set_in} {_at(row)}: {failed}, {few}with {escape(category)}.{more}"
    elif found.rising and analysis.run.text("ended") in {"", "complete"}:
        yield "It still grew at the last level: go higher (`concurrency.end`) to find the limit."


def _at(row: pd.Series[Any]) -> str:
    return f"{'with' if row.isna()['users'] else 'at'} {label(row)}"


def _failing(row: pd.Series[Any]) -> str:
    return f"{percent(1 - row['success_rate'])} %"


def _rate(row: pd.Series[Any], found: Conclusion) -> str:
    return f"{number(row[found.rate])} {UNITS[found.rate]}"


def _speed(row: pd.Series[Any]) -> str:
    return f" ({number(row['speed_per_s'])} for each user)" if row.notna()["speed_per_s"] else ""


def _wait(row: pd.Series[Any]) -> str:
    """First token if there is one, else the whole answer."""
    if row["ttft_ms_count"] > 0:
        return f"first token after {number(row['ttft_ms_p50'])} ms (P50), {number(row['ttft_ms_p95'])} ms (P95)"
    p50, p95 = seconds(row["latency_ms_p50"]), seconds(row["latency_ms_p95"])
    return f"whole answer after {p50} s (P50), {p95} s (P95)"
