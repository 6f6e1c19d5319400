"""AWS's own figures beside ours."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reports.edition import edition
from reports.numbers.cross_check import CrossCheck, Pair, cross_check
from reports.reading.run import read
from reports.sections.cross_check import aws_check

from . import closed_loop
from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path


def folder_with(folder: Path, aws: Any, *failures: dict[str, Any]) -> Path:
    """A run with some failures, and what AWS says of it."""
    run = closed_loop.run((2,), lambda *_: closed_loop.streamed(1000))
    for row, failure in zip(run.requests, failures, strict=False):
        row.update(dict.fromkeys(("ttft_ms", "input_tokens", "output_tokens"), ""), **failure)
    path = run.write(folder)
    (path / "aws.json").write_text(json.dumps(aws), encoding="utf-8")
    return path


def sums(**metrics: float) -> dict[str, Any]:
    """What AWS says."""
    said = {name: {"Sum": value} for name, value in metrics.items()}
    return {"model_id": make.MODEL, "namespace": "AWS/Bedrock", "fetched_at": make.T0 + 900, "metrics": said}


FAILURES = (
    {"error": "ThrottlingError", "error_stage": "response"},
    {"error": "ValidationError", "error_stage": "response"},
    {"error": "InternalServerError", "error_stage": "response"},
    {"error": "ModelError", "error_stage": "stream"},
    {"error": "Cancelled", "error_stage": "stream"},
    {"error": "ConnectionError", "error_stage": "connect"},
)


def test_calls_are_counted_as_aws_counts_them(tmp_path: Path) -> None:
    """Throttled and refused calls are apart; what broke in mid-stream was accepted; what never arrived is nowhere."""
    path = folder_with(tmp_path, sums(Invocations=1), *FAILURES)
    found, run = cross_check(read(path)), read(path)
    assert found is not None
    ours = {pair.name: pair.ours for pair in found.counts}
    ok = int((run.calls["error"] == "").sum())
    assert (ours["accepted"], ours["throttled"], ours["client_errors"], ours["server_errors"]) == (ok + 2, 1, 1, 1)
    assert ours["input_tokens"] == run.calls["input_tokens"].sum()
    assert found.unanswered == 2
    assert found.models[0].more_calls == 1 - (ok + 2)


def test_the_call_before_the_load_is_one(tmp_path: Path) -> None:
    """It is in no row, and AWS has it."""
    path = folder_with(tmp_path, sums(Invocations=1))
    info = json.loads((path / "run.json").read_text(encoding="utf-8"))
    before = cross_check(read(path))
    info["preflight"] = {"error": "", "input_tokens": 7, "output_tokens": 5}
    (path / "run.json").write_text(json.dumps(info), encoding="utf-8")
    after = cross_check(read(path))
    assert before is not None
    assert after is not None
    more = {one.name: two.ours - one.ours for one, two in zip(before.counts, after.counts, strict=True)}
    assert (more["accepted"], more["input_tokens"], more["output_tokens"]) == (1, 7, 5)


def with_two_models(folder: Path, accepted: tuple[float, float], **more: float) -> tuple[Path, int]:
    """A run of which 3 calls went to another model, of which one was cut off; what AWS has of each; and the calls."""
    path = folder_with(folder, sums(Invocations=accepted[0]), {}, {}, {"error": "Cancelled", "error_stage": "stream"})
    rows = (path / "requests.csv").read_text(encoding="utf-8").splitlines()
    rows[1:4] = [row.replace(make.MODEL, "another|model") for row in rows[1:4]]
    (path / "requests.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    metrics = {name: {"Sum": value} for name, value in {"Invocations": accepted[1], **more}.items()}
    told = {"model_id": "another|model", "metrics": metrics, "missing": []}
    aws = {**sums(Invocations=accepted[0]), "others": [told, 5, {"model_id": "empty", "missing": ["Why not"]}]}
    (path / "aws.json").write_text(json.dumps(aws), encoding="utf-8")
    return path, len(rows) - 1


def test_each_of_several_models_is_compared(tmp_path: Path) -> None:
    """Each row names its model; more calls of one do not hide fewer of another."""
    path, calls = with_two_models(tmp_path / "a", (0, 0))
    own = calls - 3
    path, _ = with_two_models(tmp_path / "b", (own + 2, 1), InputTokenCount=7)
    text = aws_check(edition(read(path), "en"), {})
    assert re.search(rf"\| `{make.MODEL}` +\| Calls accepted +\| +{own + 2} \| +{own} \| +2 \|", text)
    assert re.search(r"another.+model.+\| Calls accepted +\| +1 \| +3 \| +-2 \|", text)
    assert re.search(r"another.* \| Input tokens .*\| +7 \|", text)
    assert "Calls in these minutes that only CloudWatch has: 2." in text
    assert "Calls that CloudWatch lacks: 2." in text
    assert "Why not." in text
    assert not re.search(r"another.* \| Tokens of quota", text), "what an output token counts there is not known"
    found = cross_check(read(path))
    assert found is not None
    assert (found.unanswered, found.agrees) == (1, False)
    same, _ = with_two_models(tmp_path / "c", (own, 3))
    found = cross_check(read(same))
    assert found is not None
    assert [one.model_id for one in found.models] == [make.MODEL, "another|model"]
    assert {pair.name: pair.difference for pair in found.others[0].counts}["accepted"] == 0


def test_what_the_report_says(tmp_path: Path) -> None:
    """All the same, more, fewer, nothing, no permission; and what an output token used of the quota."""
    found = cross_check(read(folder_with(tmp_path / "a", sums(Invocations=1))))
    assert found is not None
    ours = {pair.name: pair.ours for pair in found.counts}
    names = {"Invocations": "accepted", "InputTokenCount": "input_tokens", "OutputTokenCount": "output_tokens"}
    equal = {of_aws: ours[name] for of_aws, name in names.items()}
    equal["EstimatedTPMQuotaUsage"] = ours["input_tokens"] + 7 * ours["output_tokens"]

    def text(name: str, aws: Any, language: str = "en") -> str:
        return aws_check(edition(read(folder_with(tmp_path / name, aws)), language), {})

    same = text("b", sums(**equal))
    assert "All counts are the same." in same
    assert "an output token used 7.00 tokens of quota" in same
    more = text("c", sums(**{**equal, "Invocations": ours["accepted"] + 3}))
    assert "that only CloudWatch has: 3." in more
    assert re.search(r"Calls accepted .*\| +3 \|", more), "a count has no decimals"
    assert "an output token used 7.00 tokens of quota" in more
    assert "Calls that CloudWatch lacks: 3." in text("d", sums(**{**equal, "Invocations": ours["accepted"] - 3}))
    tokens = text("h", sums(**{**equal, "InputTokenCount": ours["input_tokens"] + 9}))
    assert "As many calls were accepted, and other counts differ. CloudWatch was asked" in tokens
    assert "受理的调用次数一致" in text("i", sums(**{**equal, "OutputTokenCount": 1}), "zh")
    unknown = sums(**{name: value for name, value in equal.items() if name != "Invocations"}, InvocationThrottles=1)
    assert "As many calls were accepted" not in text("j", unknown)
    assert "CloudWatch had no calls of this run" in text("e", sums())
    assert "The permission is missing." in text("f", {**sums(), "missing": ["The permission is missing"]})
    assert "各项计数完全一致。" in text("g", sums(**equal), "zh")


@pytest.mark.parametrize("accepted", [0, 2, -2])
@pytest.mark.parametrize("name", ["InvocationThrottles", "InvocationClientErrors", "InvocationServerErrors"])
def test_refused_calls_that_differ_are_explained(tmp_path: Path, accepted: int, name: str) -> None:
    """Whatever the other counts do, in both languages; others' calls are refused, too."""
    known = cross_check(read(folder_with(tmp_path / "a", sums(Invocations=1), *FAILURES[:3])))
    assert known is not None
    ours = {pair.name: pair.ours for pair in known.counts}
    equal = {"Invocations": ours["accepted"] + accepted, "InputTokenCount": ours["input_tokens"]}
    equal |= {"OutputTokenCount": ours["output_tokens"], "InvocationThrottles": 1, "InvocationClientErrors": 1}
    equal |= {"InvocationServerErrors": 1}
    for language, more, fewer in (
        ("en", "only CloudWatch has: 4.", "CloudWatch lacks: 1."),
        ("zh", "多出 4 次被", "少 1 次被"),
    ):
        for place, (count, said) in enumerate({5: more, 0: fewer}.items()):
            aws = sums(**{**equal, name: count})
            path = folder_with(tmp_path / f"{language}{place}", aws, *FAILURES[:3])
            text = aws_check(edition(read(path), language), {})
            assert said in text
            assert ("As many calls were accepted" in text) is False


