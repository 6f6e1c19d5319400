"""What exporters cost the process that leads a run; run it with `python benchmarks/exporters.py`.

500 calls a second go through the recorder in real time, as they do from workers: without an exporter, and with each of
them, in turn and several times over. 20 levels with 3 phases have been before. Prometheus fetches every 5 s, and OTLP
is sent every 5 s to a process that takes it. Printed are the CPU of the process, what each exporter adds to it in % of
a core, and the longest time for which the loop stood still.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import locust  # noqa: F401 - it patches sockets, which has to come before anything imports boto3

import gevent

from bedrock_locust.call import Call, Phase
from bedrock_locust.live.health import Health, Pulse
from bedrock_locust.live.output import Outcome, Outputs, State
from bedrock_locust.outputs.otlp.output import Otlp
from bedrock_locust.outputs.prometheus.endpoint import Endpoint, serve
from bedrock_locust.outputs.prometheus.figures import Figures
from bedrock_locust.recording.recorder import Recorder
from bedrock_locust.recording.run_folder import RunFolder
from bedrock_locust.settings.otlp import Addresses
from bedrock_locust.settings.schema import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_locust.live.output import Output

CALLS_PER_S = 500
LEVELS = 20
TICK_S = 0.1
LIMIT_PERCENT = 2.0
KINDS = ("none", "prometheus", "otlp", "otlp with spans")
CALL = Call(
    started_at=1.8e9,
    mode="streaming",
    operation="converse_stream",
    model_id="us.anthropic.claude-haiku-5-5",
    name="streaming-1",
    level="streaming-1",
    users=10,
    phase="measure",
    worker="w",
    max_tokens=300,
    send_delay_ms=1.0,
    ttft_ms=250.0,
    first_text_ms=250.0,
    last_token_ms=890.0,
    latency_ms=900.0,
    chunks=50,
    content_bytes=400,
    input_tokens=200,
    output_tokens=100,
    read_lag_ms=0.3,
    stop_reason="end_turn",
    service_tier="default",
    request_id="e3e70682-c209-4cac-a29f-6fbed82c07cd",
)


class Cost(NamedTuple):
    """What a stretch of time took."""

    percent: float
    """CPU of the process, of one core."""
    still_ms: float
    """The longest time for which the loop stood still."""


@contextmanager
def collector(*arguments: str) -> Iterator[int]:
    """The other side; its port."""
    script = Path(__file__).with_name("collector.py")
    with subprocess.Popen([sys.executable, script, *arguments], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline() if process.stdout else 0)
        finally:
            process.terminate()


@contextmanager
def output_of(kind: str) -> Iterator[list[Output]]:
    """An exporter with its other side."""
    if kind == "prometheus":
        figures = Figures()
        server = serve(Endpoint(figures), "127.0.0.1", 0)
        with collector(f"http://127.0.0.1:{server.server_port}/metrics"):
            yield [figures]
        server.stop(1)
    elif kind.startswith("otlp"):
        with collector() as port:
            url = f"http://127.0.0.1:{port}"
            yield [Otlp(Addresses(f"{url}/v1/metrics", f"{url}/v1/traces" if "spans" in kind else "", "benchmark"))]
    else:
        yield []


def measured(kind: str, seconds: float) -> Cost:
    """The cost of a stretch with an exporter."""
    with output_of(kind) as exporters, tempfile.TemporaryDirectory() as folder:
        outputs = Outputs(exporters)
        settings = Settings.model_validate({"model": {"id": CALL.model_id}})
        run: Any = SimpleNamespace(settings=settings, info={"run": "r"}, health=Health())
        outputs.begin(run)
        recorder = Recorder("r", RunFolder(Path(folder)), {}, outputs)
        recorder.join_local(Pulse(lambda: ""))
        for number in range(LEVELS):
            for phase in get_args(Phase)[1:]:
                recorder.add(replace(CALL, level=f"streaming-{number + 2}", phase=phase))
        gevent.sleep(6)  # the first message, and the first fetch, have all of these
        cost = _calls_for(recorder, outputs, seconds)
        outputs.tick(State("recorded", None, users=0, in_flight=0))
        outputs.end(Outcome("complete", "", Path(folder), None, ()))
        return cost


def _calls_for(recorder: Recorder, outputs: Outputs, seconds: float) -> Cost:
    """Have calls end for so long."""
    still: list[float] = [0.0]
    watching = gevent.spawn(_watch, still)
    begun, cpu_s, made = time.monotonic(), time.process_time(), 0
    state = State("running", None, users=10, in_flight=10)
    while (gone_s := time.monotonic() - begun) < seconds:
        while made < gone_s * CALLS_PER_S:
            recorder.add(replace(CALL, latency_ms=500.0 + made % 1000, started_at=1.8e9 + gone_s))
            made += 1
        if made % CALLS_PER_S < CALLS_PER_S * TICK_S:
            outputs.tick(state)
            recorder.folder.flush()
        gevent.sleep(TICK_S)
    cost = Cost(100 * (time.process_time() - cpu_s) / gone_s, 1000 * max(still))
    watching.kill()
    return cost


def _watch(still: list[float]) -> None:
    while True:
        before = time.monotonic()
        gevent.sleep(0.01)
        still.append(time.monotonic() - before - 0.01)


def main() -> None:
    """Measure, print, and end with 1 where an exporter costs more than it may."""
    parser = argparse.ArgumentParser(description="What exporters cost")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    found = {kind: [] for kind in KINDS}  # type: dict[str, list[Cost]]
    for _ in range(asked.rounds):
        for kind in KINDS:
            found[kind].append(measured(kind, asked.seconds))
    print(f"{'':16} {'CPU':>8} {'added':>8} {'added, by round':>24} {'stood still':>12}")
    too_much = False
    for kind, costs in found.items():
        added = [cost.percent - none.percent for cost, none in zip(costs, found["none"], strict=True)]
        middle = statistics.median(added)
        too_much |= middle > LIMIT_PERCENT
        rounds = ", ".join(f"{each:.2f} %" for each in added)
        cpu, still = (statistics.median(values) for values in zip(*costs, strict=True))
        print(f"{kind:16} {cpu:6.2f} % {middle:6.2f} % {rounds:>24} {still:9.1f} ms")
    print(json.dumps({kind: [cost._asdict() for cost in costs] for kind, costs in found.items()}))
    if too_much:
        sys.exit(f"an exporter costs more than {LIMIT_PERCENT} % of a core")


if __name__ == "__main__":
    main()
