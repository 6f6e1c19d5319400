"""How tokens and waiting go together: TTFT by prompt tokens, latency by output tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from reports.charts import style
from reports.charts.style import colour, mode_colours, styled

if TYPE_CHECKING:
    from reports.analysis import Analysis

WIDTH, HEIGHT = 285, 220
MOST_POINTS = 600
"""Of more calls every n-th is drawn."""
LEAST_VALUES = 2


def chart(analysis: Analysis) -> Any:
    """Two panels of points, one for each call; None if tokens are not known."""
    panels = [
        _panel(analysis, "input_tokens", "ttft_ms", 1, ["streaming"]),
        _panel(analysis, "output_tokens", "latency_ms", 1000, ["streaming", "non_streaming"]),
    ]
    shown = [panel for panel in panels if panel is not None]
    if len(shown) == 1:
        shown[0].width = style.WIDTH
    return styled(alt.hconcat(*shown, spacing=24, title=analysis.say("chart.tokens"))) if shown else None


def _panel(analysis: Analysis, tokens: str, metric: str, divisor: float, modes: list[str]) -> Any:
    say, calls = analysis.say, analysis.levels.calls
    known = analysis.levels.counted & (calls["outcome"] == "ok").to_numpy() & calls["mode"].isin(modes).to_numpy()
    known &= ~np.isnan(calls[tokens].to_numpy()) & ~np.isnan(calls[metric].to_numpy())
    places = np.flatnonzero(known)
    places = places[:: -(-len(places) // MOST_POINTS) or 1]
    data = pd.DataFrame(
        {
            "tokens": calls[tokens].to_numpy()[places],
            "value": (calls[metric].to_numpy()[places].astype("float64") / divisor).round(6),
            "mode": [say.mode(mode) for mode in calls["mode"].to_numpy()[places]],
        }
    )
    if data["tokens"].nunique() < LEAST_VALUES:
        return None
    return (
        alt.Chart(data, width=WIDTH, height=HEIGHT)
        .mark_circle(size=22, opacity=0.45)
        .encode(
            x=alt.X("tokens:Q", title=say(f"axis.{tokens}"), scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=6)),
            y=alt.Y("value:Q", title=say(f"axis.{metric}"), scale=alt.Scale(zero=True)),
            color=colour("mode", analysis.figures["mode"].map(say.mode), mode_colours(say)),
        )
    )
