"""What settings mean, in golden files: the bounds of each number and text, rich values, and loads by many words.

`UPDATE_GOLDEN=1 pytest tests/core/test_whole_settings.py` writes them anew: read the difference.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from locust.argument_parser import get_empty_argument_parser, setup_parser_arguments

import pytest

from bedrock_locust.settings import options
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import CREDENTIALS, SECTIONS, Settings, build
from bedrock_locust.settings.stock_levels import stock_levels

from .golden_files import check_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from locust.argument_parser import LocustArgumentParser


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to be in, and an environment without options."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("BEDROCK_", "LOCUST_"))]:
        monkeypatch.delenv(name)
    return tmp_path


BESIDE: dict[str, dict[str, Any]] = {
    "model": {"id": "m"},
    "pricing": {"input_per_million": 1, "output_per_million": 2},
    "concurrency": {"start": 1, "end": 100_000, "step": 100_000},
    "arrivals": {"rates": [1]},
    "search": {"for": "rate"},
}
"""What a section needs beside the value that is tried."""
ALSO: dict[str, dict[str, Any]] = {
    **{key: {"seed": 1} for key in ("arrivals.rates", "arrivals.profile", "arrivals.trace")},
    "search.most": {"for": "users"},
    "concurrency.start": {"end": 100_000, "step": 100_000},
    "concurrency.end": {"start": 1, "step": 100_000},
    "concurrency.step": {"start": 1, "end": 1000},
    "workload.passes": {"file": "x"},
    "workload.turns": {"file": "x"},
    "workload.shared_prefix_tokens": {"input_tokens": 100_001},
}
"""Setting -> what it needs beside it in place of that."""
NUMBERS: tuple[Any, ...] = (
    *(-1, 0, 0.0009, 0.001, 0.5, 1, 1.5, 3, 4, 99, 99.9, 100, 100.1, 1000, 1001, 10_000, 10_001, 100_000, 100_001),
    *(604_800, 604_801, 1_000_000, 1_000_001, 10_000_000, 10_000_001),
)
LENGTHS = (0, 1, 10, 11, 2048, 2049, 4096, 4097)


def mistakes(section: str, value: Any, key: str) -> str:
    """What is said of a value; empty where it is one."""
    base = {"model": {"id": "m"}, "slo": {"latency_ms": 1}, "pricing": BESIDE["pricing"]}
    beside = ALSO.get(f"{section}.{key}", BESIDE.get(section, {}))
    try:
        build({**base, section: {**beside, key: value}}, {}, "")
    except SettingsError as error:
        return " / ".join(line.removeprefix(": ") for line in error.lines)
    return ""


def spans(tried: Iterable[Any], accepted: list[Any]) -> str:
    """The values that are accepted, in runs of neighbours."""
    runs: list[list[Any]] = []
    last_was = False
    for value in tried:
        if value in accepted:
            runs = [*runs[:-1], [*runs[-1], value]] if last_was else [*runs, [value]]
        last_was = value in accepted
    return ", ".join(f"{run[0]:,}" if len(run) == 1 else f"{run[0]:,} to {run[-1]:,}" for run in runs) or "none"


def kinds_of(section: str, key: str) -> tuple[bool, bool]:
    """Whether a setting is a number, and whether it is a free text."""
    numbers = [1, 4, 1000, 2]
    is_number = any(not mistakes(section, number, key) for number in numbers)
    # Whether a text that no list of values has is taken.
    return is_number, any(not mistakes(section, text, key) for text in ("http://x", "xx"))


def test_the_bounds_of_each_number_and_text() -> None:
    """Of values on both sides of them: which are accepted. A whole number has 1 and 4, and no 1.5."""
    lines = []
    for section, model in SECTIONS.items():
        for key in model.model_fields:
            is_number, is_text = kinds_of(section, key)
            if is_number:
                accepted = [number for number in NUMBERS if not mistakes(section, number, key)]
                lines.append(f"{section}.{key}: {spans(NUMBERS, accepted)}")
            if is_text and key not in CREDENTIALS:
                taken = [length for length in LENGTHS if not mistakes(section, "x" * length, key)]
                control = "" if mistakes(section, "a\x7fb", key) else ", and control characters"
                lines.append(f"{section}.{key}: {spans(LENGTHS, taken)} characters{control}")
    check_text("settings/bounds.txt", "\n".join(lines) + "\n")
    assert not mistakes("test", "x" * 1_000_000, "prompt_template")
    assert mistakes("test", "x" * 1_000_001, "prompt_template").endswith("must have at most 1000000 characters")


RICH: dict[str, list[Any]] = {
    "arrivals.rates": [
        *([1], [0.5, 2, 4], "1, 2,4 ", "[1, 2.5]", " [3]", 10_000, [10_000], [10_000.1], [0], [1, 0.0], [-1], []),
        *(
            "",
            "1,,2",
            "x",
            "[1",
            "{}",
            [True],
            [1, 1.0],
            ["2"],
            [[1]],
            None,
            list(range(1, 1001)),
            list(range(1, 1002)),
        ),
    ],
    "arrivals.profile": [
        *([[60, 1, 10]], "60:1:10, 300:10:10", "[[60, 1, 10], [5, 0, 1]]", [[5, 0, 1]], [[5, 1, 0]], [[5, 0, 0]]),
        *([[0, 1, 1]], [[604_800, 1, 1]], [[604_801, 1, 1]], [[5, 10_000, 1]], [[5, 1, 10_001]], [[5, -1, 1]]),
        *([[5, 1]], [[5, 1, 1, 1]], "60:1", "60:1:a", [], [5, 1, 1], [[5, True, 1]], 5, [[1, 1, 1]] * 1000),
        [[1, 1, 1]] * 1001,
    ],
    "arrivals.burstiness": [1, 0.01, 0.009, 10_000, 10_001, "constant", "Constant", "2", True, None, [1]],
    "arrivals.ramp": ["aws", "off", None, "gcp"],
    "arrivals.trace": [
        *("t.jsonl", '{"file": "t", "speed": 3}', " {", {"file": "t", "from": 3, "to": 3.5}, {"file": "t", "to": 3}),
        *({"file": "t", "from": 3, "to": 3}, {"file": "t", "speed": 0.001}, {"file": "t", "speed": 0.0009}),
        *({"file": "t", "speed": 1000}, {"file": "t", "speed": 1001}, {"file": "t", "begin": 2}, {"from": 1}, 5, ""),
        {"file": "t", "models": {"a": "b", "c": "b"}, "base_models": {"b": "d"}, "formats": {"b": "nova"}},
        *({"file": "t", "models": {"": "b"}}, {"file": "t", "formats": {"b": "no"}}),
    ],
    "workload.input_tokens": [
        *(800, 1, 0.9, 10_000_000, 10_000_001, "800", '{"mean": 800, "stddev": 200}', {"median": 500, "mean": 800}),
        *(
            {"median": 500, "mean": 500},
            {"median": 500, "mean": 499},
            {"mean": 5},
            {"stddev": 5},
            {"mean": 5, "max": 9},
        ),
        *(
            {"values": [5, 9]},
            {"values": [5, 9], "weights": [1, 0]},
            {"values": [5, 9], "weights": [0, 0]},
            {"values": []},
        ),
        *(
            {"values": [5], "weights": [1, 2]},
            {"weights": [1]},
            {"values": [0]},
            {"values": [10_000_001]},
            {},
            "x",
            True,
        ),
        *({"from": "x.csv"}, {"from": "x.csv", "mean": 5}, {"source": "x.csv"}, {"mean": 5, "stddev": -1}, [5], None),
        {"mean": 5, "stddev": 1, "max": 0},
        *({"mean": 5, "stddev": 1, "median": 4}, {"nothing": 1}),
    ],
    "workload.think_time_seconds": [
        *(0, 8, 8.5, 3600, 3601, "5", {"mean": 8, "stddev": 2}, {"median": 5, "mean": 8}, {"median": 5, "mean": 5}),
        *({"median": 5, "mean": 4}, {"mean": 8, "stddev": 2, "median": 5}, {"stddev": 2}, {}, "x", True, -1, None),
        {"mean": 8, "nothing": 1},
    ],
    "model.quota_codes": [
        *(
            "quota=L-1",
            " quota = l-a , tokens_per_minute=L-B2",
            '{"quota": "L-1"}',
            {"quota": "L-1"},
            {},
            None,
            "",
            "x",
        ),
        *("quota=", "=L-1", "quota=L-1=2", "quota=L-1,quota=L-2", "requests=L-1", "quota=7", {"quota": 7}, ["quota"]),
        *({"quota": "L" * 128}, {"quota": "L" * 129}, '{"quota": "L-1", "quota": "L-2"}', "{", {"quota": "L_1"}),
    ],
    "aws.endpoint_url": [
        *("http://127.0.0.1:1", "https://h", "HTTP://h", "ftp://h", "http://", "http://u@h", "http://h/u@x", "", None),
        *("http://h?x", "http://h#x", "http://h:0", "http://h:65535", "http://h:65536", "http://h\x7f", "http://[::1"),
    ],
    "output.otlp_endpoint": [
        *(
            "http://h:4318",
            "https://h/x",
            "http://h:4317",
            "http://h:4316",
            "grpc://h",
            "GRPCS://h",
            "h:4318",
            "",
            None,
        ),
        *("http://h/v1/metrics", "http://h/v1/traces/", "http://h/v1/logs", "http://h/v1", "http://u@h", "http://h:x"),
    ],
    "output.formats": [["json"], [], ["md"], "json", ["json", "json"], None],
    "test.temperature": [0, 1.5, "null", " None ", "0.5", "", None, -0.1, "hot"],
    "test.request": [{}, {"a": 1}, None, [], "x"],
    "test.preflight": [True, "true", None, "null", 2],
    "search.for": ["users", "rate", "rates", None],
}
"""Setting -> values of many kinds."""


def understood(section: str, key: str, value: Any) -> str:
    """What a value means, as it is kept; or what is said of it."""
    if said := mistakes(section, value, key):
        return f"! {said}"
    beside = {"arrivals": {}} if key in {"rates", "profile", "trace"} else BESIDE
    values = {"model": {"id": "m"}, "slo": {"latency_ms": 1}, section: {**beside.get(section, {}), key: value}}
    there = Settings.model_validate(values).public().get(section, {}).get(key)
    return without_none(there)


def without_none(value: Any) -> str:
    """A value in JSON, without members that are not set; of a long list the length."""
    if isinstance(value, dict):
        value = {name: part for name, part in value.items() if part is not None}
    text = json.dumps(value)
    return f"{len(value)} of them" if len(text) > 300 else text


@pytest.mark.parametrize("setting", RICH)
def test_rich_values_are_understood_or_refused(setting: str) -> None:
    """Lists, texts that stand for them, objects and JSON: on both sides of what is allowed."""
    section, key = setting.split(".")
    rows = []
    for value in RICH[setting]:
        given = json.dumps(value)
        shown = given if len(given) <= 150 else f"{given[:40]}... ({len(given):,} characters)"
        rows.append(f"{shown}\n    {understood(section, key, value)}")
    check_text(f"settings/{setting}.txt", "\n".join(rows) + "\n")


def parser() -> LocustArgumentParser:
    """Locust's parser with our options, without the configuration files of this user."""
    made = get_empty_argument_parser(default_config_files=[])
    setup_parser_arguments(made)
    options.add_options(made, None)
    return made


