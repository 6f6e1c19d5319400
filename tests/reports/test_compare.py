"""What a comparison must not let pass, and what it must not say: whole comparisons of made-up runs."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING, Any

import pytest

from reports.__main__ import main
from reports.edition import edition
from reports.reading.run import read
from reports.sections.configuration import configuration
from reports.sections.elsewhere import elsewhere

from . import run_folders as make

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Change = Callable[[make.Row, int], make.Row]

WINDOW_S = 60.0
TIMES = ("ttft_ms", "first_text_ms", "last_token_ms", "latency_ms")


def run(
    path: Path,
    seed: int,
    *,
    calls: int = 150,
    users: tuple[int, ...] = (4,),
    change: Change | None = None,
    **settings: Any,
) -> Path:
    """A run whose calls depend on nothing: this number in each level, spread over its window, changed if asked for."""
    random_, folder, at = random.Random(seed), make.Folder(), make.T0
    for count in users:
        folder.levels.append(make.level("streaming", count, at, WINDOW_S))
        for place in range(calls):
            start = at + make.WARMUP_S + (place + random_.random()) * WINDOW_S / calls
            key = make.level_name("streaming", count)
            row = make.call(random_, start, users=4, name=key, level=key, phase="measure") | {"users": count}
            folder.requests.append(change(row, place) if change else row)
        at += WINDOW_S + 15
    folder.info = make.info(len(folder.requests), len(folder.levels))
    folder.info["settings"]["test"] |= settings
    return folder.write(path)


def compare(tmp_path: Path, *arguments: object) -> tuple[int, str, dict[str, Any]]:
    """Exit code, Markdown and the comparison of the second side."""
    code = main(["compare", *map(str, arguments), "--output", str(tmp_path / "out")])
    text = (tmp_path / "out" / "comparison.md").read_text(encoding="utf-8")
    found = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))
    return code, text, found["comparisons"]["B"]


def times(by: float) -> Change:
    """Every time of a call longer by a factor."""
    return lambda row, _: row | {name: row[name] * by for name in TIMES}


def failing(every: Callable[[int], bool]) -> Change:
    """Some calls are throttled."""
    return lambda row, place: make.throttled(row) if every(place) else row


def reasons(found: dict[str, Any]) -> set[str]:
    """Why the gate fails."""
    return {one["reason"] for one in found["fails_gate"]}


def test_many_levels_that_are_all_slower_are_slower(tmp_path: Path) -> None:
    """84 levels, three times as slow: some 600 tests together, and each chance is small enough."""
    users = tuple(range(1, 85))
    base, slow = (
        run(tmp_path / "a", 1, users=users, calls=95),
        run(tmp_path / "b", 2, users=users, calls=95, change=times(3)),
    )
    code, text, found = compare(tmp_path, base, slow, "--max-regression", "10%")
    assert (code, found["verdict"]) == (3, "slower")
    assert "B is slower than A" in text
    medians = [test for test in found["tests"] if test["percent"] == 50]
    assert len(medians) == 3 * 84
    assert all(test["clear"] for test in medians)


@pytest.mark.parametrize(
    ("calls", "failed"), [(1, 1), (4, 2), (10, 3), (20, 3), (1000, 90), (30, 1), (500, 6)], ids=str
)
def test_a_success_rate_that_falls_fails_the_gate(tmp_path: Path, calls: int, failed: int) -> None:
    """However few the calls, and whether or not the fall is more than chance."""
    base = run(tmp_path / "a", 1, calls=calls)
    worse = run(tmp_path / "b", 2, calls=calls, change=failing(lambda place: place < failed))
    code, text, found = compare(tmp_path, base, worse, "--max-regression", "10%")
    assert code == 3
    assert "success" in reasons(found)
    assert f"({-100 * failed / calls:+.1f} points;" in text


def test_how_far_success_may_fall_is_a_setting(tmp_path: Path) -> None:
    """Two of 100 calls fail: within two points, not within one and a half."""
    base = run(tmp_path / "a", 1, calls=100)
    worse = run(tmp_path / "b", 1, calls=100, change=failing(lambda place: place in {20, 70}))
    limits = ("--max-regression", "50%", "--max-success-drop")
    assert compare(tmp_path, base, worse, *limits, "2")[0] == 0
    code, text, _ = compare(tmp_path, base, worse, *limits, "1.5")
    assert code == 3
    assert "Success rates that fell by more than 1.5 points: success of B, streaming at 4 users (-2.0 points;" in text


def test_too_few_calls_to_tell_a_success_rate(tmp_path: Path) -> None:
    """Nine calls that all succeed do not show that no more than one in 100 fails."""
    base, same = (run(tmp_path / name, seed, calls=9) for seed, name in enumerate("ab"))
    code, text, found = compare(tmp_path, base, same, "--max-regression", "500%")
    assert (code, reasons(found)) == (3, {"success_untold"})
    assert "Too few calls to tell whether a success rate fell by more than 1 point: success of B" in text


@pytest.mark.parametrize(
    ("lost", "metric"),
    [
        (("output_tokens",), "tpot_ms"),
        (("ttft_ms", "first_text_ms", "max_gap_ms"), "ttft_ms"),
        (("max_gap_ms",), "max_gap_ms"),
    ],
)
def test_a_metric_that_is_gone_fails_the_gate(tmp_path: Path, lost: tuple[str, ...], metric: str) -> None:
    """The base has it, the run does not say how it is now."""
    base = run(tmp_path / "a", 1)
    poorer = run(tmp_path / "b", 2, change=lambda row, _: {k: v for k, v in row.items() if k not in lost})
    code, text, found = compare(tmp_path, base, poorer, "--max-regression", "50%")
    assert code == 3
    assert metric in {one["metric"] for one in found["lacking"]}
    assert "lacking" in reasons(found)
    assert "Metrics that A has and the run lacks: " in text
    assert compare(tmp_path, poorer, base)[2]["lacking"] == []


def test_output_tokens_that_fall_fail_the_gate(tmp_path: Path) -> None:
    """Calls are as fast as before, but a third as many: -67 % output tokens/s."""
    base, fewer = run(tmp_path / "a", 1, calls=450), run(tmp_path / "b", 2, calls=150)
    code, text, found = compare(tmp_path, base, fewer, "--max-regression", "10%")
    assert (code, found["verdict"]) == (3, "none")
    assert re.search(r"output tokens/s of B, streaming at 4 users \(-6\d\.\d %; -\d\d\.\d … -\d\d\.\d %\)", text)
    assert compare(tmp_path, fewer, base, "--max-regression", "10%")[0] == 0


def halved(row: make.Row, _: int) -> make.Row:
    """The same call with half the answer."""
    tokens = row["output_tokens"] // 2
    last_ms = row["ttft_ms"] + (row["last_token_ms"] - row["ttft_ms"]) * (tokens - 1) / (row["output_tokens"] - 1)
    later_ms = row["latency_ms"] - row["last_token_ms"]
    return row | {"output_tokens": tokens, "last_token_ms": last_ms, "latency_ms": last_ms + later_ms}


def test_shorter_answers_are_not_faster(tmp_path: Path) -> None:
    """Half the tokens take half the time: the model is as fast as before, and the gate cannot know of latency."""
    base, short = run(tmp_path / "a", 1), run(tmp_path / "b", 2, change=halved, max_tokens=70)
    code, text, found = compare(tmp_path, base, short, "--max-regression", "10%")
    assert (code, found["verdict"]) == (3, "none")
    assert "faster" not in text.split("## Method")[0]
    assert re.search(
        r"\*\*Answers are not alike\*\*: streaming at 4 users \(\d+ output tokens per call in A, \d\d", text
    )
    assert "(answers differ)" in text
    assert reasons(found) == {"answers"}


def test_other_max_tokens_matter_where_answers_are_not_counted(tmp_path: Path) -> None:
    """Without token counts, the limit is all that is known of the length; with equal counts it does not matter."""
    uncounted: Change = lambda row, _: {k: v for k, v in row.items() if k != "output_tokens"}  # noqa: E731
    base = run(tmp_path / "a", 1, change=uncounted)
    other = run(tmp_path / "b", 2, change=lambda row, place: times(0.5)(uncounted(row, place), place), max_tokens=70)
    code, text, found = compare(tmp_path, base, other, "--max-regression", "10%")
    assert code == 3
    assert "(no token counts, and `max_tokens` differs)" in text
    assert "answers" in reasons(found)
    alike = [run(tmp_path / name, seed, max_tokens=seed) for seed, name in ((300, "c"), (400, "d"))]
    assert compare(tmp_path, *alike)[2]["answers"] == []


def slow(row: make.Row, place: int) -> make.Row:
    """Every third call takes 15 s."""
    return row | dict.fromkeys(("latency_ms", "last_token_ms"), 15_000.0) if place % 3 == 0 else row


def timed_out(row: make.Row, place: int) -> make.Row:
    """Such calls run into a timeout of 10 s before their first token."""
    if place % 3:
        return row
    return make.failed(row, "TimeoutError", "ReadTimeoutError", "no answer within 10 s") | {"latency_ms": 10_000.0}


def test_slow_calls_that_time_out_are_not_faster(tmp_path: Path) -> None:
    """What took 15 s now fails after 10 s: nothing became faster."""
    base, worse = run(tmp_path / "a", 1, change=slow), run(tmp_path / "b", 2, change=timed_out)
    code, text, found = compare(tmp_path, base, worse, "--max-regression", "10%")
    assert code == 3
    assert found["verdict"] not in {"faster", "mixed"}
    assert "faster" not in text.split("## Method")[0]
    assert "**More calls failed**" in text
    assert "> 10.0" in text
    p95 = next(test for test in found["tests"] if (test["metric"], test["percent"]) == ("latency_ms", 95))
    assert p95["after_longer"]
    assert not p95["clear"]


def test_calls_that_time_out_are_slower_than_those_that_did_not(tmp_path: Path) -> None:
    """From 2 s to more than 10 s."""
    base, worse = run(tmp_path / "a", 1), run(tmp_path / "b", 2, change=timed_out)
    _, _, found = compare(tmp_path, base, worse)
    p95 = {test["metric"]: test for test in found["tests"] if test["percent"] == 95}
    assert p95["latency_ms"]["clear"]
    assert p95["latency_ms"]["after"] == 10_000
    assert p95["latency_ms"]["change"]["high"] is None
    assert found["verdict"] == "slower"


def test_fast_refusals_do_not_make_a_run_faster(tmp_path: Path) -> None:
    """The calls that succeed are faster, but every second one is throttled: both are in the verdict."""
    base = run(tmp_path / "a", 1, calls=300)
    refusing = run(
        tmp_path / "b",
        2,
        calls=300,
        change=lambda row, place: make.throttled(row) if place % 2 else times(0.5)(row, place),
    )
    _, text, found = compare(tmp_path, base, refusing)
    assert found["verdict"] == "mixed"
    assert "**B is faster than A where calls succeed, but more of its calls fail.**" in text


def stalled(row: make.Row, place: int) -> make.Row:
    """Of 25 calls one stands still for 30 s."""
    if place % 25:
        return row
    return row | {"latency_ms": row["latency_ms"] + 3e4, "last_token_ms": row["last_token_ms"] + 3e4, "max_gap_ms": 3e4}


def test_rare_stalls_are_seen(tmp_path: Path) -> None:
    """4 % of 1,500 calls stall: neither P50 nor P95 knows of it, P99 and the longest gaps do."""
    base, worse = run(tmp_path / "a", 1, calls=1500), run(tmp_path / "b", 2, calls=1500, change=stalled)
    code, text, found = compare(tmp_path, base, worse, "--max-regression", "10%")
    assert (code, found["verdict"]) == (3, "slower")
    clear = {(test["metric"], test["percent"]) for test in found["tests"] if test["clear"]}
    assert {("latency_ms", 99), ("max_gap_ms", 99)} <= clear
    assert not {("latency_ms", 50), ("ttft_ms", 99)} & clear
    assert "longest gap of a call P99" in text


def test_a_fall_of_success_is_one_of_many_tests(tmp_path: Path) -> None:
    """Of 20 levels one has 5 failures of 120: by itself that would be clear, among 20 levels it may be chance."""
    users = tuple(range(1, 21))
    base = run(tmp_path / "a", 1, users=users, calls=120)
    other = run(
        tmp_path / "b",
        2,
        users=users,
        calls=120,
        change=lambda row, place: make.throttled(row) if row["users"] == 7 and place % 24 == 5 else row,
    )
    _, text, found = compare(tmp_path, base, other)
    fallen = next(one for one in found["success"] if one["after"] < 1)
    assert fallen["level"] == ["streaming", 7]
    assert not fallen["clear"]
    assert "More calls failed" not in text


def test_no_difference_has_its_range(tmp_path: Path) -> None:
    """No equality from missing evidence: what may hide is said."""
    base, same = (run(tmp_path / name, seed) for seed, name in enumerate("ab"))
    _, text, found = compare(tmp_path, base, same)
    assert found["verdict"] == "none"
    changes = [test["change"] for test in found["tests"] if test["percent"] in {50, 95}]
    low, high = min(one["low"] for one in changes), max(one["high"] for one in changes)
    assert f"is shown (P50 and P95: {100 * low:+.1f} … {100 * high:+.1f} %).**" in text


def test_the_best_of_two_levels_is_no_comparison(tmp_path: Path) -> None:
    """The level stands beside each figure, and no change where the levels differ."""
    fast: Change = lambda row, place: times(0.4)(row, place) if row["users"] == 8 else row  # noqa: E731
    base, other = run(tmp_path / "a", 1, users=(4, 8)), run(tmp_path / "b", 2, users=(4, 8))
    _, text, _ = compare(tmp_path, base, other)
    best = re.search(r"Best output tokens/s, streaming: [^.]*\.", text)
    assert best is not None
    assert best[0].count("users") in {1, 2}
    assert ("%" in best[0]) is (best[0].count("users") == 1)
    del fast


def test_the_verdict_comes_first_and_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first lines of the page and of the output say it; the path comes last."""
    base, worse = run(tmp_path / "a", 1), run(tmp_path / "b", 2, change=times(2))
    _, text, _ = compare(tmp_path, base, worse, "--max-regression", "10%")
    out = capsys.readouterr().out.splitlines()
    assert text.splitlines()[2] == "**Regression gate: failed.**"
    assert out == ["Regression gate: failed.", "B is slower than A.", str(tmp_path / "out" / "comparison.md")]
    compare(tmp_path, base, worse)
    assert capsys.readouterr().out.splitlines()[0] == "B is slower than A."


