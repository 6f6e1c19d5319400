"""P50, P95 and P99 of one metric, by users or by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from reports.charts.marks import headed, shaded, shaky
from reports.charts.style import (
    GROUND,
    MOST_NAMES,
    PERCENT_COLOURS,
    WIDTH,
    axis_of,
    colour,
    drawn,
    lines,
    long,
    once,
    styled,
)
from reports.numbers.percentiles import PERCENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.edition import Edition
    from reports.texts import Language

HEIGHT = 190


def panels(analysis: Edition, metric: str, title: str, divisor: float = 1) -> Any:
    """One panel per mode that has the metric, `divisor` of its milliseconds a unit; None if none has."""
    figures = once(drawn(analysis.figures[analysis.figures[f"{metric}_count"] > 0]))
    if figures.empty:
        return None
    say, has_loads = analysis.say, bool(figures["load"].notna().all())
    shown, hollow = [], False
    for mode, rows in figures.groupby("mode", sort=False):
        data, axis = statistics(say, rows, metric, PERCENTS, divisor), axis_of(say, f"axis.{metric}", str(mode))
        hollow = hollow or bool(data["hollow"].any())
        panel = _by_load(say, data, axis) if has_loads else _by_name(say, data, axis)
        shown.append(alt.layer(*bands, panel) if (bands := shaded(analysis, rows)) else panel)
    whole = alt.vconcat(*shown, spacing=16, title=headed(analysis, title, figures, shaky=hollow))
    return styled(whole.resolve_scale(y="shared") if has_loads else whole.resolve_scale(x="shared"))


def statistics(
    say: Language, figures: pd.DataFrame, metric: str, percents: Sequence[float], divisor: float
) -> pd.DataFrame:
    """These percentiles of each level as `style.long` has them, hollow where too few calls stand behind one."""
    return pd.concat(
        [
            long(
                say,
                figures.assign(hollow=shaky(figures, metric, point)),
                {f"{metric}_p{point:g}": f"P{point:g}"},
                divisor,
            )
            for point in percents
        ],
        ignore_index=True,
    )


def _by_load(say: Language, data: pd.DataFrame, axis: str) -> Any:
    return lines(say, data, data, axis, HEIGHT, color=colour("statistic", data["statistic"], PERCENT_COLOURS))


def _by_name(_say: Language, data: pd.DataFrame, axis: str) -> Any:
    names = list(dict.fromkeys(data["name"]))[:MOST_NAMES]
    shown = data[data["name"].isin(names)]
    encodings = {
        "x": alt.X("value:Q", title=axis, scale=alt.Scale(zero=True)),
        "y": alt.Y("name:N", title=None, sort=names, axis=alt.Axis(labelLimit=220)),
        "color": colour("statistic", data["statistic"], PERCENT_COLOURS),
    }
    points = alt.Chart(shown, width=WIDTH).mark_point(size=70, filled=True, opacity=1).encode(**encodings)
    if not shown["hollow"].any():
        return points
    hollow = alt.Chart(shown[shown["hollow"]]).mark_point(size=70, filled=False, fill=GROUND, strokeWidth=2, opacity=1)
    return alt.layer(points, hollow.encode(**encodings))
