"""What was sent: the lengths that were asked for, beside those that came out."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import reports
from reports.edition import edition
from reports.numbers.sent import Length, Source
from reports.reading.run import read
from reports.report import markdown

from . import run_folders as make
from .test_schema import check

if TYPE_CHECKING:
    from pathlib import Path

    from .run_folders import Folder


def run_of(asked: int | None = 100, **cells: object) -> Folder:
    """A run with a workload, whose calls have these cells."""
    run = make.shaped(("streaming",), (4,))
    run.info["settings"]["workload"] = {"input_tokens": {"mean": 100}}
    for row in run.requests:
        row.update({"input_tokens_asked": asked, "input_tokens": 60, "cache_read_tokens": 41, **cells})
    return run


def test_lengths_stand_beside_those_that_were_asked_for(tmp_path: Path) -> None:
    """Tokens from the cache are part of the prompt, and answers say how many were cut off."""
    run = run_of(output_tokens=50, max_tokens=256, stop_reason="end_turn")
    measured = [row for row in run.requests if row["phase"] == "measure"]
    for row in measured[: len(measured) // 4]:
        row.update(output_tokens=256, stop_reason="max_tokens")
    found = edition(read(run.write(tmp_path)))
    assert found.sent is not None
    assert found.sent.input_tokens == Length((100, 100), (101, 101))
    assert found.sent.output_tokens == Length((256, 256), (50, 256))
    assert 0.2 < found.sent.cut_share <= 0.25
    text = markdown(found, {})
    assert "| Input tokens  |            100 |         101 |            100 |         101 |" in text
    assert "Answers that ended because they reached `max_tokens`:" in text
    reports.write(tmp_path, formats=["json"])
    check("report", json.loads((tmp_path / "report.json").read_text()))


def test_what_is_not_known_is_not_said(tmp_path: Path) -> None:
    """Without stop reasons and lengths that were asked for, there is a dash, and no share."""
    found = edition(read(run_of(None, stop_reason="").write(tmp_path)))
    assert found.sent is not None
    assert math.isnan(found.sent.cut_share)
    text = markdown(found, {})
    assert "What was sent" in text
    assert "ended because they reached" not in text


def test_a_run_without_a_workload_has_no_such_section(tmp_path: Path) -> None:
    """As runs have always been."""
    found = edition(read(make.shaped(("streaming",), (4,)).write(tmp_path)))
    assert found.sent is None
    assert "What was sent" not in markdown(found, {})


def test_the_file_and_its_passes_are_said(tmp_path: Path) -> None:
    """Format, hash, records, and what was given out and not sent; a conversation counts once."""
    run = run_of()
    for number, row in enumerate(run.requests):
        row.update(record=number // 2 % 10, session=f"s{number // 2}", turn=number % 2 + 1)
    sent = (len(run.requests) + 1) // 2
    run.info["workload"] = {
        "format": "sharegpt",
        "sha256": "abcdef0123456789",
        "records": 10,
        "bad": 2,
        "bytes": 5,
        "kinds": {"text": 9, "image": 3, "other": 1},
        "media_bytes": 2_500_000,
        "handed_out": sent + 7,
    }
    found = edition(read(run.write(tmp_path)))
    assert found.sent is not None
    assert found.sent.source == Source(
        *("sharegpt", "abcdef0123456789", 10, 2, sent, 7), kinds={"text": 9, "image": 3}, media_bytes=2_500_000
    )
    text = markdown(found, {})
    assert "a file of 10 records (format `sharegpt`, SHA-256 `abcdef012345`…)" in text
    assert "left out: 2." in text
    assert "Records with text: 9, images: 3. Images and documents of all records have 2.50 MB" in text
    assert "did not send before the end: 7." in text
    assert "Records were sent again" in text
    reports.write(tmp_path, formats=["json"])
    check("report", json.loads((tmp_path / "report.json").read_text()))


def test_waiting_is_shown_by_length(tmp_path: Path) -> None:
    """A table by prompt, and a heat map where answers vary as well; nothing where neither does."""
    run = run_of(cache_read_tokens=0)
    for number, row in enumerate(run.requests):
        row.update(input_tokens=100 * (1 + number % 7), output_tokens=20 + 80 * (number // 7 % 2))
        row.update(ttft_ms=row["input_tokens"], latency_ms=1000 + row["input_tokens"] + row["output_tokens"])
    found = edition(read(run.write(tmp_path)))
    assert found.lengths is not None
    table = found.lengths.by_input
    assert int(table["calls"].sum()) == found.sent.calls if found.sent else False
    assert table["ttft_ms"].is_monotonic_increasing
    assert list(table["low"]) == [100, *(int(low) for low in table["low"][1:])]
    text = markdown(found, {"lengths": "charts/lengths.svg"})
    assert "| Prompt (tokens) |" in text
    assert "median latency by input and output tokens" in text
    reports.write(tmp_path, formats=["json"])
    told = json.loads((tmp_path / "report.json").read_text())
    check("report", told)
    assert len(told["by_length"]["by_input"]) == len(table)
    assert told["by_length"]["cells"]
    same = edition(read(run_of().write(tmp_path / "same")))
    assert same.lengths is None
