"""Failed calls of each level, stacked by category."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from reports.charts.style import BLUE, DARK_BLUE, GREEN, GREY, LIGHT_BLUE, ORANGE, RED, WIDTH, styled
from reports.markdown import one_line
from reports.numbers.quota import THROTTLED

if TYPE_CHECKING:
    import pandas as pd

    from reports.edition import Edition

REST = "…"
COLOURS = (RED, BLUE, GREEN, DARK_BLUE, LIGHT_BLUE, GREY)
HEIGHT_PER_LEVEL = 24
MOST_CATEGORIES = 6
MOST_LEVELS = 40
FEW = 10


def chart(analysis: Edition) -> Any:
    """One bar per level that had failures; None if none had."""
    rows = analysis.failures_by_level
    if rows.empty or rows.index.nunique() < 2:
        return None
    order = list(dict.fromkeys(rows.index))[:MOST_LEVELS]
    data, categories = _data(analysis, rows[rows.index.isin(order)])
    labels = [_label(analysis, key) for key in order]
    scale = alt.Scale(domain=categories, range=_colours(categories))
    most = int(data.groupby("level")["calls"].sum().max())
    # Of a few calls Vega would draw half ones.
    axis = alt.Axis(format=",d", values=list(range(most + 1))) if most < FEW else alt.Axis(format=",d")
    return styled(
        alt.Chart(data, width=WIDTH - 120, height=alt.Step(HEIGHT_PER_LEVEL), title=analysis.say("chart.failures"))
        .mark_bar()
        .encode(
            x=alt.X("calls:Q", title=analysis.say("axis.failed"), axis=axis),
            y=alt.Y("level:N", title=None, sort=labels, axis=alt.Axis(labelLimit=220)),
            color=alt.Color("error:N", title=None, sort=categories, scale=scale, legend=alt.Legend(columns=3)),
            order="order:Q",
        )
    )


def _data(analysis: Edition, rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    rows = rows.assign(calls=rows["measured"] + rows["other"], error=rows["error"].map(one_line).str[:60])
    totals = rows.groupby("error")["calls"].sum().sort_values(ascending=False, kind="stable")
    kept = list(totals.index[:MOST_CATEGORIES])
    rows = rows.assign(error=rows["error"].where(rows["error"].isin(kept), REST))
    categories = [*kept, REST] if len(totals) > len(kept) else kept
    sums = rows.reset_index().groupby(["key", "error"], sort=False)["calls"].sum()
    data = sums.reset_index()
    data["level"] = [_label(analysis, key) for key in data["key"]]
    data["order"] = [categories.index(error) for error in data["error"]]
    return data, categories


def _colours(categories: list[str]) -> list[str]:
    """Throttling in the colour that it has in the timeline."""
    others = iter(COLOURS)
    fixed = {THROTTLED: ORANGE, REST: GREY}
    return [fixed.get(category) or next(others) for category in categories]


def _label(analysis: Edition, key: str) -> str:
    row, say = analysis.level(key), analysis.say
    mode = say.mode(row["mode"])
    name = one_line(str(row["name"]))[:60]
    return (
        f"{mode}, {name}" if row.isna()["users"] else say("level.at", mode=mode, users=say.noun(row["users"], "user"))
    )
