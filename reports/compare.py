"""The comparison of runs: read, compare, write."""

from __future__ import annotations

import json
from dataclasses import asdict
from string import ascii_uppercase
from typing import TYPE_CHECKING

from reports import document
from reports.charts import Drawing
from reports.charts.comparison import chart
from reports.edition import edition
from reports.figures_json import SCHEMA, plain, tree
from reports.numbers import comparison, regression
from reports.numbers.comparison import Side
from reports.numbers.intervals import needed
from reports.reading import RunFolderError
from reports.reading.run import read
from reports.sections.compared import Compared
from reports.sections.comparison import page
from reports.sections.trust import told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

IMAGE = "chart:comparison"
"""Where the chart goes in the page."""


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
    compared = _compared(dict(zip(ascii_uppercase, folders, strict=False)), limit_percent, language)
    drawn = chart(compared.runs, compared.say)
    drawing = Drawing.of(drawn) if drawn is not None else None
    text = page(compared, IMAGE if drawing else "")
    texts = {
        "markdown": ("comparison.md", text.replace(f"]({IMAGE})", "](comparison.svg)")),
        "html": ("comparison.html", document.page(text, {"comparison": drawing} if drawing else {}, compared.say)),
        "json": ("comparison.json", _json(compared)),
    }
    output.mkdir(parents=True, exist_ok=True)
    if drawing:
        (output / "comparison.svg").write_text(drawing.svg, encoding="utf-8", newline="\n")
    wanted = [kind for kind in texts if kind in (formats or ("markdown", "json"))]
    for kind in wanted:
        name, content = texts[kind]
        (output / name).write_text(content, encoding="utf-8", newline="\n")
    return output / texts[wanted[0]][0], compared.gate is None or compared.gate.passed


def _compared(folders: Mapping[str, Path], limit_percent: float | None, language: str | None) -> Compared:
    base, *others = folders
    runs = {base: edition(read(folders[base]), language)}
    runs |= {letter: edition(read(folders[letter]), runs[base].say.code) for letter in others}
    sides = {letter: Side(run) for letter, run in runs.items()}
    comparisons = {run: comparison.compare(sides[base], sides[run]) for run in others}
    gate = None if limit_percent is None else regression.gate(comparisons, limit_percent)
    return Compared(runs, sides, folders, comparisons, gate)


def _json(compared: Compared) -> str:
    gate = compared.gate
    found = {
        "schema": SCHEMA,
        "base": compared.base,
        "runs": {
            label: {"folder": compared.folders[label].name, **tree(run, told(run))}
            for label, run in compared.runs.items()
        },
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
                "fails_gate": [asdict(it) for it in (*gate.worse[label], *gate.unshown[label])] if gate else [],
            }
            for label, one in compared.comparisons.items()
        },
        "gate": {"max_regression_percent": gate.max_regression_percent, "passed": gate.passed} if gate else None,
    }
    return json.dumps(plain(found), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
