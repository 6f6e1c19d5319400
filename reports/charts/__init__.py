"""The charts of the report. Each is defined once, as `chart(analysis)`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import vl_convert
from altair.utils.schemapi import debug_mode

from reports.charts import distribution, gain, knee, latency, lengths, pareto, replay, search, timeline, tokens, ttft
from reports.charts.style import themed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from reports.edition import Edition

CHARTS = {
    "knee": knee.chart,
    "search": search.chart,
    "timeline": timeline.chart,
    "ttft": ttft.chart,
    "pareto": pareto.chart,
    "latency": latency.chart,
    "distribution": distribution.chart,
    "gain": gain.chart,
    "tokens": tokens.chart,
    "replay": replay.chart,
    "lengths": lengths.chart,
}
"""Name of the file -> the chart of an analysis, or None without data."""
FORMER = ("failures",)
"""Charts of earlier versions, which are removed with those of an earlier report."""


@dataclass(frozen=True)
class Drawing:
    """A chart that has been drawn."""

    svg: str
    """It follows the theme of its reader."""
    definition: dict[str, Any]
    """The Vega-Lite definition that it was drawn from."""

    @classmethod
    def of(cls, chart: Any) -> Drawing:
        """Draw an Altair chart."""
        with unchecked():
            definition = chart.to_dict(validate=False)
        return cls(themed(vl_convert.vegalite_to_svg(definition)), definition)


def unchecked() -> AbstractContextManager[None]:
    """While charts are made in it, Altair does not check each of their parts against the schema of Vega-Lite.

    That takes as long as all the rest, and the tests do it: no chart becomes invalid by its data.
    """
    return debug_mode(arg=False)


def draw(analysis: Edition) -> dict[str, Drawing]:
    """The charts that have data, by name."""
    with unchecked():
        made = {name: chart(analysis) for name, chart in CHARTS.items()}
    return {name: Drawing.of(chart) for name, chart in made.items() if chart is not None}


def write(drawn: Mapping[str, Drawing], folder: Path) -> None:
    """Write the charts as `<name>.svg` and remove those of an earlier report."""
    folder.mkdir(exist_ok=True)
    for name in (*CHARTS, *FORMER):
        (folder / f"{name}.svg").unlink(missing_ok=True)
    for name, drawing in drawn.items():
        (folder / f"{name}.svg").write_text(drawing.svg, encoding="utf-8", newline="\n")
