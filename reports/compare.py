"""The comparison of runs: read, compare, write."""

from __future__ import annotations

import json
from dataclasses import asdict
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any, NamedTuple

from reports import document
from reports.charts import Drawing, unchecked
from reports.charts.comparison import chart
from reports.edition import edition
from reports.exports.figures import SCHEMA, plain, tree
from reports.numbers import comparison, regression
from reports.numbers.intervals import needed
from reports.numbers.sample import WIDENING
from reports.numbers.sides import Side
from reports.reading import RunFolderError
from reports.reading.run import read
from reports.sections.compared import Compared
from reports.sections.comparison import page, spoken
from reports.sections.trust import told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from reports.edition import Edition
    from reports.numbers.comparison import Comparison, Difference
    from reports.numbers.regression import Failures, Limits

IMAGE = "chart:comparison"
"""Where the chart goes in the page."""


class Written(NamedTuple):
    """What came of a comparison."""

    path: Path
    """What was written first."""
    verdict: str
    """The verdict as plain text: the gate, if there is one, and each run against the base."""
    is_compared: bool
    """Whether there was anything to compare in each run, or something measured that fails the gate."""
    passed: bool
    """Whether the regression gate was passed; without limits it is."""


def write(
    sides: Sequence[Sequence[Path]],
    output: Path,
    limits: Limits | None = None,
    *,
    formats: Sequence[str] | None = None,
    language: str | None = None,
) -> Written:
    """Compare runs with the first of the sides; write `comparison.md` and the like into `output`.

    A side is one run, or several that were made alike. Raises `RunFolderError` if a folder holds no run,
    `OSError` if a file cannot be written.
    """
    if len(sides) > len(ascii_uppercase):
        raise RunFolderError(f"compare: at most {len(ascii_uppercase)} runs at a time")
    compared = _compared(dict(zip(ascii_uppercase, sides, strict=False)), limits, language)
    with unchecked():
        drawn = chart(compared.runs, compared.say)
    drawing = Drawing.of(drawn) if drawn is not None else None
    text = page(compared, IMAGE if drawing else "")
    texts: dict[str, tuple[str, Callable[[], str]]] = {
        "markdown": ("comparison.md", lambda: text.replace(f"]({IMAGE})", "](comparison.svg)")),
        "html": (
            "comparison.html",
            lambda: document.page(text, {"comparison": drawing} if drawing else {}, compared.say),
        ),
        "json": ("comparison.json", lambda: _json(compared)),
    }
    output.mkdir(parents=True, exist_ok=True)
    if drawing:
        (output / "comparison.svg").write_text(drawing.svg, encoding="utf-8", newline="\n")
    wanted = [kind for kind in texts if kind in (formats or ("markdown", "json"))]
    for kind in wanted:
        name, content = texts[kind]
        (output / name).write_text(content(), encoding="utf-8", newline="\n")
    return Written(output / texts[wanted[0]][0], spoken(compared), _is_compared(compared), _passed(compared))


def _is_compared(compared: Compared) -> bool:
    measured = compared.gate and any(found.measured for found in compared.gate.failures.values())
    return bool(measured) or not any(found.is_empty for found in compared.comparisons.values())


def _passed(compared: Compared) -> bool:
    return compared.gate is None or compared.gate.passed


def _compared(folders: Mapping[str, Sequence[Path]], limits: Limits | None, language: str | None) -> Compared:
    names = {
        f"{letter}{place}" if len(paths) > 1 else letter: (letter, path)
        for letter, paths in folders.items()
        for place, path in enumerate(paths, 1)
    }
    runs: dict[str, Edition] = {}
    for name, (_, path) in names.items():
        code = next(iter(runs.values())).say.code if runs else language
        runs[name] = edition(read(path), code)
    sides = {letter: Side([runs[name] for name, (own, _) in names.items() if own == letter]) for letter in folders}
    base, *others = sides
    comparisons = {letter: comparison.compare(sides[base], sides[letter]) for letter in others}
    gate = None if limits is None else regression.gate(comparisons, limits)
    return Compared(runs, sides, {name: path for name, (_, path) in names.items()}, comparisons, gate)


def _json(compared: Compared) -> str:
    gate = compared.gate
    found = {
        "schema": SCHEMA,
        "base": compared.base,
        "runs": {
            name: {"folder": compared.folders[name].name, **tree(run, told(run))} for name, run in compared.runs.items()
        },
        "sides": {letter: [name for name in compared.runs if name[:1] == letter] for letter in compared.sides},
        "comparisons": {
            letter: {**_tree(one), "fails_gate": _fails(gate.failures[letter]) if gate else []}
            for letter, one in compared.comparisons.items()
        },
        "gate": {
            "max_regression_percent": gate.limits.regression_percent,
            "max_success_drop_points": gate.limits.success_drop_points,
            "passed": gate.passed,
        }
        if gate
        else None,
    }
    return json.dumps(plain(found), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _tree(one: Comparison) -> dict[str, Any]:
    return {
        "verdict": one.verdict,
        "tests": [_difference(test) for test in one.tests],
        "throughput": [_difference(test) for test in one.throughput],
        "success": [asdict(share) for share in one.success],
        "missing": one.missing,
        "lacking": [{"level": level, "metric": metric} for level, metric in one.lacking],
        "answers": [asdict(answers) for answers in one.answers],
        "begins": [asdict(begins) for begins in one.begins],
        "untested": [
            {
                "level": test.level,
                "metric": test.metric,
                "percent": test.percent,
                "calls_needed": needed(test.percent or 0, WIDENING),
            }
            for test in one.untested
        ],
    }


def _difference(test: Difference) -> dict[str, Any]:
    return {**asdict(test), "percent_change": test.percent_change}


def _fails(found: Failures) -> list[dict[str, Any]]:
    """What fails the gate in a run, each with its `reason`."""
    reasons: dict[str, list[dict[str, Any]]] = {
        "worse": [_difference(test) for test in found.worse],
        "unshown": [_difference(test) for test in found.unshown],
        "success": [asdict(share) for share in found.fallen],
        "success_untold": [asdict(share) for share in found.untold],
        "answers": [asdict(answers) for answers in found.answers],
        "lacking": [{"level": level, "metric": metric} for level, metric in found.lacking],
        "missing": [{"level": level} for level in found.missing],
        "nothing_compared": [{}] if found.is_empty else [],
    }
    return [{"reason": reason, **one} for reason, entries in reasons.items() for one in entries]
