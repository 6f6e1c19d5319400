"""The charts of the report. Each is defined once, as `chart(figures)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import vl_convert

from reports.charts import knee, latency, ttft

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

CHARTS = {"knee": knee.chart, "latency": latency.chart, "ttft": ttft.chart}
"""Name of the file -> the chart of a table of figures (`reports.figures`), or None without data."""


def write(figures: pd.DataFrame, folder: Path) -> list[str]:
    """Draw the charts that have data as `<name>.svg`, remove those of an earlier report; return the names."""
    drawn = {name: chart(figures) for name, chart in CHARTS.items()}
    folder.mkdir(exist_ok=True)
    for name, chart in drawn.items():
        path = folder / f"{name}.svg"
        if chart is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text(vl_convert.vegalite_to_svg(chart.to_json()), encoding="utf-8", newline="\n")
    return [name for name, chart in drawn.items() if chart is not None]
