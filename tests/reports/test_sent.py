"""What was sent: the lengths that were asked for, beside those that came out."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import reports
from reports.edition import edition
from reports.numbers.answers import AT_THE_LIMIT
from reports.numbers.sent import KINDS, Length, Sent, Source, sent
from reports.reading.run import read
from reports.report import markdown

from . import run_folders as make
from .few_calls import call
from .few_calls import run_of as few_calls_of
from .test_schema import check

if TYPE_CHECKING:
    from pathlib import Path

    from reports.reading.run import Run

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


def with_file(run: Run, **workload: Any) -> Run:
    """The same run, whose requests came from such a file."""
    return replace(run, info=run.info | {"workload": workload})


def test_what_was_sent_by_hand(tmp_path: Path) -> None:
    """P50 and P95 of measured successes; a record counts whenever it was sent, a conversation at its first turn."""
    cells: list[dict[str, Any]] = [
        {"input_tokens_asked": 10, "input_tokens": 6, "cache_read_tokens": 5, "max_tokens": 40, "output_tokens": 40},
        {"input_tokens_asked": 20, "input_tokens": 16, "cache_write_tokens": 5, "max_tokens": 60, "output_tokens": 20},
        {"input_tokens_asked": "", "input_tokens": "", "max_tokens": "", "output_tokens": 9, "stop_reason": ""},
        {"input_tokens_asked": 999, "max_tokens": 999, "error": "ModelError", "stop_reason": "max_tokens", "turn": 1},
        {"input_tokens_asked": 999, "max_tokens": 999, "phase": "warmup", "stop_reason": "max_tokens", "turn": 2},
        {"input_tokens_asked": 999, "max_tokens": 999, "error": "Cancelled", "turn": 3, "record": ""},
    ]
    for row, reason in zip(cells, ("max_tokens", "end_turn"), strict=False):
        row["stop_reason"] = reason
    calls = [call("streaming-04", at, **{"record": at} | one) for at, one in enumerate(cells)]
    run, known = few_calls_of(tmp_path, calls, workload={"file": "x"})
    found = sent(run, known)
    assert found == Sent(
        calls=3,
        input_tokens=Length((15, 19.5), (16, 20.5)),
        output_tokens=Length((50, 59), (20, 38)),
        cut_share=0.5,
        source=None,
    )
    kinds = {kind: number for number, kind in enumerate(KINDS)}
    said = {"format": "openai", "sha256": "abc", "records": 8, "bad": 3, "media_bytes": 5, "handed_out": 9}
    found = sent(with_file(run, **said, kinds=kinds | {"other": 4}), known)
    assert found is not None
    assert found.source == Source(
        "openai", "abc", 8, 3, 4, 5, kinds={kind: n for kind, n in kinds.items() if n}, media_bytes=5
    )
    assert found.source.passes == 0.5
    for given, unsent in ((None, None), (4, 0), (3, 0), (5, 1)):
        found = sent(with_file(run, records=0, handed_out=given), known)
        assert found is not None
        assert found.source == Source("", "", 0, 0, 4, unsent, {}, 0)
        assert found.source.passes == 0


@pytest.mark.parametrize("workload", [None, [], "x"])
def test_only_a_workload_says_what_was_to_be_sent(tmp_path: Path, workload: Any) -> None:
    """Its settings are an object."""
    assert sent(*few_calls_of(tmp_path, [call("streaming-04")], workload=workload)) is None


@pytest.mark.parametrize(("reason", "share"), [*((reason, 1.0) for reason in AT_THE_LIMIT), ("stop", 0.0), ("", None)])
def test_answers_that_their_limit_cut(tmp_path: Path, reason: str, share: float | None) -> None:
    """In the words of each API; not known where no call says why it ended."""
    found = sent(*few_calls_of(tmp_path, [call("streaming-04", stop_reason=reason)], workload={}))
    assert found is not None
    assert found.cut_share == share if share is not None else math.isnan(found.cut_share)
