"""Who may use the simulator's own endpoints."""

from __future__ import annotations

import http.client

import pytest

from bedrock_locust.simulator.access import Access, is_loopback

from .calls import CLAUDE, PROMPT, body
from .process import DEADLINE_S, Simulator, wait_for

ENDPOINTS = (("GET", "settings"), ("POST", "settings"), ("GET", "calls"), ("DELETE", "calls"), ("GET", "stats"))


def statuses(port: int, headers: dict[str, str]) -> set[int]:
    """What the endpoints answer to requests with these headers."""
    found = set()
    for method, name in ENDPOINTS:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
        connection.request(method, f"/_simulator/{name}", b"{}" if method == "POST" else None, headers)
        found.add(connection.getresponse().status)
        connection.close()
    return found


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
        {"Host": "localhost.evil.example:8080"},
    ],
)
def test_no_page_in_a_browser_gets_in(simulator: Simulator, headers: dict[str, str]) -> None:
    """On loopback, too, a web page that somebody visits can neither read the ledger nor change what is measured."""
    before = simulator.request("GET", "/_simulator/settings")[2]
    assert statuses(simulator.port, headers) == {403}
    assert simulator.request("GET", "/_simulator/settings")[2] == before
    assert statuses(simulator.port, {}) == {200}
    assert statuses(simulator.port, {"Host": "LocalHost:1"}) == {200}


def test_beyond_loopback_a_token_is_asked_for() -> None:
    """A simulator that other machines reach prints a token and a warning, and serves calls to everybody."""
    simulator = Simulator("--host", "0.0.0.0")
    wait_for(lambda: simulator.said.endswith("\n"), "the token")
    token = simulator.said.removeprefix("bedrock-locust simulator control token: ").strip()
    try:
        assert len(token) >= 30
        assert statuses(simulator.port, {}) == {403}
        assert statuses(simulator.port, {"Authorization": f"Bearer {token[:-1]}"}) == {403}
        assert statuses(simulator.port, {"Authorization": f"Bearer {token}", "Origin": "http://evil.example"}) == {403}
        assert statuses(simulator.port, {"Authorization": f"Bearer {token}", "Host": "simulator:8080"}) == {200}
        assert simulator.request("POST", f"/model/{CLAUDE}/invoke", body(CLAUDE, PROMPT))[0] == 200
    finally:
        code, _, said = simulator.stop()
    assert code == 0
    assert "warning: other machines can reach http://0.0.0.0:" in said


def test_a_chosen_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The token can be chosen, also on loopback, and by a variable that no list of processes shows."""
    monkeypatch.setenv("BEDROCK_SIMULATOR_CONTROL_TOKEN", "chosen")
    simulator = Simulator()
    try:
        assert statuses(simulator.port, {}) == {403}
        assert statuses(simulator.port, {"Authorization": "Bearer chosen"}) == {200}
    finally:
        simulator.stop()


@pytest.mark.parametrize(
    ("host", "expected"), [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("0.0.0.0", False), ("::", False)]
)
def test_loopback(host: str, expected: bool) -> None:
    """Only an address of loopback keeps others out."""
    assert is_loopback(host) is expected
    assert bool(Access.of(host, None).token) is not expected


@pytest.mark.parametrize("host", ["[::1]:8080", "[::1]", "10.0.0.1", "localhost.", "a.localhost:1", ""])
def test_names_that_nobody_can_point_here(host: str) -> None:
    """IP addresses and localhost are answered by any name of theirs."""
    assert Access().why_not([("host", host)]) == ""
