"""The process that makes a report, run by `process/report.py` with `python -m`.

Its arguments are the limit in seconds, the function, the run folder and where its copy goes.
The last line of its output is JSON: `written`, or what went wrong. It ends as soon as its standard input does.
"""

from __future__ import annotations

import json
import os
import pkgutil
import signal
import sys
import threading
from pathlib import Path
from typing import Any


def main(limit_s: str, function: str, *paths: str) -> None:
    """Call the function with the paths, and print what came of it. After the limit the process is killed by SIGALRM."""
    signal.alarm(int(limit_s))  # ends it whatever it does, also while no Python runs
    threading.Thread(target=_leave_with_the_run, daemon=True).start()
    print(json.dumps(_made(function, paths), default=str))


def _made(function: str, paths: tuple[str, ...]) -> dict[str, Any]:
    try:
        return {"written": str(pkgutil.resolve_name(function)(*map(Path, paths)))}
    except OSError as error:
        return {"errno": error.errno, "strerror": error.strerror or str(error), "filename": error.filename}
    except Exception as error:  # noqa: BLE001 - whatever a function of the user's own raises is told
        return {"error": " ".join(f"{type(error).__name__}: {error}".rstrip(": ").split())}


def _leave_with_the_run() -> None:
    """End when the run does: nobody is left who wants the report."""
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
