"""Runs side by side: throughput, TTFT and latency by users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from reports.charts.style import SERIES, drawn, lines, long, once, styled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.edition import Edition
    from reports.texts import Language

HEIGHT = 170
PANELS = (
    ("output_tokens_per_s", "axis.output_tokens_per_s", 1),
    ("ttft_ms_p95", "axis.ttft_p95", 1),
    ("latency_ms_p95", "axis.latency_p95", 1000),
)


def chart(runs: Mapping[str, Edition], say: Language) -> Any:
    """One colour per run, a shape and a dash per mode; None if no run has levels with successes."""
    figures = pd.concat(once(drawn(run.figures)).assign(run=label) for label, run in runs.items())
    figures = figures[figures["load"].notna() & (figures["ok"] > 0)]
    panels = [_panel(figures, say, *panel) for panel in PANELS if figures[panel[0]].notna().any()]
    return styled(alt.vconcat(*panels, spacing=16, title=say("chart.compare"))) if panels else None


def _panel(figures: pd.DataFrame, say: Language, column: str, axis: str, divisor: float) -> Any:
    known = figures[figures[column].notna()]
    data = pd.concat(long(say, rows, {column: "value_"}, divisor).assign(run=run) for run, rows in known.groupby("run"))
    runs = sorted(figures["run"].unique())
    colour = alt.Color(
        "run:N", title=None, scale=alt.Scale(domain=runs, range=[SERIES[n % len(SERIES)] for n in range(len(runs))])
    )
    modes = [say.mode(mode) for mode in ("streaming", "non_streaming") if mode in set(figures["mode"])]
    count = len(modes)
    shape = alt.Shape("mode:N", title=None, scale=alt.Scale(domain=modes, range=["circle", "triangle-up"][:count]))
    dash = alt.StrokeDash("mode:N", title=None, scale=alt.Scale(domain=modes, range=[[1, 0], [5, 3]][:count]))
    return lines(say, data, figures, say(axis), HEIGHT, color=colour, strokeDash=dash, shape=shape)
