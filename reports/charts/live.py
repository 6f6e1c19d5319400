"""The charts of a run while it goes on: over time, from plain rows that the page that shows them puts in.

They have three named data sets: `points` (one row per span of time), `failures` (one per span and category) and
`levels` (one per level, to mark where it ran).
"""

from __future__ import annotations

from typing import Any

import altair as alt

from reports.charts import unchecked
from reports.charts.style import DARK, FAILURE_SHADES, MODE_COLOURS, PERCENT_COLOURS

CLOCK = "%H:%M:%S"
"""The time of day on the axis: what a browser takes by default has twelve hours, and does not say which half."""
HEIGHT = 200
PERCENTS = ("P50", "P95")
THEMES: dict[str, dict[str, Any]] = {
    "light": {
        "ink": "#1f2328",
        "grid": "#e6e8eb",
        "modes": MODE_COLOURS,
        "percents": {percent: PERCENT_COLOURS[percent] for percent in PERCENTS},
        "failures": FAILURE_SHADES,
    },
    "dark": {
        "ink": "#e6e8eb",
        "grid": "#3a3f45",
        "modes": {mode: DARK[colour] for mode, colour in MODE_COLOURS.items()},
        "percents": {"P50": "#2f81b7", "P95": "#79c0ff"},
        "failures": [DARK[colour] for colour in FAILURE_SHADES],
    },
}
DASHES = {"P50": [1, 0], "P95": [6, 3]}

POINTS = alt.NamedData("points")
FAILURES = alt.NamedData("failures")
LEVELS = alt.NamedData("levels")


def charts() -> dict[str, dict[str, dict[str, Any]]]:
    """Theme -> name of the chart -> its Vega-Lite definition."""
    with unchecked():
        return {
            theme: {name: _finished(chart, look) for name, chart in _charts(look).items()}
            for theme, look in THEMES.items()
        }


def _charts(look: dict[str, Any]) -> dict[str, Any]:
    return {
        "ttft": _percentiles("ttft", "ms", 1, "Time to first token", look),
        "latency": _percentiles("latency", "s", 1000, "Latency", look),
        "tokens": _rate("tokens_per_s", "output tokens/s", "Output tokens per second", look),
        "requests": _rate("requests_per_s", "requests/s", "Successful requests per second", look),
        "in_flight": _in_flight(look),
        "failures": _failures(look),
    }


def _finished(chart: Any, look: dict[str, Any]) -> dict[str, Any]:
    """The definition, on the ground of the page it is on, as wide as its place there."""
    text = {"labelColor": look["ink"], "titleColor": look["ink"], "labelFontSize": 12, "titleFontSize": 12}
    whole = chart.properties(width="container", height=HEIGHT, autosize={"type": "fit-x", "contains": "padding"})
    whole = whole.configure(background="transparent", padding=4).configure_view(stroke=None)
    whole = whole.configure_axis(
        gridColor=look["grid"],
        domainColor=look["grid"],
        tickColor=look["grid"],
        titleFontWeight="normal",
        **text,
    ).configure_legend(orient="top", offset=16, **text)
    definition: dict[str, Any] = whole.to_dict(validate=False)
    return definition


def _time(**options: Any) -> alt.X:
    return alt.X("t:T", title=None, axis=alt.Axis(labelOverlap=True, tickCount=6, grid=False, format=CLOCK), **options)


def _levels(look: dict[str, Any]) -> list[Any]:
    """Where each level ran: a band in the colour of its mode, a line at its start, its load at the top."""
    colour = alt.Color("mode:N", title=None, scale=_scale(look["modes"]), legend=alt.Legend(symbolOpacity=0.6))
    same = alt.Color("mode:N", scale=_scale(look["modes"]), legend=None)
    base = alt.Chart(LEVELS)
    band = base.mark_rect(opacity=0.1).encode(x=alt.X("from:T", title=None), x2="to:T", color=colour)
    tooltip = [alt.Tooltip("level:N", title="level"), alt.Tooltip("load:N")]
    rule = base.mark_rule(strokeWidth=1, opacity=0.6).encode(x=alt.X("from:T", title=None), color=same, tooltip=tooltip)
    label = base.mark_text(align="left", baseline="bottom", dx=1, fontSize=11, color=look["ink"])
    return [band, rule, label.encode(x=alt.X("from:T", title=None), y=alt.value(-2), text="label:N")]


