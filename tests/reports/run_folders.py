"""Make run folders as docs/run-folder.md describes them: small, seeded, always the same."""

from __future__ import annotations

import csv
import json
import math
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, Any]

REQUEST_COLUMNS = [
    *("started_at", "mode", "operation", "model_id", "name", "level", "users", "phase", "worker"),
    *(
        "prompt_chars",
        "max_tokens",
        "send_delay_ms",
        "connect_ms",
        "ttft_ms",
        "first_text_ms",
        "last_token_ms",
        "max_gap_ms",
        "latency_ms",
    ),
    *("chunks", "content_bytes", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"),
    *("server_ttft_ms", "server_latency_ms", "read_lag_ms", "stop_reason", "service_tier"),
    *("error", "error_code", "error_stage", "error_message", "request_id", "attempts", "reasoning_tokens"),
    *("cache_write_1h_tokens", "input_tokens_asked", "record", "session", "turn", "scheduled_at"),
    *("guardrail_ms", "routed_model", "first_bytes", "reasoning_bytes"),
]
LEVEL_COLUMNS = [
    *("level", "mode", "users", "started_at", "measured_from", "measured_to", "users_reached", "completed"),
    *("rate_per_s", "arrivals_due", "arrivals_dropped", "arrivals_missed", "ended_by"),
    *("part", "rate_from_per_s", "rate_to_per_s", "kind"),
]
GAP_COLUMNS = ["level", "lower_ms", "upper_ms", "count"]
ANSWER_COLUMNS = {
    *("ttft_ms", "first_text_ms", "last_token_ms", "max_gap_ms", "chunks", "content_bytes"),
    *("input_tokens", "output_tokens", "read_lag_ms", "stop_reason", "reasoning_tokens"),
    *("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens"),
}
"""What a call without an answer does not have."""

T0 = 1764000000.0
MODEL = "us.anthropic.claude-sonnet-4-20250514-v1:0"
WARMUP_S = 5.0
REMEDIES = {
    "ThrottlingError": "Ask AWS for a higher quota, or run with fewer users.",
    "AccessDeniedError": "Allow bedrock:InvokeModel to these credentials and enable the model in the region.",
    "StreamInterruptedError": "Run again; if it stays, report the request ids to AWS support.",
}


@dataclass
class Folder:
    """What will stand in a run folder."""

    requests: list[Row] = field(default_factory=list)
    levels: list[Row] = field(default_factory=list)
    info: Row = field(default_factory=dict)

    def write(self, path: Path) -> Path:
        """Write the files; return the folder."""
        path.mkdir(parents=True, exist_ok=True)
        write_csv(path / "requests.csv", REQUEST_COLUMNS, self.requests)
        write_csv(path / "levels.csv", LEVEL_COLUMNS, self.levels)
        write_csv(path / "gaps.csv", GAP_COLUMNS, gaps(self.requests))
        (path / "run.json").write_text(json.dumps(self.info, indent=2), encoding="utf-8")
        return path


def write_csv(path: Path, columns: list[str], rows: list[Row]) -> None:
    """A CSV file as the recorder writes it; what a row lacks is an empty cell."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def gaps(rows: list[Row]) -> list[Row]:
    """The rows of `gaps.csv`: of each measured stream its longest gap, the others all alike."""
    counts: Counter[tuple[str, int]] = Counter()
    for row in rows:
        if row.get("max_gap_ms") and not row.get("error") and row.get("phase", "") in {"", "measure"}:
            others = row["chunks"] - 2
            level = row.get("level") or row.get("name", "")
            mean_ms = (row["last_token_ms"] - row["ttft_ms"] - row["max_gap_ms"]) / others
            counts[level, bucket(row["max_gap_ms"])] += 1
            counts[level, bucket(mean_ms)] += others
    return [
        {"level": level, "lower_ms": f"{1.02**key:.4f}", "upper_ms": f"{1.02 ** (key + 1):.4f}", "count": count}
        for (level, key), count in sorted(counts.items())
    ]


def bucket(gap_ms: float) -> int:
    """The bucket of a gap; they grow by 2 %."""
    return math.floor(math.log(gap_ms, 1.02))


def info(rows: int, levels: int | None, **changes: Any) -> Row:
    """A `run.json` of a run in which all went well."""
    half = rows // 2
    workers = {
        "host_1f2e": {"rows_made": half, "rows_received": half, "cpu_percent": 41.5, "state": "finished"},
        "host_9a0c": {
            "rows_made": rows - half,
            "rows_received": rows - half,
            "cpu_percent": 38.2,
            "state": "finished",
        },
    }
    return {
        "format": 1,
        "ended": "complete",
        "end_reason": "all levels ran",
        "started_at": T0,
        "ended_at": T0 + 45.0 * (levels or 2),
        "versions": {"bedrock-locust": "0.1.0", "locust": "2.47.0", "boto3": "1.44.5", "python": "3.11.7"},
        "endpoint": "https://bedrock-runtime.us-east-1.amazonaws.com",
        "simulator": False,
        "settings": {
            "aws": {"region": "us-east-1"},
            "model": {"id": MODEL, "quota": 200, "output_burndown": 5},
            "test": {"prompt_size": 1000, "max_tokens": 256},
            "concurrency": {
                "start": 4,
                "end": 16,
                "step": 4,
                "duration_seconds": 30,
                "warmup_seconds": WARMUP_S,
            },
            "output": {"report_file": "benchmark_report.md"},
        },
        "levels_planned": levels,
        "rows_written": rows,
        "workers": workers,
        "remedies": dict(REMEDIES),
        **changes,
    }


def call(random_: random.Random, at: float, **cells: Any) -> Row:
    """A successful call that began at `at`: slower with more users, as `cells` say."""
    streaming = cells.get("mode", "streaming") == "streaming"
    users = cells.get("users") or 4
    ttft_ms = round(random_.lognormvariate(5.9 + users * 0.02, 0.25), 1)
    tokens = random_.randint(60, 140)
    last_ms = round(ttft_ms + tokens * random_.uniform(12, 16) * (1 + users * 0.02), 1)
    row = {
        "started_at": round(at, 6),
        "mode": "streaming",
        "operation": "converse_stream" if streaming else "converse",
        "model_id": MODEL,
        "worker": random_.choice(["host_1f2e", "host_9a0c"]),
        "prompt_chars": 1000,
        "max_tokens": 256,
        "send_delay_ms": round(random_.uniform(1, 6), 2),
        "latency_ms": round(last_ms + random_.uniform(1, 9), 1),
        "input_tokens": random_.randint(240, 260),
        "output_tokens": tokens,
        "stop_reason": "end_turn",
        "request_id": f"{random_.getrandbits(48):012x}",
        "attempts": 1,
    }
    if streaming:
        gap_ms, lag_ms = round(random_.uniform(20, 90), 1), round(random_.uniform(0.05, 1.5), 2)
        row |= {"ttft_ms": ttft_ms, "first_text_ms": ttft_ms, "last_token_ms": last_ms, "chunks": tokens}
        row |= {"content_bytes": 4 * tokens}
        row |= {"max_gap_ms": gap_ms, "read_lag_ms": lag_ms}
    return row | cells


def failed(row: Row, category: str, code: str, message: str, stage: str = "response") -> Row:
    """The same call, but it failed before its first token."""
    kept = {key: value for key, value in row.items() if key not in ANSWER_COLUMNS}
    errors = {"error": category, "error_code": code, "error_stage": stage, "error_message": message}
    return kept | errors | {"latency_ms": 48.0}


def cut_off(row: Row) -> Row:
    """The same call, cut off by the end of the run."""
    return failed(row, "Cancelled", "", "", "stream")


def throttled(row: Row) -> Row:
    """The same call, throttled."""
    return failed(row, "ThrottlingError", "ThrottlingException", "Too many tokens, please wait before trying again.")


def level_name(mode: str, users: int) -> str:
    """The key of a level."""
    return f"{mode}-{users:02d}"


def level(mode: str, users: int, at: float, length_s: float = 30.0) -> Row:
    """A row of `levels.csv` for a level that ran as planned."""
    measured_from = at + WARMUP_S
    return {
        "level": level_name(mode, users),
        "mode": mode,
        "users": users,
        "started_at": at,
        "measured_from": measured_from,
        "measured_to": measured_from + length_s,
        "users_reached": users,
        "completed": "true",
    }


def level_calls(random_: random.Random, mode: str, users: int, at: float, length_s: float = 30.0) -> list[Row]:
    """The calls of a level: each user calls again and again, through warm-up, window and drain."""
    rows, measured_from = [], at + WARMUP_S
    for _ in range(users):
        now = at + random_.uniform(0, 1)
        while now < measured_from + length_s + 0.5:
            inside = now <= measured_from + length_s
            phase = ("measure" if inside else "drain") if now >= measured_from else "warmup"
            name = f"{mode} {users:02d} users"
            cells = {
                "mode": mode,
                "name": name,
                "level": level_name(mode, users),
                "users": users,
                "phase": phase,
            }
            row = call(random_, now, **cells)
            rows.append(row)
            now += row["latency_ms"] / 1000 + 0.01
    return sorted(rows, key=lambda row: row["started_at"])


def shaped(modes: tuple[str, ...], users: tuple[int, ...], *, length_s: float = 30.0, seed: int = 7) -> Folder:
    """A run of these modes and levels in which all went well."""
    random_ = random.Random(seed)
    folder, at = Folder(), T0
    for mode in modes:
        for count in users:
            folder.levels.append(level(mode, count, at, length_s))
            folder.requests += level_calls(random_, mode, count, at, length_s)
            at += length_s + 15
    folder.info = info(len(folder.requests), len(folder.levels))
    return folder


def probe(level: str, load: float, verdict: str, calls: int, share: float) -> Row:
    """What `run.json` says of a probe of a search."""
    spread = 0.4 / calls**0.5
    return {
        "level": level,
        "load": load,
        "verdict": verdict,
        "leans": share >= 0.95,
        "calls": calls,
        "share": share,
        "low": max(share - spread, 0.0),
        "high": min(share + spread, 1.0),
        "throttled_at": None,
        "client": [],
        "disturbed": [],
    }


def searched() -> Folder:
    """A search in both modes: one found a limit, the other one was too close to tell. The best load was tried twice."""
    folder = shaped(("streaming", "non_streaming"), (4, 8, 12, 16))
    again = [row for row in folder.requests if row["level"] == "streaming-08"]
    later = 600.0
    folder.requests += [
        {**row, "level": "streaming-08-2", "started_at": row["started_at"] + later, "request_id": f"{number}"}
        for number, row in enumerate(again)
    ]
    level_row = next(row for row in folder.levels if row["level"] == "streaming-08")
    moments = {name: level_row[name] + later for name in ("started_at", "measured_from", "measured_to")}
    folder.levels.append({**level_row, "level": "streaming-08-2", **moments})
    folder.info = info(len(folder.requests), len(folder.levels))
    settings = folder.info["settings"]
    settings["test"]["load"] = "search"
    settings["search"] = {"for": "users", "start": 4, "most": 16, "duration_seconds": 30}
    settings["slo"] = {"latency_ms": 2900, "percentile": 95}
    folder.info["search"] = [
        {
            "mode": "streaming",
            "for": "users",
            "low": 8,
            "high": 12,
            "ended_by": "resolution",
            "probes": [
                probe("streaming-04", 4, "met", 300, 0.99),
                probe("streaming-08", 8, "met", 600, 0.98),
                probe("streaming-16", 16, "missed", 300, 0.72),
                probe("streaming-12", 12, "missed", 250, 0.9),
                probe("streaming-08-2", 8, "met", 1200, 0.978),
            ],
            "crossed": [],
            "waits_until": None,
        },
        {
            "mode": "non_streaming",
            "for": "users",
            "low": 12,
            "high": 16,
            "ended_by": "probes",
            "probes": [
                probe("non_streaming-04", 4, "missed", 300, 0.9),
                probe("non_streaming-08", 8, "met", 600, 0.98),
                probe("non_streaming-16", 16, "missed", 300, 0.72),
                probe("non_streaming-12", 12, "unclear", 250, 0.955),
            ],
            "crossed": [[4, 8]],
            "waits_until": None,
        },
    ]
    return folder
