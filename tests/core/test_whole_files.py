"""All that `workload` and `trace` print of files, in golden files.

`UPDATE_GOLDEN=1 pytest tests/core/test_whole_files.py` writes them anew: read the difference.
"""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust import commands

from .golden_files import check_text
from .replays import line
from .test_traces import folder_of, logged

if TYPE_CHECKING:
    from pathlib import Path

PRICES = {"input_per_million": 1000, "output_per_million": 2000, "currency": "EUR"}
USERS = {"start": 1, "end": 2, "duration_seconds": 60}
ONE_MODE = {"max_tokens": 100, "non_streaming": False}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to be in, and an environment without options."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("BEDROCK_")]:
        monkeypatch.delenv(name)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """All that a command says, and how it ends, where that is not well."""
    code = commands.main([*arguments])
    out, err = capsys.readouterr()
    return [*out.splitlines(), *(f"! {one}" for one in err.splitlines()), *([f"exit code {code}"] if code else [])]


def turns(count: int, size: int) -> dict[str, Any]:
    """A conversation."""
    said_ = [{"from": ("human", "gpt")[number % 2], "value": "x" * size} for number in range(count)]
    return {"conversations": said_}


def converse(*content: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A request."""
    return {"messages": [{"role": "user", "content": list(content)}], **more}


PICTURE = {"image": {"format": "png", "source": {"bytes": base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 92).decode()}}}
POINT = {"cachePoint": {"type": "default"}}
FILES: dict[str, tuple[list[Any], dict[str, Any], tuple[str, ...]]] = {
    "prompts without a limit, two of them printed": (
        [{"prompt": "x" * 400}, {"prompt": "größe"}, {"prompt": "y" * 4000, "max_tokens": 7}],
        {"pricing": PRICES, "test": ONE_MODE, "concurrency": USERS},
        ("--sample", "2"),
    ),
    "conversations, each in one request": ([turns(4, 400), turns(1, 40), turns(6, 80)], {"test": ONE_MODE}, ()),
    "conversations, turn by turn": (
        [turns(3, 400), turns(5, 400)],
        {"test": ONE_MODE, "workload": {"turns": 2, "file": "other", "cache": "5m"}, "pricing": PRICES},
        (),
    ),
    "a picture and cache points": (
        [converse({"text": "x" * 80}, PICTURE, POINT), converse({"text": "y" * 40}, inferenceConfig={"maxTokens": 9})],
        {"test": ONE_MODE},
        (),
    ),
    "lengths": ([line(0), line(9, output_length=90)], {"test": ONE_MODE, "pricing": PRICES}, ()),
    "bad ones": ([{"prompt": 5}, {"prompt": "x" * 40}, {"prompt": ""}], {"test": ONE_MODE}, ()),
    "nothing that can be sent": ([{"prompt": 5}], {"test": ONE_MODE}, ()),
    "levels of an hour": (
        [{"prompt": "x" * 40}] * 3,
        {"test": ONE_MODE, "concurrency": {"start": 9, "end": 9, "duration_seconds": 3600}, "pricing": PRICES},
        (),
    ),
    "settings of prompts that are made": (
        [{"prompt": "x" * 40}],
        {
            "workload": {"input_tokens": 900, "shared_prefix_tokens": 100, "prefixes": 3, "cache": "1h"},
            "test": ONE_MODE,
        },
        (),
    ),
}


def test_workloads_are_as_they_were_read_and_approved(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every line of them, but for the hash of the file, which is in each."""
    parts = []
    for name, (records, sections, arguments) in FILES.items():
        (here / "x.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in records), encoding="utf-8")
        (here / "config.json").write_text(json.dumps({"model": {"id": "m"}, **sections}), encoding="utf-8")
        lines = said(capsys, "workload", "x.jsonl", *arguments)
        assert sum(one.startswith("  File      x.jsonl, SHA-256 ") and len(one) == 41 for one in lines) == 1
        parts.append("\n".join([f"# {name}", *(one for one in lines if "SHA-256" not in one)]))
    check_text("files/workloads.txt", "\n\n".join(parts) + "\n")


def test_a_trace_in_the_settings_is_one_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what is sent, and so does the file."""
    (here / "x.jsonl").write_text('{"prompt": "x"}', encoding="utf-8")
    config = {"model": {"id": "m"}, "arrivals": {"trace": "t.jsonl"}}
    (here / "config.json").write_text(json.dumps(config), encoding="utf-8")
    line_ = "! config.json: arrivals.trace says what is sent: remove workload.file, or the trace"
    assert said(capsys, "workload", "x.jsonl") == [line_, "exit code 2"]


def test_traces_are_as_they_were_read_and_approved(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Logs of several models and sessions, their parts, a trace that is read again, and what is wrong."""
    models = [f"vendor.model-{n % 7}" for n in range(20)]
    logs = [logged(3 * n, modelId=one) for n, one in enumerate(models)]
    folder_of(here / "logs", *logs, logged(70, errorCode="ThrottlingException"), {"schemaType": "Other"})
    records = [line(250 + 1500 * n, session_id=f"s{n % 4}" if n % 5 else f"t{n}") for n in range(30)]
    (here / "old.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in records))
    asked = (
        ("logs",),
        ("logs", "--from", "2026-11-27T08:30:10Z", "--to", "2026-11-27T08:30:40Z", "-o", "new.jsonl.gz"),
        ("new.jsonl.gz",),
        ("logs", "--with-content", "-o", "all.jsonl"),
        ("logs", "-o", "all.jsonl"),
        ("logs", "--from", "2027-01-01"),
        ("logs", "--from", "soon"),
        ("old.jsonl",),
        ("nothing.jsonl",),
    )
    parts = ["\n".join([f"# {' '.join(one)}", *said(capsys, "trace", *one)]) for one in asked]
    check_text("files/traces.txt", "\n\n".join(parts) + "\n")
