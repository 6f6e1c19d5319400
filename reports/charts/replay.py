"""A replay in time: the calls of the trace, and those that were made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from reports.charts.style import BLUE, GREY, WIDTH, styled

if TYPE_CHECKING:
    from reports.edition import Edition

HEIGHT = 170
LONGEST_IN_SECONDS = 180


def chart(analysis: Edition) -> Any:
    """Calls a second asked for, as a grey area, and made, as a line; None without a replay."""
    found, say = analysis.replay, analysis.say
    if found is None or found.over_time.empty:
        return None
    unit_s = 60 if float(found.over_time["to_s"].max()) > LONGEST_IN_SECONDS else 1
    names = {"asked_per_s": say("legend.asked"), "made_per_s": say("legend.made")}
    rows = pd.concat([_steps(found.over_time, column, unit_s).assign(what=name) for column, name in names.items()])
    x = alt.X("at:Q", title=say(f"axis.since_start_{'min' if unit_s == 60 else 's'}"), axis=alt.Axis(tickCount=8))
    y = alt.Y("rate:Q", title=say("axis.calls_per_s"), scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5))
    colours = alt.Color("what:N", title=None, scale=alt.Scale(domain=[*names.values()], range=[GREY, BLUE]))
    asked, made = (alt.Chart(rows[rows["what"] == name], width=WIDTH, height=HEIGHT) for name in names.values())
    layers = (
        asked.mark_area(interpolate="step-after", opacity=0.3).encode(x=x, y=y, color=colours),
        made.mark_line(interpolate="step-after", strokeWidth=1.5).encode(x=x, y=y, color=colours),
    )
    return styled(alt.layer(*layers).properties(title=say("chart.replay")))


def _steps(over_time: pd.DataFrame, column: str, unit_s: float) -> pd.DataFrame:
    """A value for the start of each stretch, and one for the end of the last."""
    starts = pd.DataFrame({"at": over_time["from_s"] / unit_s, "rate": over_time[column]})
    end = pd.DataFrame(
        {"at": [float(over_time["to_s"].iloc[-1]) / unit_s], "rate": [float(over_time[column].iloc[-1])]}
    )
    return pd.concat([starts, end], ignore_index=True).round(6)
