"""How a client signs: by keys, by an API key, or not at all, in one line and before any call."""

from __future__ import annotations

import json
import logging
import re
import shlex
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from locust.event import EventHook

import boto3
import pytest
from botocore.credentials import CredentialProvider

from bedrock_locust.aws.boto3_client import check_credentials, connect
from bedrock_locust.aws.credentials import SOURCES, source_of
from bedrock_locust.aws.preflight import preflight
from bedrock_locust.client import BedrockClient
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Settings
from tests.simulator.process import Simulator

from .test_client import CLAUDE, OPERATIONS, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TOKEN = "bedrock-api-key-for-tests-only"
AWAY = "https://127.0.0.1:9"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without credentials of any kind."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("AWS_BEARER_TOKEN_BEDROCK", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))


def test_each_way_to_find_keys_has_words() -> None:
    """Those of this botocore; another is named as botocore does."""
    methods = {one.METHOD for one in _all_of(CredentialProvider)} - {None}
    assert {"env", "assume-role"} < methods
    assert methods - set(SOURCES) == set()


def _all_of(kind: type) -> list[Any]:
    below: list[Any] = kind.__subclasses__()
    return [one for sub in below for one in (sub, *_all_of(sub))]


def test_where_keys_are_from(monkeypatch: pytest.MonkeyPatch, printing: Callable[[str], None]) -> None:
    """The settings, the environment, or a profile by its name; nothing of a session without keys."""
    assert not source_of(boto3.Session())
    aws = {"region": "us-east-1", "access_key_id": "made-up", "secret_access_key": "made-up"}
    given = Settings.model_validate({"model": {"id": CLAUDE}, "aws": aws})
    assert source_of(check_credentials(given)) == "given in the settings as aws.access_key_id"
    printing('{"Version": 1, "AccessKeyId": "made-up", "SecretAccessKey": "made-up"}')
    assert source_of(boto3.Session()) == "from a credential_process, profile default"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    assert source_of(boto3.Session()) == "from environment variables"


@pytest.fixture
def configured(tmp_path: Path) -> Callable[[str], None]:
    """Writes the AWS configuration of the default profile."""

    def write(lines: str) -> None:
        (tmp_path / "config").write_text(f"[default]\n{lines}\n")

    return write


@pytest.fixture
def printing(tmp_path: Path, configured: Callable[[str], None]) -> Callable[[str], None]:
    """Gives the default profile a credential_process that prints this."""

    def write(text: str) -> None:
        (tmp_path / "text").write_text(text)
        configured(f"credential_process = {shlex.join([sys.executable, '-c', _PRINT, str(tmp_path / 'text')])}")

    return write


_PRINT = "import sys;print(open(sys.argv[1]).read())"


def settings(url: str = AWAY, **aws: Any) -> Settings:
    """Settings for an endpoint."""
    return Settings.model_validate(
        {
            "model": {"id": CLAUDE},
            "aws": {"endpoint_url": url, "region": "us-east-1", **aws},
            "test": {"preflight": True},
        }
    )


def lasting(minutes: float) -> str:
    """What a credential_process prints for keys that last this long."""
    until = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
    return json.dumps({"Version": 1, "AccessKeyId": "AKIDONE", "SecretAccessKey": "one", "Expiration": until})


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """URL and certificate of a simulator with TLS that lets in an API key, and one pair of keys."""
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    only = ("--bearer-token", TOKEN, "--access-key", "AKIDONE:one")
    simulator = Simulator("--tls-self-made", str(file), *only, "--ttft-ms", "5", "--tpot-ms", "1")
    yield simulator.url, str(file)
    simulator.stop()


@pytest.mark.parametrize("beside", ["nothing", "a process that fails", "other keys"])
def test_an_api_key_alone_is_enough(
    secure: tuple[str, str], monkeypatch: pytest.MonkeyPatch, printing: Callable[[str], None], beside: str
) -> None:
    """Over TLS every operation is answered, whatever other credentials there are or are not."""
    monkeypatch.setenv("AWS_CA_BUNDLE", secure[1])
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", TOKEN)
    if beside == "a process that fails":
        printing("no JSON")
    if beside == "other keys":
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDTWO")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "two")
    own = settings(secure[0])
    check_credentials(own)
    for transport in ("measured", "botocore"):
        own = own.model_copy(update={"test": own.test.model_copy(update={"transport": transport})})
        connected = connect(own, simulator=False, version="test")
        client = BedrockClient(connected, EventHook())
        assert [ask(client, operation).error_message for operation in OPERATIONS] == [""] * len(OPERATIONS)
        first = preflight(connected, own, simulator=False, local=True)
        assert first is not None
        assert first.ok


APIS = [
    ("responses", "us.openai.gpt-5.6-sol"),
    ("chat", "openai.gpt-oss-20b-1:0"),
    ("messages", "us.anthropic.claude-x"),
]


@pytest.mark.parametrize("endpoint", ["runtime", "mantle"])
def test_an_api_key_and_the_apis_without_boto3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """The key is a bearer token for both endpoints; another one is refused, and the remedy names the variable."""
    file = tmp_path / "certificate.pem"
    monkeypatch.setenv("AWS_CA_BUNDLE", str(file))
    options = ("--endpoint", endpoint, "--tls-self-made", str(file), "--ttft-ms", "5", "--tpot-ms", "1")
    simulator = Simulator(*options, "--bearer-token", TOKEN)
    try:
        for api, name in APIS:
            bare = re.sub(r"^us\.|-1:0$", "", name)
            own = settings(simulator.url)
            model = {"id": bare if endpoint == "mantle" else name, "api": api, "endpoint": endpoint}
            own = Settings.model_validate(own.model_dump() | {"model": model})
            for key, is_right in ((TOKEN, True), (f"{TOKEN}-of-yesterday", False)):
                monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", key)
                client = connect(own, simulator=False, version="test")
                if is_right:
                    call = preflight(client, own, simulator=False, local=True)
                    assert call is not None
                    assert call.ok, call
                else:
                    with pytest.raises(SettingsError, match="AWS_BEARER_TOKEN_BEDROCK") as refused:
                        preflight(client, own, simulator=False, local=True)
                    assert_one_line(refused.value)
    finally:
        simulator.stop()


