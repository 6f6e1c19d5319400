"""RateShape: calls arrive at a rate, whether or not earlier ones are answered; one user class after the other.

For each user class: a level for each of `rates`, or one for each part of `profile`. Or one level with the calls of a
trace, of all classes together. The arrivals of a level are planned
as a whole, with the moment of their start, and fired as the event `schedule_change`, whose keyword argument `schedule`
is a dict (docs/extending.md): whoever makes them makes each a user of the class, for one task. Locust is asked for no
users. Windows are those of the plan, whenever this shape is asked. After each of `rates`, and after a profile, all
calls in flight end before the next level begins.

The window of a trace that is open-ended stays open while calls of conversations wait for the one before them. The
shape asks by the event `arrivals_unmade`, whose `answer`, an empty dict, gets `unmade`: how many arrivals were due
and neither made nor dropped.
"""

from __future__ import annotations

import logging
import time
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from locust.runners import STATE_RUNNING

from shapes.base import PATIENCE_S, LevelShape, Phase, groups
from shapes.dispatch import ClassDispatcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from locust import User

    Tick = tuple[int, float, list[type[User]]]

logger = logging.getLogger(__name__)

AHEAD_S = 1.5
"""How long before its start a schedule is announced, in seconds: workers have to hear of it."""
SETTLE_S = 4.0
"""How long after the last arrival workers may still report users that have begun, in seconds: they do so every 3 s."""


class Replay(Protocol):
    """What a shape must know of a trace that is replayed."""

    @property
    def seconds(self) -> float:
        """From its start to its end."""

    @property
    def rate_per_s(self) -> float:
        """Its calls a second, on average."""

    @property
    def open_ended(self) -> bool:
        """Whether it goes on until the calls that wait for the one before them have been made."""

    @property
    def modes(self) -> Sequence[str]:
        """The modes of its calls: each is one of the user classes' attribute `mode`."""


@dataclass(frozen=True)
class RateLevel:
    """A level of arrivals, and how far it has come. Times are Unix seconds, `None` is not yet."""

    level: str
    mode: str
    rate_per_s: float
    rate_from_per_s: float
    rate_to_per_s: float
    max_in_flight: int
    part: int | None = None
    """Which part of the profile it is, or which step of a ramp, from 1 on."""
    kind: Literal["", "ramp"] = ""
    phase: Phase = "warmup"
    started_at: float | None = None
    measured_from: float | None = None
    measured_to: float | None = None
    completed: bool = False
    warmup_s: float = 0
    duration_s: float = 0


@dataclass(frozen=True)
class Plan:
    """Levels that follow each other without a pause."""

    user_class: type[User]
    levels: tuple[RateLevel, ...]

    def news(self, start_at: float) -> Iterator[tuple[float, RateLevel]]:
        """What becomes of each level, and when, if the first begins at a Unix time."""
        for level in self.levels:
            opens_at = start_at + level.warmup_s
            closes_at = opens_at + level.duration_s
            begun = replace(level, started_at=start_at)
            opened = replace(begun, phase="measure", measured_from=opens_at)
            yield start_at, begun
            yield opens_at, opened
            yield closes_at, replace(opened, phase="drain", measured_to=closes_at, completed=True)
            start_at = closes_at


