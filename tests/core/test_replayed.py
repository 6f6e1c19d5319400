"""The requests of a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.workload.calibration import Calibration
from bedrock_locust.workload.jsonl import RecordFile
from bedrock_locust.workload.prepared import Prepared
from bedrock_locust.workload.records import RecordError
from bedrock_locust.workload.replayed import ReplayedWorkload

from .replays import line, replayed, settings_of, written

if TYPE_CHECKING:
    from pathlib import Path

    from bedrock_locust.workload.contract import Request

POINT = {"cachePoint": {"type": "default"}}


def workload(folder: Path, *lines: dict[str, Any], arrivals: Any = None, **fields: Any) -> ReplayedWorkload:
    """The requests of a trace with these lines."""
    found = replayed(folder, lines, arrivals)
    return ReplayedWorkload(settings_of(written(folder, lines), arrivals), found.file, Prepared(**fields), "w")


def content(request: Request) -> list[Any]:
    """The blocks of a prompt."""
    found: list[Any] = request.arguments["messages"][0]["content"]
    return found


def test_a_line_becomes_a_request(tmp_path: Path) -> None:
    """With its length, its limit, its conversation and its number; equal hash ids are equal words."""
    calls = [line(0, hash_ids=[7, last], max_tokens=33, session_id="s1") for last in (8, 9)]
    found = workload(tmp_path, *calls)
    one, two = found.next(0), found.next(1)
    texts = [content(request)[0]["text"].split() for request in (one, two)]
    assert [len(text) for text in texts] == [600, 600]
    assert texts[0][:512] == texts[1][:512]
    assert texts[0][512:515] != texts[1][512:515]
    assert one.arguments["inferenceConfig"] == {"maxTokens": 33}
    assert two.about == {"record": 1, "input_tokens_asked": 600, "session": "s1"}


def test_points_stand_where_production_read_and_wrote(tmp_path: Path) -> None:
    """After whole blocks; a call reads what an earlier one wrote."""
    writes = line(0, input_length=1300, hash_ids=[1, 2, 3], cache_write_tokens=1040)
    reads = line(1, input_length=2000, hash_ids=[1, 2, 4, 5], cache_read_tokens=1040, cache_write_tokens=600)
    found = workload(tmp_path, writes, reads)
    first, second = content(found.next(0)), content(found.next(1))
    assert first[2] == second[2] == POINT
    assert first[:2] == second[:2]
    assert second.index(POINT, 3) == 4
    assert [sum(len(block.get("text", "").split()) for block in each) for each in (first, second)] == [1300, 2000]


def test_models_are_mapped(tmp_path: Path) -> None:
    """Each call goes to the model of the settings for its own, and tokens are counted for each by itself."""
    found = workload(tmp_path, line(0, model="a"), line(1, model="b"), arrivals={"models": {"a": "x", "b": "y"}})
    requests = [found.next(0), found.next(1)]
    assert [request.arguments["modelId"] for request in requests] == ["x", "y"]
    found.heard(requests[0], 700)
    assert found.next(0).words < found.next(1).words == 600


def test_all_processes_have_the_same_blocks(tmp_path: Path) -> None:
    """Their size is that of what was counted before the load, whatever a process learns later."""
    found = workload(tmp_path, line(0, hash_ids=[1, 2]), calibrations={"m": Calibration(2.0, 10.0)})
    before = found.next(0)
    found.heard(before, 650)
    after = found.next(0)
    assert before.words == 295
    assert after.words < before.words
    assert content(before)[0]["text"].split()[:250] == content(after)[0]["text"].split()[:250]


def test_content_is_sent_where_the_trace_has_it(tmp_path: Path) -> None:
    """A body of Converse as it was logged; without it words."""
    body = {
        "system": [{"text": "Be brief"}],
        "messages": [{"role": "user", "content": [{"text": "Hello"}]}],
        "inferenceConfig": {"maxTokens": 5},
    }
    found = workload(tmp_path, line(0, payload=body))
    assert found.next(0).arguments == {"modelId": "m", **body}
    assert found.next().arguments == {"modelId": "m", **body}


def test_a_bad_line_is_not_tried_first(tmp_path: Path) -> None:
    """And a file that has changed is one that cannot be read."""
    found = workload(tmp_path, line(0), line(1, max_tokens=5), bad=(0,))
    assert found.next().about["record"] == 1
    path = written(tmp_path, [line(0)], "trace.jsonl")
    file = RecordFile(path)
    path.write_text("x" * 40)
    with pytest.raises(RecordError):
        ReplayedWorkload(settings_of(path), file, Prepared()).next(0)
