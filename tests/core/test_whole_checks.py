"""All that `check` prints for many settings, in golden files: plan, forecast, cost, notes, and the command of the run.

`UPDATE_GOLDEN=1 pytest tests/core/test_whole_checks.py` writes them anew: read the difference.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from bedrock_locust import commands

from .golden_files import check_text
from .replays import line, written

PRICES = {"input_per_million": 3, "output_per_million": 15, "currency": "EUR"}
SONNET_4 = "us.anthropic.claude-sonnet-4-20250514-v1:0"
LIMITED = {"limits": {"max_requests": 9}, "pricing": PRICES}
"""Neither of two notes that most settings get."""
ONE_MODE = {"streaming": False}


def keys(**more: Any) -> dict[str, Any]:
    """Credentials in the file."""
    return {"access_key_id": "A", "secret_access_key": "B", **more}


def users(start: int, end: int, step: int = 1, seconds: float = 120, warmup: float = 0) -> dict[str, Any]:
    """Levels of users."""
    return {"start": start, "end": end, "step": step, "duration_seconds": seconds, "warmup_seconds": warmup}


Case = tuple[str, dict[str, Any], tuple[str, ...]]


def case(name: str, *options: str, **sections: Any) -> Case:
    """What is checked, and with which options."""
    return name, {"model": {"id": "m"}, **sections}, options


GROUPS: dict[str, list[Case]] = {
    "users": [
        case("defaults"),
        case("12 levels are all named", concurrency=users(2, 13), **LIMITED),
        case("13 are not; one mode", concurrency=users(2, 15), test=ONE_MODE, **LIMITED),
        case("1,000 levels in each mode, 34 h", concurrency=users(1, 1999, 2, 50, 10.5), **LIMITED),
        case(
            "a quota of requests that is enough",
            model={"id": "m", "quota": 4000},
            concurrency=users(3, 7, 2, 90, 30),
            test={"max_tokens": 50, "prompt_size": 1200},
            **LIMITED,
        ),
        case(
            "a quota of requests that may not be",
            model={"id": "m", "quota": 250},
            concurrency=users(3, 7, 2, 90, 30),
            test={"max_tokens": 50, "prompt_size": 1200},
            **LIMITED,
        ),
        case(
            "a quota of tokens, each output token counted 5 times",
            model={"id": SONNET_4, "tokens_per_minute": 90_000},
            concurrency=users(2, 10, 4),
            test={"max_tokens": 300, "prompt_size": 2400},
            **LIMITED,
        ),
        case(
            "both quotas, in which that of requests is nearer; a burn-down by hand",
            model={"id": "m", "tokens_per_minute": 10**7, "quota": 70, "output_burndown": 2.5},
            concurrency=users(1, 2),
            **LIMITED,
        ),
        case(
            "a quota by the day",
            model={"id": "m", "tokens_per_day": 1_000_000},
            concurrency=users(2, 6, 2, 300, 60),
            test={"max_tokens": 333},
            **LIMITED,
        ),
        case(
            "two days with quotas by minute and day",
            model={"id": "m", "tokens_per_day": 700, "tokens_per_minute": 1000},
            concurrency=users(1, 2, 1, 50_000),
            test=ONE_MODE,
            **LIMITED,
        ),
        case(
            "a factor that AWS does not state",
            model={"id": "anthropic.claude-opus-5-5", "tokens_per_minute": 50_000},
            concurrency=users(1, 1),
            **LIMITED,
        ),
        case(
            "quotas of mantle",
            model={
                "id": "openai.gpt-oss-120b",
                "endpoint": "mantle",
                "api": "chat",
                "input_tokens_per_minute": 30_000,
                "output_tokens_per_minute": 11_000,
                "quota": 5,
                "tokens_per_minute": 6,
                "tokens_per_day": 7,
            },
            concurrency=users(2, 4, 2),
            test={"max_tokens": 700},
            **LIMITED,
        ),
        case(
            "one quota of mantle on runtime",
            model={"id": "m", "output_tokens_per_minute": 500, "quota_codes": {"quota": "L-1"}},
            concurrency=users(1, 1),
            **LIMITED,
        ),
        case(
            "both quotas of mantle on runtime, one by its code",
            model={"id": "m", "output_tokens_per_minute": 500, "quota_codes": {"input_tokens_per_minute": "L-1"}},
            concurrency=users(1, 1),
            **LIMITED,
        ),
        case("keys, a region, a mode", aws=keys(region="eu-west-1"), concurrency=users(1, 1), test=ONE_MODE, **LIMITED),
        case("arrivals and a search that do not count", "--bedrock-load", "users", arrivals={"rates": [1]}, search={}),
        case(
            "options",
            "--bedrock-end",
            "4",
            "--bedrock-model",
            "a model's",
            "--bedrock-prompt-template",
            "how high? {size}",
            "--bedrock-duration",
            "240",
            concurrency=users(2, 9),
            **LIMITED,
        ),
    ],
    "rates": [
        case("91 calls", arrivals={"rates": [0.5], "duration_seconds": 182}, **LIMITED),
        case("92 calls", arrivals={"rates": [0.5], "duration_seconds": 184}, **LIMITED),
        case(
            "rates and a quota of requests",
            model={"id": "m", "quota": 450},
            arrivals={"rates": [2.5, 5, 10], "duration_seconds": 66, "warmup_seconds": 6},
            test={"max_tokens": 64},
            **LIMITED,
        ),
        case(
            "rates and a quota of tokens",
            model={"id": SONNET_4, "tokens_per_minute": 600_000},
            arrivals={"rates": [1, 3], "duration_seconds": 66},
            test={"max_tokens": 640, "non_streaming": False},
            **LIMITED,
        ),
        case(
            "a profile, whose peak is not its mean",
            model={"id": "m", "quota": 450, "tokens_per_day": 90_000},
            arrivals={"profile": [[120, 1, 9], [90, 9, 9], [60, 9, 0]], "duration_seconds": 5, "warmup_seconds": 0.5},
            **LIMITED,
        ),
        case("a profile that is short", arrivals={"profile": [[5, 1, 2]]}),
        case("a ramp in one mode", arrivals={"rates": [20], "ramp": "aws"}, test=ONE_MODE, **LIMITED),
        case(
            "a ramp in both modes",
            model={"id": "m", "quota": 60},
            arrivals={"rates": [20], "ramp": "aws", "duration_seconds": 70, "warmup_seconds": 5},
            concurrency=users(3, 4),
            **LIMITED,
        ),
    ],
    "searches": [
        case("of users", search={"start": 3, "most": 50}, slo={"ttft_ms": 800, "latency_ms": 9000}, **LIMITED),
        case(
            "of a rate, in one mode",
            model={"id": "m", "quota": 2000},
            search={
                "for": "rate",
                "start": 0.5,
                "most": 40,
                "probes": 9,
                "duration_seconds": 75,
                "warmup_seconds": 5,
            },
            slo={"ttft_ms": 800},
            test={"max_tokens": 80},
            **LIMITED,
        ),
        case(
            "settings of a rate, and arrivals beside it",
            search={"max_in_flight": 50, "seed": 7, "most": 4, "probes": 4},
            arrivals={"rates": [1]},
            test={"load": "search"},
            slo={"success_rate": 99},
        ),
        case("of few seconds", search={"duration_seconds": 4}, slo={"min_tokens_per_s": 9}, **LIMITED),
    ],
    "workloads": [
        case(
            "lengths that are all the same",
            workload={"input_tokens": 700, "output_tokens": 90},
            concurrency=users(1, 2),
            **LIMITED,
        ),
        case(
            "a normal distribution",
            model={"id": "m", "tokens_per_minute": 40_000},
            workload={"input_tokens": {"mean": 800, "stddev": 200}, "output_tokens": {"mean": 150, "stddev": 10}},
            concurrency=users(2, 2),
            **LIMITED,
        ),
        case(
            "a lognormal one with a bound, and values with weights",
            workload={
                "input_tokens": {"median": 500, "mean": 800, "max": 3000},
                "output_tokens": {"values": [50, 300], "weights": [3, 1]},
            },
            concurrency=users(2, 2),
            **LIMITED,
        ),
        case(
            "conversations of users who think",
            workload={"input_tokens": 60, "output_tokens": 40, "turns": 5, "think_time_seconds": {"mean": 10}},
            concurrency=users(4, 4),
            **LIMITED,
        ),
        case(
            "conversations that arrive",
            model={"id": "m", "quota": 100},
            workload={"input_tokens": 60, "turns": 3, "think_time_seconds": 10},
            arrivals={"rates": [0.25, 0.75], "duration_seconds": 100},
            **LIMITED,
        ),
        case(
            "a prefix that is too short to be cached",
            model={"id": "us.amazon.nova-pro-v1:0"},
            workload={"input_tokens": 2000, "shared_prefix_tokens": 1023, "cache": "5m"},
            concurrency=users(1, 1),
            **LIMITED,
        ),
        case(
            "a file",
            workload={"file": "requests.jsonl"},
            concurrency=users(1, 1),
            test={"max_tokens": 25},
            **LIMITED,
        ),
    ],
    "replays": [
        case("as it was", arrivals={"trace": "trace.jsonl"}, **LIMITED),
        case(
            "twice as fast, without its beginning",
            model={"id": "m", "quota": 100, "tokens_per_minute": 9000},
            arrivals={"trace": {"file": "trace.jsonl", "from": 10, "speed": 2}, "burstiness": 3, "seed": 4},
            **LIMITED,
        ),
        case(
            "to two models, and nothing of a third",
            model={"id": "a.b", "endpoint": "mantle", "api": "chat", "output_tokens_per_minute": 500},
            arrivals={"trace": {"file": "models.jsonl", "models": {"x": "c.d", "y": "e.f"}}},
            **LIMITED,
        ),
    ],
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to be in, and an environment without options."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("BEDROCK_")]:
        monkeypatch.delenv(name)
    return tmp_path


def check(capsys: pytest.CaptureFixture[str], sections: dict[str, Any], *options: str) -> str:
    """All that the command says, and how it ends, where that is not well."""
    file = Path("config.json")
    file.write_text(json.dumps(sections), encoding="utf-8")
    file.chmod(0o600)
    code = commands.main(["check", *options])
    said = capsys.readouterr()
    ended = f"exit code {code}\n" if code else ""
    return f"{said.out}{said.err}{ended}"


START = "\nNothing was called. To start the run: locust -f locustfile.py --headless\n"


def without_what_all_have(text: str) -> list[str]:
    """The lines of a check that are not those of each one."""
    rest = text.removeprefix("config.json: the settings are right\n\n").removesuffix(START)
    return [line for line in rest.splitlines() if line]


@pytest.mark.parametrize("group", GROUPS)
def test_checks_are_as_they_were_read_and_approved(group: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every line of them, but for those that each has."""
    written(here, [line(at, session_id=f"s{at % 9_000}") for at in range(250, 150_000, 3000)], "trace.jsonl")
    models = ["x", "y", "x", "z", "y"] * 6
    written(here, [line(2000 * n + 500, model=model) for n, model in enumerate(models)], "models.jsonl")
    (here / "requests.jsonl").write_text(f'{{"prompt": "{"x" * 400}"}}\n{{"prompt": "{"y" * 80}", "max_tokens": 90}}\n')
    parts = []
    for name, sections, options in GROUPS[group]:
        parts.append("\n".join([f"# {name}", *without_what_all_have(check(capsys, sections, *options))]))
    check_text(f"checks/{group}.txt", "\n\n".join(parts) + "\n")


