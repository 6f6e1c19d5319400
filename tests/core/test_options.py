"""The options of the locust command, through Locust's own parser."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from locust.argument_parser import get_empty_argument_parser, setup_parser_arguments

import pytest

from bedrock_locust.settings import options
from bedrock_locust.settings.arrivals import Trace
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.options import OPTIONS, Option
from bedrock_locust.settings.plan import Plan
from bedrock_locust.settings.schema import CREDENTIALS, SECTIONS, Settings
from bedrock_locust.settings.workload import Length

if TYPE_CHECKING:
    from pathlib import Path

    from locust.argument_parser import LocustArgumentParser

IDS = [option.flag for option in OPTIONS]

OTHER_VALUES: dict[str, tuple[str, Any]] = {
    "transport": ("botocore", "botocore"),
    "region": ("eu-west-1", "eu-west-1"),
    "profile": ("p", "p"),
    "id": ("other", "other"),
    "quota": ("7", 7),
    "tokens_per_minute": ("7", 7),
    "quota_lookup": ("off", "off"),
    "quota_codes": ("quota=L-1, tokens_per_minute=L-A4", {"quota": "L-1", "tokens_per_minute": "L-A4"}),
    "api": ("invoke", "invoke"),
    "service_tier": ("flex", "flex"),
    "latency": ("optimized", "optimized"),
    "prompt_size": ("7", 7),
    "prompt_template": ("{size}!", "{size}!"),
    "streaming": ("false", False),
    "non_streaming": ("false", False),
    "max_tokens": ("7", 7),
    "temperature": ("0", 0.0),
    "tokens_per_day": ("7", 7),
    "endpoint": ("mantle", "mantle"),
    "project": ("proj_1", "proj_1"),
    "input_tokens_per_minute": ("7", 7),
    "output_tokens_per_minute": ("7", 7),
    "format": ("nova", "nova"),
    "base_model": ("amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0"),
    "unique_prompts": ("false", False),
    "timeout_seconds": ("7.5", 7.5),
    "start": ("2", 2),
    "end": ("7", 7),
    "step": ("7", 7),
    "duration_seconds": ("7.5", 7.5),
    "warmup_seconds": ("7.5", 7.5),
    "preflight": ("false", False),
    "load": ("rates", "rates"),
    "rates": ("1, 2.5", (1.0, 2.5)),
    "ramp": ("aws", "aws"),
    "max_in_flight": ("7", 7),
    "for": ("rate", "rate"),
    "most": ("7", 7),
    "ttft_ms": ("7.5", 7.5),
    "latency_ms": ("7.5", 7.5),
    "success_rate": ("99", 99),
    "max_cost_usd": ("7.5", 7.5),
    "max_requests": ("7", 7),
    "max_error_rate": ("7.5", 7.5),
    "file": ("x.jsonl", "x.jsonl"),
    "order": ("shuffled", "shuffled"),
    "input_tokens": ("700", 700),
    "output_tokens": ("700", 700),
    "shared_prefix_tokens": ("7", 7),
    "cache": ("1h", "1h"),
    "turns": ("7", 7),
    "language": ("zh", "zh"),
    "report_file": ("other.md", "other.md"),
    "directory": ("other", "other"),
}
"""Key -> what the user types, and the setting that it means."""

PRICED: dict[str, dict[str, Any]] = {"pricing": {"input_per_million": 1, "output_per_million": 1}}
"""A limit in money needs prices."""

FILE_ONLY = {
    ("aws", "control_endpoint_url"),
    *(("pricing", key) for key in SECTIONS["pricing"].model_fields),
    *(("slo", key) for key in ("tpot_ms", "percentile", "min_tokens_per_s", "users")),
    *(("limits", key) for key in ("max_output_tokens", "window_seconds", "same_failures")),
    ("model", "output_burndown"),
    *(("arrivals", key) for key in ("duration_seconds", "warmup_seconds", "burstiness", "seed")),
    *(
        ("search", key)
        for key in ("probes", "resolution", "duration_seconds", "warmup_seconds", "seed", "max_in_flight")
    ),
    ("test", "request"),
    ("test", "names"),
    *(
        ("workload", key)
        for key in (
            "format",
            "restart",
            "passes",
            "on_bad",
            "prefixes",
            "history",
            "think_time_seconds",
            "tool_seconds",
            "seed",
        )
    ),
    *(("output", key) for key in ("formats", "otlp_endpoint", "otlp_spans", "aws_check")),
}
"""What stays the same from run to run, and is set in the file."""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to be in, and an environment without options."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("BEDROCK_", "LOCUST_"))]:
        monkeypatch.delenv(name)
    return tmp_path


def parser(current: Settings | None = None) -> LocustArgumentParser:
    """Locust's parser with our options, without the configuration files of this user."""
    made = get_empty_argument_parser(default_config_files=[])
    setup_parser_arguments(made)
    options.add_options(made, current)
    return made


