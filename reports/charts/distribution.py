"""The distribution of latency: for each level, the share of calls that took no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from reports.charts.style import RAMP, WIDTH, axis_of, drawn, level_label, styled

if TYPE_CHECKING:
    from reports.edition import Edition

HEIGHT = 190
POINTS = 120
MOST_LEVELS = 8
LEAST_CALLS = 5


def chart(analysis: Edition) -> Any:
    """One panel per mode, a line per level, darker with more users; None if no level has calls enough."""
    say, figures = analysis.say, drawn(analysis.figures)
    figures = figures[figures["latency_ms_count"] >= LEAST_CALLS]
    if figures.empty:
        return None
    panels = [_panel(analysis, rows, str(mode)) for mode, rows in figures.groupby("mode", sort=False)]
    whole = alt.vconcat(*panels, spacing=16, title=say("chart.distribution")).resolve_scale(
        x="shared", color="independent"
    )
    return styled(whole)


def _panel(analysis: Edition, figures: pd.DataFrame, mode: str) -> Any:
    say = analysis.say
    shown = figures.iloc[
        np.unique(np.linspace(0, len(figures) - 1, min(len(figures), MOST_LEVELS)).round().astype(int))
    ]
    own = (shown["group"] != shown["group"].iloc[0]).any()
    labels = [" ".join([*([str(row["group"])] if own else []), level_label(row)]) for _, row in shown.iterrows()]
    data = pd.concat([_curve(analysis, str(key), label) for key, label in zip(shown.index, labels, strict=True)])
    title = say(f"axis.{shown['unit'].iloc[0]}") if shown["load"].notna().all() else None
    scale = alt.Scale(domain=labels, range=_shades(len(labels)))
    return (
        alt.Chart(data, width=WIDTH, height=HEIGHT)
        .mark_line(strokeWidth=2, interpolate="step-after")
        .encode(
            x=alt.X("value:Q", title=axis_of(say, "axis.latency_log", mode), scale=alt.Scale(type="log", nice=False)),
            y=alt.Y("share:Q", title=say("axis.share"), scale=alt.Scale(domain=[0, 100])),
            color=alt.Color("level:N", title=title, scale=scale, sort=labels, legend=alt.Legend(columns=8)),
            order=alt.Order("share:Q"),
        )
    )


def _curve(analysis: Edition, key: str, label: str) -> pd.DataFrame:
    ordered = analysis.levels.sample(key, "latency_ms")
    places = np.unique(np.linspace(0, len(ordered) - 1, min(len(ordered), POINTS)).round().astype(int))
    # A step up at each value; the first one from nothing.
    shares = np.concatenate([[0.0], 100 * (places + 1) / len(ordered)])
    values = np.maximum(ordered[np.concatenate([places[:1], places])].astype("float64") / 1000, 1e-4).round(6)
    return pd.DataFrame({"value": values, "share": shares.round(4), "level": label})


def _shades(count: int) -> list[str]:
    """From light to dark."""
    return [RAMP[round(place * (len(RAMP) - 1) / max(count - 1, 1))] for place in range(count)]
