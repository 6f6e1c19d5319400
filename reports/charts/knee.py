"""Throughput and waiting against users, with the knee and the SLO: where more users bring no more tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from reports.charts.marks import cut_short, headed, shaded, shaky
from reports.charts.percentiles import statistics
from reports.charts.style import FAILED, GREY, INK, WIDTH, colour, drawn, lines, long, mode_colours, once, styled
from reports.markdown import number
from reports.numbers.ramp import is_ramp

if TYPE_CHECKING:
    from reports.edition import Edition

HEIGHT = 170
WAITS = {"ttft_ms": 1, "latency_ms": 1000}
"""Metric -> its milliseconds in the unit of its panel."""
FAR = 2
"""A limit is not drawn above this many times the highest point."""
ADVICE = ("search", "slo", "knee", "quota", "most")
"""Grounds for a level to run at; a ring marks it, and `note.<ground>` says so."""


def chart(analysis: Edition) -> Any:
    """Output tokens/s, TTFT and latency by users, one colour per mode; None if no level measured any."""
    figures, say = _measured(analysis), analysis.say
    if figures.empty:
        return None
    panels = [_throughput(analysis, figures)]
    panels += [_wait(analysis, figures, metric, WAITS[metric]) for metric in _waits(figures)]
    point = max(_percents(analysis))
    hint = any(shaky(figures[figures[f"{metric}_count"] > 0], metric, point).any() for metric in _waits(figures))
    title = headed(analysis, say("chart.knee"), figures, _notes(analysis, figures), shaky=hint)
    return styled(alt.vconcat(*panels, spacing=16, title=title))


def alt_text(analysis: Edition) -> str:
    """What the panels show, in words."""
    say = analysis.say
    panels = [say("chart.knee.throughput"), *(say(f"chart.knee.{metric}") for metric in _waits(_measured(analysis)))]
    return say("chart.knee.alt", panels=say.listing(panels))


def _measured(analysis: Edition) -> pd.DataFrame:
    """The levels with something to draw; of a ramp also those in which every call failed, as its steps are a series."""
    advised = [one.advised for one in analysis.conclusions if one.advised is not None]
    figures = once(drawn(analysis.figures), advised)
    some = (figures["output_tokens_per_s"] > 0) & (figures["ok"] > 0)
    none = is_ramp(figures) & (figures["output_tokens_per_s"] == 0) & (figures["failed"] > 0)
    return figures[figures["load"].notna() & (some | none)] if some.any() else figures[some]


def _waits(figures: pd.DataFrame) -> list[str]:
    """What waiting is known of these levels."""
    return [metric for metric in WAITS if figures[f"{metric}_count"].any()]


def _throughput(analysis: Edition, figures: pd.DataFrame) -> Any:
    say = analysis.say
    data = long(say, figures.assign(hollow=cut_short(figures)), {"output_tokens_per_s": "throughput"})
    axis = say("axis.output_tokens_per_s")
    curve = lines(say, data, figures, axis, HEIGHT, color=_modes(analysis, figures))
    rings = [
        _ring(figures[figures.index.isin(_advised(analysis, figures))], "circle", 170, INK),
        _ring(figures[figures.index.isin(analysis.failing)], "square", 320, FAILED),
    ]
    return alt.layer(*shaded(analysis, figures, by_mode=True), curve, *(ring for ring in rings if ring is not None))


def _advised(analysis: Edition, figures: pd.DataFrame) -> list[str]:
    """The level of each mode that the report advises."""
    found = [one.advised for one in analysis.conclusions]
    return [key for key in found if key is not None and key in figures.index]


def _ring(figures: pd.DataFrame, shape: str, size: int, shade: str) -> Any:
    """A sign around points, which the caption explains: words beside the points would run into each other."""
    if figures.empty:
        return None
    points = pd.DataFrame({"load": figures["load"], "value": figures["output_tokens_per_s"]})
    mark = alt.Chart(points).mark_point(shape=shape, size=size, color=shade, filled=False, strokeWidth=2, opacity=1)
    return mark.encode(x=alt.X("load:Q"), y=alt.Y("value:Q"))


def _notes(analysis: Edition, figures: pd.DataFrame) -> list[str]:
    """What the signs of the chart mean."""
    advised = {one.basis for one in analysis.conclusions if one.advised in _advised(analysis, figures)}
    notes = [f"note.{basis}" for basis in ADVICE if basis in advised]
    notes += ["note.failing"] if figures.index.isin(analysis.failing).any() else []
    return [*notes, *(["note.short"] if cut_short(figures).any() else [])]


def _wait(analysis: Edition, figures: pd.DataFrame, metric: str, divisor: float) -> Any:
    say = analysis.say
    points = _percents(analysis)
    data = statistics(say, figures, metric, points, divisor)
    # A level alone has no line to dash: the shape of its points tells P50 from P95.
    shapes = alt.Scale(domain=[f"P{point:g}" for point in points], range=["circle", "triangle-up"])
    shape = alt.Shape("statistic:N", title=None, scale=shapes)
    dash = alt.StrokeDash("statistic:N", legend=None)
    encodings = {"color": _modes(analysis, figures), "shape": shape, "strokeDash": dash}
    curve = lines(say, data, figures, say(f"axis.{metric}"), HEIGHT, **encodings)
    limit = analysis.gate.slo.limit_ms(metric) if analysis.gate else None
    line = [] if limit is None else _limit(analysis, limit, metric, divisor, float(data["value"].max()))
    behind = [*shaded(analysis, figures, by_mode=True), *line]
    return alt.layer(*behind, curve) if behind else curve


def _percents(analysis: Edition) -> list[float]:
    """P50, and the percentile that the SLO judges by."""
    point = analysis.gate.slo.percentile if analysis.gate else 95
    return sorted({50, 95 if point == 50 else point})


def _limit(analysis: Edition, limit: float, metric: str, divisor: float, highest: float) -> list[Any]:
    """The line of the SLO; its words stand beside the panel, where no curve can run through them.

    A limit far above the highest point has words and an arrow only: its line would squash the curves.
    """
    point = f"{analysis.gate.slo.percentile:g}" if analysis.gate else ""
    far = limit / divisor > FAR * highest
    label = analysis.say(f"legend.slo_{metric}", percentile=point, limit=number(limit / divisor))
    rule = alt.Chart(pd.DataFrame({"limit": [limit / divisor], "label": [f"↑ {label}" if far else label]}))
    text = rule.mark_text(
        align="left", dx=6, color=INK, fontSize=12, lineBreak="\n", baseline="top" if far else "middle"
    ).encode(x=alt.value(WIDTH), y=alt.value(0) if far else alt.Y("limit:Q"), text=alt.Text("label:N"))
    return [text] if far else [rule.mark_rule(color=GREY, strokeDash=[6, 4]).encode(y=alt.Y("limit:Q")), text]


def _modes(analysis: Edition, figures: pd.DataFrame) -> alt.Color:
    return colour("mode", figures["mode"].map(analysis.say.mode), mode_colours(analysis.say))
