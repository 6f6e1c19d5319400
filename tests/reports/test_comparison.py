"""Runs against a base."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import pytest

from reports.__main__ import main
from reports.charts.comparison import chart
from reports.edition import edition
from reports.numbers import intervals, sample
from reports.numbers.comparison import THROUGHPUT, Comparison, Difference, Share
from reports.reading.run import read

from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path

    from reports.numbers.sides import Level

TIMES = ("ttft_ms", "first_text_ms", "last_token_ms", "latency_ms")


def run(folder: Path, seed: int, factor: float = 1.0, users: tuple[int, ...] = (4, 12)) -> Path:
    """A run that is slower by a factor."""
    made = make.shaped(("streaming", "non_streaming"), users, seed=seed)
    for row in made.requests:
        row |= {name: round(row[name] * factor, 1) for name in TIMES if name in row}
    return made.write(folder)


def compared(tmp_path: Path, *arguments: str) -> tuple[int, str, dict[str, Any]]:
    """Exit code, Markdown and the comparison of the second run."""
    code = main(["compare", *arguments, "--output", str(tmp_path / "out")])
    text = (tmp_path / "out" / "comparison.md").read_text(encoding="utf-8")
    found = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))
    assert found["schema"] == 1
    return code, text, found["comparisons"]["B"]


@pytest.mark.parametrize(
    ("factor", "verdict", "code"), [(1.0, "none", 0), (1.3, "slower", 3), (0.7, "faster", 0), (1.06, "slower", 0)]
)
def test_a_verdict_and_a_gate(tmp_path: Path, factor: float, verdict: str, code: int) -> None:
    """The same service shows no difference; a clear one fails the gate if it is large and for the worse."""
    before, after = run(tmp_path / "a", 1), run(tmp_path / "b", 7 if factor != 1.06 else 1, factor)
    done, text, found = compared(tmp_path, str(before), str(after), "--max-regression", "10%")
    assert (found["verdict"] if factor != 1.06 else verdict, done) == (verdict, code)
    words = {
        "none": "No difference in time between B and A is shown",
        "slower": "B is slower than A",
        "faster": "B is faster",
    }
    assert words[verdict] in text or factor == 1.06
    assert ("Regression gate: failed" in text) is (code == 3)
    if code:
        assert re.search(r"as measured, by more than 10 %:\n\n- .*\(\+[\d.]+ %; \+[\d.]+ … \+[\d.]+ %\)\n- ", text)


@pytest.mark.parametrize(("share", "differs"), [(1.0, True), (0.2, True), (0.05, False)])
@pytest.mark.parametrize("swapped", [False, True])
def test_a_first_token_of_hidden_reasoning_is_no_faster_text(
    tmp_path: Path, share: float, swapped: bool, differs: bool
) -> None:
    """TTFT is another moment then: it does not count, and the first text, which comes as early, is compared."""
    shown, hidden = (make.shaped(("streaming", "non_streaming"), (4, 12), seed=seed) for seed in (1, 7))
    for row in [*shown.requests, *hidden.requests]:
        if "ttft_ms" in row:
            counts = {"reasoning_tokens": 10, "reasoning_bytes": 0, "content_bytes": 4 * row["output_tokens"]}
            row.update(counts, first_text_ms=row["ttft_ms"])
    streamed = [row for row in hidden.requests if "ttft_ms" in row]
    for number, row in enumerate(streamed):
        if (number * share) % 1 + share >= 1:
            row["ttft_ms"] = round(row["ttft_ms"] * 0.3, 1)
    folders = [str(shown.write(tmp_path / "a")), str(hidden.write(tmp_path / "b"))]
    code, text, found = compared(tmp_path, *(folders[::-1] if swapped else folders), "--max-regression", "20%")
    assert [one["level"] for one in found["begins"]] == ([["streaming", 4], ["streaming", 12]] if differs else [])
    firsts = [test for test in found["tests"] if test["metric"] == "first_text_ms"]
    assert bool(firsts) is differs
    assert {test["counts"] for test in found["tests"] if test["metric"] == "ttft_ms"} == {not differs}
    if not differs:
        assert "moment" not in text
        return
    assert (found["verdict"], code, found["fails_gate"]) == ("none", 0, [])
    assert not any(test["clear"] for test in firsts)
    assert "**TTFT is not the same moment**: streaming at 4 users (the first text came later than the first" in text
    assert "## Time to first text (ms)" in text
    assert "(another moment)" in text


def test_the_baseline_may_be_named(tmp_path: Path) -> None:
    """`--baseline` makes any of the runs the base."""
    slow, usual = run(tmp_path / "slow", 1, 1.4), run(tmp_path / "usual", 2)
    _, text, found = compared(tmp_path, str(slow), str(usual), "--baseline", str(usual))
    assert found["verdict"] == "slower"
    assert "Regression gate" not in text


def test_runs_without_a_common_level(tmp_path: Path) -> None:
    """Nothing to compare is said, and passes no gate."""
    one, other = run(tmp_path / "a", 1), run(tmp_path / "b", 2, users=(5,))
    code, text, _ = compared(tmp_path, str(one), str(other), "--max-regression", "10")
    assert code == 2
    assert "no level in common" in text
    assert "Nothing could be compared with A: B." in text


def test_what_could_not_be_tested_is_said_and_passes_no_gate(tmp_path: Path) -> None:
    """Few calls whose P95 is far above the limit, their P50 the same: not shown to be within it."""
    before = make.shaped(("streaming",), (2,), seed=1)
    after = make.shaped(("streaming",), (2,), seed=1)
    for row in after.requests[::8]:
        row |= {name: row[name] * 3 for name in TIMES}
    code, text, found = compared(
        tmp_path, str(before.write(tmp_path / "a")), str(after.write(tmp_path / "b")), "--max-regression", "10"
    )
    assert (code, found["verdict"]) == (3, "none")
    assert re.search(r"is shown in what could be tested \(.*\)\. Too few calls to tell: P95 of TTFT", text)
    assert f"about {intervals.needed(95, sample.WIDENING)} successful calls" in text
    worse = "Worse than in A by more than 10 % as measured, with too few calls to tell: TTFT P95 of B"
    assert f"**Regression gate: failed.**\n\n{worse}" in text


def test_too_few_calls_for_anything(tmp_path: Path) -> None:
    """Not even a median can be tested: nothing was compared, and no gate passes."""
    one, other = (make.shaped(("streaming",), (1,), length_s=4, seed=seed) for seed in (1, 2))
    code, text, found = compared(
        tmp_path, str(one.write(tmp_path / "a")), str(other.write(tmp_path / "b")), "--max-regression", "100"
    )
    assert (code, found["verdict"]) == (2, "nothing")
    assert "**Nothing of B could be compared with A. Too few calls to tell" in text


def test_at_best_is_told_mode_by_mode(tmp_path: Path) -> None:
    """The best of one mode is not held against that of another."""
    both = make.shaped(("streaming", "non_streaming"), (4,), seed=1).write(tmp_path / "a")
    one = make.shaped(("streaming",), (4,), seed=2).write(tmp_path / "b")
    _, text, _ = compared(tmp_path, str(both), str(one))
    assert "Best output tokens/s, streaming: " in text
    assert "Best output tokens/s, non-streaming" not in text


def test_at_best_is_where_calls_succeed(tmp_path: Path) -> None:
    """Throughput at a level that throttled most of its calls is not what a run gives."""
    one = run(tmp_path / "a", 1)
    made = make.shaped(("streaming", "non_streaming"), (4, 12), seed=2)
    made.requests = [
        make.throttled(row) if row["users"] == 12 and place % 3 else row for place, row in enumerate(made.requests)
    ]
    _, text, _ = compared(tmp_path, str(one), str(made.write(tmp_path / "b")))
    levels = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))["runs"]["B"]["levels"]
    best = max(level["output_tokens_per_s"] for level in levels if level["users"] == 4)
    assert f"{best:.0f} in B at 4 users. These are different levels" in text


def test_a_page_has_one_language(tmp_path: Path) -> None:
    """That of the base, whatever the others asked for: their doubts, too."""
    folders = [run(tmp_path / name, seed) for seed, name in enumerate("ab")]
    info = json.loads((folders[1] / "run.json").read_text(encoding="utf-8"))
    info["settings"]["output"]["language"] = "zh"
    (folders[1] / "run.json").write_text(json.dumps(info | {"simulator": True}), encoding="utf-8")
    _, text, _ = compared(tmp_path, *map(str, folders))
    assert "What to bear in mind of B:**\n\n- Measured against the local simulator" in text
    assert not re.search("[\u4e00-\u9fff]", text)


def test_three_runs_have_a_table_and_a_chart(tmp_path: Path) -> None:
    """Each run has its columns, its colour and the settings in which it differs."""
    folders = [run(tmp_path / name, seed) for seed, name in enumerate("abc")]
    settings = json.loads((folders[2] / "run.json").read_text(encoding="utf-8"))
    settings["settings"]["aws"]["region"] = "eu-west-1"
    (folders[2] / "run.json").write_text(json.dumps(settings), encoding="utf-8")
    code, text, _ = compared(tmp_path, *map(str, folders), "--format", "markdown,html,json")
    assert code == 0
    assert "P95: C against A (%)" in text
    assert "| `aws.region` | `us-east-1` | `us-east-1` | `eu-west-1` |" in text
    page = (tmp_path / "out" / "comparison.html").read_text(encoding="utf-8")
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert all(source.startswith("data:") for source in re.findall(r'src="([^"]*)', markup))
    drawn = (tmp_path / "out" / "comparison.svg").read_text(encoding="utf-8")
    legend = re.findall(r'role-legend-symbol"[^>]*><path [^>]*>', drawn)
    assert len(legend) == len(folders) + 2, "each run and each mode has its symbol"
    assert all('fill="#' in symbol for symbol in legend), "one that can be seen"


def test_the_chart_has_a_point_where_calls_succeeded(tmp_path: Path) -> None:
    """One is enough. None at 0 tokens/s for a level that failed altogether, and no chart of runs without levels."""
    some, none = make.shaped(("streaming",), (2, 4, 8)), make.shaped(("streaming",), (2,))
    kept = next(row for row in some.requests if row["users"] == 4 and row["phase"] == "measure")
    some.requests = [row if row["users"] == 2 or row is kept else make.throttled(row) for row in some.requests]
    none.levels = []
    none.requests = [row | {"level": "", "users": None} for row in none.requests]
    runs = {name: edition(read(folder.write(tmp_path / name))) for name, folder in (("A", some), ("B", none))}
    drawn = chart(runs, runs["A"].say).to_dict()
    points = [row for rows in drawn["datasets"].values() for row in rows if row.get("run")]
    assert {(row["run"], row["load"]) for row in points} == {("A", 2), ("A", 4)}
    assert chart({"B": runs["B"]}, runs["B"].say) is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere", "nowhere2"], "no folder"),
        (["nowhere"], "at least two"),
        (["same", "same"], "same is given more than once"),
        (["a", "b", "--max-regression", "x"], "10%"),
    ],
)
def test_bad_input_is_one_clear_line(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    """Exit code 2 and what to give instead."""
    try:
        code = main(["compare", *arguments])
    except SystemExit as end:
        code = int(end.code or 0)
    assert code == 2
    assert words in capsys.readouterr().err.splitlines()[-1]


def test_a_level_that_fails_altogether_fails_the_gate(tmp_path: Path) -> None:
    """There is no time to compare in it, and no figure is worse than that."""
    before, after = (make.shaped(("streaming",), (4, 12), seed=seed) for seed in (1, 2))
    after.requests = [
        make.failed(row, "ThrottlingError", "ThrottlingException", "no") if row["users"] == 12 else row
        for row in after.requests
    ]
    folders = [str(one.write(tmp_path / name)) for one, name in ((before, "a"), (after, "b"))]
    code, text, found = compared(tmp_path, *folders, "--max-regression", "50%")
    assert code == 3
    assert "**More calls failed**: streaming at 12 users (success 100 % before, 0 % now)." in text
    assert "success of B, streaming at 12 users (-100.0 points; -100.0 … " in text
    assert [one["level"] for one in found["fails_gate"] if one["reason"] == "success"] == [["streaming", 12]]


def test_a_level_that_was_not_run_fails_the_gate(tmp_path: Path) -> None:
    """What the base held there is not shown to hold now."""
    before, after = run(tmp_path / "a", 1), run(tmp_path / "b", 2, users=(4,))
    code, text, found = compared(tmp_path, str(before), str(after), "--max-regression", "500%")
    assert code == 3
    assert "B has none of these levels of the base, or no call that ended there: streaming at 12 users" in text
    assert "Levels of A in which no call ended: streaming at 12 users in B; non-streaming at 12 users in B." in text
    assert found["missing"] == [["streaming", 12], ["non_streaming", 12]]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_differs_besides_is_said_first(tmp_path: Path, language: str) -> None:
    """Another length of the prompt, or no service at all, makes other figures."""
    before, after = (make.shaped(("streaming",), (4,), seed=seed) for seed in (1, 2))
    after.info["settings"]["test"]["prompt_size"] = 4_321
    after.info["simulator"] = True
    folders = [str(one.write(tmp_path / name)) for one, name in ((before, "a"), (after, "b"))]
    _, text, _ = compared(tmp_path, *folders, "--language", language)
    first_screen = text.split("| ")[0]
    assert "`test.prompt_size`" in first_screen
    assert ("`4321` (B)" if language == "en" else "`4321`（B）") in first_screen  # noqa: RUF001
    assert ("the local simulator (B)" if language == "en" else "本地模拟器（B）") in first_screen  # noqa: RUF001
    alike = str(make.shaped(("streaming",), (4,), seed=3).write(tmp_path / "c"))
    _, text, _ = compared(tmp_path, folders[0], alike, "--language", language)
    assert "`test.prompt_size`" not in text


def test_the_untested_are_named_level_by_level(tmp_path: Path) -> None:
    """A metric that is untested in one level only is not said to be so in another."""
    before, after = (make.shaped(("streaming",), (4, 12), length_s=120, seed=seed) for seed in (1, 2))
    for row in [row for row in after.requests if row["users"] == 4][:-30]:
        row |= {"output_tokens": 1, "chunks": 1, "max_gap_ms": ""}
    folders = [str(one.write(tmp_path / name)) for one, name in ((before, "a"), (after, "b"))]
    _, text, found = compared(tmp_path, *folders)
    assert "P95 of time per token, streaming at 4 users (about" in text
    untested = {(one["metric"], one["percent"], *one["level"]) for one in found["untested"]}
    assert untested == {("tpot_ms", 95, "streaming", 4)}


LEVEL: Level = ("streaming", 4.0)
SURE = intervals.Change(0.1, 0.3, 0.001)


def time(after: float, change: intervals.Change | None = SURE, **given: bool) -> Difference:
    """A percentile that was 100 ms in the base, and is shown to be another one."""
    return Difference(LEVEL, "ttft_ms", 50, 100.0, after, change, **{"clear": True, **given})


def share(after: float, *, before: float = 1.0, clear: bool = True, calls: float = 200) -> Share:
    """A success rate."""
    return Share(LEVEL, before, after, -0.1, 0.1, 0.01, clear, calls)


@pytest.mark.parametrize(
    ("times", "shares", "verdict"),
    [
        ([], [], "nothing"),
        ([time(130, None)], [], "nothing"),
        ([time(130, None)], [share(1, calls=19)], "nothing"),
        ([time(130, None, clear=False)], [share(1, calls=20, clear=False)], "none"),
        ([time(130, clear=False)], [], "none"),
        ([time(130)], [], "slower"),
        ([time(70)], [], "faster"),
        ([time(70), time(130)], [], "mixed"),
        ([time(70), time(130, clear=False)], [], "faster"),
        ([time(70), time(130, counts=False)], [], "faster"),
        ([time(130, counts=False)], [share(1, clear=False)], "none"),
        ([time(70)], [share(0.9)], "mixed"),
        ([time(70)], [share(0.9, clear=False)], "faster"),
        ([time(70)], [share(1.0, before=0.9)], "faster"),
        ([time(130)], [share(0.9)], "slower"),
        ([time(130, clear=False)], [share(0.9)], "none"),
    ],
    ids=lambda one: str(one)[:20],
)
def test_the_verdict_of_a_comparison(times: list[Difference], shares: list[Share], verdict: str) -> None:
    """By what is clear and counts; what succeeds faster while more fails is neither."""
    found = Comparison(times, shares, [], [], [], [])
    assert found.verdict == verdict
    assert found.is_empty is (verdict == "nothing")
    assert len(found.tested) + len(found.untested) == len(times)
    assert [test.change for test in found.untested] == [None] * len(found.untested)


def test_success_rates_that_fall_and_rise() -> None:
    """Those that are clear, the largest change first."""
    shares = [share(0.9), share(0.5), share(1.0), share(0.2, clear=False), share(1, before=0.7), share(0.9, before=0.1)]
    found = Comparison([], shares, [], [], [], [])
    assert [(one.before, one.after) for one in found.failing] == [(1, 0.5), (1, 0.9)]
    assert [(one.before, one.after) for one in found.recovering] == [(0.1, 0.9), (0.7, 1)]


@pytest.mark.parametrize(
    ("metric", "before", "after", "change", "worse"),
    [
        ("ttft_ms", 100, 125, 25, 25),
        ("ttft_ms", 100, 80, -20, -20),
        (THROUGHPUT, 100, 80, -20, 20),
        (THROUGHPUT, 0.5, 1, 100, -100),
        ("ttft_ms", 0, 1, None, None),
    ],
)
def test_how_much_worse(metric: str, *, before: float, after: float, change: float | None, worse: float | None) -> None:
    """A longer time, or a lower rate; not known of nothing."""
    found = Difference(LEVEL, metric, None, before, after, None)
    told = [None if math.isnan(one) else round(one, 9) for one in (found.percent_change, found.percent_worse)]
    assert told == [change, worse]
