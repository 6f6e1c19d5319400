"""`python -m reports`, and what an import of the package costs."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from reports.__main__ import _compare_parser, _parser, _quota_request_parser, main
from reports.exports.github import VARIABLE

from . import run_folders as make
from .test_golden import check_text

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
def test_bad_input_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, words: str) -> None:
    """What is no run folder is named, with what to give instead; exit code 2, no traceback."""
    assert main([str(tmp_path / name)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line == f"python -m reports: {words} {tmp_path / name}: give the folder of a run, such as results/<run>"


def test_a_copy_that_cannot_be_written_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report is there; the line names the file that could not be written."""
    folder = make.shaped(("streaming",), (2,)).write(tmp_path / "run")
    assert main([str(folder), "--report-file", str(folder)]) == 1
    assert capsys.readouterr() == ("", f"python -m reports: cannot write {folder}: Is a directory\n")
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


@pytest.mark.parametrize("command", ["", "compare", "quota-request"])
def test_help_is_as_it_was_read_and_approved(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Usage, arguments, what each is for and its default."""
    monkeypatch.setenv("COLUMNS", "120")
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    assert ended.value.code == 0
    check_text(f"help_{command or 'report'}.txt", capsys.readouterr().out)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of runs: without an SLO, with one that is met or missed, and with searches."""
    root = tmp_path_factory.mktemp("runs")
    probe = make.probe("streaming-02", 2, "missed", 300, 0.5)
    busy = {"verdict": "client", "client": ["it was busy"]}
    found: dict[str, Any] = {"mode": "streaming", "for": "users", "low": None, "high": None}
    kinds: dict[str, tuple[dict[str, Any], list[dict[str, Any]] | None]] = {
        "plain": ({}, None),
        "met": ({"latency_ms": 60_000}, None),
        "missed": ({"latency_ms": 1}, None),
        "unjudged": ({"latency_ms": 1}, [found | {"ended_by": "client", "probes": [probe | busy]}]),
        "too_much": ({"latency_ms": 1}, [found | {"high": 2, "ended_by": "start", "probes": [probe]}]),
    }
    for name, (slo, searches) in kinds.items():
        run = make.shaped(("streaming",), (2,), length_s=3)
        run.info["settings"] |= {"slo": slo} if slo else {}
        run.info |= {"search": searches} if searches else {}
        run.write(root / name)
    make.Folder(info=make.info(0, 1)).write(root / "empty")  # has no chart to draw
    return root


NO_SUMMARY = f"no summary for GitHub: {VARIABLE} is not set, which only a job there has"
NO_SLO = "--gate: the run has no `slo` in its settings: add it to the configuration file"
FAILED, UNJUDGED = "the SLO gate failed, see the report", "the SLO gate was not judged, see the report"
NONE = "no folder nowhere: give the folder of a run, such as results/<run>"
TWICE = "compare: plain is given more than once, and no other run: give the one to compare with it"
AT_LEAST_TWO = "compare: give at least two run folders, such as: compare results/<before> results/<after>"
AT_MOST = "compare: at most 26 runs at a time"
TOO_SHORT = (
    "quota-request: plain: the load lasted less than a minute, from its first call to its last, and quotas are per"
    " minute: run it for longer, best for 10 minutes"
)


@pytest.mark.parametrize(
    ("arguments", "code", "out", "err"),
    [
        ("plain --format=json", 0, "plain/report.json", ""),
        ("plain --format=,json,,junit,", 0, "plain/report.json", ""),
        ("plain --format=junit", 0, "plain/junit.xml", ""),
        ("plain --format=github", 0, "plain", NO_SUMMARY),
        ("empty --format=markdown,html", 0, "empty/report.md empty/report.html", ""),
        ("empty --format=markdown", 0, "empty/report.md", ""),
        ("empty --format=html", 0, "empty/report.html", ""),
        ("empty", 0, "empty/report.md empty/report.html", ""),
        ("empty --format=json --report-file=copy.html", 0, "empty/report.json", ""),
        ("plain --format=json --gate", 2, "plain/report.json", NO_SLO),
        ("met --format=json --gate", 0, "met/report.json", ""),
        ("met --format=junit --gate", 0, "met/report.json", ""),
        ("missed --format=json", 0, "missed/report.json", ""),
        ("missed --format=json --gate", 3, "missed/report.json", FAILED),
        ("unjudged --format=json --gate", 4, "unjudged/report.json", UNJUDGED),
        ("too_much --format=json --gate", 3, "too_much/report.json", FAILED),
        ("nowhere", 2, "", NONE),
        ("compare plain plain", 2, "", TWICE),
        ("compare plain", 2, "", AT_LEAST_TWO),
        (f"compare plain {' '.join(f'run{number}' for number in range(26))}", 2, "", AT_MOST),
        ("quota-request plain", 2, "", TOO_SHORT),
    ],
    ids=lambda one: str(one)[:30],
)
def test_what_a_command_prints_and_ends_with(
    runs: Path, capsys: pytest.CaptureFixture[str], *, arguments: str, code: int, out: str, err: str
) -> None:
    """Each path that was written in a line, a mistake or a verdict in one line beside it, and the exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(runs)
        patch.delenv(VARIABLE, raising=False)
        assert main(arguments.split()) == code
    assert capsys.readouterr() == (
        "".join(f"{path}\n" for path in out.split()),
        f"python -m reports: {err}\n" * bool(err),
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([""], "argument run_folder: it is empty: give the folder of a run, such as results/<run>"),
        ([" "], "argument run_folder: it is empty: give the folder of a run, such as results/<run>"),
        ([], "the following arguments are required: run_folder"),
        (["a", "b"], "unrecognized arguments: b"),
        (
            ["a", "--format", "json,pdf"],
            "argument --format: 'json,pdf': choose from markdown, html, json, junit, github",
        ),
        (["a", "--format", " , "], "argument --format: ' , ': choose from markdown, html, json, junit, github"),
        (["compare", "a", "b", "--format", "junit"], "argument --format: 'junit': choose from markdown, html, json"),
        (
            ["compare", "a", "b", "--max-regression=-1%"],
            "argument --max-regression: '-1%': give a percentage, such as 10%",
        ),
        (["compare", "a", "--baseline"], "argument --baseline: expected one argument"),
        (["compare", "--base"], "argument --base: expected at least one argument"),
        (["compare", "--run"], "argument --run: expected at least one argument"),
        (["quota-request"], "the following arguments are required: run_folder"),
        (["quota-request", " "], "argument run_folder: it is empty: give the folder of a run, such as results/<run>"),
    ],
    ids=lambda one: " ".join(one)[:30] if isinstance(one, list) else "",
)
def test_what_is_said_of_wrong_arguments(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    """By the parser, after the usage of that command; exit code 2."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    *usage, last = capsys.readouterr().err.splitlines()
    command = " ".join(["python -m reports", *[one for one in arguments[:1] if one in {"compare", "quota-request"}]])
    assert usage[0].startswith(f"usage: {command} ")
    assert last == f"{command}: error: {said}"


def test_the_arguments_of_the_process_are_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where none are given."""
    monkeypatch.setattr(sys, "argv", ["reports", "nowhere at all"])
    assert main() == 2
    assert "no folder nowhere at all" in capsys.readouterr().err