RATES, PROFILE = {"rates": [3, 4], "duration_seconds": 9}, {"profile": [[5, 1, 2]]}
RAMP = {"rates": [8], "ramp": "aws"}
SLO: dict[str, Any] = {"slo": {"ttft_ms": 500}}
FILES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "rates and users": {"arrivals": RATES, "concurrency": {"end": 2}},
    "a profile": {"arrivals": PROFILE},
    "a ramp": {"arrivals": RAMP},
    "a search": {"search": {"start": 2, "most": 9}, **SLO},
    "all": {"arrivals": RATES, "search": {"most": 9}, **SLO, "test": {"load": "users"}},
}
WORDS = (
    "",
    "--bedrock-end 6",
    "--bedrock-rates 5",
    "--bedrock-rates 5 --bedrock-ramp aws",
    "--bedrock-ramp off",
    "--bedrock-ramp aws",
    "--bedrock-arrival-profile 9:1:2",
    "--bedrock-trace x.jsonl",
    "--bedrock-search-most 7",
    "--bedrock-load users",
    "--bedrock-load rates",
    "--bedrock-load search",
    "--bedrock-duration 7 --bedrock-warmup 1 --bedrock-max-in-flight 8",
    "--bedrock-rates 5 --bedrock-search-for rate",
    "END=6",
    "RATES=5",
    "END=6 --bedrock-rates 5",
    "RATES=5 --bedrock-end 6",
    "RATES=5 --bedrock-ramp aws",
    "TRACE=x --bedrock-rates 5",
    "TRACE=x SEARCH_MOST=7",
    "SEARCH_FOR=rate --bedrock-search-most 7",
)


