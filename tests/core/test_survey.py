"""What is in a workload file, before the first call."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Settings
from bedrock_locust.settings.sizes import sizes
from bedrock_locust.workload.survey import Library, survey

if TYPE_CHECKING:
    from pathlib import Path

BAD = '{"prompt": "a secret"}\n{"prompt": 5}\n{"prompt"\n{"prompt": "x", "max_tokens": 7}\n'


def settings_of(path: Path, model: dict[str, Any] | None = None, **workload: Any) -> Settings:
    """Settings with this file."""
    return Settings.model_validate({"model": {"id": "m", **(model or {})}, "workload": {"file": str(path), **workload}})


def written(path: Path, content: str = BAD) -> Path:
    """A file with this content."""
    path.write_text(content)
    return path


def test_bad_records_keep_a_run_from_beginning(tmp_path: Path) -> None:
    """Each is a line with its number, and nothing of it is shown."""
    path = written(tmp_path / "x.jsonl")
    with pytest.raises(SettingsError) as refused:
        Library().survey(settings_of(path))
    assert refused.value.lines == (
        f"workload.file: {path}, line 2: prompt must be a text",
        f"workload.file: {path}, line 3: it is not valid JSON at column 10: Expecting ':' delimiter",
        "workload.file: correct these records, or set workload.on_bad to skip to leave them out",
    )


def test_bad_records_can_be_left_out(tmp_path: Path) -> None:
    """They are counted; a file of nothing else is refused all the same."""
    path = written(tmp_path / "x.jsonl")
    found = Library().survey(settings_of(path, on_bad="skip"))
    assert found is not None
    assert (found.records, found.bad, found.format) == (2, [1, 2], "plain")
    public = found.public()
    assert (public["records"], public["bad"], public["bytes"]) == (2, 2, len(BAD))
    assert "secret" not in json.dumps(public)
    with pytest.raises(SettingsError, match="line 1"):
        Library().survey(settings_of(written(tmp_path / "y.jsonl", '{"prompt": 5}\n'), on_bad="skip"))


def test_many_bad_records_are_counted(tmp_path: Path) -> None:
    """Five are named."""
    path = written(tmp_path / "x.jsonl", '{"prompt": 5}\n' * 30)
    with pytest.raises(SettingsError) as refused:
        Library().survey(settings_of(path))
    assert len(refused.value.lines) == 7
    assert refused.value.lines[5] == "workload.file: 25 more records cannot be sent"
    path = written(tmp_path / "y.jsonl", '{"prompt": 5}\n' * 6)
    with pytest.raises(SettingsError) as refused:
        Library().survey(settings_of(path))
    assert refused.value.lines[5] == "workload.file: 1 more record cannot be sent"


@pytest.mark.parametrize(
    ("model", "record", "words"),
    [
        ({}, {"inputText": "x"}, "it is a body of the API invoke: set model.api to invoke"),
        ({}, {"messages": [{"role": "user", "content": [{"txt": "x"}]}]}, "messages[0].content[0].txt is not known"),
        (
            {},
            {"messages": [{"role": "user", "content": [{"image": {"format": "png", "source": {"path": "../x"}}}]}]},
            "path",
        ),
        ({"api": "chat"}, {"input": "x"}, "set model.api to responses"),
    ],
)
def test_what_this_api_cannot_send_is_bad(tmp_path: Path, model: dict[str, Any], record: Any, words: str) -> None:
    """With the way out."""
    path = written(tmp_path / "x.jsonl", json.dumps(record))
    with pytest.raises(SettingsError) as refused:
        Library().survey(settings_of(path, model))
    assert words in str(refused.value)


def test_a_file_is_read_again_only_if_it_has_changed(tmp_path: Path) -> None:
    """The form of the web page asks for it at each change."""
    library, path = Library(), written(tmp_path / "x.jsonl", '{"prompt": "x"}\n')
    one = library.survey(settings_of(path))
    assert library.survey(settings_of(path)) is one
    assert library.survey(settings_of(path, seed=1, order="shuffled")) is one, "these change no record"
    assert library.survey(settings_of(path, {"api": "chat"})) is not one
    written(path, '{"prompt": "x"}\n{"prompt": "y"}\n')
    os.utime(path, ns=(1, 1))
    again = library.survey(settings_of(path))
    assert again is not None
    assert again.records == 2
    assert library.survey(Settings.model_validate({"model": {"id": "m"}})) is None


def test_each_gets_the_requests_that_can_be_sent(tmp_path: Path) -> None:
    """The command shows them."""
    library, seen = Library(), list[int]()
    settings = settings_of(written(tmp_path / "x.jsonl"))
    survey(library.open(str(tmp_path / "x.jsonl")), settings, lambda index, _: seen.append(index))
    assert seen == [0, 3]


def test_plan_and_forecast_count_the_turns_of_the_file(tmp_path: Path) -> None:
    """A record of one turn and one of four, of which three are sent: two calls each, with what was said before."""
    said = [{"role": role, "content": [{"text": "x" * 40}]} for role in ("user", "assistant") * 4]
    lines = [json.dumps({"messages": messages}) for messages in (said[:1], said[:7])]
    settings = settings_of(written(tmp_path / "x.jsonl", "\n".join(lines)), turns=3)
    found = Library().survey(settings)
    assert found is not None
    counted = found.counted(settings)
    assert counted.workload is not None
    assert counted.workload.calls_each == 2
    assert (sizes(counted).prompt, sizes(counted).sent, sizes(counted).most_sent) == (25, 25, 200)


def test_a_file_without_shared_prefixes_has_nothing_to_cache(tmp_path: Path) -> None:
    """A trace has, as equal ids are equal words; and so have conversations."""
    trace = json.dumps({"input_length": 600, "output_length": 5, "hash_ids": [1, 2]})
    assert Library().survey(settings_of(written(tmp_path / "trace.jsonl", trace), cache="1h"))
    plain = written(tmp_path / "x.jsonl", '{"prompt": "x"}')
    assert Library().survey(settings_of(plain, cache="1h", turns=2))
    with pytest.raises(SettingsError, match=r"nothing to cache: set .*, or send a trace"):
        Library().survey(settings_of(plain, cache="1h"))


def test_plan_and_forecast_count_with_the_lengths_of_the_file(tmp_path: Path) -> None:
    """Its mean, and nothing longer than its longest."""
    lines = [json.dumps({"prompt": "x" * chars, "max_tokens": limit}) for chars, limit in ((400, 10), (1200, 30))]
    settings = settings_of(written(tmp_path / "x.jsonl", "\n".join(lines)))
    found = Library().survey(settings)
    assert found is not None
    size = sizes(found.counted(settings))
    assert (size.prompt, size.limit) == (200, 20)
    assert (size.most_prompt, size.most_limit) == (1200, 30)
    assert sizes(settings).prompt_in_words(settings) == f"from {tmp_path / 'x.jsonl'}"
