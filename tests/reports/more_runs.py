"""Runs whose reports show what those in `test_golden` do not; as small as they can be."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

from . import run_folders as make
from .test_ramp import STEPS
from .test_ramp import folder as ramp

if TYPE_CHECKING:
    from pathlib import Path

BOTH = ("streaming", "non_streaming")
NOVA, LLAMA, MISTRAL = "us.amazon.nova-pro-v1:0", "us.meta.llama3-1-8b-instruct-v1:0", "mistral.mistral-large-2407-v1:0"
CLAUDE = "anthropic.claude-sonnet-4-20250514-v1:0"
SLOW = {"ttft_ms": 3.0, "first_text_ms": 3.0, "last_token_ms": 3.0, "latency_ms": 3.0}


def ramped(folder: Path) -> None:
    """A ramp that reached its rate after two halvings, in both modes."""
    ramp(STEPS, BOTH).write(folder)


def cut_ramp(folder: Path) -> None:
    """One that was stopped in its third step, before it reached its rate."""
    run = ramp(STEPS[:3])
    run.info |= {"ended": "interrupted", "end_reason": "stopped by hand", "levels_planned": 12}
    run.levels[-1]["completed"] = "false"
    run.write(folder)


def many_kinds(folder: Path) -> None:
    """Eight kinds of call to four models by four APIs, without levels: an SLO, prices and quotas that they share."""
    random_, run = random.Random(11), make.Folder()
    models = (make.MODEL, NOVA, LLAMA, MISTRAL)
    operations = ("converse_stream", "converse", "invoke_model_with_response_stream", "responses_stream")
    for number in range(8):
        mode = BOTH[number % 2]
        for place in range(20 + 10 * number):
            row = make.call(random_, make.T0 + place * 60 / (20 + 10 * number), name=f"kind {number}", mode=mode)
            row |= {"model_id": models[number % 4], "operation": operations[number % 4]}
            if number == 6 and place % 3 == 0:
                row = make.throttled(row)
            elif number == 7 and place % 2 == 0:
                row = make.failed(row, "TimeoutError", "", "no data for 60 s", "stream")
            elif number == 5:
                row |= {name: row[name] * SLOW[name] for name in SLOW if name in row}
            elif number == 4:
                row.pop("output_tokens")
            run.requests.append(row)
    run.info = make.info(len(run.requests), None)
    run.info["settings"]["model"] |= {"quota": 60, "tokens_per_minute": 20_000}
    run.info["settings"] |= {
        "slo": {"ttft_ms": 700, "latency_ms": 2800, "min_tokens_per_s": 40, "percentile": 90},
        "pricing": {"input_per_million": 0.003, "output_per_million": 0.015, "currency": "USD"},
    }
    run.write(folder)


def classes(folder: Path) -> None:
    """Two own user classes, one of which calls in both modes; the load generator holds one level up."""
    random_, run, at = random.Random(12), make.Folder(), make.T0
    for name in ("ChatUser", "SumUser"):
        for users in (2, 4):
            key = f"{name}-{users}"
            run.levels.append(make.level(name, users, at, 10) | {"level": key})
            for place, row in enumerate(make.level_calls(random_, "streaming", users, at, 10)):
                mode = BOTH[place % 2 if name == "SumUser" else 0]
                call = make.call(random_, row["started_at"], mode=mode, users=users, phase=row["phase"])
                delay_ms = 400.0 if key == "ChatUser-4" else call["send_delay_ms"]
                run.requests.append(call | {"level": key, "name": key, "send_delay_ms": delay_ms})
            at += 25
    run.info = make.info(len(run.requests), len(run.levels))
    run.info["settings"]["slo"] = {"ttft_ms": 900, "latency_ms": 4000, "users": 2}
    run.write(folder)


def long(folder: Path) -> None:
    """Fourteen levels over minutes, more than some charts have room for; prices by which an answer costs little."""
    users = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 200)
    run = make.shaped(("streaming",), users[:-1], length_s=5)
    at = run.levels[-1]["measured_to"] + 600
    run.levels.append(make.level("streaming", 200, at, 5) | {"users_reached": 180})
    random_ = random.Random(5)
    for number in range(90):
        where = {"users": 200, "level": "streaming-200", "name": "streaming 200 users", "phase": "measure"}
        call = make.call(random_, at + make.WARMUP_S + number / 20, **where, mode="streaming")
        run.requests.append(make.cut_off(call) if number % 3 == 0 else call)
    run.info = make.info(len(run.requests), len(run.levels))
    run.info["ended_at"] = at + 20
    run.info["settings"]["concurrency"]["warmup_seconds"] = 0
    run.write(folder)


def failures(folder: Path) -> None:
    """More kinds of failure than a table has room for, and more records that fail than chance explains."""
    random_ = random.Random(13)
    run = make.shaped(("streaming",), (8,), length_s=60)
    categories = ("TimeoutError", "ModelError", "InternalServerError", "ThrottlingError", "ValidationError")
    for number, row in enumerate(run.requests):
        row |= {"record": number % 40}
        if number % 40 < 12 and random_.random() < 0.9:
            category = categories[number % 5]
            run.requests[number] = make.failed(row, category, f"Code{number % 33}", f"message | {number}") | {
                "record": number % 40
            }
        elif number % 50 == 13:
            run.requests[number] = make.cut_off(row)
    run.info = make.info(len(run.requests), 1)
    run.info["remedies"] = {**make.REMEDIES, "ModelError": "Run *again*."}
    run.info["failure_reasons"] = {"ThrottlingError": "many_tokens"}
    run.write(folder)


def mantle(folder: Path) -> None:
    """Messages on bedrock-mantle, with its quotas: one given by hand, one of the account, others' use, and a note."""
    run = make.shaped(BOTH, (4, 8, 16), length_s=10)
    random_ = random.Random(3)
    for number, row in enumerate(run.requests):
        row |= {"operation": "messages_stream" if row["mode"] == "streaming" else "messages", "max_tokens": 4000}
        row |= {"model_id": CLAUDE, "input_tokens": 4 * row["input_tokens"]}
        if row["users"] == 16 and random_.random() < 0.4:
            run.requests[number] = make.throttled(row)
    run.info["endpoint"] = "https://bedrock-mantle.us-east-1.api.aws"
    run.info["settings"]["model"] = {
        "id": CLAUDE,
        "endpoint": "mantle",
        "api": "messages",
        "input_tokens_per_minute": 400_000,
        "output_tokens_per_minute": 60_000,
        "output_burndown": 1,
    }
    run.info["quotas"] = {
        "input_tokens_per_minute": {
            "value": 400_000,
            "source": "settings",
            "account_value": 900_000,
            "code": "L-IN",
            "others_per_minute": 80_000,
        },
        "output_tokens_per_minute": {"value": 60_000, "source": "account", "code": "L-OUT", "others_per_minute": 300},
    }
    run.info["quota_notes"] = ["2 quotas may be that of this model (L-1, L-2): set it by hand"]
    run.write(folder)


