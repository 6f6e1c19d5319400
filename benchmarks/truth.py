"""Whether each level of a run is exact, or marked as not: `python benchmarks/truth.py`.

A real run of the locust command, on one core, against the simulator on another: its TTFT and latency of
each level are held against the simulator's ledger, call by call of the measured window. A level whose
median or P99 is off by more than 5 % has to be marked client-limited; else the exit code is 1.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from client import CLIENT_CORE, MODEL, http, start_simulator

LIMIT_PERCENT = 5.0
DEADLINE_S = 600
SHARES = {"P50": 0.5, "P99": 0.99}


def main() -> int:
    """Run, compare, print; 1 if a level is silently wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", type=int, default=100, help="users of the first level")
    parser.add_argument("--end", type=int, default=500)
    parser.add_argument("--step", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=15, help="of each level")
    options = parser.parse_args()
    simulator, url = start_simulator(tls=False)
    try:
        with tempfile.TemporaryDirectory() as place:
            run = measure(Path(place), url, options)
            ledger = {
                call["request_id"]: call for call in map(json.loads, http(f"{url}/_simulator/calls").splitlines())
            }
            return judge(run, ledger)
    finally:
        simulator.terminate()
        simulator.wait(10)


def measure(place: Path, url: str, options: argparse.Namespace) -> Path:
    """A run of the locust command: its folder."""
    concurrency = {"start": options.start, "end": options.end, "step": options.step}
    settings = {
        "aws": {"region": "us-east-1", "endpoint_url": url},
        "model": {"id": MODEL},
        "test": {"prompt_size": 400, "max_tokens": 100, "non_streaming": False},
        "concurrency": {**concurrency, "duration_seconds": options.seconds},
    }
    (place / "config.json").write_text(json.dumps(settings))
    locustfile = Path(__file__).parents[1] / "locustfile.py"
    ended = subprocess.run(
        [Path(sys.executable).with_name("locust"), "-f", locustfile, "--headless", "--only-summary"],
        cwd=place,
        env={**os.environ, "AWS_ACCESS_KEY_ID": "made-up", "AWS_SECRET_ACCESS_KEY": "made-up"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, {CLIENT_CORE}),
    )
    if ended.returncode:
        sys.exit(f"the run failed:\n{ended.stdout}")
    return next((place / "results").iterdir())


def judge(run: Path, ledger: dict[str, dict[str, Any]]) -> int:
    """Print each level against the ledger; 1 if one is wrong and does not say so."""
    health = json.loads((run / "run.json").read_text())["health"]
    levels: dict[str, list[dict[str, str]]] = {}
    with (run / "requests.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["phase"] == "measure" and not row["error"]:
                levels.setdefault(row["level"], []).append(row)
    print(f"{'level':<16}{'calls':>7}  {'figure':<14}{'said ms':>9}{'true ms':>9}{'off by':>8}   marked")
    wrong = [level for level, rows in levels.items() if not _judge_level(level, rows, ledger, health[level])]
    for level in wrong:
        print(f"{level} is off by more than {LIMIT_PERCENT:g} % and does not say so")
    return int(bool(wrong))


def _judge_level(level: str, rows: list[dict[str, str]], ledger: dict[str, dict[str, Any]], health: Any) -> bool:
    marked, honest = health["client_limited"], True
    known = [(row, ledger[row["request_id"]]) for row in rows if row["request_id"] in ledger]
    for name, column, moment in (("TTFT", "ttft_ms", "first_token_at_ns"), ("latency", "latency_ms", "ended_at_ns")):
        said = sorted(float(row[column]) for row, _ in known)
        true = sorted((call[moment] - call["arrived_at_ns"]) / 1e6 for _, call in known)
        for share, part in SHARES.items():
            ours, theirs = said[int(len(said) * part)], true[int(len(true) * part)]
            off = 100 * (ours - theirs) / theirs
            honest = honest and (marked or abs(off) <= LIMIT_PERCENT)
            mark = "; ".join(health["reasons"]) or "-"
            print(
                f"{level:<16}{len(known):>7}  {name + ' ' + share:<14}{ours:>9.1f}{theirs:>9.1f}{off:>+7.1f}%   {mark}"
            )
    return honest


if __name__ == "__main__":
    sys.exit(main())
