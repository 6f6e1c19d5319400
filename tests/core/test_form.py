"""What the start form may set."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from locust import User, argument_parser, events
from locust.env import Environment
from locust.web import WebUI

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedrock_locust.outputs.web.form import _shown_fields, guard_form
from bedrock_locust.settings import options
from bedrock_locust.settings.fields import FileName
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.options import OPTIONS
from bedrock_locust.settings.schema import SECTIONS
from bedrock_locust.settings.web import PROTECTED, check_fields, check_user_class, is_in_form, parse_form_may_set

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from locust.argument_parser import LocustArgumentParser

    from flask.testing import FlaskClient

SHOWN = frozenset({"bedrock_end", "bedrock_model", "own_option"})
OPTIONS_NOW = Namespace(
    **{option.dest: None for option in OPTIONS},
    host="http://here",
    bedrock_config=None,
    bedrock_run="{}",
    level_tag=None,
    own_option="a",
    csv_prefix=None,
    logfile=None,
)


def check(form: dict[str, str], may_set: str | None = None) -> None:
    """Check a form."""
    now = Namespace(**{**vars(OPTIONS_NOW), "bedrock_form_may_set": may_set})
    check_fields(form, now, "http://here", lambda: SHOWN)


@pytest.mark.parametrize(
    "form",
    [
        {"host": "http://attacker.example"},
        {"host": ""},
        {"host": "http://here<"},
        {"bedrock_directory": "/etc"},
        {"bedrock_report_file": "/home/user/.ssh/authorized_keys"},
        {"bedrock_profile": "production"},
        {"bedrock_config": "/etc/shadow"},
        {"bedrock_config": ""},
        {"bedrock_run": "{}"},
        {"bedrock_form_may_set": "host"},
        {"level_tag": "x"},
        {"csv_prefix": "/tmp/x"},
        {"logfile": "/tmp/x"},
    ],
)
def test_what_the_form_may_not_set(form: dict[str, str]) -> None:
    """Neither where credentials go, nor which files are read or written, nor any option that it does not show."""
    with pytest.raises(SettingsError) as refused:
        check(form)
    assert next(iter(form)) in str(refused.value) or "--bedrock-form-may-set" in str(refused.value)


def test_no_field_names_a_file() -> None:
    """A setting that is the name of a file is protected, or is no option at all."""
    for option in OPTIONS:
        hint = get_type_hints(SECTIONS[option.section], include_extras=True)[option.key]
        if FileName in (hint, *get_args(hint)):
            assert f"{option.section}.{option.key}" in PROTECTED


@pytest.mark.parametrize(
    "form",
    [
        {"host": "http://here"},
        {"bedrock_directory": "", "bedrock_profile": ""},
        {"bedrock_end": "3", "own_option": "b"},
        {"user_count": "1", "spawn_rate": "1", "run_time": "", "profile": "a label", "x": "of nobody"},
    ],
)
def test_what_the_form_may_set(form: dict[str, str]) -> None:
    """Shown fields, what stays as it is, Locust's own fields, and what is no option at all."""
    check(form)


@pytest.mark.parametrize("name", PROTECTED)
@pytest.mark.parametrize("short", [False, True])
def test_what_the_option_allows(name: str, short: bool) -> None:
    """`--bedrock-form-may-set` allows what it names, by its whole or its short name, and nothing else."""
    form = dict.fromkeys(PROTECTED.values(), "other")
    with pytest.raises(SettingsError) as refused:
        check(form, name.rpartition(".")[2] if short else name)
    assert len(refused.value.lines) == len(PROTECTED) - 1
    assert not [line for line in refused.value.lines if f"change {name} " in line]


def test_a_permission_for_nothing() -> None:
    """An unknown setting in the option is one line that names it and those that there are."""
    with pytest.raises(SettingsError, match=r"'aws.keys' is none of host, aws.profile, workload.file,"):
        parse_form_may_set("host, aws.keys")


def test_protected_settings_are_shown_where_they_may_be_set() -> None:
    """The form has a field for each option but the protected ones, and for those that are allowed."""
    hidden = {option.dest for option in OPTIONS if not is_in_form(option.section, option.key, frozenset())}
    assert hidden == set(PROTECTED.values()) - {"host"}
    assert is_in_form("output", "directory", parse_form_may_set("directory"))


