"""The run in time: what became of the calls, second by second, and which level ran."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from reports.charts.style import FAILURE_SHADES, GREY, GRID, INK, WIDTH, axis_of, level_label, mode_colours, styled
from reports.markdown import one_line
from reports.numbers.quota import THROTTLED
from reports.reading.blocks import blocks, ended_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reports.edition import Edition
    from reports.texts import Language

HEIGHT = 190
MOST_BARS = 160
HEADROOM = 1.25
"""Room above the highest bar for the names of the modes and the users of the levels."""
LONGEST_IN_SECONDS = 180
MOST_TICKS = 10
DIGIT_PX, BETWEEN_LABELS_PX = 7, 8
MODES = ("streaming", "non_streaming")
MODE_PX = 84
"""Room for the name of a mode."""


def chart(analysis: Edition) -> Any:
    """Calls per second by when they ended, stacked by outcome; bands of levels behind; None without calls."""
    calls = analysis.levels.calls
    if calls.empty:
        return None
    start, last = _span(analysis)
    length_s = max(last - start, 1.0)
    unit_s = 60 if length_s > LONGEST_IN_SECONDS else 1
    bars = _scaled(_bars(analysis, start, length_s), unit_s)
    bands = _scaled(_bands(analysis, start, length_s), unit_s)
    layers = [*_behind(bands, float(bars["to"].max())), _stack(analysis, bars, unit_s)]
    title = analysis.say("chart.timeline" if bands.empty else "chart.timeline.levels")
    return styled(alt.layer(*layers).properties(width=WIDTH, height=HEIGHT, title=title))


def _span(analysis: Edition) -> tuple[float, float]:
    """From the first start to the last end of a call, but no further than the run itself: one row can be wrong."""
    calls, run = analysis.levels.calls, analysis.run
    start = float(calls["started_at"].min())
    last = max(float(ended_at(calls.iloc[block]).max()) for block in blocks(len(calls)))
    from_, to = run.number("started_at"), run.number("ended_at")
    if from_ is None or to is None or not max(start, from_) < min(last, to):
        return start, last
    return max(start, from_), min(last, to)


def _outcomes(analysis: Edition, calls: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Which calls had which outcome: success in a mode, a category of failure, cut off."""
    error, mode = calls["error"].to_numpy(), calls["mode"].to_numpy()
    is_ok, failed = ((calls["outcome"] == name).to_numpy() for name in ("ok", "failed"))
    named, say = _categories(analysis), analysis.say
    found = {_ok(say, one): is_ok & (mode == one) for one in MODES}
    found |= {one_line(category): failed & (error == category) for category in named}
    found[say("legend.failed")] = failed & ~np.isin(error, named)
    found[say("legend.cancelled")] = (calls["outcome"] == "cancelled").to_numpy()
    return found


def _ok(say: Language, mode: str) -> str:
    return axis_of(say, "legend.ok", mode)


def _categories(analysis: Edition) -> list[str]:
    """The categories of failure that have a shade of their own: throttling first, then those with the most calls."""
    rows = analysis.failures_by_level
    if rows.empty:
        return []
    totals = (rows["measured"] + rows["other"]).groupby(rows["error"]).sum().sort_values(ascending=False, kind="stable")
    ordered = sorted(totals.index, key=lambda category: category != THROTTLED)
    return ordered if len(ordered) <= len(FAILURE_SHADES) else ordered[: len(FAILURE_SHADES) - 1]


def _colours(analysis: Edition) -> dict[str, str]:
    """The colours of the outcomes, by their words."""
    say, modes = analysis.say, mode_colours(analysis.say)
    named = [one_line(category) for category in _categories(analysis)]
    colours = {_ok(say, mode): modes[say.mode(mode)] for mode in MODES}
    colours |= dict(zip(named, FAILURE_SHADES, strict=False))
    return colours | {say("legend.failed"): FAILURE_SHADES[-1], say("legend.cancelled"): GREY}


def _bars(analysis: Edition, start: float, length_s: float) -> pd.DataFrame:
    width_s = next((step for step in _steps() if length_s / step <= MOST_BARS), math.ceil(length_s / MOST_BARS))
    edges = np.arange(0, length_s + width_s, width_s)
    counts: dict[str, NDArray[np.intp]] = {}
    for block in blocks(len(analysis.levels.calls)):
        calls = analysis.levels.calls.iloc[block]
        since_s = np.clip(ended_at(calls) - start, 0, length_s)
        for name, chosen in _outcomes(analysis, calls).items():
            ended, _ = np.histogram(since_s[chosen], edges)
            counts[name] = counts[name] + ended if name in counts else ended
    parts = []
    for order, (name, ended) in enumerate(counts.items()):
        rows = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "rate": ended / width_s})
        parts.append(rows.loc[ended > 0].assign(outcome=name, order=order))
    return pd.concat(parts)


def _steps() -> list[int]:
    return [unit * step for unit in (1, 60, 3600, 86400) for step in (1, 2, 5, 10, 15, 30)]


