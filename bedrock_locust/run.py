"""One run on the process that leads it: its record, its console and its end."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from locust.runners import MasterRunner

import gevent

from bedrock_locust import exits
from bedrock_locust.call import Call
from bedrock_locust.errors import REMEDIES
from bedrock_locust.live.limits import Guard
from bedrock_locust.outputs import console
from bedrock_locust.outputs.console.screen import Sturdy, screen
from bedrock_locust.process.clock import clock
from bedrock_locust.process.open_files import lack_for_calls, lack_for_workers
from bedrock_locust.process.report import ReportError, why_not_written
from bedrock_locust.recording.locust_tables import tables
from bedrock_locust.recording.recorder import LOCAL, Recorder
from bedrock_locust.recording.run_folder import RunFolder
from bedrock_locust.recording.worker_record import manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from locust.env import Environment

    from bedrock_locust.level import Level
    from bedrock_locust.live.limits import Reached
    from bedrock_locust.settings.schema import Settings

    Report = Callable[[Path, Path | None], Path]

logger = logging.getLogger(__name__)

FLUSH_S = 1
INFO_EVERY = 15
"""Flushes from one `run.json` to the next, where nothing else has it written: so old it is after a crash at most."""
STILL_S = 3
"""A process that was not heard of for so long, beyond a second, was frozen, or had no CPU."""
REPORT_INTERVAL_S = 3.5
"""The row of a call is here within this time after its end: Locust's workers report every 3 s."""