def parse(*arguments: str, current: Settings | None = None) -> Namespace:
    """What Locust makes of a command line."""
    parsed = parser(current).parse_args([*arguments])
    assert isinstance(parsed, Namespace)
    return parsed


def write(here: Path, file: str = "config.json", /, **sections: Any) -> None:
    """Write a configuration file."""
    (here / file).write_text(json.dumps({"model": {"id": "m"}, **sections}), encoding="utf-8")


def lines(*arguments: str, endpoint: str | None = None) -> tuple[str, ...]:
    """What is said about a command line."""
    with pytest.raises(SettingsError) as refused:
        options.load(parse(*arguments), endpoint)
    return refused.value.lines


def value_of(settings: Settings, option: Option) -> Any:
    """The setting that an option overrides."""
    value = getattr(getattr(settings, option.section), option.key, None)
    if isinstance(value, Trace):
        return {name: part for name, part in value.model_dump().items() if part is not None}
    return value.mean if isinstance(value, Length) else value


@pytest.mark.parametrize("option", OPTIONS, ids=IDS)
def test_an_option_is_a_setting(option: Option) -> None:
    """Each option overrides a key that there is."""
    assert option.key in SECTIONS[option.section].model_fields
    assert option.help


OF_THE_PROCESS: dict[str, Any] = {
    "config": None,
    "simulator": None,
    "console": "auto",
    "worker_timeout": 30,
    "report_timeout": 600,
    "allow_endpoint": None,
    "allowed_hosts": None,
    "form_may_set": None,
    "workload_dir": None,
    "metrics_port": None,
    "metrics_host": "127.0.0.1",
}
"""What a process is told when it starts, and its default."""


