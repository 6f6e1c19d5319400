"""StepShape: users go up in steps, one user class after the other.

For each user class: `start`, `start + step`, ... users, up to at most `end`. A level warms up until
all its users run and `warmup_seconds` have passed, and is then measured for `duration_seconds`.
After the last level of a class the shape drains to no users, until the last call is over, before
the next class begins: Locust removes the users that were added last, whatever their class, so two
classes would otherwise run side by side.

The present level travels in `parsed_options.level_tag`, which Locust sends to every worker in the
message that changes the users. Where the environment has an event `level_change`, each change also
fires that; its keyword argument `level` is the same dict, of a level that begins, goes on to its next
phase or is over, and None when the last level is over.
"""

from __future__ import annotations

import logging
import time
from copy import copy
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

from locust import LoadTestShape

from shapes.dispatch import ClassDispatcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from locust import User
    from locust.env import Environment
    from locust.event import EventHook
    from locust.runners import Runner, WorkerNode

    Tick = tuple[int, float, list[type[User]]]

logger = logging.getLogger(__name__)

Phase = Literal["warmup", "measure", "drain"]

LEVEL_TAG = "level_tag"
"""The attribute of Locust's parsed options with the present level, a dict of Level's fields, or None."""

PATIENCE_S = 60
"""How long a level waits for all its users before it is measured with those it has, and how long a drain waits for the
last ones beyond the time that Locust gives them, in seconds."""

_RATES: dict[Phase, int] = {"warmup": 0, "measure": 1, "drain": 2}


@dataclass(frozen=True)
class Level:
    """A level and how far it has come. Times are Unix seconds, `None` is not yet."""

    level: str
    mode: str
    users: int
    phase: Phase = "warmup"
    started_at: float | None = None
    measured_from: float | None = None
    measured_to: float | None = None
    users_reached: int = 0
    completed: bool = False
    warmup_s: float = 0
    duration_s: float | None = None


@dataclass(frozen=True)
class _Stage:
    """One phase of a level."""

    level: Level
    phase: Phase
    user_class: type[User]


