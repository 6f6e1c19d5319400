"""The charts of the report. Each is defined once, as `chart(analysis)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import vl_convert

from reports.charts import distribution, failures, gain, knee, latency, timeline, tokens, ttft
from reports.charts.style import themed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reports.edition import Edition

CHARTS = {
    "knee": knee.chart,
    "timeline": timeline.chart,
    "ttft": ttft.chart,
    "latency": latency.chart,
    "distribution": distribution.chart,
    "gain": gain.chart,
    "tokens": tokens.chart,
    "failures": failures.chart,
}
"""Name of the file -> the chart of an analysis, or None without data."""


def draw(analysis: Edition) -> dict[str, str]:
    """The charts that have data: name -> SVG."""
    made = {name: chart(analysis) for name, chart in CHARTS.items()}
    return {name: svg(chart) for name, chart in made.items() if chart is not None}


def svg(chart: Any) -> str:
    """A chart as SVG that follows the theme of its reader."""
    return themed(vl_convert.vegalite_to_svg(chart.to_json()))


def write(drawn: Mapping[str, str], folder: Path) -> None:
    """Write the charts as `<name>.svg` and remove those of an earlier report."""
    folder.mkdir(exist_ok=True)
    for name in CHARTS:
        (folder / f"{name}.svg").unlink(missing_ok=True)
    for name, text in drawn.items():
        (folder / f"{name}.svg").write_text(text, encoding="utf-8", newline="\n")
