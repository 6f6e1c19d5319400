"""Reasons to doubt a run: each from a folder that has it, and none in a sound one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from reports.edition import edition
from reports.numbers import steady
from reports.numbers.doubts import doubts
from reports.numbers.search import searches
from reports.numbers.steady import mann_kendall
from reports.numbers.workers import late_levels, workers
from reports.reading.run import read
from reports.sections.head import title
from reports.sections.trust import told

from . import closed_loop
from . import run_folders as make
from .test_arrivals import folder as arrivals_of

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    from reports.edition import Edition

    from .closed_loop import Row


def usual(random_: random.Random, _: int) -> Row:
    """An answer after a second, more or less."""
    return closed_loop.streamed(1000 * random_.lognormvariate(0, 0.1))


def sound_run(answer: Callable[[random.Random, int], Row] = usual, **options: Any) -> make.Folder:
    """A run in which all went well."""
    run = closed_loop.run((4, 8), answer, **options)
    run.info["settings"]["concurrency"] |= {"warmup_seconds": 5}
    return run


def found_in(run: make.Folder, path: Path) -> dict[str, tuple[dict[str, Any], str]]:
    """The doubts of a run: what -> its values, and its words."""
    run.info["rows_written"] = run.info.get("rows_written", len(run.requests))
    known = edition(read(run.write(path)))
    return {doubt.what: (dict(doubt.values), text) for doubt, text in zip(doubts(known), told(known), strict=True)}


def test_a_sound_run_has_none(tmp_path: Path) -> None:
    """Nothing to bear in mind, in either language."""
    assert found_in(sound_run(), tmp_path) == {}


def test_every_doubt_has_words_in_both_languages(tmp_path: Path) -> None:
    """No value of a doubt is left without its words."""
    run = sound_run()
    run.requests[5]["ttft_ms"] = -3
    run.requests.append(dict(run.requests[7]))
    for language in ("en", "zh"):
        texts = told(edition(read(run.write(tmp_path)), language))
        assert texts
        assert not any("{" in text for text in texts)


def test_latency_that_drifts_is_said(tmp_path: Path) -> None:
    """Twice as long at the end of a level as at its start; with the direction and how much."""
    run = sound_run(window_s=120)
    for row in run.requests:
        level = next(level for level in run.levels if level["level"] == row["level"])
        row["latency_ms"] *= 1 + max(row["started_at"] - level["measured_from"], 0) / 120
        row["last_token_ms"] = row["latency_ms"] - 1
    values, text = found_in(run, tmp_path)["drift"]
    assert values["levels"] == ["streaming-04", "streaming-08"]
    assert values["change"] == pytest.approx(67, abs=10)
    assert "Latency was not steady: streaming at 4 users and streaming at 8 users" in text


@pytest.mark.parametrize(
    ("values", "z"), [(list(range(10)), 44 / 125**0.5), (list(range(10, 0, -1)), -44 / 125**0.5), ([3] * 10, 0)]
)
def test_the_trend_test_is_that_of_mann_and_kendall(values: list[float], z: float) -> None:
    """45 pairs of ten values, less one for continuity, over the spread of 125."""
    assert mann_kendall(values) == pytest.approx(z)


def test_steady_levels_seldom_drift(tmp_path: Path) -> None:
    """Of forty steady levels, at most one is called otherwise."""
    drifting = 0
    for seed in range(20):
        found = found_in(sound_run(seed=seed), tmp_path / str(seed))
        drifting += len(found["drift"][0]["levels"]) if "drift" in found else 0
    assert drifting <= 1


@pytest.mark.parametrize("warmup_s", [0, 5])
def test_slow_first_seconds_ask_for_a_warm_up(tmp_path: Path, warmup_s: float) -> None:
    """Where none was set."""
    run = sound_run(window_s=100)
    run.info["settings"]["concurrency"]["warmup_seconds"] = warmup_s
    for row in run.requests:
        level = next(level for level in run.levels if level["level"] == row["level"])
        if row["started_at"] < level["measured_from"] + 9:
            row["latency_ms"] *= 2
    assert ("no_warmup" in found_in(run, tmp_path)) is (warmup_s == 0)


def test_levels_too_short_for_their_calls_are_named(tmp_path: Path) -> None:
    """20 s answers in levels of 30 s; with the length that would do."""
    run = sound_run(lambda *_: closed_loop.streamed(20_000), window_s=30)
    values, text = found_in(run, tmp_path)["short_levels"]
    assert values["needed_s"] == 80
    assert "1 min 20 s would do" in text


def test_rows_that_are_there_twice_are_counted(tmp_path: Path) -> None:
    """Also where they are far apart in the file."""
    run = sound_run()
    run.info["rows_written"] = len(run.requests) + 3
    run.requests += [dict(row) for row in run.requests[10:13]]
    found = found_in(run, tmp_path)
    assert found["duplicates"][0] == {"rows": 3}
    assert "`requests.csv` has 3 rows twice" in found["duplicates"][1]


@pytest.mark.parametrize(
    "cells",
    [
        {"ttft_ms": -5},
        {"latency_ms": -1_000},
        {"ttft_ms": 900, "last_token_ms": 400, "max_gap_ms": None},
        {"last_token_ms": 90_000},
    ],
)
def test_impossible_times_are_counted(tmp_path: Path, cells: Row) -> None:
    """Below zero, or out of order."""
    run = sound_run()
    run.requests[20] |= cells
    assert found_in(run, tmp_path)["impossible"][0] == {"rows": 1}


def test_rows_beyond_those_that_were_recorded_are_named(tmp_path: Path) -> None:
    """A file with rows of another run."""
    run = sound_run()
    run.info["rows_written"] = len(run.requests) - 5
    assert found_in(run, tmp_path)["more_rows"][0] == {"found": len(run.requests), "written": len(run.requests) - 5}


def test_more_calls_at_a_time_than_users_are_named(tmp_path: Path) -> None:
    """Each of four users has one call at a time."""
    run = sound_run()
    extra = [row | {"started_at": row["started_at"] + 0.2} for row in run.requests if row["users"] == 4]
    run.requests += extra
    assert found_in(run, tmp_path)["crowded"][0]["levels"] == ["streaming-04"]


@pytest.mark.parametrize(
    "cells",
    [
        *({"stop_reason": reason} for reason in ("guardrail_intervened", "refusal", "content_filtered")),
        {"stop_reason": "malformed_model_output"},
        {"output_tokens": 0},
    ],
)
def test_answers_that_are_none_are_named_and_their_level_is_not_advised(tmp_path: Path, cells: Row) -> None:
    """A third of the answers at 8 users are refusals, which come fast: 4 users are advised."""

    def refusing(random_: random.Random, users: int) -> Row:
        refused = users == 8 and random_.random() < 0.3
        return closed_loop.streamed(300, ttft_ms=100, tokens=20) | cells if refused else usual(random_, users)

    run = sound_run(refusing)
    found = found_in(run, tmp_path)
    assert found["no_answers"][0]["levels"] == ["streaming-08"]
    known = edition(read(tmp_path))
    assert known.conclusions[0].advised == "streaming-04"
    assert known.best_level("streaming") == "streaming-04"


@pytest.mark.parametrize(
    ("endpoint", "output_tokens", "reason", "what"),
    [
        ("mantle", 16, "length", "cut_by_quota"),
        ("runtime", 16, "max_tokens", "cut_answers"),
        ("mantle", 250, "length", None),  # of 256: at its limit
        ("mantle", 16, "stop", None),  # as short as the model wanted it
    ],
)
def test_answers_that_were_cut_before_their_limit(
    tmp_path: Path, endpoint: str, output_tokens: int, reason: str, what: str | None
) -> None:
    """By the quota of output tokens on bedrock-mantle; elsewhere by something that is not known."""
    run = sound_run()
    run.info["settings"]["model"]["endpoint"] = endpoint
    for row in run.requests:
        if row["users"] == 8:
            row.update(stop_reason=reason, output_tokens=output_tokens, max_tokens=256)
    found = found_in(run, tmp_path)
    told = {name: values for name, (values, *_) in found.items() if name.startswith("cut_")}
    assert set(told) == ({what} if what else set())
    if what:
        assert told[what]["levels"] == ["streaming-08"]
        assert told[what]["answers"] > 50


def test_exceptions_in_tasks_are_quoted(tmp_path: Path) -> None:
    """The most frequent ones; and a client that spins on them is not told to use more workers."""
    run = sound_run()
    for row in run.requests:
        row["read_lag_ms"] = 400
    assert "late" in found_in(run, tmp_path)
    with (tmp_path / "exceptions.csv").open("w", encoding="utf-8", newline="") as file:
        file.write("Count,Message,Traceback,Nodes\n3,odd,x,local\n900,no key 'a',x,local\n")
    found = found_in(run, tmp_path)
    assert found["exceptions"][0] == {"exceptions": 903, "raised": [("no key 'a'", 900), ("odd", 3)]}
    assert "903 exceptions, most often: `no key 'a'` (900) and `odd` (3)." in found["exceptions"][1]
    assert "late" not in found


@pytest.mark.parametrize(("cpu_percent", "what"), [(4.0, "late_machine"), (85.0, "late_said")])
def test_a_late_client_with_a_free_cpu_was_not_alone(tmp_path: Path, cpu_percent: float, what: str) -> None:
    """Then the advice is to run again, not to add workers; in no case is it the limit."""
    run = sound_run()
    causes = [{"what": "loop_lag_p99_ms", "worker": "local", "value": 80.0}]
    workers = {"local": {"cpu_percent": cpu_percent, "loop_lag_p99_ms": 80.0}}
    run.info["health"] = {"streaming-08": {"client_limited": True, "causes": causes, "workers": workers}}
    found = found_in(run, tmp_path)
    assert set(found) == {what}
    assert ("run again" in found[what][1]) is (what == "late_machine")
    assert edition(read(tmp_path)).conclusions[0].limit is None


def cut(run: make.Folder) -> None:
    """Cut off the calls of a run that would end after the window of their level."""
    windows = {level["level"]: level["measured_to"] for level in run.levels}
    for place, row in enumerate(run.requests):
        left_ms = 1000 * (windows[row["level"]] - row["started_at"])
        if row["latency_ms"] > left_ms:
            run.requests[place] = make.cut_off(row) | {"latency_ms": left_ms}


def test_calls_that_the_end_cut_off_are_counted(tmp_path: Path) -> None:
    """10 to 30 s answers in a level of a minute: percentiles are of the estimate, not of those that came in time."""
    run = closed_loop.run((60,), lambda random_, _: closed_loop.streamed(1000 * random_.uniform(10, 30)), window_s=60)
    cut(run)
    values, text = found_in(run, tmp_path)["cut_off"]
    measured = [row for row in run.requests if row["phase"] == "measure"]
    assert values["count"] == sum(row.get("error") == "Cancelled" for row in measured)
    assert f"The end cut off {values['count']} calls" in text
    figures = edition(read(tmp_path)).figures.loc["streaming-60"]
    assert figures["latency_ms_p50"] == pytest.approx(20_000, rel=0.1)
    assert figures["latency_ms_p95"] == pytest.approx(29_000, rel=0.05)
    assert figures["latency_ms_of_successes_p50"] < 0.97 * figures["latency_ms_p50"]


def of_api(run: make.Folder, operation: str, endpoint: str = "runtime") -> make.Folder:
    """A run whose calls were made by another API."""
    for row in run.requests:
        row["operation"] = operation
    run.info["settings"]["model"] |= {"endpoint": endpoint}
    return run


@pytest.mark.parametrize(
    ("operation", "endpoint", "shown"),
    [
        ("converse_stream", "runtime", ""),
        ("invoke_model_with_response_stream", "runtime", ", InvokeModel"),
        ("responses_stream", "runtime", ", Responses"),
        ("chat_completions", "mantle", ", Chat Completions on bedrock-mantle"),
        ("messages", "mantle", ", Messages on bedrock-mantle"),
    ],
)
def test_the_title_names_the_api(tmp_path: Path, operation: str, endpoint: str, shown: str) -> None:
    """And the endpoint: all but Converse on bedrock-runtime, which all models have."""
    known = edition(read(of_api(sound_run(), operation, endpoint).write(tmp_path)))
    region = known.run.text("settings", "aws", "region")
    assert title(known).endswith((f" in {region}" if region else "") + shown)


def test_calls_by_several_apis_are_said(tmp_path: Path) -> None:
    """The figures of a level mix them; streaming and non-streaming calls of one API are no mixture."""
    run = of_api(sound_run(), "responses_stream")
    first, second = [row for row in run.requests if row["phase"] == "measure"][:2]
    first["operation"] = "responses"
    assert "apis" not in found_in(run, tmp_path / "one")
    second["operation"] = "converse_stream"
    values, text = found_in(run, tmp_path / "two")["apis"]
    assert values == {"apis": ["responses", "converse"]}
    assert text == "Calls were made by different APIs: Responses and Converse. The figures mix them."


def without_levels() -> make.Folder:
    """A run of an own locustfile: two names, each with a model, an API and a tier of its own."""
    run = sound_run()
    run.levels.clear()
    for place, row in enumerate(run.requests):
        row |= {"level": "", "users": "", "phase": "", "name": f"name-{place % 2}"}
        row |= {"model_id": f"model-{place % 2}", "operation": ("responses_stream", "messages_stream")[place % 2]}
        row["service_tier"] = ("flex", "priority")[place % 2]
    return run


MIXTURES = {"apis", "tiers", "models"}


def test_names_that_are_apart_are_no_mixture(tmp_path: Path) -> None:
    """Each row of the report has one model, one API and one tier: no figure mixes them."""
    assert not MIXTURES & found_in(without_levels(), tmp_path).keys()


def test_one_name_for_several_is_a_mixture(tmp_path: Path) -> None:
    """In a run without levels, too; what stands under a name of its own is not named."""
    run = without_levels()
    for row in run.requests[::3]:
        row["name"] = "both"
    run.requests[1] |= {"name": "alone", "model_id": "model-x", "operation": "converse", "service_tier": "reserved"}
    found = found_in(run, tmp_path)
    assert set(found["models"][0]["models"]) == {"model-0", "model-1"}
    assert set(found["apis"][0]["apis"]) == {"responses", "messages"}
    assert set(found["tiers"][0]["tiers"]) == {"flex", "priority"}


def test_the_default_tier_has_two_names(tmp_path: Path) -> None:
    """Messages calls it `standard`."""
    run = sound_run()
    for place, row in enumerate(run.requests):
        row["service_tier"] = ("default", "standard")[place % 2]
    assert "tiers" not in found_in(run, tmp_path / "one")
    for row in run.requests[::3]:
        row["service_tier"] = "flex"
    assert found_in(run, tmp_path / "two")["tiers"][0] == {"tiers": ["default", "flex"]}


def test_a_single_success_among_calls_that_were_cut_off(tmp_path: Path) -> None:
    """It is a figure, too, and rests on an estimate; a level without a success has none to doubt."""
    run = make.shaped(("streaming",), (4,))
    measured = [place for place, row in enumerate(run.requests) if row["phase"] == "measure"]
    for place in measured[1:]:
        run.requests[place] = make.cut_off(run.requests[place])
    assert "cut_off" in found_in(run, tmp_path / "one")
    run.requests[measured[0]] = make.cut_off(run.requests[measured[0]])
    assert "cut_off" not in found_in(run, tmp_path / "none")


def test_a_length_that_a_level_had_is_no_advice(tmp_path: Path) -> None:
    """Calls that come late end after the window though most are short: 40 s are too few, and 33 s would not do."""
    run = sound_run(lambda *_: closed_loop.streamed(8_200), window_s=40)
    for row in run.requests:
        level = next(level for level in run.levels if level["level"] == row["level"])
        row["latency_ms"] = 4_000 if row["started_at"] < level["measured_to"] - 20 else 24_000
    found = edition(read(run.write(tmp_path)))
    needed = [steady.needed_s(found.levels, str(key)) for key in found.figures.index]
    assert all(one is not None and one > 40 for one in needed), needed


def test_no_length_would_do_above_capacity(tmp_path: Path) -> None:
    """Nor where a search ended a level as its verdict was clear, or the run was stopped in it."""
    found = found_in(arrivals_of((10,), growth=20.0), tmp_path / "queue")
    assert "queue" in found
    assert "short_levels" not in found
    run = sound_run(lambda *_: closed_loop.streamed(8_000), window_s=9)
    assert "short_levels" in found_in(run, tmp_path / "short")
    for row in run.levels:
        row["completed"] = "false"
    assert "short_levels" not in found_in(run, tmp_path / "cut")
    for row in run.levels:
        row["completed"] = "true"
    run.info["search"] = [{"mode": "streaming", "for": "users", "probes": []}]
    run.info["settings"]["search"] = {"duration_seconds": 160}
    assert "short_levels" not in found_in(run, tmp_path / "search")


@pytest.mark.parametrize(
    ("arrivals", "setting"),
    [
        ({"rates": [10], "duration_seconds": 5}, "arrivals.duration_seconds"),
        ({"profile": [[5, 1, 10]]}, "arrivals.profile"),
        ({"trace": {"file": "x", "to": 90}}, "arrivals.trace.to"),
        ({"trace": {"file": "x"}}, "arrivals.trace.file"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_to_set_for_longer_levels(tmp_path: Path, arrivals: dict[str, Any], setting: str, language: str) -> None:
    """It is the setting of this load."""
    run = arrivals_of((0.1,))
    run.info = make.info(len(run.requests), 1)
    run.info["settings"]["arrivals"] = arrivals
    found = edition(read(run.write(tmp_path)), language)
    [text] = [text for doubt, text in zip(found.doubts, told(found), strict=True) if doubt.what == "few"]
    assert f"`{setting}`" in text


def test_a_trace_that_was_stopped_is_not_too_short(tmp_path: Path) -> None:
    """There was more of it."""
    run = arrivals_of((0.1,))
    run.info = make.info(len(run.requests), 1) | {"ended": "interrupted"}
    run.info["settings"]["arrivals"] = {"trace": {"file": "x"}}
    found = edition(read(run.write(tmp_path)), "en")
    [text] = [text for doubt, text in zip(found.doubts, told(found), strict=True) if doubt.what == "few"]
    assert text.endswith("Let the trace come to its end.")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Edition:
    """One level of a run in which all went well."""
    run = closed_loop.run((4,), usual, window_s=30)
    run.info["settings"]["concurrency"] |= {"warmup_seconds": 5}
    run.info |= {"rows_written": len(run.requests)}
    return edition(read(run.write(tmp_path_factory.mktemp("sound"))))


def with_info(known: Edition, **info: Any) -> Edition:
    """The same run, of which `run.json` says something else."""
    run = replace(known.run, info=known.run.info | info)
    late = late_levels(known.figures, run)
    return replace(known, run=run, workers=workers(run), late=late, searches=searches(run))


def found_by(known: Edition) -> list[tuple[str, dict[str, Any]]]:
    """Each doubt with its values, in their order."""
    return [(doubt.what, dict(doubt.values)) for doubt in doubts(known)]


LEVEL = {"levels": ["streaming-04"]}
WORKER = {"rows_made": 60, "rows_received": 60, "cpu_percent": 12, "state": "finished"}
LATE = {"client_limited": True}


def change(what: str, **values: Any) -> dict[str, Any]:
    """A change among the workers in the one level."""
    return {"what": what, "worker": "w1", "levels": ["streaming-04"], **values}


def cause(what: str, value: Any = 7) -> dict[str, Any]:
    """Why the load generator was late."""
    return {"what": what, "worker": "w1", "value": value}


def noted(causes: list[Any], *percents: float | None) -> dict[str, Any]:
    """What the load generator noted of the level, and the use of CPU of each worker."""
    used = {str(number): {"cpu_percent": percent} for number, percent in enumerate(percents)}
    return {"health": {"streaming-04": LATE | {"causes": causes, "workers": used}}}


SPEND, SAME = "limits.max_cost_usd", "limits.same_failures"


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({}, []),
        ({"simulator": True, "endpoint": "http://127.0.0.1:80"}, [("simulator", {})]),
        ({"simulator": "yes"}, []),
        ({"endpoint": "http://localhost:80"}, [("here", {"host": "localhost"})]),
        ({"endpoint": "https://gateway.example.com/x"}, [("elsewhere", {"host": "gateway.example.com"})]),
        ({"endpoint": "https://x.amazonaws.com"}, []),
        ({"ended": "running", "end_reason": "r"}, [("running", {"reason": "r"})]),
        ({"ended": "failed", "end_reason": "r", "limit": SPEND}, [("failed", {"reason": "r"})]),
        ({"ended": "interrupted", "end_reason": None}, [("interrupted", {"reason": ""})]),
        ({"ended": "interrupted", "end_reason": "r", "limit": SPEND}, [("limited", {"reason": "r"})]),
        ({"ended": "limited", "end_reason": "r"}, [("limited", {"reason": "r"})]),
        (
            {"ended": "interrupted", "end_reason": "20 calls", "limit": SAME},
            [("same_failures", {"reason": "20 calls", "category": ""})],
        ),
        ({"workers": {"w1": WORKER | {"state": "missing"}}}, [("missing", {"workers": ["w1"]})]),
        ({"workers": {"w1": WORKER | {"rows_made": None}}}, [("missing", {"workers": ["w1"]})]),
        ({"workers": {"w1": WORKER | {"rows_made": None}}, "ended": ""}, []),
        (
            {"workers": {"w1": WORKER | {"rows_made": None}}, "ended": "running", "end_reason": ""},
            [("running", {"reason": ""})],
        ),
        (
            {"workers": {"w1": {"state": "refused", "reason": "other version"}, "w2": WORKER}},
            [("refused", {"worker": "w1", "reason": "other version"})],
        ),
        (
            {"workers": {"w1": {"state": "refused"}}},
            [("refused", {"worker": "w1", "reason": ""})],
        ),
        ({"workers": {"w1": WORKER | {"rows_made": 63}}}, [("lost", {"lost": 3, "made": 63})]),
        (
            {"workers": {"w1": WORKER | {"rows_made": 50}, "w2": WORKER | {"rows_made": 61}}},
            [("lost", {"lost": 1, "made": 111})],
        ),
        ({"rows_lost": 2}, [("unwritten", {"lost": 2})]),
        ({"workers": {"w1": WORKER | {"cpu_percent": 89.9}}}, []),
        (
            {"workers": {"w1": WORKER | {"cpu_percent": 90}, "w2": WORKER | {"cpu_percent": 99}}},
            [("busy", {"workers": ["w1", "w2"], "percent": 99})],
        ),
        ({"levels_planned": 1}, []),
        ({"levels_planned": 2}, [("planned", {"started": 1, "planned": 2})]),
        ({"levels_planned": 2, "search": [{"mode": "streaming", "probes": []}]}, []),
        ({"worker_changes": [change("lost")]}, [("disturbed", LEVEL)]),
        ({"worker_changes": [change("left"), change("back")]}, [("disturbed", LEVEL)]),
        ({"worker_changes": [change("lost") | {"levels": ["other"]}, "x", {"what": "lost", "levels": 3}]}, []),
        ({"worker_changes": {"what": "lost"}}, []),
        (
            {"worker_changes": [change("still", lasted_s=2), change("still", lasted_s=3.5), change("still")]},
            [("stood_still", LEVEL | {"workers": ["w1"], "still_s": 3.5})],
        ),
        (
            noted([cause("loop_lag_p99_ms"), cause("of a later version"), cause("cpu_percent", "x"), "x"], 12, 59.9),
            [("late_machine", LEVEL | {"causes": {"streaming-04": [cause("loop_lag_p99_ms")]}})],
        ),
        (
            noted([cause("loop_lag_p99_ms")], 12, 60),
            [("late_said", LEVEL | {"causes": {"streaming-04": [cause("loop_lag_p99_ms")]}})],
        ),
        (
            noted([cause("read_lag_p99_ms")], 12, None),
            [("late_said", LEVEL | {"causes": {"streaming-04": [cause("read_lag_p99_ms")]}})],
        ),
        (
            noted([cause("cpu_percent")], 12),
            [("late_said", LEVEL | {"causes": {"streaming-04": [cause("cpu_percent")]}})],
        ),
        (
            noted([cause("read_lag_p99_ms"), cause("arrivals_missed")]),
            [("late_said", LEVEL | {"causes": {"streaming-04": [cause("read_lag_p99_ms")]}})],
        ),
        (noted([cause("arrivals_dropped"), cause("arrivals_missed")]), []),
        ({"health": {"streaming-04": LATE}}, [("late_said", LEVEL | {"causes": {"streaming-04": []}})]),
        ({"health": {"streaming-04": {"client_limited": 1}}}, []),
        ({"health": {"streaming-08": LATE}}, []),
    ],
    ids=lambda one: str(one)[:60],
)
def test_what_a_run_says_of_itself(sound: Edition, info: dict[str, Any], expected: list[Any]) -> None:
    """Each doubt, what it is about, and nothing else."""
    assert found_by(with_info(sound, **info)) == expected


def with_figures(known: Edition, **figures: float | str) -> Edition:
    """The same run with other figures of its level."""
    return replace(known, figures=known.figures.assign(**figures))


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({"users_reached": 4}, []),
        ({"users_reached": 3.0}, [("users", LEVEL)]),
        ({"users_reached": 3.0, "unit": "rate"}, []),
        ({"window_s": float("nan")}, [("never", LEVEL)]),
        ({"ok": 20.0}, []),
        ({"ok": 19.0}, [("few", LEVEL | {"needed": 20})]),
        ({"ok": 1.0}, [("few", LEVEL | {"needed": 20})]),
        ({"ok": 0.0}, []),
        ({"ok": 90.0, "failed": 5.0, "cancelled": 5.0}, []),
        ({"ok": 90.0, "failed": 4.0, "cancelled": 6.0}, [("cut_off", LEVEL | {"count": 6})]),
        ({"ok": 0.0, "failed": 4.0, "cancelled": 6.0}, []),
        ({"name": "other"}, []),
    ],
    ids=str,
)
def test_what_the_figures_of_a_level_say(sound: Edition, figures: dict[str, Any], expected: list[Any]) -> None:
    """Just below, at and just above each bound."""
    assert found_by(with_figures(sound, **figures)) == expected


@pytest.mark.parametrize(
    ("lag_ms", "delay_ms", "exceptions", "expected"),
    [
        (30.0, 2.0, 0, {"delay_ms": 30.0}),
        (30.0, 40.0, 0, {"delay_ms": 40.0}),
        (30.0, 2.0, 12, {"delay_ms": 30.0}),
        (30.0, 2.0, 14, None),
    ],
)
def test_levels_whose_calls_came_late(
    sound: Edition, *, lag_ms: float, delay_ms: float, exceptions: int, expected: dict[str, float] | None
) -> None:
    """With the longer of both delays; not where tasks fail as often as one call in ten, and keep the client busy."""
    run = replace(
        sound.run,
        calls=sound.run.calls.iloc[:130],
        info=sound.run.info | {"rows_written": 130},
        exceptions=pd.DataFrame({"message": ["odd"], "count": [exceptions]}).query("count > 0"),
    )
    figures = sound.figures.assign(read_lag_ms_p95=lag_ms, send_delay_ms_p95=delay_ms)
    found = dict(found_by(replace(sound, run=run, figures=figures, late=["streaming-04"])))
    assert found.get("late") == (LEVEL | expected if expected else None)
    assert set(found) <= {"late", "exceptions"}


@pytest.mark.parametrize(("more", "what"), [(1, "fewer_rows"), (0, ""), (-1, "more_rows")])
@pytest.mark.parametrize("ended", ["completed", "", "running"])
def test_rows_that_were_written_and_found(sound: Edition, more: int, what: str, ended: str) -> None:
    """Fewer are lost ones; more are those of another run, once this one has come to its end."""
    found = len(sound.run.calls)
    known = [one for one in found_by(with_info(sound, rows_written=found + more, ended=ended)) if one[0] != "running"]
    told = what and (what == "fewer_rows" or ended == "completed")
    assert known == ([(what, {"found": found, "written": found + more})] if told else [])


def arrivals_said(known: Edition, ended: str = "true", late_ms: float = 80.0, **counts: float) -> dict[str, Any]:
    """The doubts of arrivals that were due, dropped and missed, in a level that was limited by its client."""
    due = counts.get("due", 1000.0)
    row = {"due": due, "dropped": 0.0, "missed": 0.0, "lateness_ms_p99": late_ms, "limited": True} | counts
    figures = known.figures.assign(completed=ended)
    return dict(found_by(replace(known, figures=figures, arrivals=pd.DataFrame([row], index=["streaming-04"]))))


@pytest.mark.parametrize(
    ("counts", "ended", "expected"),
    [
        ({"dropped": 10.0}, "true", None),
        ({"dropped": 11.0}, "true", (1.1, ["dropped"])),
        ({"missed": 11.0}, "true", (1.1, ["missed"])),
        ({"dropped": 8.0, "missed": 4.0}, "true", (1.2, ["dropped"])),
        ({"dropped": 6.0, "missed": 6.0}, "true", (1.2, ["dropped", "missed"])),
        ({"dropped": 5.0, "missed": 6.0}, "true", (1.1, ["missed"])),
        ({"dropped": 6.0, "missed": 5.0}, "true", (1.1, ["dropped"])),
        ({"due": 100.0, "missed": 5.0}, "false", (5.0, [])),
        ({"due": 100.0, "missed": 6.0}, "false", (6.0, ["missed"])),
        ({"due": 100.0, "missed": 5.0}, "true", (5.0, ["missed"])),
    ],
    ids=str,
)
def test_arrivals_that_were_not_made(
    sound: Edition, counts: dict[str, float], ended: str, expected: tuple[float, list[str]] | None
) -> None:
    """More than one in 100: with the share, and what to do about each cause; else they came late."""
    found = arrivals_said(sound, ended, **counts)
    if expected is None:
        assert found == {"arrivals_late": LEVEL | {"delay_ms": 80.0}}
    else:
        percent, remedies = expected
        assert found == {"arrivals_lost": LEVEL | {"percent": pytest.approx(percent), "remedies": remedies}}


def test_arrivals_that_a_lost_worker_missed(sound: Edition) -> None:
    """It is told with the worker, and no remedy beside."""
    known = with_info(sound, worker_changes=[change("lost")])
    assert arrivals_said(known, missed=500.0)["arrivals_lost"]["remedies"] == []
    free = with_info(sound, **noted([cause("arrivals_missed")], 12))
    assert arrivals_said(free, missed=2.0) == {"arrivals_late_machine": LEVEL | {"delay_ms": 80.0}}
