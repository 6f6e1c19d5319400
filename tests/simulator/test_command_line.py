"""The command line in this process: what each option means, and each mistake, word by word."""

from __future__ import annotations

import argparse
import json
import stat
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from pydantic import ValidationError

from bedrock_locust.simulator import __main__ as command
from bedrock_locust.simulator import certificates, options, server, tls
from bedrock_locust.simulator.access import Access
from bedrock_locust.simulator.auth import Guard
from bedrock_locust.simulator.behaviour import Behaviour, BehaviourError
from bedrock_locust.simulator.faults import NAMES, Strike
from bedrock_locust.simulator.tokens import prompt_rule

from .lapse import check_text, table

if TYPE_CHECKING:
    from pathlib import Path

USAGE = "usage: python -m bedrock_locust.simulator [OPTION ...]   (--help lists the options)"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key and no token comes from the environment."""
    for name in ("BEDROCK_SIMULATOR_ACCESS_KEYS", "BEDROCK_SIMULATOR_CONTROL_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def test_options_are_as_they_were_read_and_approved() -> None:
    """Each with its value, its default and its help."""
    parser = options._parser()
    rows = [
        {
            "option": " ".join(action.option_strings),
            "value": action.metavar or " ".join(action.choices or ()) or ("" if action.nargs == 0 else "?"),
            "default": "" if action.default is None else json.dumps(action.default),
            "help": (action.help or "").replace("%(default)s", str(action.default)).replace("%%", "%"),
        }
        for action in parser._actions
    ]
    about = f"{parser.prog}\n{parser.description}\n{parser.epilog}\n"
    check_text("options.txt", f"{about}\n{table(rows)}")


def test_settings_are_as_they_were_read_and_approved() -> None:
    """The default of each."""
    check_text("settings.json", json.dumps(Behaviour().model_dump(), indent=1) + "\n")


def test_settings_and_strikes_cannot_be_changed() -> None:
    """Calls that are under way go by them."""
    for made in (Behaviour(), Strike(fault="cut")):
        with pytest.raises(ValidationError, match="frozen"):
            made.fault = "stall"  # type: ignore[union-attr, misc]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ttft_ms": float("inf")}, "ttft_ms: Input should be a finite number"),
        (
            {"fault_schedule": [{"fault": "cut", "from_seconds": float("nan")}]},
            "from_seconds: Input should be a finite",
        ),
        ({"fault_schedule": [{"fault": "cut", "to_seconds": float("inf")}]}, "to_seconds: Input should be a fin"),
        ({"fault_schedule": [{"fault": "cut", "from_seconds": -0.5}]}, "from_seconds: Input should be greater"),
        ({"fault_schedule": [{"fault": "cut", "to_seconds": -0.5}]}, "to_seconds: Input should be greater"),
        ({"fault_schedule": [{"fault": "cut", "speed": 1}]}, "speed: Extra inputs are not permitted"),
        ({"fault_schedule": [{}]}, "fault: Field required"),
    ],
)
def test_numbers_are_finite_and_strikes_have_no_other_members(settings: dict[str, Any], words: str) -> None:
    """A time that never comes would be a fault that never strikes."""
    with pytest.raises(BehaviourError, match=words):
        Behaviour().changed(settings)


@pytest.mark.parametrize("count", [3, 7, 10, 20, 31])
def test_rates_may_add_up_to_one(count: int) -> None:
    """Though binary numbers do not add up exactly; a little more may not be."""
    names = NAMES[:count]
    assert Behaviour().changed({"faults": dict.fromkeys(names, 1 / count)}).faults
    with pytest.raises(BehaviourError, match="the rates add up to 1; together they must not exceed 1"):
        Behaviour().changed({"faults": dict.fromkeys(names, 1 / count) | {names[0]: 1 / count + 1e-8}})


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", {}),
        ("--host ::1 --port 0 --endpoint mantle --exit-with-parent --ledger-size 0", {"host": "::1", "port": 0}),
        ("--port 65535 --ledger-size 100000000", {"port": 65_535, "ledger_size": 100_000_000}),
        ("--words-are-tokens", {"words_are_tokens": 1.0}),
        ("--words-are-tokens 0.25", {"words_are_tokens": 0.25}),
        ("--words-are-tokens 100", {"words_are_tokens": 100.0}),
        ("--endpoint mantle", {"endpoint": "mantle"}),
        ("--exit-with-parent", {"exit_with_parent": True}),
        ("--control-token t", {"control_token": "t"}),
        ("--tls-certificate a --tls-key b", {"tls_certificate": "a", "tls_key": "b"}),
        ("--tls-self-made a", {"tls_self_made": "a"}),
    ],
)
def test_options_of_the_process(arguments: str, expected: dict[str, Any]) -> None:
    """And the defaults of all others; the behaviour is the default one."""
    found, behaviour = options.parse(arguments.split())
    usual = {"host": "127.0.0.1", "port": 8080, "endpoint": "runtime", "exit_with_parent": False}
    usual |= {"ledger_size": 1_000_000, "words_are_tokens": 0.0, "control_token": None, "guard": None}
    usual |= {"tls_certificate": None, "tls_self_made": None, "tls_key": None, "profile": None}
    given = {name: value for name, value in vars(found).items() if name in usual}
    if "mantle" in arguments and "host" in expected:
        expected = expected | {"endpoint": "mantle", "exit_with_parent": True, "ledger_size": 0}
    assert given == usual | expected
    assert behaviour == Behaviour()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--ttft-ms", "1.5", "--seed=7", "--output-tokens", "3"], {"ttft_ms": 1.5, "seed": 7, "output_tokens": 3}),
        (["--implicit-cache", "--event-times"], {"implicit_cache": True, "event_times": True}),
        (["--denied", '["a"]', "--ttft-values-ms", "[1, 2]"], {"denied": ["a"], "ttft_values_ms": [1, 2]}),
        (["--fault", "cut=0.25", "--fault", "stall=.5"], {"faults": {"cut": 0.25, "stall": 0.5}}),
        (["--fault", "cut=0.25", "--fault", "cut=0.5"], {"faults": {"cut": 0.5}}),
        (["--log-group", "/g/%h"], {"log_group": "/g/%h"}),
        (["--models", '{"a*": {"seed": 1}}'], {"models": {"a*": {"seed": 1}}}),
    ],
)
def test_options_of_the_behaviour(arguments: list[str], expected: dict[str, Any]) -> None:
    """All that is not given stays as it is."""
    assert options.parse(arguments)[1].model_dump() == Behaviour().model_dump() | expected


def test_a_profile_comes_before_the_defaults_and_after_the_options(tmp_path: Path) -> None:
    """In TOML and in JSON."""
    texts = {
        "p.toml": "seed = 3\nburst = 4\n[faults]\ncut = 0.5\n",
        "p.json": '{"seed": 3, "burst": 4, "faults": {"cut": 0.5}}',
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        found = options.parse(["--profile", str(tmp_path / name), "--burst", "5", "--fault", "stall=1"])[1]
        assert found.model_dump() == Behaviour().model_dump() | {"seed": 3, "burst": 5, "faults": {"stall": 1}}


MISTAKES = (
    ("--port -1", "argument --port: '-1' is not a number from 0 to 65535"),
    ("--port 65536", "argument --port: '65536' is not a number from 0 to 65535"),
    ("--port x", "argument --port: 'x' is not a number from 0 to 65535"),
    ("--ledger-size 100000001", "argument --ledger-size: '100000001' is not a number from 0 to 100000000"),
    ("--words-are-tokens 0", "argument --words-are-tokens: '0' is not a number above 0, at most 100"),
    ("--words-are-tokens 100.1", "argument --words-are-tokens: '100.1' is not a number above 0, at most 100"),
    ("--words-are-tokens nan", "argument --words-are-tokens: 'nan' is not a number above 0, at most 100"),
    ("--words-are-tokens x", "argument --words-are-tokens: 'x' is not a number above 0, at most 100"),
    ("--models {", "argument --models: '{' is not JSON: Expecting property name enclosed in double quotes"),
    ("--fault cut", "argument --fault: 'cut' is not NAME=RATE, such as cut=0.05"),
    ("--fault cut=x", "argument --fault: 'cut=x' is not NAME=RATE, such as cut=0.05"),
    ("--fault cut=2", "faults: the rate of cut is 2.0; it must be from 0 to 1 (got {'cut': 2.0})"),
    ("--fault cuts=0.1", "faults: unknown fault 'cuts'; there are: AccessDeniedException, ExpiredTokenException, "),
    ("--tpot-ms -1", "tpot_ms: Input should be greater than or equal to 0 (got -1.0)"),
    ("--ttft-values-ms 1,2", "argument --ttft-values-ms: '1,2' is not JSON: Extra data: line 1 column 2 (char 1)"),
    ('--models {"*":{"ttft":1}}', "models.*: ttft: no such setting; there are: ttft_ms, "),
    ("--access-key ID", "an access key is not ID:SECRET"),
    ("--access-key :SECRET", "an access key is not ID:SECRET"),
    ("--access-key ID:", "an access key is not ID:SECRET"),
    ("--access-keys-file /nowhere/keys", "--access-keys-file cannot be read: FileNotFoundError"),
    ("--profile /nowhere/p.toml", "the profile /nowhere/p.toml cannot be read: No such file or directory"),
    ("--tls-self-made a --tls-certificate b", "argument --tls-certificate: not allowed with argument --tls-self-made"),
)


@pytest.mark.parametrize(("arguments", "words"), MISTAKES)
def test_mistakes(arguments: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is a line after how the command is used, with code 2."""
    with pytest.raises(SystemExit) as ended:
        options.parse(arguments.split())
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert err.startswith(f"{USAGE}\npython -m bedrock_locust.simulator: error: {words}")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("p.toml", "seed =", "is neither TOML nor JSON in a file *.json: Invalid value"),
        ("p.json", "seed = 1", "is neither TOML nor JSON in a file *.json: Expecting value"),
        ("p.json", "[1]", "must be an object of settings"),
        ("p.toml", "speed = 1", "speed: no such setting; there are: ttft_ms, "),
    ],
)
def test_wrong_profiles(name: str, text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each names its file, or its setting."""
    (tmp_path / name).write_text(text)
    with pytest.raises(SystemExit):
        options.parse(["--profile", str(tmp_path / name)])
    begin = "" if "speed" in words else f"the profile {tmp_path / name} "
    assert f"error: {begin}{words}" in capsys.readouterr().err


def test_keys_come_from_three_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Together with tokens they make the guard; without any, everybody is let in."""
    (tmp_path / "keys").write_text("FILE:f\nTWO:t:u\n", encoding="utf-8")
    monkeypatch.setenv("BEDROCK_SIMULATOR_ACCESS_KEYS", "ENV:e ENV2:e2")
    made: list[Any] = []
    monkeypatch.setattr(options, "Guard", lambda *about, **more: made.append((*about, more)))
    options.parse(["--access-key", "A:a", "--access-keys-file", str(tmp_path / "keys"), "--bearer-token", "b"])
    keys = {"A": "a", "ENV": "e", "ENV2": "e2", "FILE": "f", "TWO": "t:u"}
    assert made == [(keys, ["b"], {"mantle": False})]
    monkeypatch.delenv("BEDROCK_SIMULATOR_ACCESS_KEYS")
    options.parse(["--bearer-token", "b", "--bearer-token", "c", "--endpoint", "mantle"])
    assert made[1:] == [({}, ["b", "c"], {"mantle": True})]
    assert options.parse([])[0].guard is None
    assert len(made) == 2
    monkeypatch.undo()
    assert isinstance(options.parse(["--access-key", "A:a"])[0].guard, Guard)


def test_the_token_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The option comes first."""
    monkeypatch.setenv("BEDROCK_SIMULATOR_CONTROL_TOKEN", "of the environment")
    assert options.parse([])[0].control_token == "of the environment"
    assert options.parse(["--control-token", "given"])[0].control_token == "given"


@pytest.mark.parametrize(
    ("error", "said"), [(server.ServerError("no port"), "no port"), (tls.TlsError("no key"), "no key")]
)
def test_the_command_says_why_it_could_not_start(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, with code 2."""

    async def serve(*_: object) -> None:
        raise error

    monkeypatch.setattr(server, "serve", serve)
    monkeypatch.setattr("sys.argv", ["simulator"])
    assert command.main() == 2
    assert capsys.readouterr() == ("", f"bedrock-locust simulator: {said}\n")


@pytest.mark.parametrize(
    ("arguments", "parent", "per_word", "token"),
    [
        ("--port 1", None, 0.0, ""),
        ("--exit-with-parent --words-are-tokens 2", command.PARENT, 2.0, ""),
        ("--control-token t --host ::1 --endpoint mantle --ledger-size 3 --seed 9", None, 0.0, "t"),
    ],
)
def test_the_command_serves_what_its_options_say(
    arguments: str, parent: int | None, per_word: float, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Address, parent, endpoint, ledger and behaviour, and the rule by which prompts are counted."""
    served: list[Any] = []

    async def serve(*about: Any) -> None:
        served.extend(about)

    monkeypatch.setattr(server, "serve", serve)
    monkeypatch.setattr("sys.argv", ["simulator", *arguments.split()])
    monkeypatch.setattr(prompt_rule, "per_word", 0.0)
    assert command.main() == 0
    app, address, _, found_parent = served
    given = options.parse(arguments.split())
    assert (found_parent, prompt_rule.per_word) == (parent, per_word)
    assert address == server.Address(given[0].host, given[0].port, None)
    service = app._service
    assert (service.behaviour, service.endpoint, service.guard) == (given[1], given[0].endpoint, None)
    assert (service.ledger._size, service.access.token) == (given[0].ledger_size, token)


WARNING = (
    "bedrock-locust simulator: warning: other machines can reach URL; its endpoints below /_simulator/ want the"
    " control token\n"
)


@pytest.mark.parametrize(
    ("token", "out", "err"),
    [
        ("", "", ""),
        (
            "t",
            "bedrock-locust simulator control token: t\n",
            WARNING,
        ),
    ],
)
def test_what_it_says_when_it_listens(token: str, out: str, err: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its URL; where there is a token, the token and a warning."""
    command._announce("URL", Access(token))
    assert capsys.readouterr() == (f"bedrock-locust simulator listening on URL\n{out}", err)


def test_without_another_package_its_error_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the package for the server is asked for in words."""
    monkeypatch.setitem(__import__("sys").modules, "bedrock_locust.simulator.server", None)
    monkeypatch.delattr("bedrock_locust.simulator.server")
    with pytest.raises(ModuleNotFoundError):
        command.main()


def files_of(**given: Any) -> argparse.Namespace:
    """The options of TLS."""
    return argparse.Namespace(
        **{"tls_self_made": None, "tls_certificate": None, "tls_key": None, "host": "::1"} | given
    )


def test_files_of_tls(tmp_path: Path) -> None:
    """Given ones as they are; a self-made certificate stays for clients, its key is ours alone and goes at the end."""
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    with tls.files(files_of()) as files:
        assert files is None
    with tls.files(files_of(tls_self_made=str(certificate))) as files:
        assert files is not None
        assert files.certificate == certificate
        assert files.key.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
        assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
        made = files.key
    assert (certificate.exists(), made.exists(), made.parent.exists()) == (True, False, False)
    key.write_bytes(b"")
    with tls.files(files_of(tls_certificate=str(certificate), tls_key=str(key))) as files:
        assert files == tls.Files(certificate, key)
    assert key.exists()


NONE_MADE = "no certificate could be made: "


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"tls_certificate": "/nowhere/c"}, "--tls-certificate needs --tls-key"),
        ({"tls_certificate": "/nowhere/c", "tls_key": "/nowhere/k"}, "/nowhere/c cannot be read"),
        ({"tls_certificate": "/dev/null", "tls_key": "/nowhere/k"}, "/nowhere/k cannot be read"),
        (
            {"tls_self_made": "/nowhere/c"},
            f"{NONE_MADE}[Errno 2] No such file or directory: '/nowhere/c'",
        ),
        (
            {"tls_self_made": "/dev/null", "host": "a.b"},
            f"{NONE_MADE}'a.b' does not appear to be an IPv4",
        ),
    ],
)
def test_files_of_tls_that_are_not_there(given: dict[str, Any], words: str) -> None:
    """Each is named."""
    with pytest.raises(tls.TlsError) as raised, tls.files(files_of(**given)):
        pass
    assert str(raised.value).startswith(words)


def test_what_the_certificate_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its names, its month from an hour ago on, and that it vouches for itself alone, for servers."""
    made = x509.load_pem_x509_certificate(certificates.make("192.0.2.7").certificate)
    assert made.subject == made.issuer
    assert made.subject.rfc4514_string() == "CN=bedrock-locust simulator"
    assert (made.not_valid_after_utc - made.not_valid_before_utc).total_seconds() == 30 * 86_400 + 3600
    found = {part.oid._name: (part.critical, part.value) for part in made.extensions}
    assert sorted(found) == ["basicConstraints", "extendedKeyUsage", "subjectAltName", "subjectKeyIdentifier"]
    critical, names = found["subjectAltName"]
    assert (critical, [str(name.value) for name in names]) == (False, ["localhost", "127.0.0.1", "192.0.2.7", "::1"])
    assert found["basicConstraints"] == (True, x509.BasicConstraints(ca=True, path_length=0))
    assert found["extendedKeyUsage"] == (False, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]))
    assert found["subjectKeyIdentifier"] == (False, x509.SubjectKeyIdentifier.from_public_key(made.public_key()))
    made.verify_directly_issued_by(made)
