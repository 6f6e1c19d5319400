"""What a streamed event costs the client, and how true its time to the first token is.

Ours, stock boto3 under gevent, LLMeter and a bare gevent recv loop, one after the other in one run,
each in a process of its own on one core, against the simulator on another:

    python benchmarks/client.py [--streams 20,50,100,200,300] [--rounds 2] [--turns 3] [--tls]
    python benchmarks/client.py --api responses|chat|messages [--streams 100]
    python benchmarks/client.py --reply

All streams of a round start together: 100 tokens at 50 tokens/s, the first after 200 ms. Printed are
CPU per streamed event; the error of TTFT, which is what the client says minus what is true (first
token sent, by the simulator's ledger, minus the request's arrival there); events per second; and
peak memory. All contenders run in turn, several times: printed are their medians, and the median of the ratios of
the turns with the lowest and the highest. LLMeter is left out where it is not installed.

With --api: the same for streams of server-sent events, against sse_service.py, beside the SDK of openai or anthropic
under gevent where that is installed.

With --reply: how long replies of 1 kB to 5 MB keep their caller, ours beside stock boto3 (see replies.py).
"""

from __future__ import annotations

import argparse
import gc
import json
import operator
import os
import re
import resource
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import replies

if TYPE_CHECKING:
    from collections.abc import Callable

TOKENS = 100
TTFT_MS, TPOT_MS = 200, 20
MODEL = "anthropic.claude-3-sonnet-20240229-v1:0"
PROMPT = "x" * 400
ARGUMENTS: dict[str, Any] = {
    "modelId": MODEL,
    "messages": [{"role": "user", "content": [{"text": PROMPT}]}],
    "inferenceConfig": {"maxTokens": TOKENS},
}
MESSAGES = [{"role": "user", "content": PROMPT}]
BODIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "responses": ("responses", "/openai/v1/responses", {"input": PROMPT}),
    "chat": ("chat_completions", "/openai/v1/chat/completions", {"messages": MESSAGES}),
    "messages": ("messages", "/anthropic/v1/messages", {"max_tokens": TOKENS, "messages": MESSAGES}),
}
"""API -> method of BedrockClient, path and arguments."""
API_CONTENDERS = ("bare", "ours", "sdk")
CONTENDERS = ("bare", "ours", "boto3", "llmeter")
SDKS = Path(__file__).with_name(".sdks")
"""Where `make benchmark` puts the SDKs of openai and anthropic: beside this project's packages one of theirs would load
itself into pytest."""
CLIENT_CORE, SERVER_CORE = 0, 1
SKIPPED = 3
DEADLINE_S, REPLIES_DEADLINE_S = 180, 900

Result = dict[str, Any]
"""The figures of a contender: us_per_event, events_per_s, peak_mb, and `errors` of TTFT in ms, sorted."""
Turn = dict[str, Result | None]
"""Contender -> its figures, None where it is not installed."""
Said = list[dict[str, Any]]
"""One dict for each call: request_id, ttft_ms, and started_at (Unix s) where the client says it."""


