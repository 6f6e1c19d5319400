"""The calls of a trace as arrivals of a run: when each comes, and which line of the file it is.

Every process that makes calls reads its own copy of the file and finds the same calls in it. Of each it keeps some 17
bytes; what it sends is read from the file at its moment.
"""

from __future__ import annotations

import random
from array import array
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bedrock_locust.level import Level
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.plan import counted, left_out
from bedrock_locust.settings.traffic import left_out_in_words
from bedrock_locust.settings.workload import Length, Workload
from bedrock_locust.workload.jsonl import RecordFile, no_pause
from bedrock_locust.workload.readers import mooncake
from bedrock_locust.workload.recorded import RecordedWorkload
from bedrock_locust.workload.records import RecordError
from bedrock_locust.workload.replayed import model_of
from bedrock_locust.workload.traces.moments import step_of
from bedrock_locust.workload.traffic import Facts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from bedrock_locust.settings.arrivals import Arrivals, Trace
    from bedrock_locust.settings.plan import Plan
    from bedrock_locust.settings.schema import Settings
    from bedrock_locust.settings.traffic import Traffic

MODES = ("streaming", "non_streaming")
STREAMS = ("converse_stream", "invoke_model_with_response_stream")
TAIL_S = 0.5
"""How long a replay goes on after the moment of its last call, in seconds, where the settings do not say when it ends.
It goes on for longer while calls wait for the one before them in their conversation."""
MOST_SHOWN = 5
AT_A_TIME = 200
"""Lines between two turns of others."""
DECIDING: dict[str, Any] = {"arrivals": True, "model": True, "test": True, "workload": True}
"""The settings that decide which calls are made of a trace."""


class Traced(NamedTuple):
    """A call of a trace that is to be made."""

    due_s: float
    """Seconds from the start of the replay."""
    record: int
    """The number of its line, from 0."""
    owner: int
    """The number of the first call of its conversation; its own where it has none."""
    mode: str


@dataclass
class Replay:
    """The calls of a trace that are made, in the order of their moments."""

    file: RecordFile
    traffic: Traffic
    modes: tuple[str, ...]
    """`streaming`, `non_streaming`, or both."""
    bad: tuple[int, ...]
    """Lines that cannot be sent."""
    due_s: array[float]
    records: array[int]
    owners: array[int]
    streams: bytearray
    open_ended: bool
    """Whether it goes on until the calls that wait for the one before them have been made."""

    def __len__(self) -> int:
        return len(self.due_s)

    @property
    def seconds(self) -> float:
        """From the start to the end."""
        return self.traffic.seconds

    @property
    def rate_per_s(self) -> float:
        """Calls a second on average, to three digits: a name of the load, not a pace."""
        return float(f"{len(self) / self.seconds:.3g}")

    def calls(self) -> Iterator[Traced]:
        """The calls, in order."""
        for number, due_s in enumerate(self.due_s):
            mode = MODES[0] if self.streams[number] else MODES[1]
            yield Traced(due_s, self.records[number], self.owners[number], mode)

    def counted(self, settings: Settings) -> Settings:
        """The settings with the lengths of the trace: what plan and forecast count with."""
        traffic, calls = self.traffic, len(self)
        lengths = Workload(
            input_tokens=_length(traffic.input_tokens / calls, traffic.most_input),
            output_tokens=_length(traffic.limit_tokens / calls, traffic.most_limit),
        )
        return settings.model_copy(update={"workload": lengths, "arrivals": None})

    def told(self, plan: Plan, settings: Settings) -> Plan:
        """The plan with what the trace asks for; cost and tokens are known from the trace, and not guessed."""
        cost = self.traffic.cost(settings.pricing, plan.run_time_s) if settings.pricing else None
        return replace(
            plan,
            expected_cost=cost,
            expected_tokens="",
            left_out=left_out(settings),
            replay=tuple(self.traffic.lines(settings)),
        )

    def level(self) -> Level:
        """The level that all calls are in, for where there is no shape to ask."""
        mode = self.modes[0] if len(self.modes) == 1 else "replay"
        return Level(key="replay", mode=mode, rate_per_s=self.rate_per_s, duration_s=self.seconds)

    def public(self) -> dict[str, Any]:
        """What `run.json` says of the file."""
        found = {"format": "trace", "records": len(self.file) - len(self.bad), "bad": len(self.bad)}
        return {**found, "bytes": self.file.size, "sha256": self.file.sha256}


