"""All that the parser of locust and the form of the web page have of our options, in golden files.

`UPDATE_GOLDEN=1 pytest tests/core/test_whole_forms.py` writes them anew: read the difference.
"""

from __future__ import annotations

import argparse
import json
import os
from typing import TYPE_CHECKING, Any

from locust.argument_parser import get_empty_argument_parser, setup_parser_arguments

import pytest

from bedrock_locust import commands
from bedrock_locust.settings import options
from bedrock_locust.settings.options import OPTIONS
from bedrock_locust.settings.schema import Settings
from bedrock_locust.settings.web import PROTECTED

from .golden_files import check_text

if TYPE_CHECKING:
    from argparse import Action
    from pathlib import Path

    from locust.argument_parser import LocustArgumentParser


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to be in, and an environment without options."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("BEDROCK_", "LOCUST_"))]:
        monkeypatch.delenv(name)
    (tmp_path / "in").mkdir()
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / "in" / name).write_text("{}")
    return tmp_path


def parser(current: Settings | None, may_set: frozenset[str] = frozenset(), folder: str = "") -> LocustArgumentParser:
    """Locust's parser with our options, without the configuration files of this user."""
    made = get_empty_argument_parser(default_config_files=[])
    setup_parser_arguments(made)
    options.add_options(made, current, may_set, folder)
    return made


def ours(made: LocustArgumentParser) -> list[Action]:
    """Our options, in order."""
    return [action for action in made._actions if action.dest.startswith("bedrock_")]


def test_the_options_of_the_command() -> None:
    """Names, values, defaults and words of each; only those of the settings are fields of the form."""
    made = parser(None)
    lines = []
    for action in ours(made):
        about: dict[str, Any] = {
            "default": action.default,
            "choices": action.choices,
            "const": action.const,
            "nargs": action.nargs,
            "type": action.type and getattr(action.type, "__name__", ""),
        }
        known = {name: value for name, value in about.items() if value is not None}
        names = f"{' '.join(action.option_strings)} {action.metavar or ''}".strip()
        field = "field" if action.dest in made.args_included_in_web_ui else "no field"
        variable = getattr(action, "env_var", None)
        lines.append(f"{names} | {variable} | {field} | {json.dumps(known) if known else '-'} | {action.help}")
    check_text("forms/options.txt", "\n".join(lines) + "\n")


SLO: dict[str, Any] = {"slo": {"ttft_ms": 500.5, "success_rate": 99}}
FORMS: dict[str, tuple[dict[str, Any], frozenset[str], str]] = {
    "defaults": ({}, frozenset(), ""),
    "other_users": (
        {
            "aws": {"region": "eu-west-1", "profile": "p"},
            "model": {
                "id": "a.b",
                "quota": 5,
                "quota_codes": {"quota": "L-1", "tokens_per_day": "L-2"},
                "api": "invoke",
                "format": "nova",
                "latency": "optimized",
                "service_tier": "flex",
            },
            "test": {
                "prompt_size": 7,
                "streaming": False,
                "temperature": 0,
                "preflight": False,
                "timeout_seconds": 2.5,
            },
            "concurrency": {"start": 2, "end": 30, "step": 4, "duration_seconds": 7.5, "warmup_seconds": 1},
            "limits": {"max_requests": 3, "max_error_rate": 12.5},
            "workload": {"input_tokens": {"median": 5, "mean": 8}, "output_tokens": 90, "turns": 3, "cache": "5m"},
        },
        frozenset({"aws.profile"}),
        "",
    ),
    "rates": (
        {"arrivals": {"rates": [1, 2.5], "duration_seconds": 9, "warmup_seconds": 2, "max_in_flight": 8}, **SLO},
        frozenset(),
        "in",
    ),
    "a_profile": (
        {"arrivals": {"profile": [[60, 1, 10], [2.5, 10, 0]]}, "workload": {"input_tokens": {"mean": 8, "stddev": 2}}},
        frozenset(PROTECTED),
        "",
    ),
    "a_trace": ({"arrivals": {"trace": {"file": "t.jsonl", "from": 3, "speed": 2}}}, frozenset(PROTECTED), "in"),
    "a_ramp_and_a_file": (
        {"arrivals": {"rates": [8], "ramp": "aws"}, "workload": {"file": "in/b.jsonl", "order": "shuffled"}},
        frozenset(),
        "in",
    ),
    "a_search": (
        {"search": {"for": "rate", "start": 0.5, "most": 9, "duration_seconds": 30, "max_in_flight": 77}, **SLO},
        frozenset({"output.directory"}),
        "in",
    ),
    "lengths_of_a_file": (
        {"workload": {"input_tokens": {"from": "x.csv"}, "output_tokens": {"values": [5, 9]}}},
        frozenset(),
        "",
    ),
}


def fields(name: str) -> dict[str, str]:
    """The fields of a form: label, and what it shows."""
    sections, may_set, folder = FORMS[name]
    made = parser(Settings.model_validate({"model": {"id": "m"}, **sections}), may_set, folder)
    found = {}
    for dest, field in made.args_included_in_web_ui.items():
        if dest.startswith("bedrock_"):
            among = f" of {json.dumps([*field.choices])}" if field.choices else ""
            found[dest] = f"{json.dumps(field.default)}{among} | {field.help}"
    return found


@pytest.mark.parametrize("name", FORMS)
def test_forms_are_as_they_were_read_and_approved(name: str) -> None:
    """Each field of the first form, and of the others those that are not as in it."""
    first = {} if name == "defaults" else fields("defaults")
    here_ = fields(name)
    lines = [f"{dest}: {field}" for dest, field in here_.items() if first.get(dest) != field]
    gone = [f"no {dest}" for dest in first if dest not in here_]
    check_text(f"forms/{name}.txt", "\n".join([*lines, *gone]) + "\n")


def described(action: Action) -> str:
    """An argument of a command."""
    about: dict[str, Any] = {
        "default": action.default,
        "choices": action.choices,
        "nargs": action.nargs,
        "type": "int" if action.type is int else None,
        "dest": action.dest,
    }
    known = {name: str(value) for name, value in about.items() if value is not None}
    return f"{' '.join([*action.option_strings, str(action.metavar or '')])} | {json.dumps(known)} | {action.help}"


@pytest.mark.parametrize("variable", ["", "x.json"])
def test_the_arguments_of_the_commands(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """Those that are no settings of a run; a variable of the environment is the default of the others."""
    if variable:
        monkeypatch.setenv("BEDROCK_CONFIG", variable)
        monkeypatch.setenv("BEDROCK_END", "7")
    of_runs = {option.flag: option for option in OPTIONS}
    lines = []
    for name, module in commands.COMMANDS.items():
        made = argparse.ArgumentParser(prog=name)
        module.add_arguments(made)
        own = [action for action in made._actions if not of_runs.keys() & {*action.option_strings}]
        lines += [f"# {name}: {module.HELP}", made.usage or "", *map(described, own[1:])]
        for action in (one for one in made._actions if of_runs.keys() & {*one.option_strings} and name != "aws"):
            option = of_runs[action.option_strings[0]]
            assert action.default == ("7" if variable and option.key == "end" else None)
            if name in {"check", "doctor"}:
                assert (action.metavar, action.dest) == (option.key.upper(), option.dest)
                assert action.help == option.label.replace("%", "%%")
    if variable:
        assert sum("x.json" in line for line in lines) == 3
        return
    text = commands._parser().format_help()
    check_text("forms/commands.txt", "\n".join([*lines, text[text.index("Start a benchmark") :]]))