def test_times_stand_beside_each_other(tmp_path: Path) -> None:
    """Percentiles are ours of all successes, whatever their order in the file."""
    aws = sums(Invocations=5)
    aws["metrics"]["InvocationLatency"] = {"Average": 1.0, "p50": 1.0, "p95": 2.0, "p99": 3.0}
    run = read(folder_with(tmp_path, aws))
    found = cross_check(run)
    assert found is not None
    latency = run.calls["latency_ms"]
    assert [pair.ours for pair in found.times] == pytest.approx(
        [latency.mean(), *latency.quantile([0.5, 0.95, 0.99])], rel=1e-9
    )


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@example({"metrics": {}, "model_id": []})
@given(st.dictionaries(st.sampled_from(["metrics", "model_id", "missing", "fetched_at"]), ANYTHING))
def test_any_file_is_read(tmp_path: Path, aws: dict[str, Any]) -> None:
    """A spoilt aws.json never keeps a report from being made."""
    path = tmp_path / "run"
    if not path.exists():
        folder_with(path, {})
        [path] = [one.parent for one in tmp_path.rglob("requests.csv")]
    else:
        [path] = [one.parent for one in tmp_path.rglob("requests.csv")]
    (path / "aws.json").write_text(json.dumps(aws), encoding="utf-8")
    found = cross_check(read(path))
    assert found is None or all(math.isfinite(pair.aws) for pair in found.counts)


