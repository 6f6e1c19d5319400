"""What is read of files of records and of lengths, and the whole line that is said of a wrong one, in a golden file."""

from __future__ import annotations

import gzip
import json
import os
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from locust.env import Environment

import pytest

from bedrock_locust.level import Level
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Settings
from bedrock_locust.settings.workload import Length, Pause
from bedrock_locust.workload import jsonl, lengths, turned
from bedrock_locust.workload.bench import LEVEL, Bench, bench_of, put_bench
from bedrock_locust.workload.jsonl import RecordFile
from bedrock_locust.workload.lengths import Drawer, draw_pause_s, values_of
from bedrock_locust.workload.minimums import least_tokens, too_short
from bedrock_locust.workload.positions import HandedOut, local_positions
from bedrock_locust.workload.prepared import Prepared
from bedrock_locust.workload.prompts import DEFAULT_TEMPLATE, PADDING, Prompts
from bedrock_locust.workload.records import RecordError
from bedrock_locust.workload.survey import Library, survey
from bedrock_locust.workload.template import common_format

from .approved import check_lines, flat

if TYPE_CHECKING:
    from pathlib import Path

FILES: dict[str, bytes] = {
    "lines.jsonl": b'{"a": 1}\n\n  \r\n{"a": "\xc3\xa9"}\r\n[1]\n{"a": NaN}\n{"a"\n\xff\n{"b": 2}',
    "bom.jsonl": b'\xef\xbb\xbf{"a": 1}\n',
    "blank.jsonl": b"\n \n\t\r\n",
    "empty.jsonl": b"",
    "array.json": b' [{"a": 1}, 5, {"b": "\xc3\xa9"}]',
    "bad_array.json": b'[{"a": 1},\n {"a" 2}]',
    "array.csv": b'prompt,max_tokens,temperature,id\nHello,5,0.5,7\n"a, ""b""",x,,8\n,,,\nlast,1e2,1,\n',
    "TABLE.CSV": b"prompt\nHello\n",
    "long_row.csv": b"prompt\nHello,there\n",
    "no_text.csv": b"prompt\n\xff\n",
    "open_quote.csv": b'prompt\n"Hello\n',
    "lines.jsonl.gz": gzip.compress(b'{"a": 1}\r\n\n{"b": 2}'),
    "array.json.gz": gzip.compress(b'[{"a": 1}, {"b": 2}]'),
    "table.csv.gz": gzip.compress(b"prompt\nHello\n"),
    "cut.jsonl.gz": gzip.compress(b'{"a": 1}\n' * 50)[:-9],
    "no_gzip.jsonl.gz": b"\x1f\x8bxx",
}


def records_of(file: RecordFile) -> list[str]:
    """Each record, with the number of its line, or what is wrong with it."""
    lines = []
    for index in range(len(file)):
        try:
            found = flat(file.record(index))
        except RecordError as error:
            found = f"RecordError: {error}"
        lines.append(f"  {file.line_number(index)}: {found}")
    return lines


def test_files_of_records(tmp_path: Path) -> None:
    """Of each kind, right and wrong."""
    lines = []
    for name, content in FILES.items():
        (path := tmp_path / name).write_bytes(content)
        lines.append(f"{name}:")
        try:
            file = RecordFile(path)
            lines += [f"  {file.size} bytes, {len(file)} records", *records_of(file)]
        except SettingsError as error:
            lines += [f"  {line.replace(str(tmp_path), '...')}" for line in error.lines]
    for path, named in ((tmp_path, "workload.file"), (tmp_path / "none", "arrivals.trace"), (tmp_path / "pipe", "x")):
        if path.name == "pipe":
            os.mkfifo(path)
        with pytest.raises(SettingsError) as refused:
            RecordFile(path, named=named)
        lines.append(refused.value.lines[0].replace(str(tmp_path), "..."))
    check_lines("files.txt", lines)


