"""Whole reports against golden files.

`UPDATE_GOLDEN=1 pytest tests/reports` writes the golden files anew: read the difference.
"""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import altair as alt
import pytest

import reports
from reports import compare
from reports.charts import CHARTS, comparison, live, unchecked
from reports.edition import edition
from reports.exports import figures
from reports.markdown import join
from reports.numbers.regression import Limits
from reports.reading.run import read
from reports.report import DETAILS, FILES, SECTIONS, links, short
from reports.sections.head import told_plainly
from reports.sections.trust import told
from tests import golden_texts

from . import more_runs
from . import run_folders as make
from .test_profile import folder as profile
from .test_replay import folder as replay
from .test_traced import folder as guarded

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.edition import Edition

    from .conftest import Made

GOLDEN = Path(__file__).parent / "golden"
BOTH = ("streaming", "non_streaming")


def both_modes(folder: Path) -> None:
    """Both modes, throttled at the highest level, one stream torn off."""
    run = make.shaped(BOTH, (4, 8, 12, 16))
    random_ = random.Random(3)
    run.requests = [
        make.throttled(row) if row["users"] == 16 and random_.random() < 0.12 else row for row in run.requests
    ]
    torn = make.failed(run.requests[40], "StreamInterruptedError", "modelStreamErrorException", "it broke", "stream")
    run.requests[40] = torn
    run.write(folder)


def one_mode(folder: Path) -> None:
    """Non-streaming only: no TTFT anywhere; from a cache, on one machine."""
    run = make.shaped(("non_streaming",), (1, 2, 3))
    for row in run.requests:
        row |= {"worker": "local", "cache_read_tokens": 900, "cache_write_tokens": 0}
    local = {"rows_made": len(run.requests), "rows_received": len(run.requests), "cpu_percent": 12.25}
    run.info["workers"] = {"local": {**local, "state": "finished"}}
    run.write(folder)


def one_level(folder: Path) -> None:
    """One level of a reasoning model on the simulator."""
    run = make.shaped(("streaming",), (8,))
    for row in run.requests:
        row["first_text_ms"] = round(row["ttft_ms"] + 300, 1)
    run.info |= {"simulator": True, "endpoint": "http://127.0.0.1:8080"}
    run.write(folder)


def all_failed(folder: Path) -> None:
    """No access to the model."""
    run = make.shaped(("streaming",), (4, 8), length_s=5)
    message = "You don't have access to the model with the specified model ID."
    run.requests = [make.failed(row, "AccessDeniedError", "AccessDeniedException", message) for row in run.requests]
    run.write(folder)


def no_call(folder: Path) -> None:
    """The run ended before its first call."""
    make.Folder(info=make.info(0, 6, ended="failed", end_reason="no worker came", workers={})).write(folder)


def interrupted(folder: Path) -> None:
    """Stopped in the second of four levels, with a level that never measured and a worker that vanished."""
    run = make.shaped(("streaming",), (4, 8, 12))
    end = run.levels[1]["measured_from"] + 10
    run.levels[1] |= {"measured_to": end, "completed": "false"}
    run.levels[2] |= {"measured_from": None, "measured_to": None, "users_reached": 9, "completed": "false"}
    kept = [row for row in run.requests if row["started_at"] < end]
    run.requests = [make.cut_off(row) if row["started_at"] > end - 1.5 else row for row in kept]
    run.info = make.info(len(run.requests), 8, ended="interrupted", end_reason="stopped by hand")
    run.info["workers"]["host_9a0c"] |= {"rows_made": None, "cpu_percent": 97.4, "state": "missing"}
    run.info["workers"]["host_1f2e"]["rows_made"] += 12
    run.write(folder)


def no_shape(folder: Path) -> None:
    """A locustfile of the user's own: calls have names, but no levels."""
    random_ = random.Random(5)
    run = make.Folder()
    for at in range(120):
        name = random_.choice(["short question", "summary | of <a report>"])
        mode = "streaming" if name == "short question" else "non_streaming"
        run.requests.append(make.call(random_, make.T0 + at / 4, name=name, mode=mode))
    run.requests[7] = make.throttled(run.requests[7])
    run.info = make.info(len(run.requests), None)
    run.write(folder)