def by(operation: str) -> Change:
    """Calls by another API."""
    return lambda row, _: row | {"operation": operation}


def test_the_apis_are_named_where_they_differ(tmp_path: Path) -> None:
    """In the verdict, and in the table of the runs; the verdict on runs by one API names none."""
    chat = run(tmp_path / "a", 1, calls=60, change=by("chat_completions_stream"))
    messages = run(tmp_path / "b", 1, calls=60, change=by("messages_stream"))
    _, text, _ = compare(tmp_path, chat, messages)
    assert "between B (Messages) and A (Chat Completions)" in text
    assert re.search(r"(?m)^\| A +\|[^|]+\| Chat Completions +\|", text)
    assert re.search(r"(?m)^\| B +\|[^|]+\| Messages +\|", text)


def test_the_settings_name_the_apis_that_were_called(tmp_path: Path) -> None:
    """An own locustfile calls what it likes, whatever `model.api` says."""
    for operation, said in (
        ("converse_stream", "`converse`"),
        ("responses_stream", "`converse, but calls were made by Responses`"),
    ):
        folder = run(tmp_path / operation, 1, calls=60, change=by(operation))
        about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        about["settings"]["model"]["api"] = "converse"
        (folder / "run.json").write_text(json.dumps(about), encoding="utf-8")
        known = edition(read(folder))
        page = configuration(known, {})
        assert re.search(rf"(?m)^\| `model\.api` +\| {said} +\|", page)
        assert f"`model.api` {said}" in elsewhere(known, [page], ["report.html"])