@pytest.mark.parametrize("block", [1, 2, 5, 9, 1000])
def test_lines_are_found_wherever_blocks_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    """The same records, numbers and size; others have their turn twice a block: for its hash, and for its lines."""
    monkeypatch.setattr(jsonl, "BLOCK_BYTES", block)
    (path := tmp_path / "x.jsonl").write_bytes(content := b'{"a": 1}\n\n \n{"b": 22}\n\t{"c": 3}')
    turns = list[int]()
    file = RecordFile(path, pause=lambda: turns.append(1))
    assert records_of(file) == ['  1: {"a": 1}', '  4: {"b": 22}', '  5: {"c": 3}']
    assert file.size == len(content)
    assert len(turns) == 2 * -(-len(content) // block)


def test_limits_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file as large as the limit is read, and one that is larger by a byte is not."""

    def written(name: str, content: bytes) -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    monkeypatch.setattr(jsonl, "MOST_LINE_BYTES", 8)
    file = RecordFile(written("a.jsonl", b'{"a": 1}\n{"a": 12}\n{"b": 3}'))
    assert records_of(file) == ['  1: {"a": 1}', "  2: RecordError: it has more than 8 bytes", '  3: {"b": 3}']
    monkeypatch.setattr(jsonl, "MOST_LINE_BYTES", 99)
    array = b'[{"a": 1}, {"b": 2}]'
    for most, is_read in ((len(array), True), (len(array) - 1, False)):
        monkeypatch.setattr(turned, "MOST_BYTES", most)
        path = written("a.json", array)
        assert len(RecordFile(path, turned=False)) == 2
        if is_read:
            assert len(RecordFile(path)) == 2
        else:
            with pytest.raises(SettingsError, match="it has more than 19 bytes and is no JSONL: turn it into JSONL"):
                RecordFile(path)
    packed = written("a.jsonl.gz", gzip.compress(b'{"a": 1}\n{"a": 2}\n'))
    monkeypatch.setattr(turned, "MOST_BYTES", 99)
    for most, is_read in ((18, True), (17, False)):
        monkeypatch.setattr(turned, "MOST_UNPACKED_BYTES", most)
        if is_read:
            assert len(RecordFile(packed)) == 2
        else:
            with pytest.raises(SettingsError, match="it has more than 17 bytes when it is unpacked"):
                RecordFile(packed)


LENGTHS: dict[str, str] = {
    "a number a line": "5\n\n 7.6 \n0\n3\n",
    "a column": "input_tokens,x\n5,1\n\n9,2\n",
    "of Azure": "TIMESTAMP,ContextTokens,GeneratedTokens\n2023,12,44\n2024,11,0\n",
    "of BurstGPT": "Timestamp,Model,Request tokens,Response tokens\n5,m,472,18\n",
    "of Mooncake": '{"input_length": 5, "output_length": 6}\n\n{"input_length": 4}\n',
    "of logs": '{"inputTokenCount": 50}\n',
    "more than there can be": "99999999999\n",
    "words": "many\n",
    "a short row": "x,input_tokens\n5\n",
    "no length in JSON": '{"a": 1}\n',
    "no JSON": '{"input_length": 5}\nx\n',
    "an empty length": '{"input_length": ""}\n',
    "zeros": "0\n0\n",
    "nothing": "",
    "without an end": "1e999\n",
}


def test_files_of_lengths(tmp_path: Path) -> None:
    """Of prompts and of answers; what is wrong, with the line."""
    lines = []
    for name, content in LENGTHS.items():
        (path := tmp_path / "x").write_text(content)
        for key in ("input_tokens", "output_tokens"):
            try:
                found = str(values_of(path, key))
            except SettingsError as error:
                found = error.lines[0].replace(str(tmp_path), "...")
            lines.append(f"{name}, {key}: {found}")
    check_lines("lengths.txt", lines)


def test_of_many_lengths_permilles_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of each piece; of as many as are kept, all; of a file that is too long, its first lines."""
    (path := tmp_path / "x").write_text("".join(f"{number}\n" for number in range(20, 0, -1)))
    monkeypatch.setattr(lengths, "MOST_VALUES", 20)
    assert values_of(path, "input_tokens") == tuple(range(1, 21))
    monkeypatch.setattr(lengths, "MOST_VALUES", 5)
    assert values_of(path, "input_tokens") == (3, 7, 11, 15, 19)
    monkeypatch.setattr(lengths, "MOST_LINES", 5)
    assert values_of(path, "input_tokens") == (16, 17, 18, 19, 20)


@pytest.mark.parametrize(
    ("length", "mean", "spread"),
    [
        (500, 500, 0),
        ({"mean": 500, "stddev": 50}, 500, 50),
        ({"median": 400, "mean": 500}, 500, 375),
        ({"values": [100, 300], "weights": [3, 1]}, 150, 86.6),
        ({"values": [100, 300]}, 200, 100),
    ],
)
def test_lengths_have_the_distribution_asked_for(length: Any, mean: float, spread: float) -> None:
    """Their mean, and how far they spread; the same for the same seed."""
    drawer = Drawer(Length.model_validate(length), Random(5))
    drawn = [drawer.draw() for _ in range(8000)]
    found = sum(drawn) / len(drawn)
    assert found == pytest.approx(mean, rel=0.03)
    assert (sum((one - found) ** 2 for one in drawn) / len(drawn)) ** 0.5 == pytest.approx(spread, rel=0.06, abs=0.5)
    again = Drawer(Length.model_validate(length), Random(5))
    assert [again.draw() for _ in range(9)] == drawn[:9]


def test_lengths_and_pauses_have_bounds() -> None:
    """One token at least, and as many as are allowed at most; no pause is below 0."""
    wide = Drawer(Length.model_validate({"mean": 5, "stddev": 50, "max": 9}), Random(1))
    drawn = {wide.draw() for _ in range(300)}
    assert (min(drawn), max(drawn)) == (1, 9)
    assert draw_pause_s(None, Random(1)) == 0
    assert draw_pause_s(Pause(mean=2.5), Random(1)) == 2.5
    normal = [draw_pause_s(Pause(mean=1, stddev=2), Random(seed)) for seed in range(400)]
    assert min(normal) == 0 < max(normal)
    skewed = sorted(draw_pause_s(Pause(mean=8, median=5), Random(seed)) for seed in range(4000))
    assert skewed[2000] == pytest.approx(5, rel=0.06)
    assert sum(skewed) / 4000 == pytest.approx(8, rel=0.06)


def bench_of_level(announced: Any, **workload: Any) -> Bench:
    """A bench whose shape has announced this."""
    environment = Environment(user_classes=[])
    environment.parsed_options = SimpleNamespace(**{LEVEL: announced})
    values = {"model": {"id": "m"}, **({"workload": workload} if workload else {})}
    return Bench(environment, Settings.model_validate(values), None, "w1")  # type: ignore[arg-type]


def test_what_a_call_is_tagged_with() -> None:
    """The level of the shape, of the schedule, or of the arrival itself."""
    announced = {"level": "a", "mode": "m", "users": 3, "phase": "warmup"}
    bench = bench_of_level(announced)
    assert bench.tags() == {"worker": "w1", "level": "a", "users": 3, "phase": "warmup"}
    assert (bench.level_key(), bench.measured_level()) == ("a", "")
    first = bench.level
    assert bench.level is first
    announced["phase"] = "measure"
    assert (bench.tags()["phase"], bench.measured_level()) == ("measure", "a")
    setattr(bench.environment.parsed_options, LEVEL, None)
    assert (bench.level, bench.tags(), bench.level_key(), bench.measured_level()) == (None, {"worker": "w1"}, "", "")
    setattr(bench.environment.parsed_options, LEVEL, announced)
    bench.now = lambda: Level(key="s", mode="m", rate_per_s=2.0, phase="measure")
    assert bench.tags() == {"worker": "w1", "level": "s", "users": None, "phase": "measure"}
    assert bench.tags({"level": "own", "worker": "w2"}) == {"worker": "w2", "level": "own"}
    assert bench_of_level(None).tags() == {"worker": "w1"}


def test_the_bench_of_an_environment() -> None:
    """The last one that was put; where none was, the message says what is missing."""
    bench = bench_of_level(None)
    with pytest.raises(RuntimeError, match=r"no Bedrock run has begun here: a BedrockUser needs bedrock_locust\.setup"):
        bench_of(bench.environment)
    put_bench(bench)
    assert bench_of(bench.environment) is bench


@pytest.mark.parametrize(("restart", "records"), [("level", "001"), ("never", "012")])
def test_a_bench_reads_a_file(tmp_path: Path, restart: str, records: str) -> None:
    """In one sequence for the run, or in one that begins anew with each level."""
    (path := tmp_path / "x.jsonl").write_text('{"prompt": "a"}\n{"prompt": "b"}\n{"prompt": "c"}\n')
    about = {"restart": restart} if restart == "level" else {}
    bench = bench_of_level({"level": "a", "mode": "m", "users": 3, "phase": "warmup"}, file=str(path), **about)
    assert not hasattr(bench, "workload")
    bench.read(RecordFile(path), Prepared(), local_positions(HandedOut()))
    found = [bench.workload.next().about["record"]]
    setattr(bench.environment.parsed_options, LEVEL, {"level": "b", "mode": "m", "users": 3, "phase": "warmup"})
    found += [bench.workload.next().about["record"] for _ in range(2)]
    assert "".join(map(str, found)) == records


def test_a_survey_of_a_file(tmp_path: Path) -> None:
    """What plan and forecast count with, and what run.json has."""
    content = [
        {"prompt": "x" * 80, "max_tokens": 5},
        {"messages": [{"role": role, "content": "y" * 40} for role in ("user", "assistant", "user")], "max_tokens": 30},
        {"prompt": 5},
        {"prompt": "z" * 8},
    ]
    (path := tmp_path / "x.jsonl").write_text("".join(json.dumps(one) + "\n" for one in content))
    lines, turns = [], list[int]()
    for about in ({}, {"turns": 5}, {"turns": 2, "passes": 3, "think_time_seconds": 4}):
        workload = {"file": str(path), "on_bad": "skip", **about}
        settings = Settings.model_validate({"model": {"id": "m"}, "test": {"max_tokens": 70}, "workload": workload})
        found = Library(lambda: turns.append(1)).survey(settings)
        assert found
        facts = {
            name: getattr(found, name) for name in ("calls", "prompt_tokens", "most_prompt", "limits", "most_limit")
        }
        counted = found.counted(settings).workload
        assert counted
        public = {name: value for name, value in found.public().items() if name != "sha256"}
        lines += [flat(about), f"  {flat(facts)} {found.positions(settings)}", f"  {flat(public)}"]
        lines.append(f"  {flat(counted.model_dump(exclude_defaults=True))}")
    check_lines("survey.txt", lines)
    seen = list[tuple[int, int]]()
    paused = list[int]()
    file = RecordFile(path)
    survey(
        file, settings, lambda index, request: seen.append((index, request.about["record"])), lambda: paused.append(1)
    )
    assert (seen, len(paused)) == ([(0, 0), (1, 1), (3, 3)], 1)


def test_a_library_opens_a_file_once(tmp_path: Path) -> None:
    """Until it changes; what is in it is looked at again where a setting that decides it has changed."""
    (path := tmp_path / "x.jsonl").write_text('{"prompt": "a"}\n')
    library = Library()

    def of(**about: Any) -> Settings:
        return Settings.model_validate({"model": {"id": "m"}, "workload": {"file": str(path)}, **about})

    first = library.survey(of())
    assert first
    assert library.open(str(path)) is first.file
    assert library.survey(of(pricing={"input_per_million": 1, "output_per_million": 1})) is first
    second = library.survey(of(test={"max_tokens": 5}))
    assert second
    assert (second is first, second.file is first.file) == (False, True)
    path.write_text('{"prompt": "a"}\n{"prompt": "b"}\n')
    third = library.survey(of(test={"max_tokens": 5}))
    assert third
    assert (third.records, third.file is first.file) == (2, False)
    assert library.survey(Settings.model_validate({"model": {"id": "m"}})) is None


@pytest.mark.parametrize(
    ("size", "unique", "template", "prompt"),
    [
        (9, False, "Say {size}!", "Say 9! Gi"),
        (6, False, "Say {size}!", "Say 6!"),
        (5, False, "Say {size}!", "Say 5"),
        (7, False, "Say {size}!", "Say 7! "),
        (20, False, "x", f"x{PADDING}"[:20]),
        (70, False, "x", f"x{PADDING * 3}"[:70]),
        (30, False, "", DEFAULT_TEMPLATE[:30]),
    ],
)
def test_prompts_of_a_size(size: int, unique: bool, template: str, prompt: str) -> None:
    """Exactly so long, padded or cut."""
    assert Prompts(template, size, unique).next() == prompt
    assert len(Prompts(template, size).next()) == size
    assert Prompts(template, 30).next()[:1] + Prompts(template, 30).next()[9:11] == "[] "


@pytest.mark.parametrize(
    ("model", "least"),
    [
        ("anthropic.claude-opus-4-5-v1:0", 4096),
        ("us.anthropic.claude-haiku-4-5", 4096),
        ("anthropic.claude-sonnet-4-6", 2048),
        ("anthropic.claude-3-5-haiku", 2048),
        ("anthropic.claude-sonnet-4-20250514", 1024),
        ("anthropic.claude-3-7-sonnet", 1024),
        ("amazon.nova-lite-v1:0", 1536),
        ("amazon.nova-micro-v1:0", 1536),
        ("us.amazon.nova-pro-v1:0", 1024),
        ("meta.llama3", None),
    ],
)
def test_the_least_prefix_that_is_cached(model: str, least: int | None) -> None:
    """And what is said of one that is shorter by a token."""
    assert least_tokens(model) == least

    def said(tokens: int | None, cache: str = "5m") -> str:
        prefix = {"shared_prefix_tokens": tokens, "cache": cache} if tokens else {}
        workload = {"input_tokens": 9000, **prefix}
        return too_short(Settings.model_validate({"model": {"id": model}, "workload": workload}))

    assert said(least or 1) == said(None) == said(5, "off") == ""
    short = (least or 2) - 1
    assert said(short) == (
        f"workload.shared_prefix_tokens is {short:,}, and {model} caches a prefix only from {least:,} tokens on:"
        " nothing will be cached"
        if least
        else ""
    )


def test_the_format_that_models_have_in_common() -> None:
    """None where they differ, or one is not known."""
    claude, other = "anthropic.claude-3", "us.anthropic.claude-opus-5"
    assert common_format([claude, other]) == "claude"
    assert common_format([claude]) == "claude"
    assert common_format([claude, "meta.llama3"]) is common_format([claude, "x"]) is common_format([]) is None
