"""Two runs compared: what `python -m reports compare` makes of them, for a page."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import gevent.subprocess

from bedrock_locust.redaction import public_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT_S = 120


class ComparisonError(Exception):
    """There is no comparison; the message says why."""


@dataclass(frozen=True)
class Comparison:
    """A comparison."""

    markdown: str
    chart: str
    """As a `data:` URL; empty without a chart."""


def compare(runs: Sequence[Path]) -> Comparison:
    """Compare run folders with the first of them, in a process of its own. Raises ComparisonError."""
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch)
        command = [
            sys.executable,
            "-m",
            "reports",
            "compare",
            *map(str, runs),
            "--output",
            scratch,
        ]
        try:
            done = gevent.subprocess.run(
                [*command, "--format", "markdown"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=LIMIT_S,
                check=False,
                # The path is that of this process: Locust adds the folder of the locustfile to it.
                env={**public_environment(os.environ), "PYTHONPATH": os.pathsep.join(sys.path)},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ComparisonError(f"The runs could not be compared: {error}") from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {done.returncode}"]
            raise ComparisonError(f"The runs could not be compared: {said[-1]}")
        return Comparison((output / "comparison.md").read_text(encoding="utf-8"), _chart(output / "comparison.svg"))


def _chart(path: Path) -> str:
    return f"data:image/svg+xml;base64,{b64encode(path.read_bytes()).decode()}" if path.exists() else ""