MOST_SHOWN = 120
"""Characters of a message: which one it is. Their words are in other tests."""


def loaded(monkeypatch: pytest.MonkeyPatch, words: str) -> str:
    """The load that a command line and variables ask for, or what is said of them."""
    variables = [word for word in words.split() if "=" in word]
    with monkeypatch.context() as there:
        for name, value in (variable.split("=") for variable in variables):
            there.setenv(f"BEDROCK_{name}", value)
        parsed = parser().parse_args([word for word in words.split() if word not in variables])
        try:
            settings = options.load(parsed, None)
        except SettingsError as error:
            return f"! {str(error)[:MOST_SHOWN]}"
    levels = stock_levels(settings)
    return "; ".join(filter(None, (in_words(settings), f"{len(levels)} levels", settings.replaced)))


def in_words(settings: Settings) -> str:
    """The load and its settings that are not the defaults."""
    found = {}
    for name in ("concurrency", "arrivals", "search"):
        section = getattr(settings, name)
        if section is not None:
            values = section.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
            found[name] = {key: value for key, value in values.items() if key != "trace"}
            if (trace := getattr(section, "trace", None)) is not None:
                found[name]["trace"] = trace.file
    shown = (f"{name} {json.dumps(values)}" for name, values in found.items() if values)
    return ", ".join([settings.test.load, *shown])