@pytest.mark.parametrize("name", OF_THE_PROCESS)
def test_options_of_the_process_are_not_in_the_form(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Who reaches the web page cannot change them: the command line and the environment can."""
    made, default = parser(), OF_THE_PROCESS[name]
    [action] = [action for action in made._actions if action.dest == f"bedrock_{name}"]
    assert action.dest not in made.args_included_in_web_ui
    assert action.help
    assert action.metavar or action.choices
    assert getattr(parse(), action.dest) == default
    value = "plain" if name == "console" else "7"
    as_typed = int(value) if action.type is int else value
    assert getattr(parse(f"--bedrock-{name.replace('_', '-')}", value), action.dest) == as_typed
    monkeypatch.setenv(f"BEDROCK_{name.upper()}", value)
    assert getattr(parse(), action.dest) == as_typed


def test_every_other_option_is_a_setting() -> None:
    """So that a new option of the process is not in the form unnoticed."""
    ours = {action.dest for action in parser()._actions if action.dest.startswith("bedrock_")}
    assert ours == {f"bedrock_{name}" for name in OF_THE_PROCESS} | {option.dest for option in OPTIONS}


def test_settings_have_options() -> None:
    """Each setting that is no secret and changes between runs has an option; the endpoint has Locust's own."""
    there = {(name, key) for name, section in SECTIONS.items() for key in section.model_fields}
    secret = {("aws", key) for key in CREDENTIALS - {"profile"}}
    assert {(option.section, option.key) for option in OPTIONS} == there - secret - FILE_ONLY - {
        ("aws", "endpoint_url")
    }


ON_MANTLE = {"endpoint": "mantle", "api": "chat"}
BESIDE: dict[str, dict[str, Any]] = {
    "endpoint": {"api": "chat"},
    "input_tokens_per_minute": ON_MANTLE,
    "output_tokens_per_minute": ON_MANTLE,
}
"""Key -> other settings of the model without which it cannot be set."""
OF_ARRIVALS: dict[str, tuple[str, Any]] = {
    "--bedrock-arrival-profile": ("9:1:2, 8:2:2", ((9.0, 1.0, 2.0), (8.0, 2.0, 2.0))),
    "--bedrock-trace": ('{"file": "x.jsonl", "from": 3, "speed": 2}', {"file": "x.jsonl", "from": 3.0, "speed": 2.0}),
}
RATES: dict[str, dict[str, Any]] = {
    "--bedrock-load": {"arrivals": {"rates": [1]}, "test": {"load": "users"}},
    "--bedrock-max-in-flight": {"arrivals": {"rates": [1]}},
    "--bedrock-ramp": {"arrivals": {"rates": [1]}},
    "--bedrock-search-for": {"slo": {"ttft_ms": 1}, "search": {}},
    "--bedrock-search-start": {"slo": {"ttft_ms": 1}, "search": {}},
    "--bedrock-search-most": {"slo": {"ttft_ms": 1}, "search": {}},
    "--bedrock-shared-prefix-tokens": {"workload": {"input_tokens": 900}},
    "--bedrock-cache": {"workload": {"input_tokens": 900, "turns": 2}},
    "--bedrock-turns": {"workload": {"input_tokens": 900}},
}
"""Option -> other sections without which it cannot be set."""


@pytest.mark.parametrize("option", OPTIONS, ids=IDS)
def test_option_over_environment_over_file_over_default(
    option: Option, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The more particular word counts, for each setting."""
    typed, meant = OF_ARRIVALS.get(option.flag) or OTHER_VALUES[option.key]
    file = {**PRICED, "model": {"id": "m", **BESIDE.get(option.key, {})}, **RATES.get(option.flag, {})}
    default = value_of(Settings.model_validate(file), option)
    write(here, **file)
    assert value_of(options.load(parse(), None), option) == default
    in_file: dict[str, dict[str, Any]] = {name: dict(section) for name, section in file.items()}
    in_file.setdefault(option.section, {})[option.key] = meant
    write(here, **in_file)
    assert value_of(options.load(parse(), None), option) == meant
    write(here, **file)
    monkeypatch.setenv(option.env_var, typed)
    assert value_of(options.load(parse(), None), option) == meant
    write(here, **in_file)
    monkeypatch.setenv(option.env_var, "")
    assert value_of(options.load(parse(), None), option) == meant
    write(here, **file)
    monkeypatch.setenv(option.env_var, "not this")
    assert value_of(options.load(parse(option.flag, typed), None), option) == meant


@pytest.mark.parametrize(
    ("flag", "value", "line"),
    [
        ("--bedrock-prompt-size", "x", 'test.prompt_size is "x", but must be a whole number'),
        ("--bedrock-end", "0", 'concurrency.end is "0", but must be greater than 0'),
        ("--bedrock-streaming", "maybe", 'test.streaming is "maybe", but must be true or false'),
        (
            "--bedrock-quota-codes",
            "L-A4430697",
            (
                'model.quota_codes is "L-A4430697", but must be names of quotas with their codes, such as'
                " tokens_per_minute=L-A4430697,quota=L-254CACF4, or the same as JSON:"
                ' {"tokens_per_minute": "L-A4430697"}'
            ),
        ),
        (
            "--bedrock-quota-codes",
            "requests=L-1",
            (
                'model.quota_codes is "requests=L-1", but must have codes of these quotas only: quota,'
                " tokens_per_minute, tokens_per_day, input_tokens_per_minute, output_tokens_per_minute"
            ),
        ),
        ("--bedrock-quota-codes", "quota=7", 'model.quota_codes is "quota=7", but must have codes such as L-A4430697'),
        (
            "--bedrock-quota-codes",
            "quota=L-1,quota=L-2",
            'model.quota_codes is "quota=L-1,quota=L-2", but must not have a quota twice',
        ),
        ("--bedrock-quota-lookup", "on", "model.quota_lookup is \"on\", but must be 'auto' or 'off'"),
        ("--bedrock-temperature", "hot", 'test.temperature is "hot", but must be a number'),
        ("--bedrock-temperature", "nan", 'test.temperature is "nan", but must be a number'),
        ("--bedrock-duration", "inf", 'concurrency.duration_seconds is "inf", but must be a number'),
        (
            "--bedrock-api",
            "rest",
            "model.api is \"rest\", but must be 'converse', 'invoke', 'responses', 'chat' or 'messages'",
        ),
        # What contradicts other sections is a mistake of all settings together.
        (
            "--bedrock-cache",
            "1h",
            "workload.cache is 1h, but there is nothing to cache: set shared_prefix_tokens or turns",
        ),
    ],
)
def test_a_message_names_the_option(
    flag: str, value: str, line: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong value is traced to where it was given: option and variable, or the file."""
    write(here)
    variable = flag.removeprefix("--").replace("-", "_").upper()
    expected = (f"{flag} (or {variable}, or the form): {line}",)
    assert lines(flag, value) == expected
    monkeypatch.setenv(variable, value)
    assert lines() == expected


def test_a_message_names_the_file(here: Path) -> None:
    """What stands in the file is said of the file, also beside options."""
    write(here, "other.json", test={"max_tokens": 0})
    origin = "--bedrock-prompt-size (or BEDROCK_PROMPT_SIZE, or the form)"
    assert lines("--bedrock-config", "other.json", "--bedrock-prompt-size", "0") == (
        f'{origin}: test.prompt_size is "0", but must be greater than 0',
        "other.json: test.max_tokens is 0, but must be greater than 0",
    )


def test_a_message_names_the_host(here: Path) -> None:
    """An endpoint of Locust's own option is checked like one of the file, and goes before it."""
    write(here, aws={"endpoint_url": "http://file"})
    assert options.load(parse(), None).aws.endpoint_url == "http://file"
    assert options.load(parse(), "http://host").aws.endpoint_url == "http://host"
    assert lines(endpoint="localhost:1") == (
        '--host: aws.endpoint_url is "localhost:1", but must start with http:// or https://',
    )
    assert "pa55" not in lines(endpoint="https://user:pa55@host")[0]


@pytest.mark.parametrize("section", [None, [], "x", 5])
def test_a_section_that_is_no_object(section: object, here: Path) -> None:
    """Options for a section that is wrong in the file do not hide that."""
    write(here, aws=section)
    found = lines("--bedrock-region", "eu-west-1", "--bedrock-simulator", endpoint="http://host")
    assert found == ("config.json: aws is not shown, but must be an object {...}",)
    write(here, test=section)
    shown = json.dumps(section)
    assert lines("--bedrock-prompt-size", "7") == (f"config.json: test is {shown}, but must be an object {{...}}",)


def test_the_file_of_the_environment(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """BEDROCK_CONFIG names the file where the option does not."""
    write(here, "one.json", model={"id": "one"})
    write(here, "two.json", model={"id": "two"})
    monkeypatch.setenv("BEDROCK_CONFIG", "one.json")
    assert options.load(parse(), None).model.id == "one"
    assert options.load(parse("--bedrock-config", "two.json"), None).model.id == "two"


def test_options_alone_are_enough() -> None:
    """With a model given as option no file is needed."""
    settings = options.load(parse("--bedrock-model", "m", "--bedrock-end", "3"), None)
    assert (settings.model.id, settings.concurrency.end) == ("m", 3)
    (line,) = lines("--bedrock-model", "m", "--bedrock-start", "3", "--bedrock-end", "2")
    told = "(or BEDROCK_START, or the form) with --bedrock-end (or BEDROCK_END, or the form)"
    assert (
        line
        == f"options with --bedrock-start {told}: concurrency: end is 2, less than start (3): raise end or lower start"
    )


def test_a_simulator_is_enough(here: Path) -> None:
    """Without a file the simulator runs on the defaults; a file that is there, or was named, is read."""
    made = options.load(parse("--bedrock-simulator", "--bedrock-end", "3"), "http://127.0.0.1:1")
    assert (made.model.id, made.concurrency.end, made.pricing) == (options.SIMULATED_MODEL, 3, None)
    assert options.load(parse("--bedrock-simulator", "--bedrock-model", "n"), None).model.id == "n"
    assert lines("--bedrock-simulator", "--bedrock-config", "no.json")[0].startswith("no.json: no such file.")
    write(here)
    assert options.load(parse("--bedrock-simulator"), None).model.id == "m"


def test_a_file_that_was_asked_for_has_to_be_there() -> None:
    """Options do not stand in for a file that was named, and without options the usual file is asked for."""
    assert lines("--bedrock-config", "no.json", "--bedrock-model", "m")[0].startswith("no.json: no such file.")
    assert lines()[0].startswith("config.json: no such file.")


@pytest.mark.parametrize(
    ("arguments", "variable", "expected"),
    [
        ((), None, None),
        (("--bedrock-simulator",), None, ""),
        (("--bedrock-simulator", "--headless"), None, ""),
        (("--bedrock-simulator=--ttft-ms 200",), None, "--ttft-ms 200"),
        ((), "--ttft-ms=200", "--ttft-ms=200"),
    ],
)
def test_the_options_of_the_simulator(
    arguments: tuple[str, ...], variable: str | None, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A simulator can be asked for with options of its own, or with none."""
    if variable is not None:
        monkeypatch.setenv("BEDROCK_SIMULATOR", variable)
    assert parse(*arguments).bedrock_simulator == expected


TEXTS = [
    *IDS,
    *(f"--bedrock-{name}" for name in ("config", "allow-endpoint", "allowed-hosts", "form-may-set", "workload-dir")),
    "--bedrock-metrics-host",
]
"""The options that can have any text."""


@pytest.mark.parametrize("flag", TEXTS)
def test_an_empty_option_is_named(here: Path, monkeypatch: pytest.MonkeyPatch, flag: str) -> None:
    """Whoever gives an option means something by it. A variable that is empty is not set."""
    write(here)
    assert lines(flag, "") == (f"{flag} is empty: give it a value, or leave it out",)
    monkeypatch.setenv(flag.removeprefix("--").replace("-", "_").upper(), "")
    assert options.load(parse(), None) == Settings.model_validate({"model": {"id": "m"}})


def test_every_empty_option_is_named() -> None:
    """Each in a line of its own, before the file is read."""
    assert len(lines("--bedrock-rates=", "--bedrock-directory", "", "--bedrock-end", "3")) == 2


@pytest.mark.parametrize(
    ("chosen", "beside", "said"),
    [
        ("rates", ("--bedrock-duration", "60", "--bedrock-warmup", "0"), "set arrivals.rates (--bedrock-rates, such"),
        ("rates", ("--bedrock-max-in-flight", "9", "--bedrock-end", "3"), "set arrivals.rates (--bedrock-rates, such"),
        ("search", ("--bedrock-duration", "60", "--bedrock-search-most", "9"), "set slo.ttft_ms, slo.latency_ms"),
    ],
)
def test_a_load_that_is_chosen_and_not_given(here: Path, chosen: str, beside: tuple[str, ...], said: str) -> None:
    """The form sends its other fields, too, and none of them is to blame. One line says what to do."""
    write(here)
    [line] = lines("--bedrock-load", chosen, *beside)
    assert said in line
    assert "duration" not in line
    write(here, test={"load": "rates"}, arrivals={"seed": 2})
    assert lines()[0].startswith("config.json: test.load is rates, and none are given: set arrivals.rates")


def test_a_simulator_needs_no_credentials(here: Path) -> None:
    """Credentials in the file are not used, and not checked, with a simulator."""
    write(here, aws={"region": "eu-west-1", "profile": "p", "access_key_id": "YOUR_ACCESS_KEY", "session_token": "t"})
    aws = options.load(parse("--bedrock-simulator"), None).aws
    assert (aws.region, aws.profile, aws.access_key_id, aws.session_token) == ("eu-west-1", None, None, None)


def test_the_form_shows_the_settings_in_force(here: Path) -> None:
    """The fields of the form are filled in with what is in force, and mean the same when they come back."""
    codes = {"quota": "L-1", "tokens_per_day": "L-2"}
    write(
        here,
        model={"id": "m", "quota": 5, "quota_codes": codes},
        test={"prompt_size": 7, "streaming": False, "temperature": None},
    )
    settings = options.load(parse(), None)
    fields = parser(settings).args_included_in_web_ui
    shown = {option.dest: fields[option.dest].default for option in OPTIONS if option.dest in fields}
    assert (shown["bedrock_model"], shown["bedrock_prompt_size"], shown["bedrock_streaming"]) == ("m", 7, False)
    assert shown["bedrock_quota_codes"] == "quota=L-1,tokens_per_day=L-2"
    assert options.load(parse(current=settings), None) == settings


def test_the_form_has_no_credentials(here: Path) -> None:
    """Neither a field nor the page behind it has anything of the account."""
    aws = {"profile": "5ecret", "access_key_id": "5ecret", "secret_access_key": "5ecret", "session_token": "5ecret"}
    write(here, aws=aws)
    fields = parser(options.load(parse(), None)).args_included_in_web_ui
    assert "bedrock_profile" not in fields
    assert not [name for name, field in fields.items() if "5ecret" in str(field.default)]


def test_a_file_over_the_form(here: Path) -> None:
    """A field of the form that was emptied leaves the word to the file."""
    write(here, test={"prompt_size": 7})
    parsed = parse()
    parsed.bedrock_prompt_size = ""
    assert options.load(parsed, None).test.prompt_size == 7


def test_a_trace_of_an_option_takes_the_place_of_a_ramp(here: Path) -> None:
    """Another rate keeps the ramp. A mistake within the trace of an option is said of the option."""
    write(here, arrivals={"rates": [3], "ramp": "aws"})
    replayed = options.load(parse("--bedrock-trace", "x.jsonl"), None).arrivals
    ramp = options.load(parse("--bedrock-rates", "5"), None).arrivals
    assert replayed
    assert ramp
    assert (replayed.rates, replayed.ramp, ramp.rates, ramp.ramp) == (None, None, (5,), "aws")
    settings = options.load(parse("--bedrock-arrival-profile", "9:1:2"), None)
    said = "--bedrock-arrival-profile has no ramp: arrivals.ramp of the file is left out"
    assert said in Plan.of(settings).lines()
    assert not options.load(parse("--bedrock-rates", "5"), None).replaced
    with pytest.raises(SettingsError, match=r"^--bedrock-trace .*: unknown key arrivals.trace.speeed"):
        options.load(parse("--bedrock-trace", '{"file": "x", "speeed": 2}'), None)


def test_a_ramp_by_an_option(here: Path) -> None:
    """It needs one rate; what the form leaves out is nothing without arrivals, and takes away that of the file."""
    write(here)
    by_option = options.load(parse("--bedrock-rates", "20", "--bedrock-ramp", "aws"), None).arrivals
    assert by_option
    assert (by_option.rates, by_option.ramp) == ((20,), "aws")
    with pytest.raises(SettingsError, match="ramp needs one rate to get to"):
        options.load(parse("--bedrock-rates", "1,2", "--bedrock-ramp", "aws"), None)
    left_out = parse()
    left_out.bedrock_ramp = options.NOT_SENT
    assert options.load(left_out, None).arrivals is None
    write(here, arrivals={"rates": [3], "ramp": "aws"})
    without = options.load(left_out, None).arrivals
    assert without
    assert (without.rates, without.ramp) == ((3,), None)
    assert options.load(parse("--bedrock-ramp", "off"), None).arrivals == without
    write(here)
    assert options.load(parse("--bedrock-ramp", "off"), None).arrivals is None
    assert "ramp needs one rate to get to, such as rates [20] (--bedrock-rates 20)" in lines("--bedrock-ramp", "aws")[0]


IN_FILE = {"arrivals": {"rates": [3, 4], "duration_seconds": 9}, "concurrency": {"end": 2}}


@pytest.mark.parametrize(
    ("arguments", "rates", "profile", "duration_s"),
    [
        ((), (3, 4), None, 9),
        (("--bedrock-rates", "5"), (5,), None, 9),
        (("--bedrock-arrival-profile", "9:1:2"), None, ((9, 1, 2),), 9),
        (("--bedrock-duration", "7"), (3, 4), None, 7),
        (("--bedrock-end", "7"), None, None, 60),
        (("--bedrock-load", "users", "--bedrock-rates", "5", "--bedrock-duration", "7"), None, None, 7),
    ],
)
def test_the_load_is_chosen(
    here: Path, arguments: tuple[str, ...], rates: Any, profile: Any, duration_s: float
) -> None:
    """Arrivals where the file has them, unless an option asks for users; the length of levels is that of the load."""
    write(here, **IN_FILE)
    settings = options.load(parse(*arguments), None)
    loop = settings.open_loop
    assert (loop and loop.rates, loop and loop.profile) == (rates, profile)
    assert (loop or settings.concurrency).duration_seconds == duration_s


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ("--bedrock-rates", "5", "--bedrock-end", "3"),
            (
                "--bedrock-end and --bedrock-rates: the load is one of users, rates, search: choose with"
                " --bedrock-load, or leave one out"
            ),
        ),
        (
            ("--bedrock-rates", "5", "--bedrock-arrival-profile", "9:1:2"),
            (
                "config.json with --bedrock-rates (or BEDROCK_RATES, or the form) with --bedrock-arrival-profile (or"
                " BEDROCK_ARRIVAL_PROFILE, or the form): arrivals: rates and profile are both given: remove one of them"
            ),
        ),
        (
            ("--bedrock-load", "rates"),
            (
                "--bedrock-load (or BEDROCK_LOAD, or the form): test.load is rates, and none are given: set"
                " arrivals.rates (--bedrock-rates, such as 1,2,4), a profile or a trace"
            ),
        ),
        (
            ("--bedrock-rates", "5,x"),
            (
                '--bedrock-rates (or BEDROCK_RATES, or the form): arrivals.rates is "5,x", but must be rates per'
                " second, such as [1, 2, 4] or, as an option, 1,2,4"
            ),
        ),
    ],
)
def test_two_loads_or_none(here: Path, arguments: tuple[str, ...], line: str) -> None:
    """One line says which options contradict each other, or what is missing."""
    write(here)
    assert lines(*arguments) == (line,)


@pytest.mark.parametrize(
    ("variables", "arguments", "load", "rates"),
    [
        ({"END": "3"}, ("--bedrock-rates", "2"), "rates", (2,)),
        ({"RATES": "5", "START": "2"}, ("--bedrock-end", "3"), "users", None),
        ({"TRACE": "x", "SEARCH_MOST": "9"}, ("--bedrock-rates", "2"), "rates", (2,)),
        ({"RATES": "5"}, ("--bedrock-rates", "2"), "rates", (2,)),
        ({"RATES": "5"}, ("--bedrock-ramp", "aws"), "rates", (5,)),
        ({"START": "2"}, ("--bedrock-end", "3"), "users", None),
    ],
)
def test_an_option_chooses_the_load_over_the_environment(  # noqa: PLR0917 - two fixtures and a case
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    arguments: tuple[str, ...],
    load: str,
    rates: Any,
) -> None:
    """As it does over the file; what the environment says of the same load counts."""
    write(here)
    for name, value in variables.items():
        monkeypatch.setenv(f"BEDROCK_{name}", value)
    settings = options.load(parse(*arguments), None)
    assert (settings.test.load, settings.open_loop and settings.open_loop.rates) == (load, rates)
    if load == "users":
        assert (settings.concurrency.start, settings.concurrency.end) == (int(variables.get("START", 1)), 3)


def test_two_loads_of_the_environment(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are named as they were given."""
    write(here)
    monkeypatch.setenv("BEDROCK_END", "3")
    monkeypatch.setenv("BEDROCK_RATES", "2")
    [line] = lines()
    assert line.startswith("BEDROCK_END and BEDROCK_RATES: the load is one of users, rates, search")


def test_the_form_shows_the_levels_of_the_load(here: Path) -> None:
    """The length of the levels is a field once, with the value of the load in force."""
    write(here, **IN_FILE)
    fields = parser(options.load(parse(), None)).args_included_in_web_ui
    assert fields["bedrock_duration"].default == 9
    assert (fields["bedrock_load"].default, fields["bedrock_load"].choices) == ("rates", ["users", "rates", "search"])
    assert fields["bedrock_rates"].default == "3,4"


def test_the_form_says_where_a_trace_is_set(here: Path) -> None:
    """Unless it may name one: a file that each process reads."""
    write(here, arrivals={"rates": [3]})
    settings = options.load(parse(), None)
    for may_set in (frozenset[str](), frozenset({"arrivals.trace"})):
        made = get_empty_argument_parser(default_config_files=[])
        options.add_options(made, settings, may_set)
        label = made.args_included_in_web_ui["bedrock_rates"].help or ""
        assert ("bedrock_trace" in made.args_included_in_web_ui) == bool(may_set)
        assert ("a trace is set with --bedrock-trace when locust starts" in label) != bool(may_set)
        assert label.endswith("(--bedrock-rates)")


SOUGHT: dict[str, Any] = {"search": {"start": 2, "most": 9, "duration_seconds": 9}, "slo": {"ttft_ms": 500}}


@pytest.mark.parametrize(
    ("arguments", "load", "most"),
    [
        ((), "search", 9),
        (("--bedrock-search-most", "7"), "search", 7),
        (("--bedrock-end", "7"), "users", None),
        (("--bedrock-rates", "5"), "rates", None),
        (("--bedrock-load", "users"), "users", None),
        (("--bedrock-load", "search", "--bedrock-end", "7"), "search", 9),
    ],
)
def test_a_search_is_chosen(here: Path, arguments: tuple[str, ...], load: str, most: float | None) -> None:
    """Where the file has one, unless an option asks for something else."""
    write(here, **SOUGHT)
    settings = options.load(parse(*arguments), None)
    assert (settings.test.load, settings.searching and settings.searching.most) == (load, most)


def test_options_of_the_levels_are_those_of_the_search(here: Path) -> None:
    """Their length, and the most calls in flight."""
    write(here, slo={"latency_ms": 1})
    flags = ("--bedrock-duration", "7", "--bedrock-warmup", "1", "--bedrock-max-in-flight", "8")
    search = options.load(parse("--bedrock-search-for", "rate", *flags), None).searching
    assert search
    assert (search.by_rate, search.duration_seconds, search.warmup_seconds, search.max_in_flight) == (True, 7, 1, 8)


def test_the_form_of_a_search(here: Path) -> None:
    """Its fields show what is in force, and come back the same."""
    write(here, **SOUGHT)
    settings = options.load(parse(), None)
    fields = parser(settings).args_included_in_web_ui
    assert (fields["bedrock_load"].default, fields["bedrock_duration"].default) == ("search", 9)
    assert (fields["bedrock_search_for"].default, fields["bedrock_search_for"].choices) == ("users", ["users", "rate"])
    assert options.load(parse(current=settings), None) == settings


def test_false_and_zero_of_the_form_count(here: Path) -> None:
    """A box that was unchecked and a 0 are values, unlike an empty field."""
    write(here, test={"streaming": True, "temperature": 0.7})
    parsed = parse()
    parsed.bedrock_streaming, parsed.bedrock_temperature = False, 0
    test = options.load(parsed, None).test
    assert (test.streaming, test.temperature) == (False, 0)


@pytest.mark.parametrize("option", OPTIONS, ids=IDS)
def test_parsed_options_can_be_sent_to_workers(option: Option) -> None:
    """What Locust sends along with each change of users is of plain types."""
    assert isinstance(getattr(parse(option.flag, "x"), option.dest), str)
    assert getattr(parse(), option.dest) is None


@pytest.mark.parametrize(
    ("mode", "keys", "said"),
    [
        (0o644, {"access_key_id": "a", "secret_access_key": "b"}, True),
        (0o644, {"session_token": "t"}, True),
        (0o640, {"access_key_id": "a", "secret_access_key": "b"}, False),
        (0o644, {"profile": "p"}, False),
        (0o644, {"access_key_id": None}, False),
    ],
)
def test_keys_that_everybody_can_read(here: Path, mode: int, keys: dict[str, Any], said: bool) -> None:
    """A file with keys that others on the machine can read is named, with what to do."""
    write(here, aws=keys)
    (here / "config.json").chmod(mode)
    why = "config.json holds AWS keys, and everybody on this machine can read it (mode 0644): chmod 600 config.json"
    assert options.exposed_keys(parse()) == (why if said else "")


def test_own_credentials_are_those_of_the_file(here: Path) -> None:
    """A worker has the credentials of its own file, and nothing else of it."""
    aws = {"access_key_id": "A", "secret_access_key": "B", "session_token": "C", "profile": "p"}
    write(here, aws={"region": "eu-west-1", "endpoint_url": "http://x", **aws})
    assert options.own_credentials(parse()) == aws


def test_own_credentials_prefer_the_option(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--bedrock-profile` of a worker goes before its file."""
    write(here, aws={"profile": "file"})
    assert options.own_credentials(parse("--bedrock-profile", "option")) == {"profile": "option"}
    monkeypatch.setenv("BEDROCK_PROFILE", "variable")
    assert options.own_credentials(parse()) == {"profile": "variable"}


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", '{"aws": []}', '{"aws": null}', '{"aws": {}}'])
def test_a_worker_needs_no_file(here: Path, content: str | None) -> None:
    """A worker without a file of its own, or with one that says nothing, leaves the word to boto3."""
    if content is not None:
        (here / "config.json").write_text(content, encoding="utf-8")
    assert options.own_credentials(parse()) == {}


def test_options_are_not_required() -> None:
    """What other programs make of options, without ours, is no obstacle."""
    with pytest.raises(SettingsError):
        options.load(Namespace(), None)
    assert options.own_credentials(Namespace()) == {}


def test_a_setting_with_few_values_is_a_list(here: Path) -> None:
    """The form offers the values that a setting can have, and `not sent` where it may be left out."""
    found = {option.key: option.choices for option in OPTIONS}
    assert found["api"] == ["converse", "invoke", "responses", "chat", "messages"]
    assert found["endpoint"] == ["runtime", "mantle"]
    assert found["service_tier"] == [options.NOT_SENT, "default", "priority", "flex", "reserved"]
    assert found["language"] == ["en", "zh"]
    assert found["preflight"] == [options.NOT_SENT, "true", "false"]
    assert [found[key] for key in ("region", "max_tokens", "temperature", "streaming")] == [None] * 4


@pytest.mark.parametrize(
    ("workload", "shown"),
    [
        (None, ("in_turn", "off", 1, None)),
        ({"input_tokens": 800}, ("in_turn", "off", 1, "800")),
        ({"input_tokens": {"mean": 800, "stddev": 0, "max": 900}}, ("in_turn", "off", 1, None)),
        ({"input_tokens": {"median": 5, "mean": 8}, "turns": 3, "cache": "5m"}, ("in_turn", "5m", 3, None)),
        ({"input_tokens": {"values": [5, 9]}, "file": None}, ("in_turn", "off", 1, None)),
    ],
)
def test_the_form_shows_the_workload_and_gives_it_back(here: Path, workload: Any, shown: tuple[Any, ...]) -> None:
    """With the defaults where there is none, and a form that is sent as it is changes nothing."""
    write(here, **({"workload": workload} if workload else {}))
    before = options.load(parse(), None)
    fields = parser(before).args_included_in_web_ui
    found = [fields[f"bedrock_{key}"].default for key in ("order", "cache", "turns", "input_tokens")]
    assert tuple(found[:3]) == shown[:3]
    assert shown[3] is None or found[3] == shown[3]
    sent = parse()
    for key in ("order", "cache", "turns", "input_tokens", "output_tokens", "shared_prefix_tokens"):
        value = fields[f"bedrock_{key}"].default
        setattr(sent, f"bedrock_{key}", "" if value is None else str(value))
    assert options.load(sent, None).workload == before.workload


@pytest.mark.parametrize(
    ("file", "shown", "offered"),
    [
        (None, options.NOT_SENT, [options.NOT_SENT, "a.jsonl", "b.jsonl"]),
        ("in/b.jsonl", "b.jsonl", [options.NOT_SENT, "b.jsonl", "a.jsonl"]),
        ("elsewhere.jsonl", "", ["", "a.jsonl", "b.jsonl"]),
    ],
)
def test_the_form_offers_the_files_of_a_folder(here: Path, file: str | None, shown: str, offered: list[str]) -> None:
    """What is chosen is the file of the settings; the form as it is changes nothing, and another name is taken."""
    (here / "in").mkdir()
    for name in ("a.jsonl", "b.jsonl"):
        (here / "in" / name).write_text("{}")
    write(here, **({"workload": {"file": file}} if file else {}))
    settings = options.load(parse(), None)
    made = get_empty_argument_parser(default_config_files=[])
    setup_parser_arguments(made)
    options.add_options(made, settings, folder="in")
    field = made.args_included_in_web_ui["bedrock_workload_file"]
    assert (field.default, list(field.choices or [])) == (shown, offered)
    sent = parse()
    sent.bedrock_workload_dir, sent.bedrock_workload_file = "in", field.default
    assert getattr(options.load(sent, None).workload, "file", None) == file
    sent.bedrock_workload_file = "a.jsonl"
    assert getattr(options.load(sent, None).workload, "file", None) == "in/a.jsonl"
    sent.bedrock_workload_file = "../config.json"
    with pytest.raises(SettingsError, match="is not the name of a file in in"):
        options.load(sent, None)


def test_the_form_names_no_file(here: Path) -> None:
    """Lengths that a file has are not shown, and stay as they are."""
    write(here, workload={"input_tokens": {"from": "lengths.csv"}})
    fields = parser(options.load(parse(), None)).args_included_in_web_ui
    assert fields["bedrock_input_tokens"].default is None
    assert "bedrock_workload_file" not in fields
