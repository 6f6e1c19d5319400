"""Streaming and non-streaming side by side: the first token, and the whole answer both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from reports.charts.style import BLUE, GREEN, LIGHT_BLUE, colour, drawn, lines, styled
from reports.numbers.gain import pairs

if TYPE_CHECKING:
    from reports.edition import Edition

HEIGHT = 190
CURVES = (
    ("legend.first", "streaming", "ttft_ms_p50", LIGHT_BLUE),
    ("legend.whole_streaming", "streaming", "latency_ms_p50", BLUE),
    ("legend.whole_non", "non_streaming", "latency_ms_p50", GREEN),
)


def chart(analysis: Edition) -> Any:
    """P50 in seconds by users; None if no level ran in both modes."""
    found, say, figures = pairs(analysis.as_asked), analysis.say, analysis.figures
    if found.empty:
        return None
    unit = drawn(figures)["unit"].iloc[0]
    data = pd.concat(
        pd.DataFrame(
            {
                "load": found.index.astype("float64"),
                "unit": unit,
                "value": figures.loc[found[mode], column].to_numpy() / 1000,
                "what": say(legend),
            }
        )
        for legend, mode, column, _ in CURVES
    )
    colours = {say(legend): shade for legend, _, _, shade in CURVES}
    shapes = alt.Scale(domain=list(colours), range=["circle", "square", "triangle-up"])
    shape = alt.Shape("what:N", title=None, scale=shapes)
    encodings = {"color": colour("what", data["what"], colours), "shape": shape}
    curve = lines(say, data, data, say("axis.seconds"), HEIGHT, **encodings)
    return styled(curve.properties(title=say("chart.gain")))
