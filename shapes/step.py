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
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from shapes.base import PATIENCE_S, LevelShape, Phase, groups
from shapes.dispatch import ClassDispatcher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from locust import User

    Tick = tuple[int, float, list[type[User]]]

logger = logging.getLogger(__name__)

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


class StepShape(LevelShape):
    """Users in steps: set the attributes in a subclass, or in its `configure`."""

    abstract: ClassVar[bool] = True

    start = 1
    end = 10
    step = 1

    _stages: list[_Stage]
    _level: Level
    _since: float

    def levels(self) -> list[Level]:
        """The levels of a whole run, in order, with the attributes as they are."""
        return [stage.level for stage in self._plan() if stage.phase == "measure"]

    def tick(self) -> Tick | None:
        """What Locust asks for about once a second: users, spawn rate and classes, or None at the end."""
        # Not in reset_time: on a master Locust calls that after the first tick, too.
        if self._runner.shape_last_tick is None:
            self.configure()
            self._keep_clock()
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

    def _plan(self) -> Iterator[_Stage]:
        steps = range(self.start, self.end + 1, self.step)
        width = len(str(steps[-1]))
        for mode, user_class in zip(groups(self.user_classes), self.user_classes, strict=True):
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
                return running == 0 or self._gives_up(elapsed, running)
            case "measure":
                return elapsed >= self.duration_seconds
        if running < self._level.users and elapsed < PATIENCE_S:
            self._warm_from = time.perf_counter()
            return False
        return time.perf_counter() - self._warm_from >= self.warmup_seconds

    def _gives_up(self, elapsed: float, running: int) -> bool:
        """Whether users are left that will not stop any more; says so."""
        stuck = self._is_stuck(elapsed)
        if stuck:
            logger.warning("%d users have not stopped after %.0f s: the run goes on without them", running, elapsed)
        return stuck

    def _leave(self, stage: _Stage) -> None:
        """Close the window of a level that has been measured."""
        if stage.phase == "measure":
            self._level = replace(self._level, phase="drain", measured_to=self._now(), completed=True)
            self._tell(self._level)

    def _enter(self) -> None:
        """Begin the next phase, or say that all is over."""
        self._since = self._warm_from = time.perf_counter()
        if not self._stages:
            self._tag(None)
            self._tell(None)
            return
        stage = self._stages[0]
        if stage.phase == "warmup":
            self._level = replace(stage.level, started_at=self._now())
        elif stage.phase == "measure":
            self._level = replace(self._level, phase="measure", measured_from=self._now())
        self._tag(asdict(self._level))
        if stage.phase != "drain":  # the level said so itself when it ended
            self._tell(self._level)

    def _tell(self, level: Level | None) -> None:
        self._fire("level_change", level=asdict(level) if level else None)

    def _target(self, stage: _Stage) -> Tick:
        """Users, spawn rate and classes of a phase.

        The rate lets all users come or go at once, and differs from phase to phase: Locust passes a
        tick on to the workers only if it is not equal to the last one.
        """
        users = 0 if stage.phase == "drain" else stage.level.users
        return users, float(self.end + _RATES[stage.phase]), [stage.user_class]