@pytest.mark.parametrize("name", FILES)
def test_loads_by_file_environment_and_options(name: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which load a run has, and what of other sections remains."""
    (here / "config.json").write_text(json.dumps({"model": {"id": "m"}, **FILES[name]}), encoding="utf-8")
    rows = [f"{words or '(nothing)'}\n    {loaded(monkeypatch, words)}" for words in WORDS]
    check_text(f"settings/load_{name.replace(' ', '_')}.txt", "\n".join(rows) + "\n")


TTFT, PRICES = {"ttft_ms": 5}, {"input_per_million": 1, "output_per_million": 2}
SONNET_5: dict[str, Any] = {"id": "us.anthropic.claude-sonnet-5"}
GPT_OSS: dict[str, Any] = {"id": "openai.gpt-oss-120b", "endpoint": "mantle"}
ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/p1"
TOGETHER: list[dict[str, Any]] = [
    *({"search": {"start": 5, "most": most}, "slo": TTFT} for most in (4, 5)),
    *({"search": {"for": "rate", "most": most}, "slo": TTFT} for most in (10_000, 10_001)),
    *({"search": {"start": start, "most": most}, "slo": TTFT} for start, most in ((1.5, 3), (1, 3.5))),
    {"search": {"for": "rate", "start": 1.5, "most": 3.5}, "slo": TTFT},
    {"search": {}},
    {"search": {}, "slo": {}},
    {"test": {"load": "search"}, "slo": TTFT},
    *(
        {"search": {}, "slo": slo, "test": {"streaming": False}}
        for slo in (TTFT, {"latency_ms": 5}, {"success_rate": 9})
    ),
    *({"search": {}, "slo": slo} for slo in ({"tpot_ms": 5}, {"min_tokens_per_s": 5}, {"users": 5})),
    {"search": {}, "arrivals": {"rates": [1]}, "slo": TTFT},
    {"search": {}, "arrivals": {"rates": [1]}, "slo": TTFT, "test": {"load": "rates"}},
    {"test": {"load": "rates"}},
    {"arrivals": {"seed": 1}},
    {"arrivals": {"rates": [1], "trace": "t"}},
    {"arrivals": {"profile": [[1, 1, 1]], "trace": "t"}},
    *({"arrivals": {"rates": rates, "ramp": "aws"}} for rates in ([1], [1, 2])),
    {"arrivals": {"profile": [[1, 1, 1]], "ramp": "aws"}},
    {"arrivals": {"trace": "t"}, "workload": {"turns": 2, "file": "f"}},
    {"arrivals": {"trace": "t"}, "workload": {"output_tokens": 5}},
    {"arrivals": {"trace": "t"}, "workload": {"cache": "5m"}},
    {"arrivals": {"trace": "t"}, "workload": {"turns": 1, "order": "shuffled"}},
    {"workload": {"file": "f", "input_tokens": 5}},
    {"workload": {"passes": 2}},
    *({"workload": {"passes": 2, "file": "f", "restart": restart}} for restart in ("run", "level")),
    {"workload": {"turns": 2}},
    *({"workload": {"turns": 2, **of}} for of in ({"file": "f"}, {"input_tokens": 5})),
    {"workload": {"shared_prefix_tokens": 5}},
    *({"workload": {"shared_prefix_tokens": shared, "input_tokens": 50}} for shared in (49, 50)),
    *({"workload": {"shared_prefix_tokens": shared, "input_tokens": {"values": [5, 50]}}} for shared in (49, 50)),
    *({"workload": {"cache": "5m", **of}} for of in ({}, {"input_tokens": 5}, {"file": "f"})),
    {"workload": {"cache": "implicit", "input_tokens": 50, "shared_prefix_tokens": 9}},
    {"workload": {"cache": "5m", "input_tokens": 50, "turns": 2}},
    *({"concurrency": {"start": 5, "end": end}} for end in (4, 5)),
    *({"concurrency": {"start": 1, "end": end, "step": 2}} for end in (2000, 2001)),
    {"test": {"streaming": False, "non_streaming": False}},
    *({"aws": {"access_key_id": one, "secret_access_key": "x"}} for one in ("your_KEY", "A_YOUR_")),
    {"aws": {"access_key_id": "A", "secret_access_key": "YOUR_SECRET"}},
    {"aws": {"session_token": "t"}},
    *({"limits": {"max_cost_usd": 5}, **of} for of in ({}, {"pricing": PRICES})),
    {"limits": {"max_cost_usd": 5}, "pricing": {**PRICES, "currency": "EUR"}},
    {"limits": {"max_requests": 5}, "pricing": {**PRICES, "currency": "EUR"}},
    {"model": {**SONNET_5, "api": "chat"}},
    {"model": {**SONNET_5, "api": "responses", "endpoint": "mantle"}},
    {"model": {**SONNET_5, "api": "messages", "service_tier": "flex", "latency": "optimized"}},
    {"model": {**SONNET_5, "api": "messages", "endpoint": "mantle", "service_tier": "flex"}},
    {"model": {**SONNET_5, "api": "messages", "latency": "optimized"}},
    {"model": {**SONNET_5, "endpoint": "mantle"}},
    {"model": {"id": "amazon.nova-pro-v1:0", "api": "messages"}},
    {"model": {"id": "us.amazon.nova-pro-v1:0", "api": "chat", "endpoint": "mantle"}},
    {"model": {"id": "us.deepseek.r1-v1:0", "api": "messages"}},
    {"model": {"id": "google.gemma-4-27b", "api": "messages"}},
    {"model": {"id": "openai.gpt-5.6-sol", "api": "messages"}},
    {"model": {"id": "qwen.qwen3-32b-v1:0", "api": "messages"}},
    {"model": {"id": "somebody.new-9", "endpoint": "mantle"}},
    *({"model": {**GPT_OSS, "api": "responses"}, "test": {"max_tokens": most}} for most in (15, 16)),
    {"model": {"id": "openai.gpt-oss-120b-1:0", "endpoint": "mantle", "api": "chat"}},
    {"model": {**GPT_OSS, "api": "chat", "service_tier": "reserved"}},
    {"model": {**GPT_OSS, "api": "chat", "latency": "standard"}},
    {"model": {"id": ARN, "api": "responses"}},
    {"model": {"id": ARN, "api": "chat"}},
    {"model": {"id": ARN, "api": "chat", "base_model": "anthropic.claude-sonnet-5"}},
    *(
        {"model": {"id": ARN, "api": "chat", "endpoint": "mantle", **of}}
        for of in ({}, {"base_model": "qwen.qwen3-32b"})
    ),
    {"test": {"service_tier": "flex"}},
    {"test": {"service_tier": ""}},
]
"""Settings that contradict each other, and beside them those that just do not."""


def test_settings_that_contradict_each_other() -> None:
    """What is said of them; nothing of those that do not."""
    rows = []
    for sections in TOGETHER:
        try:
            build({"model": {"id": "m"}, **sections}, {}, "c.json")
            said = ["(nothing)"]
        except SettingsError as error:
            said = [*error.lines]
        rows.append("\n    ".join([json.dumps(sections), *said]))
    check_text("settings/together.txt", "\n".join(rows) + "\n")
