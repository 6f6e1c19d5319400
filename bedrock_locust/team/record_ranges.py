"""Positions of a workload's records, on their way from the master to its workers.

A worker asks before it runs out, the master answers with a range: an empty one after the last, and then a worker that
has used up its own asks for none. Each position is handed out once: what a worker
still has when it is lost is sent by nobody.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from bedrock_locust.process.present import present
from bedrock_locust.recording.worker_check import WrongReportError, shown, whole
from bedrock_locust.workload.positions import HandedOut, Positions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from locust.runners import MasterRunner, WorkerRunner

WANTED = "bedrock_records_wanted"
"""The type of a message that is a Wanted."""
GIVEN = "bedrock_records_given"
"""The type of a message that is a Given."""
LONGEST = 2048
"""Characters of the longest key of a level."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """From a worker to its master: more positions, or none where it has taken the last one."""

    run: str
    level: str
    """The level whose sequence is meant; empty for that of the run."""
    number: int

    def to_plain(self) -> dict[str, Any]:
        """A dict of types that msgpack can carry."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Any) -> Wanted:
        """The message that `to_plain` made the dict of, checked whole. Raises WrongReportError."""
        try:
            found = cls(**{field.name: plain[field.name] for field in fields(cls)})
        except (KeyError, TypeError):
            raise WrongReportError("its request for records lacks parts") from None
        values: tuple[tuple[str, Any], ...] = (("run", found.run), ("level", found.level))
        for name, value in values:
            if not isinstance(value, str) or len(value) > LONGEST:
                raise WrongReportError(f"{name} is {shown(value)}, not a text")
        whole(found.number, "number of records")
        return found


@dataclass(frozen=True, slots=True)
class Given:
    """From the master to a worker: the positions from `begin` on, up to but without `end`."""

    run: str
    level: str
    begin: int
    end: int

    def to_plain(self) -> dict[str, Any]:
        """A dict of types that msgpack can carry."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Given:
        """The message that `to_plain` made the dict of. Raises KeyError for a field that is missing."""
        return cls(**{field.name: plain[field.name] for field in fields(cls)})


class Dealer:
    """The master's side: hands out positions."""

    def __init__(self, runner: MasterRunner, turn_away: Callable[[str, str], None]) -> None:
        """`turn_away` gets the id of a worker that asks for nonsense, and why."""
        self._runner, self._turn_away = runner, turn_away
        self._run = ""
        self.sequence = HandedOut()
        """What has been handed out in the present run."""
        runner.register_message(WANTED, self._on_wanted)

    def begin(self, run: str, most: int | None = None) -> HandedOut:
        """Begin a run with at most so many positions; returns what is handed out in it."""
        self._run, self.sequence = run, HandedOut(most)
        return self.sequence

    def _on_wanted(self, environment: Any, msg: Any) -> None:  # noqa: ARG002 - Locust's name
        try:
            wanted = Wanted.from_plain(msg.data)
        except WrongReportError as error:
            self._turn_away(msg.node_id, str(error))
            return
        if wanted.run != self._run:
            return
        if not wanted.number:
            self.sequence.use_up(msg.node_id)
        else:
            dealt = self.sequence.deal(wanted.level, wanted.number)
            self.sequence.holders |= {msg.node_id} if dealt else set()
            given = Given(wanted.run, wanted.level, dealt.start, dealt.stop)
            self._runner.send_message(GIVEN, given.to_plain(), msg.node_id)


class Taker:
    """The worker's side: asks for positions and takes what comes."""

    def __init__(self, runner: WorkerRunner) -> None:
        self._runner = runner
        self._run = ""
        self._positions: Positions | None = None
        runner.register_message(GIVEN, self._on_given)

    def begin(self, run: str) -> Positions:
        """The positions of a run that begins."""
        self._run, self._positions = run, Positions(self._ask)
        return self._positions

    def _ask(self, level: str, number: int) -> None:
        self._runner.send_message(WANTED, Wanted(self._run, level, number).to_plain())

    def _on_given(self, environment: Any, msg: Any) -> None:  # noqa: ARG002 - Locust's name
        given = Given.from_plain(msg.data)
        if given.run == self._run:
            present(self._positions, "a run has begun").give(given.level, range(given.begin, given.end))