def test_no_file_is_no_section(tmp_path: Path) -> None:
    """As in every run that did not ask."""
    run = closed_loop.run((2,), lambda *_: closed_loop.streamed(1000))
    path = run.write(tmp_path)
    assert aws_check(edition(read(path)), {}) == ""
    (path / "aws.json").write_text("{", encoding="utf-8")
    assert aws_check(edition(read(path)), {}) == ""


REFUSED = ("ThrottlingError", "ValidationError", "ModelNotReadyError", "InternalServerError", "ServiceUnavailableError")
NONE = dict.fromkeys(("ttft_ms", "input_tokens", "output_tokens"), "")


def few(folder: Path, aws: dict[str, Any], preflight: dict[str, Any] | None = None) -> CrossCheck:
    """Ten calls of each kind to the model, one to another, and what AWS says of them."""
    told = {"mode": "streaming", "level": "", "model_id": make.MODEL, "latency_ms": 1000, "ttft_ms": 200}
    tokens = {"input_tokens": 100, "output_tokens": 10, "cache_read_tokens": 50, "cache_write_tokens": 20}
    calls = [told | tokens, told | tokens | {"latency_ms": 2000, "ttft_ms": 400}]
    calls += [told | NONE | {"error": error, "error_stage": "response"} for error in REFUSED]
    calls += [told | NONE | {"error": "ModelError", "error_stage": "stream"}]
    calls += [told | NONE | {"error": "ConnectionError", "error_stage": "connect"}]
    calls += [told | NONE | {"error": "Cancelled", "error_stage": "connect"}]
    calls += [told | tokens | {"model_id": "another.model"}]
    calls = [row | {"started_at": make.T0 + at} for at, row in enumerate(calls)]
    info = {"ended_at": make.T0 + 60, "settings": {"model": {"output_burndown": 5}}, "preflight": preflight}
    path = make.Folder(calls, [], info).write(folder)
    (path / "aws.json").write_text(json.dumps(aws), encoding="utf-8")
    found = cross_check(read(path))
    assert found is not None
    return found