class RateShape(LevelShape):
    """Arrivals at rates: set the attributes in a subclass, or in its `configure`."""

    abstract: ClassVar[bool] = True

    rates: Sequence[float] = (1,)
    """Arrivals per second of each level."""
    profile: Sequence[tuple[float, float, float]] = ()
    """In place of rates: seconds, rate at the start and rate at the end of each part."""
    replay: Replay | None = None
    """In place of both: the calls of a trace, in one level."""
    burstiness: float | None = 1
    """1 is Poisson, above it is smoother, below it comes in bursts; None is constant."""
    seed = 1
    """Of the sequence of arrivals."""
    max_in_flight = 1000
    """The most calls in flight: an arrival beyond them is dropped, and counted."""

    _plans: list[Plan]
    _state: Literal["ready", "running", "draining"]
    _news: list[tuple[float, RateLevel]]
    _since: float
    _was_busy: bool

    def levels(self) -> list[RateLevel]:
        """The levels of a whole run, in order, with the attributes as they are."""
        return [level for plan in self._all_plans() for level in plan.levels]

    def tick(self) -> Tick | None:
        """What Locust asks for about once a second: no users, as those that arrive are not its to make."""
        if self._runner.shape_last_tick is None:
            self.configure()
            self._keep_clock()
            dispatcher = partial(ClassDispatcher, now=lambda: list(self.user_classes), there=self._present_workers)
            self._runner.environment.dispatcher_class = dispatcher  # type: ignore[assignment]  # Locust only calls it
            self._plans, self._news, self._was_busy = list(self._all_plans()), [], False
            self._enter("ready")
            self._tag(None)
        else:
            self._go_on()
        if not self._plans or self._is_out_of_time():
            return None
        return 0, 1.0, list(self.user_classes)

    def _go_on(self) -> None:
        """Tell what has happened since the last tick, and begin what is due."""
        self._tell_until(self._now())
        if self._state == "ready" and self._is_ready():
            self._announce(self._plans[0])
        elif self._state == "running" and not self._news:
            self._enter("draining")
        if self._state == "draining" and self._is_drained():
            self._ended(self._plans[0])
            self._enter("ready")
            if not self._plans:
                self._tag(None)
                self._fire("level_change", level=None)

    def _ended(self, plan: Plan) -> None:
        """All calls of a plan have ended."""
        self._plans.remove(plan)

    def _enter(self, state: Literal["ready", "running", "draining"]) -> None:
        self._state, self._since = state, time.perf_counter()

    def _is_ready(self) -> bool:
        """Whether all workers have begun the run: their arrivals would be missed otherwise."""
        return self._runner.state == STATE_RUNNING or time.perf_counter() - self._since >= PATIENCE_S

    def _announce(self, plan: Plan) -> None:
        """Say what arrives next."""
        start_at = self._now() + AHEAD_S
        self._enter("running")
        self._news = list(plan.news(start_at))
        schedule: dict[str, Any] = {
            "start_at": start_at,
            "user_class": plan.user_class.__name__,
            "levels": [asdict(level) for level in plan.levels],
            "burstiness": self.burstiness,
            "seed": self.seed,
            "max_in_flight": self.max_in_flight,
            "is_replay": self.replay is not None,
        }
        self._fire("schedule_change", schedule=schedule)
        self._tell_until(start_at)

    def _tell_until(self, now: float) -> None:
        """Tell what has become of levels by now."""
        while self._news and self._news[0][0] <= now:
            if self._news[0][1].phase == "drain" and self._hold(now):
                return
            level = asdict(self._news.pop(0)[1])
            self._tag(level)
            self._fire("level_change", level=level)

    def _hold(self, now: float) -> bool:
        """Whether the window stays open, because calls of a trace wait for calls in flight."""
        if not (self.replay and self.replay.open_ended):
            return False
        answer: dict[str, int] = {}
        self._fire("arrivals_unmade", answer=answer)
        # Between two calls of a conversation, there may be a moment without any.
        busy = self._runner.user_count > 0
        if not answer.get("unmade") or not (busy or self._was_busy):
            return False
        at, level = self._news[0]
        self._was_busy, self._news[0] = busy, (at, replace(level, measured_to=now))
        return True

    def _is_drained(self) -> bool:
        """Whether all calls in flight have ended, as far as workers have reported."""
        running, elapsed = self._runner.user_count, time.perf_counter() - self._since
        if running and self._is_stuck(elapsed):
            logger.warning("%d calls have not ended after %.0f s: the run goes on without them", running, elapsed)
            return True
        return not running and (elapsed >= SETTLE_S or not hasattr(self._runner, "clients"))

    def _all_plans(self) -> Iterator[Plan]:
        if self.replay:
            yield self._replayed(self.replay)
            return
        for mode, user_class in zip(groups(self.user_classes), self.user_classes, strict=True):
            levels = self._parts(mode) if self.profile else self._steps(mode)
            if self.profile:
                yield Plan(user_class, levels)
            else:
                yield from (Plan(user_class, (level,)) for level in levels)

    def _replayed(self, replay: Replay) -> Plan:
        """One level with all calls of the trace; its group is the mode of its calls, where they have but one."""
        own = [one for one in self.user_classes if getattr(one, "mode", "") in replay.modes] or [*self.user_classes]
        mode, rate = groups(own)[0] if len(own) == 1 else "replay", replay.rate_per_s
        key = mode if mode == "replay" else f"{mode}-replay"
        lengths = self.warmup_seconds, replay.seconds - self.warmup_seconds
        return Plan(own[0], (self._level(key, mode, (rate, rate), lengths),))

    def _steps(self, mode: str) -> tuple[RateLevel, ...]:
        """A level for each rate. Its name is that of the same rate in other runs."""
        lengths = self.warmup_seconds, self.duration_seconds
        return tuple(self._level(f"{mode}-rate-{rate:g}", mode, (rate, rate), lengths) for rate in self.rates)

    def _parts(self, mode: str) -> tuple[RateLevel, ...]:
        """A level for each part of the profile, all of it measured."""
        width = len(str(len(self.profile)))
        return tuple(
            replace(self._level(f"{mode}-part-{number:0{width}d}", mode, (first, last), (0.0, seconds)), part=number)
            for number, (seconds, first, last) in enumerate(self.profile, 1)
        )

    def _level(self, key: str, mode: str, rates: tuple[float, float], lengths: tuple[float, float]) -> RateLevel:
        return RateLevel(
            *(key, mode, sum(rates) / 2, *rates),
            max_in_flight=self.max_in_flight,
            warmup_s=lengths[0],
            duration_s=lengths[1],
        )
