"""Traces of each kind of source, line by line, with what the command says of them, in golden files."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust import commands
from bedrock_locust.workload.traces.invocation_logs import DATED, Hours, is_log
from bedrock_locust.workload.traces.moments import moment, step_of
from bedrock_locust.workload.traces.source import calls
from bedrock_locust.workload.traces.traced import Skipped, TraceError, whole_number

from .approved import check_lines, flat

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = "123456789012"
LONG = "Answer in one word. " * 60
"""1,200 characters: three places of the grid at which prompts are compared."""
ANSWER = {"role": "assistant", "content": [{"text": "Yes."}]}


def user(text: str) -> dict[str, Any]:
    """A message of a user."""
    return {"role": "user", "content": [{"text": text}]}


def logged(second: float, *messages: Any, tokens: int = 600, **fields: Any) -> dict[str, Any]:
    """A record of a call with a long system prompt and these messages."""
    body = {"system": [{"text": LONG}], "messages": list(messages), "inferenceConfig": {"maxTokens": 70}}
    return {
        "schemaType": "ModelInvocationLog",
        "timestamp": f"2026-11-27T08:30:{second:02.0f}Z",
        "accountId": ACCOUNT,
        "requestId": f"id-{second}",
        "operation": "Converse",
        "modelId": "amazon.nova-lite-v1:0",
        "input": {"inputBodyJson": body, "inputTokenCount": tokens},
        "output": {"outputBodyJson": {"metrics": {"latencyMs": 812}}, "outputTokenCount": 9},
        **fields,
    }


FIRST, SECOND = user("Is it late?"), user("Why?")
STREAMED = [{"contentBlockDelta": {}}, {"metadata": {"metrics": {"latencyMs": 90.5}}}, {"more": True}, 5]
BARE = {"inputTokenCount": 5, "inputBodyJson": {"anthropic_version": "x", "max_tokens": 30, "prompt": "Hi"}}
LOGS = [
    logged(0, FIRST),
    logged(1, FIRST, ANSWER, SECOND, tokens=1100),
    logged(2, FIRST, ANSWER, SECOND, ANSWER, FIRST, tokens=1600, operation="ConverseStream"),
    logged(
        3, user("Another"), modelId=f"arn:aws:bedrock:us-east-1:{ACCOUNT}:inference-profile/us.amazon.nova-pro-v1:0"
    ),
    logged(4, FIRST, modelId=f"arn:aws:bedrock:us-east-1:{ACCOUNT}:application-inference-profile/a1b2"),
    logged(5, FIRST, operation="InvokeModel", input=BARE, output={"outputTokenCount": 9, "outputBodyJson": STREAMED}),
    logged(6, FIRST, operation="InvokeModelWithResponseStream", output={"outputTokenCount": 9}),
    logged(6, FIRST, tokens=100, requestId="cached") | {"modelId": "arn:aws:bedrock:us-east-1::foundation-model/m"},
    logged(7, FIRST, errorCode="ThrottlingException"),
    logged(8, FIRST, operation="ApplyGuardrail"),
    logged(9, FIRST, output={"outputTokenCount": 0}),
    logged(9, FIRST, tokens=0, requestId="nothing"),
    logged(0, FIRST),
    {"schemaType": "another"},
]
LOGS[7]["input"] |= {"cacheReadInputTokenCount": 512, "cacheWriteInputTokenCount": 300}
AZURE = (
    "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n2023-11-16T18:15:40Z,396,0\n"
    "2023-11-16 18:15:50+00:00,879,55\n"
)
BURST = (
    "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
    "5,ChatGPT,472,18,490,Conversation log\n5,GPT-4,1087,230,1317,Conversation log\n8,ChatGPT,417,0,417,API log\n"
    "9,ChatGPT,0,276,276,API log\n"
)
MOONCAKE = [
    {"timestamp": 0, "input_length": 1100, "output_length": 52, "hash_ids": [46, 47, 48]},
    {"timestamp": 1000.5, "input_length": 600, "output_length": 20, "hash_ids": [46, 9], "latency_ms": 55, "x": 1},
    {
        "timestamp": 2500,
        "input_length": 9,
        "output_length": 1,
        "model": "m",
        "operation": "converse",
        "session_id": "s",
    },
    {"timestamp": 2600, "input_length": 9, "output_length": 1, "session_id": "s", "max_tokens": 7, "latency_ms": "x"},
    {"timestamp": 2700, "input_length": 1030, "output_length": 1, "hash_ids": [46, 47], "cache_read_tokens": 512},
    {"timestamp": 2800, "input_length": 1030, "output_length": 1, "hash_ids": [46, 47], "cache_write_tokens": 1024},
    {"timestamp": 2900, "input_length": 0, "output_length": 1},
    {"another": 1},
    [],
]
SOURCES: dict[str, tuple[str, str, list[str]]] = {
    "logs": ("logs.jsonl", "".join(json.dumps(one) + "\n" for one in LOGS), []),
    "part of the logs": (
        "logs.log",
        "".join(f"2026-11-27T08:30:00 {json.dumps(one)}\n\n" for one in LOGS),
        ["--from", "2026-11-27T08:30:02Z", "--to", "2026-11-27 08:30:08", "--seed", "2"],
    ),
    "an export": (
        "logs.json",
        json.dumps({"events": [{"message": json.dumps(one)} for one in LOGS[:3]]}),
        ["--with-content"],
    ),
    "Azure": ("azure.csv", AZURE, []),
    "BurstGPT": ("burst.csv", BURST, []),
    "Mooncake": ("trace.jsonl", "".join(json.dumps(one) + "\n" for one in MOONCAKE), []),
}


@pytest.mark.parametrize("name", SOURCES)
def test_each_source(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the command says, and the trace."""
    file, content, options = SOURCES[name]
    (source := tmp_path / file).write_text(content)
    out = tmp_path / "out.jsonl"
    assert commands.main(["trace", str(source), "-o", str(out), *options]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    lines = out.read_text().splitlines()
    check_lines(f"traces/{name.replace(' ', '_')}.txt", [*said.out.replace(str(tmp_path), "...").splitlines(), *lines])
    packed = tmp_path / "out.jsonl.gz"
    assert commands.main(["trace", str(source), "-o", str(packed), *options]) == 0
    assert gzip.decompress(packed.read_bytes()).decode().splitlines() == lines


WRONG: dict[str, tuple[str, str | bytes, list[str]]] = {
    "there is nothing": ("none.jsonl", "", []),
    "no record": ("a.jsonl", "\n \n", []),
    "no JSON": ("a.jsonl", '{"timestamp" 1}\n', []),
    "no trace": ("a.jsonl", '{"a": 1}\n', []),
    "no object": ("a.jsonl", "5\n", []),
    "other columns": ("a.csv", "a,b\n1,2\n", []),
    "no columns": ("a.csv", "", []),
    "a short row": ("a.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,5\n", []),
    "a wrong moment": ("a.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\nsoon,5,5\n", []),
    "no moment": ("a.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-13-16 18:15:46,5,5\n", []),
    "a wrong count": ("a.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,many,5\n", []),
    "a wrong second": ("a.csv", "Timestamp,Model,Request tokens,Response tokens\nsoon,m,5,5\n", []),
    "a second before 0": ("a.csv", "Timestamp,Model,Request tokens,Response tokens\n-1,m,5,5\n", []),
    "milliseconds in words": ("a.jsonl", '{"timestamp": "1", "input_length": 5, "output_length": 5}\n', []),
    "wrong hash ids": ("a.jsonl", '{"timestamp": 1, "input_length": 5, "output_length": 5, "hash_ids": "x"}\n', []),
    "a count below 0": ("a.jsonl", '{"timestamp": 1, "input_length": 5, "output_length": 5, "max_tokens": -1}\n', []),
    "no call": ("a.jsonl", '{"timestamp": 1, "input_length": 0, "output_length": 5}\n', []),
    "no call then": ("a.csv", AZURE, ["--from", "2024-01-01 00:00:00"]),
    "a wrong part": ("a.csv", AZURE, ["--to", "soon"]),
    "no gzip": ("a.jsonl.gz", "plain", []),
    "no text": ("a.jsonl", b'{"a": "\xff"}\n', []),
}


def test_what_is_said_of_wrong_sources(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line each, with exit code 2."""
    lines = []
    for name, (file, content, options) in WRONG.items():
        (place := tmp_path / file).unlink(missing_ok=True)
        if name != "there is nothing":
            place.write_bytes(content.encode() if isinstance(content, str) else content)
        assert commands.main(["trace", str(place), *options]) == 2
        lines.append(f"{name}: {capsys.readouterr().err.replace(str(tmp_path), '...').strip()}")
    (tmp_path / "folder").mkdir()
    assert commands.main(["trace", str(tmp_path / "folder")]) == 2
    lines.append(f"an empty folder: {capsys.readouterr().err.replace(str(tmp_path), '...').strip()}")
    check_lines("traces/wrong.txt", lines)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01 00:00:01.25 UTC", 1.25),
        ("1970-01-01T00:00:01.5000000", 1.5),
        ("1970-01-01T01:00:01+01:00", 1.0),
        (" 1970-01-01T01:00:01+0100 ", 1.0),
        ("1969-12-31T23:00:00-01:00", 0.0),
    ],
)
def test_moments(text: str, seconds: float) -> None:
    """UTC unless they say otherwise, with any digits."""
    assert moment(text, "x") == seconds


@pytest.mark.parametrize(
    ("moments", "step"),
    [
        ([], 0),
        ([1.0], 1),
        ([1.0, 2.5], 0),
        ([1.0, 2.0, 5.0], 1),
        ([1.0, 3.0, 7.0], 2),
        ([1.0, 4.0, 10.0], 3),
        ([1.0, 6.0, 11.0], 3),
        ([7.0, 1.0, 3.0], 2),
        ([5.0, 5.0], 1),
    ],
)
def test_steps_of_whole_seconds(moments: list[float], step: int) -> None:
    """What all times have in common, three at most; 0 with fractions."""
    assert step_of(moments) == step


@pytest.mark.parametrize(
    ("value", "number"), [(5, 5), ("5", 5), (5.9, 5), (0, 0), (100_000_000, 100_000_000), ("1e3", 1000)]
)
def test_whole_numbers(value: object, number: int) -> None:
    """Also as texts."""
    assert whole_number(value, "x") == number


@pytest.mark.parametrize("value", [-1, 100_000_001, "x", None, [], float("inf"), float("nan")])
def test_what_is_no_number_of_tokens(value: object) -> None:
    """With its place."""
    with pytest.raises(TraceError) as refused:
        whole_number(value, "here")
    assert str(refused.value) == f"here is {value!r:.40}, but must be a number of tokens"


def test_which_logs_are_read() -> None:
    """By their names, and by the hour in the names of their folders: one more on each side of what is asked for."""
    names = ["a.json.gz", "a.json", "a.jsonl", "a.log", "a.txt", "data/a.json", "x/data/a.json", "xdata/a.json"]
    assert [name for name in names if is_log(name)] == [*names[:4], "xdata/a.json"]
    hour = 1_764_230_400  # 2025-11-27 08:00:00 UTC
    assert Hours.of(hour, hour + 60) == Hours("2025/11/27/07", "2025/11/27/09")
    assert (Hours.of(None, None).are_all, Hours.of(hour, None).are_all, Hours.of(None, hour).are_all) == (
        True,
        False,
        False,
    )
    assert (Hours.of(-1e15, 1e15), Hours.of(1e15, None)) == (Hours("", "~"), Hours("~", "~"))
    found = Hours.of(hour, hour + 60)
    folder = f"AWSLogs/{ACCOUNT}/BedrockModelInvocationLogs/us-east-1/"
    for name, may_be in {
        "2025/11/27/06/": False,
        "2025/11/27/07/": True,
        "2025/11/27/09/": True,
        "2025/11/27/10/": False,
        "2025/11/27/": True,
        "2025/11/28/": False,
        "2025/": True,
        "": True,
    }.items():
        assert found.may_be_in(folder + name) is may_be, name
    assert DATED.search(f"/{folder}2025/11/27/07/")


def test_content_is_kept_only_where_it_is_asked_for(tmp_path: Path) -> None:
    """Not by default."""
    (source := tmp_path / "logs.jsonl").write_text(json.dumps(LOGS[0]) + "\n")
    for options, kept in (({}, False), ({"with_content": True}, True)):
        _, found = calls(source, Skipped(), **options)
        assert [bool(call.content) for call in found] == [kept]


def test_what_was_left_out_in_words() -> None:
    """The most frequent reason first; what came at another time is not counted."""
    skipped = Skipped(begin=5, end=9)
    for reason, at in [("a", 4.9), ("a", 5), ("b", 5), ("b", 8.9), ("b", 9), ("c", None)]:
        skipped.add(reason, at)
    assert str(skipped) == "2 b, 1 a, 1 c"
    skipped.reasons["a"] = 1234
    assert str(skipped) == "1,234 a, 2 b, 1 c"
    assert flat(dict(skipped.reasons)) == '{"a": 1234, "b": 2, "c": 1}'
