"""The simulator as a child process of the run that asks for it with `--bedrock-simulator`."""

from __future__ import annotations

import atexit
import os
import re
import shlex
import subprocess
import sys

import gevent

from bedrock_locust.process.present import present
from bedrock_locust.redaction import public_environment
from bedrock_locust.settings.mistakes import SettingsError

START_LIMIT_S = 30
STOP_LIMIT_S = 5
VARIABLES = ("BEDROCK_SIMULATOR_ACCESS_KEYS", "BEDROCK_SIMULATOR_CONTROL_TOKEN")
"""Secrets of the simulator's own."""
READY = re.compile(r"listening on (https?://\S+)")


class SimulatorProcess:
    """A simulator on a free loopback port. It ends with `stop`, at exit, or when this process dies."""

    def __init__(self, options: str, endpoint: str = "runtime") -> None:
        """Start it as this endpoint, with more of its options. Raises SettingsError where it does not start."""
        command = [sys.executable, "-m", "bedrock_locust.simulator", "--exit-with-parent", "--endpoint", endpoint]
        try:
            more = shlex.split(options)
        except ValueError as error:
            raise SettingsError(f"--bedrock-simulator: {options!r} has open quotes ({error}): close them") from None
        if more and not more[0].startswith("-"):
            raise SettingsError(
                f"--bedrock-simulator: {more[0]!r} is not an option of the simulator. A user class after this option is"
                " taken for its value: put the class first, or write --bedrock-simulator="
            )
        self.endpoint = "" if any(option.startswith("--endpoint") for option in more) else endpoint
        """What it plays; empty where its own options say."""
        # A session of its own: Ctrl-C is for the run, which ends the simulator last.
        self._process = subprocess.Popen(  # noqa: S603 - our own module, with the options of the user
            [*command, "--port", "0", *more],
            stdout=subprocess.PIPE,
            text=True,
            env=public_environment(os.environ, *VARIABLES),
            start_new_session=True,
        )
        atexit.register(self.stop)
        self.url = self._wait()

    def _wait(self) -> str:
        """The URL in the line that says it is ready."""
        output = present(self._process.stdout, "the simulator's output is a pipe")
        with gevent.Timeout(START_LIMIT_S, False):  # type: ignore[arg-type]  # False: end the block silently
            for line in output:
                if found := READY.search(line):
                    return found[1]
        self.stop()
        raise SettingsError("--bedrock-simulator: the simulator did not start; what it said is above")

    def stop(self) -> None:
        """End it, if it still runs."""
        atexit.unregister(self.stop)
        if self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
