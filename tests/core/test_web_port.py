"""The port of Locust's web UI."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import pytest

from bedrock_locust.process.web_port import check_web_port
from bedrock_locust.settings.mistakes import SettingsError


def page(**changes: Any) -> Any:
    """What Locust has made of its page before it listens."""
    return SimpleNamespace(**{"server": None, "greenlet": None, "host": "127.0.0.1", "port": 0, **changes})


@pytest.fixture
def taken() -> Any:
    """A port that is in use."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "", "::1"])
def test_a_free_port_stays_free(host: str) -> None:
    """It is tried, and let go."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for _ in range(2):
        check_web_port(page(host=host, port=port))


@pytest.mark.parametrize(("host", "named"), [("127.0.0.1", "127.0.0.1"), ("", "this machine")])
def test_a_port_in_use_is_named(taken: int, host: str, named: str) -> None:
    """With what to do."""
    with pytest.raises(SettingsError) as told:
        check_web_port(page(host=host, port=taken))
    said = str(told.value)
    assert said.startswith(f"--web-port {taken}: the web UI cannot listen on {named}: Address already in use")
    assert said.endswith("; end what uses the port, give another one, or use --headless")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # create_server leaves its socket open
def test_a_number_that_is_no_port() -> None:
    """It is a wrong setting, too."""
    with pytest.raises(SettingsError, match=r"--web-port 99999: the web UI cannot listen on 127.0.0.1: .*0-65535"):
        check_web_port(page(port=99_999))


def test_a_page_that_listens_already_is_left_alone(taken: int) -> None:
    """So is a run without one."""
    check_web_port(None)
    check_web_port(page(port=taken, server=object()))
    check_web_port(page(port=taken, greenlet=object()))
