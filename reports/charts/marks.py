"""What warns of a point: hollow where too little stands behind it, shaded where the client was the limit."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from reports.charts.style import GREY, MODE_COLOURS, load_domain
from reports.numbers.percentiles import is_open

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.edition import Edition

SHADE = 0.16


def shaky(figures: pd.DataFrame, metric: str, percent: float) -> pd.Series[bool]:
    """The levels in which the interval of a percentile of the metric does not close."""
    name = f"{metric}_p{percent:g}"
    return pd.Series([is_open(row, name) for _, row in figures.iterrows()], index=figures.index, dtype="bool")


def cut_short(figures: pd.DataFrame) -> pd.Series[bool]:
    """The levels that did not run to their end."""
    return figures["completed"] == "false"


def shaded(analysis: Edition, figures: pd.DataFrame, *, by_mode: bool = False) -> list[Any]:
    """Behind each level that the client held up a band as wide as its place, grey or in the colour of its mode."""
    late = figures[figures.index.isin(analysis.late) & figures["load"].notna()]
    if late.empty:
        return []
    low, high = load_domain(figures["load"])
    places = sorted(set(figures["load"].dropna()))
    middles = [(one + other) / 2 for one, other in pairwise(places)]
    edges = dict(zip(places, zip([low, *middles], [*middles, high], strict=True), strict=True))
    colours = {mode.replace("-", "_"): shade for mode, shade in MODE_COLOURS.items()}
    late = late.assign(shade=late["mode"].map(colours) if by_mode else GREY)
    title = analysis.say(f"axis.{figures['unit'].iloc[0]}")
    return [_band(title, [edges[load] for load in rows["load"]], str(shade)) for shade, rows in late.groupby("shade")]


def _band(title: str, spans: Sequence[tuple[float, float]], shade: str) -> Any:
    band = alt.Chart(pd.DataFrame(spans, columns=["from", "to"])).mark_rect(color=shade, opacity=SHADE)
    return band.encode(x=alt.X("from:Q", title=title), x2=alt.X2("to:Q"))


def headed(analysis: Edition, title: str, figures: pd.DataFrame, notes: Sequence[str] = (), *, shaky: bool) -> Any:
    """The title of a chart, and under it what its marks mean."""
    late = bool((figures.index.isin(analysis.late) & figures["load"].notna()).any())
    found = [*notes, *(["note.hollow"] if shaky else []), *(["note.late"] if late else [])]
    lines = [analysis.say(note) for note in found]
    return alt.TitleParams(title, subtitle=lines) if lines else title
