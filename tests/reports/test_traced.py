"""What the traces of responses tell: guardrails and prompt routers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from reports.edition import Edition, edition
from reports.reading.run import read
from reports.report import write
from reports.sections.traced import guardrails, routed

from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path

MODELS = ("us.amazon.nova-pro-v1:0", "us.amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1:0", "")


def folder(modes: tuple[str, ...] = ("streaming", "non_streaming")) -> make.Folder:
    """Of four calls, two go to one model, one to another, and one to none; every second one had a guardrail."""
    run = make.shaped(modes, (4, 8))
    for number, row in enumerate(run.requests):
        row["routed_model"] = MODELS[number % 4]
        row["guardrail_ms"] = 100.0 + number % 50 if number % 2 else ""
    return run


def edited(run: make.Folder, path: Path, language: str = "en") -> Edition:
    """The analysis of a run."""
    return edition(read(run.write(path)), language)


def good(run: make.Folder) -> list[dict[str, Any]]:
    """The measured successes."""
    return [row for row in run.requests if row["phase"] == "measure" and not row.get("error")]


def test_each_model_has_its_calls(tmp_path: Path) -> None:
    """The share is of the routed calls of the mode; streaming first, and of each mode the most frequent first."""
    run = folder()
    rows = edited(run, tmp_path).routed
    assert rows["mode"].tolist() == ["streaming", "streaming", "non_streaming", "non_streaming"]
    assert rows["model"].tolist() == [MODELS[1], MODELS[0]] * 2
    for _, row in rows.iterrows():
        own = [one for one in good(run) if one["mode"] == row["mode"] and one["routed_model"] == row["model"]]
        of_mode = [one for one in good(run) if one["mode"] == row["mode"] and one["routed_model"]]
        assert row["calls"] == len(own)
        assert row["share"] == pytest.approx(len(own) / len(of_mode))
        assert row["latency_ms_p95"] == pytest.approx(np.percentile([one["latency_ms"] for one in own], 95), rel=1e-5)
    assert rows["ttft_ms_p50"].notna().tolist() == [True, True, False, False]


def test_guardrails_by_level(tmp_path: Path) -> None:
    """Beside the latency of the same calls; levels in the order of the report."""
    run = folder()
    found = edited(run, tmp_path)
    assert found.guardrails["level"].tolist() == list(found.figures.index)
    for _, row in found.guardrails.iterrows():
        own = [one for one in good(run) if one["level"] == row["level"] and one["guardrail_ms"]]
        assert row["calls"] == len(own)
        for name in ("guardrail_ms", "latency_ms"):
            expected = np.percentile([one[name] for one in own], 50)
            assert row[f"{name}_p50"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("language", "words"), [("en", "## Guardrail"), ("zh", "## 护栏")])
def test_the_report_shows_them(tmp_path: Path, language: str, words: str) -> None:
    """Each in a table of its own, and in the JSON."""
    run = folder(("streaming",))
    found = edited(run, tmp_path, language)
    text = guardrails(found, {}) + routed(found, {})
    assert words in text
    assert f"`{MODELS[1]}`" in text
    assert "nan" not in text.lower()
    write(tmp_path, language=language, formats=["json"])
    said = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert [row["model"] for row in said["routed"]] == [MODELS[1], MODELS[0]]
    assert len(said["guardrails"]) == 2


def test_a_run_without_either(tmp_path: Path) -> None:
    """Says nothing of them."""
    found = edited(make.shaped(("streaming",), (4,)), tmp_path)
    assert guardrails(found, {}) == routed(found, {}) == ""
    assert found.guardrails.empty
    assert found.routed.empty
