"""The heat map: TTFT and latency by the lengths of prompt and answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

from reports.charts.style import GROUND, INK, RAMP, styled

if TYPE_CHECKING:
    import pandas as pd

    from reports.edition import Edition

WIDTH, HEIGHT = 250, 200
PANELS = (("ttft_ms", 1.0, ",.0f"), ("latency_ms", 1000.0, ",.3~g"))
"""The metric, its milliseconds in a unit, and how a cell writes it."""
DARK_FROM = 3
"""From this shade on the text of a cell is light."""


def chart(analysis: Edition) -> Any:
    """A panel for each metric that is known, a cell for each pair of ranges; None where lengths do not vary."""
    shown = [panel for panel in PANELS if _has(analysis, panel[0])]
    panels = [_panel(analysis, *panel) for panel in shown]
    return styled(alt.hconcat(*panels, spacing=28, title=analysis.say("chart.lengths"))) if panels else None


def alt_text(analysis: Edition) -> str:
    """What the panels show, in words."""
    say = analysis.say
    panels = [say(f"chart.lengths.{metric}") for metric, *_ in PANELS if _has(analysis, metric)]
    return say.sentence(say("list.comma").join(panels))


def _has(analysis: Edition, metric: str) -> bool:
    found = analysis.lengths
    return found is not None and len(found.cells) > 0 and bool(found.cells[metric].notna().any())


def _panel(analysis: Edition, metric: str, divisor: float, form: str) -> Any:
    say, rows = analysis.say, _rows(analysis, metric, divisor)
    prompts, answers = (_ranges(rows, side) for side in ("input", "output"))
    rows["shade"] = _shades(rows["value"])
    places: dict[str, Any] = {
        "x": alt.X("input:O", sort=prompts, title=say("axis.input_tokens"), axis=alt.Axis(labelAngle=-35, grid=False)),
        "y": alt.Y("output:O", sort=answers[::-1], title=say("axis.output_tokens"), axis=alt.Axis(grid=False)),
    }
    base = alt.Chart(rows, width=WIDTH, height=HEIGHT, title=say(f"axis.{metric}")).encode(**places)
    scale = alt.Scale(domain=list(range(len(RAMP))), range=list(RAMP))
    cells = base.mark_rect(stroke=GROUND, strokeWidth=2).encode(color=alt.Color("shade:O", scale=scale, legend=None))
    light = alt.condition(f"datum.shade >= {DARK_FROM}", alt.value(GROUND), alt.value(INK))
    return alt.layer(cells, base.mark_text(fontSize=11).encode(text=alt.Text("value:Q", format=form), color=light))


def _rows(analysis: Edition, metric: str, divisor: float) -> pd.DataFrame:
    """The cells of a metric, with their ranges in words."""
    found = analysis.lengths
    cells = found.cells[found.cells[metric].notna()].copy() if found else analysis.figures.iloc[:0].copy()
    for side in ("input", "output"):
        cells[side] = [
            f"{low:,}\N{EN DASH}{high:,}" if low < high else f"{low:,}"
            for low, high in zip(cells[f"{side}_low"], cells[f"{side}_high"], strict=True)
        ]
    cells["value"] = (cells[metric] / divisor).round(6)
    return cells


def _ranges(rows: pd.DataFrame, side: str) -> list[str]:
    """The ranges in words, from short to long."""
    return list(dict.fromkeys(rows.sort_values(f"{side}_low")[side]))


def _shades(values: pd.Series[float]) -> list[int]:
    """The shade of each value: the darkest for the largest."""
    low, high = float(values.min()), float(values.max())
    steps = (values.to_numpy() - low) / (high - low or 1.0) * len(RAMP)
    return [int(step) for step in np.minimum(steps, len(RAMP) - 1)]