OURS = {
    "accepted": 4,
    "throttled": 1,
    "client_errors": 2,
    "server_errors": 2,
    "input_tokens": 200,
    "output_tokens": 20,
    "cache_read_tokens": 100,
    "cache_write_tokens": 40,
    "quota_tokens": 200 + 40 + 5 * 20,
}
"""What was counted here, by the rules of docs/account.md."""
NAMES = {
    "accepted": "Invocations",
    "throttled": "InvocationThrottles",
    "client_errors": "InvocationClientErrors",
    "server_errors": "InvocationServerErrors",
    "input_tokens": "InputTokenCount",
    "output_tokens": "OutputTokenCount",
    "cache_read_tokens": "CacheReadInputTokenCount",
    "cache_write_tokens": "CacheWriteInputTokenCount",
    "quota_tokens": "EstimatedTPMQuotaUsage",
}


def as_aws(**more: float) -> dict[str, Any]:
    """The same counts as AWS says them, but for some."""
    said = sums(**{NAMES[name]: OURS[name] + more.get(name, 0) for name in OURS})
    return said | {"fetched_at": make.T0 + 360}


def test_every_count_stands_beside_ours(tmp_path: Path) -> None:
    """Each by its name on either endpoint; a metric without a value is 0 where something else was counted."""
    found = few(tmp_path / "all", as_aws())
    assert {pair.name: (pair.aws, pair.ours) for pair in found.counts} == {name: (n, n) for name, n in OURS.items()}
    assert (found.unanswered, found.minutes_after, found.missing, found.times) == (2, 5, (), ())
    assert [reason.what for reason in found.reasons] == ["agrees"]
    one = few(tmp_path / "one", sums(Invocations=4, InvocationThrottles=0))
    assert {pair.name: pair.aws for pair in one.counts} == dict.fromkeys(OURS, 0) | {"accepted": 4}
    mantle = sums(Inferences=4, TotalInputTokens=7, TotalOutputTokens=8, InferenceClientErrors=9)
    found = few(tmp_path / "mantle", mantle | {"namespace": "AWS/BedrockMantle"})
    assert {pair.name: pair.aws for pair in found.counts} == {
        "accepted": 4,
        "client_errors": 9,
        "input_tokens": 7,
        "output_tokens": 8,
    }
    assert few(tmp_path / "none", sums()).counts == ()


@pytest.mark.parametrize(
    ("preflight", "more"),
    [
        ({"error": "", "input_tokens": 7, "output_tokens": 5}, {"accepted": 1, "input_tokens": 7, "output_tokens": 5}),
        ({"error": "ThrottlingError"}, {"throttled": 1}),
        ({"error": "ModelError"}, {}),
        ({}, {}),
        (None, {}),
    ],
)
def test_the_call_before_the_load_is_counted_once(
    tmp_path: Path, preflight: dict[str, Any] | None, more: dict[str, int]
) -> None:
    """As what it was: taken, throttled, or not at all."""
    found = few(tmp_path, as_aws(), preflight)
    quota = more.get("input_tokens", 0) + 5 * more.get("output_tokens", 0)
    expected = {name: count + more.get(name, 0) for name, count in OURS.items()}
    assert {pair.name: pair.ours for pair in found.counts} == expected | {"quota_tokens": OURS["quota_tokens"] + quota}


