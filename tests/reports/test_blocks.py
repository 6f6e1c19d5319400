"""Long tables are worked through in blocks; what comes out does not depend on how long these are."""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.charts import CHARTS, tokens
from reports.edition import edition
from reports.reading import blocks
from reports.reading import calls as requests
from reports.reading.run import read
from reports.report import links, markdown, publish

from . import run_folders as make
from .test_golden import damaged, decision, no_shape, no_tokens

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reports.edition import Edition

    from .conftest import Made

TEXTS = st.sampled_from(["", "a", "b", "c"])


def report_of(analysis: Edition, folder: Path) -> tuple[str, str]:
    """Words and figures."""
    figures = publish(analysis, folder, None, {"json"})
    return markdown(analysis, links(CHARTS, "charts")), figures.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", [decision, no_shape, damaged, no_tokens], ids=lambda case: case.__name__)
def test_a_report_in_small_blocks_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: Callable[[Path], None], made: Made
) -> None:
    """The same words and figures from blocks of few calls as from one block."""
    case(tmp_path)
    whole = report_of(made.edition(case), tmp_path)
    monkeypatch.setattr(blocks, "ROWS", 61)
    monkeypatch.setattr(requests, "PIECE_ROWS", 53)
    assert report_of(edition(read(tmp_path)), tmp_path) == whole


@given(st.lists(st.tuples(TEXTS, TEXTS, st.booleans()), max_size=30), st.integers(1, 8))
def test_calls_that_are_alike_are_counted(rows: list[tuple[str, str, bool]], size: int) -> None:
    """Each combination of texts among the rows chosen, how often it occurs and where first."""
    names = ["", "a", "b", "c"]
    columns = {
        column: pd.Categorical([row[place] for row in rows], categories=names) for place, column in enumerate("xy")
    }
    chosen = np.array([row[2] for row in rows], dtype=bool)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "ROWS", size)
        found = blocks.alike(pd.DataFrame(columns), ["x", "y"], chosen)
    expected = Counter((x, y) for x, y, is_chosen in rows if is_chosen)
    assert {key: same.calls for key, same in found.items()} == expected
    for key, same in found.items():
        assert same.first == next(place for place, row in enumerate(rows) if row == (*key, True))


def test_columns_grow_with_what_they_hold(tmp_path: Path) -> None:
    """More different texts than one byte can number, and a number that first comes in a late piece."""
    random_ = random.Random(1)
    calls = [make.call(random_, make.T0 + at, name=f"n{at}") for at in range(300)]
    calls[299]["cache_read_tokens"] = 7
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests, "PIECE_ROWS", 50)
        found = requests.read(make.Folder(calls, [], {}).write(tmp_path) / "requests.csv").calls
    names = [call["name"] for call in calls]
    assert list(found["name"]) == [*names[:99], *["other"] * 201]
    assert found["cache_read_tokens"].iloc[299] == 7
    assert found["cache_read_tokens"].notna().sum() == 1
    assert found["cache_write_tokens"].isna().all()


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 9), st.integers(1, 20))
def test_every_nth_of_the_calls_chosen_is_drawn(chosen: list[bool], size: int, most: int) -> None:
    """However the calls are cut into blocks: the same ones, spread over all of them, and no more than that number."""
    flags = np.array(chosen, dtype=bool)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "ROWS", size)
        patch.setattr(tokens, "MOST_POINTS", most)
        found = tokens._some(flags).tolist()
    places = np.flatnonzero(flags)
    step = max(math.ceil(len(places) / most), 1)
    assert found == places[::step].tolist()
    assert len(found) <= most
