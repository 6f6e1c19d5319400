"""How tokens and waiting go together: TTFT by prompt tokens, latency by output tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from reports.charts import style
from reports.charts.style import colour, mode_colours, styled
from reports.reading.blocks import blocks, codes
from reports.reading.levels import is_ok

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reports.edition import Edition

WIDTH, HEIGHT = 285, 220
MOST_POINTS = 600
"""Where there are more calls, every n-th is drawn."""
LEAST_VALUES = 2
Panel = tuple[str, str, float, tuple[str, ...]]
PANELS: tuple[Panel, ...] = (
    ("input_tokens", "ttft_ms", 1, ("streaming",)),
    ("output_tokens", "latency_ms", 1000, ("streaming", "non_streaming")),
)
"""Tokens, the metric, its milliseconds in a unit, the modes that have it."""


def chart(analysis: Edition) -> Any:
    """Two panels of points, one for each call; None if tokens are not known."""
    shown = [_panel(analysis, *panel) for panel in _shown(analysis)]
    if len(shown) == 1:
        shown[0].width = style.WIDTH
    return styled(alt.hconcat(*shown, spacing=24, title=analysis.say("chart.tokens"))) if shown else None


def alt_text(analysis: Edition) -> str:
    """What the panels show, in words."""
    say = analysis.say
    panels = [say(f"chart.tokens.{metric}") for _, metric, *_ in _shown(analysis)]
    return say.sentence(say("list.comma").join(panels))


def _shown(analysis: Edition) -> list[Panel]:
    """The panels with points that differ in their tokens."""
    return [panel for panel in PANELS if _points(analysis, *panel)["tokens"].nunique() >= LEAST_VALUES]


def _points(analysis: Edition, tokens: str, metric: str, divisor: float, modes: Sequence[str]) -> pd.DataFrame:
    say, calls = analysis.say, analysis.levels.calls
    chosen = analysis.levels.counted & is_ok(calls)
    chosen &= np.array([mode in modes for mode in calls["mode"].cat.categories])[codes(calls, "mode")]
    chosen &= ~np.isnan(calls[tokens].to_numpy()) & ~np.isnan(calls[metric].to_numpy())
    shown = calls.iloc[_some(chosen)]
    return pd.DataFrame(
        {
            "tokens": shown[tokens].to_numpy(),
            "value": (shown[metric].to_numpy().astype("float64") / divisor).round(6),
            "mode": [say.mode(mode) for mode in shown["mode"]],
        }
    )


def _panel(analysis: Edition, tokens: str, metric: str, divisor: float, modes: Sequence[str]) -> Any:
    say = analysis.say
    return (
        alt.Chart(_points(analysis, tokens, metric, divisor, modes), width=WIDTH, height=HEIGHT)
        .mark_circle(size=22, opacity=0.45)
        .encode(
            x=alt.X("tokens:Q", title=say(f"axis.{tokens}"), scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=6)),
            y=alt.Y("value:Q", title=say(f"axis.{metric}"), scale=alt.Scale(zero=True)),
            color=colour("mode", analysis.figures["mode"].map(say.mode), mode_colours(say)),
        )
    )


def _some(chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The places of the calls that are drawn, at most this number: every n-th of those chosen."""
    step, seen = max(-(-int(chosen.sum()) // MOST_POINTS), 1), 0
    places = [np.empty(0, dtype="intp")]
    for block in blocks(len(chosen)):
        found = block.start + np.flatnonzero(chosen[block])
        places.append(found[-seen % step :: step])
        seen += len(found)
    return np.concatenate(places)