def _scaled(rows: pd.DataFrame, unit_s: float) -> pd.DataFrame:
    return rows.assign(**{column: rows[column] / unit_s for column in ("from", "to", "middle") if column in rows})


def _stack(analysis: Edition, bars: pd.DataFrame, unit_s: float) -> Any:
    say = analysis.say
    named = _colours(analysis)
    present = [name for name in named if name in set(bars["outcome"])]
    top = HEADROOM * float(bars.groupby("from")["rate"].sum().max())
    end = float(bars["to"].max())
    scale = alt.Scale(domain=present, range=[named[name] for name in present])
    return (
        alt.Chart(bars)
        .mark_bar(binSpacing=0.5)
        .encode(
            x=alt.X(
                "from:Q",
                bin="binned",
                title=say("axis.since_s" if unit_s == 1 else "axis.since_min"),
                scale=alt.Scale(domain=[0, end], nice=False),
                axis=alt.Axis(grid=False, values=_ticks(end), format=",d"),
            ),
            x2=alt.X2("to:Q"),
            y=alt.Y("rate:Q", title=say("axis.calls"), stack=True, scale=alt.Scale(domain=[0, top], nice=False)),
            color=alt.Color("outcome:N", title=None, scale=scale, legend=alt.Legend(columns=4)),
            order=alt.Order("order:Q"),
        )
    )


def _ticks(end: float) -> list[int]:
    """Whole seconds or minutes, so few that their labels do not touch."""
    step = next((step for step in _steps() if end / step <= MOST_TICKS), math.ceil(end / MOST_TICKS))
    return list(range(0, math.floor(end) + 1, step))


def _bands(analysis: Edition, start: float, length_s: float) -> pd.DataFrame:
    """The windows of the levels, with their modes and their users."""
    table = analysis.levels.table
    table = table[table["window_s"].notna() & table["load"].notna()].sort_values("measured_from")
    bands = pd.DataFrame(
        {
            "from": (table["measured_from"] - start).clip(lower=0),
            "to": (table["measured_to"] - start).clip(upper=length_s),
            "mode": table["mode"].map(analysis.say.mode),
            "label": [_load(row) for _, row in table.iterrows()],
        }
    )
    return bands.assign(middle=(bands["from"] + bands["to"]) / 2)


def _load(row: pd.Series[Any]) -> str:
    """The load of a level, or its rates from start to end."""
    ends = dict.fromkeys(f"{row[name]:,.6g}" for name in ("rate_from_per_s", "rate_to_per_s"))
    return level_label(row) if row.isna()["rate_from_per_s"] else " → ".join(ends)


def _behind(bands: pd.DataFrame, end: float) -> list[Any]:
    """The windows tinted; above them the users of each level, and above these a line for each mode, with its name."""
    if bands.empty:
        return []
    px = WIDTH / end
    base, modes = alt.Chart(bands.assign(label=_apart(bands, px))), alt.Chart(_modes(bands, px))
    tint = base.mark_rect(color=GRID, opacity=0.7).encode(x=alt.X("from:Q"), x2=alt.X2("to:Q"))
    users = base.mark_text(color=INK, fontSize=11, baseline="top").encode(
        x=alt.X("middle:Q"), y=alt.value(18), text=alt.Text("label:N")
    )
    line = modes.mark_rule(color=GREY).encode(x=alt.X("from:Q"), x2=alt.X2("to:Q"), y=alt.value(14))
    name = modes.mark_text(color=INK, fontSize=11, baseline="bottom").encode(
        x=alt.X("place:Q"), y=alt.value(12), text=alt.Text("mode:N")
    )
    return [tint, users, line, name]


def _apart(bands: pd.DataFrame, px: float) -> list[str]:
    """The labels of the bands; none where it would run into the one before."""
    shown: list[str] = []
    free_px = 0.0
    for middle, label in zip(bands["middle"] * px, bands["label"], strict=True):
        half_px = (len(label) * DIGIT_PX + BETWEEN_LABELS_PX) / 2
        fits = middle - half_px >= free_px or not shown
        shown.append(label if fits else "")
        free_px = middle + half_px if fits else free_px
    return shown


def _modes(bands: pd.DataFrame, px: float) -> pd.DataFrame:
    """From where to where each mode ran, and where its name stands: in the middle, but not beyond the edge.

    Modes that ran together, as in a replay of both, have one line, with both names.
    """
    modes = bands.groupby("mode", sort=False).agg({"from": "min", "to": "max"}).reset_index().sort_values("from")
    alone = (modes["from"] >= modes["to"].cummax().shift(fill_value=-math.inf)).cumsum()
    modes = modes.groupby(alone).agg({"mode": ", ".join, "from": "min", "to": "max"})
    room = MODE_PX / 2 / px
    return modes.assign(place=((modes["from"] + modes["to"]) / 2).clip(room, WIDTH / px - room))
