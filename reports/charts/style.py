"""What the charts share: colours, sizes, axes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import altair as alt

from reports.markdown import one_line
from reports.numbers.ramp import is_ramp

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from reports.texts import Language

WIDTH = 640
MOST_NAMES = 20
MOST_TICKS = 12
CLOSEST_TICKS = 24
"""Labels of the axis stand at least this part of its length apart."""

INK, GROUND, GRID = "#24292f", "#ffffff", "#e6e8eb"
# Blue, vermilion and green of Okabe and Ito, which people with any kind of colour vision can tell apart; red
# differs from them in lightness.
BLUE, ORANGE, RED, GREY, GREEN = "#0072b2", "#d55e00", "#82071e", "#6e7781", "#009e73"
FAILED, FAILED_LIGHT = "#cf222e", "#e8705f"
"""Failures, and nothing else, are red."""
LIGHT_BLUE, DARK_BLUE = "#5aa9d6", "#08304f"
DARK = {
    INK: "#d1d7e0",
    GROUND: "#0d1117",
    GRID: "#2a313c",
    BLUE: "#58a6e8",
    ORANGE: "#e8742a",
    RED: "#ffd0cc",
    FAILED: "#ff6a62",
    FAILED_LIGHT: "#c24a43",
    GREY: "#9198a1",
    GREEN: "#3fd0a4",
    LIGHT_BLUE: "#2f6f9f",
    DARK_BLUE: "#c2e0f7",
}
"""Colour on a light page -> colour on a dark one."""
RAMP = ("#9ecae9", "#6fb2dd", "#4498cb", "#207ab5", "#0f5f99", "#0b4a7a", "#09385d", "#062540")
"""Shades for more and more users; on a dark page the other way round."""
DARK |= dict(
    zip(
        RAMP,
        reversed(("#e3f1fb", "#c3e0f5", "#9ecbed", "#75b4e3", "#4f9bd3", "#3781b8", "#28689a", "#1f517a")),
        strict=True,
    )
)
MODE_COLOURS = {"streaming": BLUE, "non-streaming": GREEN}
PERCENT_COLOURS = {"P50": LIGHT_BLUE, "P95": BLUE, "P99": DARK_BLUE}
FAILURE_SHADES = (FAILED, RED, FAILED_LIGHT)
"""For throttling, or what failed most, and for what failed besides."""
SERIES = (BLUE, ORANGE, GREEN, GREY, LIGHT_BLUE, DARK_BLUE)
"""For runs side by side."""


def themed(svg: str) -> str:
    """The drawing with colours that follow the theme of the reader: opaque, so legible where that is not known."""
    rules = "".join(
        f'[fill="{light}"]{{fill:{dark}}}[stroke="{light}"]{{stroke:{dark}}}' for light, dark in DARK.items()
    )
    style = f"<style>@media screen and (prefers-color-scheme:dark){{{rules}}}</style>"
    start = svg.index(">", svg.index("<svg")) + 1
    return svg[:start] + style + svg[start:]


def styled(chart: Any) -> Any:
    """The chart in the colours and sizes of the report."""
    # Not by configure() and its kin: each of them copies the chart with all of its data.
    chart.config = alt.Config(
        background=GROUND,
        padding=12,
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            gridColor=GRID,
            domainColor=GREY,
            tickColor=GREY,
            labelColor=INK,
            titleColor=INK,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
        ),
        title=alt.TitleConfig(fontSize=14, anchor="start", offset=8, color=INK, subtitleColor=INK, subtitleFontSize=12),
        legend=alt.LegendConfig(
            labelFontSize=12,
            labelColor=INK,
            titleColor=INK,
            symbolBaseFillColor=INK,
            symbolBaseStrokeColor=INK,
            labelLimit=260,
            orient="top",
            offset=6,
            columns=5,
        ),
    )
    return chart


def lines(say: Language, data: pd.DataFrame, levels: pd.DataFrame, axis: str, height: int, **encodings: Any) -> Any:
    """Lines with a point per level: `value` by `load`, on an axis made for all these levels; `hollow` points so."""
    places = {
        "x": load_axis(levels["load"], say(f"axis.{levels['unit'].iloc[0]}")),
        "y": alt.Y("value:Q", title=axis, scale=alt.Scale(zero=True, nice=5), axis=alt.Axis(tickCount=5)),
    }
    curve = alt.Chart(data, width=WIDTH, height=height).mark_line(
        point=alt.OverlayMarkDef(size=50, filled=True), strokeWidth=2
    )
    curve = curve.encode(**places, **encodings)
    if "hollow" not in data or not data["hollow"].any():
        return curve
    points = {name: encoding for name, encoding in encodings.items() if name != "strokeDash"}
    hollow = alt.Chart(data[data["hollow"]]).mark_point(size=50, filled=False, fill=GROUND, strokeWidth=2, opacity=1)
    return alt.layer(curve, hollow.encode(**places, **points))


def colour(variable: str, occurring: pd.Series[str], colours: dict[str, str]) -> alt.Color:
    """A colour for each value of the variable that occurs, always the same one."""
    present = [value for value in colours if value in set(occurring)]
    scale = alt.Scale(domain=present, range=[colours[value] for value in present])
    return alt.Color(f"{variable}:N", title=None, scale=scale)


def mode_colours(say: Language) -> dict[str, str]:
    """The colours of the modes, by their names."""
    return {say.mode(mode.replace("-", "_")): colour for mode, colour in MODE_COLOURS.items()}


def load_axis(loads: pd.Series[float], title: str) -> alt.X:
    """The load of levels, with a little room on both sides."""
    return alt.X(
        "load:Q",
        title=title,
        scale=alt.Scale(domain=load_domain(loads), nice=False, zero=False),
        axis=alt.Axis(values=ticks(sorted(set(loads))), format=",.6~g"),
    )


def load_domain(loads: pd.Series[float]) -> list[float]:
    """Where the axis of loads starts and ends."""
    low, high = float(loads.min()), float(loads.max())
    room = max((high - low) * 0.03, 0.5 if high >= 10 or high == int(high) else high / 10)
    return [low - room, high + room]


def ticks(loads: Sequence[float]) -> list[float]:
    """The levels as ticks; of many or crowded ones only some, so that the labels do not touch."""
    gap = (loads[-1] - loads[0]) / CLOSEST_TICKS
    kept = list(loads[:1])
    for value in loads[1 :: math.ceil(len(loads) / MOST_TICKS)]:
        if value - kept[-1] >= gap:
            kept.append(value)
    return kept


def long(say: Language, figures: pd.DataFrame, values: dict[str, str], divisor: float = 1) -> pd.DataFrame:
    """One row per level and named column of `figures`: `mode`, `load`, `unit`, `name`, `statistic`, `value`, `hollow`.

    `values` says how the statistic of a column is called; the value is divided by `divisor`.
    """
    same = ["mode", "load", "unit", "name", "hollow"]
    hollow = figures.get("hollow", False)
    named = figures.assign(hollow=hollow).rename(columns=values)[[*same, *values.values()]]
    table = named.melt(same, var_name="statistic", value_name="value")
    table = table.assign(
        mode=table["mode"].map(say.mode), name=table["name"].map(one_line), value=table["value"] / divisor
    )
    return table.dropna(subset=["value"]).reset_index(drop=True)


def drawn(figures: pd.DataFrame) -> pd.DataFrame:
    """The figures with the place of each level on the axis of loads: the number of a part, as rates come twice."""
    if figures["part"].isna().all():
        return figures
    return figures.assign(load=figures["part"], unit="step" if is_ramp(figures).any() else "part")


def once(figures: pd.DataFrame, kept: Sequence[str] = ()) -> pd.DataFrame:
    """One level for each load of a group: of several one of those `kept`, else the last in time."""
    ordered = figures.assign(kept=figures.index.isin(kept)).sort_values(["kept", "measured_from"])
    earlier = ordered.index[ordered.duplicated(["mode", "group", "load"], keep="last") & ordered["trial"].notna()]
    return figures[~figures.index.isin(earlier)]


def axis_of(say: Language, key: str, mode: str) -> str:
    """The words of an axis that shows one mode: `latency (s), streaming`."""
    return say("chart.of_mode", what=say(key), mode=say.mode(mode))


def level_label(row: Any) -> str:
    """A level as a legend writes it: its load, or its name."""
    if row.isna()["load"]:
        return one_line(str(row["name"]))[:40]
    return f"{row['load']:,.6g}" + (f" ({row['trial']:g})" if row.notna()["trial"] else "")
