"""The JavaScript that draws charts: Vega, Vega-Lite and Vega-Embed, as the installed vl-convert carries them."""

from __future__ import annotations

import sys
from importlib.metadata import version

import gevent
import gevent.lock
import gevent.subprocess

LIMIT_S = 60

_BUNDLE = "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle().encode())"


class Vega:
    """The bundle, made at its first use and then kept."""

    def __init__(self) -> None:
        self.version = version("vl-convert-python")
        self._script = b""
        self._lock = gevent.lock.BoundedSemaphore()

    def script(self) -> bytes:
        """The bundle, which sets `vegaEmbed`, `vegaLite` and `vega`. Raises OSError where it can't be made.

        It takes seconds of CPU that nothing can interrupt, so another process makes it: workers would else
        think that their master is lost.
        """
        with self._lock:
            if not self._script:
                command = [sys.executable, "-c", _BUNDLE]
                made = gevent.subprocess.run(command, capture_output=True, timeout=LIMIT_S, check=False)
                if made.returncode:
                    raise OSError(f"vl-convert made no script: {made.stderr.decode(errors='replace')[-500:]}")
                self._script = made.stdout
        return self._script

    def prepare(self) -> None:
        """Have the bundle made soon, if nobody has asked for it yet."""
        if not self._script and not self._lock.locked():
            gevent.spawn(self.script)
