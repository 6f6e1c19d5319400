"""Traces made from the logs of production: what is read, what is left out, and that no content is in them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedrock_locust import commands
from bedrock_locust.workload.traces import traced
from bedrock_locust.workload.traces.cut import Trace
from bedrock_locust.workload.traces.moments import moment, spread
from bedrock_locust.workload.traces.prefixes import Prefixes, Turn, prompt_of
from bedrock_locust.workload.traces.source import calls
from bedrock_locust.workload.traces.traced import BLOCK_TOKENS, Skipped, TracedCall, TraceError

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 11, 27, 8, 30, tzinfo=UTC)
ACCOUNT = "123456789012"
SECRET = "the salary of Ms. Ott"
SYSTEM = "You answer briefly. " * 300


def logged(second: int, *, messages: list[Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A record as the service logs a ConverseStream."""
    body = {
        "system": [{"text": SYSTEM}],
        "messages": messages or [{"role": "user", "content": [{"text": f"{SECRET}, {second}"}]}],
        "inferenceConfig": {"maxTokens": 700},
    }
    return {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": datetime.fromtimestamp(START.timestamp() + second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "accountId": ACCOUNT,
        "identity": {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/people/ott"},
        "region": "us-east-1",
        "requestId": f"id-{second}-{len(body['messages'])}",
        "operation": "ConverseStream",
        "modelId": f"arn:aws:bedrock:us-east-1:{ACCOUNT}:inference-profile/us.anthropic.claude-haiku-5-5",
        "requestMetadata": {"team": "payroll"},
        "input": {"inputContentType": "application/json", "inputBodyJson": body, "inputTokenCount": 1500},
        "output": {
            "outputBodyJson": [
                {"contentBlockDelta": {"delta": {"text": SECRET}}},
                {"metadata": {"metrics": {"latencyMs": 812}}},
            ],
            "outputTokenCount": 90,
        },
        **fields,
    }


def folder_of(path: Path, *records: dict[str, Any]) -> Path:
    """A folder as S3 has it, with what is no log beside the logs."""
    place = path / "AWSLogs" / ACCOUNT / "BedrockModelInvocationLogs" / "us-east-1" / "2026" / "11" / "27" / "08"
    (place / "data").mkdir(parents=True)
    (path / "AWSLogs" / "amazon-bedrock-logs-permission-check").write_text("")
    (place / "data" / "x_input.json.gz").write_bytes(gzip.compress(b"not a log"))
    for number, some in enumerate((records[::2], records[1::2])):
        lines = "".join(json.dumps(record) + "\n" for record in some)
        (place / f"2026112708{number}.json.gz").write_bytes(gzip.compress(lines.encode()))
    return path


def read(place: Path, **options: bool) -> tuple[list[TracedCall], str]:
    """The calls of a source, and what was left out."""
    skipped = Skipped()
    _, found = calls(place, skipped, **options)
    return list(found), str(skipped)


def made(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """What `trace` returns and says."""
    code = commands.main(["trace", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a trace."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return [json.loads(line) for line in text.splitlines()]


def test_a_log_becomes_times_and_lengths(tmp_path: Path) -> None:
    """With the operation, the model without its account, the limit and the latency that Converse tells."""
    (call,), left_out = read(folder_of(tmp_path, logged(5)))
    assert left_out == ""
    assert call.at == START.timestamp() + 5
    assert (call.input_length, call.output_length, call.max_tokens) == (1500, 90, 700)
    assert (call.operation, call.model) == ("converse_stream", "us.anthropic.claude-haiku-5-5")
    assert (call.latency_ms, len(call.hash_ids)) == (812, 3)


def test_nothing_of_people_is_in_a_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No text, account, identity, metadata or request id; with `--with-content` the requests, and only these."""
    place = folder_of(tmp_path / "logs", *(logged(second) for second in range(9)))
    code, out, err = made(capsys, place, "-o", tmp_path / "trace.jsonl.gz")
    assert (code, err) == (0, "")
    text = json.dumps(lines(tmp_path / "trace.jsonl.gz")) + out
    for word in (SECRET, "answer briefly", ACCOUNT, "ott", "payroll", "id-3"):
        assert word not in text
    assert (tmp_path / "trace.jsonl.gz").stat().st_mode & 0o077 == 0
    code, out, _ = made(capsys, place, "-o", tmp_path / "all.jsonl", "--with-content")
    text = json.dumps(lines(tmp_path / "all.jsonl"))
    assert SECRET in text
    assert "Keep it as you keep the logs" in out
    for word in (ACCOUNT, "people/ott", "payroll"):
        assert word not in text


def test_a_folder_may_lie_in_one_called_data(tmp_path: Path) -> None:
    """Only a `data/` below it holds large bodies."""
    found, _ = read(folder_of(tmp_path / "data" / "logs", logged(1), logged(2)))
    assert len(found) == 2


def test_tokens_of_the_cache_are_part_of_the_prompt(tmp_path: Path) -> None:
    """The log counts them apart."""
    record = logged(0)
    record["input"] |= {"cacheReadInputTokenCount": 2000, "cacheWriteInputTokenCount": 0}
    (call,), _ = read(folder_of(tmp_path, record))
    assert (call.input_length, call.cache_read_tokens, call.cache_write_tokens) == (3500, 2000, 0)


def test_what_is_no_call_is_left_out_and_counted(tmp_path: Path) -> None:
    """Failures, other operations and kinds, and what overlapping files hold twice."""
    records = [logged(1), logged(1), logged(2, errorCode="ThrottlingException"), logged(3, operation="ApplyGuardrail")]
    found, left_out = read(folder_of(tmp_path, *records, {"schemaType": "Other"}))
    assert len(found) == 1
    assert sorted(left_out.split(", ")) == ["1 failed", "1 of another kind", "1 of another operation", "1 there twice"]


EMBEDDING = {"operation": "InvokeModel", "modelId": "amazon.titan-embed-text-v2:0", "output": {}}


def test_calls_that_cannot_be_made_again_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An embedding has no answer, some logs have no count of the prompt; a replay takes the rest as it is."""
    unsized = logged(4)
    unsized["input"]["inputTokenCount"] = 0
    place = folder_of(tmp_path / "logs", logged(1), logged(2) | EMBEDDING, logged(3) | EMBEDDING, unsized)
    code, out, _ = made(capsys, place, "-o", tmp_path / "trace.jsonl")
    assert code == 0
    assert "left out: 2 without an answer, 1 without a prompt" in out
    config = {"model": {"id": "m"}, "arrivals": {"trace": {"file": str(tmp_path / "trace.jsonl")}}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert commands.main(["check", str(tmp_path / "config.json")]) == 0
    assert "1 call" in capsys.readouterr().out


def test_calls_of_another_time_are_not_counted_as_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A failure after `--to` has nothing to do with the part that is asked for."""
    records = [logged(1), logged(5, errorCode="X"), logged(9, errorCode="X"), logged(8) | EMBEDDING]
    place = folder_of(tmp_path / "logs", *records)
    _, out, _ = made(capsys, place, "--to", "2026-11-27T08:30:06Z")
    assert "left out: 1 failed\n" in out


def test_hash_ids_are_counted_up_by_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the order of the files: the logs as S3 has them and an export of them make the same trace."""
    records = [logged(second, messages=turn(second % 2, f"c{second // 2}")) for second in range(9)]
    place = folder_of(tmp_path / "logs", *records)
    export = tmp_path / "export.json"
    export.write_text(json.dumps({"events": [{"message": json.dumps(record)} for record in records]}))
    for source, name in ((place, "one.jsonl"), (export, "two.jsonl")):
        assert made(capsys, source, "-o", tmp_path / name)[0] == 0
    assert lines(tmp_path / "one.jsonl") == lines(tmp_path / "two.jsonl")
    ids = [one for line in lines(tmp_path / "one.jsonl") for one in line["hash_ids"]]
    assert list(dict.fromkeys(ids)) == list(range(len(set(ids))))


@pytest.mark.parametrize("shape", ["events", "lines"])
def test_an_export_of_cloudwatch_is_read(tmp_path: Path, shape: str) -> None:
    """The answer of `filter-log-events`, and a line with its moment as an export to S3 has it."""
    records = [logged(second) for second in range(4)]
    if shape == "events":
        text = json.dumps({"events": [{"timestamp": 1, "message": json.dumps(record)} for record in records]})
    else:
        text = "".join(f"2026-11-27T08:30:00.000Z {json.dumps(record)}\n" for record in records)
    (tmp_path / "export.json").write_text(text)
    found, left_out = read(tmp_path / "export.json")
    assert (len(found), left_out) == (4, "")


def turn(number: int, about: str) -> list[Any]:
    """The messages of the n-th call of a conversation."""
    said = [{"role": "user", "content": [{"text": about}]}]
    for place in range(number):
        said += [
            {"role": "assistant", "content": [{"text": f"a{place}"}]},
            {"role": "user", "content": [{"text": f"q{place}"}]},
        ]
    return said


def test_conversations_are_told_by_what_they_go_on_with(tmp_path: Path) -> None:
    """Two that take turns, one that begins as the first did, and one that goes on where nothing was."""
    order = [
        turn(0, "one"),
        turn(0, "two"),
        turn(1, "one"),
        turn(1, "two"),
        turn(2, "one"),
        turn(0, "one"),
        turn(3, "three"),
    ]
    records = [logged(second, messages=messages) for second, messages in enumerate(order)]
    found, _ = read(folder_of(tmp_path, *records))
    assert [call.session_id for call in found] == ["s1", "s2", "s1", "s2", "s1", "s3", "s4"]


@given(st.text("abcdef \n", max_size=4000), st.text("ghij", min_size=600, max_size=4000), st.integers(1, 9))
def test_prompts_share_numbers_as_far_as_they_are_equal(shared: str, other: str, per_token: int) -> None:
    """As many blocks as the equal part holds, up to one for the grid; the rest has numbers of its own."""
    prefixes = Prefixes()
    one, two = shared + "x" * 600, shared + other
    tokens = [max(len(text) // per_token, 1) for text in (one, two)]
    first, second = (prefixes.blocks(text, count) for text, count in zip((one, two), tokens, strict=True))
    assert [len(first), len(second)] == [-(-count // BLOCK_TOKENS) for count in tokens]
    pairs = enumerate(zip(first, second, strict=False))
    alike = next((place for place, (a, b) in pairs if a != b), min(len(first), len(second)))
    assert not set(first[alike:]) & set(second)
    whole = int(len(shared) / len(two) * tokens[1] / BLOCK_TOKENS)
    assert whole - math.ceil(512 / per_token / BLOCK_TOKENS) - 1 <= alike <= whole + 1
    assert prefixes.blocks(two, tokens[1]) == second


def test_the_system_prompt_is_shared() -> None:
    """Tools and system stand before the messages, as the cache sees them."""
    body = {
        "messages": [{"role": "user", "content": [{"text": "b"}]}],
        "system": [{"text": "a"}],
        "toolConfig": {"t": "0"},
    }
    assert prompt_of(body) == "0\na\nb"
    assert prompt_of({"prompt": "p", "max_tokens": 3}) == "p"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2023-11-16 18:15:46.6805900", 46.68059),
        ("2024-05-10 18:15:46.009930+00:00", 46.00993),
        ("2024-05-10 18:15:46", 46),
        ("2026-11-27T18:15:46Z", 46),
        ("2026-11-27T20:15:46.5+0200", 46.5),
    ],
)
def test_moments_are_read_as_they_are_written(text: str, seconds: float) -> None:
    """With any digits, and with or without a zone."""
    at = moment(text, "x")
    assert at % 60 == pytest.approx(seconds, abs=1e-6)
    assert datetime.fromtimestamp(at, UTC).hour == 18


def test_whole_seconds_are_spread_and_fractions_are_not() -> None:
    """By the seed: as they are, calls would come in bursts. Multiples of 3 s are spread over three seconds."""
    whole = [TracedCall(at=at, input_length=1, output_length=1) for at in (5, 5, 5, 6)]
    one, same, other = spread(whole, 1), spread(whole, 1), spread(whole, 2)
    assert one == same != other
    assert [int(call.at) for call in one] == [5, 5, 5, 6]
    assert len({call.at for call in one}) == 4
    thirds = spread([TracedCall(at=at, input_length=1, output_length=1) for at in (0.0, 3.0, 9.0) * 40], 1)
    assert max(call.at % 3 for call in thirds if call.at < 3) > 2
    exact = [TracedCall(at=at, input_length=1, output_length=1) for at in (5.25, 5, 4)]
    assert [call.at for call in spread(exact, 1)] == [4, 5, 5.25]


def table(path: Path, columns: list[str], rows: list[list[object]]) -> Path:
    """A CSV file, compressed where its name says so."""
    text = io.StringIO()
    csv.writer(text).writerows([columns, *rows])
    data = text.getvalue().encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def test_azure_is_read(tmp_path: Path) -> None:
    """Both of its ways to write a moment in one file."""
    rows: list[list[object]] = [["2023-11-16 18:15:46.6805900", 374, 44], ["2023-11-16 18:15:47.0+00:00", 396, 0]]
    found, left_out = read(table(tmp_path / "a.csv.gz", ["TIMESTAMP", "ContextTokens", "GeneratedTokens"], rows))
    assert [(call.input_length, call.output_length) for call in found] == [(374, 44)]
    assert left_out == "1 without an answer"


def test_burstgpt_is_read(tmp_path: Path) -> None:
    """An answer of no token is a failure there."""
    columns = ["Timestamp", "Model", "Request tokens", "Response tokens", "Total tokens", "Log Type"]
    rows: list[list[object]] = [
        [5, "ChatGPT", 472, 18, 490, "Conversation log"],
        [45, "GPT-4", 1087, 0, 1087, "API log"],
    ]
    found, left_out = read(table(tmp_path / "b.csv", columns, rows))
    assert [(call.at, call.model, call.input_length) for call in found] == [(5, "ChatGPT", 472)]
    assert left_out == "1 failed"


def test_a_trace_is_read_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was written is a source itself, as one of Mooncake's is; cut to a part of its time it is shorter."""
    place = folder_of(tmp_path / "logs", *(logged(second) for second in range(20)))
    first, second = tmp_path / "one.jsonl.gz", tmp_path / "two.jsonl"
    assert made(capsys, place, "-o", first)[0] == 0
    code, out, _ = made(capsys, first, "-o", second)
    assert code == 0
    assert lines(first) == lines(second)
    assert "Calls     20 in " in out
    times = [line["timestamp"] for line in lines(first)]
    assert times == sorted(times)
    assert times[0] == 0
    third = tmp_path / "three.jsonl"
    code, out, _ = made(capsys, place, "-o", third, "--from", "2026-11-27T08:30:05Z", "--to", "2026-11-27 08:30:10")
    assert code == 0
    assert "Calls     5 in " in out
    assert len(lines(third)) == 5


def test_a_trace_says_what_is_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Calls, rates, lengths, models, conversations and what prompts share."""
    records = [logged(second, messages=turn(second % 2, f"c{second // 2}")) for second in range(120)]
    code, out, _ = made(capsys, folder_of(tmp_path, *records))
    assert code == 0
    said = {line[2:12].strip(): line[12:] for line in out.splitlines()}
    assert said["Source"] == "invocation logs"
    assert said["Calls"].startswith("120 in 2 min")
    assert "from 2026-11-27 08:30:00 UTC on" in said["Calls"]
    assert said["Rate"] == "0.998/s on average, at most 2 in a second and 60 in a minute"
    assert said["Prompts"] == "P50 1,500, P95 1,500, longest 1,500 tokens"
    assert said["Models"] == "us.anthropic.claude-haiku-5-5 (120)"
    assert said["Sessions"] == "60, 60 of them with more than one call"
    assert said["Prefixes"].endswith("% of the 512-token blocks of prompts had come before")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.jsonl", "", "there is no record in it"),
        ("a.jsonl", "{", "line 1: not JSON"),
        ("a.jsonl", '{"prompt": "x"}', "neither a Bedrock invocation log nor a trace"),
        ("a.jsonl", '{"timestamp": -1, "input_length": 3}', "timestamp is -1, but must be milliseconds"),
        (
            "a.jsonl",
            '{"timestamp": 1, "input_length": "many"}',
            "input_length is 'many', but must be a number of tokens",
        ),
        ("a.jsonl", '{"timestamp": 1, "input_length": 3, "hash_ids": 4}', "hash_ids must be a list of whole numbers"),
        ("a.csv", "a,b\n1,2\n", "its columns are ['a', 'b'], but must hold TIMESTAMP, ContextTokens"),
        ("a.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\nnow,1,2\n", "TIMESTAMP is 'now', but must be a moment"),
        ("a.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-13-99 00:00:00,1,2\n", "which is no moment"),
        ("a.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 00:00:00\n", "fewer cells than the first line"),
        ("a.csv", "Timestamp,Model,Request tokens,Response tokens\nnan,m,1,2\n", "but must be seconds"),
        ("a.json.gz", "not compressed", "cannot be read"),
    ],
)
def test_a_source_that_is_none_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, says: str
) -> None:
    """That names the file, the line and what is wrong; and nothing is written."""
    (tmp_path / name).write_text(text)
    code, out, err = made(capsys, tmp_path / name, "-o", tmp_path / "out.jsonl")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert str(tmp_path / name) in err
    assert says in err
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize("name", ["a.jsonl", "a.json.gz", "a.csv"])
def test_a_line_without_an_end_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It is not read to its end, however small it is when compressed; a line as long as may be is read."""
    monkeypatch.setattr(traced, "MOST_LINE_CHARS", 1000)
    path, text = tmp_path / name, b"{" + b" " * 5_000_000
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    code, out, err = made(capsys, path)
    assert (code, out) == (2, "")
    assert err == f"{path}, line 1: has more than 1,000 characters: leave the file out, or write one record a line\n"
    whole = tmp_path / "whole.txt"
    whole.write_bytes(b"x" * 999 + b"\n" + b"y" * 1000)
    assert [len(line) for line in traced.lines(whole)] == [1000, 1000]


def test_other_mistakes_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No source, a moment that is none, a time without a call, a file that is there."""
    place = folder_of(tmp_path / "logs", logged(0))
    (tmp_path / "there").write_text("mine")
    (tmp_path / "empty").mkdir()
    for arguments, says in (
        ([tmp_path / "none"], "there is no such file or folder"),
        ([tmp_path / "empty"], "there is no log in it"),
        ([place, "--from", "today"], "--from is 'today', but must be a moment"),
        ([place, "--from", "2027-01-01T00:00:00Z"], "there is no call in that time"),
        ([place, "-o", tmp_path / "there"], "exists already"),
        ([place, "-o", tmp_path / "no" / "folder"], "cannot be written (No such file or directory)"),
    ):
        code, out, err = made(capsys, *arguments)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert says in err
    assert (tmp_path / "there").read_text() == "mine"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_is_one_line_or_no_harm(tmp_path: Path, data: st.DataObject) -> None:
    """A log that is cut, or changed, at any byte: calls, or an error that says where; never another exception."""
    text = bytearray(json.dumps(logged(1)).encode())
    place = data.draw(st.integers(0, len(text) - 1))
    if data.draw(st.booleans()):
        text = text[:place]
    else:
        text[place] = data.draw(st.integers(0, 255))
    path = tmp_path / "log.jsonl"
    path.write_bytes(bytes(text))
    with suppress(TraceError):
        Trace.of(read(path)[0], 1)


def test_cache_points_are_where_production_read_and_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A log has counts only; the first call of many writes at once what the others read a part of."""
    shared, own = (0, 1, 2), range(3, 20)
    calls = [
        TracedCall(at=0.5, input_length=2048, output_length=1, hash_ids=(*shared, own[0]), cache_write_tokens=2048),
        TracedCall(
            at=1.75,
            input_length=2600,
            output_length=1,
            hash_ids=(*shared, own[1], own[2], own[3]),
            cache_read_tokens=1536,
            cache_write_tokens=600,
        ),
        TracedCall(at=2.9, input_length=2048, output_length=1, hash_ids=(*shared, own[4])),
    ]
    Trace.of(calls, 1).write(tmp_path / "trace.jsonl")
    found = lines(tmp_path / "trace.jsonl")
    assert [line.get("cache_points") for line in found] == [[3, 4], [3, 4], None]
    code, _, _ = made(capsys, tmp_path / "trace.jsonl", "-o", tmp_path / "again.jsonl")
    assert code == 0
    assert lines(tmp_path / "again.jsonl") == found


def test_what_was_read_had_come_before() -> None:
    """However the tokens are spread over the characters of a prompt."""
    prefixes, shared = Prefixes(), "word " * 600
    assert prefixes.blocks(shared + "a" * 3000, 2048) == (0, 1, 2, 3)
    assert prefixes.blocks(shared + "b" * 3000, 2048) == (0, 4, 5, 6)
    assert prefixes.blocks(shared + "c" * 3000, 2048, read_tokens=1600) == (0, 1, 2, 7)
    assert prefixes.blocks("nothing" * 900, 2048, read_tokens=1600) == (8, 9, 10, 11)


def test_a_turn_goes_on_with_an_earlier_one() -> None:
    """The one that had all but its last answer and question, after the same system prompt."""
    one, other = Turn.of("system", ["q1"]), Turn.of("other", ["q1"])
    next_one = Turn.of("system", ["q1", "a1", "q2"])
    assert (one.earlier, Turn.of("system", ["q1", "a1"]).earlier) == (b"", b"")
    assert next_one.earlier == one.own != other.own
    prefixes = Prefixes()
    turns = (one, other, next_one, Turn.of("system", ["q1", "a1", "q2", "a2", "q3"]), next_one, one)
    assert [prefixes.session(turn) for turn in turns] == ["s1", "s2", "s1", "s1", "s3", "s4"]
