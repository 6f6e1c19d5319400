"""The comparison of runs: read, compare, write."""

from __future__ import annotations

import json
from dataclasses import asdict
from string import ascii_uppercase
from typing import TYPE_CHECKING

from reports import charts, document
from reports.charts.comparison import chart
from reports.figures_json import SCHEMA, plain, tree
from reports.numbers import comparison
from reports.numbers.analysis import analyse
from reports.numbers.intervals import needed
from reports.reading import RunFolderError
from reports.reading.run import read
from reports.sections.comparison import ComparisonPage
from reports.sections.regression import passed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def write(
    folders: Sequence[Path],
    output: Path,
    limit_percent: float | None = None,
    *,
    formats: Sequence[str] | None = None,
    language: str | None = None,
) -> tuple[Path, bool]:
    """Compare runs with the first of them; write `comparison.md` and the like into `output`.

    Returns what was written first, and whether the regression gate was passed; without a limit it is.
    Raises `RunFolderError` if a folder holds no run, `OSError` if a file cannot be written.
    """
    if len(folders) > len(ascii_uppercase):
        raise RunFolderError(f"compare: at most {len(ascii_uppercase)} runs at a time")
    labels = dict(zip(ascii_uppercase, folders, strict=False))
    base, *others = labels
    runs = {base: analyse(read(labels[base]), language)}
    runs |= {label: analyse(read(labels[label]), runs[base].say.code) for label in others}
    comparisons = {run: comparison.compare(runs[base], runs[run]) for run in others}
    is_passed = limit_percent is None or passed(comparisons, limit_percent)
    compared = ComparisonPage(runs, labels, comparisons)
    drawn = chart(runs, compared.say)
    svg = charts.svg(drawn) if drawn is not None else ""
    texts = {"markdown": ("comparison.md", compared.markdown("comparison.svg" if svg else "", limit_percent))}
    page = compared.markdown("chart:comparison" if svg else "", limit_percent)
    texts["html"] = ("comparison.html", document.page(page, {"comparison": svg}, compared.say.code))
    texts["json"] = ("comparison.json", _json(compared, limit_percent, is_passed=is_passed))
    output.mkdir(parents=True, exist_ok=True)
    if svg:
        (output / "comparison.svg").write_text(svg, encoding="utf-8", newline="\n")
    wanted = [kind for kind in texts if kind in (formats or ("markdown", "json"))]
    for kind in wanted:
        name, text = texts[kind]
        (output / name).write_text(text, encoding="utf-8", newline="\n")
    return output / texts[wanted[0]][0], is_passed


def _json(compared: ComparisonPage, limit_percent: float | None, *, is_passed: bool) -> str:
    found = {
        "schema": SCHEMA,
        "base": compared.base,
        "runs": {label: {"folder": compared.folders[label].name, **tree(run)} for label, run in compared.runs.items()},
        "comparisons": {
            label: {
                "verdict": one.verdict,
                "tests": [{**asdict(test), "percent_change": test.percent_change} for test in one.tests],
                "success": [asdict(share) for share in one.success],
                "missing": one.missing,
                "untested": [
                    {
                        "level": test.level,
                        "metric": test.metric,
                        "percent": test.percent,
                        "calls_needed": needed(test.percent),
                    }
                    for test in one.untested
                ],
                "fails_gate": [] if limit_percent is None else [asdict(it) for it in one.fails(limit_percent)],
            }
            for label, one in compared.comparisons.items()
        },
        "gate": None if limit_percent is None else {"max_regression_percent": limit_percent, "passed": is_passed},
    }
    return json.dumps(plain(found), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