def damaged(folder: Path) -> None:
    """After a crash: half a last line, no levels.csv, no gaps.csv, half a run.json."""
    both_modes(folder)
    requests = (folder / "requests.csv").read_bytes()
    (folder / "requests.csv").write_bytes(requests[:-60])
    (folder / "levels.csv").unlink()
    (folder / "gaps.csv").unlink()
    info = (folder / "run.json").read_bytes()
    (folder / "run.json").write_bytes(info[:300])


def no_tokens(folder: Path) -> None:
    """A model behind a gateway that gave token counts for some calls only."""
    run = make.shaped(("streaming",), (4, 8))
    run.info["endpoint"] = "https://llm-gateway.example.com/bedrock"
    for row in run.requests[::3]:
        row |= {"input_tokens": None, "output_tokens": None}
    run.write(folder)


def three_calls(folder: Path) -> None:
    """Three calls in all: nothing that a percentile could stand on."""
    run = make.shaped(("streaming",), (1,), length_s=5)
    run.requests = [row for row in run.requests if row["phase"] == "measure"][:3]
    run.info = make.info(3, 1, workers={})
    run.write(folder)


def lost_worker(folder: Path) -> None:
    """Distributed, but one worker vanished with calls, another held its calls up, and two service tiers answered."""
    run = make.shaped(BOTH, (4, 8, 12))
    for place, row in enumerate(run.requests):
        row["service_tier"] = "default" if place % 5 == 0 else "reserved"
        if row["users"] == 12 and row["mode"] == "streaming":
            row["read_lag_ms"] = 120
    run.info["workers"]["host_9a0c"] |= {"rows_made": None, "state": "missing"}
    run.info["workers"]["host_1f2e"] |= {"cpu_percent": 96.1}
    causes = [
        {"what": "cpu_percent", "worker": "host_1f2e", "value": 96.12},
        {"what": "read_lag_p99_ms", "worker": "", "value": 31.4},
        {"what": "of a later version", "worker": "", "value": 1},
    ]
    run.info["health"] = {"non_streaming-12": {"client_limited": True, "reasons": ["x"], "causes": causes}}
    run.write(folder)
    with (folder / "gaps.csv").open("a", encoding="utf-8") as file:
        file.write("streaming-12,soon,21,5\nstreaming-12,20.2")


def decision(folder: Path) -> None:
    """An SLO, prices, both quotas, the service's own times: throttled at the highest level, stopped by a limit."""
    run = make.shaped(BOTH, (4, 8, 12, 16))
    random_ = random.Random(3)
    for row in run.requests:
        row |= {"server_latency_ms": round(row["latency_ms"] - 4, 1)}
        if "ttft_ms" in row:
            row |= {"server_ttft_ms": round(row["ttft_ms"] - 6, 1)}
    run.requests = [
        make.throttled(row) if row["users"] == 16 and random_.random() < 0.12 else row for row in run.requests
    ]
    run.levels[-1] |= {"completed": "false"}
    run.info |= {
        "ended": "interrupted",
        "end_reason": "limits.max_cost_usd reached: 2.5 USD spent",
        "limit": "limits.max_cost_usd",
    }
    run.info["settings"]["model"] |= {"tokens_per_minute": 270_000, "quota": 400}
    run.info["settings"] |= {
        "slo": {"ttft_ms": 700, "percentile": 95, "success_rate": 99},
        "pricing": {"input_per_million": 3, "output_per_million": 15, "currency": "USD"},
    }
    run.write(folder)


def decision_zh(folder: Path) -> None:
    """The same in Chinese."""
    decision(folder)
    in_chinese(folder)


def searched(folder: Path) -> None:
    """A search that found its limit, and one that was too close to tell."""
    make.searched().write(folder)


def searched_zh(folder: Path) -> None:
    """A search that not even the first load passed, and one that the load generator ended, in Chinese."""
    run = make.searched()
    run.info["settings"]["output"]["language"] = "zh"
    first = {
        "level": "streaming-04",
        "load": 4,
        "verdict": "missed",
        "calls": 400,
        "share": 0.5,
        "low": 0.4,
        "high": 0.6,
    }
    busy = {"level": "non_streaming-04", "load": 4, "verdict": "client", "client": ["x"], "calls": 0}
    run.info["search"] = [
        {"mode": "streaming", "for": "users", "low": None, "high": 4, "ended_by": "start", "probes": [first]},
        {"mode": "non_streaming", "for": "users", "low": None, "high": None, "ended_by": "client", "probes": [busy]},
    ]
    run.write(folder)