def test_an_api_key_that_is_wrong(secure: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The service refuses it: the call before the load says so, and what to do."""
    monkeypatch.setenv("AWS_CA_BUNDLE", secure[1])
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", f"{TOKEN}-of-yesterday")
    check_credentials(settings(secure[0]))
    client = connect(settings(secure[0]), simulator=False, version="test")
    with pytest.raises(SettingsError) as refused:
        preflight(client, settings(secure[0]), simulator=False, local=True)
    assert TOKEN not in str(refused.value)
    assert "--bedrock-preflight false" in str(refused.value)


def test_an_api_key_and_no_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 sends it over HTTPS only."""
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", TOKEN)
    with pytest.raises(SettingsError, match="AWS_BEARER_TOKEN_BEDROCK cannot be used") as refused:
        check_credentials(settings("http://127.0.0.1:9"))
    assert_one_line(refused.value)


def assert_one_line(error: SettingsError) -> None:
    """A refusal is one line without a secret."""
    assert len(error.lines) == 1
    assert len(str(error).splitlines()) == 1
    assert TOKEN not in str(error)


def test_nothing_at_all() -> None:
    """The line names the ways to get credentials."""
    with pytest.raises(SettingsError, match="no AWS credentials found: set AWS_PROFILE") as refused:
        check_credentials(settings())
    assert "AWS_BEARER_TOKEN_BEDROCK" in str(refused.value)
    assert_one_line(refused.value)


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("no JSON", "JSONDecodeError: Expecting value"),
        ("", "JSONDecodeError"),
        ("[]", "AttributeError"),
        ('{"Version": 1}', "Missing required key"),
        ('{"Version": 2}', "Unsupported version"),
        (lasting(-5), "still expired"),
        ('{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "B", "Expiration": "soon"}', "soon"),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # dateutil's own
def test_a_process_that_prints_no_credentials(printing: Callable[[str], None], printed: str, words: str) -> None:
    """One line with the reason, before any call."""
    printing(printed)
    with pytest.raises(SettingsError, match="no AWS credentials: ") as refused:
        check_credentials(settings())
    with pytest.raises(SettingsError):
        check_credentials(settings(region=None))
    assert words in str(refused.value)
    assert_one_line(refused.value)


SSO_SESSION = """sso_session = x
sso_account_id = 1
sso_role_name = r
[sso-session x]
sso_region = us-east-1
sso_start_url = https://example.com"""


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (SSO_SESSION, "Token"),
        ("credential_process = /no/such/program", "No such file or directory"),
        ("sso_account_id = 1\nsso_role_name = r\nsso_region = us-east-1\nsso_start_url = https://example.com", "SSO"),
        ("role_arn = arn:aws:iam::1:role/r\nsource_profile = none", "none"),
        ("web_identity_token_file = /no/such\nrole_arn = arn:aws:iam::1:role/r", "/no/such"),
    ],
)
def test_profiles_that_lead_nowhere(configured: Callable[[str], None], lines: str, words: str) -> None:
    """A program, an SSO session, a role or a file that is not there."""
    configured(lines)
    with pytest.raises(SettingsError, match="no AWS credentials: ") as refused:
        check_credentials(settings())
    assert words in str(refused.value)
    assert_one_line(refused.value)


def test_half_of_a_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key id without its secret."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDONE")
    with pytest.raises(SettingsError, match="AWS_SECRET_ACCESS_KEY") as refused:
        check_credentials(settings())
    assert_one_line(refused.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """The configuration of the machine is broken: one line."""
    (tmp_path / "config").write_text("[default\n")
    with pytest.raises(SettingsError, match="cannot be read") as refused:
        check_credentials(settings())
    assert_one_line(refused.value)


def test_keys_need_no_network(printing: Callable[[str], None]) -> None:
    """The check sends nothing: nobody listens at the endpoint."""
    printing(lasting(60))
    check_credentials(settings())


def test_a_process_runs_once(configured: Callable[[str], None], tmp_path: Path) -> None:
    """To check the credentials and to make the client: one run of the process, which may be slow or ask a person."""
    ran = tmp_path / "ran"
    text = "import sys; open(sys.argv[1], 'a').write('x'); print(sys.argv[2])"
    configured(f"credential_process = {shlex.join([sys.executable, '-c', text, str(ran), lasting(60)])}")
    session = check_credentials(settings())
    connect(settings(), simulator=False, version="test", session=session)
    assert ran.read_text() == "x"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_credentials_that_end_in_a_run(
    secure: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    printing: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
    operation: str,
) -> None:
    """Whatever the process then prints: a failure of the call, with category and stage, and nothing in the log."""
    monkeypatch.setenv("AWS_CA_BUNDLE", secure[1])
    printing(lasting(5))
    client = BedrockClient(connect(settings(secure[0]), simulator=False, version="test"), EventHook())
    with caplog.at_level(logging.WARNING):
        for printed, words in (("no JSON", ""), (lasting(-5), "still expired"), ("[]", "")):
            printing(printed)
            call = ask(client, operation)
            assert (call.error, call.error_stage) == ("CredentialsError", "connect")
            assert words in call.error_message
    assert caplog.text == ""
    printing(lasting(60))
    assert ask(client, operation).ok
