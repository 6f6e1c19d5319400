"""What a worker process costs: start, memory for each stream, memory over 100,000 calls.

    python benchmarks/worker.py [--parts start,streams,calls,prompts] [--calls 100000] [--tls] [--input-tokens 10000]

- start: a real `locust --worker`, from the start of its process to its first call, and what it has loaded by then.
- streams: a process with a BedrockClient for each stream; resident memory while 20, 100, 200 and 300 streams are open.
- calls: a real worker under a real master, with 20 users in a closed loop of short streamed calls; resident memory of
  both after 10,000, 50,000 and 100,000 calls.
- prompts: CPU of a call with a long prompt, from the workload to the signed request, made of words or from a file;
  beside that of boto3 alone, which builds and signs one request again and again. Nothing is sent.

The simulator has the second core for itself; what is measured has the first.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
LOCUST = Path(sys.executable).with_name("locust")
LISTENER = ROOT / "tests" / "e2e" / "first_call.py"
CLIENT_CORE, SERVER_CORE = 0, 1
STREAMS = (20, 100, 200, 300)
WARM_STREAMS = 5
USERS = 20
DEADLINE_S = 900
MODEL = "anthropic.claude-3-sonnet-20240229-v1:0"
SLOW = ("--ttft-ms", "200", "--tpot-ms", "100", "--output-tokens", "120", "--spread", "0", "--tokens-per-event", "1")
SHORT = ("--ttft-ms", "0", "--tpot-ms", "0", "--output-tokens", "2", "--spread", "0")
LIMIT_KB = 60.0
"""Memory for each additional stream."""
PROMPTS = 100
"""Requests of each kind in one of five rounds; the best round counts."""
LIMIT_PROMPT = 1.5
"""Times the CPU of boto3 alone."""
LIMIT_GROWTH_MB = 3.0
"""Over the calls after the first tenth."""


def main() -> int:
    """Run the parts; the exit code says whether all stayed below their limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default="start,streams,calls,prompts")
    parser.add_argument("--input-tokens", type=int, help="measure the prompts only, of this length (10,000 by default)")
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--tls", action="store_true", help="streams over TLS")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child, _, argument = options.child.partition(" ")
        CHILDREN[child](argument)
        return 0
    parts: dict[str, Callable[[], bool]] = {
        "start": measure_start,
        "streams": lambda: measure_streams(tls=options.tls),
        "calls": lambda: measure_calls(options.calls),
        "prompts": lambda: measure_prompts(options.input_tokens or 10_000),
    }
    below = [parts[name]() for name in ("prompts" if options.input_tokens else options.parts).split(",")]
    return 0 if all(below) else 1


@contextmanager
def simulator(*options: str) -> Iterator[str]:
    """A simulator on its core; its URL."""
    command = [sys.executable, "-m", "bedrock_locust.simulator", "--port", "0", "--exit-with-parent", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=on_core(SERVER_CORE))  # noqa: PLW1509 - no threads here
    try:
        assert process.stdout  # noqa: S101 - it is a pipe
        found = re.search(r"listening on (\S+)", process.stdout.readline())
        assert found  # noqa: S101 - else there is nothing to measure
        yield found[1]
    finally:
        process.terminate()
        process.wait(10)


def on_core(core: int) -> Callable[[], None]:
    """What a child does to stay on a core, where there are as many."""
    return lambda: os.sched_setaffinity(0, {core % (os.cpu_count() or 1)})


def rss_mb(process: psutil.Process) -> float:
    """Resident memory."""
    return float(process.memory_info().rss / 1e6)


# Streams


def measure_streams(*, tls: bool) -> bool:
    """Memory of a process while this number of streams is open."""
    secure = []
    if tls:
        os.environ["AWS_CA_BUNDLE"] = str(Path(tempfile.mkdtemp()) / "certificate.pem")
        secure = ["--tls-self-made", os.environ["AWS_CA_BUNDLE"]]
    with simulator(*SLOW, *secure) as url:
        command = [sys.executable, __file__, "--child", f"streams {url}"]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, check=True, timeout=DEADLINE_S, preexec_fn=on_core(CLIENT_CORE)
        )
    lines = [line.split() for line in done.stdout.splitlines()]
    kb = {int(streams): float(value) for streams, value, _ in lines}
    print(f"\nresident memory while streams are open, {'TLS' if tls else 'HTTP'}")
    for streams, value, files in lines:
        print(f"{streams:>6} streams {float(value) / 1000:>8.1f} MB, {files} file descriptors")
    if any(int(files) < int(streams) for streams, _, files in lines):
        sys.exit("not all streams were open at once: the machine is too busy")
    slope = (kb[STREAMS[-1]] - kb[STREAMS[0]]) / (STREAMS[-1] - STREAMS[0])
    print(f"{slope:.1f} kB for each additional stream (limit {LIMIT_KB:g})", flush=True)
    return slope <= LIMIT_KB


