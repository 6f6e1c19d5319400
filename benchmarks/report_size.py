"""How long the report of a long run takes, and how much memory: `python benchmarks/report_size.py 1000000`.

A made-up run with this number of calls (ten levels, both modes, 2 % throttled) is written to a temporary folder,
then its report is made in a process of its own, whose wall time and peak memory are printed.

With `--distinct messages` every call fails with a message of its own; with `--distinct all` code, tier, stop reason,
name and model of each call are its own as well, and there are no levels: the report is by name then.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HEADER = (
    "started_at,mode,operation,model_id,name,level,users,phase,worker,prompt_chars,send_delay_ms,ttft_ms,first_text_ms,"
    "last_token_ms,max_gap_ms,latency_ms,chunks,input_tokens,output_tokens,cache_read_tokens,cache_write_tokens,"
    "server_ttft_ms,server_latency_ms,read_lag_ms,stop_reason,service_tier,error,error_code,error_stage,error_message,request_id,attempts"
)
LEVEL_HEADER = "level,mode,users,started_at,measured_from,measured_to,users_reached,completed"
MODEL = "us.anthropic.claude-sonnet-4-20250514-v1:0"
START, LEVEL_S = 1_764_000_000, 600
LEVELS = [(mode, users) for mode in ("streaming", "non_streaming") for users in (20, 40, 60, 80, 100)]


def main() -> None:
    """Make the run, make its report, say what it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("calls", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--distinct", choices=("messages", "all"))
    asked = parser.parse_args()
    calls: int = asked.calls
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run"
        folder.mkdir()
        _write_run(folder, calls)
        if asked.distinct:
            _make_distinct(folder / "requests.csv", everything=asked.distinct == "all")
        if asked.distinct == "all":
            (folder / "levels.csv").unlink()
        size_mb = (folder / "requests.csv").stat().st_size / 1e6
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "reports", str(folder)], check=True, stdout=subprocess.DEVNULL)
        wall_s = time.perf_counter() - began
        report_mb = sum(path.stat().st_size for path in folder.glob("report.*")) / 1e6
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak_mb = used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    took = f"{wall_s:.1f} s ({used.ru_utime + used.ru_stime:.1f} s of CPU)"
    print(f"{calls:,} calls, requests.csv {size_mb:,.0f} MB: {took}, peak {peak_mb:,.0f} MB, report {report_mb:.1f} MB")


def _make_distinct(path: Path, *, everything: bool) -> None:
    """Have each row fail with texts of its own."""
    columns = HEADER.split(",")
    own = ["error_message", *(("error_code", "service_tier", "stop_reason", "name", "model_id") if everything else ())]
    rows = path.with_suffix(".rows")
    with path.open(encoding="utf-8", newline="") as old, rows.open("w", encoding="utf-8", newline="") as new:
        writer = csv.writer(new)
        writer.writerow(columns)
        for number, row in enumerate(csv.DictReader(old)):
            failed = {"error": "ThrottlingError", "error_code": "ThrottlingException", "error_stage": "response"}
            texts = {column: f"{column} {number:012d} {'x' * 30}" for column in own}
            values = {**row, **failed, **texts, **({"level": ""} if everything else {})}
            writer.writerow([values[column] for column in columns])
    rows.replace(path)


def _write_run(folder: Path, calls: int) -> None:
    generator = np.random.default_rng(1)
    levels, each = [LEVEL_HEADER], calls // len(LEVELS)
    with (folder / "requests.csv").open("w", encoding="utf-8") as file:
        file.write(HEADER + "\n")
        for place, (mode, users) in enumerate(LEVELS):
            at = START + place * LEVEL_S
            key = f"{mode}-{users:03d}"
            levels.append(f"{key},{mode},{users},{at},{at + 20},{at + LEVEL_S - 20},{users},true")
            for first in range(0, each, 50_000):
                file.writelines(_rows(generator, min(50_000, each - first), key, mode, users, at))
    (folder / "levels.csv").write_text("\n".join(levels) + "\n", encoding="utf-8")
    info = {
        "format": 1,
        "ended": "complete",
        "levels_planned": len(LEVELS),
        "settings": {
            "model": {"id": MODEL, "quota": 100_000, "tokens_per_minute": 10**8, "output_burndown": 5},
            "test": {"max_tokens": 512},
            "slo": {"ttft_ms": 900, "success_rate": 95},
            "pricing": {"input_per_million": 3, "output_per_million": 15},
        },
    }
    (folder / "run.json").write_text(json.dumps(info), encoding="utf-8")


def _rows(  # noqa: PLR0913, PLR0917 - what makes a level
    generator: np.random.Generator, count: int, key: str, mode: str, users: int, at: float
) -> list[str]:
    starts = at + np.sort(generator.uniform(0, LEVEL_S - 20, count))
    ttft_ms = generator.lognormal(6, 0.3, count)
    tokens = generator.integers(50, 200, count)
    last_ms = ttft_ms + tokens * generator.uniform(10, 20, count)
    throttled = generator.random(count) < 0.02
    ids = generator.integers(0, 2**60, count)
    stream = mode == "streaming"
    rows = []
    for start, ttft, last, amount, is_throttled, number in zip(
        *(values.tolist() for values in (starts, ttft_ms, last_ms, tokens, throttled, ids)), strict=True
    ):
        phase = "warmup" if start < at + 20 else "measure"
        about = f"{start:.6f},{mode},converse,{MODEL},{key},{key},{users},{phase},host_{number % 8},1000,2.113"
        if is_throttled:
            error = 'ThrottlingError,ThrottlingException,response,"Too many tokens, please wait before trying again."'
            rows.append(f"{about},,,,,48.000,,,,,,,,,,{error},{number:016x},1\n")
            continue
        times = f"{ttft:.3f},{ttft:.3f},{last:.3f},{last / 30:.3f}" if stream else ",,,"
        counts = f"{amount if stream else ''},250,{amount},,"
        rows.append(f"{about},{times},{last + 4:.3f},{counts},,{last:.3f},0.210,end_turn,,,,,{number:016x},1\n")
    return rows


if __name__ == "__main__":
    main()
