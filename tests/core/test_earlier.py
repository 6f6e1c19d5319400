"""What a second fetch of AWS's figures leaves of the first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bedrock_locust.aws.account import earlier

if TYPE_CHECKING:
    from pathlib import Path

TIMES = {"SampleCount": 3.0, "Average": 100.0, "p50": 90.0}
STATISTICS = st.dictionaries(st.sampled_from(["Sum", "SampleCount", "Average", "p50"]), st.floats(0, 100))
METRICS = st.dictionaries(st.sampled_from(["Invocations", "InvocationLatency", "InputTokenCount"]), STATISTICS)


def fetched(metrics: dict[str, dict[str, float]], *missing: str) -> dict[str, Any]:
    """What a fetch found."""
    return {"format": 1, "model_id": "m", "metrics": metrics, "others": [], "missing": list(missing)}


def of_other(model: str, calls: float, *missing: str) -> dict[str, Any]:
    """What a fetch found of another model."""
    return {"model_id": model, "metrics": {"Invocations": {"Sum": calls}}, "missing": list(missing)}


def test_counts_without_times_keep_the_times() -> None:
    """Counts are those of the later fetch; the file says which metrics are older, and why there are no newer ones."""
    before = fetched({"Invocations": {"Sum": 2}, "InvocationLatency": TIMES})
    why = "CloudWatch gave no times: it does not answer"
    found = fetched({"Invocations": {"Sum": 3}}, why)
    written = earlier.merged(before, found, exact=True)
    assert written["metrics"] == {"Invocations": {"Sum": 3}, "InvocationLatency": TIMES}
    assert written["missing"] == [why, "of an earlier fetch: InvocationLatency"]
    again = fetched({"Invocations": {"Sum": 3}, "InvocationLatency": {**TIMES, "p50": 95.0}})
    assert earlier.merged(written, again, exact=True) == again


@pytest.mark.parametrize(
    ("new", "is_kept"),
    [
        ({**TIMES, "SampleCount": 4.0}, False),
        ({**TIMES, "SampleCount": 2.0}, True),
        ({"SampleCount": 9.0, "Average": 1.0}, True),
        ({}, True),
    ],
)
def test_a_metric_is_of_one_fetch(new: dict[str, float], is_kept: bool) -> None:
    """No percentile stands beside the count of another fetch."""
    before = fetched({"Invocations": {"Sum": 3}, "InvocationLatency": TIMES})
    found = fetched({"Invocations": {"Sum": 3}, "InvocationLatency": new})
    assert earlier.merged(before, found, exact=True)["metrics"]["InvocationLatency"] == (TIMES if is_kept else new)


def test_each_model_keeps_what_was_had_of_it() -> None:
    """One that the later fetch has more of, or nothing, or alone; also where the model of the settings had no call."""
    before = {**fetched({}), "others": [of_other("a", 5), of_other("b", 2), of_other("c", 1), "wrong", {"model_id": 3}]}
    refused = {"model_id": "b", "metrics": {}, "missing": ["no"]}
    found = {**fetched({}), "others": [of_other("a", 6), refused, of_other("d", 1, "why")]}
    written = earlier.merged(before, found, exact=True)["others"]
    assert written == [of_other("a", 6), of_other("b", 2), of_other("d", 1, "why"), of_other("c", 1)]
    assert earlier.merged({**before, "others": 7}, found, exact=True)["others"] == found["others"]


def test_longer_periods_replace_nothing() -> None:
    """They have others' calls in them; where nothing was had, they are better than nothing."""
    before, found = fetched({"Invocations": {"Sum": 3}}), fetched({"Invocations": {"Sum": 70}})
    assert earlier.merged(before, found, exact=False) == before
    assert earlier.merged({}, found, exact=False) == found
    assert earlier.merged(fetched({"Invocations": {"Sum": 0}}), found, exact=False) == found


@given(old=METRICS, new=METRICS, exact=st.booleans())
@example(old={"Invocations": {}, "InvocationLatency": {}}, new={"Invocations": {"Sum": 1.0}}, exact=False)
def test_nothing_is_lost(old: dict[str, dict[str, float]], new: dict[str, dict[str, float]], exact: bool) -> None:
    """Each metric of both fetches is there, and is that of one of them."""
    metrics = earlier.merged(fetched(old), fetched(new), exact=exact)["metrics"]
    assert old.keys() <= metrics.keys()
    assert all(values in (old.get(name), new.get(name)) for name, values in metrics.items())
    assert all(old[name].keys() <= values.keys() for name, values in metrics.items() if name in old)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 1, "model_id": "other", "metrics": {}}', "[" * 100_000])
def test_what_cannot_be_read_is_nothing(tmp_path: Path, text: str) -> None:
    """Also what is of another model, or has no metrics."""
    path = tmp_path / "aws.json"
    assert earlier.read(path, fetched({})) == {}
    path.write_text(text, encoding="utf-8")
    assert earlier.read(path, fetched({})) == {}
    path.write_text(json.dumps({**fetched({}), "metrics": {"Invocations": 3}}), encoding="utf-8")
    assert earlier.read(path, fetched({})) == {}
    path.write_text(json.dumps(fetched({"a": {"Sum": 1}})), encoding="utf-8")
    assert earlier.read(path, fetched({})) == fetched({"a": {"Sum": 1}})
