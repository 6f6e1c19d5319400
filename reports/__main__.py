"""`python -m reports results/<run>`: make the report of a run again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from reports import RunFolderError, write


def main(arguments: list[str] | None = None) -> int:
    """Write the report and print its path. 0: done, 1: a file could not be written, 2: not a run folder."""
    options = _parser().parse_args(arguments)
    try:
        print(write(options.run_folder, options.report_file))
    except RunFolderError as error:
        return _fail(str(error), 2)
    except OSError as error:
        return _fail(f"cannot write {error.filename or options.run_folder}: {error.strerror or error}", 1)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reports", description="Make the report of a run again.")
    parser.add_argument("run_folder", type=Path, help="the folder of the run, below results/")
    parser.add_argument("--report-file", type=Path, metavar="FILE", help="write a copy of the report here too")
    return parser


def _fail(message: str, code: int) -> int:
    print(f"python -m reports: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