def hold_streams(url: str) -> None:
    """The child: open streams, more and more of them, and print memory while all are open."""
    from locust.event import EventHook  # noqa: PLC0415 - Locust first, in this child only

    import gevent  # noqa: PLC0415

    from bedrock_locust.aws.boto3_client import connect  # noqa: PLC0415
    from bedrock_locust.client import BedrockClient  # noqa: PLC0415
    from bedrock_locust.settings.schema import Settings  # noqa: PLC0415

    settings = Settings.model_validate({"model": {"id": MODEL}, "aws": {"endpoint_url": url}})
    client = connect(settings, simulator=True, version="benchmark")
    process = psutil.Process()

    def stream() -> None:
        text = [{"role": "user", "content": [{"text": "x" * 1000}]}]
        call = BedrockClient(client, EventHook()).converse_stream(modelId=MODEL, messages=text)
        assert call.ok, call  # noqa: S101 - a failure is no measurement

    for streams in (WARM_STREAMS, *STREAMS):
        greenlets = [gevent.spawn(stream) for _ in range(streams)]
        most = files = 0
        while not all(greenlet.dead for greenlet in greenlets):
            gevent.sleep(0.2)
            most, files = max(most, process.memory_info().rss), max(files, process.num_fds())
        gevent.joinall(greenlets, raise_error=True)
        if streams in STREAMS:
            print(streams, most / 1000, files)


# Prompts


def measure_prompts(tokens: int) -> bool:
    """CPU of a call whose prompt has so many tokens, beside boto3 alone."""
    command = [sys.executable, __file__, "--child", f"prompts {tokens}"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, timeout=DEADLINE_S, preexec_fn=on_core(CLIENT_CORE)
    )
    cpu_ms = {name: float(value) for name, value in (line.split() for line in done.stdout.splitlines())}
    print(f"\nCPU of a call with a prompt of {tokens:,} tokens, not sent")
    for name, value in cpu_ms.items():
        print(f"  {name:<10}{value:6.2f} ms, {value / cpu_ms['boto3']:.2f} of boto3 alone")
    most = max(cpu_ms.values()) / cpu_ms["boto3"]
    print(f"  at most {most:.2f} (limit {LIMIT_PROMPT:g})", flush=True)
    return most <= LIMIT_PROMPT


def make_prompts(tokens: str) -> None:
    """The child: make and sign requests, and print the CPU of each kind in ms."""
    from locust.event import EventHook  # noqa: PLC0415 - Locust first, in this child only

    from botocore.awsrequest import AWSResponse  # noqa: PLC0415
    from botocore.compat import HTTPHeaders  # noqa: PLC0415

    from bedrock_locust.aws.boto3_client import connect  # noqa: PLC0415
    from bedrock_locust.client import BedrockClient  # noqa: PLC0415
    from bedrock_locust.settings.schema import Settings  # noqa: PLC0415
    from bedrock_locust.workload.jsonl import RecordFile  # noqa: PLC0415
    from bedrock_locust.workload.source import workload_of  # noqa: PLC0415

    answer = json.dumps({"output": {"message": {"content": [{"text": "x"}]}}, "stopReason": "end_turn", "usage": {}})

    class Raw:
        """The body of the answer, at hand."""

        def stream(self, **_: Any) -> Iterator[bytes]:
            yield answer.encode()

    def not_sent(request: Any, **_: Any) -> AWSResponse:
        return AWSResponse(request.url, 200, HTTPHeaders.from_dict({"content-type": "application/json"}), Raw())

    def client_of(settings: Settings) -> Any:
        client: Any = connect(settings, simulator=True, version="benchmark")
        for each in (client._checking, client._quick):  # noqa: SLF001 - botocore has no public way
            each._endpoint.http_session.send = not_sent  # noqa: SLF001 - the same
        return client

    base = {"model": {"id": MODEL}, "aws": {"endpoint_url": "http://127.0.0.1:9"}, "test": {"transport": "botocore"}}
    words = Settings.model_validate({**base, "workload": {"input_tokens": int(tokens)}})
    made = workload_of(words)
    folder = Path(tempfile.mkdtemp())
    prompt = made.next().arguments["messages"][0]["content"][0]["text"]
    (folder / "x.jsonl").write_text("".join(json.dumps({"prompt": prompt}) + "\n" for _ in range(100)))
    read = Settings.model_validate({**base, "workload": {"file": str(folder / "x.jsonl")}})
    records = workload_of(read, file=RecordFile(folder / "x.jsonl"))
    boto3_client = client_of(words)
    ours = BedrockClient(boto3_client, EventHook())
    fixed = made.next().arguments
    kinds: dict[str, Callable[[], Any]] = {
        "boto3": lambda: boto3_client._checking.converse(**fixed),  # noqa: SLF001 - as boto3 does it
        "words": lambda: ours.converse(**made.next().arguments),
        "file": lambda: ours.converse(**records.next().arguments),
    }
    for make in kinds.values():
        make()
    best = dict.fromkeys(kinds, float("inf"))
    for _ in range(5):
        for name, make in kinds.items():
            begun = time.process_time()
            for _ in range(PROMPTS):
                make()
            best[name] = min(best[name], (time.process_time() - begun) / PROMPTS * 1000)
    for name, value in best.items():
        print(name, round(value, 4))


