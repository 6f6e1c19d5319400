"""All runs that the pages know: those of this process, and those in the folder of results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.outputs.web.live import about

if TYPE_CHECKING:
    from bedrock_locust.outputs.web.past_runs import PastRuns
    from bedrock_locust.outputs.web.runs import Runs
    from bedrock_locust.process.own_folder import OwnFolder


class History:
    """All runs. `past` is None where no folder is looked at."""

    def __init__(self, runs: Runs, past: PastRuns | None) -> None:
        self._runs, self._past = runs, past

    @property
    def goes_on(self) -> bool:
        """Whether a run of this process has not ended."""
        return bool(self._runs.latest and not self._runs.latest.ended_at)

    def all(self) -> list[dict[str, Any]]:
        """What is told of each run, the newest first."""
        past = {run.folder.path.name: run.about for run in self._past or ()}
        # Of a run of this process its own state counts: its folder does not know yet how it ends.
        own = {run.path.name: {**past.get(run.path.name, {}), **about(run)} for run in self._runs}
        return [run for _, run in sorted({**past, **own}.items(), reverse=True)]

    def find(self, name: str) -> tuple[OwnFolder, dict[str, Any]] | None:
        """The folder of the run of this name, and what is told of the run."""
        if run := self._runs.find(name):
            return run.own_folder, about(run)
        past = self._past.find(name) if self._past else None
        return (past.folder, past.about) if past else None
