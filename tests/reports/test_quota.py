"""What counts against the quotas: the calls to their model, by what each of them sent."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from reports.edition import edition
from reports.numbers.intervals import count
from reports.reading.run import read
from reports.report import markdown
from reports.sections.limits import limits
from reports.sections.quota import quota as section

from . import closed_loop
from . import run_folders as make

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