def _scale(colours: dict[str, str]) -> alt.Scale:
    return alt.Scale(domain=list(colours), range=list(colours.values()))


def _over_levels(chart: Any, description: str, look: dict[str, Any]) -> Any:
    layers = alt.layer(*_levels(look), chart, description=f"{description} over time")
    return layers.resolve_scale(color="independent")


def _percentiles(name: str, unit: str, divisor: int, title: str, look: dict[str, Any]) -> Any:
    """P50 and P95, told apart by colour and by dashes."""
    fields = {f"{name}_p{percent.removeprefix('P')}": percent for percent in look["percents"]}
    folded = alt.Chart(POINTS).transform_fold(list(fields), as_=["field", "ms"])
    known = folded.transform_filter("isValid(datum.ms)").transform_calculate(
        statistic="'P' + substring(datum.field, length(datum.field) - 2)", value=f"datum.ms / {divisor}"
    )
    dash = alt.StrokeDash("statistic:N", legend=None, scale=alt.Scale(domain=list(DASHES), range=list(DASHES.values())))
    lines = known.mark_line(strokeWidth=2, interpolate="linear").encode(
        x=_time(),
        y=alt.Y("value:Q", title=f"{title.lower()} ({unit})", scale=alt.Scale(zero=True)),
        color=alt.Color("statistic:N", title=None, scale=_scale(look["percents"])),
        strokeDash=dash,
    )
    return _over_levels(lines, f"{title}, percentiles 50 and 95", look)


def _rate(field: str, axis: str, title: str, look: dict[str, Any]) -> Any:
    area = alt.Chart(POINTS).mark_line(strokeWidth=2, color=look["percents"]["P95"])
    return _over_levels(area.encode(x=_time(), y=alt.Y(f"{field}:Q", title=axis)), title, look)


def _in_flight(look: dict[str, Any]) -> Any:
    """Users that run as steps, calls in flight as a line."""
    names = {"users": "users", "in_flight": "calls in flight (mean)"}
    colours = dict(zip(names.values(), look["percents"].values(), strict=False))
    dash = alt.Scale(domain=list(names.values()), range=[[6, 3], [1, 0]])
    known = alt.Chart(POINTS).transform_fold(list(names), as_=["field", "value"])
    known = known.transform_filter("isValid(datum.value)").transform_calculate(
        what=f"datum.field == 'users' ? '{names['users']}' : '{names['in_flight']}'"
    )
    lines = known.mark_line(strokeWidth=2).encode(
        x=_time(),
        y=alt.Y("value:Q", title="users, calls"),
        color=alt.Color("what:N", title=None, scale=_scale(colours)),
        strokeDash=alt.StrokeDash("what:N", legend=None, scale=dash),
    )
    return _over_levels(lines, "Users and calls in flight", look)


def _failures(look: dict[str, Any]) -> Any:
    """Failures per second, the categories on top of each other."""
    stacked = alt.Chart(FAILURES).transform_stack(
        stack="per_s", groupby=["t"], sort=[alt.SortField("category")], as_=["low", "high"]
    )
    bars = stacked.mark_rect().encode(
        x=_time(),
        x2="to:T",
        y=alt.Y("low:Q", title="failures/s"),
        y2="high:Q",
        color=alt.Color("category:N", title=None, scale=alt.Scale(range=list(look["failures"]))),
        tooltip=[alt.Tooltip("category:N"), alt.Tooltip("per_s:Q", title="failures/s")],
    )
    return _over_levels(bars, "Failures per second by category", look)
