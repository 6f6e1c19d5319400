"""The run in time: what became of the calls, second by second, and which level ran."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from reports.blocks import blocks, ended_at
from reports.charts.style import BLUE, GREY, GRID, INK, ORANGE, RED, WIDTH, level_label, styled
from reports.quota import THROTTLED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reports.analysis import Analysis

HEIGHT = 190
MOST_BARS = 160
HEADROOM = 1.2
"""Room above the highest bar for the labels of the bands."""
LONGEST_IN_SECONDS = 180
BAND_LABEL_PX = 20
"""A band that is narrower has no label."""


def chart(analysis: Analysis) -> Any:
    """Calls per second by when they ended, stacked by outcome; bands of levels behind; None without calls."""
    calls = analysis.levels.calls
    if calls.empty:
        return None
    start, last = _span(analysis)
    length_s = max(last - start, 1.0)
    bars = _bars(analysis, start, length_s)
    unit_s = 60 if length_s > LONGEST_IN_SECONDS else 1
    bands = _bands(analysis, start, length_s)
    layers = [*_behind(_scaled(bands, unit_s)), _stack(analysis, _scaled(bars, unit_s), unit_s)]
    title = analysis.say("chart.timeline.levels" if bands["label"].any() else "chart.timeline")
    return styled(alt.layer(*layers).properties(width=WIDTH, height=HEIGHT, title=title))


def _span(analysis: Analysis) -> tuple[float, float]:
    """From the first start to the last end of a call, but no further than the run itself: one row can be wrong."""
    calls, run = analysis.levels.calls, analysis.run
    start = float(calls["started_at"].min())
    last = max(float(ended_at(calls.iloc[block]).max()) for block in blocks(len(calls)))
    from_, to = run.number("started_at"), run.number("ended_at")
    if from_ is None or to is None or not max(start, from_) < min(last, to):
        return start, last
    return max(start, from_), min(last, to)


def _outcomes(calls: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    throttled = (calls["error"] == THROTTLED).to_numpy()
    shown = {name: (calls["outcome"] == name).to_numpy() for name in ("ok", "failed", "cancelled")}
    return {
        "ok": shown["ok"],
        "throttled": throttled,
        "failed": shown["failed"] & ~throttled,
        "cancelled": shown["cancelled"],
    }


def _bars(analysis: Analysis, start: float, length_s: float) -> pd.DataFrame:
    width_s = next((step for step in _steps() if length_s / step <= MOST_BARS), math.ceil(length_s / MOST_BARS))
    edges = np.arange(0, length_s + width_s, width_s)
    counts: dict[str, NDArray[np.intp]] = {}
    for block in blocks(len(analysis.levels.calls)):
        calls = analysis.levels.calls.iloc[block]
        since_s = np.clip(ended_at(calls) - start, 0, length_s)
        for name, chosen in _outcomes(calls).items():
            ended, _ = np.histogram(since_s[chosen], edges)
            counts[name] = counts[name] + ended if name in counts else ended
    parts = []
    for order, (name, ended) in enumerate(counts.items()):
        rows = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "rate": ended / width_s})
        parts.append(rows.loc[ended > 0].assign(outcome=analysis.say(f"legend.{name}"), order=order))
    return pd.concat(parts)


def _steps() -> list[int]:
    return [unit * step for unit in (1, 60, 3600, 86400) for step in (1, 2, 5, 10, 15, 30)]


def _scaled(rows: pd.DataFrame, unit_s: float) -> pd.DataFrame:
    return rows.assign(**{column: rows[column] / unit_s for column in ("from", "to", "middle") if column in rows})


def _stack(analysis: Analysis, bars: pd.DataFrame, unit_s: float) -> Any:
    say = analysis.say
    colours = {"ok": BLUE, "throttled": ORANGE, "failed": RED, "cancelled": GREY}
    named = {say(f"legend.{name}"): colour for name, colour in colours.items()}
    present = [name for name in named if name in set(bars["outcome"])]
    top = HEADROOM * float(bars.groupby("from")["rate"].sum().max())
    scale = alt.Scale(domain=present, range=[named[name] for name in present])
    return (
        alt.Chart(bars)
        .mark_bar(binSpacing=0.5)
        .encode(
            x=alt.X(
                "from:Q",
                bin="binned",
                title=say("axis.since_s" if unit_s == 1 else "axis.since_min"),
                axis=alt.Axis(grid=False),
            ),
            x2="to:Q",
            y=alt.Y("rate:Q", title=say("axis.calls"), stack=True, scale=alt.Scale(domain=[0, top], nice=False)),
            color=alt.Color("outcome:N", title=None, scale=scale),
            order="order:Q",
        )
    )


def _bands(analysis: Analysis, start: float, length_s: float) -> pd.DataFrame:
    """The windows of the levels, every second one tinted, with their users."""
    table = analysis.levels.table
    table = table[table["window_s"].notna() & table["users"].notna()].sort_values("measured_from")
    bands = pd.DataFrame(
        {
            "from": (table["measured_from"] - start).clip(lower=0),
            "to": (table["measured_to"] - start).clip(upper=length_s),
            "label": [level_label(row) for _, row in table.iterrows()],
        }
    )
    wide = (bands["to"] - bands["from"]) / length_s * WIDTH >= BAND_LABEL_PX
    return bands.assign(label=bands["label"].where(wide, ""), middle=(bands["from"] + bands["to"]) / 2)


def _behind(bands: pd.DataFrame) -> list[Any]:
    if bands.empty:
        return []
    base = alt.Chart(bands)
    tint = base.mark_rect(color=GRID, opacity=0.7).encode(x="from:Q", x2="to:Q")
    label = base.mark_text(color=INK, fontSize=11, dy=4, baseline="top").encode(
        x="middle:Q", y=alt.value(0), text="label:N"
    )
    return [tint, label]