def main() -> None:
    """Run all contenders, or one of them as a child."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", default="20,50,100,200,300", help="concurrent streams, with commas")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--turns", type=int, default=3, help="how often the contenders run, one after the other")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--reply", action="store_true", help="single calls with replies of many sizes instead")
    parser.add_argument("--api", choices=sorted(BODIES), help="server-sent events of this API instead of Converse")
    parser.add_argument("--contenders")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child == "reply":
        replies.compare(*start_replies(options.url))
    elif options.reply:
        compare_replies()
    elif options.child and options.api:
        child(options.child, options.url, int(options.streams), options.rounds, options.api)
    elif options.child:
        child(options.child, options.url, int(options.streams), options.rounds)
    else:
        compare(options)


def compare(options: argparse.Namespace) -> None:
    """Run the contenders, print a line for each and their ratios."""
    simulator, url = start_simulator(tls=options.tls) if options.api is None else start_service()
    names = options.contenders or ",".join(CONTENDERS if options.api is None else API_CONTENDERS)
    try:
        for streams in map(int, options.streams.split(",")):
            print(
                f"\n{streams} streams, {'TLS' if options.tls else 'HTTP'}, {options.rounds} rounds of {TOKENS} tokens"
            )
            print(f"{'':<10}{'us/event':>10}{'TTFT error p50':>16}{'p99 (ms)':>10}{'events/s':>10}{'peak MB':>9}")
            turns = [turn(names.split(","), url, streams, options) for _ in range(options.turns)]
            for name in names.split(","):
                print_row(name, [result for results in turns if (result := results[name])])
            print_ratios(turns)
    finally:
        simulator.terminate()
        simulator.wait(10)


def turn(names: list[str], url: str, streams: int, options: argparse.Namespace) -> Turn:
    """Run each contender once."""
    return {name: run(name, url, streams, options.rounds, options.api) for name in names}


def compare_replies() -> None:
    """Run ours and boto3 in turn, in a child process on its core."""
    server, url = replies.start_server(SERVER_CORE)
    try:
        subprocess.run(
            [sys.executable, __file__, "--child", "reply", "--url", url],
            timeout=REPLIES_DEADLINE_S,
            check=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {CLIENT_CORE}),
        )
    finally:
        server.terminate()
        server.wait(10)


def start_simulator(*, tls: bool) -> tuple[subprocess.Popen[str], str]:
    """The simulator on its core."""
    command = [sys.executable, "-m", "bedrock_locust.simulator", "--port", "0", "--exit-with-parent", "--spread", "0"]
    command += ["--tokens-per-event", "1"]
    pace = ["--ttft-ms", str(TTFT_MS), "--tpot-ms", str(TPOT_MS), "--output-tokens", str(TOKENS)]
    if tls:
        os.environ["AWS_CA_BUNDLE"] = str(Path(tempfile.mkdtemp()) / "certificate.pem")
        pace += ["--tls-self-made", os.environ["AWS_CA_BUNDLE"]]
    process = subprocess.Popen(
        [*command, *pace],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CORE}),  # noqa: PLW1509 - this process has no threads
    )
    assert process.stdout  # noqa: S101 - it is a pipe
    found = re.search(r"listening on (\S+)", process.stdout.readline())
    assert found  # noqa: S101 - else there is nothing to measure
    return process, found[1]


def start_service() -> tuple[subprocess.Popen[str], str]:
    """The service of server-sent events on the core of the simulator."""
    pace = ["--ttft-ms", str(TTFT_MS), "--tpot-ms", str(TPOT_MS), "--output-tokens", str(TOKENS)]
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("sse_service.py")), *pace],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CORE}),  # noqa: PLW1509 - this process has no threads
    )
    assert process.stdout  # noqa: S101 - it is a pipe
    return process, process.stdout.readline().split()[-1]


def run(name: str, url: str, streams: int, rounds: int, api: str | None) -> dict[str, Any] | None:
    """One contender in a child process: its figures, held against the ledger."""
    http(f"{url}/_simulator/calls", "DELETE")
    child_of = [sys.executable, __file__, "--child", name, "--url", url, *(["--api", api] if api else [])]
    ended = subprocess.run(
        [*child_of, "--streams", str(streams), "--rounds", str(rounds)],
        stdout=subprocess.PIPE,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, {CLIENT_CORE}),
    )
    if ended.returncode == SKIPPED:
        return None
    ended.check_returncode()
    result: dict[str, Any] = json.loads(ended.stdout)
    ledger = {call["request_id"]: call for call in map(json.loads, http(f"{url}/_simulator/calls").splitlines())}
    calls = [(call, ledger[call["request_id"]]) for call in result.pop("calls") if call["request_id"] in ledger]
    result["errors"] = sorted(call["ttft_ms"] - truth_ms(entry) for call, entry in calls)
    return result


def truth_ms(entry: dict[str, Any]) -> float:
    """From the arrival of a request at the simulator to its first token."""
    return float(entry["first_token_at_ns"] - entry["arrived_at_ns"]) / 1e6


def http(url: str, method: str = "GET") -> bytes:
    """One request to the simulator's own pages."""
    request = urllib.request.Request(url, method=method)  # noqa: S310 - of our own simulator
    with urllib.request.urlopen(request, timeout=30, context=trusting()) as answer:  # noqa: S310
        body: bytes = answer.read()
        return body


