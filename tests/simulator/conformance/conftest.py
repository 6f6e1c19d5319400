"""Two simulators that verify signatures, one of them in TLS, and what clients need to know of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..conftest import FAST
from ..process import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY_ID, SECRET = "AKIDSIMULATOR", "not+a/secret"


@pytest.fixture(scope="session")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the certificate of the simulator in TLS is."""
    return str(tmp_path_factory.mktemp("tls") / "simulator.pem")


@pytest.fixture(scope="session")
def plain_process() -> Iterator[Simulator]:
    """A simulator in cleartext."""
    simulator = Simulator("--access-key", f"{KEY_ID}:{SECRET}")
    yield simulator
    assert simulator.stop() == (0, "", "")


@pytest.fixture(scope="session")
def secure_process(trusted: str) -> Iterator[Simulator]:
    """A simulator in TLS, that lets in who has a token too."""
    simulator = Simulator(
        "--access-key", f"{KEY_ID}:{SECRET}", "--bearer-token", "a-token", "--tls-self-made", trusted, trust=trusted
    )
    yield simulator
    assert simulator.stop() == (0, "", "")


@pytest.fixture
def plain(plain_process: Simulator) -> Simulator:
    """The simulator in cleartext, with a fast behaviour and an empty ledger."""
    return _fresh(plain_process)


@pytest.fixture
def secure(secure_process: Simulator) -> Simulator:
    """The simulator in TLS, with a fast behaviour and an empty ledger."""
    return _fresh(secure_process)


def _fresh(simulator: Simulator) -> Simulator:
    simulator.set(**FAST)
    simulator.request("DELETE", "/_simulator/calls")
    return simulator


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, trusted: str) -> None:
    """What clients find in their environment: keys, a region, the certificate, and no file of a person's."""
    for name in ("AWS_BEARER_TOKEN_BEDROCK", "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
