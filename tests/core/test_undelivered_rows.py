"""Rows that a worker could not hand over go to a file of its own, which has the format of `requests.csv`."""

from __future__ import annotations

import csv
import tempfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.call import COLUMNS, Call
from bedrock_locust.team.undelivered_rows import keep

from .strategies import calls

if TYPE_CHECKING:
    from pathlib import Path


@given(st.lists(calls(), max_size=5))
def test_the_rows_are_those_of_a_run_folder(found: list[Call]) -> None:
    """Header and one line for each call; what is not known is empty."""
    with tempfile.TemporaryDirectory() as directory:
        path = keep(f"{directory}/results", "0123456789", "w_1", [call.to_row() for call in found])
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert path.name == "orphaned-01234567-w_1.csv"
        assert len(rows) == len(found)
        for row, call in zip(rows, found, strict=True):
            assert list(row) == list(COLUMNS)
            assert row["request_id"] == call.request_id
            assert float(row["latency_ms"]) == pytest.approx(call.latency_ms, rel=1e-5, abs=1e-3)
            assert (row["output_tokens"] == "") == (call.output_tokens is None)


@pytest.mark.parametrize("run", ["../../etc", "/etc/passwd", "a/b", "..", "\n\t x"])
def test_the_name_of_a_run_leads_nowhere_else(tmp_path: Path, run: str) -> None:
    """It comes from the master."""
    assert keep(str(tmp_path), run, "w_1", []).parent == tmp_path
    assert len(list(tmp_path.iterdir())) == 1
