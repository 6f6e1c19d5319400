"""What the charts share: colours, sizes, axes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import altair as alt

from reports.markdown import mode_name, one_line

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 640
MOST_NAMES = 20
MOST_TICKS = 12
CLOSEST_TICKS = 24
"""Labels of the axis stand at least this part of its length apart."""

MODE_COLOURS = {"streaming": "#0969a8", "non-streaming": "#c2570c"}
PERCENT_COLOURS = {"P50": "#5aa9d6", "P95": "#0969a8", "P99": "#08304f"}


def styled(chart: Any) -> Any:
    """The chart on an opaque light ground, so that it can be read on a dark page."""
    return (
        chart.configure(background="#ffffff", padding=12)
        .configure_view(stroke=None)
        .configure_axis(gridColor="#e6e8eb", labelFontSize=12, titleFontSize=12, titleFontWeight="normal")
        .configure_title(fontSize=14, anchor="start", offset=8)
        .configure_legend(labelFontSize=12, orient="top", offset=6)
    )


def lines(data: pd.DataFrame, users: pd.Series[float], axis: str, height: int, **encodings: Any) -> Any:
    """Lines with a point per level: `value` by `users`, on an axis made for all these users."""
    return (
        alt.Chart(data, width=WIDTH, height=height)
        .mark_line(point=alt.OverlayMarkDef(size=50, filled=True), strokeWidth=2)
        .encode(x=users_axis(users), y=alt.Y("value:Q", title=axis, scale=alt.Scale(zero=True)), **encodings)
    )


def colour(variable: str, occurring: pd.Series[str], colours: dict[str, str]) -> alt.Color:
    """A colour for each value of the variable that occurs, always the same one."""
    present = [value for value in colours if value in set(occurring)]
    scale = alt.Scale(domain=present, range=[colours[value] for value in present])
    return alt.Color(f"{variable}:N", title=None, scale=scale)


def users_axis(users: pd.Series[float]) -> alt.X:
    """Users, in whole numbers, with a little room on both sides."""
    low, high = float(users.min()), float(users.max())
    room = max((high - low) * 0.03, 0.5)
    return alt.X(
        "users:Q",
        title="concurrent users",
        scale=alt.Scale(domain=[low - room, high + room], nice=False, zero=False),
        axis=alt.Axis(values=ticks(sorted({int(count) for count in users})), format=",d"),
    )


def ticks(users: list[int]) -> list[int]:
    """The levels as ticks; of many or crowded ones only some, so that the labels do not touch."""
    gap = max((users[-1] - users[0]) / CLOSEST_TICKS, 1)
    kept = users[:1]
    for value in users[1 :: math.ceil(len(users) / MOST_TICKS)]:
        if value - kept[-1] >= gap:
            kept.append(value)
    return kept


def long(figures: pd.DataFrame, values: dict[str, str], divisor: float = 1) -> pd.DataFrame:
    """One row per level and named column of `figures`: `mode`, `users`, `name`, `statistic`, `value`.

    `values` says how the statistic of a column is called; the value is divided by `divisor`.
    """
    named = figures.rename(columns=values)[["mode", "users", "name", *values.values()]]
    table = named.melt(["mode", "users", "name"], var_name="statistic", value_name="value")
    table = table.assign(
        mode=table["mode"].map(mode_name), name=table["name"].map(one_line), value=table["value"] / divisor
    )
    return table.dropna(subset=["value"]).reset_index(drop=True)
