"""What the users of a process share while a run goes on: settings, the boto3 client, the present level."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from bedrock_locust.level import Level
from bedrock_locust.workload.source import workload_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from locust.env import Environment

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from bedrock_locust.settings.schema import Settings
    from bedrock_locust.workload.contract import Workload
    from bedrock_locust.workload.jsonl import RecordFile
    from bedrock_locust.workload.positions import Positions
    from bedrock_locust.workload.prepared import Prepared

LEVEL = "level_tag"
"""The attribute of Locust's parsed options with the present level as a mapping, or None.

A shape sets it; Locust sends parsed options to the workers in the same message that changes the users.
"""


@dataclass
class Bench:
    """What the users of this process share."""

    environment: Environment
    settings: Settings
    boto3_client: BedrockRuntimeClient
    worker: str
    workload: Workload = field(init=False)
    """Where the next request comes from."""
    arrival: Mapping[str, Any] | None = field(default=None, init=False, repr=False)
    """Of the user that is being made: the level, phase and moment of the arrival that it is; None in a closed loop."""
    position: int | None = field(default=None, init=False, repr=False)
    """Of the same user: which request of the workload it makes."""
    now: Callable[[], Level | None] | None = field(default=None, init=False, repr=False)
    """What knows the present level, in place of the shape: the schedule of an open loop."""
    _announced: dict[str, Any] | None = field(default=None, init=False, repr=False)
    _level: Level | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """Have the workload of the settings, without what others have found out about it."""
        if not self.settings.file_of_requests:
            self.workload = workload_of(self.settings, name=self.worker)

    def read(self, file: RecordFile | None, prepared: Prepared, positions: Positions) -> None:
        """Have the workload of the settings, with what is prepared, and with the records of its file if it has one."""
        by_level = self.settings.workload is not None and self.settings.workload.restart == "level"

        def next_position() -> int:
            return positions.take(self.level_key() if by_level else "")

        self.workload = workload_of(self.settings, prepared, self.worker, file, next_position)

    @property
    def level(self) -> Level | None:
        """The present level; None where there is none. Raises LevelError where the shape announced a wrong one."""
        if self.now:
            return self.now()
        announced = getattr(self.environment.parsed_options, LEVEL, None)
        if announced != self._announced:
            self._level = Level.from_plain(announced) if announced else None
            self._announced = announced and dict(announced)
        return self._level

    def level_key(self) -> str:
        """The key of the present level; empty where there is none."""
        level = self.level
        return level.key if level else ""

    def tags(self, arrival: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Level, users, phase and worker of a call that starts now; an arrival knows its level itself."""
        if arrival is not None:
            return {"worker": self.worker, **arrival}
        level = self.level
        if level is None:
            return {"worker": self.worker}
        return {"worker": self.worker, "level": level.key, "users": level.users, "phase": level.phase}

    def measured_level(self) -> str:
        """The key of the level that is measured now; empty where none is."""
        level = self.level
        return level.key if level and level.phase == "measure" else ""


_benches: WeakKeyDictionary[Environment, Bench] = WeakKeyDictionary()


def put_bench(bench: Bench) -> None:
    """Make this the bench of its environment.

    What has been imported and made by now stays, and the garbage collector need not look at it again:
    boto3's models alone are a million objects, and a look at them holds up every stream.
    """
    _benches[bench.environment] = bench
    gc.collect()
    gc.freeze()


def bench_of(environment: Environment) -> Bench:
    """The bench of an environment. Raises RuntimeError where no run has begun in it."""
    try:
        return _benches[environment]
    except KeyError:
        raise RuntimeError(
            "no Bedrock run has begun here: a BedrockUser needs bedrock_locust.setup(), called once in the locustfile,"
            " and settings that a run can begin with. Where Locust is used as a library, the environment also needs"
            " events=locust.events, as in examples/library.py"
        ) from None
