"""What a closed loop hides, and how exact arrivals are: `python benchmarks/open_loop.py`.

First the same service twice, with answers of 1 s, which stands still for 5 s of every 30 s (its process is stopped):
under eight users who call one after the other, and under arrivals at the rate that these users reached. Then arrivals
at 100/s of a quick service: how late their calls start.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

USERS = 8
STILL_S, EVERY_S = 5, 30
ROOT = Path(__file__).parents[1]
DEADLINE_S = 900


def main() -> int:
    """Run all three and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120, help="of each level with pauses; 0 leaves them out")
    parser.add_argument("--quick-seconds", type=float, default=30, help="of the level at 100/s")
    parser.add_argument("--rate", type=float, default=100, help="of that level")
    options = parser.parse_args()
    if options.seconds:
        compare(options.seconds)
    quick = ("--ttft-ms", "50", "--tpot-ms", "5", "--output-tokens", "10")
    warm = {"warmup_seconds": 3, "duration_seconds": options.quick_seconds}
    late_ms = sorted(1000 * late_s(call) for call in run(quick, {"arrivals": {"rates": [options.rate], **warm}}))
    shown = ", ".join(f"P{share * 100:g} {at(late_ms, share):.1f} ms" for share in (0.5, 0.95, 0.99))
    print(f"\nLateness of {len(late_ms):,} calls at {options.rate:g}/s: {shown}")
    return 0


def compare(seconds: float) -> None:
    """Print what users and arrivals see of a service that stands still again and again."""
    slow = ("--ttft-ms", "200", "--tpot-ms", "40", "--output-tokens", "20", "--spread", "0")
    closed = run(slow, {"concurrency": {"start": USERS, "end": USERS, "duration_seconds": seconds}}, pause=True)
    rate = len(closed) / seconds
    opened = run(slow, {"arrivals": {"rates": [rate], "duration_seconds": seconds}}, pause=True)
    print("| load | calls/s | P50 (s) | P95 (s) | P99 (s) |\n|---|---|---|---|---|")
    for name, calls in ((f"{USERS} users", closed), (f"{rate:.1f} arrivals/s", opened)):
        latency = sorted(float(call["latency_ms"]) / 1000 + late_s(call) for call in calls)
        shown = " | ".join(f"{at(latency, share):.2f}" for share in (0.5, 0.95, 0.99))
        print(f"| {name} | {len(calls) / seconds:.1f} | {shown} |")


def run(pace: tuple[str, ...], sections: dict[str, Any], *, pause: bool = False) -> list[dict[str, str]]:
    """The measured calls of a run of the locust command against a simulator of its own."""
    simulator, url = start_simulator(pace)
    over = threading.Event()
    if pause:
        threading.Thread(target=stand_still, args=(simulator, over), daemon=True).start()
    try:
        with tempfile.TemporaryDirectory() as place:
            return measure(Path(place), url, sections)
    finally:
        over.set()
        simulator.send_signal(signal.SIGCONT)
        simulator.terminate()
        simulator.wait(10)


def start_simulator(pace: tuple[str, ...]) -> tuple[subprocess.Popen[str], str]:
    """The simulator."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bedrock_locust.simulator", "--port", "0", "--exit-with-parent", *pace],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout  # noqa: S101 - it is a pipe
    found = re.search(r"listening on (\S+)", process.stdout.readline())
    assert found  # noqa: S101 - else there is nothing to measure
    return process, found[1]


def stand_still(simulator: subprocess.Popen[str], over: threading.Event) -> None:
    """Stop the simulator for some seconds again and again, as a service does that collects its garbage."""
    while not over.wait(EVERY_S - STILL_S):
        simulator.send_signal(signal.SIGSTOP)
        over.wait(STILL_S)
        simulator.send_signal(signal.SIGCONT)


def measure(place: Path, url: str, sections: dict[str, Any]) -> list[dict[str, str]]:
    """The measured calls of a run."""
    settings = {
        "aws": {"region": "us-east-1", "endpoint_url": url},
        "model": {"id": "us.anthropic.claude-sonnet-4-20250514-v1:0"},
        "test": {"prompt_size": 200, "max_tokens": 50, "non_streaming": False},
        **sections,
    }
    (place / "config.json").write_text(json.dumps(settings))
    ended = subprocess.run(
        [Path(sys.executable).with_name("locust"), "-f", ROOT / "locustfile.py", "--headless", "--only-summary"],
        cwd=place,
        env={**os.environ, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "made-up"},
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
        preexec_fn=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}),
    )
    if ended.returncode:
        sys.exit(ended.stdout + ended.stderr)
    [folder] = (place / "results").iterdir()
    with (folder / "requests.csv").open(newline="", encoding="utf-8") as file:
        return [call for call in csv.DictReader(file) if call["phase"] == "measure" and not call["error"]]


def late_s(call: dict[str, str]) -> float:
    """How late a call started; 0 in a closed loop, where it starts when it can."""
    return float(call["started_at"]) - float(call["scheduled_at"]) if call["scheduled_at"] else 0.0


def at(values: list[float], share: float) -> float:
    """A percentile of sorted values."""
    return values[min(len(values) - 1, int(share * len(values)))]


if __name__ == "__main__":
    sys.exit(main())
