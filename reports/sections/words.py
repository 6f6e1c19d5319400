"""How the sections name a level and a percentile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.markdown import MARK, UNKNOWN, Column, amount, code, mode_name, noun, number, texts
from reports.percentiles import PERCENTS, is_shaky, needed

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

NEEDS = ", ".join(f"P{percent} needs {needed(percent)}" for percent in PERCENTS[1:])
SHAKY = f"{MARK} Too few successful calls behind it ({NEEDS}): take it as a hint."


def label(row: pd.Series[Any], *, mode: bool = False) -> str:
    """A level in words: `12 users`, or the name of the calls in a run without levels."""
    prefix = f"{mode_name(str(row['mode']))} " if mode else ""
    if row.isna()["users"]:
        return prefix + code(str(row["name"]))
    return f"{prefix and prefix + 'at '}{noun(row['users'], 'user')}"


def level_columns(figures: pd.DataFrame, *, mode: bool = True) -> list[Column]:
    """The columns that say which level a row is: mode, and users or name."""
    modes = [texts("Mode", figures["mode"].map(mode_name))] if mode else []
    if figures["users"].notna().any():
        return [*modes, Column("Users", [amount(users) for users in figures["users"]])]
    return [*modes, texts("Name", figures["name"].map(code))]


def statistics(
    figures: pd.DataFrame,
    metric: str,
    form: Callable[[Any], str] = number,
    percents: tuple[int, ...] = PERCENTS,
) -> list[Column]:
    """Columns P50, P95, P99 of a metric; shaky ones marked."""
    return [
        Column(f"P{percent}", [percentile(row, metric, percent, form) for _, row in figures.iterrows()])
        for percent in percents
    ]


def percentile(row: pd.Series[Any], metric: str, percent: int, form: Callable[[Any], str] = number) -> str:
    """One percentile of a level, marked if too few calls stand behind it."""
    text = form(row[f"{metric}_p{percent}"])
    shaky = text != UNKNOWN and is_shaky(row[f"{metric}_count"], percent)
    return f"{text} {MARK}" if shaky else text


def footnote(*blocks: str) -> str:
    """What the mark means, if these blocks hold one."""
    return SHAKY if any(MARK in block for block in blocks) else ""