@pytest.mark.parametrize("limits", [(), ("--max-regression", "10%")])
def test_nothing_to_compare_is_no_regression(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], limits: tuple[str, ...]
) -> None:
    """Levels that the other run has not: exit code 2, whether there is a gate or not."""
    base, other = run(tmp_path / "a", 1, users=(4,)), run(tmp_path / "b", 2, users=(6,))
    assert compare(tmp_path, base, other, *limits)[0] == 2
    assert "nothing could be compared" in capsys.readouterr().err


def test_several_runs_a_side(tmp_path: Path) -> None:
    """Three runs each: the spread between runs of a side is in the interval, so what two runs show may be chance."""
    paces = {"a1": 1.0, "a2": 1.15, "a3": 0.9, "b1": 1.2, "b2": 1.0, "b3": 1.1}
    runs = {name: run(tmp_path / name, seed, change=times(pace)) for seed, (name, pace) in enumerate(paces.items())}
    base, other = ([path for name, path in runs.items() if name[0] == side] for side in "ab")
    _, text, found = compare(tmp_path, "--base", *base, "--run", *other)
    assert found["verdict"] == "none"
    assert compare(tmp_path, base[0], other[0])[2]["verdict"] == "slower"
    assert "| A1 " in text
    assert "| B3 " in text
    assert "P95: B against A (%)" in text
    slower = [run(tmp_path / f"c{seed}", seed, change=times(2 + seed / 50)) for seed in range(10, 13)]
    _, _, found = compare(tmp_path, "--base", *base, "--run", *slower)
    assert found["verdict"] == "slower"
    assert all(test["clear"] for test in found["tests"] if test["percent"] == 50 and test["metric"] != "max_gap_ms")