def _length(mean: float, most: int) -> Length:
    """A length with this mean, of which hardly any exceeds this."""
    mean = max(1.0, mean)
    return Length(mean=mean, stddev=max(0.0, most - mean) / 3.1)


_last: dict[tuple[Any, ...], Replay] = {}
"""The replay that this process read last."""


def replay_of(
    settings: Settings, pause: Callable[[], None] = no_pause, bad: Collection[int] | None = None
) -> Replay | None:
    """The replay that the settings ask for; None without a trace. It is read again only where something has changed.

    `pause` lets others have their turn; `bad` are the lines that are known to be bad. Raises SettingsError.
    """
    if settings.trace is None:
        return None
    path = Path(settings.trace.file)
    try:
        found = path.stat()
    except OSError as error:
        raise SettingsError(f"arrivals.trace: {path} cannot be read ({error.strerror})") from None
    key = (str(path), found.st_ino, found.st_mtime_ns, found.st_size, settings.model_dump_json(include=DECIDING))
    if key not in _last:
        file = RecordFile(path, pause=pause, named="arrivals.trace")
        replay = read(file, settings, pause, bad)
        _last.clear()
        _last[key] = replay
    return _last[key]


def read(
    file: RecordFile,
    settings: Settings,
    pause: Callable[[], None] = no_pause,
    bad: Collection[int] | None = None,
) -> Replay:
    """Find the calls in a file. Raises SettingsError where there are none, or lines that cannot be sent."""
    lines = _Lines(settings, file, bad)
    for index in range(len(file)):
        lines.add(index)
        if index % AT_A_TIME == 0:
            pause()
    lines.refuse()
    return lines.replay()


