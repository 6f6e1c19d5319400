"""What every shape of this package does: it offers its levels, and says where a run is."""

from __future__ import annotations

import time
from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from locust import LoadTestShape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from locust import User
    from locust.env import Environment
    from locust.event import EventHook
    from locust.runners import Runner, WorkerNode

Phase = Literal["warmup", "measure", "drain"]

LEVEL_TAG = "level_tag"
"""The attribute of Locust's parsed options with the present level, a dict of its fields, or None."""

PATIENCE_S = 60
"""How long a level waits for what it needs before it begins without it, and how long a drain waits for the last users
beyond the time that Locust gives them, in seconds."""


class LevelShape(LoadTestShape):
    """A shape with levels: set the attributes in a subclass, or in its `configure`."""

    abstract: ClassVar[bool] = True

    duration_seconds: float = 60
    warmup_seconds: float = 0
    user_classes: Sequence[type[User]] = ()

    _environment: Environment | None = None
    _clocks_apart: float

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Locust's

    def configure(self) -> None:
        """Set the attributes for a run, by the options of `self.environment`. Called before the first tick of a run."""

    def levels(self) -> Sequence[Any]:
        """The levels of a whole run, in order, with the attributes as they are."""
        raise NotImplementedError

    def planned(self, environment: Environment) -> Sequence[Any]:
        """The levels of a run with the options of an environment. A run that goes on stays as it is."""
        other = copy(self)
        other._environment = environment  # noqa: SLF001 - it is one of these
        other.configure()
        return other.levels()

    @property
    def environment(self) -> Environment:
        """The environment whose options count, for `configure`. Raises RuntimeError outside of Locust."""
        return self._environment or self._runner.environment

    @property
    def _runner(self) -> Runner:
        if self.runner is None:
            raise RuntimeError("a shape is run by Locust, which gives it a runner")
        return self.runner

    def _present_workers(self) -> list[WorkerNode]:
        """The workers that can run users; none where they run in this process."""
        clients = getattr(self._runner, "clients", None)
        return [*clients.ready, *clients.spawning, *clients.running] if clients else []

    def _keep_clock(self) -> None:
        """Read the wall clock once: it may be set in the middle of a run."""
        self._clocks_apart = time.time() - time.perf_counter()

    def _now(self) -> float:
        """Unix time by the wall clock as it was at the first tick."""
        return self._clocks_apart + time.perf_counter()

    def _is_stuck(self, elapsed: float) -> bool:
        """Whether users are left that Locust should have killed by now, or that only its count still has."""
        return elapsed >= (self._runner.environment.stop_timeout or 0) + PATIENCE_S

    def _tag(self, level: Mapping[str, Any] | None) -> None:
        setattr(self._runner.environment.parsed_options, LEVEL_TAG, level)

    def _fire(self, event: str, **said: Any) -> None:
        """Fire an event of the environment, if it has that."""
        hook: EventHook | None = getattr(self._runner.environment.events, event, None)
        if hook:
            hook.fire(**said)

    def _is_out_of_time(self) -> bool:
        """Whether `--run-time` is over; Locust leaves that to a shape."""
        run_time: float | None = getattr(self._runner.environment.parsed_options, "run_time", None)
        elapsed: float = self.get_run_time()  # type: ignore[no-untyped-call]  # Locust's
        return run_time is not None and elapsed >= run_time


def groups(user_classes: Sequence[type[User]]) -> list[str]:
    """A name for the calls of each class: its `mode`, or its own name; with a number or its own name to tell apart."""
    modes = [str(getattr(user_class, "mode", user_class.__name__)) for user_class in user_classes]
    names = [
        mode if modes.count(mode) == 1 else f"{mode}-{user_class.__name__}"
        for mode, user_class in zip(modes, user_classes, strict=True)
    ]
    return [
        name if names.count(name) == 1 else f"{name}-{names[: place + 1].count(name)}"
        for place, name in enumerate(names)
    ]