def test_one_run_against_several(tmp_path: Path) -> None:
    """The side with several runs tells the spread; a level that one of them lacks is missing."""
    base = [run(tmp_path / f"a{seed}", seed, users=(4, 8)) for seed in range(3)]
    one, poorer = run(tmp_path / "b", 5, users=(4, 8)), run(tmp_path / "c", 6, users=(4,))
    _, _, found = compare(tmp_path, "--base", *base, "--run", one)
    assert found["verdict"] == "none"
    code, _, found = compare(tmp_path, "--base", *base, "--run", one, poorer, "--max-regression", "90%")
    assert (code, found["missing"]) == (3, [["streaming", 8]])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a", "--base", "b", "--run", "c"], "--base and --run name all runs: leave out --baseline"),
        (["--baseline", "a", "--base", "b", "--run", "c"], "--base and --run name all runs: leave out --baseline"),
        (["--base", "a", "b"], "--base and --run belong together"),
        (["--run", "a"], "--base and --run belong together"),
        (["--base", "a", "--run", "b", "a"], "a is given more than once"),
        (["a", "b", "b"], "b is given more than once"),
        ([], "give at least two run folders"),
        (["a", "b", "--max-success-drop", "1"], "--max-success-drop belongs to --max-regression"),
        (["a", "b", "--max-regression", "1", "--max-success-drop", "200"], "'200': give points of the success rate"),
    ],
)
def test_a_wrong_command_is_one_clear_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    """Exit code 2 and what to give instead, before anything is read."""
    try:
        code = main(["compare", *arguments])
    except SystemExit as end:
        code = int(end.code or 0)
    assert code == 2
    assert words in capsys.readouterr().err.splitlines()[-1]