class Run:
    """A run from its start to its report."""

    def __init__(
        self,
        environment: Environment,
        settings: Settings,
        info: Mapping[str, Any],
        levels: Sequence[Level] | None,
    ) -> None:
        """Begin a run with these levels, or without any: make the run folder. Raises SettingsError if it cannot."""
        self._environment = environment
        self._settings = settings
        self.folder = RunFolder.create(settings.output.directory, settings.model.id, info["started_at"])
        self.info = info
        self.state = "running"
        """Or `ending`, and then `complete`, `interrupted` or `failed`."""
        self.reason = ""
        self.ended_at: float | None = None
        assert environment.parsed_options is not None  # noqa: S101 - the locust command has options
        self.console = Sturdy(screen(environment.parsed_options, levels))
        self.limit: Reached | None = None
        self._guard = Guard(settings)
        self._warn(levels)
        self.recorder = Recorder(info["run"], self.folder, info, self._watch)
        self.complete = levels is None
        self._deserted = self._stopped = False
        self._level: Level | None = None
        self._due: dict[str, float] = {}
        self._clock = gevent.spawn(self._keep)

    def _warn(self, levels: Sequence[Level] | None) -> None:
        """Say what this machine lacks for the run; each worker says it of its own."""
        runner = self._environment.runner
        if isinstance(runner, MasterRunner):
            lack = lack_for_workers(runner.worker_count)
        else:
            lack = lack_for_calls(max(level.users for level in levels)) if levels else ""
        if lack:
            logger.warning("bedrock-locust: %s", lack)

    def add(self, response: Any = None, **_: Any) -> None:
        """Listener of Locust's `request` event."""
        if isinstance(response, Call):
            self.recorder.add(response)

    def _watch(self, call: Call) -> None:
        """End the run at the first limit that a call reaches."""
        reached = self._guard.add(call)
        if reached is None or self.limit is not None:
            return
        self.limit = reached
        self._close_window()
        logger.warning("bedrock-locust: %s reached: %s; the run ends", reached.name, reached.reason)
        gevent.spawn(self._stop)

    def _stop(self) -> None:
        """End the run in good order, as Ctrl-C or the button of the web UI does."""
        runner, options = self._environment.runner, self._environment.parsed_options
        assert runner is not None  # noqa: S101 - it makes the calls
        if options and options.headless:
            # Locust's main greenlet would meet a quit of ours with one of its own, in the middle of it.
            gevent.get_hub().handle_system_error(KeyboardInterrupt, KeyboardInterrupt())
        else:
            runner.stop()

    def stopping(self) -> None:
        """The end has begun; calls in flight may go on for some seconds, but the load is over."""
        self.state = "ending"
        self._close_window()
        # From here on the workers of this terminal speak, too.
        self.console.close()

    def _close_window(self) -> None:
        """The load is over, and with it the window that is open."""
        self._stopped = True
        self.recorder.close_window()

    def on_level(self, level: Level | None) -> None:
        """Take note of a level; None is the end of the last. Once the end has begun, no level goes on."""
        if self._stopped and level is not None:
            return
        self._level = level
        if level is None:
            self.complete = True
            return
        self.recorder.level(level)
        if level.measured_to:
            longest_s = self.recorder.tally.levels[level.key].longest_ms / 1000
            self._due[level.key] = time.monotonic() + longest_s + REPORT_INTERVAL_S

    def outcome(self, signal: str, *, deserted: bool = False) -> tuple[str, str]:
        """How the run ended, and why: `signal` names the signal that ended it, `deserted` is without workers."""
        if signal:
            return "interrupted", f"stopped by {signal}"
        if self.limit:
            return "interrupted", f"{self.limit.name} reached: {self._guard.in_the_end(self.limit)}"
        self._deserted = deserted and not (self.complete and self._environment.shape_class)
        if self._deserted:
            return "interrupted", "no worker was left"
        if not self.complete:
            return "interrupted", "stopped before all levels had run"
        return "complete", "all levels ran" if self._environment.shape_class else "stopped as asked"

    def end(self, *, ended: str, reason: str, report: Report | None) -> Path | None:
        """Close the record, make the report and say where everything is. Returns where the report is."""
        self.state = "ending"
        self._clock.kill()
        self.console.close()
        for name, rows in tables(self._environment):
            self.folder.write_table(name, rows)
        limit, total = (self.limit.name, self._guard.total(self.limit)) if self.limit else (None, None)
        self.recorder.write_info(limit=limit, limit_total=total, clock_step_ms=round(clock.step_ms))
        self.recorder.close(ended=ended, reason=reason)
        # All is on disk before anything else is tried that might fail.
        if self._level and not self._level.measured_to:
            self._due[self._level.key] = 0.0  # the one that the end has caught
        self._print_blocks(everything=True)
        self._check_rows()
        self._say_if_nothing_worked()
        written = self._write_report(report) if report else None
        self.state, self.reason, self.ended_at = ended, reason, clock.wall_at()
        said = manifest(self.recorder.records) if LOCAL not in self.recorder.records else []
        self.console.say(console.farewell(self.folder.path, written, ended=ended, reason=reason, rows=said))
        return written

    def _check_rows(self) -> None:
        """Exit code 1 if calls that were made are not in the record, or could not be made for want of workers."""
        lost = self.folder.rows_lost or self.recorder.has_lost or self._deserted
        if self._environment.process_exit_code is None and lost:
            self._environment.process_exit_code = exits.ROWS_LOST

    def _say_if_nothing_worked(self) -> None:
        total = self.recorder.tally.total
        if total.ok or not total.errors:
            return
        (category, count), *_ = total.errors.most_common(1)
        logger.error(
            "bedrock-locust: no call succeeded; %d of %d ended in %s (%s). %s",
            *(count, total.calls, category, total.examples[category], REMEDIES[category]),
        )

    def _write_report(self, report: Report) -> Path | None:
        """Have the report made. Whatever befalls it, the run folder stays."""
        copy = Path(self._settings.output.report_file)
        again = f"make it with: python -m reports {self.folder.path} --report-file {copy}"
        try:
            written = report(self.folder.path, copy)
        except OSError as error:
            logger.error("bedrock-locust: %s", why_not_written(error, self.folder.path, again))  # noqa: TRY400 - one line
        except ReportError as error:
            logger.error("bedrock-locust: no report (%s); %s", error, again)  # noqa: TRY400 - one line
        except Exception:  # of a function of the user's own
            logger.exception("bedrock-locust: no report; %s", again)
        else:
            self._check_gate()
            return copy if copy.exists() else written
        self._environment.process_exit_code = exits.NO_REPORT
        return None

    def _check_gate(self) -> None:
        """Exit code 3 if the report says that the run did not meet its SLO."""
        try:
            slo = json.loads((self.folder.path / "report.json").read_text(encoding="utf-8")).get("slo")
        except (OSError, ValueError):
            return
        if slo and slo["passed"] is False:
            logger.error("bedrock-locust: the SLO was not met; see the report")
            self._environment.process_exit_code = exits.GATE

    def _keep(self) -> None:
        """Once a second: rows to disk, what can be seen to the tally, news to the console."""
        seconds = 0
        while True:
            before = time.monotonic()
            gevent.sleep(FLUSH_S)
            if (still_s := time.monotonic() - before - FLUSH_S) > STILL_S:
                logger.warning("bedrock-locust: this process stood still for %.0f s; its level lasts longer", still_s)
            self.folder.flush()
            if (seconds := seconds + 1) % INFO_EVERY == 0:
                self.recorder.write_info()
            clock.check()
            self.recorder.feel()
            self.recorder.tally.timeline.observe(self._users)
            self._print_blocks(everything=False)
            self.console.show(self.recorder.tally, self._level, users=self._users)

    @property
    def _users(self) -> int:
        """How many users run now."""
        return self._environment.runner.user_count if self._environment.runner else 0

    def _print_blocks(self, *, everything: bool) -> None:
        """Print the results of the levels of which all rows should be here by now."""
        now = time.monotonic()
        for name in [name for name, at in self._due.items() if everything or at <= now]:
            del self._due[name]
            reasons = self.recorder.health.levels[name].reasons()
            disturbances = self.recorder.disturbances(name)
            self.console.say(console.level_block(self.recorder.tally, name, reasons, disturbances))
