"""`python -m bedrock_locust`."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bedrock_locust import commands
from bedrock_locust.commands.settings import document
from bedrock_locust.settings.options import OF_BOTH, OF_RATES, OPTIONS
from bedrock_locust.settings.schema import SECTIONS
from bedrock_locust.workload import turned

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to be in, and an environment without options."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("BEDROCK_")]:
        monkeypatch.delenv(name)
    return tmp_path


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """What `check` returns and says."""
    code = commands.main(["check", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def write(here: Path, **sections: Any) -> None:
    """Write config.json."""
    (here / "config.json").write_text(json.dumps({"model": {"id": "m"}, **sections}), encoding="utf-8")


def test_check_prints_plan_and_cost(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Levels, length, the cost as a range, and how to start this run."""
    write(
        here,
        concurrency={"start": 2, "end": 6, "step": 2, "duration_seconds": 20},
        pricing={"input_per_million": 1, "output_per_million": 5},
        test={"non_streaming": False, "max_tokens": 100},
    )
    code, out, err = check(capsys, "config.json", "--bedrock-end", "4", "--bedrock-prompt-size", "400")
    assert (code, err) == (0, "")
    assert "streaming: 2, 4 users" in out
    assert "2 levels, up to 4 users" in out
    # 6 users for 20 s, calls of 0.8 to 6 s with 100 tokens each way.
    assert "expected cost 0.012 to 0.090 USD; at most 0.0009" in out
    assert "locust -f locustfile.py --headless --bedrock-end 4 --bedrock-prompt-size 400" in out


@pytest.mark.parametrize("named", [("x.json",), ("--bedrock-config", "x.json"), ()])
@pytest.mark.parametrize("command", ["check", "doctor", "workload"])
def test_the_file_is_named_as_for_a_run(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    named: tuple[str, ...],
) -> None:
    """By the option of `locust`, by its environment variable or, where there is no other file, alone."""
    (here / "x.json").write_text('{"model": {"id": "m", "quota": "many"}}')
    if not named:
        monkeypatch.setenv("BEDROCK_CONFIG", "x.json")
    first = ("data.jsonl", *(("--bedrock-config",) * (named == ("x.json",)))) if command == "workload" else ()
    assert commands.main([command, *first, *named]) == 2
    assert "x.json: model.quota" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "doctor"])
