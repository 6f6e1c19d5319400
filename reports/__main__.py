"""`python -m reports results/<run>`: make the report of a run again, or compare runs."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from reports import RunFolderError, write

FORMATS = ("markdown", "html", "json")
EXIT_GATE = 3


def main(arguments: list[str] | None = None) -> int:
    """Do as asked. 0: done, 1: a file could not be written, 2: bad input, 3: a gate failed."""
    arguments = sys.argv[1:] if arguments is None else arguments
    comparing = arguments[:1] == ["compare"]
    options = (_compare_parser() if comparing else _parser()).parse_args(arguments[comparing:])
    try:
        return _compare(options) if comparing else _report(options)
    except RunFolderError as error:
        return _fail(str(error), 2)
    except OSError as error:
        return _fail(f"cannot write {error.filename or 'the report'}: {error.strerror or error}", 1)


def _report(options: argparse.Namespace) -> int:
    formats = options.format
    if options.gate and formats:
        formats = [*formats, "json"]
    written = write(options.run_folder, options.report_file, formats=formats, language=options.language)
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
    return 0 if slo["passed"] else _fail("the SLO gate failed, see the report", EXIT_GATE)


def _compare(options: argparse.Namespace) -> int:
    from reports.compare import write as compare  # noqa: PLC0415 - pandas, see reports.write

    base = options.baseline or options.runs[0]
    others = [run for run in options.runs if run != base]
    if not others and len(options.runs) > 1:
        return _fail(f"compare: {base} is given more than once, and no other run: give the one to hold against it", 2)
    if not others:
        return _fail("compare: give at least two run folders, such as: compare results/<before> results/<after>", 2)
    written, passed = compare(
        [base, *others], options.output, options.max_regression, formats=options.format, language=options.language
    )
    print(written)
    return 0 if passed else _fail("the regression gate failed, see the report", EXIT_GATE)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reports",
        description="Make the report of a run again.",
        epilog="To compare runs: python -m reports compare --help",
    )
    parser.add_argument("run_folder", type=Path, help="the folder of the run, below results/")
    parser.add_argument("--report-file", type=Path, metavar="FILE", help="write a copy of the report here too")
    parser.add_argument("--gate", action="store_true", help="end with exit code 3 if the run did not meet its SLO")
    _common(parser)
    return parser


def _compare_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reports compare", description="Compare runs, level by level: exit code 3 for a regression."
    )
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="folders of runs; the first is the base")
    parser.add_argument("--baseline", type=Path, metavar="RUN", help="the run that the others are held against")
    parser.add_argument(
        "--max-regression",
        type=_percent,
        metavar="10%",
        help="fail if anything is clearly worse, and as measured by more than this",
    )
    parser.add_argument(
        "--output", type=Path, default=Path("comparison"), metavar="FOLDER", help="where to write, default: comparison"
    )
    _common(parser)
    return parser


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format",
        type=_formats,
        metavar="FORMAT[,FORMAT]",
        help="markdown, html, json; default: output.formats of the run, else all",
    )
    parser.add_argument("--language", choices=("en", "zh"), help="default: output.language of the run, else en")


def _formats(text: str) -> list[str]:
    formats = [one.strip() for one in text.split(",") if one.strip()]
    wrong = [one for one in formats if one not in FORMATS]
    if wrong or not formats:
        raise argparse.ArgumentTypeError(f"{text!r}: choose from {', '.join(FORMATS)}")
    return formats


def _percent(text: str) -> float:
    try:
        value = float(text.strip().removesuffix("%"))
    except ValueError:
        value = -1
    if not 0 <= value < 1000:
        raise argparse.ArgumentTypeError(f"{text!r}: give a percentage, such as 10%")
    return value


def _fail(message: str, code: int) -> int:
    print(f"python -m reports: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
