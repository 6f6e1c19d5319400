"""P50, P95 and P99 of one metric, by users or by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from reports.charts.style import MOST_NAMES, PERCENT_COLOURS, WIDTH, colour, lines, long, styled
from reports.percentiles import PERCENTS

if TYPE_CHECKING:
    import pandas as pd

    from reports.analysis import Analysis
    from reports.texts import Language

HEIGHT = 190


def panels(analysis: Analysis, metric: str, title: str, unit: str, divisor: float = 1) -> Any:
    """One panel per mode that has the metric, `divisor` of its milliseconds a unit; None if none has."""
    figures = analysis.figures[analysis.figures[f"{metric}_count"] > 0]
    if figures.empty:
        return None
    data = long(analysis.say, figures, {f"{metric}_p{percent}": f"P{percent}" for percent in PERCENTS}, divisor)
    panel = _by_users if data["users"].notna().all() else _by_name
    shown = [panel(analysis.say, rows, f"{mode} ({unit})") for mode, rows in data.groupby("mode", sort=False)]
    whole = alt.vconcat(*shown, spacing=16, title=title)
    return styled(whole.resolve_scale(y="shared") if panel is _by_users else whole.resolve_scale(x="shared"))


def _by_users(say: Language, data: pd.DataFrame, axis: str) -> Any:
    return lines(say, data, data["users"], axis, HEIGHT, color=colour("statistic", data["statistic"], PERCENT_COLOURS))


def _by_name(_say: Language, data: pd.DataFrame, axis: str) -> Any:
    names = list(dict.fromkeys(data["name"]))[:MOST_NAMES]
    return (
        alt.Chart(data[data["name"].isin(names)], width=WIDTH)
        .mark_point(size=70, filled=True, opacity=1)
        .encode(
            x=alt.X("value:Q", title=axis, scale=alt.Scale(zero=True)),
            y=alt.Y("name:N", title=None, sort=names, axis=alt.Axis(labelLimit=220)),
            color=colour("statistic", data["statistic"], PERCENT_COLOURS),
        )
    )
