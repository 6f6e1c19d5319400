"""What is said about settings that are wrong: one line for each mistake."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.otlp import GRPC
from bedrock_locust.settings.schema import CREDENTIALS, SECTIONS, build

KNOWN_IN_TEST = (
    "load, max_tokens, names, non_streaming, preflight, prompt_size, prompt_template, request, streaming, temperature,"
    " timeout_seconds, transport, unique_prompts"
)
KNOWN_SECTIONS = "aws, model, test, concurrency, arrivals, search, output, pricing, slo, limits, workload"
PAIR = "config.json: aws: access_key_id and secret_access_key are needed together: give both or none"


def lines(values: dict[str, Any]) -> tuple[str, ...]:
    """What is said about values from config.json; nothing if they are right."""
    try:
        build(values, {}, "config.json")
    except SettingsError as error:
        return error.lines
    return ()


NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("section", "values", "line"),
    [
        # Types.
        ("test", {"prompt_size": "x"}, 'test.prompt_size is "x", but must be a whole number'),
        ("test", {"prompt_size": "größe"}, 'test.prompt_size is "größe", but must be a whole number'),
        ("test", {"prompt_size": "x" * 99}, f'test.prompt_size is "{"x" * 79}, but must be a whole number'),
        ("test", {"prompt_size": 1.5}, "test.prompt_size is 1.5, but must be a whole number"),
        ("test", {"prompt_size": None}, "test.prompt_size is null, but must be a whole number"),
        (
            "output",
            {"formats": ["markdown", "md"]},
            "output.formats.1 is \"md\", but must be 'markdown', 'html', 'json', 'junit' or 'github'",
        ),
        # Objects may be given as JSON in a text, as options are.
        ("arrivals", {"trace": '{"file": "x", "speed": 0}'}, "arrivals.trace.speed is 0, but must be greater than 0"),
        (
            "arrivals",
            {"trace": '{"file": "x", "to": 1e9, "from": "a"}'},
            'arrivals.trace.from is "a", but must be a number',
        ),
        (
            "workload",
            {"input_tokens": '{"values": [1, 0]}'},
            "workload.input_tokens.values.1 is 0, but must be greater than 0",
        ),
        # A number or a text may stand for an object: it is shown itself.
        ("workload", {"think_time_seconds": -1}, "workload.think_time_seconds.mean is -1, but must be 0 or more"),
        ("arrivals", {"trace": ""}, 'arrivals.trace.file is "", but must not be empty'),
        (
            "arrivals",
            {"trace": {"file": "x", "models": {"": "m"}}},
            'a key of arrivals.trace.models is "", but must not be empty',
        ),
        ("test", {"prompt_size": [1]}, "test.prompt_size is [1], but must be a whole number"),
        ("test", {"streaming": "maybe"}, 'test.streaming is "maybe", but must be true or false'),
        ("test", {"streaming": None}, "test.streaming is null, but must be true or false"),
        ("test", {"streaming": 2}, "test.streaming is 2, but must be true or false"),
        ("test", {"temperature": "hot"}, 'test.temperature is "hot", but must be a number'),
        ("test", {"temperature": {}}, "test.temperature is {}, but must be a number"),
        ("test", {"prompt_template": 5}, 'test.prompt_template is 5, but must be a text in "quotes"'),
        ("test", {"request": "secret"}, "test.request is not shown, but must be an object {...}"),
        ("model", {"id": 5}, 'model.id is 5, but must be a text in "quotes"'),
        ("aws", {"region": 5}, 'aws.region is 5, but must be a text in "quotes"'),
        ("aws", {"access_key_id": 5}, 'aws.access_key_id is not shown, but must be a text in "quotes"'),
        ("aws", {"session_token": ["x"]}, 'aws.session_token is not shown, but must be a text in "quotes"'),
        # Sizes.
        ("test", {"prompt_size": 0}, "test.prompt_size is 0, but must be greater than 0"),
        ("test", {"max_tokens": -5}, "test.max_tokens is -5, but must be greater than 0"),
        ("test", {"temperature": -0.1}, "test.temperature is -0.1, but must be 0 or more"),
        ("test", {"timeout_seconds": 0}, "test.timeout_seconds is 0, but must be greater than 0"),
        ("model", {"id": "m", "quota": 0}, "model.quota is 0, but must be greater than 0"),
        ("model", {"id": "m", "tokens_per_minute": -1}, "model.tokens_per_minute is -1, but must be greater than 0"),
        ("concurrency", {"start": 0}, "concurrency.start is 0, but must be greater than 0"),
        ("concurrency", {"end": -1}, "concurrency.end is -1, but must be greater than 0"),
        ("concurrency", {"end": 10**18}, "concurrency.end is 1000000000000000000, but must be 100,000 or less"),
        ("test", {"timeout_seconds": 1e300}, "test.timeout_seconds is 1e+300, but must be 604,800 or less"),
        ("concurrency", {"step": 0}, "concurrency.step is 0, but must be greater than 0"),
        ("concurrency", {"duration_seconds": 0}, "concurrency.duration_seconds is 0, but must be greater than 0"),
        ("concurrency", {"warmup_seconds": -1}, "concurrency.warmup_seconds is -1, but must be 0 or more"),
        # Numbers that JSON does not have, but Python's reader takes.
        ("test", {"temperature": NAN}, "test.temperature is NaN, but must be a number"),
        ("test", {"timeout_seconds": INFINITY}, "test.timeout_seconds is Infinity, but must be a number"),
        ("test", {"prompt_size": NAN}, "test.prompt_size is NaN, but must be a number"),
        ("concurrency", {"end": -INFINITY}, "concurrency.end is -Infinity, but must be a number"),
        ("test", {"prompt_size": 1e30}, "test.prompt_size is 1e+30, but must be a whole number"),
        # Texts.
        ("model", {"id": ""}, 'model.id is "", but must not be empty'),
        ("model", {}, "model.id is required: add it"),
        # A header has it: what ends one would begin another.
        (
            "model",
            {"id": "m", "project": "p\nx-a: b"},
            'model.project is "p\\nx-a: b", but must not have control characters',
        ),
        ("output", {"report_file": ""}, 'output.report_file is "", but must not be empty'),
        ("output", {"directory": ""}, 'output.directory is "", but must not be empty'),
        (
            "model",
            {"id": "m", "api": "rest"},
            "model.api is \"rest\", but must be 'converse', 'invoke', 'responses', 'chat' or 'messages'",
        ),
        (
            "model",
            {"id": "m", "service_tier": "gold"},
            "model.service_tier is \"gold\", but must be 'default', 'priority', 'flex' or 'reserved'",
        ),
        (
            "test",
            {"service_tier": "gold"},
            "model.service_tier is \"gold\", but must be 'default', 'priority', 'flex' or 'reserved'",
        ),
        ("model", {"id": "m", "latency": "low"}, "model.latency is \"low\", but must be 'standard' or 'optimized'"),
        (
            "aws",
            {"endpoint_url": "localhost:8080"},
            'aws.endpoint_url is "localhost:8080", but must start with http:// or https://',
        ),
        (
            "aws",
            {"endpoint_url": "https://user:pa55@host/x"},
            "aws.endpoint_url is not shown, but must not hold a user name or password",
        ),
        (
            "aws",
            {"endpoint_url": "user:pa55@host"},
            "aws.endpoint_url is not shown, but must start with http:// or https://",
        ),
        (
            "aws",
            {"endpoint_url": "https://user:pa55@host:99999"},
            "aws.endpoint_url is not shown, but must not hold a user name or password",
        ),
        *(
            (
                "aws",
                {"endpoint_url": f"http://127.0.0.1:{port}"},
                f'aws.endpoint_url is "http://127.0.0.1:{port}", but must have a port from 1 to 65535',
            )
            for port in ("0", "65536", "99999", "x", "-1")
        ),
        *(
            (
                "aws",
                {"endpoint_url": url},
                f'aws.endpoint_url is "{url}", but must name a host, such as http://127.0.0.1:8080',
            )
            for url in ("http://", "https://:8080", "http:///path", "http://[::1")
        ),
        # Together.
        (
            "test",
            {"streaming": False, "non_streaming": False},
            "test: streaming and non_streaming are both false: set at least one of them to true",
        ),
        (
            "concurrency",
            {"start": 5, "end": 2},
            "concurrency: end is 2, less than start (5): raise end or lower start",
        ),
        ("aws", {"access_key_id": "A"}, PAIR.removeprefix("config.json: ")),
        ("aws", {"secret_access_key": "A"}, PAIR.removeprefix("config.json: ")),
        # Keys that there are not.
        ("test", {"prompt_sise": 5}, "unknown key test.prompt_sise: did you mean test.prompt_size?"),
        (
            "arrivals",
            {"trace": {"file": "x", "speeed": 2}},
            "unknown key arrivals.trace.speeed: did you mean arrivals.trace.speed?",
        ),
        (
            "arrivals",
            {"trace": {"file": "x", "zzz": 2}},
            (
                "unknown key arrivals.trace.zzz: remove it"
                " (known in arrivals.trace: base_models, file, formats, from, models, speed, to)"
            ),
        ),
        ("test", {"region": "x"}, "unknown key test.region: did you mean aws.region?"),
        ("test", {"zzz": 1}, f"unknown key test.zzz: remove it (known in test: {KNOWN_IN_TEST})"),
        ("aws", {"acess_key_id": "A"}, "unknown key aws.acess_key_id: did you mean aws.access_key_id?"),
        ("modle", {}, "unknown key modle: did you mean model?"),
        ("zzz", 1, f"unknown key zzz: remove it (known: {KNOWN_SECTIONS})"),
        # Sections.
        ("model", 5, "model is 5, but must be an object {...}"),
        ("test", [], "test is [], but must be an object {...}"),
        ("output", None, "output is null, but must be an object {...}"),
        ("aws", ["AKIAIOSFODNN7EXAMPLE"], "aws is not shown, but must be an object {...}"),
    ],
)
def test_a_wrong_setting_is_one_line(section: str, values: object, line: str) -> None:
    """Each mistake is one line: where, what it is, what it must be."""
    assert lines({"model": {"id": "m"}, section: values}) == (f"config.json: {line}",)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1",
        "https://host:65535",
        "http://[::1]:8080",
        "https://host",
        "https://host:",
        "https://host/x",
    ],
)
def test_an_endpoint_may_have_a_port(url: str) -> None:
    """An endpoint has a port that can be connected to, or none."""
    assert lines({"model": {"id": "m"}, "aws": {"endpoint_url": url}}) == ()


def test_no_model() -> None:
    """The one section that has to be there is asked for."""
    assert lines({}) == ("config.json: model is required: add it",)


def test_each_mistake_has_its_line() -> None:
    """All mistakes are told at once."""
    two = SettingsError("one", "two")
    assert (str(two), two.lines) == ("one\ntwo", ("one", "two"))
    assert lines({"test": {"prompt_size": 0, "max_tokens": "x"}, "zzz": 1}) == (
        "config.json: model is required: add it",
        "config.json: test.prompt_size is 0, but must be greater than 0",
        'config.json: test.max_tokens is "x", but must be a whole number',
        f"config.json: unknown key zzz: remove it (known: {KNOWN_SECTIONS})",
    )


NO_NUMBERS = [
    (section, key)
    for section, model in SECTIONS.items()
    for key, field in model.model_fields.items()
    if "bool" not in str(field.annotation)
]


@pytest.mark.parametrize(("section", "key"), NO_NUMBERS, ids=".".join)
def test_true_is_no_number(section: str, key: str) -> None:
    """`true` in the place of a number, or of a text, is a slip, not a 1: one line names it."""
    needed: dict[str, dict[str, Any]] = {
        "pricing": {"input_per_million": 1, "output_per_million": 1},
        "model": {"id": "m"},
    }
    values = {**needed, section: {**needed.get(section, {}), key: True}}
    found = [line for line in lines(values) if f"{section}.{key} is " in line]
    assert len(found) == 1
    assert "but must be" in found[0]
    assert key in CREDENTIALS or key == "request" or f"{section}.{key} is true" in found[0]


def test_a_model_that_is_no_object_beside_the_tier_of_the_original() -> None:
    """A misplaced tier does not hide that the model is wrong."""
    found = lines({"model": 5, "test": {"service_tier": "flex"}})
    assert "config.json: model is 5, but must be an object {...}" in found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)
KEYS_OF_THE_ORIGINAL = {
    "aws": {"region", "access_key_id", "secret_access_key"},
    "model": {"id", "quota"},
    "test": {"prompt_size", "prompt_template", "streaming", "non_streaming", "max_tokens", "temperature"},
    "concurrency": {"start", "end", "step", "duration_seconds"},
    "output": {"report_file"},
}
ANY_SECTIONS = st.fixed_dictionaries(
    {},
    optional={
        section: JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(keys, JSON))
        for section, keys in KEYS_OF_THE_ORIGINAL.items()
    },
)


@given(ANY_SECTIONS)
def test_any_json_gives_settings_or_lines(values: dict[str, Any]) -> None:
    """Whatever is in the file, there are settings or lines on one line each, never a traceback."""
    for line in lines(values):
        assert line.startswith("config.json: ")
        assert len(line.splitlines()) == 1, f"{line!r} is more than one line"


MARK = "5ecret"
SECRETS = st.text(max_size=20).map(lambda text: f"{MARK}{text}{MARK}")
WRONG = SECRETS | st.lists(SECRETS, min_size=1, max_size=2) | st.dictionaries(SECRETS, SECRETS, min_size=1, max_size=2)
WRONG_AWS = WRONG.filter(lambda value: not isinstance(value, dict)) | st.fixed_dictionaries(
    {},
    optional={
        "access_key_id": WRONG,
        "secret_access_key": WRONG,
        "session_token": WRONG,
        "secret_key": WRONG,
        "endpoint_url": SECRETS.map(
            lambda secret: f"https://user:{secret}@host".replace("/", "").replace(":", "://", 1)
        ),
    },
)


@given(WRONG_AWS)
def test_messages_do_not_show_secrets(aws: object) -> None:
    """No message on a wrong file has a secret in it, not even where it stands in a wrong place."""
    for line in lines({"aws": aws, "model": {"id": ""}}):
        assert MARK not in line, f"a secret is in {line}"


@pytest.mark.parametrize("number", [10**18, 10**400])
def test_large_numbers_are_settings_or_refused(number: int) -> None:
    """A number beyond all measure is no traceback."""
    for section, key in (
        ("test", "prompt_size"),
        ("concurrency", "end"),
        ("test", "timeout_seconds"),
        ("model", "quota"),
    ):
        values: dict[str, Any] = {"model": {"id": "m"}}
        values.setdefault(section, {})[key] = number
        assert all(len(line) < 300 for line in lines(values))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://collector:4317", f"port 4317 is that of {GRPC}"),
        ("grpc://collector", f"that is {GRPC}"),
        ("http://collector/v1/metrics/", "must end before /v1/metrics and /v1/traces, which are added to it"),
        ("collector:4318", "must start with http:// or https:// and name a host, such as http://127.0.0.1:4318"),
        ("http://me:secret@collector", "must not hold a user name or password"),
        ("http://collector?key=secret", "must not have a query (?...) or a fragment (#...)"),
    ],
)
def test_an_address_that_takes_no_otlp_is_refused(url: str, why: str) -> None:
    """With the reason, and what to give instead."""
    shown = json.dumps(url)
    assert lines({"model": {"id": "m"}, "output": {"otlp_endpoint": url}}) == (
        f"config.json: output.otlp_endpoint is {shown}, but {why}",
    )
