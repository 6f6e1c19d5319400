"""SearchShape: looks for the highest load that meets a target, one user class after the other.

Each load that is tried is a level, a *probe*. When a quarter of its time, a half, three quarters and all of it have
passed, the shape asks for a verdict, and ends the level once that is clear; when all calls have ended it asks again,
and goes on to the load that `shapes.bisection` names. It asks by the event `probe_judge`, whose keyword arguments are
`levels` (the keys of all probes of the load), `elapsed_s` (since the window of the last one opened, or None once all of
its calls have ended), `decided` (what was clear at the last look) and `answer`, a dict that the listener fills:
docs/extending.md has its keys. With each probe the event `search_change` says in its argument `search` what is known.
"""

from __future__ import annotations

import logging
import time
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from locust.runners import STATE_RUNNING

from shapes.base import PATIENCE_S, LevelShape, Phase, groups
from shapes.bisection import Bisection, Probe, crossed
from shapes.dispatch import ClassDispatcher

if TYPE_CHECKING:
    from collections.abc import Sequence

    from locust import User

    Tick = tuple[int, float, list[type[User]]]

logger = logging.getLogger(__name__)

LOOKS = 4
"""How often a probe is judged at most, at equal distances; as in `bedrock_locust.live.attainment`."""
AHEAD_S = 1.5
"""How long before its start a schedule of arrivals is announced, in seconds."""
SETTLE_S = 4.0
"""How long workers may take to report users that have begun, and rows of calls that have ended, in seconds."""
_RATES: dict[Phase, int] = {"warmup": 0, "measure": 1, "drain": 2}

State = Literal["ready", "warmup", "measure", "drain", "settle", "pause", "over"]


@dataclass(frozen=True)
class ProbeLevel:
    """The level of a probe, and how far it has come. Times are Unix seconds, `None` is not yet."""

    level: str
    mode: str
    users: int | None = None
    rate_per_s: float | None = None
    max_in_flight: int | None = None
    kind: Literal["search"] = "search"
    phase: Phase = "warmup"
    started_at: float | None = None
    measured_from: float | None = None
    measured_to: float | None = None
    users_reached: int = 0
    completed: bool = False
    warmup_s: float = 0
    duration_s: float = 0


@dataclass
class _Search:
    """The search for one user class."""

    mode: str
    user_class: type[User]
    done: list[Probe] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    """What the verdict on each probe was, with its level and load."""
    void: int = 0
    """Probes that tell nothing, as workers were lost meanwhile."""

    def levels_of(self, load: float) -> list[str]:
        """The keys of the probes of a load that tell something."""
        return [one["level"] for one in self.told if one["load"] == load and one["verdict"] != "void"]


