"""The boto3 client of a process: what it is made with, and when it cannot be made."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.aws.boto3_client import POOL_SIZE, _loader, check_endpoint, connect, warm_up
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Settings
from tests.simulator.process import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient


def settings(**sections: dict[str, Any]) -> Settings:
    """Settings with these sections."""
    return Settings.model_validate({"model": {"id": "m"}, "aws": {"region": "us-east-1"}, **sections})


def made(simulator: bool = True, **sections: dict[str, Any]) -> BedrockRuntimeClient:
    """A client for settings."""
    return connect(settings(**sections), simulator=simulator, version="1.2.3")


def test_nothing_is_retried_and_each_user_has_a_connection() -> None:
    """A throttle is a result; time-outs and pool are those of the settings."""
    config = made(test={"timeout_seconds": 7}, concurrency={"end": 2 * POOL_SIZE, "step": 100}).meta.config
    about: Any = config
    assert about.retries == {"total_max_attempts": 1, "mode": "standard"}
    assert about.max_pool_connections == 2 * POOL_SIZE
    assert (about.read_timeout, about.connect_timeout) == (7, 7)
    assert "bedrock-locust/1.2.3" in about.user_agent
    assert made().meta.config.max_pool_connections == POOL_SIZE  # type: ignore[attr-defined]  # not in the stubs


def test_the_endpoint_is_that_of_the_settings_or_of_the_region() -> None:
    """And of a simulator without a region, one that it takes."""
    assert made(aws={"region": "eu-west-3"}).meta.endpoint_url == "https://bedrock-runtime.eu-west-3.amazonaws.com"
    assert made(aws={"endpoint_url": "http://127.0.0.1:9"}).meta.endpoint_url == "http://127.0.0.1:9"
    assert made(aws={}).meta.region_name == "us-east-1"


def test_no_region(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The line says where to set one."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError, match="no AWS region: set "):
        made(simulator=False, aws={})


def test_a_profile_that_is_not_there() -> None:
    """The line says which, and how to see those that are."""
    with pytest.raises(SettingsError, match=r"nobody.*aws configure list-profiles"):
        made(simulator=False, aws={"region": "us-east-1", "profile": "nobody"})


def test_a_simulator_needs_no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment names: with AWS it has to be there."""
    _loader.cache_clear()
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert made().meta.region_name == "us-east-1"
    with pytest.raises(SettingsError, match="nobody"):
        made(simulator=False)


def test_warming_up_changes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It reads models, whatever is wrong with the configuration of the machine."""
    (tmp_path / "config").write_text("[default\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    warm_up()


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Simulator, Path]]:
    """A simulator with TLS, and its certificate."""
    certificate = tmp_path_factory.mktemp("tls") / "certificate.pem"
    simulator = Simulator("--tls-self-made", str(certificate))
    yield simulator, certificate
    simulator.stop()


def test_an_endpoint_that_answers(
    simulator: Simulator, secure: tuple[Simulator, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a certificate that is trusted, where there is one."""
    check_endpoint(simulator.url)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(secure[1]))
    check_endpoint(secure[0].url)


def test_endpoints_that_do_not(simulator: Simulator, secure: tuple[Simulator, Path]) -> None:
    """Each with its reason and what to look at, in one line."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{probe.getsockname()[1]}"
        expected = {
            closed: "no connection (Connection refused)",
            secure[0].url: "its TLS certificate is not trusted",
            simulator.url.replace("http:", "https:"): "is it http:// instead?",
            "http://no-such-host.invalid": "no connection",
        }
        for url, words in expected.items():
            with pytest.raises(SettingsError) as refused:
                check_endpoint(url)
            assert words in str(refused.value)
            assert str(refused.value).startswith(f"endpoint {url}: ")


def test_behind_a_proxy_nothing_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the proxy can tell."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    check_endpoint("http://no-such-host.invalid")
