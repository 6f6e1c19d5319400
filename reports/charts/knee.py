"""Throughput and waiting against users, with the knee and the SLO: where more users bring no more tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from reports.charts.style import GREY, INK, RED, WIDTH, colour, lines, long, mode_colours, styled
from reports.conclusion import fails
from reports.markdown import number

if TYPE_CHECKING:
    from reports.analysis import Analysis

HEIGHT = 170


def chart(analysis: Analysis) -> Any:
    """Output tokens/s, TTFT and latency by users, one colour per mode; None if no level measured any."""
    figures, say = analysis.figures, analysis.say
    figures = figures[figures["users"].notna() & (figures["output_tokens_per_s"] > 0) & (figures["ok"] > 0)]
    if figures.empty:
        return None
    panels = [_throughput(analysis, figures)]
    for metric, divisor in (("ttft_ms", 1), ("latency_ms", 1000)):
        if figures[f"{metric}_count"].any():
            panels.append(_wait(analysis, figures, metric, divisor))
    return styled(alt.vconcat(*panels, spacing=16, title=say("chart.knee")))


def _throughput(analysis: Analysis, figures: pd.DataFrame) -> Any:
    say = analysis.say
    data = long(say, figures, {"output_tokens_per_s": "throughput"})
    axis = say("axis.output_tokens_per_s")
    curve = lines(say, data, figures["users"], axis, HEIGHT, color=_modes(analysis, figures))
    marks = _marks(analysis, figures)
    layers = [curve, *([_ring(marks)] if len(marks) else [])]
    return alt.layer(*layers)


def _marks(analysis: Analysis, figures: pd.DataFrame) -> pd.DataFrame:
    """The points to ring: the knee, or the highest level that met the SLO; and levels that failed too much."""
    say = analysis.say
    rows: list[dict[str, Any]] = [
        {"key": found.advised, "label": say(f"legend.{found.basis}"), "colour": INK}
        for found in analysis.conclusions
        if found.advised in figures.index and found.basis in {"knee", "slo"}
    ]
    failing = figures.index[fails(figures)]
    rows += [{"key": key, "label": say("legend.failing"), "colour": RED} for key in failing]
    table = pd.DataFrame(rows, columns=["key", "label", "colour"])
    columns = figures.loc[table["key"], ["users", "output_tokens_per_s"]].reset_index(drop=True)
    table = table.assign(users=columns["users"], value=columns["output_tokens_per_s"]).sort_values(
        "value", ascending=False
    )
    # Two modes may meet in a place: one word for both.
    return table.assign(label=table["label"].mask(table.duplicated(["users", "label"]), ""))


def _ring(marks: pd.DataFrame) -> Any:
    base = alt.Chart(marks).encode(x="users:Q", y="value:Q", color=alt.Color("colour:N", scale=None))
    ring = base.mark_point(size=170, filled=False, strokeWidth=2)
    return alt.layer(ring, base.mark_text(dy=-16, fontSize=12).encode(text="label:N"))


def _wait(analysis: Analysis, figures: pd.DataFrame, metric: str, divisor: float) -> Any:
    say = analysis.say
    points = _percents(analysis)
    data = long(say, figures, {f"{metric}_p{point:g}": f"P{point:g}" for point in points}, divisor)
    # A level alone has no line to dash: the shape of its points tells P50 from P95.
    shapes = alt.Scale(domain=[f"P{point:g}" for point in points], range=["circle", "triangle-up"])
    shape = alt.Shape("statistic:N", title=None, scale=shapes)
    dash = alt.StrokeDash("statistic:N", legend=None)
    encodings = {"color": _modes(analysis, figures), "shape": shape, "strokeDash": dash}
    curve = lines(say, data, figures["users"], say(f"axis.{metric}"), HEIGHT, **encodings)
    limit = analysis.gate.slo.limit_ms(metric) if analysis.gate else None
    if limit is None:
        return curve
    return alt.layer(*_limit(analysis, limit, metric, divisor), curve)


def _percents(analysis: Analysis) -> list[float]:
    """P50, and the percentile that the SLO judges by."""
    point = analysis.gate.slo.percentile if analysis.gate else 95
    return sorted({50, 95 if point == 50 else point})


def _limit(analysis: Analysis, limit: float, metric: str, divisor: float) -> list[Any]:
    """The line of the SLO; its words stand beside the panel, where no curve can run through them."""
    point = f"{analysis.gate.slo.percentile:g}" if analysis.gate else ""
    label = analysis.say(f"legend.slo_{metric}", percentile=point, limit=number(limit / divisor))
    rule = alt.Chart(pd.DataFrame({"limit": [limit / divisor], "label": [label]}))
    text = rule.mark_text(align="left", dx=6, color=INK, fontSize=12, lineBreak="\n", baseline="middle")
    return [
        rule.mark_rule(color=GREY, strokeDash=[6, 4]).encode(y="limit:Q"),
        text.encode(x=alt.value(WIDTH), y="limit:Q", text="label:N"),
    ]


def _modes(analysis: Analysis, figures: pd.DataFrame) -> alt.Color:
    return colour("mode", figures["mode"].map(analysis.say.mode), mode_colours(analysis.say))
