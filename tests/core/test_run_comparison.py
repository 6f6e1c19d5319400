"""Two runs compared for a page."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from bedrock_locust.outputs.web import comparison
from bedrock_locust.outputs.web.comparison import ComparisonError, compare
from tests.reports import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path


def test_two_runs_are_compared_with_a_chart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is the base; the secrets of this process stay in it, and nothing of it is left on the disk."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    runs = [
        make.shaped(("streaming",), (4, 8), length_s=8, seed=seed).write(tmp_path / f"run-{seed}") for seed in (1, 2)
    ]
    made = compare(runs)
    assert made.markdown.startswith("# Bedrock load tests compared\n")
    assert made.markdown.index("`run-1`") < made.markdown.index("`run-2`")
    kind, content = made.chart.split(",", 1)
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(content).startswith(b"<svg")
    assert list((tmp_path / "scratch").iterdir()) == []


def test_why_there_is_no_comparison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last line of what the command says; or that it took too long."""
    with pytest.raises(
        ComparisonError, match=r"^The runs could not be compared: python -m reports: no folder .*none: "
    ):
        compare([tmp_path / "none", tmp_path / "none-2"])
    monkeypatch.setattr(comparison, "LIMIT_S", 0.01)
    with pytest.raises(ComparisonError, match=r"^The runs could not be compared: .*timed out after 0.01 seconds"):
        compare([tmp_path / "none", tmp_path / "none-2"])
