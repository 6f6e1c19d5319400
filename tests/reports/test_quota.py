"""What counts against the quotas: the calls to their model, by what each of them sent."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.edition import edition
from reports.numbers.intervals import count
from reports.numbers.quota import Quota, throttle_message
from reports.numbers.quota import quota as quota_of
from reports.reading.levels import levels
from reports.reading.run import read
from reports.report import markdown
from reports.sections.limits import limits
from reports.sections.quota import quota as section

from . import closed_loop
from . import run_folders as make
from .test_numbers import AT, END, rows

if TYPE_CHECKING:
    from pathlib import Path


def named(name: str, calls: int, from_s: float, each_s: float) -> list[make.Row]:
    """Calls of a kind, one after the other."""
    random_ = random.Random(3)
    return [make.call(random_, make.T0 + from_s + place * each_s, name=name) for place in range(calls)]


def test_percentages_of_different_windows_are_not_added_up(tmp_path: Path) -> None:
    """Ten calls within a second are 600 a minute, but the run made 70 in a minute, 88 % of the quota of 80."""
    run = make.Folder([*named("slow", 60, 0, 1), *named("quick", 10, 20, 0.1)], [], make.info(70, None))
    run.info["settings"]["model"]["quota"] = 80
    found = edition(read(run.write(tmp_path)))
    assert found.quota.table["requests_percent"].sum() > 300
    assert found.quota.together["requests"] == pytest.approx(100 * 70 / (found.levels.load_s / 60) / 80, rel=1e-6)
    assert found.quota.together["requests"] < 90
    assert "in the same minutes" not in markdown(found, {}).split("\n## ")[0]


def test_calls_to_another_model_use_other_quotas_and_prices(tmp_path: Path) -> None:
    """Half of the calls go elsewhere: half of the use, and their cost is not known."""
    run = closed_loop.run((4,), lambda *_: closed_loop.streamed(1000))
    run.info["settings"]["model"] |= {"quota": 100, "tokens_per_minute": 100_000}
    run.info["settings"]["pricing"] = {"input_per_million": 3, "output_per_million": 15}
    whole = edition(read(run.write(tmp_path / "one")))
    for row in run.requests[::2]:
        row["model_id"] = "another.model"
    half = edition(read(run.write(tmp_path / "two")))
    for name in ("requests", "tokens"):
        used = [one.quota.used(name)["streaming-04"] for one in (whole, half)]
        assert used[1] == pytest.approx(used[0] / 2, rel=0.05)
    assert whole.cost is not None
    assert half.cost is not None
    assert (whole.cost.unknown, half.cost.unknown) == (0, len(run.requests[::2]))
    assert half.cost.total == pytest.approx(whole.cost.total / 2, rel=0.05)
    text = markdown(half, {})
    assert "Calls went to different models" in text
    calls, model = f"{len(run.requests[::2])} calls", run.info["settings"]["model"]["id"]
    assert f"not counting {calls} without token counts or prices" in text
    assert f"Not in it: {calls} to other models than `{model}`, whose prices" in text
    assert f"Quotas and use are those of `{model}`. Not in this table: {calls} to other models" in text
    assert "to other models" not in markdown(whole, {})


def test_models_of_a_replay_have_the_prices_of_the_run(tmp_path: Path) -> None:
    """As in the plan: the cost is that of all calls. The quotas are of one model, and the report says which."""
    run = closed_loop.run((4,), lambda *_: closed_loop.streamed(1000))
    run.info["settings"]["pricing"] = {"input_per_million": 3, "output_per_million": 15}
    whole = edition(read(run.write(tmp_path / "one"))).cost
    for row in run.requests[::2]:
        row["model_id"] = "another.model"
    run.info["settings"]["arrivals"] = {"trace": {"models": {"theirs": "another.model"}}}
    found = edition(read(run.write(tmp_path / "two")))
    assert whole is not None
    assert found.cost is not None
    assert (found.cost.unknown, found.cost.elsewhere) == (0, 0)
    assert found.cost.total == pytest.approx(whole.total)
    text = markdown(found, {})
    assert "These prices are taken for all models that were called." in text
    assert "Quotas and use are those of" in text


def test_reservations_are_what_each_call_sent(tmp_path: Path) -> None:
    """Not what the settings say; where a file that has the column does not know, nothing is."""
    run = closed_loop.run((4,), lambda *_: closed_loop.streamed(1000) | {"max_tokens": 1_000})
    run.info["settings"]["model"]["tokens_per_minute"] = 100_000
    found = edition(read(run.write(tmp_path / "sent"))).quota
    assert found.max_tokens == 1_000
    held = found.table["reserved_in_flight"]["streaming-04"]
    assert held == pytest.approx(4 * (1_000 + 250), rel=0.05)
    for row in run.requests:
        row["max_tokens"] = None
    found = edition(read(run.write(tmp_path / "unknown"))).quota
    assert found.max_tokens is None
    assert found.table["tokens_percent"].isna().all()


def test_either_quota_alone_can_be_the_limit(tmp_path: Path) -> None:
    """Of requests, and of tokens: the one of which more is used."""
    scarce = {
        "requests": {"quota": 100, "tokens_per_minute": 10**9},
        "tokens": {"quota": 10**6, "tokens_per_minute": 9_000},
    }
    for tighter, quotas in scarce.items():
        run = closed_loop.run((4,), lambda *_: closed_loop.streamed(1000), window_s=20)
        run.info["settings"]["model"] |= quotas
        found = edition(read(run.write(tmp_path / tighter)))
        assert found.overused["streaming-04"].quota == tighter
        assert found.quota.tighter("streaming-04") == tighter


def test_bedrock_mantle_has_two_quotas_of_tokens(tmp_path: Path) -> None:
    """That of input counts input, `max_tokens` of calls at work and output once; that of output what is generated."""
    run = closed_loop.run((4,), lambda *_: closed_loop.streamed(1000) | {"cache_read_tokens": 5000}, window_s=60)
    run.info["settings"]["model"] |= {
        "endpoint": "mantle",
        "output_burndown": 5,
        "tokens_per_minute": 10,
        "quota": 1,
        "input_tokens_per_minute": 1_000_000,
        "output_tokens_per_minute": 50_000,
    }
    found = edition(read(run.write(tmp_path / "known")))
    assert found.quota.names == ("input", "output")
    row = found.quota.table.loc["streaming-04"]
    calls_per_min = row["requests_per_min"]
    output = found.levels.sample("streaming-04", "output_tokens").mean()
    assert row["output_per_min"] == pytest.approx(calls_per_min * output, rel=0.1)
    assert row["output_percent"] == pytest.approx(100 * row["output_per_min"] / 50_000)
    assert row["input_percent"] == pytest.approx(100 * row["counted_per_min"] / 1_000_000)
    assert row["reserved_in_flight"] < 4 * 5000  # nothing that was read from a cache
    assert row["tokens_per_min"] < calls_per_min * (1000 + 2 * output)  # no burn-down
    assert set(found.quota.used_by("streaming-04")) == {"input"}
    assert found.quota.tighter("streaming-04", "Too many tokens, please wait before trying again.") == "", "2 % used"
    assert {forecast.quota for forecast in found.forecasts} == {"input", "output"}
    text = markdown(found, {})
    assert "Counted, % of input quota" in text
    assert "Output tokens per minute" in text
    assert "Requests, % of quota" not in text


@pytest.mark.parametrize(("language", "setting"), [("en", "to see the shares"), ("zh", "后可看到占比")])
def test_without_quotas_the_settings_of_the_endpoint_are_named(tmp_path: Path, language: str, setting: str) -> None:
    """Those of bedrock-runtime are none of bedrock-mantle."""
    run = closed_loop.run((4,), lambda *_: closed_loop.streamed(1000))
    run.info["settings"]["output"] = {"language": language}
    for endpoint, name in (("runtime", "`model.tokens_per_minute`"), ("mantle", "`model.output_tokens_per_minute`")):
        run.info["settings"]["model"]["endpoint"] = endpoint
        [line] = [
            line for line in section(edition(read(run.write(tmp_path / endpoint))), {}).splitlines() if setting in line
        ]
        assert name in line


@pytest.mark.parametrize("events", [0, 1, 37, 1000])
def test_the_interval_of_a_count_holds_it(events: int) -> None:
    """37 calls are between 27 and 51 as far as chance goes."""
    low, high = count(events)
    assert 0 <= low <= events <= high
    if events == 37:
        assert [low, high] == pytest.approx([26.9, 51.0], abs=0.1)


def throttled_from(users: int, before: int) -> make.Folder:
    """Two users with good answers, then a level of which each call is throttled, so many seconds after them."""

    def answer(_: object, count: int) -> make.Row:
        return make.throttled(closed_loop.streamed(1000)) if count == users else closed_loop.streamed(1000)

    run = closed_loop.run((2, users), answer, window_s=20)
    for row in run.requests:
        row["started_at"] += before if row["users"] == users else 0
    for key in ("started_at", "measured_from", "measured_to"):
        run.levels[-1][key] += before
    return run


@pytest.mark.parametrize(
    ("quota", "before_s", "said", "unlike"),
    [
        (60, 0, "most likely by the quota of 60 requests/min (", "0 % used"),
        (60, 600, "What the run used does not explain it: 0 % of the quota of 60 requests/min,", "most likely"),
        (6000, 0, "the minute before the first throttle included. Others may use", "most likely"),
    ],
)
def test_a_quota_is_named_where_its_use_bears_it_out(
    tmp_path: Path, quota: int, before_s: int, said: str, unlike: str
) -> None:
    """In the level, or in the minute before it; else the report says that it is not the cause that is known."""
    run = throttled_from(8, before_s)
    run.info["settings"]["model"]["quota"] = quota
    found = edition(read(run.write(tmp_path)))
    text = " ".join(limits(found, found.conclusions[0]))
    assert said in text
    assert unlike not in text
    assert ("Set `model.quota` and" in text) == ("most likely" not in text)


def test_the_minute_before_the_first_throttle(tmp_path: Path) -> None:
    """Calls accepted in it, against a plain count, and tokens, too; no ratio is shown that is not known."""
    run = throttled_from(8, 0)
    run.info["settings"]["model"] |= {"quota": 10**6, "tokens_per_minute": 20_000}
    throttles = [row["started_at"] for row in run.requests if row.get("error") and row["phase"] == "measure"]
    accepted = [row["started_at"] for row in run.requests if not row.get("error")]
    count = sum(min(throttles) - 60 <= at < min(throttles) for at in accepted)
    found = edition(read(run.write(tmp_path)))
    [used] = found.quota.before.values()
    assert used["requests"] == pytest.approx(100 * count / 10**6)
    assert used["tokens"] > 50
    text = " ".join(limits(found, found.conclusions[0]))
    assert "most likely by the quota of 20,000 tokens/min (" in text
    assert "% used in the minute before the first throttle)." in text


@st.composite
def calls_of(draw: st.DrawFn) -> make.Row:
    """A call around the window, of this model or another, with or without counts, caches and a limit."""
    counts = {name: draw(st.none() | st.integers(0, 900)) for name in ("cache_read_tokens", "cache_write_tokens")}
    models = st.sampled_from([make.MODEL, make.MODEL, make.MODEL, "", "another.model"])
    row = draw(rows()) | counts | {"max_tokens": draw(st.none() | st.integers(1, 500)), "model_id": draw(models)}
    return row | draw(failures()) if row["error"] == "ModelError" else row


@st.composite
def failures(draw: st.DrawFn) -> make.Row:
    """A failure of any kind and stage; refusals among them."""
    error = draw(st.sampled_from(["ModelError", "InternalServerError", "ModelNotFoundError", "ValidationError"]))
    return {"error": error, "error_stage": draw(st.sampled_from(["connect", "response", "stream", "task"]))}


def is_admitted(call: make.Row) -> bool:
    """Whether docs/metrics.md says that a call may hold something of a quota."""
    refused = call["error"] in {"ModelNotFoundError", "ValidationError"} and call["error_stage"] == "response"
    return call["error"] != "ThrottlingError" and call.get("error_stage") != "connect" and not refused


def plain_use(
    calls: list[make.Row], opened: float, closed: float, burndown: float, *, mantle: bool
) -> dict[str, float]:
    """What docs/metrics.md says that calls used of the quotas in a window, call by call."""
    taken = [call for call in calls if is_admitted(call) and call["model_id"] in {make.MODEL, ""}]
    held = final = output = 0.0
    unknown_s, prompts, ended = 0.0, list[float](), 0
    for call in taken:
        start, end = call["started_at"], call["started_at"] + call["latency_ms"] / 1000
        if start > closed or end < opened - 1:
            continue
        span_s = max(min(end, closed) - max(start, opened), 0)
        read, written = ((call[f"cache_{name}_tokens"] or 0) for name in ("read", "write"))
        allowed = call["max_tokens"] or (math.nan if span_s else 0)
        held += span_s * ((0 if mantle else read) + written + allowed)
        if call["input_tokens"] is None:
            unknown_s += span_s
            continue
        prompts.append(call["input_tokens"])
        held += span_s * call["input_tokens"]
        if opened <= end <= closed:
            ended += 1
            final += call["input_tokens"] + written + burndown * (call["output_tokens"] or 0)
            output += call["output_tokens"] or 0
    held += unknown_s * (sum(prompts) / len(prompts) if prompts else 0)
    minutes = (closed - opened) / 60
    used = {
        "tokens_per_min": final / minutes if ended else math.nan,
        "reserved_in_flight": held / (closed - opened),
        "output_per_min": output / minutes if ended else math.nan,
    }
    return used | {"counted_per_min": used["tokens_per_min"] + used["reserved_in_flight"]}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(calls_of(), max_size=25), st.booleans(), st.booleans())
def test_the_use_of_quotas_is_that_of_a_plain_computation(
    tmp_path: Path, calls: list[make.Row], mantle: bool, limited: bool
) -> None:
    """Each figure of a level, on both endpoints: rates of calls, tokens of those that ended, and what is held back.

    That is not known where a call does not say what it allowed, so half of the runs have none like that.
    """
    calls = [call | {"max_tokens": call["max_tokens"] or 77} for call in calls] if limited else calls
    model = {"id": make.MODEL, "endpoint": "mantle" if mantle else "runtime", "output_burndown": 5}
    asked = {
        "quota": 300,
        "tokens_per_minute": 7_000,
        "input_tokens_per_minute": 8_000,
        "output_tokens_per_minute": 900,
    }
    level = make.level("streaming", 4, AT - 5) | {"measured_from": AT, "measured_to": END}
    info = {"settings": {"model": model | asked}}
    run = read(make.Folder(calls, [level], info).write(tmp_path))
    found = quota_of(run, levels(run))
    row = found.table.loc["streaming-04"].to_dict()
    own = [call for call in calls if call["phase"] == "measure" and call["model_id"] in {make.MODEL, ""}]
    throttled = sum(call["error"] == "ThrottlingError" for call in own)
    limits = [call["max_tokens"] for call in calls if call["max_tokens"]]
    outputs = [
        call["output_tokens"]
        for call in calls
        if call["phase"] == "measure" and not call["error"] and call["output_tokens"] is not None
    ]
    expected = plain_use(calls, AT, END, 1 if mantle else 5, mantle=mantle) | {
        "accepted": len(own) - throttled,
        "requests_per_min": 2 * (len(own) - throttled),
        "throttled_per_min": 2 * throttled,
        "throttled_share": throttled / len(own) if own else math.nan,
        "reserve_ratio": sum(limits) / len(limits) * len(outputs) / sum(outputs) / (1 if mantle else 5)
        if limits and any(outputs)
        else math.nan,
    }
    shares = {
        "requests_percent": math.nan if mantle else expected["requests_per_min"] / 3,
        "tokens_percent": math.nan if mantle else expected["counted_per_min"] / 70,
        "input_percent": expected["counted_per_min"] / 80 if mantle else math.nan,
        "output_percent": expected["output_per_min"] / 9 if mantle else math.nan,
    }
    assert row == pytest.approx(expected | shares, rel=1e-5, abs=1e-5, nan_ok=True)
    assert found.max_tokens == (pytest.approx(sum(limits) / len(limits), rel=1e-5) if limits else None)
    assert found.output_burndown == (1 if mantle else 5)
    assert found.per_minute == ({"input": 8_000, "output": 900} if mantle else {"requests": 300, "tokens": 7_000})
    assert found.elsewhere == sum(call["model_id"] == "another.model" for call in calls)


@pytest.mark.parametrize(
    ("column", "limit", "mean", "held"),
    [(True, 500, 500, 600), (True, None, None, None), (False, 500, 256, 356)],
)
def test_what_calls_allowed_their_answers(
    tmp_path: Path, *, column: bool, limit: int | None, mean: float | None, held: float | None
) -> None:
    """What they sent; only where a folder of an older version does not say it, what the settings say."""
    level = make.level("streaming", 1, AT - 5) | {"measured_from": AT, "measured_to": END}
    call = {"started_at": AT, "mode": "streaming", "level": level["level"], "phase": "measure", "latency_ms": 30_000}
    call |= {"input_tokens": 100, "output_tokens": 64, "max_tokens": limit, "model_id": make.MODEL}
    folder = make.Folder([call], [level], {"settings": {"test": {"max_tokens": 256}}}).write(tmp_path)
    if not column:
        columns = [name for name in make.REQUEST_COLUMNS if name != "max_tokens"]
        make.write_csv(folder / "requests.csv", columns, [{name: call[name] for name in columns if name in call}])
    run = read(folder)
    found = quota_of(run, levels(run))
    assert found.max_tokens == mean
    row = found.table.to_dict("index")[level["level"]]
    told = [None if math.isnan(row[name]) else row[name] for name in ("reserved_in_flight", "reserve_ratio")]
    assert told == [held, mean and mean / 64]


def use_of(**shares: float) -> Quota:
    """What one level used of each quota, in percent."""
    names = {f"{name}_percent": math.nan for name in ("requests", "tokens", "input", "output")}
    table = pd.DataFrame([names | {f"{name}_percent": share for name, share in shares.items()}], index=["one"])
    return Quota(dict.fromkeys(shares, 600.0), 5, 256, table, {})


@pytest.mark.parametrize(
    ("found", "message", "tighter"),
    [
        (use_of(requests=60, tokens=80), "", "tokens"),
        (use_of(requests=80, tokens=60), "", "requests"),
        (use_of(requests=60, tokens=80), "Too many requests, please wait", "requests"),
        (use_of(requests=60, tokens=80), "the request rate is too high", "requests"),
        (use_of(requests=80, tokens=60), "TOO MANY TOKENS", "tokens"),
        (use_of(requests=80, tokens=60), "it is busy", "requests"),
        (use_of(requests=50), "", "requests"),
        (use_of(requests=49.9), "", ""),
        (use_of(requests=80, tokens=40), "Too many tokens", "requests"),
        (use_of(input=80, output=99), "Too many input tokens", "input"),
        (use_of(input=80, output=99), "", "input"),
        (use_of(requests=math.nan, tokens=math.nan), "", ""),
        (replace(use_of(requests=20), others={"requests": 30}), "", "requests"),
        (replace(use_of(requests=20), others={"requests": 29}), "", ""),
        (replace(use_of(requests=20, tokens=90), before={"one": {"requests": 95}}), "", "requests"),
        (replace(use_of(requests=20, tokens=90), before={"other": {"requests": 95}}), "", "tokens"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_the_quota_that_gives_out(found: Quota, message: str, tighter: str) -> None:
    """That of which the service speaks, else that of which more was used, if its use bears it out."""
    assert found.tighter("one", message) == tighter


def test_shares_of_quotas() -> None:
    """The highest of those that refuse calls; what others left; and whether calls reserve `max_tokens`."""
    found = replace(use_of(input=80, output=99), others={"input": 30, "output": 130})
    assert (found.names, found.refusing) == (("input", "output"), ("input",))
    assert found.percent.tolist() == [80]
    assert found.used("output").tolist() == [99]
    assert (found.room("input"), found.room("output"), found.most("input")) == (70, 0, 600)
    assert found.used_by("one") == {"input": 80}
    assert use_of(requests=60, tokens=math.nan).percent.tolist() == [60]
    for per_minute, reserves in (
        ({"requests": None, "tokens": None}, True),
        ({"requests": 60, "tokens": None}, False),
        ({"requests": 60, "tokens": 5}, True),
        ({"input": 5, "output": 6}, True),
        ({"input": None, "output": 6}, False),
    ):
        assert replace(found, per_minute=per_minute).reserves is reserves


def test_what_the_service_said_first_when_it_throttled() -> None:
    """Not what it said of other failures."""
    rows = [("ModelError", "odd"), ("ThrottlingError", "first"), ("ThrottlingError", "second")]
    table = pd.DataFrame(rows, columns=["error", "error_message"])
    assert throttle_message(table) == "first"
    assert throttle_message(table.iloc[:1]) == ""


def test_what_the_service_accepted_is_not_told_of_another_model(tmp_path: Path) -> None:
    """The table of quotas has none of its calls: 0 accepted and 0 refused would be wrong."""
    run = make.shaped(("streaming",), (2, 8), length_s=10)
    run.requests = [
        make.throttled(row) if row["users"] == 8 and row["phase"] == "measure" else row for row in run.requests
    ]
    said = [" ".join(limits(found, found.conclusions[0])) for found in (edition(read(run.write(tmp_path / "own"))),)]
    for row in run.requests:
        row["model_id"] = "another.model"
    found = edition(read(run.write(tmp_path / "other")))
    said.append(" ".join(limits(found, found.conclusions[0])))
    assert all("% of calls were throttled" in one for one in said)
    assert ["The service accepted" in one for one in said] == [True, False]
    assert "accepted 0 requests/min and refused " in said[0]


def test_the_minute_before_a_throttle_has_sixty_seconds(tmp_path: Path) -> None:
    """Calls that started in it, to the second, and tokens of those that ended in it."""
    level = make.level("streaming", 4, make.T0 + 90) | {"measured_from": make.T0 + 95, "measured_to": make.T0 + 125}
    call = {"mode": "streaming", "model_id": make.MODEL, "latency_ms": 500, "phase": "drain", "level": "earlier"}
    counts = {"input_tokens": 100, "output_tokens": 10, "max_tokens": 1}
    calls = [call | counts | {"started_at": make.T0 + 100 - before} for before in (60.6, 60, 59.9, 30, 0.5)]
    refused = {"started_at": make.T0 + 100, "level": level["level"], "phase": "measure", "error": "ThrottlingError"}
    calls += [call | refused, call | refused | {"started_at": make.T0 + 110}]
    info = {"settings": {"model": {"id": make.MODEL, "output_burndown": 1, "quota": 100, "tokens_per_minute": 10_000}}}
    run = read(make.Folder(calls, [level], info).write(tmp_path))
    [used] = quota_of(run, levels(run)).before.values()
    assert used["requests"] == 4
    # Four ended in it with 110 tokens each; what they held meanwhile is 101 each for 2 s of its 60.
    assert used["tokens"] == pytest.approx((4 * 110 + 101 * 4 * 0.5 / 60) / 100, rel=1e-3)


@pytest.mark.parametrize(
    ("error", "stage", "held"),
    [
        ("ModelNotFoundError", "response", 0),
        ("ValidationError", "response", 0),
        ("AccessDeniedError", "response", 0),
        ("QuotaExceededError", "response", 0),
        ("CredentialsError", "response", 0),
        ("ModelNotReadyError", "response", 0),
        ("ThrottlingError", "response", 0),
        ("ConnectionError", "connect", 0),
        ("ValidationError", "stream", 256),  # it broke off in the middle of an answer
        ("ConnectionError", "response", 256),
        ("ModelError", "response", 256),
        ("InternalServerError", "response", 256),
        ("TimeoutError", "response", 256),
    ],
)
def test_what_was_never_admitted_reserves_nothing(tmp_path: Path, error: str, stage: str, held: float) -> None:
    """A kind of which the only call failed before an answer: a refusal held nothing, and there is no ratio."""
    lost = make.failed(make.call(random.Random(3), make.T0 + 20.5, name="lost", max_tokens=256), error, "", "", stage)
    run = make.Folder([*named("chat", 40, 0, 1), lost], [], make.info(41, None))
    row = edition(read(run.write(tmp_path))).quota.table.to_dict("index")["streaming lost"]
    assert row["reserved_in_flight"] == pytest.approx(held)
    assert math.isnan(row["reserve_ratio"])