def replayed(folder: Path) -> None:
    """Calls of a trace."""
    replay().write(folder)


def replayed_zh(folder: Path) -> None:
    """The same in Chinese."""
    run = replay()
    run.info["settings"]["output"] = {"language": "zh"}
    run.write(folder)


def profiled(folder: Path) -> None:
    """A ramp, a plateau, a spike and the plateau again, in both modes."""
    run = profile(modes=BOTH)
    run.info["settings"]["slo"] = {"ttft_ms": 900}
    run.info["settings"]["model"] |= {"tokens_per_minute": 150_000, "quota": 400}
    run.write(folder)


def profiled_zh(folder: Path) -> None:
    """The same in Chinese."""
    profiled(folder)
    in_chinese(folder)


def traced(folder: Path) -> None:
    """Calls with a guardrail, by a prompt router that chose among two models."""
    guarded().write(folder)


def lengths(folder: Path) -> None:
    """Prompts of three lengths, with answers of three."""
    run = make.shaped(("streaming",), (4, 8))
    run.info["settings"]["workload"] = {"input_tokens": {"mean": 100}}
    for number, row in enumerate(run.requests):
        row.update(input_tokens=100 * (1 + number % 3), output_tokens=50 * (1 + number // 3 % 3))
    run.write(folder)


def conversations(folder: Path) -> None:
    """Turns with a prompt cache, for which AWS knows its own figures; some answers end early, one level fails."""
    run = make.shaped(("streaming",), (4, 8, 12), length_s=20)
    for number, row in enumerate(run.requests):
        turn = number % 4 + 1
        written = 400 * (turn == 1)
        row.update(session=f"s{number // 4}", turn=turn, record=number % 5, input_tokens_asked=400 + 60 * turn)
        row.update(input_tokens=60 * turn, cache_read_tokens=400 - written, cache_write_tokens=written)
        row.update(cache_write_1h_tokens=written // 4, reasoning_tokens=20, stop_reason="end_turn")
        row["ttft_ms"] = row["first_text_ms"] = round(row["ttft_ms"] * (0.5 if turn > 1 else 1), 1)
        if number % 10 == 0:
            row.update(stop_reason="max_tokens", output_tokens=256)
        elif number % 20 == 1:
            row.update(stop_reason="", output_tokens=0)
    for number, row in enumerate(run.requests):
        if row["users"] == 12:
            run.requests[number] = make.throttled(row)
        elif number % 25 == 2 and row["users"] == 4:
            run.requests[number] = make.failed(row, "ValidationError", "ValidationException", "Malformed input")
    run.info["settings"]["model"] |= {"quota": 60, "tokens_per_minute": 90_000, "base_model": "amazon.nova-pro-v1:0"}
    run.info["settings"]["workload"] = {"input_tokens": {"mean": 500}}
    run.info["settings"]["pricing"] = {
        "input_per_million": 3,
        "output_per_million": 15,
        "cache_read_per_million": 0.3,
        "cache_write_per_million": 3.75,
        "cache_write_1h_per_million": 6,
        "currency": "EUR",
    }
    tokens_known = {"value": 90_000, "source": "account", "account_value": 90_000, "code": "L-AB"}
    run.info["quotas"] = {
        "tokens_per_minute": tokens_known | {"others_per_minute": 9000},
        "quota": {"value": 60, "source": "settings", "account_value": 200, "code": "L-CD", "others_per_minute": 0},
    }
    run.info["preflight"] = {"error": "", "input_tokens": 7, "output_tokens": 5}
    run.write(folder)
    count = {"Invocations": 400, "InvocationThrottles": 300, "InvocationClientErrors": 3, "InvocationServerErrors": 0}
    tokens = {"InputTokenCount": 60_000, "OutputTokenCount": 40_000, "EstimatedTPMQuotaUsage": 260_000}
    metrics: dict[str, Any] = {name: {"Sum": value} for name, value in (count | tokens).items()}
    metrics["InvocationLatency"] = {"Average": 2000.0, "p50": 1900.0, "p95": 3000.0, "p99": 3300.0}
    metrics["TimeToFirstToken"] = {"Average": 300.0, "p50": 250.0, "p95": 500.0, "p99": 600.0}
    aws = {"model_id": make.MODEL, "namespace": "AWS/Bedrock", "fetched_at": make.T0 + 900, "metrics": metrics}
    (folder / "aws.json").write_text(json.dumps(aws), encoding="utf-8")


def conversations_zh(folder: Path) -> None:
    """The same in Chinese."""
    conversations(folder)
    in_chinese(folder)


def in_chinese(folder: Path) -> None:
    """Let the settings of a run ask for it."""
    info = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    info["settings"].setdefault("output", {})["language"] = "zh"
    (folder / "run.json").write_text(json.dumps(info), encoding="utf-8")


CASES = (
    conversations,
    conversations_zh,
    traced,
    replayed,
    replayed_zh,
    profiled,
    profiled_zh,
    searched,
    searched_zh,
    three_calls,
    lost_worker,
    decision,
    decision_zh,
    both_modes,
    one_mode,
    one_level,
    all_failed,
    no_call,
    interrupted,
    no_shape,
    damaged,
    no_tokens,
    lengths,
    *more_runs.MORE,
)


WHOLE = (
    *("conversations", "conversations_zh", "profiled", "traced", "replayed", "three_calls", "decision"),
    *("one_mode", "all_failed", "no_call", "interrupted", "no_shape", "no_tokens"),
    *more_runs.WHOLE,
)
"""Cases whose details and figures are compared, too."""
OUTLINED = ("conversations", "interrupted", "no_shape", "profiled", *more_runs.OUTLINED)
"""And all charts; those of others are below."""


def drawn_charts(analysis: Edition) -> dict[str, Any]:
    """The charts that a report has: those for which it has data."""
    with unchecked():
        return {chart: found.to_dict(validate=False) for chart in CHARTS if (found := CHARTS[chart](analysis))}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_the_report_is_as_it_was_read_and_approved(case: Callable[[Path], None], made: Made) -> None:
    """Every word and figure of it stands in golden files: the short report, the details of the page, and the JSON."""
    name, analysis = case.__name__, made.edition(case)
    drawn = drawn_charts(analysis)
    places = links(drawn, "charts")
    text = short(analysis, places, [FILES["html"], FILES["json"]])
    assert all(isinstance(part(analysis, places), str) for part in SECTIONS)
    keeps_the_rules(name, text)
    check_text(f"{name}.md", text)
    if name in OUTLINED:
        check_outlines(name, drawn)
    if name not in WHOLE:
        return
    details = join(*(part(analysis, places) for part in DETAILS)) + "\n"
    keeps_the_rules(name, details)
    check_text(f"{name}.details.md", details)
    if not name.endswith("_zh") and name not in more_runs.WHOLE:
        figures_of = figures.text(analysis, told(analysis), told_plainly(analysis))
        assert figures_of == json.dumps(json.loads(figures_of), indent=1, ensure_ascii=False) + "\n"
        check_figures(f"{name}.json", json.loads(figures_of))


@pytest.mark.parametrize("case", more_runs.IN_CHINESE, ids=lambda case: case.__name__)
def test_the_report_in_chinese_is_as_it_was_read_and_approved(case: Callable[[Path], None], made: Made) -> None:
    """What one decides by."""
    analysis = made.edition(case, "zh")
    text = short(analysis, links(drawn_charts(analysis), "charts"), [FILES["html"], FILES["json"]])
    keeps_the_rules(case.__name__, text)
    check_text(f"{case.__name__}_zh.md", text)


@pytest.mark.parametrize("made", [decision, no_call, damaged], ids=lambda case: case.__name__)
def test_the_report_in_the_folder_is_the_same(made: Callable[[Path], None], tmp_path: Path) -> None:
    """With each chart that it links beside it."""
    made(folder := tmp_path / "run")
    text = reports.write(folder).read_text(encoding="utf-8")
    assert text == (GOLDEN / f"{made.__name__}.md").read_text(encoding="utf-8")
    linked = {line.split("(")[1].rstrip(")") for line in text.splitlines() if line.startswith("![")}
    assert linked == {f"charts/{path.name}" for path in (folder / "charts").iterdir()}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_comparison_is_as_it_was_read_and_approved(
    tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against a run that is slower, fails and lacks a level, and against two that are alike; with a gate."""
    base, worse, *alike = (made(tmp_path / made.__name__) for made in (before, after, again, once_more))
    limits, drawn = Limits(10.0), dict[str, Any]()

    def draws(*about: Any) -> Any:
        drawn["comparison"] = comparison.chart(*about)
        return drawn["comparison"]

    monkeypatch.setattr(compare, "chart", draws)
    written = compare.write(
        [[base], [worse], alike], tmp_path / "out", limits, formats=["markdown", "json"], language=language
    )
    assert (written.is_compared, written.passed) == (True, False)
    text = written.path.read_text(encoding="utf-8")
    check_text(f"comparison_{language}.md", text)
    check_text(f"comparison_{language}.txt", written.verdict + "\n")
    if language == "en":
        text = (tmp_path / "out" / "comparison.json").read_text(encoding="utf-8")
        found = json.loads(text)
        assert text == json.dumps(found, indent=1, ensure_ascii=False) + "\n"
        check_outlines("comparison", {name: made.to_dict() for name, made in drawn.items()})
        check_figures("comparison.json", {name: value for name, value in found.items() if name != "runs"})


def before(folder: Path) -> Path:
    """What others are compared with."""
    return make.shaped(BOTH, (4, 8)).write(folder)


def after(folder: Path) -> Path:
    """Slower, with shorter answers and throttles; a level is missing, and in one of its own one call is answered."""
    run = make.shaped(BOTH, (4, 8, 12), seed=8)
    answered = next(row for row in run.requests if row["users"] == 12 and row["phase"] == "measure")
    for place, row in enumerate(run.requests):
        if (row["users"] == 8 and place % 4 == 0) or (row["users"] == 12 and row is not answered):
            run.requests[place] = make.throttled(row)
        elif row["mode"] == "streaming":
            row["ttft_ms"] = row["first_text_ms"] = round(row["ttft_ms"] * 1.4, 1)
            row["last_token_ms"] += 400
            row["latency_ms"] += 400
            row["output_tokens"] = row["chunks"] = row["output_tokens"] - 30
    left_out = {"non_streaming-08", "non_streaming-12"}
    run.requests = [row for row in run.requests if row["level"] not in left_out]
    run.levels = [row for row in run.levels if row["level"] not in left_out]
    run.info = make.info(len(run.requests), len(run.levels))
    run.info["settings"]["test"] |= {"max_tokens": 100, "temperature": 0.5}
    run.info["versions"]["boto3"] = "1.45.0"
    return run.write(folder)


def again(folder: Path) -> Path:
    """The same settings on another day."""
    return make.shaped(BOTH, (4, 8), seed=9).write(folder)


def once_more(folder: Path) -> Path:
    """And on yet another."""
    return make.shaped(BOTH, (4, 8), seed=10).write(folder)


def check_text(name: str, text: str) -> None:
    """Compare a text with a golden file."""
    golden_texts.check(GOLDEN / name, text)


def check_figures(name: str, found: dict[str, Any]) -> None:
    """Compare figures with a golden file that has each list and each group of them by the line."""
    golden = GOLDEN / name
    golden_texts.update(golden, by_line(found))
    expected = json.loads(golden.read_text(encoding="utf-8"))
    assert found.keys() == expected.keys()
    for part, value in found.items():
        assert is_alike(value, expected[part]), f"{part}: {value} is not {expected[part]}"


def by_line(tree: dict[str, Any]) -> str:
    """JSON with one entry of each part in a line."""
    parts = []
    for name, part in tree.items():
        if isinstance(part, list | dict) and part:
            entries = [f"{json.dumps(key)}: {flat(one)}" for key, one in part.items()] if isinstance(part, dict) else []
            inside = ",\n  ".join(entries or [flat(one) for one in part])
            parts.append(f"{json.dumps(name)}: {'{' if entries else '['}\n  {inside}\n {'}' if entries else ']'}")
        else:
            parts.append(f"{json.dumps(name)}: {flat(part)}")
    return "{\n " + ",\n ".join(parts) + "\n}\n"


def flat(part: Any) -> str:
    """JSON in one line."""
    return json.dumps(part, ensure_ascii=False)


def is_alike(found: Any, expected: Any) -> bool:
    """Whether they are the same but for the last digits, which another version of numpy may round otherwise."""
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(is_alike(found[name], expected[name]) for name in found)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(is_alike, found, expected))
    if isinstance(found, float) or isinstance(expected, float):
        return (
            isinstance(found, int | float)
            and isinstance(expected, int | float)
            and math.isclose(found, expected, rel_tol=1e-5)
        )
    return type(found) is type(expected) and bool(found == expected)


def keeps_the_rules(name: str, text: str) -> None:
    """No NaN, no empty table, no heading with nothing under it."""
    blocks = [block for block in text.rstrip("\n").split("\n\n") if block]
    assert text.endswith("\n")
    assert "nan" not in text.lower().replace("finance", "")
    assert "None" not in text
    assert "inf" not in text.lower().split()
    for block, following in zip(blocks, [*blocks[1:], "# end"], strict=True):
        if block.startswith("#"):
            depth = block.index(" ")
            assert not following.startswith(tuple("#" * level + " " for level in range(1, depth + 1))), block
            assert depth < 3 or not following.startswith("!["), f"{name}: nothing under {block!r}"
        if block.startswith("|"):
            lines = block.splitlines()
            assert len(lines) >= 3, f"{name}: empty table"
            assert len({line.count(" | ") for line in lines}) == 1, f"{name}: ragged table"


def test_two_reports_of_a_run_are_the_same(tmp_path: Path) -> None:
    """The same files give the same report and the same charts, byte for byte."""
    decision(folder := tmp_path / "run")
    first = reports.write(folder).read_bytes(), _charts(folder)
    assert (reports.write(folder).read_bytes(), _charts(folder)) == first


def _charts(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "charts").iterdir()}


@pytest.mark.parametrize(
    ("made", "names"),
    [
        (decision, set(CHARTS) - {"search", "replay", "lengths"}),
        (searched, {"search"}),
        (replayed, {"replay"}),
        (lengths, {"lengths"}),
    ],
    ids=["decision", "searched", "replayed", "lengths"],
)
def test_charts_are_as_they_were_seen_and_approved(
    tmp_path: Path, made: Callable[[Path], None], names: set[str]
) -> None:
    """Marks, scales, axes and titles of each chart, and where the rows behind each mark begin and end."""
    made(tmp_path)
    analysis = edition(read(tmp_path))
    drawn = {name: chart.to_dict() for name in names if (chart := CHARTS[name](analysis))}
    check_outlines(made.__name__, drawn)


def test_live_charts_are_as_they_were_seen_and_approved() -> None:
    """In the light theme; the other differs in its colours. All are what the schema of Vega-Lite allows."""
    drawn = live.charts()
    for definition in (one for theme in drawn.values() for one in theme.values()):
        alt.Chart.from_dict(definition)
    check_outlines("live", drawn["light"])


def check_outlines(name: str, drawn: dict[str, dict[str, Any]]) -> None:
    """Compare the outlines of charts with a golden file."""
    found = {chart: outline(spec, spec.get("datasets", {})) for chart, spec in drawn.items()}
    check_text(f"{name}.charts.json", json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def outline(part: Any, datasets: dict[str, list[Any]]) -> Any:
    """A part of a definition without what Altair adds by itself; of the data the count of rows, first, last, sums."""
    if isinstance(part, dict):
        data = part.get("data", {})
        rows = datasets.get(data.get("name", ""), data.get("values", []))
        kept = {
            name: outline(value, datasets)
            for name, value in part.items()
            if name not in {"$schema", "data", "datasets"}
        }
        found = {"rows": [len(rows), outline(rows[0], {}), outline(rows[-1], {})], "sums": sums(rows)} if rows else {}
        return kept | found
    if isinstance(part, list):
        return [outline(one, datasets) for one in part]
    return float(f"{part:.5g}") if isinstance(part, float) else part


def sums(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What all rows come to: the sum of each column of numbers, the different values of others, in their order."""
    made: dict[str, Any] = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        numbers = [float(value) for value in values if isinstance(value, int | float)]
        made[name] = float(f"{math.fsum(numbers):.5g}") if numbers else list(dict.fromkeys(map(str, values)))[:20]
    return made
