"""Reading whole, damaged and foreign folders."""

from __future__ import annotations

import csv
import io
import random
import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import reports
from reports.charts import CHARTS
from reports.charts.timeline import MOST_BARS
from reports.edition import edition
from reports.numbers.failures import by_kind
from reports.reading import calls, gaps, run
from reports.reading.calls import whole_records
from reports.reading.run import read
from reports.report import markdown
from reports.sections.conclusion import conclusion

from . import run_folders as make

if TYPE_CHECKING:
    from reports.reading.run import Run

CONTRACT = Path(__file__).parents[2] / "docs" / "run-folder.md"


def documented(file: str) -> list[str]:
    """The columns of a file, in the order in which docs/run-folder.md gives them."""
    section = CONTRACT.read_text(encoding="utf-8").split(f"## {file}\n")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [column for cell in cells for column in re.findall(r"`(\w+)`", cell)]


def test_reports_read_what_the_contract_promises() -> None:
    """Every column that is read is documented, and the made-up folders have just the documented ones."""
    assert documented("requests.csv") == make.REQUEST_COLUMNS
    assert documented("levels.csv") == make.LEVEL_COLUMNS
    assert {*calls.TEXTS, *calls.NUMBERS} <= set(make.REQUEST_COLUMNS)
    assert documented("gaps.csv") == make.GAP_COLUMNS == [*gaps.TEXTS, *gaps.NUMBERS]
    assert {*run.LEVEL_TEXTS, *run.LEVEL_NUMBERS} <= set(make.LEVEL_COLUMNS)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.text(), min_size=2, max_size=3), max_size=6), st.sampled_from([3, 7, 1 << 20]), st.data())
