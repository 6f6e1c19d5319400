"""The share of calls within the SLO against the load: where a search found its limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from reports.charts.style import FAILED, GREEN, GREY, INK, WIDTH, colour, load_axis, styled
from reports.markdown import one_line

if TYPE_CHECKING:
    from reports.edition import Edition
    from reports.numbers.search import Search

HEIGHT = 190
COLOURS = {"met": GREEN, "missed": FAILED, "unclear": GREY}


def chart(analysis: Edition) -> Any:
    """A panel for each mode, with the share of each load and its interval; None without a judged load."""
    panels = [panel for found in analysis.searches if (panel := _panel(analysis, found)) is not None]
    return styled(alt.vconcat(*panels, spacing=16, title=analysis.say("chart.search"))) if panels else None


def _panel(analysis: Edition, found: Search) -> Any:
    say = analysis.say
    last = {probe.load: probe for probe in found.probes if probe.verdict in COLOURS and probe.share >= 0}
    if not last:
        return None
    points = pd.DataFrame(
        {
            "load": [probe.load for probe in last.values()],
            "value": [100 * probe.share for probe in last.values()],
            "low": [100 * probe.low for probe in last.values()],
            "high": [100 * probe.high for probe in last.values()],
            "verdict": [say(f"search.{probe.verdict}") for probe in last.values()],
        }
    )
    x = load_axis(points["load"], say(f"axis.{found.unit}"))
    title = say("chart.of_mode", what=say("axis.within_slo"), mode=one_line(say.group(found.group)))
    y = alt.Y("value:Q", title=title, scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(tickCount=5))
    shades = colour("verdict", points["verdict"], {say(f"search.{name}"): shade for name, shade in COLOURS.items()})
    base = alt.Chart(points, width=WIDTH, height=HEIGHT)
    bars = base.mark_rule(strokeWidth=2).encode(x=x, y=alt.Y("low:Q"), y2=alt.Y2("high:Q"), color=shades)
    marks = base.mark_point(size=60, filled=True, opacity=1).encode(x=x, y=y, color=shades)
    return alt.layer(*_target(analysis), bars, marks)


def _target(analysis: Edition) -> list[Any]:
    """The line of the share that is asked for."""
    if analysis.gate is None:
        return []
    asked = analysis.gate.slo.percentile
    line = alt.Chart(pd.DataFrame({"limit": [asked], "label": [f"{asked:g} %"]}))
    text = line.mark_text(align="left", dx=6, color=INK, fontSize=12)
    text = text.encode(x=alt.value(WIDTH), y=alt.Y("limit:Q"), text=alt.Text("label:N"))
    return [line.mark_rule(color=GREY, strokeDash=[6, 4]).encode(y=alt.Y("limit:Q")), text]
