"""Throughput against speed: what a level gives all users together, and what it leaves for each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from reports.charts.style import INK, WIDTH, axis_of, drawn, mode_colours, styled

if TYPE_CHECKING:
    from reports.edition import Edition

HEIGHT = 260
LEAST_LEVELS = 2


def chart(analysis: Edition) -> Any:
    """Output tokens/s by tokens/s for each user, the levels joined in their order; None with fewer than two.

    The best levels are at the top right: the more users, the further a point is to the top, and to the left
    where each of them gets less.
    """
    figures, say = drawn(analysis.figures), analysis.say
    figures = figures[figures["load"].notna() & (figures["speed_per_s"] > 0) & (figures["output_tokens_per_s"] > 0)]
    if len(figures) < LEAST_LEVELS:
        return None
    data = pd.DataFrame(
        {
            "speed": figures["speed_per_s"],
            "throughput": figures["output_tokens_per_s"],
            "load": figures["load"],
            "label": [f"{load:,.6g}" for load in figures["load"]],
        }
    )
    places = {
        "x": alt.X(
            "speed:Q",
            title=axis_of(say, "axis.speed", "streaming"),
            scale=alt.Scale(zero=False, padding=20),
            axis=alt.Axis(tickCount=6),
        ),
        "y": alt.Y("throughput:Q", title=say("axis.output_tokens_per_s"), scale=alt.Scale(zero=True)),
    }
    shade = mode_colours(say)[say.mode("streaming")]
    base = alt.Chart(data, width=WIDTH, height=HEIGHT)
    line = base.mark_line(color=shade, strokeWidth=2).encode(**places, order=alt.Order("load:Q"))
    points = base.mark_point(color=shade, size=50, filled=True, opacity=1).encode(**places)
    words = base.mark_text(color=INK, fontSize=12, dx=8, dy=-8, align="left").encode(**places, text=alt.Text("label:N"))
    return styled(alt.layer(line, points, words).properties(title=say("chart.pareto")))