def test_what_is_left_of_a_cut_file_are_whole_records(
    tmp_path: Path, rows: list[list[str]], block: int, data: st.DataObject
) -> None:
    """However the end is cut off, and in whatever blocks it is read: whole records remain, at most one is lost."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    whole = text.getvalue().encode(errors="replace")
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    (tmp_path / "cut.csv").write_bytes(cut)
    end, lines = whole_records(tmp_path / "cut.csv", block)
    left = cut[:end]
    assert lines >= left.count(b"\n")
    assert b"\n" not in cut[len(left) :].split(b'"')[0]
    every = [io.StringIO() for _ in rows]
    for one, row in zip(every, rows, strict=True):
        csv.writer(one).writerow(row)
    ends = [
        b"".join(one.getvalue().encode(errors="replace") for one in every[:count]) for count in range(len(rows) + 1)
    ]
    assert left == max((end for end in ends if len(end) <= len(cut)), key=len)


def test_texts_that_look_like_numbers_stay_texts(tmp_path: Path) -> None:
    """A request id of digits keeps its zeros, and `None` and `NA` are not missing values."""
    call = make.call(random.Random(1), make.T0, request_id="007", name="None", worker="NA")
    found = read(make.Folder([call], [], {}).write(tmp_path)).calls
    assert [found[text].iloc[0] for text in ("request_id", "name", "worker")] == ["007", "None", "NA"]


def test_a_run_of_an_older_version_is_read(tmp_path: Path) -> None:
    """Columns that came later are not known there: the report is that of a run in which the service did not say."""
    folder = make.shaped(("streaming",), (2,)).write(tmp_path)
    today = reports.write(folder).read_text(encoding="utf-8")
    later = {"connect_ms", "service_tier", "content_bytes", "max_tokens", "first_bytes", "reasoning_bytes"}
    older = [column for column in make.REQUEST_COLUMNS if column not in later]
    rows = [{key: row[key] for key in older if key in row} for row in make.shaped(("streaming",), (2,)).requests]
    make.write_csv(folder / "requests.csv", older, rows)
    assert reports.write(folder).read_text(encoding="utf-8") == today


def test_lines_that_are_no_calls_are_left_out_and_counted(tmp_path: Path) -> None:
    """A line without a mode, a start or a latency is no call; a number that is none is not known."""
    folder = make.shaped(("streaming",), (4,))
    calls = len(folder.requests)
    folder.requests[0] |= {"latency_ms": "soon"}
    folder.requests[1] |= {"mode": ""}
    folder.requests[2] |= {"ttft_ms": "inf", "output_tokens": "many"}
    found = read(folder.write(tmp_path))
    assert len(found.calls) == calls - 2
    assert found.calls.loc[0, ["ttft_ms", "output_tokens"]].isna().all()
    assert found.damage == (("damage.lost", 2),)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("column", "value"),
    [
        *[("latency_ms", value) for value in (1e300, 1e30, 9e11, -9e11)],
        *[("started_at", value) for value in (1e300, 9e11, 0)],
        *[("ttft_ms", 1e300), ("output_tokens", 1e300), ("output_tokens", 9e11)],
    ],
)
def test_an_absurd_row_costs_no_report(tmp_path: Path, column: str, value: float, *, known: bool) -> None:
    """One number beyond all sense, with or without `run.json`: every chart is there, the timeline in few bars."""
    folder = make.shaped(("streaming",), (2, 4), length_s=5)
    folder.requests[20] |= {column: value}
    folder.write(tmp_path)
    if not known:
        (tmp_path / "run.json").unlink()
    text = reports.write(tmp_path).read_text(encoding="utf-8")
    assert "charts/timeline.svg" in text
    assert ("1 line of `requests.csv` cannot be read" in text) is (value >= 1e30 and column in calls.REQUIRED)
    timeline = CHARTS["timeline"](edition(read(tmp_path))).to_dict()
    ends = [bar["to"] for rows in timeline["datasets"].values() for bar in rows if "rate" in bar]
    assert len(set(ends)) <= MOST_BARS
    assert not known or max(ends) <= 91


def test_calls_that_were_recorded_and_are_gone(tmp_path: Path) -> None:
    """A file that lost all its rows is not a run without calls."""
    folder = make.shaped(("streaming",), (2,)).write(tmp_path)
    (folder / "requests.csv").write_text(",".join(make.REQUEST_COLUMNS) + "\n", encoding="utf-8")
    assert "The calls are lost" in reports.write(folder).read_text(encoding="utf-8")


def test_half_a_row_of_levels_is_guessed_from_the_calls(tmp_path: Path) -> None:
    """A level whose row is cut short is measured by its calls, and the report says so."""
    folder = make.shaped(("streaming",), (2, 4)).write(tmp_path)
    whole = (folder / "levels.csv").read_bytes()
    (folder / "levels.csv").write_bytes(whole[:-30])
    text = reports.write(folder).read_text(encoding="utf-8")
    assert "`levels.csv` is missing or broken" in text
    assert "Never measured" not in text
    assert edition(read(folder)).number("streaming-04", "latency_ms_count") > 0


@pytest.mark.parametrize("content", [b"", b"\n", b"started_at,mode"])
def test_a_run_that_crashed_before_its_first_call_has_a_report(tmp_path: Path, content: bytes) -> None:
    """An empty `requests.csv`, or half a header, is a run without calls."""
    make.Folder(info=make.info(0, 4)).write(tmp_path)
    (tmp_path / "requests.csv").write_bytes(content)
    assert "No call was made" in reports.write(tmp_path).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "The run was stopped before its first one (stopped by Ctrl-C)."), ("zh", "运行在第一次调用之前就被停止")],
)
def test_a_run_that_was_stopped_before_its_first_call(tmp_path: Path, language: str, said: str) -> None:
    """The stop is the reason: nothing is to be looked up."""
    made = make.Folder(info=make.info(0, 4) | {"ended": "interrupted", "end_reason": "stopped by Ctrl-C"})
    text = "".join(conclusion(edition(read(made.write(tmp_path)), language)))
    assert said in text
    assert "exceptions.csv" not in text


@pytest.mark.parametrize(
    "info", ["", "[]", "null", '{"workers": [1], "settings": 3, "remedies": 4, "levels_planned": "x"}']
)
def test_a_strange_run_json_costs_no_report(tmp_path: Path, info: str) -> None:
    """Whatever `run.json` holds, the calls are reported."""
    make.shaped(("streaming",), (2,)).write(tmp_path)
    (tmp_path / "run.json").write_text(info, encoding="utf-8")
    assert "## Results per level" in reports.write(tmp_path).read_text(encoding="utf-8")


def test_a_newer_format_is_told(tmp_path: Path) -> None:
    """A folder of another format is read as far as it goes, and the report says so."""
    folder = make.shaped(("streaming",), (2,))
    folder.info["format"] = 2
    assert "not in format 1" in reports.write(folder.write(tmp_path)).read_text(encoding="utf-8")


def test_a_table_of_something_else_is_no_run(tmp_path: Path) -> None:
    """The error names the file and what it lacks."""
    (tmp_path / "requests.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(reports.RunFolderError, match=r"no column started_at, mode.*requests\.csv"):
        reports.write(tmp_path)


def test_a_copy_finds_the_charts_from_its_own_place(tmp_path: Path) -> None:
    """The links of the copy lead to the charts in the run folder; blanks in the way are encoded."""
    folder = make.shaped(("streaming",), (2, 4)).write(tmp_path / "results" / "a run")
    copy = tmp_path / "deep" / "er" / "report.md"
    assert reports.write(folder, copy) == folder / "report.md"
    assert "](charts/knee.svg)" in (folder / "report.md").read_text(encoding="utf-8")
    assert "](../../results/a%20run/charts/knee.svg)" in copy.read_text(encoding="utf-8")


def test_a_copy_that_cannot_be_written_leaves_the_report_whole(tmp_path: Path) -> None:
    """`OSError` comes only after `report.md` was written."""
    folder = make.shaped(("streaming",), (2,)).write(tmp_path / "run")
    with pytest.raises(OSError, match=r"requests\.csv"):
        reports.write(folder, folder / "requests.csv" / "report.md")
    assert (folder / "report.md").read_text(encoding="utf-8").endswith(" more.\n")


def test_any_number_of_different_texts_is_bounded(tmp_path: Path) -> None:
    """The first 100 codes, names and models are told apart, the rest is one; each call counts, and has its message."""
    own = ("error_code", "name", "model_id", "service_tier", "stop_reason", "error_message", "request_id")
    with (tmp_path / "requests.csv").open("w", newline="") as file:
        rows = csv.DictWriter(file, ["started_at", "mode", "latency_ms", "error", "error_stage", *own])
        rows.writeheader()
        for number in range(120_000):
            texts = {column: f"{column}-{number}" for column in own}
            rows.writerow({"started_at": 1.8e9, "mode": "streaming", "latency_ms": 5, "error": "ModelError", **texts})
    table = calls.read(tmp_path / "requests.csv").calls
    assert len(table) == 120_000
    for column in own[:5]:
        assert len(table[column].cat.categories) <= 102, column
        assert (table[column] == "other").sum() == 120_000 - 99, column
    kinds = by_kind(table)
    assert (len(kinds), kinds["calls"].sum()) == (100, 120_000)
    assert list(kinds.loc[0, ["error_code", "calls", "error_message"]]) == ["other", 119_901, "error_message-99"]
    assert (table["error_message"] != "").sum() < 300, "of each kind in each piece that was read, one"


@pytest.mark.parametrize("name", ["run/report.json", "copy.md"])
def test_no_file_is_written_where_a_link_leads(tmp_path: Path, name: str) -> None:
    """A link out of its folder is named, and what it leads to stays as it is."""
    folder = make.shaped(("streaming",), (2,)).write(tmp_path / "run")
    precious = tmp_path / "elsewhere" / "precious"
    precious.parent.mkdir()
    precious.write_text("precious")
    (tmp_path / name).symlink_to(precious)
    with pytest.raises(OSError, match="leads out of its folder"):
        reports.write(folder, tmp_path / "copy.md")
    assert precious.read_text() == "precious"


def test_charts_of_an_earlier_report_do_not_stay(tmp_path: Path) -> None:
    """A chart that now has no data is removed."""
    folder = make.shaped(("streaming",), (2,)).write(tmp_path)
    reports.write(folder)
    assert (folder / "charts" / "ttft.svg").exists()
    make.Folder(info={}).write(tmp_path)
    reports.write(folder)
    assert not list((folder / "charts").iterdir())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["requests.csv", "levels.csv", "gaps.csv", "run.json"]),
    edits=st.lists(st.tuples(st.floats(0, 1), st.sampled_from(list(b'",\n\r|x0-\x00\xff'))), max_size=6),
    kept=st.floats(0, 1),
)
@example(name="requests.csv", edits=[(0.0, 10)], kept=0.0625)
@example(name="levels.csv", edits=[(0.125, 34)], kept=1.0)
def test_no_damage_costs_more_than_a_clear_word(
    tmp_path: Path, name: str, edits: list[tuple[float, int]], kept: float
) -> None:
    """Whatever a crash or an editor did to a file, there is a report or a `RunFolderError` that names it."""
    make.shaped(("streaming", "non_streaming"), (2,), length_s=3).write(tmp_path)
    data = bytearray((tmp_path / name).read_bytes())
    for place, byte in edits:
        data[int(place * (len(data) - 1))] = byte
    (tmp_path / name).write_bytes(bytes(data[: int(kept * len(data))]))
    try:
        text = markdown(edition(read(tmp_path)), {})
    except reports.RunFolderError as error:
        assert name in str(error)  # noqa: PT017
    else:
        assert text.startswith("# Bedrock load test: ")


def about(**info: Any) -> Run:
    """A run of calls to three models by two APIs, of which `run.json` says this."""
    rows = [
        ("one", "converse_stream", "default", "", 5, 1000),
        ("two", "messages", "standard", "", 6, 500),
        ("two", "invoke_model_with_response_stream", "flex", "", 7, 9000),
        ("", "invoke_model", "flex", "ModelError", 8, 100),
        ("three", "messages_stream", "", "", 4, 100),
    ]
    names = ("model_id", "operation", "service_tier", "error", "started_at", "latency_ms")
    table = [dict(zip(names, row, strict=True)) | {"mode": "streaming"} for row in rows]
    with TemporaryDirectory() as folder:
        return read(make.Folder(table, [], info).write(Path(folder)))


def test_what_is_called_comes_with_the_most_frequent_first() -> None:
    """Then the one that came first; each API and tier under one name, and those of failed calls for what they are."""
    found = about()
    assert found.model_ids == ["two", "one", "three"]
    assert found.apis == ["converse", "messages", "invoke_model"]
    assert found.tiers == ["default", "flex"]
    none = replace(about(settings={"model": {"id": "asked"}}), calls=found.calls.iloc[:0])
    assert (none.model_ids, none.apis, none.tiers) == (["asked"], [], [])


@pytest.mark.parametrize(
    ("model", "mapped", "own", "priced"),
    [
        ({}, None, [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]),
        ({"id": "one"}, None, [0, 3], [0, 3]),
        ({"id": "one"}, {"theirs": "two", "x": "y"}, [0, 3], [0, 1, 2, 3]),
        ({"id": "one"}, ["two"], [0, 3], [0, 3]),
        ({"id": "other"}, None, [3], [3]),
    ],
    ids=str,
)
def test_calls_to_the_model_of_the_settings(
    model: dict[str, str], mapped: Any, own: list[int], priced: list[int]
) -> None:
    """Those of which the model is not known, too; the prices are also those of the models of a replay."""
    found = about(settings={"model": model, "arrivals": {"trace": {"models": mapped}}})
    assert [int(place) for place in found.of_model(found.calls).nonzero()[0]] == own
    assert [int(place) for place in found.is_priced(found.calls).nonzero()[0]] == priced


def test_moments_and_names_of_a_run() -> None:
    """What `run.json` says, or else what its calls tell."""
    assert (about().started_at, about().ended_at) == (4, 16)
    said = about(started_at=1, ended_at=99)
    assert (said.started_at, said.ended_at) == (1, 99)
    wrong = about(started_at="soon", ended_at=True)
    assert (wrong.started_at, wrong.ended_at) == (4, 16)
    none = replace(about(), calls=about().calls.iloc[:0])
    assert (none.started_at, none.ended_at) == (None, None)
    behind = about(settings={"model": {"id": "arn:x", "base_model": "real"}})
    assert (behind.behind("arn:x"), behind.behind("two")) == ("real", "")


@pytest.mark.parametrize(
    ("value", "number", "text"),
    [(5, 5, ""), (0, 0, ""), (-1.5, -1.5, ""), ("x", None, "x"), (True, None, ""), (None, None, ""), ([1], None, "")],
)
def test_a_value_of_run_json(value: Any, number: float | None, text: str) -> None:
    """Of the kind that is asked for, below any keys; nothing where there is none."""
    found = about(a={"b": value})
    assert (found.number("a", "b"), found.text("a", "b"), found.get("a", "b")) == (number, text, value)
    assert found.get("a", "b", "c") is None
    assert (found.number("z"), found.text("z"), found.get("z", "b")) == (None, "", None)
    assert run.finite(float("nan")) is run.finite(float("inf")) is None


LEVEL_HEAD = ",".join(make.LEVEL_COLUMNS[:8])
GAPS_HEAD = ",".join(make.GAP_COLUMNS)


@pytest.mark.parametrize(
    ("name", "content", "damage"),
    [
        ("levels.csv", "", []),
        ("levels.csv", "a,b\n1,2\n", [("damage.no_levels", 0)]),
        ("levels.csv", f"{LEVEL_HEAD}\ns,streaming,4,1,2,3,4,true\n", []),
        ("levels.csv", f"{LEVEL_HEAD}\ns,streaming,4,1,2,3,4,\n", [("damage.no_levels", 0)]),
        ("levels.csv", f"{LEVEL_HEAD}\n,streaming,4,1,2,3,4,true\n", [("damage.no_levels", 0)]),
        ("levels.csv", f"{LEVEL_HEAD}\ns,,4,1,2,3,4,true\n", [("damage.no_levels", 0)]),
        ("levels.csv", None, [("damage.no_levels", 0)]),
        ("gaps.csv", None, [("damage.no_gaps", 0)]),
        ("gaps.csv", "", [("damage.no_gaps", 0)]),
        ("gaps.csv", "level,lower_ms,upper_ms\n", [("damage.no_gaps", 0)]),
        ("gaps.csv", f"{GAPS_HEAD}\n", []),
        ("gaps.csv", f"{GAPS_HEAD}\ns,1,2,1\ns,2,2,5\n", []),
        ("gaps.csv", f"{GAPS_HEAD}\ns,1,2,1\ns,0,2,1\ns,3,2,1\ns,1,2,0\n,1,2,1\ns,x,2,1\n", [("damage.gaps", 5)]),
        ("run.json", None, [("damage.no_info", 0)]),
        ("run.json", "[]", [("damage.no_info", 0)]),
        ("run.json", '{"format": 1}', []),
        ("run.json", '{"format": 2}', [("damage.other_format", 0)]),
        ("run.json", "{}", []),
        ("requests.csv", "started_at,mode,latency_ms,error,max_gap_ms\n1,streaming,5,,3\n2,str", [("damage.cut", 0)]),
        ("requests.csv", "started_at,mode,latency_ms,error,max_gap_ms\n1,x,5,,3\n2,y,,,\n", [("damage.lost", 2)]),
    ],
    ids=lambda one: str(one)[-40:],
)
def test_damage_is_named(tmp_path: Path, name: str, content: str | None, damage: list[tuple[str, int]]) -> None:
    """File by file; a whole one is none."""
    make.Folder([make.call(random.Random(1), make.T0, name="x")], [], {}).write(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    assert list(read(tmp_path).damage) == damage


def test_rows_of_levels_and_exceptions(tmp_path: Path) -> None:
    """The last row of a level counts; exceptions with a count, the most frequent first; AWS's figures if any."""
    rows = [make.level("streaming", users, make.T0) for users in (4, 8)]
    make.Folder([], [rows[0], rows[1], rows[0] | {"users_reached": 3, "started_at": "soon"}], {}).write(tmp_path)
    text = "Count,Message,Traceback\n2,b,x\n0,none,x\n5,a,x\nx,odd,y\n2,c,x\n"
    (tmp_path / "exceptions.csv").write_text(text, encoding="utf-8")
    found = read(tmp_path)
    assert found.levels["level"].tolist() == ["streaming-08", "streaming-04"]
    assert found.levels["users_reached"].tolist() == [8, 3]
    assert found.levels["started_at"].isna().tolist() == [False, True]
    assert list(found.levels.columns) == [*run.LEVEL_TEXTS, *run.LEVEL_NUMBERS]
    told = list(zip(found.exceptions["message"], found.exceptions["count"], strict=True))
    assert told == [("a", 5), ("b", 2), ("c", 2)]
    assert found.aws == {}
    (tmp_path / "aws.json").write_text('{"model_id": "x"}', encoding="utf-8")
    assert read(tmp_path).aws == {"model_id": "x"}
    assert read(tmp_path).damage == ()
