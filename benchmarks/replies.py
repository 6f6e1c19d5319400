"""How long a reply keeps its caller, and what the client says it took: ours beside stock boto3, call by call.

Run by `client.py --reply`. The server is a process on a core of its own that sends replies made beforehand as
fast as the socket takes them: whole, as a stream with all of the text in one event, or in many events.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = ("whole", "one-event", "many-events")
SIZES_KB = (1, 4, 16, 64, 256, 1024, 5120)
SMALL = 200
"""Bytes of text in one of many events."""
CHUNK = 16 * 1024
"""Bytes of a chunk of a stream."""
MOST_ROUNDS, LEAST_ROUNDS, BYTES = 100, 5, 30_000_000
"""Large replies have fewer rounds, so that the bytes of each size add up to this number."""
MOST_MS, MOST_SHARE = 1.0, 0.1
"""How much longer than with boto3 a call may take: the larger of the two."""


def serve() -> None:
    """Answer each request with what the model id says, until it is ended. Prints the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    made: dict[str, bytes] = {}
    while True:
        peer, _ = listener.accept()
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_answer, args=(peer, made), daemon=True).start()


def _answer(peer: socket.socket, made: dict[str, bytes]) -> None:
    requests = peer.makefile("rb")
    while line := requests.readline():
        name = line.split(b"/")[2].decode()
        fields = dict(field.lower().split(b": ", 1) for field in iter(requests.readline, b"\r\n"))
        requests.read(int(fields[b"content-length"]))
        if name not in made:
            kind, size = name.split(".")
            made[name] = reply(kind, int(size))
        peer.sendall(made[name])


def reply(kind: str, size: int) -> bytes:
    """A response with this many bytes of text."""
    from bedrock_locust.simulator import frames  # noqa: PLC0415 - the process that measures does without it

    usage: dict[str, Any] = {"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}}
    usage["metrics"] = {"latencyMs": 1}
    if kind == "whole":
        message = {"role": "assistant", "content": [{"text": "x" * size}]}
        body = json.dumps({"output": {"message": message}, "stopReason": "end_turn", **usage}).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        return head.encode() + body
    step = SMALL if kind == "many-events" else size
    delta = frames.event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "x" * step}})
    end = frames.event("messageStop", {"stopReason": "end_turn"}) + frames.event("metadata", usage)
    body = delta * (size // step) + end
    head = "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\ntransfer-encoding: chunked\r\n\r\n"
    chunks = (body[start : start + CHUNK] for start in range(0, len(body), CHUNK))
    return head.encode() + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def compare(ours: Callable[[str], Any], boto3s: Callable[[str], Any]) -> None:
    """Print P10 and P50 of calls made in turn, by kind and size. `ours` makes a Call, `boto3s` reads all of an answer.

    Other work on the machine only adds: each time that a process sleeps, others may have its core for some ms.
    """
    print(f"load average {os.getloadavg()[0]:.1f}; P10 and P50 in ms")
    print(f"{'':<12}{'kB':>6}{'boto3':>16}{'ours':>16}{'its latency':>16}{'most at P50':>14}")
    for kind in KINDS:
        for size_kb in SIZES_KB:
            size = size_kb * 1024
            rounds = max(LEAST_ROUNDS, min(MOST_ROUNDS, BYTES // size))
            theirs, walls, latencies = _measure(f"{kind}.{size}", rounds, ours, boto3s)
            most = theirs[1] + max(MOST_MS, MOST_SHARE * theirs[1])
            verdict = "" if walls[1] <= most and latencies[1] <= most else "  too long"
            figures = "".join(f"{p10:>8.2f}{p50:>8.2f}" for p10, p50 in (theirs, walls, latencies))
            print(f"{kind:<12}{size_kb:>6}{figures}{most:>14.2f}{verdict}", flush=True)


def _measure(
    model_id: str, rounds: int, ours: Callable[[str], Any], boto3s: Callable[[str], Any]
) -> tuple[tuple[float, float], ...]:
    """P10 and P50 in ms: boto3's call, ours, and the latency that ours has recorded."""
    theirs, walls, latencies = list[float](), list[float](), list[float]()

    def call_boto3() -> None:
        theirs.append(_timed(boto3s, model_id)[0])

    def call_ours() -> None:
        wall_ms, call = _timed(ours, model_id)
        assert call.ok, call  # noqa: S101 - a failure is no measurement
        walls.append(wall_ms)
        latencies.append(call.latency_ms)

    for number in range(rounds + 1):
        for call in (call_boto3, call_ours) if number % 2 else (call_ours, call_boto3):
            call()
    # The first of each connects, and the server makes its reply.
    return tuple((_p10(values[1:]), statistics.median(values[1:])) for values in (theirs, walls, latencies))


def _p10(values: list[float]) -> float:
    return sorted(values)[len(values) // 10]


def _timed(call: Callable[[str], Any], model_id: str) -> tuple[float, Any]:
    begun = time.perf_counter()
    made = call(model_id)
    return (time.perf_counter() - begun) * 1000, made


def start_server(core: int) -> tuple[subprocess.Popen[str], str]:
    """The server on its core, and its URL."""
    process = subprocess.Popen(
        [sys.executable, __file__],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509 - this process has no threads
    )
    assert process.stdout  # noqa: S101 - it is a pipe
    return process, f"http://127.0.0.1:{int(process.stdout.readline())}"


if __name__ == "__main__":
    serve()
