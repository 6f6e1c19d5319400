"""The files of a run, as they are written."""

from __future__ import annotations

import csv
import json
import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.call import COLUMNS, Call
from bedrock_locust.level import Level
from bedrock_locust.recording.run_folder import LEVEL_COLUMNS, RunFolder, check_directory, check_report_file
from bedrock_locust.settings.mistakes import SettingsError

from .strategies import calls

if TYPE_CHECKING:
    from collections.abc import Sequence

DOCUMENT = Path(__file__).parents[2] / "docs" / "run-folder.md"
STARTED_AT = 1_795_492_800.9
"""2026-11-24T04:00:00Z and a bit."""
LEVEL = Level(key="streaming-04", mode="streaming", users=4, started_at=STARTED_AT)


def read(path: Path) -> list[list[str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run folder."""
    return RunFolder.create(str(tmp_path / "results"), "m", STARTED_AT)


def means(cell: str, value: object) -> bool:
    """Whether a cell is what a value should be in a file."""
    if isinstance(value, float):
        decimals = 6 if value > 1e9 else 3
        return (
            bool(re.fullmatch(rf"-?\d+\.\d{{{decimals}}}", cell)) and abs(float(cell) - value) <= 0.51 * 10**-decimals
        )
    return cell == ("" if value is None else str(value))


NASTY = st.text(st.sampled_from("a,\";\n\r\t'\\ ü世🙂\x00\u2028") | st.characters(codec="utf-8"), max_size=20)


@given(st.lists(calls(error_message=NASTY, name=NASTY, model_id=NASTY), max_size=5))
def test_rows_are_read_back(made: Sequence[Call]) -> None:
    """Any CSV reader gets the values of the calls back; what is not known is an empty cell."""
    with tempfile.TemporaryDirectory() as place:
        folder = RunFolder.create(place, "m", STARTED_AT)
        folder.append(call.to_row() for call in made)
        folder.close()
        header, *rows = read(folder.path / "requests.csv")
    assert header == list(COLUMNS)
    assert folder.rows_written == len(rows) == len(made)
    for row, call in zip(rows, made, strict=True):
        for column, cell, value in zip(COLUMNS, row, call.to_row(), strict=True):
            assert means(cell, value), f"{column}: {value!r} is written as {cell!r}"


def test_flushed_rows_are_on_disk(folder: RunFolder) -> None:
    """After a flush a crash loses nothing of what came before."""
    call = Call(started_at=STARTED_AT, mode="streaming", operation="o", model_id="m", name="n", latency_ms=1)
    folder.append([call.to_row()])
    folder.flush()
    assert len(read(folder.path / "requests.csv")) == 2
    folder.close()


def test_levels_before_there_are_any(folder: RunFolder) -> None:
    """A run without levels has a table of levels with only its header."""
    folder.close()
    assert read(folder.path / "levels.csv") == [list(LEVEL_COLUMNS)]
    assert read(folder.path / "requests.csv") == [list(COLUMNS)]


def test_columns_of_levels_are_documented() -> None:
    """docs/run-folder.md has the very columns of levels.csv, in order."""
    table = DOCUMENT.read_text(encoding="utf-8").split("## levels.csv\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(LEVEL_COLUMNS)


def test_levels_are_written_whole(folder: RunFolder) -> None:
    """Each change writes all levels anew: times with microseconds, unknown as empty, `true` and `false`."""
    folder.write_levels([LEVEL])
    done = replace(LEVEL, measured_from=STARTED_AT, measured_to=STARTED_AT + 5, users_reached=4, completed=True)
    folder.write_levels([done, LEVEL])
    folder.close()
    closed, begun = [""] * 9, ["streaming-04", "streaming", "4", "1795492800.900000"]
    assert read(folder.path / "levels.csv")[1:] == [
        [*begun, "1795492800.900000", "1795492805.900000", "4", "true", *closed],
        [*begun, "", "", "0", "false", *closed],
    ]


def test_a_level_of_arrivals_is_written(folder: RunFolder) -> None:
    """Its rate in place of users, and what became of its arrivals."""
    counts: dict[str, Any] = {"arrivals_due": 30, "arrivals_dropped": 2, "arrivals_missed": 1, "ended_by": "a limit"}
    folder.write_levels([replace(LEVEL, users=None, rate_per_s=2.5, **counts)])
    folder.close()
    assert read(folder.path / "levels.csv")[1][2:3] == [""]
    assert read(folder.path / "levels.csv")[1][8:] == ["2.5", "30", "2", "1", "a limit", "", "", "", ""]


def test_a_part_of_a_profile_is_written(folder: RunFolder) -> None:
    """With its number, and its rates at both ends, which other levels have where they differ."""
    part: dict[str, Any] = {"rate_per_s": 1 / 3, "part": 2, "rate_from_per_s": 0.0, "rate_to_per_s": 2 / 3}
    own: dict[str, Any] = {"rate_per_s": 2.0, "rate_from_per_s": 1.0, "rate_to_per_s": 3.0}
    even: dict[str, Any] = {"rate_per_s": 2.0, "rate_from_per_s": 2.0, "rate_to_per_s": 2.0}
    step: dict[str, Any] = {**even, "part": 1, "kind": "ramp"}
    folder.write_levels([replace(LEVEL, users=None, **one) for one in (part, own, even, step)])
    folder.close()
    assert [row[8:] for row in read(folder.path / "levels.csv")[1:]] == [
        ["0.333333333", "", "", "", "", "2", "0", "0.666666667", ""],
        ["2", "", "", "", "", "", "1", "3", ""],
        ["2", "", "", "", "", "", "", "", ""],
        ["2", "", "", "", "", "1", "2", "2", "ramp"],
    ]


def test_the_name_of_a_folder(folder: RunFolder) -> None:
    """A folder is named by the UTC time of its start and the model."""
    folder.close()
    assert folder.path.name == "2026-11-24T04-00-00Z-m"


@pytest.mark.parametrize(
    ("model_id", "name"),
    [
        ("anthropic.claude-3-sonnet-20240229-v1:0", "anthropic.claude-3-sonnet-20240229-v1_0"),
        ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0", "us.amazon.nova-pro-v1_0"),
        ("../../etc/passwd", "passwd"),
        ("..", "model"),
        ("世界", "model"),
        ("x" * 1000, "x" * 80),
    ],
)
def test_a_model_in_the_name_of_a_folder(tmp_path: Path, model_id: str, name: str) -> None:
    """A model id becomes a plain name; an ARN becomes that of its model, without the account."""
    folder = RunFolder.create(str(tmp_path), model_id, STARTED_AT)
    folder.close()
    assert folder.path.name == f"2026-11-24T04-00-00Z-{name}"


@given(st.text(max_size=300))
def test_any_model_makes_a_safe_name(model_id: str) -> None:
    """Whatever the id, the folder is directly in the directory and its name is good on any system."""
    with tempfile.TemporaryDirectory() as place:
        folder = RunFolder.create(place, model_id, STARTED_AT)
        folder.close()
        assert folder.path.parent == Path(place)
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,120}", folder.path.name)


def test_two_runs_in_a_second(tmp_path: Path) -> None:
    """A run never writes into the folder of another."""
    folders = [RunFolder.create(str(tmp_path), "m", STARTED_AT) for _ in range(3)]
    for folder in folders:
        folder.close()
    assert len({folder.path for folder in folders}) == 3
    assert sorted(tmp_path.iterdir()) == sorted(folder.path for folder in folders)


@pytest.mark.parametrize("name", ["file", "file/below", "file/below/that"])
def test_a_directory_that_can_not_be(tmp_path: Path, name: str) -> None:
    """Where no folder can be made, one line says so and what to do."""
    (tmp_path / "file").write_text("")
    directory = str(tmp_path / name)
    with pytest.raises(SettingsError) as refused:
        RunFolder.create(directory, "m", STARTED_AT)
    with pytest.raises(SettingsError) as refused_before:
        check_directory(directory)
    assert refused.value.lines == refused_before.value.lines
    (line,) = refused.value.lines
    reason = line.removeprefix(f"output.directory {directory!r}: cannot write there (")
    assert reason in {
        "Not a directory): choose another with --bedrock-directory",
        "File exists): choose another with --bedrock-directory",
    }


def test_a_directory_that_takes_no_files() -> None:
    """It is there, and cannot be written to, whoever asks."""
    if not Path("/proc/self").is_dir():
        pytest.skip("only Linux has a file system that refuses all")
    with pytest.raises(SettingsError, match=r"output\.directory '/proc/self': cannot write there"):
        check_directory("/proc/self")


def test_a_directory_that_can_be(tmp_path: Path) -> None:
    """Trying whether a directory can be written to leaves nothing in it."""
    check_directory(str(tmp_path / "results" / "here"))
    assert not list((tmp_path / "results" / "here").iterdir())


def test_what_utf_8_can_not_hold(folder: RunFolder) -> None:
    """A locustfile may name calls like that: each file is written, with a question mark."""
    folder.write_table("stats.csv", [["Name"], ["lone\udc80"]])
    folder.write_info({"name": "lone\udc80"})
    assert read(folder.path / "stats.csv") == [["Name"], ["lone?"]]
    assert json.loads((folder.path / "run.json").read_text(encoding="utf-8")) == {"name": "lone?"}
    folder.close()


def test_info_replaces_the_old_one(folder: RunFolder) -> None:
    """run.json is JSON in UTF-8, and always a whole one."""
    folder.write_info({"ended": "running", "text": "世界"})
    folder.write_info({"ended": "complete"})
    folder.close()
    assert json.loads((folder.path / "run.json").read_text(encoding="utf-8")) == {"ended": "complete"}
    assert not list(folder.path.glob("*.tmp"))


def test_info_that_can_not_be_written_leaves_the_old_one(folder: RunFolder) -> None:
    """While the new one cannot be written the old one stays, whole; the new one is there as soon as it can be."""
    folder.write_info({"ended": "running"})
    (folder.path / "run.tmp").mkdir()  # where the draft would be
    folder.write_info({"ended": "complete"})
    assert "cannot be written (Is a directory)" in folder.trouble
    assert json.loads((folder.path / "run.json").read_text(encoding="utf-8")) == {"ended": "running"}
    (folder.path / "run.tmp").rmdir()
    folder.flush()
    assert folder.trouble == ""
    assert json.loads((folder.path / "run.json").read_text(encoding="utf-8")) == {"ended": "complete"}
    folder.close()


def test_a_draft_that_can_not_take_its_place_is_removed(folder: RunFolder) -> None:
    """A write that fails at its last step leaves nothing behind."""
    (folder.path / "run.json" / "in the way").mkdir(parents=True)
    folder.write_info({"ended": "running"})
    assert "cannot be written" in folder.trouble
    assert not list(folder.path.glob("*.tmp"))
    (folder.path / "run.json" / "in the way").rmdir()
    (folder.path / "run.json").rmdir()
    folder.close()
    folder.flush()
    assert json.loads((folder.path / "run.json").read_text(encoding="utf-8")) == {"ended": "running"}


def test_files_of_a_run(folder: RunFolder) -> None:
    """The tables of Locust stand beside the others."""
    folder.write_table("stats.csv", [["Name", "Count"], ["a,b", 1]])
    folder.write_info({})
    folder.close()
    assert {path.name for path in folder.path.iterdir()} == {"requests.csv", "levels.csv", "run.json", "stats.csv"}
    assert read(folder.path / "stats.csv") == [["Name", "Count"], ["a,b", "1"]]


@pytest.mark.parametrize("file", ["/proc/nope/x.md", "/proc/self/x.md"])
def test_a_report_file_where_no_file_can_be(file: str) -> None:
    """It is tried before the run, and nothing is made where it can be."""
    if not Path("/proc/self").is_dir():
        pytest.skip("only Linux has a file system that refuses all")
    with pytest.raises(SettingsError, match=rf"output\.report_file '{file}' cannot be written"):
        check_report_file(file)


def test_a_report_file_that_can_be(tmp_path: Path) -> None:
    """Below a folder that is not there yet, or in the place of another one: trying it changes nothing."""
    (tmp_path / "there.md").write_text("old")
    check_report_file(str(tmp_path / "new" / "deep" / "report.md"))
    check_report_file(str(tmp_path / "there.md"))
    assert [path.name for path in tmp_path.iterdir()] == ["there.md"]
    assert (tmp_path / "there.md").read_text() == "old"


def test_a_report_file_that_is_a_link(tmp_path: Path) -> None:
    """A link is followed to a file beside it, and nowhere else."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out.md").symlink_to(tmp_path / "elsewhere" / "precious")
    (tmp_path / "beside.md").symlink_to("latest.md")
    check_report_file(str(tmp_path / "beside.md"))
    with pytest.raises(SettingsError, match=r"out.md' is a link that leads out of its folder: name another"):
        check_report_file(str(tmp_path / "out.md"))


def test_a_link_in_the_place_of_the_folder(folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written where a link leads; at the end the folder is in another place, known from us."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    precious = tmp_path / "precious"
    precious.mkdir()
    was = folder.path
    for name in ("run.json", "levels.csv", "requests.csv"):
        (precious / name).write_text("precious")
    was.rename(tmp_path / "away")
    was.symlink_to(precious)
    folder.write_info({"ended": "complete"})
    folder.flush()
    assert "cannot be written" in folder.trouble
    (precious / "requests.csv").unlink()
    folder.flush()
    folder.settle()
    folder.close()
    assert {path.name: path.read_text() for path in precious.iterdir()} == dict.fromkeys(
        ("run.json", "levels.csv"), "precious"
    )
    assert folder.path.parent.parent == tmp_path
    assert json.loads((folder.path / "run.json").read_text(encoding="utf-8")) == {"ended": "complete"}
    with folder.own.open("requests.csv") as file:
        assert file.read().startswith(b"started_at")


def test_links_in_the_place_of_files(folder: RunFolder, tmp_path: Path) -> None:
    """What leads out of the folder is replaced, not followed, also where the rows begin anew."""
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (folder.path / "run.tmp").symlink_to(precious)
    (folder.path / "run.json").hardlink_to(precious)
    folder.write_info({"ended": "running"})
    (folder.path / "requests.csv").unlink()
    (folder.path / "requests.csv").symlink_to(tmp_path / "none")
    folder.flush()
    folder.close()
    assert precious.read_text() == "precious"
    assert not (tmp_path / "none").exists()
    assert len(read(folder.path / "requests.csv")) == 1