def trusting() -> ssl.SSLContext:
    """The simulator makes its certificate itself."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def print_row(name: str, results: list[Result]) -> None:
    """The median of each figure of a contender."""
    if not results:
        print(f"{name:<10}{'not installed':>14}")
        return

    def middle(figure: Callable[[Result], float]) -> float:
        return statistics.median(map(figure, results))

    def error(share: float) -> str:
        if not results[0]["errors"]:
            return "-"
        return f"{middle(lambda result: result['errors'][int(len(result['errors']) * share)]):,.2f}"

    cost, rate, peak = (middle(operator.itemgetter(figure)) for figure in ("us_per_event", "events_per_s", "peak_mb"))
    print(f"{name:<10}{cost:>10.1f}{error(0.5):>16}{error(0.99):>10}{rate:>10,.0f}{peak:>9,.0f}", flush=True)


def print_ratios(turns: list[Turn]) -> None:
    """CPU per event of ours against the others, each within one turn."""
    for name in turns[0]:
        ratios = sorted(
            ours["us_per_event"] / other["us_per_event"]
            for results in turns
            if (ours := results.get("ours")) and (other := results[name]) and name != "ours"
        )
        if ratios:
            middle = statistics.median(ratios)
            print(f"CPU of ours / {name}: {middle:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})", flush=True)


def child(name: str, url: str, streams: int, rounds: int, api: str = "") -> None:
    """Run one contender and print its figures as JSON."""
    contender = globals()[f"start_{name}_{'api' if api else ''}".rstrip("_")](*filter(None, (url, api)))
    if contender is None:
        sys.exit(SKIPPED)
    contender(2, 1)
    # As a worker does: a look at all of boto3's objects costs as much as 2,000 events.
    gc.collect()
    gc.freeze()
    cpu, begun = time.process_time(), time.perf_counter()
    calls = contender(streams, rounds)
    cpu, elapsed = time.process_time() - cpu, time.perf_counter() - begun
    events = streams * rounds * (TOKENS + 4)
    print(
        json.dumps(
            {
                "us_per_event": cpu / events * 1e6,
                "events_per_s": events / elapsed,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "calls": calls,
            }
        )
    )


def together(streams: int, rounds: int, work: Any) -> Said:
    """Run the work in this number of greenlets at once, round after round."""
    import gevent  # noqa: PLC0415 - not in every child

    said: Said = []
    for _ in range(rounds):
        greenlets = [gevent.spawn(work) for _ in range(streams)]
        gevent.joinall(greenlets, raise_error=True)
        said += [greenlet.value for greenlet in greenlets if greenlet.value]
    return said


def our_client(url: str) -> Any:
    """BedrockClient."""
    from locust.event import EventHook  # noqa: PLC0415 - Locust first, in this child only

    from bedrock_locust.aws.boto3_client import connect  # noqa: PLC0415
    from bedrock_locust.client import BedrockClient  # noqa: PLC0415
    from bedrock_locust.settings.schema import Settings  # noqa: PLC0415

    settings = Settings.model_validate({"model": {"id": MODEL}, "aws": {"endpoint_url": url}})
    return BedrockClient(connect(settings, simulator=True, version="benchmark"), EventHook())


def start_ours(url: str) -> Any:
    """BedrockClient."""
    client = our_client(url)

    def work() -> dict[str, Any]:
        call = client.converse_stream(**ARGUMENTS)
        assert call.ok, call  # noqa: S101 - a failure is no measurement
        return {"request_id": call.request_id, "ttft_ms": call.ttft_ms, "started_at": call.started_at}

    return lambda streams, rounds: together(streams, rounds, work)


def start_replies(url: str) -> tuple[Callable[[str], Any], Callable[[str], Any]]:
    """A call of ours and one of boto3, by model id: a stream, unless that says `whole`."""
    ours, boto3s = our_client(url), stock_client(url)
    messages = ARGUMENTS["messages"]

    def call_ours(model_id: str) -> Any:
        call = ours.converse if model_id.startswith("whole") else ours.converse_stream
        return call(modelId=model_id, messages=messages)

    def call_boto3(model_id: str) -> Any:
        if model_id.startswith("whole"):
            return boto3s.converse(modelId=model_id, messages=messages)
        return list(boto3s.converse_stream(modelId=model_id, messages=messages)["stream"])

    return call_ours, call_boto3


def stock_client(url: str) -> Any:
    """boto3 as it comes, but for a pool that is large enough and no retries."""
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    return boto3.client(
        "bedrock-runtime",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="made-up",
        aws_secret_access_key="made-up",  # noqa: S106 - the simulator asks for none
        config=Config(max_pool_connections=1000, retries={"total_max_attempts": 1}),
    )


def start_boto3(url: str) -> Any:
    """boto3 under gevent, timed around the call as people do."""
    import locust  # noqa: F401, PLC0415 - it patches for gevent

    client = stock_client(url)

    def work() -> dict[str, Any]:
        begun, ttft_ms = time.perf_counter(), None
        response = client.converse_stream(**ARGUMENTS)
        for event in response["stream"]:
            if ttft_ms is None and event.get("contentBlockDelta", {}).get("delta", {}).get("text"):
                ttft_ms = (time.perf_counter() - begun) * 1000
        return {"request_id": response["ResponseMetadata"]["RequestId"], "ttft_ms": ttft_ms}

    return lambda streams, rounds: together(streams, rounds, work)


def start_ours_api(url: str, api: str) -> Any:
    """BedrockClient, by one of the APIs that boto3 does not have."""
    method, _, arguments = BODIES[api]
    call_api = getattr(our_client(url), method)

    def work() -> dict[str, Any]:
        call = call_api(model="m", stream=True, **arguments)
        assert call.ok, call  # noqa: S101 - a failure is no measurement
        return {"request_id": call.request_id, "ttft_ms": call.ttft_ms, "started_at": call.started_at}

    return lambda streams, rounds: together(streams, rounds, work)


def start_sdk_api(url: str, api: str) -> Any:
    """The SDK of openai or anthropic under gevent, timed around the call as people do."""
    import locust  # noqa: F401, PLC0415 - it patches for gevent

    sys.path.append(str(SDKS))
    try:
        if api == "messages":
            from anthropic import Anthropic as Client  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
        else:
            from openai import OpenAI as Client  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
    except ImportError:
        return None
    base = url + ("/anthropic" if api == "messages" else "/openai/v1")
    client: Any = Client(base_url=base, api_key="none", max_retries=0)
    create = {"responses": "responses", "chat": "chat.completions", "messages": "messages"}[api]
    for part in create.split("."):
        client = getattr(client, part)

    def work() -> dict[str, Any]:
        begun, ttft_ms = time.perf_counter(), None
        with client.create(model="m", stream=True, **BODIES[api][2]) as stream:
            for event in stream:
                if ttft_ms is None and "word" in str(event):
                    ttft_ms = (time.perf_counter() - begun) * 1000
            return {"request_id": stream.response.headers["x-request-id"], "ttft_ms": ttft_ms}

    return lambda streams, rounds: together(streams, rounds, work)


def start_bare_api(url: str, api: str) -> Any:
    """A gevent socket and nothing else, for such a stream."""
    _, path, arguments = BODIES[api]
    return bare(url, path, json.dumps({"model": "m", "stream": True, **arguments}).encode())


def start_bare(url: str) -> Any:
    """A gevent socket and nothing else: no client can cost less."""
    from urllib.parse import quote  # noqa: PLC0415

    body = json.dumps({key: value for key, value in ARGUMENTS.items() if key != "modelId"}).encode()
    return bare(url, f"/model/{quote(MODEL, safe='')}/converse-stream", body)


def bare(url: str, path: str, body: bytes) -> Any:
    """Requests of this body over gevent's sockets, whose answers are read and thrown away."""
    from urllib.parse import urlsplit  # noqa: PLC0415

    import gevent.socket  # noqa: PLC0415
    import gevent.ssl  # noqa: PLC0415

    parts = urlsplit(url)
    head = f"POST {path} HTTP/1.1\r\nhost: {parts.netloc}\r\n"
    request = f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
    idle: list[Any] = []

    def connect() -> Any:
        raw = gevent.socket.create_connection((parts.hostname or "", parts.port or 80))
        if parts.scheme == "http":
            return raw
        context = gevent.ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(raw)

    def work() -> None:
        connection = idle.pop() if idle else connect()
        connection.sendall(request)
        tail = b""
        while not tail.endswith(b"0\r\n\r\n"):
            tail = (tail + connection.recv(65536))[-8:]
        idle.append(connection)

    return lambda streams, rounds: together(streams, rounds, work)


def start_llmeter(url: str) -> Any:
    """LLMeter's runner on threads, on the same boto3 client."""
    import asyncio  # noqa: PLC0415

    os.environ["LLMETER_DISABLE_ALL_PROGRESS_BARS"] = "1"
    try:
        from llmeter.endpoints.bedrock import BedrockConverseStream  # noqa: PLC0415
        from llmeter.runner import Runner  # noqa: PLC0415
    except ImportError:
        return None
    endpoint = BedrockConverseStream(model_id=MODEL, bedrock_boto3_client=stock_client(url))
    payload = {key: value for key, value in ARGUMENTS.items() if key != "modelId"}

    def work(streams: int, rounds: int) -> Said:
        runner = Runner(endpoint, timeout=60)
        result = asyncio.run(runner.run(payload=payload, n_requests=rounds, clients=streams))
        return [{"request_id": r.id, "ttft_ms": r.time_to_first_token * 1000} for r in result.responses]

    return work


if __name__ == "__main__":
    main()
