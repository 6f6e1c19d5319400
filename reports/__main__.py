"""`python -m reports results/<run>`: make the report of a run again, compare runs, or ask for more quota."""

from __future__ import annotations

import argparse
import json
import os
import sys
from functools import partial
from pathlib import Path

from reports import RunFolderError, write
from reports.exports.github import VARIABLE
from reports.numbers.search import judged_nothing, searches
from reports.reading.run import read

FORMATS = ("markdown", "html", "json", "junit", "github")
COMPARISON_FORMATS = FORMATS[:3]
EXIT_INPUT, EXIT_GATE, EXIT_UNJUDGED = 2, 3, 4
AT_LEAST_TWO = "give at least two run folders, such as: compare results/<before> results/<after>"


def main(arguments: list[str] | None = None) -> int:
    """Do as asked. 0: done, 1: a file could not be written, 2: bad input, 3: a gate failed."""
    arguments = sys.argv[1:] if arguments is None else arguments
    command = next((one for one in COMMANDS if arguments[:1] == [one]), "")
    parser, run = COMMANDS.get(command, (_parser, _report))
    options = parser().parse_args(arguments[bool(command) :])
    try:
        return run(options)
    except RunFolderError as error:
        return _fail(str(error), 2)
    except OSError as error:
        return _fail(f"cannot write {error.filename or 'the report'}: {error.strerror or error}", 1)


def _report(options: argparse.Namespace) -> int:
    formats = options.format
    if options.gate and formats:
        formats = [*formats, "json"]
    written = write(options.run_folder, options.report_file, formats=formats, language=options.language)
    if "github" in (formats or ()) and not os.environ.get(VARIABLE):
        _fail(f"no summary for GitHub: {VARIABLE} is not set, which only a job there has", 0)
    print(written)
    if (
        written.suffix == ".md"
        and (not formats or "html" in formats)
        and (page := written.with_suffix(".html")).exists()
    ):
        print(page)
    return _gate(options.run_folder) if options.gate else 0


def _gate(run_folder: Path) -> int:
    """The exit code of the SLO gate, from the figures that were just written."""
    slo = json.loads((run_folder / "report.json").read_text(encoding="utf-8"))["slo"]
    if slo is None:
        return _fail("--gate: the run has no `slo` in its settings: add it to the configuration file", 2)
    if not slo["passed"] and judged_nothing(searches(read(run_folder))):
        return _fail("the SLO gate was not judged, see the report", EXIT_UNJUDGED)
    return 0 if slo["passed"] else _fail("the SLO gate failed, see the report", EXIT_GATE)


def _compare(options: argparse.Namespace) -> int:
    from reports.compare import write as compare  # noqa: PLC0415 - pandas, see reports.write
    from reports.numbers.regression import SUCCESS_DROP_POINTS, Limits  # noqa: PLC0415

    sides, mistake = _sides(options)
    if options.max_success_drop is not None and options.max_regression is None:
        mistake = mistake or "compare: --max-success-drop belongs to --max-regression: give both"
    if mistake:
        return _fail(mistake, EXIT_INPUT)
    drop = SUCCESS_DROP_POINTS if options.max_success_drop is None else options.max_success_drop
    limits = None if options.max_regression is None else Limits(options.max_regression, drop)
    done = compare(sides, options.output, limits, formats=options.format, language=options.language)
    print(done.verdict, done.path, sep="\n")
    if not done.is_compared:
        return _fail("nothing could be compared, see the report", EXIT_INPUT)
    return 0 if done.passed else _fail("the regression gate failed, see the report", EXIT_GATE)


def _sides(options: argparse.Namespace) -> tuple[list[list[Path]], str]:
    """The runs, side by side, the base first; and what is wrong with them, if anything is."""
    if not (options.base or options.run):
        return _single_runs(options.runs, options.baseline)
    if options.runs or options.baseline:
        return [], (
            "compare: --base and --run name all runs: leave out --baseline and the runs that stand alone, or use "
            "`compare BASE RUN` without --base and --run"
        )
    if not (options.base and options.run):
        return [], "compare: --base and --run belong together: give the runs of both sides"
    return _distinct([options.base, options.run])


def _single_runs(runs: list[Path], baseline: Path | None) -> tuple[list[list[Path]], str]:
    base = baseline or next(iter(runs), None)
    others = [run for run in runs if base is not None and run.resolve() != base.resolve()]
    if base is not None and not others and len(runs) > 1:
        return [], f"compare: {base} is given more than once, and no other run: give the one to compare with it"
    if base is None or not others:
        return [], f"compare: {AT_LEAST_TWO}"
    return _distinct([[base], *([run] for run in others)])


