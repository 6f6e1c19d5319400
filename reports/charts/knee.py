"""Throughput and waiting against users: where more users bring no more tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from reports.charts.style import MODE_COLOURS, colour, lines, long, styled
from reports.markdown import mode_name

if TYPE_CHECKING:
    import pandas as pd

HEIGHT = 170


def chart(figures: pd.DataFrame) -> Any:
    """Output tokens/s, TTFT and latency by users, one colour per mode; None if no level measured any."""
    figures = figures[figures["users"].notna() & (figures["output_tokens_per_s"] > 0) & (figures["ok"] > 0)]
    if figures.empty:
        return None
    waits = [_wait(figures, "ttft_ms", "time to first token (ms)", 1)] if figures["ttft_ms_count"].any() else []
    waits.append(_wait(figures, "latency_ms", "latency (s)", 1000))
    title = "Throughput and waiting by concurrent users"
    return styled(alt.vconcat(_throughput(figures), *waits, spacing=16, title=title))


def _throughput(figures: pd.DataFrame) -> Any:
    data = long(figures, {"output_tokens_per_s": "throughput"})
    return lines(data, figures["users"], "output tokens/s", HEIGHT, color=_modes(figures))


def _wait(figures: pd.DataFrame, metric: str, axis: str, divisor: float) -> Any:
    data = long(figures, {f"{metric}_p50": "P50", f"{metric}_p95": "P95"}, divisor)
    # A level alone has no line to dash: the shape of its points tells P50 from P95.
    shapes = alt.Scale(domain=["P50", "P95"], range=["circle", "triangle-up"])
    shape = alt.Shape("statistic:N", title=None, scale=shapes)
    dash = alt.StrokeDash("statistic:N", legend=None)
    return lines(data, figures["users"], axis, HEIGHT, color=_modes(figures), shape=shape, strokeDash=dash)


def _modes(figures: pd.DataFrame) -> alt.Color:
    return colour("mode", figures["mode"].map(mode_name), MODE_COLOURS)