def served(folder: Path) -> None:
    """What the logs of the account tell of Regions; a file of requests; answers that were cut by their limit."""
    run = make.shaped(BOTH, (2,), length_s=20)
    for number, row in enumerate(run.requests):
        row |= {"record": number % 30, "input_tokens_asked": 250, "stop_reason": ("end_turn", "max_tokens")[number % 2]}
    run.info["settings"]["workload"] = {"file": "requests.jsonl", "input_tokens": {"mean": 250}}
    run.info["workload"] = {
        "format": "openai",
        "sha256": "0123456789abcdef",
        "records": 30,
        "bad": 2,
        "handed_out": 90,
        "kinds": {"text": 30, "image": 4, "tool": 0},
        "media_bytes": 2_500_000,
    }
    run.write(folder)
    times = {"ttft_ms": {"p50": 410.0, "p95": 700.5}, "latency_ms": {"p50": 1500.0, "p95": 2500.0}}
    regions = [
        {"region": "us-east-1", "mode": "streaming", "calls": 20, **times},
        {"region": "us-west-2", "mode": "non_streaming", "calls": 12, "latency_ms": times["latency_ms"]},
    ]
    aws: dict[str, Any] = {"model_id": make.MODEL, "namespace": "AWS/Bedrock", "fetched_at": make.T0 + 900}
    aws |= {"metrics": {}, "serving": {"regions": regions, "calls_without_log": 3}}
    aws["missing"] = ["CloudWatch has no figures of <InvocationLatency>"]
    (folder / "aws.json").write_text(json.dumps(aws), encoding="utf-8")