def test_an_unknown_option_is_said_in_two_lines(capsys: pytest.CaptureFixture[str], command: str) -> None:
    """Not below a page of all the options that there are."""
    with pytest.raises(SystemExit) as ended:
        commands.main([command, "--bedrock-nothing"])
    assert ended.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_check_warns(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of keys in the file, of an unknown cost, of a run that nothing ends, and of levels that are too short."""
    keys = {"access_key_id": "AKIA5ecret", "secret_access_key": "5ecret"}
    write(here, aws=keys, concurrency={"duration_seconds": 5})
    (here / "config.json").chmod(0o644)
    code, out, _ = check(capsys)
    assert code == 0
    assert "5ecret" not in out
    notes = [line for line in out.splitlines() if line.startswith("Note: ")]
    assert [note.split()[1:4] for note in notes] == [
        ["the", "file", "holds"],
        ["the", "cost", "is"],
        ["nothing", "ends", "the"],
        ["the", "first", "level"],
        ["config.json", "holds", "AWS"],
    ]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("nosuch.json",), "nosuch.json: no such file."),
        (("--bedrock-end", "x"), '--bedrock-end (or BEDROCK_END, or the form): concurrency.end is "x"'),
        (("--bedrock-api", "invoke"), "model.api is invoke, but model 'm' does not tell its native request format"),
    ],
)
def test_check_refuses(arguments: tuple[str, ...], line: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistake is one line, and exit code 2."""
    write(here)
    code, out, err = check(capsys, *arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith(line)


def test_check_reads_the_environment(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables count as they do in a run, and are not repeated in the command."""
    write(here)
    monkeypatch.setenv("BEDROCK_END", "2")
    _, out, _ = check(capsys, "--bedrock-start", "2")
    assert "streaming: 2 users" in out
    assert out.endswith("locust -f locustfile.py --headless --bedrock-start 2\n")


@pytest.mark.parametrize(
    ("seconds", "said"), [(5, "about 5 calls"), (1, "about 1 call"), (0.2, "less than 1 call"), (1.6, "about 2 calls")]
)
def test_check_counts_few_calls(here: Path, capsys: pytest.CaptureFixture[str], seconds: float, said: str) -> None:
    """One is no plural, and none is no figure."""
    write(here, arrivals={"profile": [[seconds, 1, 1]]})
    out = check(capsys)[1]
    assert f"the first level makes {said} at most" in out
    assert "streaming: 1 part: 1 request/s\n" in out


@pytest.mark.parametrize(
    ("sections", "setting"),
    [
        ({"concurrency": {"duration_seconds": 3}}, "concurrency.duration_seconds"),
        ({"arrivals": {"rates": [2], "duration_seconds": 3}}, "arrivals.duration_seconds"),
        ({"search": {"duration_seconds": 3}, "slo": {"ttft_ms": 500}}, "search.duration_seconds"),
    ],
)
def test_check_names_the_setting_for_more_calls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], sections: dict[str, Any], setting: str
) -> None:
    """Of the load that is chosen."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"model": {"id": "m"}, **sections}), encoding="utf-8")
    code, output, _ = check(capsys, str(file))
    assert code == 0
    assert f"Raise {setting} for figures that you decide by" in output


def test_check_advises_longer_parts(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a profile, whose length no other setting has."""
    write(here, arrivals={"profile": [[5, 1, 2]]})
    assert "Make the parts of arrivals.profile longer for figures that you decide by" in check(capsys)[1]


def test_check_shows_the_modes_that_run(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not those of which a search has nothing to look for."""
    write(here, search={"for": "rate", "most": 4}, slo={"ttft_ms": 800})
    _, out, _ = check(capsys)
    assert "streaming: 1, 2, 4 requests/s" in out
    assert "non-streaming" not in out
    _, out, _ = check(capsys, "--bedrock-slo-latency", "900")
    assert "non-streaming: 1, 2, 4 requests/s" in out


def test_settings_are_documented() -> None:
    """docs/settings.md is up to date. To make it anew: python -m bedrock_locust settings > docs/settings.md."""
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == document()


def test_the_document_is_complete() -> None:
    """A row with a meaning for each setting, and each option and variable once."""
    rows = [line for line in document().splitlines() if line.startswith("| `")]
    for section, model in SECTIONS.items():
        for key in model.model_fields:
            [row] = [row for row in rows if row.startswith(f"| `{section}.{key}` |")]
            assert row.split("|")[-2].strip().endswith((".", "."))
            assert len(row.split("|")[-2].strip()) > 10
    for option in OPTIONS:
        # The length of a level is that of users, of rates or of a search, whichever the load is.
        places = 3 if option.section == "concurrency" and option.key in OF_BOTH else 1 + (option.key in OF_RATES)
        assert sum(f"`{option.flag}`" in row and f"`{option.env_var}`" in row for row in rows) == places


def test_a_process_of_its_own_needs_no_locust(here: Path) -> None:
    """The command starts at once: nothing patches sockets, and no boto3 is read."""
    program = (
        "import runpy, sys; sys.argv = ['x', 'settings']\n"
        "try: runpy.run_module('bedrock_locust', run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0\n"
        "print(*[name for name in ('locust', 'gevent', 'boto3', 'pandas') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == document()
    assert done.stderr.split() == []


def workload(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """What `workload` returns and says."""
    code = commands.main(["workload", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


CONVERSATION = {"conversations": [{"from": "human", "value": "x" * 400}, {"from": "gpt", "value": "y"}]}


def test_workload_shows_what_is_in_a_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Format, records, lengths and what a pass costs; a sample as it is sent."""
    write(here, pricing={"input_per_million": 1000, "output_per_million": 1000}, test={"max_tokens": 100})
    (here / "x.json").write_text(json.dumps([CONVERSATION] * 10))
    code, out, err = workload(capsys, "x.json", "--sample", "1")
    assert (code, err) == (0, "")
    sample, rest = out.split("\n}\n")
    assert json.loads(f"{sample}}}")["messages"][0]["content"] == [{"text": "x" * 400}]
    assert "Format    sharegpt" in rest
    assert "Records   10" in rest
    assert "P50 100, P95 100, longest 100 tokens" in rest
    assert "about 1,000 input tokens, at most 1,000 output tokens" in rest
    assert "1.00 to 2.00 USD a pass" in rest


def test_workload_shows_sessions_and_caches(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each turn is a call; and what the levels of the settings would send, in tokens and money."""
    write(
        here,
        pricing={"input_per_million": 1000, "output_per_million": 1000},
        test={"max_tokens": 100, "non_streaming": False},
        concurrency={"start": 1, "end": 2, "duration_seconds": 60},
        workload={"turns": 2, "file": "elsewhere.jsonl"},
    )
    turns = [{"from": ("human", "gpt")[number % 2], "value": "x" * 400} for number in range(5)]
    (here / "x.json").write_text(json.dumps([{"conversations": turns}] * 10))
    _, out, _ = workload(capsys, "x.json")
    assert "Sessions  10 of several turns: P50 3, P95 3, longest 3 turns; sent turn by turn, 2 at most" in out
    # Turns of 100 and 300 tokens.
    assert "P50 300, P95 300, longest 300 tokens" in out
    assert "about 4,000 input tokens, at most 2,000 output tokens" in out
    assert "Levels    2 by the settings: about 30 to 225 calls, 1.5 to 11 passes" in out
    assert "about 6,000 to 45,000 input tokens, at most 3,000 to 22,500 output tokens, 9.00 to 67.50 USD" in out
    point = {"role": "user", "content": [{"text": "x"}, {"cachePoint": {"type": "default"}}]}
    (here / "y.jsonl").write_text(json.dumps({"messages": [point]}))
    assert "Caches    1 record has cache points: P50 1, P95 1, longest 1 a record" in workload(capsys, "y.jsonl")[1]


def test_the_example_is_a_workload(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its conversations can be sent, turn by turn, by its configuration."""
    assert here.exists()
    monkeypatch.chdir(ROOT)
    code, out, err = workload(capsys, "examples/support-chats.jsonl", "--bedrock-config", "examples/workload.json")
    assert (code, err) == (0, "")
    assert "Records   6" in out
    assert "Sessions  4 of several turns: P50 3, P95 4, longest 4 turns; sent turn by turn" in out


def test_workload_writes_the_normal_form(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Arguments of Converse, a line each, without bad records; a file that is there is not overwritten."""
    records = [CONVERSATION, {"conversations": []}, CONVERSATION]
    (here / "x.json").write_text(json.dumps(records))
    code, out, err = workload(capsys, "x.json", "-o", "x.jsonl")
    assert code == 2
    assert "Records   2, 1 more that cannot be sent" in out
    assert "x.json, line 2: conversations must be a list that is not empty" in err
    lines = (here / "x.jsonl").read_text().splitlines()
    assert [json.loads(line)["messages"][0]["role"] for line in lines] == ["user", "user"]
    chinese = [{"conversations": [{"from": "human", "value": "潮汐"}, {"from": "gpt", "value": "é"}]}]
    (here / "y.json").write_text(json.dumps(chinese))
    assert workload(capsys, "y.json", "-o", "y.jsonl")[0] == 0
    assert "潮汐" in (here / "y.jsonl").read_text(encoding="utf-8")
    assert workload(capsys, "x.jsonl")[0] == 0
    assert "x.jsonl: exists already" in workload(capsys, "x.json", "-o", "x.jsonl")[2]


def test_workload_turns_a_file_that_is_too_large_for_a_run(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run refuses it and says to do just this."""
    monkeypatch.setattr(turned, "MOST_BYTES", 1000)
    (here / "x.csv").write_text("prompt\n" + "How high is the tide?\n" * 100)
    write(here, workload={"file": "x.csv"})
    code, _, err = check(capsys)
    assert code == 2
    assert "it has more than 1,000 bytes and is no JSONL: turn it into JSONL first: python -m" in err
    code, out, err = workload(capsys, "x.csv", "-o", "x.jsonl")
    assert (code, err) == (0, "")
    assert "Records   100" in out
    assert len((here / "x.jsonl").read_text().splitlines()) == 100


@pytest.mark.parametrize(
    ("record", "kept"),
    [
        ({"prompt": "tide", "max_tokens": 5}, False),
        ({"text": "tide", "output_length": 5, "timestamp": 9}, True),
        ({"question_id": 1, "category": "sea", "turns": ["tide", "ebb"]}, True),
        ({"input_length": 50, "output_length": 5, "timestamp": 0}, True),
    ],
)
def test_workload_changes_only_records_of_which_converse_can_say_all(
    here: Path, capsys: pytest.CaptureFixture[str], record: dict[str, Any], kept: bool
) -> None:
    """Lengths, times, and turns without answers stay as they are."""
    (here / "x.jsonl").write_text(json.dumps(record) + "\n")
    assert workload(capsys, "x.jsonl", "-o", "y.jsonl")[0] == 0
    [line] = map(json.loads, (here / "y.jsonl").read_text().splitlines())
    expected = {"messages": [{"role": "user", "content": [{"text": "tide"}]}], "inferenceConfig": {"maxTokens": 5}}
    assert line == (record if kept else expected)


@pytest.mark.parametrize(("name", "words"), [("none.jsonl", "none.jsonl cannot be read"), (".", "Is a directory")])
def test_workload_says_what_is_no_file(here: Path, capsys: pytest.CaptureFixture[str], name: str, words: str) -> None:
    """One line and exit code 2."""
    code, out, err = workload(capsys, name)
    assert (code, out) == (2, "")
    assert words in err


def test_check_reads_the_file_of_the_workload(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its records are counted, and a bad one is a mistake."""
    write(here, workload={"file": "x.jsonl"})
    (here / "x.jsonl").write_text('{"prompt": "x"}\n')
    assert "1 record of x.jsonl (plain)" in check(capsys)[1]
    (here / "x.jsonl").write_text('{"prompt": 5}\n')
    code, _, err = check(capsys)
    assert code == 2
    assert "workload.file: x.jsonl, line 1: prompt must be a text" in err


@pytest.mark.parametrize("name", commands.COMMANDS)
def test_help_says_what_each_argument_is(name: str) -> None:
    """In words, with a name for the value where one is given."""
    parser = argparse.ArgumentParser()
    commands.COMMANDS[name].add_arguments(parser)
    for argument in parser._actions:
        assert argument.help, argument.dest
        assert argument.nargs == 0 or argument.metavar or argument.choices, argument.dest
