"""The options of the simulator's command."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from bedrock_locust.simulator.behaviour import Behaviour
from bedrock_locust.simulator.options import _parser

from .calls import CLAUDE, converse
from .process import DEADLINE_S, Simulator, error_of, start

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import ClientFactory


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--port", "70000"), "65535"),
        (("--host", "not.an.address"), "--host"),
        (("--host", "192.0.2.1"), "192.0.2.1 port 0"),
        (("--tls-self-made", "missing/simulator.pem"), "no certificate could be made"),
    ],
)
def test_mistakes_in_options(options: tuple[str, ...], words: str) -> None:
    """A mistake on the command line is told without a traceback, with code 2; `test_command_line.py` has the others."""
    process = start("--port", "0", *options)
    out, err = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, out) == (2, "")
    assert words in err
    assert "Traceback" not in err


def test_options_are_settings(new_client: ClientFactory) -> None:
    """Every setting has an option."""
    simulator = Simulator("--output-tokens", "3", "--spread", "0", "--ttft-ms=1", "--fault", "stall=0", "--seed=7")
    try:
        assert converse(new_client(simulator.url, 20))["usage"]["outputTokens"] == 3
    finally:
        assert simulator.stop() == (0, "", "")


def test_keys_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keys come from the environment and from a file too, and nobody else is let in."""
    monkeypatch.setenv("BEDROCK_SIMULATOR_ACCESS_KEYS", "AKIDONE:one")
    file = tmp_path / "keys"
    file.write_text("AKIDTWO:two\n")
    simulator = Simulator("--access-keys-file", str(file))
    try:
        status, headers, _ = simulator.request("POST", f"/model/{CLAUDE}/converse", b"{}")
        assert (status, error_of(headers)) == (403, "MissingAuthenticationTokenException")
        for key, secret, expected in (("AKIDONE", "one", 200), ("AKIDTWO", "two", 200), ("AKIDONE", "two", 403)):
            assert status_with(simulator, key, secret) == expected
    finally:
        assert simulator.stop() == (0, "", "")


def status_with(simulator: Simulator, key: str, secret: str) -> int:
    """The HTTP status of a call that is signed with this key."""
    client = boto3.client(
        "bedrock-runtime",
        endpoint_url=simulator.url,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )
    with contextlib.closing(client):
        try:
            response: Any = converse(client)
        except ClientError as error:
            response = error.response
    return int(response["ResponseMetadata"]["HTTPStatusCode"])


def test_help_names_every_setting() -> None:
    """The help has an option for each setting, and the names of the faults."""
    process = start("--help")
    out, _ = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0
    for word in ("--ttft-ms", "--tokens-per-event", "--requests-per-minute", "--fault", "slow-headers"):
        assert word in out
    assert os.linesep in out


def test_help_says_what_each_argument_is() -> None:
    """In words, and each setting of the behaviour is one."""
    arguments = {argument.dest: argument for argument in _parser()._actions}
    for name, argument in arguments.items():
        assert argument.help, name
        says_itself = name in {"host", "port", "ledger_size"}
        assert says_itself or argument.nargs == 0 or argument.metavar or argument.choices, name
    assert set(Behaviour.model_fields) <= set(arguments)