def open_loop(folder: Path) -> None:
    """Arrivals at rates, of both modes in one level: some dropped, some late, some in a level that was cut."""
    random_, run, at = random.Random(14), make.Folder(), make.T0
    for rate, dropped in ((0.5, 0), (2.5, 0), (12.0, 20)):
        key, due = f"mixed-{rate:g}", round(rate * 20)
        counts = {"arrivals_due": due + dropped, "arrivals_dropped": dropped, "arrivals_missed": 0}
        row = make.level("mixed", 1, at, 20) | {"level": key, "users": "", "users_reached": 0, "rate_per_s": rate}
        run.levels.append(row | counts)
        for place in range(due):
            where = {"mode": BOTH[place % 2], "name": key, "level": key, "users": "", "phase": "measure"}
            call = make.call(random_, at + make.WARMUP_S + (place + 0.5) / rate, **where)
            late_s = 0.3 if rate == 2.5 and place % 4 == 0 else 0.004
            run.requests.append(call | {"scheduled_at": call["started_at"] - late_s})
        at += 40
    run.info = make.info(len(run.requests), len(run.levels))
    run.info["settings"].pop("concurrency")
    run.info["settings"]["arrivals"] = {"rates": [0.5, 2.5, 12], "warmup_seconds": 5, "max_in_flight": 20}
    run.info["settings"]["slo"] = {"ttft_ms": 600, "success_rate": 99}
    run.info["settings"]["model"].pop("quota")
    run.write(folder)


def simulated(folder: Path) -> None:
    """A search on the simulator, with prices, that was stopped: its first mode is close, its second has just begun."""
    run = make.searched()
    run.info |= {
        "simulator": True,
        "endpoint": "http://127.0.0.1:8080",
        "ended": "interrupted",
        "end_reason": "stopped",
    }
    run.info["settings"]["slo"] = {"latency_ms": 2900, "tpot_ms": 40, "percentile": 99, "success_rate": 95}
    run.info["settings"]["pricing"] = {"input_per_million": 3, "output_per_million": 15}
    streaming = run.info["search"][0]
    streaming["probes"][-1]["verdict"] = "unclear"
    streaming["ended_by"] = "probes"
    run.info["search"][1] |= {"ended_by": "", "low": None, "high": None, "probes": [], "crossed": []}
    run.write(folder)


def one_call(folder: Path) -> None:
    """One call of each mode, of which all is known; a level whose only call failed, and one whose was cut off."""
    run = make.shaped(BOTH, (1, 2, 3), length_s=5)
    first = {row["level"]: row for row in reversed(run.requests) if row["phase"] == "measure"}
    run.requests = []
    for level in run.levels:
        row = first[level["level"]]
        row |= {"server_latency_ms": row["latency_ms"] - 4, "cache_read_tokens": 1, "cache_write_tokens": 1}
        if row["mode"] == "streaming":
            row |= {"server_ttft_ms": row["ttft_ms"] - 6, "first_text_ms": row["ttft_ms"] + 300}
        made = {1: row, 2: make.throttled(row), 3: make.cut_off(row)}
        run.requests.append(made[row["users"]])
    run.info = make.info(len(run.requests), len(run.levels))
    run.write(folder)


MORE = (one_call, ramped, cut_ramp, many_kinds, classes, long, failures, mantle, served, open_loop, simulated)
IN_CHINESE = (cut_ramp, many_kinds, failures, mantle, served, open_loop, simulated)
"""Those whose report is read in Chinese, too."""
WHOLE = ("one_call", "many_kinds", "classes", "long", "failures", "served", "open_loop")
OUTLINED = ("one_call", "ramped", "classes", "long", "failures")