class StepShape(LoadTestShape):
    """Users in steps: set the attributes in a subclass, or in its `configure`."""

    abstract: ClassVar[bool] = True

    start = 1
    end = 10
    step = 1
    duration_seconds: float = 60
    warmup_seconds: float = 0
    user_classes: Sequence[type[User]] = ()

    _environment: Environment | None = None
    _stages: list[_Stage]
    _level: Level
    _since: float
    _clocks_apart: float

    def configure(self) -> None:
        """Set the attributes for a run, by the options of `self.environment`. Called before the first tick of a run."""

    def levels(self) -> list[Level]:
        """The levels of a whole run, in order, with the attributes as they are."""
        return [stage.level for stage in self._plan() if stage.phase == "measure"]

    def planned(self, environment: Environment) -> list[Level]:
        """The levels of a run with the options of an environment. A run that goes on stays as it is."""
        other = copy(self)
        other._environment = environment  # noqa: SLF001 - it is one of these
        other.configure()
        return other.levels()

    @property
    def environment(self) -> Environment:
        """The environment whose options count, for `configure`. Raises RuntimeError outside of Locust."""
        return self._environment or self._runner.environment

    def tick(self) -> Tick | None:
        """What Locust asks for about once a second: users, spawn rate and classes, or None at the end."""
        # Not in reset_time: on a master Locust calls that after the first tick, too.
        if self._runner.shape_last_tick is None:
            self.configure()
            self._clocks_apart = time.time() - time.perf_counter()
            dispatcher = partial(ClassDispatcher, now=self._present_classes, there=self._present_workers)
            self._runner.environment.dispatcher_class = dispatcher  # type: ignore[assignment]  # Locust only calls it
            self._stages = list(self._plan())
            self._enter()
        elif self._is_over():
            self._leave(self._stages.pop(0))
            self._enter()
        if not self._stages or self._is_out_of_time():
            return None
        return self._target(self._stages[0])

    def _present_classes(self) -> list[type[User]]:
        """The classes of the present phase; before and after a run, all of them."""
        return [self._stages[0].user_class] if self._stages else list(self.user_classes)

    def _present_workers(self) -> list[WorkerNode]:
        """The workers that can run users; none where they run in this process."""
        clients = getattr(self._runner, "clients", None)
        return [*clients.ready, *clients.spawning, *clients.running] if clients else []

    @property
    def _runner(self) -> Runner:
        if self.runner is None:
            raise RuntimeError("a shape is run by Locust, which gives it a runner")
        return self.runner

    def _plan(self) -> Iterator[_Stage]:
        steps = range(self.start, self.end + 1, self.step)
        width = len(str(steps[-1]))
        for mode, user_class in zip(_groups(self.user_classes), self.user_classes, strict=True):
            for users in steps:
                level = Level(
                    *(f"{mode}-{users:0{width}d}", mode, users),
                    warmup_s=self.warmup_seconds,
                    duration_s=self.duration_seconds,
                )
                yield _Stage(level, "warmup", user_class)
                yield _Stage(level, "measure", user_class)
            yield _Stage(level, "drain", user_class)

    def _is_over(self) -> bool:
        """Whether the present phase has done its time; notes how many users run."""
        running: int = self._runner.user_count
        self._level = replace(self._level, users_reached=max(self._level.users_reached, running))
        elapsed = time.perf_counter() - self._since
        match self._stages[0].phase:
            case "drain":
                return running == 0 or self._is_stuck(elapsed, running)
            case "measure":
                return elapsed >= self.duration_seconds
        if running < self._level.users and elapsed < PATIENCE_S:
            self._warm_from = time.perf_counter()
            return False
        return time.perf_counter() - self._warm_from >= self.warmup_seconds

    def _is_stuck(self, elapsed: float, running: int) -> bool:
        """Whether users are left that Locust should have killed by now, or that only its count still has."""
        stuck = elapsed >= (self._runner.environment.stop_timeout or 0) + PATIENCE_S
        if stuck:
            logger.warning("%d users have not stopped after %.0f s: the run goes on without them", running, elapsed)
        return stuck

    def _now(self) -> float:
        """Unix time by the wall clock as it was at the first tick: it may be set in the middle of a run."""
        return self._clocks_apart + time.perf_counter()

    def _leave(self, stage: _Stage) -> None:
        """Close the window of a level that has been measured."""
        if stage.phase == "measure":
            self._level = replace(self._level, phase="drain", measured_to=self._now(), completed=True)
            self._fire(self._level)

    def _enter(self) -> None:
        """Begin the next phase, or say that all is over."""
        self._since = self._warm_from = time.perf_counter()
        if not self._stages:
            self._tag(None)
            self._fire(None)
            return
        stage = self._stages[0]
        if stage.phase == "warmup":
            self._level = replace(stage.level, started_at=self._now())
        elif stage.phase == "measure":
            self._level = replace(self._level, phase="measure", measured_from=self._now())
        self._tag(self._level)
        if stage.phase != "drain":  # the level said so itself when it ended
            self._fire(self._level)

    def _tag(self, level: Level | None) -> None:
        setattr(self._runner.environment.parsed_options, LEVEL_TAG, asdict(level) if level else None)

    def _fire(self, level: Level | None) -> None:
        hook: EventHook | None = getattr(self._runner.environment.events, "level_change", None)
        if hook:
            hook.fire(level=asdict(level) if level else None)

    def _is_out_of_time(self) -> bool:
        """Whether `--run-time` is over; Locust leaves that to a shape."""
        run_time: float | None = getattr(self._runner.environment.parsed_options, "run_time", None)
        elapsed: float = self.get_run_time()  # type: ignore[no-untyped-call]  # Locust's
        return run_time is not None and elapsed >= run_time

    def _target(self, stage: _Stage) -> Tick:
        """Users, spawn rate and classes of a phase.

        The rate lets all users come or go at once, and differs from phase to phase: Locust passes a
        tick on to the workers only if it is not equal to the last one.
        """
        users = 0 if stage.phase == "drain" else stage.level.users
        return users, float(self.end + _RATES[stage.phase]), [stage.user_class]


def _groups(user_classes: Sequence[type[User]]) -> list[str]:
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
