"""What the charts are drawn with, made by another process when it is first asked for.

To make it takes seconds of CPU that nothing can interrupt, and imports that the report needs as well: in this
process workers would think that their master is lost, and two threads would import the same modules.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import gevent
import gevent.lock
import gevent.subprocess

from bedrock_locust.redaction import public_environment

LIMIT_S = 120
VERSION = version("vl-convert-python")
"""The version of the package that carries the scripts."""

_SCRIPT = "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle().encode())"
_CHARTS = "import json, pkgutil, sys; json.dump(pkgutil.resolve_name(sys.argv[1])(), sys.stdout)"


class Made:
    """What a Python program in a process of its own writes; it runs once, or once for all runs where that is kept."""

    def __init__(self, program: str, *arguments: str, kept: Path | None = None) -> None:
        self._command = [sys.executable, "-c", program, *arguments]
        self._kept = kept
        self._output = b""
        self._lock = gevent.lock.BoundedSemaphore()

    def output(self) -> bytes:
        """The output. Raises OSError where the program fails."""
        with self._lock:
            if not self._output:
                self._output = self._read() or self._keep(self._run())
        return self._output

    def prepare(self) -> None:
        """Have it made soon, if nobody has asked for it yet."""
        if not self._output and not self._lock.locked():
            gevent.spawn(self.output)

    def _read(self) -> bytes:
        with contextlib.suppress(OSError):
            return self._kept.read_bytes() if self._kept else b""
        return b""

    def _keep(self, made: bytes) -> bytes:
        """Write a whole file, or none."""
        if self._kept:
            with contextlib.suppress(OSError):
                self._kept.parent.mkdir(parents=True, exist_ok=True)
                with tempfile.NamedTemporaryFile("wb", dir=self._kept.parent, delete=False) as draft:
                    draft.write(made)
                Path(draft.name).replace(self._kept)
        return made

    def _run(self) -> bytes:
        # The path is that of this process: Locust adds the folder of the locustfile to it.
        made = gevent.subprocess.run(
            self._command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
            env={**public_environment(os.environ), "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        if made.returncode:
            raise OSError(made.stderr.decode(errors="replace").strip()[-1000:])
        output: bytes = made.stdout
        return output


def script() -> Made:
    """JavaScript that sets `vegaEmbed`, `vegaLite` and `vega`, as the installed vl-convert carries them."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bedrock-locust"
    return Made(_SCRIPT, kept=folder / f"vega-live-{VERSION}.js")


def definitions(maker: str) -> Made:
    """JSON: theme -> chart -> its Vega-Lite definition. The maker comes from outside, as `package.module:function`."""
    return Made(_CHARTS, maker)