@pytest.mark.parametrize(
    ("more", "reasons"),
    [
        ({}, {"agrees": {}}),
        ({"quota_tokens": 3}, {"agrees": {}, "burndown": {"implied": 5.15}}),
        ({"quota_tokens": 1}, {"agrees": {}}),
        ({"accepted": 2}, {"more": {"calls": 2}, "unanswered": {"calls": 2}}),
        ({"accepted": -1}, {"fewer": {"calls": 1, "minutes": 5}, "unanswered": {"calls": 2}}),
        ({"throttled": 3}, {"more_refused": {"calls": 3}, "unanswered": {"calls": 2}}),
        ({"client_errors": -2}, {"fewer_refused": {"calls": 2, "minutes": 5}, "unanswered": {"calls": 2}}),
        (
            {"throttled": 4, "client_errors": -2, "server_errors": 1},
            {"more_refused": {"calls": 5}, "fewer_refused": {"calls": 2, "minutes": 5}, "unanswered": {"calls": 2}},
        ),
        ({"cache_read_tokens": 9}, {"unanswered": {"calls": 2}}),
        ({"output_tokens": 10}, {"unanswered": {"calls": 2}, "burndown": {"implied": 100 / 30}}),
    ],
    ids=str,
)
def test_what_explains_a_difference(tmp_path: Path, more: dict[str, int], reasons: dict[str, Any]) -> None:
    """Each reason once, in its order, with its figures."""
    found = few(tmp_path, as_aws(**more))
    assert [reason.what for reason in found.reasons] == list(reasons)
    for reason in found.reasons:
        assert dict(reason.values) == pytest.approx(reasons[reason.what])


@pytest.mark.parametrize(
    ("counts", "unanswered", "missing", "reasons"),
    [
        ([], 0, (), ["none"]),
        ([], 0, ("no permission",), []),
        ([Pair("accepted", 4, 4), Pair("input_tokens", 3, 4)], 0, (), ["uncounted"]),
        ([Pair("accepted", 4, 4), Pair("input_tokens", 3, 4)], 1, (), ["unanswered"]),
        ([Pair("accepted", 4, 4), Pair("throttled", 3, 4)], 0, (), ["fewer_refused"]),
        ([Pair("accepted", 4, 4), Pair("quota_tokens", 3, 4)], 1, (), ["agrees"]),
        ([Pair("input_tokens", 3, 4)], 0, (), []),
    ],
    ids=str,
)
def test_a_difference_that_nothing_explains(
    counts: list[Pair], unanswered: int, missing: tuple[str, ...], reasons: list[str]
) -> None:
    """As many calls and other tokens; what is not known of AWS explains nothing."""
    found = CrossCheck("model", tuple(counts), (), unanswered, 5.0, missing)
    assert [reason.what for reason in found.reasons] == reasons


@pytest.mark.parametrize(
    ("fetched_at", "minutes"), [(make.T0 + 60, 0), (make.T0 + 30, 0), (make.T0 + 90, 0.5), (None, None), ("x", None)]
)
def test_how_long_after_the_end_aws_was_asked(tmp_path: Path, fetched_at: Any, minutes: float | None) -> None:
    """Not before it; not known where the file does not say it."""
    found = few(tmp_path, as_aws() | {"fetched_at": fetched_at, "missing": ["a", 3]})
    assert math.isnan(found.minutes_after) if minutes is None else found.minutes_after == minutes
    assert found.missing == ("a", "3")
    assert few(tmp_path / "text", as_aws() | {"missing": "a"}).missing == ()


def test_times_that_both_have(tmp_path: Path) -> None:
    """Mean and percentiles; one that AWS does not tell is left out."""
    aws = as_aws()
    aws["metrics"]["InvocationLatency"] = {"Average": 1400.0, "p50": 1500.0, "p99": 1990}
    aws["metrics"]["TimeToFirstToken"] = {"p95": 300.0, "Average": "soon"}
    found = few(tmp_path, aws)
    assert [(pair.name, pair.aws, round(pair.ours, 6), round(pair.difference, 6)) for pair in found.times] == [
        ("latency_ms_mean", 1400, 1500, -100),
        ("latency_ms_p50", 1500, 1500, 0),
        ("latency_ms_p99", 1990, 1990, 0),
        ("ttft_ms_p95", 300, 390, -90),
    ]
    assert [reason.what for reason in found.reasons] == ["agrees", "times"]
