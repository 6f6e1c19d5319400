"""What is sent for the records of a file, in each API, and why some cannot be sent, in golden files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.settings.schema import Settings
from bedrock_locust.workload.jsonl import RecordFile
from bedrock_locust.workload.measured import (
    chars_in,
    kinds_in,
    limit_in,
    media_bytes_in,
    points_in,
    prompts_in,
    sent_in,
)
from bedrock_locust.workload.recorded import RecordedWorkload
from bedrock_locust.workload.records import RecordError

from .approved import check_lines, flat, shortened
from .sample_records import READ, SENT

if TYPE_CHECKING:
    from pathlib import Path

    from bedrock_locust.workload.contract import Request

FORMS: dict[str, dict[str, Any]] = {
    "converse": {"id": "m"},
    "messages": {"id": "m", "api": "messages"},
    "chat": {"id": "m", "api": "chat"},
    "chat of OpenAI": {"id": "openai.gpt-5.6-sol", "api": "chat"},
    "responses": {"id": "m", "api": "responses"},
    "claude": {"id": "m", "api": "invoke", "format": "claude"},
    "nova": {"id": "m", "api": "invoke", "format": "nova"},
    "open_weight": {"id": "m", "api": "invoke", "format": "open_weight"},
    "llama": {"id": "meta.llama3-8b-instruct-v1:0", "api": "invoke"},
}
"""Where requests go: the section `model`."""


def settings_of(file: Path, model: dict[str, Any], **test: Any) -> Settings:
    """Settings with a workload of this file, and a temperature."""
    return Settings.model_validate(
        {"model": model, "test": {"max_tokens": 99, **test}, "workload": {"file": str(file)}}
    )


def said(request: Request) -> str:
    """What is sent, how long it is and what is in it."""
    body = sent_in(request)
    about = {name: value for name, value in request.about.items() if value is not None and name != "record"}
    kinds, prompts = " ".join(sorted(kinds_in(body))), " ".join(map(str, prompts_in(body)))
    sizes = f"{chars_in(body)} characters ({prompts}), {media_bytes_in(body)} bytes, {points_in(body)} points"
    around = "body" in request.arguments and {k: v for k, v in request.arguments.items() if k != "body"}
    shown = f"{flat(around)} {flat(shortened(body))}" if around else flat(shortened(body))
    return f"{shown} = {kinds}; {sizes}, limit {limit_in(body)}{f', {flat(about)}' if about else ''}"


def sent(file: RecordFile, settings: Settings, index: int) -> str:
    """The request of a record, or why there is none."""
    try:
        return said(RecordedWorkload(settings, file, lambda _: 0).request(index))
    except RecordError as error:
        return f"RecordError: {error}"


def file_of(folder: Path, records: list[Any]) -> RecordFile:
    """A file with these records, and an image beside it."""
    (folder / "a.png").write_bytes(b"a picture")
    (folder / "x.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return RecordFile(folder / "x.jsonl")


@pytest.mark.parametrize("form", FORMS)
def test_each_record_in_each_api(form: str, tmp_path: Path) -> None:
    """The whole request, or what the API cannot have."""
    file = file_of(tmp_path, list(SENT.values()))
    settings = settings_of(file.path, FORMS[form], temperature=0.5)
    lines = [f"{name}: {sent(file, settings, index)}" for index, name in enumerate(SENT)]
    check_lines(f"requests/{form.replace(' ', '_')}.txt", lines)


@pytest.mark.parametrize("name", READ)
def test_each_format_of_records(name: str, tmp_path: Path) -> None:
    """By Converse, or the API that the record is for."""
    lines = []
    file = file_of(tmp_path, READ[name])
    for index, record in enumerate(READ[name]):
        found = sent(file, settings_of(file.path, FORMS["converse"]), index)
        if (api := found.rpartition("set model.api to ")[2]) in {"chat", "messages", "responses"}:
            found = f"{api}: {sent(file, settings_of(file.path, FORMS[api]), index)}"
        elif api == "invoke":
            found = f"{api}: {sent(file, settings_of(file.path, FORMS['open_weight']), index)}"
        lines.append(f"{found} | {flat(record)}")
    check_lines(f"requests/records_{name.replace(' ', '_')}.txt", lines)