class SearchShape(LevelShape):
    """A search for the highest load: set the attributes in a subclass, or in its `configure`."""

    abstract: ClassVar[bool] = True

    by_rate = False
    """Whether the load is arrivals per second; else it is users."""
    start: float = 1
    """The first load that is tried."""
    most: float = 100
    """The largest one."""
    probes = 20
    """The most probes, for each user class."""
    resolution: float = 5
    """How exactly the limit is looked for, in percent of the load."""
    burstiness: float | None = 1
    seed = 1
    """Of the arrivals of the first probe; those of the next have the seeds after it."""
    max_in_flight = 1000
    """Of arrivals; see `RateShape`."""
    pause_seconds: float = 60
    """How long after a throttled call the next probe begins: quotas are per minute."""

    _searches: list[_Search]
    _level: ProbeLevel
    _state: State
    _since: float
    _warm_from: float
    _looked: int
    _decided: str
    _waits_until: float

    def levels(self) -> list[ProbeLevel]:
        """The levels of a whole run at most: the loads of a search that never ends before its last probe."""
        ladder = [self.start]
        while len(ladder) < self.probes:
            ladder.append(min(2 * ladder[-1], self.most))
        return [
            replace(self._new_level(mode, load), level=f"{mode}-probe-{number:0{len(str(self.probes))}d}")
            for mode in groups(self.user_classes)
            for number, load in enumerate(ladder, 1)
        ]

    def tick(self) -> Tick | None:
        """What Locust asks for about once a second: users, spawn rate and classes, or None at the end."""
        if self._runner.shape_last_tick is None:
            self._begin()
        else:
            self._go_on()
        if self._state == "over" or self._is_out_of_time():
            return None
        return self._asked()

    def _begin(self) -> None:
        """Begin a run: nothing is left of the one before."""
        self.configure()
        self._keep_clock()
        dispatcher = partial(ClassDispatcher, now=self._present_classes, there=self._present_workers)
        self._runner.environment.dispatcher_class = dispatcher  # type: ignore[assignment]  # Locust only calls it
        names = groups(self.user_classes)
        self._searches = [_Search(mode, each) for mode, each in zip(names, self.user_classes, strict=True)]
        self._waits_until = 0.0
        self._tag(None)
        self._next()

    def _present_classes(self) -> list[type[User]]:
        """The class that is searched for; before and after a run, all of them."""
        return [self._searches[0].user_class] if self._searches else list(self.user_classes)

    def _bisection(self, search: _Search) -> Bisection:
        """How a search goes on. Probes that tell nothing count among those that it may make."""
        least = 0.1 if self.by_rate else 1
        probes = self.probes - search.void
        return Bisection(self.start, self.most, probes, self.resolution, least, whole=not self.by_rate)

    def _go_on(self) -> None:
        """Go to the next state where the present one is over."""
        elapsed = time.perf_counter() - self._since
        match self._state:
            case "ready" if self._is_ready(elapsed):
                self._open()
            case "warmup" if self._is_warm(elapsed):
                self._measure()
            case "measure":
                self._look()
            case "drain" if self._is_drained(elapsed):
                self._enter("settle")
            case "pause" if self._now() >= self._waits_until:
                self._enter("ready")
        if self._state == "settle" and time.perf_counter() - self._since >= self._settle_s:
            self._judge()

    def _enter(self, state: State) -> None:
        self._state, self._since = state, time.perf_counter()
        if state == "ready" and not self.by_rate:
            self._open()

    @property
    def _settle_s(self) -> float:
        """How long workers take to report; nothing where the calls are made in this process."""
        return SETTLE_S if hasattr(self._runner, "clients") else 0.0

    def _is_ready(self, elapsed: float) -> bool:
        """Whether all workers have begun the run: their arrivals would be missed otherwise."""
        return self._runner.state == STATE_RUNNING or elapsed >= PATIENCE_S

    def _open(self) -> None:
        """Begin the level of the next probe."""
        search = self._searches[0]
        load = self._bisection(search).next_load(search.done)
        if load is None:
            raise RuntimeError("a search that is over has no next probe")
        number = sum(one["load"] == load for one in search.told) + 1
        start_at = self._now() + (AHEAD_S if self.by_rate else 0.0)
        self._level = replace(self._new_level(search.mode, load, number), started_at=start_at)
        self._looked, self._decided = 0, "unclear"
        self._enter("warmup")
        self._warm_from = self._since
        if self.by_rate:
            self._announce(start_at)
        self._tell()

    def _new_level(self, mode: str, load: float, number: int = 1) -> ProbeLevel:
        """The level of a probe; the second of a load is called so."""
        amount = f"rate-{load:g}" if self.by_rate else f"{int(load):0{len(str(int(self.most)))}d}"
        key = f"{mode}-{amount}-{number}" if number > 1 else f"{mode}-{amount}"
        level = ProbeLevel(key, mode, warmup_s=self.warmup_seconds, duration_s=self.duration_seconds)
        if self.by_rate:
            return replace(level, rate_per_s=load, max_in_flight=self.max_in_flight)
        return replace(level, users=int(load))

    def _announce(self, start_at: float) -> None:
        """Say what arrives."""
        search = self._searches[0]
        schedule: dict[str, Any] = {
            "start_at": start_at,
            "user_class": search.user_class.__name__,
            "levels": [asdict(self._level)],
            "burstiness": self.burstiness,
            # Each probe draws anew: one that repeats a load with the same arrivals would say nothing new.
            "seed": self.seed + len(search.told),
            "max_in_flight": self.max_in_flight,
        }
        self._fire("schedule_change", schedule=schedule)

    def _is_warm(self, elapsed: float) -> bool:
        """Whether the window opens: by plan where calls arrive, else once all users run and the warm-up has passed."""
        if self.by_rate:
            return self._now() >= (self._level.started_at or 0) + self.warmup_seconds
        self._count_users()
        if self._runner.user_count < (self._level.users or 0) and elapsed < PATIENCE_S:
            self._warm_from = time.perf_counter()
            return False
        return time.perf_counter() - self._warm_from >= self.warmup_seconds

    def _count_users(self) -> None:
        self._level = replace(self._level, users_reached=max(self._level.users_reached, self._runner.user_count))

    def _measure(self) -> None:
        """Open the window."""
        opened_at = (self._level.started_at or 0) + self.warmup_seconds if self.by_rate else self._now()
        self._level = replace(self._level, phase="measure", measured_from=opened_at)
        self._enter("measure")
        if not self._searches[0].told:
            self._say(self._searches[0], "")  # at the first tick, Locust has not begun the run yet
        self._tell()

    def _look(self) -> None:
        """Judge at each quarter of the window; close it once the verdict is clear, or at its end."""
        if not self.by_rate:
            self._count_users()
        elapsed_s = self._now() - (self._level.measured_from or 0)
        look = int(elapsed_s / self.duration_seconds * LOOKS)
        if look >= LOOKS:
            self._close()
        elif look > self._looked:
            self._looked = look
            answer = self._ask([self._level.level], elapsed_s)
            if answer.get("verdict") in {"met", "missed"}:
                self._decided = answer["verdict"]
                self._close()

    def _close(self) -> None:
        """Close the window, and have no more calls made."""
        closed_at = self._now()
        if self.by_rate:
            closed_at = min(closed_at, (self._level.measured_from or 0) + self.duration_seconds)
            self._fire("schedule_change", schedule=None)
        self._level = replace(self._level, phase="drain", measured_to=closed_at, completed=True)
        self._enter("drain")
        self._tell()

    def _is_drained(self, elapsed: float) -> bool:
        """Whether all calls in flight have ended, as far as workers have reported."""
        running = self._runner.user_count
        if running and self._is_stuck(elapsed):
            logger.warning("%d users have not stopped after %.0f s: the search goes on without them", running, elapsed)
            return True
        return not running and elapsed >= self._settle_s

    def _ask(self, levels: Sequence[str], elapsed_s: float | None) -> dict[str, Any]:
        """What is known of a load."""
        answer: dict[str, Any] = {}
        self._fire("probe_judge", levels=list(levels), elapsed_s=elapsed_s, decided=self._decided, answer=answer)
        return answer

    def _judge(self) -> None:
        """All calls of the probe have ended: take its verdict, and go on."""
        search, level = self._searches[0], self._level
        load = float(level.users or 0) if level.rate_per_s is None else level.rate_per_s
        answer = self._ask([*search.levels_of(load), level.level], None)
        if "verdict" not in answer:
            logger.error("nobody answers the event probe_judge: the search ends (call bedrock_locust.setup())")
        if answer.get("disturbed"):
            search.void += 1
            answer |= {"verdict": "void"}
        elif answer.get("client") or "verdict" not in answer:
            answer |= {"verdict": "client"}
        else:
            search.done.append(Probe(load, answer["verdict"], answer["leans"]))
        search.told.append({"level": level.level, "load": load, **answer})
        self._waits_until = (answer.get("throttled_at") or -self.pause_seconds) + self.pause_seconds
        self._next()

    def _next(self) -> None:
        """Go on with the next probe, or with the next class, after a minute in which calls were throttled."""
        while self._searches and (why := self._ended_by()):
            self._say(self._searches.pop(0), why)
        if not self._searches:
            self._enter("over")
            self._tag(None)
            self._fire("level_change", level=None)
            return
        waits = self._now() < self._waits_until
        self._say(self._searches[0], "", waits_until=self._waits_until if waits else None)
        self._enter("pause" if waits else "ready")

    def _ended_by(self) -> str:
        """Why the present search is over; empty while it goes on."""
        search = self._searches[0]
        bisection = self._bisection(search)
        if search.told and search.told[-1]["verdict"] == "client":
            return "client"
        if bisection.next_load(search.done) is not None:
            return ""
        bracket = bisection.bracket(search.done)
        if search.done and bracket.low is None:
            return "start"
        if search.done and bracket.high is None and bracket.low == self.most:
            return "most"
        return "resolution" if search.done and bracket.high and bisection.is_fine(search.done) else "probes"

    def _say(self, search: _Search, ended_by: str, waits_until: float | None = None) -> None:
        """Tell what a search has found so far."""
        bracket = self._bisection(search).bracket(search.done)
        said = {
            "mode": search.mode,
            "for": "rate" if self.by_rate else "users",
            "low": bracket.low,
            "high": bracket.high,
            "ended_by": ended_by,
            "probes": search.told,
            "crossed": [list(pair) for pair in crossed(search.done)],
            "waits_until": waits_until,
        }
        self._fire("search_change", search=said)

    def _tell(self) -> None:
        level = asdict(self._level)
        self._tag(level)
        self._fire("level_change", level=level)

    def _asked(self) -> Tick:
        """Users, spawn rate and classes. As in StepShape, the rate lets all come at once and differs by phase."""
        classes = self._present_classes()
        if self.by_rate:
            return 0, 1.0, classes
        if self._state not in {"warmup", "measure"}:
            return 0, float(self.most + _RATES["drain"]), classes
        return self._level.users or 0, float(self.most + _RATES[self._level.phase]), classes