def test_a_check_that_is_whole(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its first line names the file, and its last one the run."""
    said = check(capsys, {"model": {"id": "m"}, "concurrency": users(1, 1), "limits": {"max_requests": 9}})
    assert here.exists()
    assert said == (
        "config.json: the settings are right\n\n"
        "  Model     m in the region that boto3 finds, API converse\n"
        "  Prompt    1,000 characters\n"
        "  Levels    streaming: 1 user\n"
        "  Levels    non-streaming: 1 user\n"
        "  Plan      2 levels, up to 1 user\n"
        "            about 4 min, plus the time that the last calls of each level take\n"
        "            at most 2,048 output tokens a call; no quota limits the calls: set model.tokens_per_minute to see"
        " the worst case\n\n"
        "Note: the cost is not known. Add pricing.input_per_million and pricing.output_per_million.\n"
        f"{START}"
    )


@pytest.mark.parametrize(
    "named", [("other.json",), ("--bedrock-config", "other.json"), ("--bedrock-config=other.json",)]
)
def test_the_command_of_a_run_names_its_file(
    named: tuple[str, ...], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where it is not the one that a run finds by itself."""
    (here / "other.json").write_text('{"model": {"id": "m"}}')
    commands.main(["check", *named])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "other.json: the settings are right"
    assert lines[-1] == f"{START.strip()} --bedrock-config other.json"
