"""A run by a script: its calls, levels and workers come when the script says, and so does the time.

Everything is the product's own, from `Run` to the outputs; only time, Locust's runner and who makes calls are not.
"""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import time
from argparse import Namespace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from locust.env import Environment
from locust.runners import LocalRunner

from greenlet import getcurrent, greenlet
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric
from rich.console import Console

import bedrock_locust.run
from bedrock_locust.call import Call
from bedrock_locust.errors import remedy
from bedrock_locust.live import health, tally, whole_levels
from bedrock_locust.live.judge import Judge
from bedrock_locust.live.output import State
from bedrock_locust.outputs import console
from bedrock_locust.outputs.console import screen
from bedrock_locust.outputs.console.picture import Picture
from bedrock_locust.outputs.otlp import figures as otlp_figures
from bedrock_locust.outputs.prometheus.endpoint import Endpoint
from bedrock_locust.outputs.prometheus.figures import Figures
from bedrock_locust.outputs.registered import outputs_of
from bedrock_locust.outputs.web import live as web_live
from bedrock_locust.outputs.web import runs as web_runs
from bedrock_locust.outputs.web.live import Live
from bedrock_locust.outputs.web.runs import Runs
from bedrock_locust.process import clock as clock_module
from bedrock_locust.recording.run_info import first_info
from bedrock_locust.run import Run
from bedrock_locust.settings.plan import Plan
from bedrock_locust.settings.schema import Settings

from .otlp_receiver import Receiver, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pytest

    from bedrock_locust.level import Level

T0 = 1_800_000_000.0
"""Unix time of the start of each run: 2027-01-15 08:00:00 UTC."""
MODEL = "us.example.model-v1:0"
ENDPOINT = "https://bedrock-runtime.us-east-1.amazonaws.com"
TIMED = (
    *(clock_module, bedrock_locust.run, tally, whole_levels, health),
    *(console, screen, otlp_figures, web_live, web_runs),
)
"""Modules that ask for the time."""


class Time:
    """The module `time`, where time passes by the script only. The zone is UTC."""

    def __init__(self) -> None:
        self.now = T0
        self.cpu_s = 0.0
        self.step_s = 0.0
        """How far somebody has set the wall clock."""

    def time(self) -> float:
        """The wall clock."""
        return self.now + self.step_s

    def time_ns(self) -> int:
        """The same, in whole numbers."""
        return round(self.now * 1e9)

    def monotonic(self) -> float:
        """Another start, so that none is taken for the other."""
        return self.now - T0 + 5000

    perf_counter = monotonic

    def process_time(self) -> float:
        """What this process has used."""
        return self.cpu_s

    def strftime(self, pattern: str) -> str:
        """The present, in words."""
        return time.strftime(pattern, time.gmtime(self.now))


class Loop:
    """The part of gevent that a run uses: each of its greenlets sleeps until the script wakes it."""

    def __init__(self, moments: Time) -> None:
        self._moments, self._sleeper = moments, cast("greenlet | None", None)
        self._script = getcurrent()
        self.slept_s = 0.0

    def spawn(self, function: Callable[[], None]) -> Any:
        """Run a function until it sleeps or is over."""
        greenlet(function).switch()
        return SimpleNamespace(kill=lambda: None)

    def sleep(self, seconds: float) -> None:
        """Wait for the script."""
        self._sleeper, self.slept_s = getcurrent(), seconds
        self._script.switch()

    def wake(self) -> None:
        """Let the sleeper go on."""
        assert self._sleeper is not None
        self._sleeper.switch()


class Runner(LocalRunner):
    """Locust's runner, with users that are only a number."""

    load = 0
    stopped = 0

    @property
    def user_count(self) -> int:
        """Users that run."""
        return self.load

    def stop(self) -> None:
        """Take note of it."""
        self.stopped += 1


class Pulse:
    """What the pulse of this process has seen, by the script."""

    def __init__(self) -> None:
        self.seen: dict[str, dict[str, Any]] = {}
        self.stopped = False

    def take(self) -> dict[str, dict[str, Any]]:
        """What is new."""
        taken, self.seen = self.seen, {}
        return taken

    def stop(self) -> None:
        """Take note of it."""
        self.stopped = True


