"""Requests from a file."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.settings.schema import Settings
from bedrock_locust.workload.calibration import Calibration
from bedrock_locust.workload.jsonl import RecordFile
from bedrock_locust.workload.prepared import Prepared
from bedrock_locust.workload.recorded import RecordedWorkload
from bedrock_locust.workload.records import RecordError
from bedrock_locust.workload.source import workload_of

if TYPE_CHECKING:
    from pathlib import Path

    from bedrock_locust.workload.contract import Workload

CHAT = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5}


def workload(  # noqa: PLR0917 - what is tried
    tmp_path: Path,
    records: list[Any],
    api: str = "converse",
    model: str = "m",
    test: Any = None,
    prepared: Prepared | None = None,
    **more: Any,
) -> Workload:
    """The workload of a file with these records."""
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    values = {"model": {"id": model, "api": api}, "test": test or {}, "workload": {"file": str(path), **more}}
    positions = count()
    return workload_of(
        Settings.model_validate(values), prepared or Prepared(), "w", RecordFile(path), lambda: next(positions)
    )


def test_a_record_is_sent_over_the_template(tmp_path: Path) -> None:
    """Its members win, the rest comes from the settings, and its number is in the row."""
    test = {"request": {"system": [{"text": "Be brief"}], "inferenceConfig": {"topP": 0.5}}, "max_tokens": 9}
    found = workload(tmp_path, [{"prompt": "a"}, {"prompt": "b", "max_tokens": 5, "system": "No"}], test=test)
    one, two, three = (found.next() for _ in range(3))
    assert one.arguments["inferenceConfig"] == {"topP": 0.5, "maxTokens": 9}
    assert one.arguments["system"] == [{"text": "Be brief"}]
    assert two.arguments["inferenceConfig"] == {"topP": 0.5, "maxTokens": 5}
    assert two.arguments["system"] == [{"text": "No"}]
    assert [each.about["record"] for each in (one, two, three)] == [0, 1, 0]


def test_limits_without_one_in_the_record_are_drawn(tmp_path: Path) -> None:
    """From `workload.output_tokens`."""
    found = workload(tmp_path, [{"prompt": "a"}], output_tokens={"values": [3, 4]})
    assert {found.next().arguments["inferenceConfig"]["maxTokens"] for _ in range(30)} == {3, 4}


@pytest.mark.parametrize(
    ("api", "model", "record", "expected"),
    [
        ("chat", "m", {"model": "gpt", "tools": [], **CHAT}, {"tools": [], **CHAT, "model": "m"}),
        ("messages", "m", {"thinking": {}, **CHAT}, {"thinking": {}, **CHAT, "model": "m"}),
        ("responses", "m", {"input": "x"}, {"input": "x", "model": "m"}),
    ],
)
def test_a_body_of_the_api_is_sent_as_it_is(
    tmp_path: Path, api: str, model: str, record: Any, expected: dict[str, Any]
) -> None:
    """But for its model, which the settings name."""
    assert workload(tmp_path, [record], api, model).next().arguments == expected


def test_a_body_of_another_api_is_carried_over(tmp_path: Path) -> None:
    """As long as it has messages of text and images."""
    arguments = workload(tmp_path, [{"model": "gpt", **CHAT}]).next().arguments
    assert arguments["messages"] == [{"role": "user", "content": [{"text": "Hello"}]}]
    assert arguments["inferenceConfig"] == {"maxTokens": 5}
    body = json.loads(
        workload(tmp_path, [{"prompt": "Hello"}], "invoke", "anthropic.claude-3").next().arguments["body"]
    )
    assert body["messages"][0]["content"] == [{"type": "text", "text": "Hello"}]


def test_a_length_becomes_words_and_equal_ids_equal_beginnings(tmp_path: Path) -> None:
    """So prefixes are shared as in the trace."""
    records = [{"input_length": 2000, "hash_ids": [1, 2, last], "output_length": 7} for last in (3, 4)]
    found = workload(tmp_path, records, prepared=Prepared({"m": Calibration(2, 0)}))
    one, two = (found.next() for _ in range(2))
    texts = [each.arguments["messages"][0]["content"][0]["text"].split() for each in (one, two)]
    assert [len(text) for text in texts] == [1000, 1000]
    shared = next(place for place, pair in enumerate(zip(*texts, strict=True)) if pair[0] != pair[1])
    assert 512 <= shared < 600
    assert one.about["input_tokens_asked"] == 2000
    assert one.arguments["inferenceConfig"]["maxTokens"] == 7
    found.heard(one, 2100)
    assert len(found.next().arguments["messages"][0]["content"][0]["text"].split()) == 950


def test_bad_records_are_left_out_and_the_order_is_shuffled(tmp_path: Path) -> None:
    """As the process that leads found them."""
    records = [{"prompt": str(number)} for number in range(9)]
    records[4] = {"prompt": 5}  # type: ignore[dict-item]  # it is wrong
    found = workload(tmp_path, records, order="shuffled", prepared=Prepared(bad=(4,), format="plain"))
    passes = [[found.next().about["record"] for _ in range(8)] for _ in range(2)]
    assert [sorted(each) for each in passes] == [[0, 1, 2, 3, 5, 6, 7, 8]] * 2
    assert passes[0] != passes[1]


def test_a_file_that_is_spoilt_later_fails_the_task_and_not_the_process(tmp_path: Path) -> None:
    """It does not look for a good record for good."""
    found = workload(tmp_path, [{"prompt": "a"}] * 3)
    (tmp_path / "x.jsonl").write_text("x" * 60)
    with pytest.raises(RecordError, match="has changed since the start"):
        found.next()


def test_a_record_for_the_background_needs_streams(tmp_path: Path) -> None:
    """A whole answer would be none yet."""
    body = {"model": "openai.gpt-5.5", "input": "Hi", "background": True}
    with pytest.raises(RecordError, match=r"set test\.non_streaming to false"):
        workload(tmp_path, [body], api="responses").next()
    found = workload(tmp_path, [body], api="responses", test={"non_streaming": False})
    assert found.next().arguments["background"] is True


def test_a_prompt_of_a_length_is_never_empty(tmp_path: Path) -> None:
    """Where more tokens stand around it than are asked for, it has one word: no API takes an empty text."""
    prepared = Prepared({"m": Calibration(1, 500)})
    found = workload(tmp_path, [{"input_length": 40}], prepared=prepared).next()
    assert len(found.arguments["messages"][0]["content"][0]["text"].split()) == found.words == 1


def test_the_format_that_is_named_counts(tmp_path: Path) -> None:
    """What the process that leads has found before what the settings say, before what the record looks like."""
    record = [{"messages": [{"role": "user", "content": [{"text": "a"}]}]}]
    for prepared, settings, name in (("", None, "converse"), ("", "plain", "plain"), ("native", "plain", "native")):
        found = workload(
            tmp_path, record, prepared=Prepared(format=prepared), **({"format": settings} if settings else {})
        )
        assert isinstance(found, RecordedWorkload)
        assert found.format == (name if prepared or settings else "")
        found.next()
        assert found.format == name


def test_a_file_that_has_changed_is_named(tmp_path: Path) -> None:
    """After a hundred records in a row that cannot be sent, and not before."""
    asked = list[int | None]()
    (path := tmp_path / "y.jsonl").write_text('{"prompt": 5}\n{"prompt": "b"}\n')
    settings = Settings.model_validate({"model": {"id": "m"}, "workload": {"file": str(path)}})

    def next_record(position: int | None) -> int:
        asked.append(position)
        return int(len(asked) == most)

    found = RecordedWorkload(settings, RecordFile(path), next_record)
    most = 100
    assert found.next(3).about["record"] == 1
    assert asked == [3, *[None] * 99]
    asked.clear()
    most = 101
    with pytest.raises(RecordError, match=r"y\.jsonl has changed since the start: prompt must be a text"):
        found.next(3)
