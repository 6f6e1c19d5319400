"""Lengths from distributions and files."""

from __future__ import annotations

import contextlib
import json
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Settings
from bedrock_locust.settings.workload import Length
from bedrock_locust.workload.lengths import Drawer, values_of, with_lengths_of_files

if TYPE_CHECKING:
    from pathlib import Path

AZURE = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:15:46.6805900,374,44
2023-11-16 18:15:50.9951690,396,109
"""
BURST = """Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type
5,ChatGPT,472,18,490,Conversation log
6,GPT-4,9,0,9,x
"""
MOONCAKE = """{"timestamp": 0, "input_length": 6755, "output_length": 500, "hash_ids": [0, 1]}

{"input_length": 7, "output_length": 8}
"""


@pytest.mark.parametrize(
    ("content", "key", "values"),
    [
        ("10\n20\n\n20\n", "input_tokens", (10, 20, 20)),
        ("\ufeff10\r\n2.6\r\n", "output_tokens", (3, 10)),
        ("input_tokens\n7\n", "input_tokens", (7,)),
        (AZURE, "input_tokens", (374, 396)),
        (AZURE, "output_tokens", (44, 109)),
        (BURST, "output_tokens", (18,)),
        (MOONCAKE, "input_tokens", (7, 6755)),
        (MOONCAKE, "output_tokens", (8, 500)),
    ],
)
def test_a_file_has_lengths(tmp_path: Path, content: str, key: str, values: tuple[int, ...]) -> None:
    """A number a line, or the columns of public traces; a length of 0 is a call that failed."""
    path = tmp_path / "lengths"
    path.write_text(content, encoding="utf-8", newline="")
    assert values_of(path, key) == values


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            "10\nx\n",
            "line 2: has no length. A file has a number a line, or a column of one of these names: in",
        ),
        ("other,names\n1,2\n", "line 1: has no length"),
        ('{"input_length": 5}\n{"input', "line 2: is no JSON object"),
        ('{"input_length": 5}\n{"other": 5}\n', "line 2: has no length"),
        ('{"input_length": 5}\n[5]\n', "line 2: is no JSON object"),
        ("ContextTokens\n5,6\n\n0\n1e999\n", "line 5: has no length"),
        ("", "has no length"),
        ("ContextTokens\n0\n", "has no lengths"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path: Path, content: str, words: str) -> None:
    """It names the file, the line and what may stand there."""
    path = tmp_path / "lengths.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        values_of(path, "input_tokens")
    assert f"workload.input_tokens: {path}" in str(refused.value)
    assert words in str(refused.value)


@given(st.binary(max_size=200))
def test_no_file_is_a_traceback(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Whatever is in it: lengths, or a SettingsError."""
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    with contextlib.suppress(SettingsError):
        assert all(value > 0 for value in values_of(path, "output_tokens"))


def test_a_folder_or_nothing_is_one_line(tmp_path: Path) -> None:
    """What cannot be read says why."""
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(SettingsError, match="cannot be read"):
            values_of(path, "input_tokens")


def test_many_lengths_become_permilles(tmp_path: Path) -> None:
    """The settings of a run stay small, and keep the distribution."""
    path = tmp_path / "lengths.csv"
    path.write_text("\n".join(map(str, range(1, 50_001))))
    values = values_of(path, "input_tokens")
    assert len(values) == 1000
    assert (values[0], values[500], values[-1]) == (26, 25_026, 49_976)


def test_the_lead_reads_and_workers_get_the_values(tmp_path: Path) -> None:
    """A worker needs no copy of the file."""
    path = tmp_path / "lengths.csv"
    path.write_text("5\n7\n")
    settings = Settings.model_validate({"model": {"id": "m"}, "workload": {"input_tokens": {"from": str(path)}}})
    there = Settings.model_validate(json.loads(json.dumps(with_lengths_of_files(settings).public())))
    path.unlink()
    assert with_lengths_of_files(there) == there
    assert there.workload is not None
    assert there.workload.input_tokens is not None
    assert there.workload.input_tokens.values == (5, 7)


LENGTHS = st.sampled_from(
    [500, {"mean": 5, "stddev": 50}, {"median": 5, "mean": 500}, {"values": [1, 9], "weights": [0, 1]}]
)


@given(LENGTHS, st.integers(), st.none() | st.integers(1, 20))
def test_lengths_are_whole_in_range_and_repeatable(length: object, seed: int, most: int | None) -> None:
    """From 1 on, at most `max`, and the same for the same seed."""
    values = {**Length.model_validate(length).model_dump(), "max": most}
    drawn = [[Drawer(Length.model_validate(values), Random(seed)).draw() for _ in range(9)] for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert all(1 <= one <= (most or 10_000_000) for one in drawn[0])