class Script:
    """A run, and all that is seen of it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Mapping[str, Any]) -> None:
        """Time stands still from here on."""
        self.time, self.receiver = Time(), Receiver()
        self.loop, self.pulse = Loop(self.time), Pulse()
        self.printed, self._handler = io.StringIO(), cast("logging.Handler | None", None)
        for module in TIMED:
            monkeypatch.setattr(module, "time", self.time)
        monkeypatch.setattr(bedrock_locust.run, "gevent", self.loop)
        monkeypatch.setattr(sys, "stdout", self.printed)
        monkeypatch.chdir(folder)
        output = {"otlp_endpoint": self.receiver.url, "otlp_spans": True}
        base = {"model": {"id": MODEL}, "aws": {"region": "us-east-1"}, "output": output}
        self.settings = Settings.model_validate({**base, **settings})
        self.page, self.judge, self.figures = Runs(), Judge(), Figures()
        self._live, self._endpoint = Live(self.page), Endpoint(self.figures)
        self._waiting: list[Call] = []
        self.levels: Sequence[Level] | None = None

    def begin(self, levels: Sequence[Level] | None, *, shape: bool = True, workers: bool = False) -> Run:
        """Begin the run."""
        self.levels = levels
        environment: Any = Environment(parsed_options=Namespace(headless=False))
        environment.runner = self.runner = Runner(environment)
        environment.shape_class = SimpleNamespace() if shape else None
        count = None if levels is None else len(levels)
        info = first_info(self.settings, endpoint=ENDPOINT, simulator=False, levels=count, preflight=None)
        info |= {"run": "run-1", "versions": {}}
        plan = None if levels is None else Plan.of(self.settings, levels=levels)
        outputs = [self.judge, *outputs_of(Namespace(headless=True), self.settings, self.page, [self.figures])]
        self._handler = logging.StreamHandler(self.printed)
        self._handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        logging.getLogger("bedrock_locust").addHandler(self._handler)
        self.run = Run(environment, self.settings, info, (levels, plan), outputs)
        if not workers:
            self.run.recorder.join_local(cast("Any", self.pulse), lambda: self.runner.load)
        return self.run

    def close(self) -> None:
        """Let everything go."""
        self.receiver.close()
        if self._handler:
            logging.getLogger("bedrock_locust").removeHandler(self._handler)
        self.run.folder.close()

    def calls(self, *calls: Call) -> None:
        """Have these calls end at their time."""
        self._waiting = sorted([*self._waiting, *calls], key=ended_at)

    def until(self, second: float) -> None:
        """Let time pass up to a second after the start: calls end meanwhile, and the run ticks once a second."""
        while self.time.now < T0 + second:
            tick_at = self.time.now + self.loop.slept_s
            while self._waiting and ended_at(self._waiting[0]) <= tick_at:
                call = self._waiting.pop(0)
                self.time.now = max(self.time.now, ended_at(call))
                self.run.add(response=call)
            self.time.now = tick_at
            self.loop.wake()

    def freeze(self, seconds: float) -> None:
        """Let time pass in which nothing runs, up to a tick that is late."""
        self.time.now += self.loop.slept_s + seconds
        self.loop.wake()

    def end(self, report: Any = None, *, stopped_by: str = "", deserted: bool = False) -> list[int]:
        """End the run: its exit codes."""
        ended, reason = self.run.outcome(stopped_by, deserted=deserted)
        return self.run.end(ended=ended, reason=reason, check=lambda _: None, report=report)[1]

    def panel(self, width: int = 110) -> str:
        """The panel of a terminal this wide, as it is now."""
        terminal = Console(width=width, file=io.StringIO())
        with terminal.capture() as captured:
            state = State(
                "running",
                self.run._level,
                self.runner.load,
                self.run.recorder.in_flight,
                self.run.arrivals(self.run._level.key) if self.run._level else None,
            )
            terminal.print(Picture(self.levels).draw(self.run.tally, state, self.page.spent))
        return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"

    def shown(self) -> dict[str, Any]:
        """What the web page shows now: the tables and the charts."""
        self.time.now += 1.0  # an answer is kept for a second
        found: dict[str, Any] = json.loads(self._live.page())
        levels, failures = json.loads(self._live.tables())
        self.time.now -= 1.0
        assert levels == {"key": "bedrock", "data": _numbered(found["rows"])}
        assert failures == {"key": "bedrock-failures", "data": _numbered(found["failed"])}
        for failure in found["failed"]:
            assert failure.pop("remedy") == remedy(failure["category"], failure["code"])
        return found

    def state(self) -> str:
        """What the bar of each page shows now."""
        return self._live.state()

    def console(self) -> str:
        """What was printed and logged, with the name of the run folder in place of its path."""
        return self.printed.getvalue().replace(str(self.run.path.parent), "RESULTS")

    def info(self) -> dict[str, Any]:
        """`run.json` without what has tests of its own."""
        found: dict[str, Any] = json.loads((self.run.path / "run.json").read_text(encoding="utf-8"))
        return {name: value for name, value in found.items() if name not in {"settings", "remedies", "versions"}}

    def table(self, name: str) -> str:
        """A table of the run folder."""
        return (self.run.path / name).read_text(encoding="utf-8").replace("\r\n", "\n")

    def scraped(self) -> str:
        """What a server of Prometheus gets, without buckets that add nothing to the one before."""
        return "".join(_without_empty_buckets(self._endpoint.answer("").get_data(as_text=True)))

    def exported(self) -> dict[str, Any]:
        """What a collector of OpenTelemetry has got."""
        (message,) = self.receiver.metrics
        (from_run,) = message.resource_metrics
        (scope,) = from_run.scope_metrics
        found = _exported(scope.metrics)
        return {
            "resource": {name: value for name, value in self.receiver.resource.items() if "version" not in name},
            **found,
            "spans": _spans(self.receiver.spans(), found["all"][0]),
        }


def ended_at(call: Call) -> float:
    """Unix time of the end of a call."""
    return call.started_at + call.latency_ms / 1000


def _numbered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": f"000{number}", **row} for number, row in enumerate(rows)]


def call(at: float, latency_ms: float, level: Level | None, **values: Any) -> Call:
    """A call that starts so many seconds after the run, with what the stock users and the service say of it."""
    mode = level.mode if level else "streaming"
    name = level.key if level else "question"
    about = {"level": level.key, "users": level.users, "phase": level.phase} if level else {}
    of_mode = {"operation": "converse_stream", "ttft_ms": 200.0, "chunks": 10, "last_token_ms": latency_ms - 10}
    known = {"operation": "converse"} if mode != "streaming" else of_mode
    usual = {"send_delay_ms": 2.0, "input_tokens": 100, "output_tokens": 20, "stop_reason": "end_turn", "attempts": 1}
    made = {"mode": mode, "model_id": MODEL, "name": name, **about, **usual, **known, **values}
    return Call(started_at=T0 + at, latency_ms=latency_ms, **made)


def failed(at: float, latency_ms: float, level: Level | None, error: str, code: str, **values: Any) -> Call:
    """A call that failed before its first token."""
    unknown = dict.fromkeys(("ttft_ms", "last_token_ms", "chunks", "input_tokens", "output_tokens"))
    said = {"error": error, "error_code": code, "error_stage": "response", "error_message": "it failed"}
    return call(at, latency_ms, level, **{**unknown, **said, "stop_reason": "", **values})


def _without_empty_buckets(text: str) -> Iterator[str]:
    last = ("", "")
    for line in text.splitlines(keepends=True):
        series, _, value = line.rpartition(" ")
        if "_bucket{" in series:
            before, last = last, (re.sub(r'le="[^"]*",', "", series), value)
            if before == last or value == "0.0\n":
                continue
        yield line


WHERE = ("bedrock_locust.mode", "bedrock_locust.level", "bedrock_locust.phase", "error.type")
KINDS = ("gen_ai.token.type", "bedrock_locust.cache")


def _exported(metrics: Iterable[Metric]) -> dict[str, Any]:
    """Each metric with its points, by where they belong; what is the same for all points is there once."""
    shared, found = list[Any](), dict[str, Any]()
    for metric in metrics:
        about = [metric.unit, metric.description]
        if metric.HasField("gauge"):
            (load,) = metric.gauge.data_points
            found[metric.name] = {"": about, "now": [load.as_int, _seconds(load.time_unix_nano)]}
            continue
        data = metric.exponential_histogram
        points = {"": [*about, AggregationTemporality.Name(data.aggregation_temporality)]}
        for point in data.data_points:
            told = plain(point.attributes)
            where = " ".join(filter(None, (told.pop(name, "") for name in WHERE)))
            kind = [
                f"{name}={told.pop(name)}" for name in ("gen_ai.token.type", "bedrock_locust.cache") if name in told
            ]
            shared.append([told, _seconds(point.start_time_unix_nano), _seconds(point.time_unix_nano)])
            points[" ".join([where, *kind])] = _counts(point)
        found[metric.name] = points
    assert all(one == shared[0] for one in shared)
    return {"all": shared[0], **found}


def _counts(point: Any) -> list[Any]:
    """Count, sum, least, most, zeros, scale, and the buckets that are not empty."""
    own = point.positive.bucket_counts
    assert not own or (own[0] and own[-1]), "from the first bucket that has something to the last"
    counts = enumerate(own, point.positive.offset)
    figures = [point.count, round(point.sum, 6), round(point.min, 6), round(point.max, 6), point.zero_count]
    return [*figures, point.scale, {place: count for place, count in counts if count}]


def _spans(spans: Iterable[Any], shared: Mapping[str, Any]) -> list[str]:
    """What tells each span from the others."""
    found = list[str]()
    for span in spans:
        assert [len(span.trace_id), len(span.span_id), span.parent_span_id, span.flags] == [16, 8, b"", 0x101]
        assert span.kind == span.SPAN_KIND_CLIENT
        told = plain(span.attributes)
        assert {name: told.pop(name) for name in shared} == shared
        figures = {name: round(value, 6) if isinstance(value, float) else value for name, value in told.items()}
        times = [_seconds(span.start_time_unix_nano), _seconds(span.end_time_unix_nano)]
        status = [span.status.code, span.status.message] if span.status.code else []
        words = [f"{name.removeprefix('bedrock_locust.')}={value}" for name, value in figures.items()]
        found.append(" ".join(map(str, [*times, span.name, *status, *words])))
    return found


def _seconds(moment_ns: int) -> float:
    """Since the start of the run."""
    return round((moment_ns - T0 * 1e9) / 1e9, 3)
