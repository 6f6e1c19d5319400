"""All that is computed from a run, once, for the report and its charts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports import failures
from reports.conclusion import conclusions
from reports.figures import figures
from reports.levels import levels
from reports.workers import workers

if TYPE_CHECKING:
    import pandas as pd

    from reports.conclusion import Conclusion
    from reports.levels import Levels
    from reports.run import Run


@dataclass(frozen=True)
class Analysis:
    """The numbers of a run."""

    run: Run
    levels: Levels
    figures: pd.DataFrame
    """One row per level; see `reports.figures`."""
    failures: pd.DataFrame
    """One row per kind of failure; see `failures.by_kind`."""
    failures_by_level: pd.DataFrame
    """See `failures.by_level`."""
    workers: pd.DataFrame
    """One row per worker; see `reports.workers`."""
    conclusions: list[Conclusion]

    def level(self, key: str) -> pd.Series[Any]:
        """The row of a level in `figures`."""
        return self.figures.loc[[key]].iloc[0]

    def remedy(self, category: str) -> str:
        """What to do about a category of failures, as the run says it; may be empty."""
        return self.run.text("remedies", category)


def analyse(run: Run) -> Analysis:
    """Compute everything about a run."""
    rows = levels(run)
    table = figures(rows)
    return Analysis(
        run=run,
        levels=rows,
        figures=table,
        failures=failures.by_kind(run.requests),
        failures_by_level=failures.by_level(rows),
        workers=workers(run),
        conclusions=conclusions(table),
    )