@dataclass
class _Lines:
    """What is found in the lines of a trace: a column for each of its facts."""

    settings: Settings
    file: RecordFile
    known_bad: Collection[int] | None
    bad: list[int] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    models: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    at_s: array[float] = field(default_factory=lambda: array("d"))
    records: array[int] = field(default_factory=lambda: array("I"))
    sessions: array[int] = field(default_factory=lambda: array("I"))
    streams: bytearray = field(default_factory=bytearray)
    facts: Facts = field(default_factory=Facts)

    def __post_init__(self) -> None:
        self._numbers_of_sessions: dict[str, int] = {}
        self._checked = RecordedWorkload(self.settings, self.file, lambda _: 0)
        test = self.settings.test
        self._both, self._stream = test.streaming and test.non_streaming, test.streaming

    @property
    def trace(self) -> Trace:
        """What the settings say of it."""
        found = self.settings.trace
        assert found is not None  # noqa: S101 - nobody reads a trace without one
        return found

    @property
    def arrivals(self) -> Arrivals:
        """The section of the settings."""
        found = self.settings.arrivals
        assert found is not None  # noqa: S101 - as above
        return found

    def add(self, index: int) -> None:
        """Take note of a line."""
        if self.known_bad is not None and index in self.known_bad:
            self.bad.append(index)
            return
        try:
            record = self.file.record(index)
            self._check(record, index)
        except RecordError as error:
            self.bad.append(index)
            if len(self.mistakes) < MOST_SHOWN:
                self.mistakes.append(f"arrivals.trace: {self.file.path}, line {self.file.line_number(index)}: {error}")
            return
        self.models[str(record.get("model") or "")] += 1
        if model_of(self.settings, record) is None:
            self.left_out[f"model:{str(record.get('model') or '')[:80]}"] += 1
        elif not _has_prompt(record):
            self.left_out["no_length"] += 1
        else:
            self._keep(record, index)

    def _check(self, record: dict[str, Any], index: int) -> None:
        """Raise RecordError where a line cannot be sent."""
        at = record.get("timestamp")
        if isinstance(at, bool) or not isinstance(at, int | float) or not 0 <= at < 1e15:
            raise RecordError(
                "it has no timestamp in milliseconds. Make a trace first: python -m bedrock_locust trace SOURCE -o"
                " trace.jsonl.gz"
            )
        if not _has_prompt(record):
            return
        if "input_length" in record and not _has_content(record):
            mooncake.read(record)
        else:
            self._checked.request_of(index, record)

    def _keep(self, record: dict[str, Any], index: int) -> None:
        self.at_s.append(record["timestamp"] / 1000)
        self.records.append(index)
        session = str(record.get("session_id") or "")
        known = self._numbers_of_sessions
        self.sessions.append(known.setdefault(session, len(known) + 1) if session else 0)
        operation = record.get("operation") if self._both else None
        self.streams.append(operation in STREAMS if operation else self._stream)
        self.facts.add(record, self.settings.test.max_tokens)

    def refuse(self) -> None:
        """Raise SettingsError where lines cannot be sent, and the settings do not leave them out."""
        workload = self.settings.workload
        if not self.bad or self.known_bad is not None:
            return
        if workload and workload.on_bad == "skip":
            self.left_out["bad"] += len(self.bad)
            return
        more = len(self.bad) - len(self.mistakes)
        rest = [f"arrivals.trace: {counted(more, 'more line')} cannot be sent"] if more else []
        advice = "arrivals.trace: correct these lines, or set workload.on_bad to skip to leave them out"
        raise SettingsError(*self.mistakes, *rest, advice)

    def replay(self) -> Replay:
        """The calls in the window, in order, at the speed of the settings. Raises SettingsError where there is none."""
        trace, warmup_s = self.trace, self.arrivals.warmup_seconds
        self._spread()
        end_s = float("inf") if trace.to is None else trace.to
        chosen = [place for place, at_s in enumerate(self.at_s) if trace.begin <= at_s < end_s]
        if outside := len(self.at_s) - len(chosen):
            self.left_out["window"] += outside
        if not chosen:
            raise SettingsError(f"arrivals.trace: {trace.file} has no call to make: {self._why_none()}")
        if any(self.at_s[one] > self.at_s[other] for one, other in pairwise(chosen)):
            chosen.sort(key=self.at_s.__getitem__)
        due_s = array("d", ((self.at_s[place] - trace.begin) / trace.speed for place in chosen))
        length_s = due_s[-1] + TAIL_S if trace.to is None else (trace.to - trace.begin) / trace.speed
        if warmup_s >= length_s:
            raise SettingsError(
                f"arrivals.warmup_seconds is {warmup_s:g}, but the whole replay lasts {length_s:g} s: lower it"
            )
        return Replay(
            file=self.file,
            traffic=self.facts.traffic(chosen, due_s, length_s, self.left_out, self.sessions),
            modes=tuple(MODES[1 - on] for on in sorted({self.streams[place] for place in chosen}, reverse=True)),
            bad=tuple(self.bad),
            due_s=due_s,
            records=array("I", (self.records[place] for place in chosen)),
            owners=self._owners(chosen),
            streams=bytearray(self.streams[place] for place in chosen),
            open_ended=trace.to is None,
        )

    def _spread(self) -> None:
        """Spread the calls of one whole second over it, where all times are whole seconds."""
        if step := step_of(self.at_s):
            draw = random.Random(self.arrivals.seed)
            for place, at_s in enumerate(self.at_s):
                self.at_s[place] = at_s + step * draw.random()

    def _why_none(self) -> str:
        if self.left_out and not self.at_s:
            named = ", ".join(name or "without a name" for name, _ in self.models.most_common(MOST_SHOWN))
            return (
                f"its models are {named}: see arrivals.trace.models"
                if self.trace.models
                else left_out_in_words(self.left_out)
            )
        return f"its calls come from {min(self.at_s):.0f} s to {max(self.at_s):.0f} s: see from and to"

    def _owners(self, chosen: Sequence[int]) -> array[int]:
        firsts = dict[int, int]()
        return array(
            "I",
            (
                firsts.setdefault(session, number) if (session := self.sessions[place]) else number
                for number, place in enumerate(chosen)
            ),
        )


def _has_content(record: dict[str, Any]) -> bool:
    return any(record.get(name) is not None for name in ("payload", "text_input", "messages"))


def _has_prompt(record: dict[str, Any]) -> bool:
    """Whether a line says what was sent: the log of a call may lack the count of its tokens."""
    return _has_content(record) or bool(record.get("input_length"))