CHILDREN: dict[str, Callable[[str], None]] = {"streams": hold_streams, "prompts": make_prompts}
"""What a child process does."""


# A real worker and its master


class Pair:
    """A master and a worker, each a real locust process."""

    def __init__(self, url: str, **config: dict[str, Any]) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.path = Path(self._folder.name)
        (self.path / "config.json").write_text(
            json.dumps({"model": {"id": MODEL}, "aws": {"region": "us-east-1"}, **config}), encoding="utf-8"
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = str(probe.getsockname()[1])
        self.begun = time.time()
        self.worker = self._start(CLIENT_CORE, "--worker", "--master-port", self._port, "--host", url)
        master = ("--headless", "--only-summary", "--host", url, "--expect-workers", "1")
        self.master = self._start(SERVER_CORE, "--master", "--master-bind-port", self._port, *master)

    def _start(self, core: int, *arguments: str) -> psutil.Popen:
        environment = {**os.environ, "FIRST_CALL": str(self.path), "AWS_EC2_METADATA_DISABLED": "true"}
        keys = {"AWS_ACCESS_KEY_ID": "made-up", "AWS_SECRET_ACCESS_KEY": "made-up"}
        with (self.path / "output.txt").open("a") as output:
            return psutil.Popen(
                [LOCUST, "-f", f"{ROOT / 'locustfile.py'},{LISTENER}", *arguments],
                cwd=self.path,
                env={**environment, **keys},
                stdout=output,
                stderr=output,
                preexec_fn=on_core(core),
            )

    def first_call(self) -> dict[str, Any]:
        """What the worker was at its first call, once the run is over."""
        self.master.wait(DEADLINE_S)
        for path in self.path.glob("[0-9]*.json"):
            said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return said
        sys.exit("no call was made:\n" + (self.path / "output.txt").read_text(encoding="utf-8"))

    def end(self) -> None:
        """Wait for both; what has not ended by then is ended."""
        for process in (self.master, self.worker):
            try:
                process.wait(60)
            except psutil.TimeoutExpired:
                process.kill()
        self._folder.cleanup()


def measure_start() -> bool:
    """From the start of a worker's process to its first call."""
    levels = {"start": 1, "end": 1, "step": 1, "duration_seconds": 1}
    with simulator(*SHORT) as url:
        pair = Pair(url, concurrency=levels, test={"non_streaming": False})
        said = pair.first_call()
        pair.end()
    moments = said["moments"]
    print("\na worker at its first call")
    print(f"  process to connected    {moments['ready'] - said['started_at']:6.2f} s")
    print(f"  told to first call sent {moments['first'] - moments['told']:6.2f} s")
    print(f"  CPU by then             {said['cpu_s']:6.2f} s")
    print(f"  resident memory         {said['rss_mb']:6.1f} MB")
    print(f"  modules loaded          {len(said['modules']):6}", flush=True)
    return True


def measure_calls(calls: int) -> bool:
    """Memory of a worker and of its master over this number of calls."""
    marks = [calls // 10, calls // 2, calls]
    levels = {"start": USERS, "end": USERS, "step": 1, "duration_seconds": DEADLINE_S}
    limits = {"max_requests": calls + USERS}
    print(f"\nresident memory over {calls:,} calls")
    seen: list[float] = []
    cpu_s: list[float] = []
    with simulator(*SHORT) as url:
        pair = Pair(url, concurrency=levels, test={"non_streaming": False, "prompt_size": 200}, limits=limits)
        end = time.monotonic() + DEADLINE_S
        while len(seen) < len(marks) and pair.master.poll() is None and time.monotonic() < end:
            time.sleep(0.5)
            if calls_of(url) >= marks[len(seen)]:
                seen.append(rss_mb(pair.worker))
                cpu_s.append(sum(pair.worker.cpu_times()[:2]))
                after = f"{marks[len(seen) - 1]:>9,} calls: worker {seen[-1]:7.1f} MB"
                print(
                    f"{after}, master {rss_mb(pair.master):7.1f} MB, after {time.time() - pair.begun:.0f} s", flush=True
                )
        pair.end()
    if len(seen) < len(marks):
        return False
    print(f"{(cpu_s[-1] - cpu_s[0]) / (marks[-1] - marks[0]) * 1000:.2f} ms of CPU for each call", flush=True)
    return seen[-1] - seen[0] <= LIMIT_GROWTH_MB


def calls_of(url: str) -> int:
    """How many calls the simulator has had."""
    with urllib.request.urlopen(f"{url}/_simulator/stats", timeout=30) as answer:  # noqa: S310 - our own simulator
        return int(json.load(answer)["calls"])


if __name__ == "__main__":
    sys.exit(main())