def _distinct(sides: list[list[Path]]) -> tuple[list[list[Path]], str]:
    """The sides; a run that is given twice would be compared with itself."""
    seen: set[Path] = set()
    for run in (run for side in sides for run in side):
        if run.resolve() in seen:
            return [], f"compare: {run} is given more than once: give each run once"
        seen.add(run.resolve())
    return sides, ""


def _quota_request(options: argparse.Namespace) -> int:
    """Print the sheet, or write it."""
    from reports.exports import quota_request  # noqa: PLC0415 - pandas, see reports.write
    from reports.reading.run import read  # noqa: PLC0415

    run = read(options.run_folder)
    if why := quota_request.lacking(run):
        return _fail(f"quota-request: {options.run_folder}: {why}", EXIT_INPUT)
    sheet = quota_request.text(run)
    if options.output is None:
        print(sheet, end="")
        return 0
    options.output.write_text(sheet, encoding="utf-8", newline="\n")
    print(options.output)
    return 0


def _quota_request_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reports quota-request",
        description="Print the figures that AWS Support asks for with a request for more quota, as Markdown.",
    )
    parser.add_argument("run_folder", type=_folder, help="the folder of the run, below results/")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write it to this file instead")
    return parser


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reports",
        description="Make the report of a run again.",
        epilog="To compare runs: python -m reports compare --help. For a request for more quota: "
        "python -m reports quota-request --help",
    )
    parser.add_argument("run_folder", type=_folder, help="the folder of the run, below results/")
    parser.add_argument("--report-file", type=Path, metavar="FILE", help="write a copy of the report here too")
    parser.add_argument(
        "--gate",
        action="store_true",
        help="end with exit code 3 if the run did not meet its SLO, 4 if its search judged no load",
    )
    _common(parser, FORMATS, "output.formats of the run, else markdown,html,json")
    return parser


def _compare_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reports compare",
        description="Compare runs, level by level: exit code 3 for a regression, 2 if nothing could be compared.",
    )
    parser.add_argument("runs", type=Path, nargs="*", metavar="RUN", help="folders of runs; the first is the base")
    parser.add_argument("--baseline", type=Path, metavar="RUN", help="the run that the others are compared with")
    parser.add_argument(
        "--base", type=Path, nargs="+", metavar="RUN", help="several runs of the base, instead of single runs"
    )
    parser.add_argument(
        "--run", type=Path, nargs="+", metavar="RUN", help="several runs to compare with the base; 3 and 3 tell more"
    )
    parser.add_argument(
        "--max-regression",
        type=_percent,
        metavar="10%",
        help="fail if a time or output tokens/s is clearly worse, and as measured by more than this",
    )
    parser.add_argument(
        "--max-success-drop",
        type=_points,
        metavar="POINTS",
        help="with --max-regression: fail if a success rate falls by more than this many points; default: 1",
    )
    parser.add_argument(
        "--output", type=Path, default=Path("comparison"), metavar="FOLDER", help="where to write, default: comparison"
    )
    _common(parser, COMPARISON_FORMATS, "markdown,json")
    return parser


def _common(parser: argparse.ArgumentParser, formats: tuple[str, ...], usual: str) -> None:
    parser.add_argument(
        "--format",
        type=partial(_formats, formats),
        metavar="FORMAT[,FORMAT]",
        help=f"{', '.join(formats)}; default: {usual}",
    )
    parser.add_argument("--language", choices=("en", "zh"), help="default: output.language of the run, else en")


def _folder(text: str) -> Path:
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty: give the folder of a run, such as results/<run>")
    return Path(text)


def _formats(known: tuple[str, ...], text: str) -> list[str]:
    formats = [one.strip() for one in text.split(",") if one.strip()]
    wrong = [one for one in formats if one not in known]
    if wrong or not formats:
        raise argparse.ArgumentTypeError(f"{text!r}: choose from {', '.join(known)}")
    return formats


def _percent(text: str) -> float:
    try:
        value = float(text.strip().removesuffix("%"))
    except ValueError:
        value = -1
    if not 0 <= value < 1000:
        raise argparse.ArgumentTypeError(f"{text!r}: give a percentage, such as 10%")
    return value


def _points(text: str) -> float:
    try:
        value = float(text.strip())
    except ValueError:
        value = -1
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"{text!r}: give points of the success rate from 0 to 100, such as 1")
    return value


def _fail(message: str, code: int) -> int:
    print(f"python -m reports: {message}", file=sys.stderr)
    return code


COMMANDS = {"compare": (_compare_parser, _compare), "quota-request": (_quota_request_parser, _quota_request)}
"""Command -> its options and what it does; without one, the report of a run is made."""


if __name__ == "__main__":
    sys.exit(main())
