"""What a worker and its master tell each other, in addition to what Locust's own processes do.

Each message is a typed record. `to_plain` turns it into a dict of types that msgpack can carry, and `from_plain` reads
that dict. Both sides check the version first: of another version only the version can be relied on.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from bedrock_locust.arrivals.lease import Lease
from bedrock_locust.arrivals.schedule import Schedule
from bedrock_locust.recording.worker_check import WrongReportError, checked, number
from bedrock_locust.recording.worker_rows import RowsReport
from bedrock_locust.redaction import MESSAGE_LIMIT, word

if TYPE_CHECKING:
    from collections.abc import Mapping

REPORT = "bedrock"
"""The key of a Report in the data of Locust's own report, which goes to the master every 3 s."""
ROWS = "bedrock_rows"
"""The type of a message that is a Report by itself: at the start of a worker, and at its end."""
TAKEN = "bedrock_taken"
"""The type of the message that is a Taken."""
FINISH = "bedrock_finish"
"""The type of the message that is a Finish."""

LEASE = "bedrock_lease"
"""The type of the message that is a LeaseOrder."""

GRACE_S = 3
"""How long calls in flight may go on when a run is stopped early, in seconds; then they are cut off."""
HAND_OVER_S = 15
"""How long either side waits for the other at the end of a run, beyond the grace for calls in flight, in seconds."""


@dataclass(frozen=True, slots=True)
class Report:
    """From a worker to its master: every 3 s, at its start and at its end."""

    version: str
    """The version of this package on the worker."""
    asked_at: float
    """Unix time of the worker, seconds."""
    tick: float
    """Seconds of a clock of the worker that nobody sets."""
    clock_offset_ms: float | None
    """What to add to the worker's clock to get the master's; None if not known yet."""
    warning: str
    """What the worker lacks, in words, or empty."""
    rows: RowsReport | None
    """None outside a run."""
    refusal: str = ""
    """Why the worker cannot take part in the run, in words, or empty."""

    def to_plain(self) -> dict[str, Any]:
        """A dict of types that msgpack can carry."""
        rows = self.rows.to_plain() if self.rows else None
        return {**{field.name: getattr(self, field.name) for field in fields(self)}, "rows": rows}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Report:
        """The report that `to_plain` made the dict of, checked whole. Raises WrongReportError."""
        try:
            rows = None if plain["rows"] is None else checked(RowsReport.from_plain(plain["rows"]))
            report = cls(**{**{field.name: plain[field.name] for field in fields(cls)}, "rows": rows})
        except (KeyError, TypeError, AttributeError) as error:
            raise WrongReportError(f"it lacks parts ({type(error).__name__}: {word(str(error))})") from None
        for name in ("asked_at", "tick"):
            number(getattr(report, name), name)
        if report.clock_offset_ms is not None:
            number(report.clock_offset_ms, "clock_offset_ms")
        return replace(report, warning=word(report.warning, MESSAGE_LIMIT), refusal=word(report.refusal, MESSAGE_LIMIT))


@dataclass(frozen=True, slots=True)
class Taken:
    """From the master to a worker: the answer to each Report."""

    version: str
    """The version of this package on the master."""
    asked_at: float | None
    tick: float | None
    """Both as the report had them; None where the worker is of another version."""
    answered_at: float
    """Unix time of the master, seconds."""
    run: str | None
    """The run that the report was about."""
    batches: tuple[int, ...] = ()
    """The numbers of the batches whose rows are on the master's disk."""
    whole: bool = False
    """Whether every batch of the worker has arrived, up to its last."""
    over: bool = False
    """Whether the run has ended, so that no more rows will be taken."""

    def to_plain(self) -> dict[str, Any]:
        """A dict of types that msgpack can carry."""
        return {**asdict(self), "batches": list(self.batches)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Taken:
        """The answer that `to_plain` made the dict of. Raises KeyError for a field that is missing."""
        values = {field.name: plain[field.name] for field in fields(cls)}
        return cls(**{**values, "batches": tuple(plain["batches"])})


@dataclass(frozen=True, slots=True)
class Finish:
    """From the master, repeated until a worker has handed over: stop the users, hand over all rows."""

    run: str
    grace_s: float
    """How long calls in flight may go on, in seconds."""

    def to_plain(self) -> dict[str, Any]:
        """A dict of types that msgpack can carry."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Finish:
        """The message that `to_plain` made the dict of. Raises KeyError for a field that is missing."""
        return cls(plain["run"], plain["grace_s"])


@dataclass(frozen=True, slots=True)
class LeaseOrder:
    """From the master, once a second while calls arrive: what a worker may make of a schedule, and until when."""

    run: str
    schedule: Schedule
    lease: Lease

    def to_plain(self) -> dict[str, Any]:
        """A dict of types that msgpack can carry."""
        return {"run": self.run, "schedule": self.schedule.to_plain(), "lease": self.lease.to_plain()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> LeaseOrder:
        """The order that `to_plain` made the dict of. Raises KeyError for a field that is missing."""
        return cls(plain["run"], Schedule.from_plain(plain["schedule"]), Lease.from_plain(plain["lease"]))


@dataclass(frozen=True, slots=True)
class RunOrder:
    """What workers must know of a run that begins: JSON in the option `bedrock_run`. It has no secrets."""

    version: str
    run: str
    simulator: bool
    worker_timeout_s: int
    in_flight: int | None
    """The most calls that one worker has in flight, if they are spread evenly; None where no shape says how many."""
    settings: Mapping[str, Any]
    """The public settings."""
    workload: Mapping[str, Any]
    """What was found out about the workload, as a Prepared says it."""

    def to_json(self) -> str:
        """The order as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> RunOrder:
        """The order that `to_json` made the text of. Raises KeyError for a field that is missing."""
        plain = json.loads(text)
        return cls(**{field.name: plain[field.name] for field in fields(cls)})


def version_of(plain: Mapping[str, Any]) -> str:
    """The version on the side that sent a message, whichever version that is."""
    return str(plain.get("version", "unknown"))


def worker_name(client_id: str, index: int) -> str:
    """The short name of a worker: its host and its number."""
    return f"{client_id.rsplit('_', 1)[0]}_{index}"


def mismatch(here: str, there: str | None) -> str:
    """Why two processes cannot work together, where `there` is the version on the other side; empty if they can."""
    if there == here:
        return ""
    if there is None:
        return "there is no bedrock-locust: call bedrock_locust.setup() in its locustfile"
    return f"bedrock-locust is {word(there)} there and {here} here: install the same on both"
