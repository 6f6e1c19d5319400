"""What config.json may hold, how it is read, and what of it is passed on."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.settings import options
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import CREDENTIALS, Settings, build, read_file

EXAMPLE = Path(__file__).parents[2] / "config.example.json"
KEYS_OF_THE_ORIGINAL = {
    "aws": {"region", "access_key_id", "secret_access_key"},
    "model": {"id", "quota"},
    "test": {"prompt_size", "prompt_template", "streaming", "non_streaming", "max_tokens", "temperature"},
    "concurrency": {"start", "end", "step", "duration_seconds"},
    "output": {"report_file"},
}
PLACEHOLDERS = (
    "config.json: aws: access_key_id and secret_access_key are still the placeholders of the example: put your keys"
    " there, or better remove both lines and use a profile (aws.profile) or a role"
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to be in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def example() -> dict[str, Any]:
    """The example file."""
    content: dict[str, Any] = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    return content


def lines(values: dict[str, Any]) -> tuple[str, ...]:
    """What is said about values from config.json; nothing if they are right."""
    try:
        build(values, {}, "config.json")
    except SettingsError as error:
        return error.lines
    return ()


def test_the_example_has_the_keys_of_the_original() -> None:
    """All but the access keys, which do not belong in a file; prices and the quota of tokens besides."""
    known = {section: set(keys) for section, keys in example().items() if section != "pricing"}
    known["model"].remove("tokens_per_minute")
    assert known == {**KEYS_OF_THE_ORIGINAL, "aws": {"region"}}


def test_the_example_is_right() -> None:
    """As it is, and with access keys as in a file of the original, the example is a configuration."""
    values = example()
    keys = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "secret"}
    assert lines({**values, "aws": values["aws"] | keys}) == ()
    assert lines(values) == ()
    settings = build(values, {}, "config.json")
    assert settings.model.id == values["model"]["id"]
    assert settings.test.prompt_template == values["test"]["prompt_template"]


@pytest.mark.parametrize("key", ["YOUR_AWS_ACCESS_KEY_ID", "YOUR_ACCESS_KEY", "your_access_key"])
def test_placeholders_are_no_keys(key: str) -> None:
    """A file with the placeholders of the example, or of the original, is refused before anything runs."""
    assert lines({**example(), "aws": {"access_key_id": key, "secret_access_key": "real"}}) == (PLACEHOLDERS,)
    assert lines({**example(), "aws": {"access_key_id": "real", "secret_access_key": key}}) == (PLACEHOLDERS,)


def test_placeholders_do_not_matter_with_a_simulator(here: Path) -> None:
    """Trying without an account needs no edit."""
    values = {**example(), "aws": {"access_key_id": "YOUR_KEY", "secret_access_key": "YOUR_KEY"}}
    (here / "config.json").write_text(json.dumps(values), encoding="utf-8")
    assert options.load(Namespace(bedrock_simulator=""), None).aws.access_key_id is None
    with pytest.raises(SettingsError, match="placeholders"):
        options.load(Namespace(bedrock_simulator=None), None)


DEFAULTS: dict[str, dict[str, Any]] = {
    "aws": {"region": None, "endpoint_url": None, "control_endpoint_url": None},
    "model": {
        "id": "m",
        "quota": None,
        "tokens_per_minute": None,
        "tokens_per_day": None,
        "input_tokens_per_minute": None,
        "output_tokens_per_minute": None,
        "api": "converse",
        "endpoint": "runtime",
        "project": None,
        "format": None,
        "base_model": None,
        "service_tier": None,
        "latency": None,
        "output_burndown": None,
        "quota_lookup": "auto",
        "quota_codes": None,
    },
    "test": {
        "prompt_size": 1000,
        "prompt_template": "",
        "streaming": True,
        "non_streaming": True,
        "max_tokens": 2048,
        "temperature": None,
        "unique_prompts": True,
        "request": None,
        "timeout_seconds": 300,
        "transport": "measured",
        "load": "users",
        "names": "level",
        "preflight": None,
    },
    "concurrency": {"start": 1, "end": 10, "step": 1, "duration_seconds": 60, "warmup_seconds": 0},
    "output": {
        "report_file": "benchmark_report.md",
        "directory": "results",
        "aws_check": False,
        "language": "en",
        "formats": ["markdown", "html", "json"],
        "otlp_endpoint": None,
        "otlp_spans": False,
    },
}


def test_one_setting_is_enough() -> None:
    """All but the model has a default. Runs that left a setting out compare with older ones as long as it stays."""
    assert Settings.model_validate({"model": {"id": "m"}}).public() == DEFAULTS


def test_a_call_may_take_four_times_the_longest_silence() -> None:
    """A service that sends a little now and then does not hold a user for good."""
    assert Settings.model_validate({"model": {"id": "m"}, "test": {"timeout_seconds": 2.5}}).call_limit_s == 10


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (
            b'{"model" {"id": "m"}}',
            "config.json: is not valid JSON at line 1, column 10: Expecting ':' delimiter. Correct that line",
        ),
        (
            b'{\n  "model": {\n    "id": m\n  }\n}',
            "config.json: is not valid JSON at line 3, column 11: Expecting value. Correct that line",
        ),
        (
            b'{\n  "model": {"id": "m"}, // mine\n}',
            "config.json: is not valid JSON at line 2, column 23: comma before '}'. Correct that line",
        ),
        (b"", "config.json: is not valid JSON at line 1, column 1: Expecting value. Correct that line"),
        (b'{"model": "\xe4"}', "config.json: is not UTF-8 text. Save it as UTF-8 JSON"),
        (b'[{"model": {}}]', "config.json: must hold a JSON object {...}, see config.example.json"),
        (b"null", "config.json: must hold a JSON object {...}, see config.example.json"),
    ],
)
def test_a_file_that_is_no_configuration(here: Path, content: bytes, line: str) -> None:
    """A file that cannot be read as an object says why in one line."""
    (here / "config.json").write_bytes(content)
    with pytest.raises(SettingsError) as refused:
        read_file(Path("config.json"))
    assert refused.value.lines == (line,)


@pytest.mark.parametrize("content", ["1" * 5000, '{"a": ' + "[" * 200_000])
def test_json_that_python_can_not_hold(here: Path, content: str) -> None:
    """Huge numbers and deep nesting are refused like any other wrong file."""
    (here / "config.json").write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        read_file(Path("config.json"))
    (line,) = refused.value.lines
    assert line.startswith("config.json: is not valid JSON: ")
    assert "\n" not in line


def test_no_file(here: Path) -> None:
    """Where there is no file, the message says how to get one."""
    with pytest.raises(SettingsError) as refused:
        read_file(Path("config.json"))
    assert str(refused.value) == (
        "config.json: no such file. Copy config.example.json to config.json and fill in your region and model, or name"
        " another file with --bedrock-config"
    )


def test_a_folder_is_no_file(here: Path) -> None:
    """What is no file says so."""
    with pytest.raises(SettingsError) as refused:
        read_file(here)
    assert refused.value.lines == (f"{here}: cannot be read (Is a directory). Name another with --bedrock-config",)


@pytest.mark.parametrize("kind", ["/dev/zero", "/dev/null", "fifo", "link to a fifo"])
def test_only_a_regular_file_is_read(here: Path, kind: str) -> None:
    """A device or a pipe is refused at once: one would fill the memory, the other hold up the process."""
    os.mkfifo(here / "fifo")
    (here / "link to a fifo").symlink_to("fifo")
    with pytest.raises(SettingsError, match="is not a regular file"):
        read_file(here / kind)
    (here / "config.json").write_text('{"model": {"id": "m"}}')
    (here / "link").symlink_to("config.json")
    assert read_file(here / "link") == {"model": {"id": "m"}}, "a ConfigMap is links"


def test_a_file_has_at_most_a_megabyte(here: Path) -> None:
    """Settings are short: a longer file is another one, and is not read to its end."""
    values = b'{"model": {"id": "m"}}'
    (here / "config.json").write_bytes(values.ljust(1_000_000))
    assert read_file(here / "config.json")
    (here / "config.json").write_bytes(values.ljust(1_000_001))
    with pytest.raises(SettingsError, match="more than 1,000,000 bytes"):
        read_file(here / "config.json")


def test_most_levels() -> None:
    """To plan a hundred thousand levels would hold up the page for seconds."""
    assert lines({"model": {"id": "m"}, "concurrency": {"end": 100_000, "step": 100}}) == ()
    [line] = lines({"model": {"id": "m"}, "concurrency": {"end": 100_000, "step": 99}})
    assert "1 to 100,000 users in steps of 99 are 1,011 levels, and 1,000 are the most: raise step" in line


@pytest.mark.parametrize(
    ("section", "key", "most", "more"),
    [
        ("test", "prompt_size", 10_000_000, 10_000_001),
        ("test", "max_tokens", 1_000_000, 1_000_001),
        ("test", "prompt_template", "x" * 1_000_000, "x" * 1_000_001),
        ("model", "id", "x" * 2048, "x" * 2049),
        ("model", "id", "a b", "a\x1bb"),
        ("output", "directory", "x" * 4096, "x" * 4097),
        ("output", "report_file", "x", "x\0y"),
        ("aws", "endpoint_url", "http://x/y", "http://x/y?token=secret"),
        ("aws", "endpoint_url", "http://x/y", "http://x/y#token=secret"),
        ("aws", "endpoint_url", "http://x/y", "http://x\r\nsecret"),
    ],
)
def test_upper_bounds(section: str, key: str, most: object, more: object) -> None:
    """What no run could want is refused in one short line."""
    assert lines({"model": {"id": "m"}, section: {"id": "m", key: most} if section == "model" else {key: most}}) == ()
    [line] = lines({"model": {"id": "m"}, section: {"id": "m", key: more} if section == "model" else {key: more}})
    assert line.startswith(f"config.json: {section}.{key} is ")
    assert len(line) < 250
    assert line.isprintable()
    assert "secret" not in line or "\\r" in line


def test_a_byte_order_mark_is_fine(here: Path) -> None:
    """Windows editors save UTF-8 with a mark."""
    (here / "config.json").write_bytes(b'\xef\xbb\xbf{"model": {"id": "m"}}')
    assert read_file(Path("config.json")) == {"model": {"id": "m"}}


@pytest.mark.parametrize(
    ("model", "test", "tier"),
    [
        ({}, {"service_tier": "flex"}, "flex"),
        ({}, {"service_tier": ""}, None),
        ({}, {"service_tier": None}, None),
        ({"service_tier": "priority"}, {"service_tier": "flex"}, "priority"),
    ],
)
def test_the_tier_of_the_original(model: dict[str, Any], test: dict[str, Any], tier: str | None) -> None:
    """`test.service_tier`, where the original tool has it, is taken as `model.service_tier`."""
    assert build({"model": {"id": "m", **model}, "test": test}, {}, "f").model.service_tier == tier


@pytest.mark.parametrize(("value", "expected"), [(None, None), ("null", None), (" None ", None), ("0", 0), (0, 0)])
def test_temperature_may_be_left_out(value: object, expected: float | None) -> None:
    """A model that refuses a temperature gets none: null in the file, `null` on the command line."""
    assert build({"model": {"id": "m"}, "test": {"temperature": value}}, {}, "f").test.temperature == expected


MARK = "5ecret"
SECRETS = st.text(max_size=20).map(lambda text: f"{MARK}{text}{MARK}")
RIGHT_AWS = st.fixed_dictionaries(
    {"access_key_id": SECRETS, "secret_access_key": SECRETS}, optional={"session_token": SECRETS}
)


@given(RIGHT_AWS)
def test_settings_do_not_show_secrets(aws: dict[str, str]) -> None:
    """What is printed, logged, written or sent to workers has no credentials in it."""
    settings = Settings.model_validate({"aws": {**aws, "profile": "p"}, "model": {"id": "m"}})
    public = settings.public()
    sent = Settings.model_validate(public)
    for shown in (repr(settings), str(settings), repr(public), json.dumps(public), sent.model_dump_json()):
        assert MARK not in shown, f"a secret is in {shown}"
        assert "SecretStr" not in repr(public)
    assert not CREDENTIALS & set(public["aws"])
    assert settings.aws.access_key_id
    assert settings.aws.access_key_id.get_secret_value() == aws["access_key_id"]


def test_public_settings_are_settings() -> None:
    """A worker makes the same settings of what the master sends."""
    values = example()
    values["aws"] = {"region": "eu-west-1", "endpoint_url": "http://127.0.0.1:1"}
    values["test"]["temperature"] = None
    settings = build(values, {}, "f")
    assert Settings.model_validate(json.loads(json.dumps(settings.public()))) == settings


def test_the_credentials_of_a_worker_are_its_own() -> None:
    """A worker takes all settings from the master and only the credentials from itself."""
    told = Settings.model_validate({"aws": {"region": "eu-west-1"}, "model": {"id": "m"}})
    own = {"region": "us-east-1", "profile": "p", "access_key_id": "A", "secret_access_key": "B", "session_token": "C"}
    settings = told.with_credentials(own)
    assert settings.public() == told.public()
    aws = settings.aws
    secrets = [
        secret.get_secret_value() for secret in (aws.access_key_id, aws.secret_access_key, aws.session_token) if secret
    ]
    assert (aws.region, aws.profile, secrets) == ("eu-west-1", "p", ["A", "B", "C"])


@pytest.mark.parametrize(
    "own",
    [
        {"access_key_id": "YOUR_AWS_ACCESS_KEY_ID", "secret_access_key": "YOUR_AWS_SECRET_ACCESS_KEY"},
        {"access_key_id": "A"},
        {"profile": 5},
    ],
)
def test_wrong_credentials_of_a_worker_are_refused(own: dict[str, Any]) -> None:
    """A worker whose own file is wrong says so in one line."""
    with pytest.raises(SettingsError) as refused:
        Settings.model_validate({"model": {"id": "m"}}).with_credentials(own)
    assert len(str(refused.value).splitlines()) == 1


def test_the_region_that_boto3_found() -> None:
    """Settings can be told their region, and nothing else changes."""
    settings = Settings.model_validate({"model": {"id": "m"}})
    there = settings.in_region("eu-west-1")
    assert there.aws.region == "eu-west-1"
    assert there.in_region("").public()["model"] == settings.public()["model"]