@pytest.mark.parametrize("changes", [{"host": "http://x"}, {"client": 1}, {"__init__": 1}, [1], None, "x"])
def test_the_class_picker(changes: object) -> None:
    """Locust's class picker sets any attribute of a class of users: it is held to those that it shows."""
    with pytest.raises(SettingsError):
        check_user_class(changes, OPTIONS_NOW, {"A": "http://here"})
    check_user_class(
        {"user_class_name": "A", "weight": 2, "tasks": [], "host": "http://here"}, OPTIONS_NOW, {"A": "http://here"}
    )
    may_set = Namespace(bedrock_form_may_set="host")
    check_user_class({"user_class_name": "A", "host": "http://x"}, may_set, {"A": "http://here"})


@pytest.mark.parametrize("body", [b"[" * 100_000, b"{", b"\xff", b"7"])
def test_a_class_picker_that_sends_no_object(client: FlaskClient, body: bytes) -> None:
    """What cannot be read is refused, however deep it is."""
    answer = client.post("/user", data=body, content_type="application/json")
    assert (answer.status_code, answer.text) == (403, "the class picker sends a JSON object\n")


class Idle(User):
    """A user that does nothing."""


def add(parser: LocustArgumentParser, **_: Any) -> None:
    """Add our options, as the plugin does."""
    options.add_options(parser, None)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FlaskClient]:
    """Locust's page with our options, of which each start reads the settings; nothing is started."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"model": {"id": "m"}}))
    monkeypatch.setattr(sys, "argv", ["locust", "--bedrock-config", str(config)])
    _shown_fields.cache_clear()
    events.init_command_line_parser.add_listener(add)
    environment = Environment(user_classes=[Idle])
    environment.parsed_options = argument_parser.get_parser().parse_args(sys.argv[1:])
    environment.create_local_runner()
    ui = WebUI(environment, "127.0.0.1", 0, delayed_start=True)
    assert ui.app is not None

    def read(form: Mapping[str, str]) -> Any:
        return options.load(Namespace(**{**vars(environment.parsed_options or Namespace()), **form}), None)

    guard_form(ui, read)
    ui.app.view_functions["locust.swarm"] = lambda: {"success": True}
    yield ui.app.test_client()
    events.init_command_line_parser.remove_listener(add)
    _shown_fields.cache_clear()


NAMES = st.sampled_from(sorted(vars(OPTIONS_NOW))) | st.text(max_size=20)
VALUES = st.text(max_size=60) | st.sampled_from(
    ["1e999", "-1", "0", "null", "NaN", "[]", "{}", "true", "1" * 5000, "/etc/shadow", "\x1b[2J", "\0"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_any_form_is_answered(client: FlaskClient, form: dict[str, str]) -> None:
    """Whatever a form holds, it is accepted, or refused in words on one line each; no error of the server."""
    answer = client.post("/swarm", data=form)
    assert answer.status_code == 200, answer.text
    said = answer.json
    assert said is not None
    assert said["success"] or all(len(line) < 500 for line in said["message"].splitlines())
    protected = {name: value for name, value in form.items() if name in {*PROTECTED.values(), "bedrock_config"}}
    assert not (said["success"] and any(protected.values()))


@pytest.mark.parametrize("field", ["bedrock_input_tokens", "bedrock_output_tokens"])
@pytest.mark.parametrize("name", ["from", "source", "\\u0066rom"])
def test_no_form_reads_lengths_from_a_file(field: str, name: str) -> None:
    """Whoever reaches the page may say how long prompts are, and not have a file of this machine read."""
    with pytest.raises(SettingsError, match="may not read lengths from a file"):
        check_fields({field: f'{{"{name}": "/etc/passwd"}}'}, Namespace(**{field: None}), None, lambda: [field])
    check_fields({field: '{"mean": 5, "stddev": 1}'}, Namespace(**{field: None}), None, lambda: [field])


def test_attributes_of_python_are_no_fields() -> None:
    """They are refused in words."""
    with pytest.raises(SettingsError, match="__dict__ is no field of the form"):
        check_fields({"__dict__": ""}, Namespace(), None, list)
