"""`python -m reports`, and what an import of the package costs."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from reports.__main__ import _compare_parser, _parser, _quota_request_parser, main

from . import run_folders as make

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    command = [sys.executable, "-m", "reports", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_it_writes_the_report_and_prints_its_path(tmp_path: Path) -> None:
    """A run folder becomes a report, and a copy where asked for."""
    folder = make.shaped(("streaming",), (2,)).write(tmp_path / "run")
    done = run(folder, "--report-file", tmp_path / "copy.md")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{folder / 'report.md'}\n{folder / 'report.html'}\n", "")
    assert (tmp_path / "copy.md").exists()


@pytest.mark.parametrize(("name", "words"), [("nowhere", "no folder"), (".", "no requests.csv in")])
def test_bad_input_is_one_clear_line(tmp_path: Path, name: str, words: str) -> None:
    """What is no run folder is named, with what to give instead; exit code 2, no traceback."""
    done = run(tmp_path / name)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr
    assert str(tmp_path) in done.stderr
    assert "results/<run>" in done.stderr


def test_a_copy_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    """The report is there; the line names the file that could not be written."""
    folder = make.shaped(("streaming",), (2,)).write(tmp_path / "run")
    done = run(folder, "--report-file", folder)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert str(folder) in done.stderr
    assert (folder / "report.md").exists()


def test_import_is_cheap_and_knows_nothing_of_locust() -> None:
    """A worker imports `reports` from the locustfile and must not pay for pandas or altair."""
    heavy = "{'pandas', 'altair', 'numpy', 'vl_convert', 'bedrock_locust', 'locust'}"
    script = f"import sys; from reports import write; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"


def test_a_report_needs_neither_bedrock_locust_nor_locust(tmp_path: Path) -> None:
    """Reports read files only."""
    folder = make.shaped(("streaming",), (2,)).write(tmp_path / "run")
    script = (
        "import sys; from pathlib import Path; import reports; reports.write(Path(sys.argv[1]));"
        "print(sorted({'bedrock_locust', 'locust', 'boto3', 'gevent'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "[]\n"


def test_a_run_that_went_on_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What it left behind is a part of it: the whole is named. Once that is gone, the part is better than nothing."""
    old = make.shaped(("streaming",), (4,)).write(tmp_path / "results" / "run")
    whole = make.shaped(("streaming",), (4, 8)).write(tmp_path / "refuge" / "run")
    (old / "moved-to").symlink_to(whole.parent)
    assert main([str(old)]) == 2
    assert capsys.readouterr().err.strip().endswith(f"went on elsewhere: give {whole}")
    assert main([str(whole)]) == 0
    whole.rename(tmp_path / "away")
    assert main([str(old)]) == 0


@pytest.mark.parametrize("parser", [_parser(), _compare_parser(), _quota_request_parser()], ids=lambda it: str(it.prog))
def test_help_says_what_each_argument_is(parser: argparse.ArgumentParser) -> None:
    """In words, and of which of several values it can be."""
    for argument in parser._actions:
        assert argument.help, argument.dest
        assert argument.nargs == 0 or argument.metavar or argument.choices or argument.dest == "run_folder"
    assert parser.description


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        ("--max-regression", "0", 0),
        ("--max-regression", " 10% ", 10),
        ("--max-regression", "999.9", 999.9),
        ("--max-regression", "1000", None),
        ("--max-regression", "-1", None),
        ("--max-regression", "ten", None),
        ("--max-success-drop", "0", 0),
        ("--max-success-drop", "100", 100),
        ("--max-success-drop", "100.1", None),
        ("--max-success-drop", "-0.1", None),
        ("--max-success-drop", "nan", None),
        ("--max-success-drop", "1%", None),
    ],
)
def test_limits_of_a_comparison(
    capsys: pytest.CaptureFixture[str], option: str, text: str, value: float | None
) -> None:
    """Percent below 1,000, points from 0 to 100; anything else is named."""
    arguments = ["a", "b", f"{option}={text}"]
    if value is not None:
        parsed = vars(_compare_parser().parse_args(arguments))
        assert parsed[option.removeprefix("--").replace("-", "_")] == value
        return
    with pytest.raises(SystemExit) as ended:
        _compare_parser().parse_args(arguments)
    assert ended.value.code == 2
    assert repr(text) in capsys.readouterr().err
