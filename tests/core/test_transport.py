"""The measured socket: TLS, IPv6, kept and dead connections, and proxies."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import gevent
import pytest
from gevent.pywsgi import WSGIServer

from bedrock_locust.aws import boto3_client as connection
from bedrock_locust.settings.schema import Settings
from tests.simulator.process import Simulator

from .test_client import CLAUDE, OPERATIONS, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bedrock_locust.client import BedrockClient


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Simulator, Path]]:
    """A simulator with TLS, and its certificate."""
    certificate = tmp_path_factory.mktemp("tls") / "certificate.pem"
    simulator = Simulator("--tls-self-made", str(certificate), "--ttft-ms", "20", "--tpot-ms", "2")
    yield simulator, certificate
    simulator.stop()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_tls(
    make_client: Callable[..., BedrockClient],
    secure: tuple[Simulator, Path],
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
) -> None:
    """Calls go over TLS with the certificates of AWS_CA_BUNDLE, again and again on one connection."""
    simulator, certificate = secure
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    client = make_client(url=simulator.url)
    calls = [ask(client, operation) for _ in range(3)]
    assert [call.error_message for call in calls if not call.ok] == []
    if calls[0].mode == "streaming":
        assert all(call.ttft_ms and call.ttft_ms > 15 for call in calls)
        assert all(call.chunks == call.output_tokens for call in calls)


def test_certificates_are_verified(make_client: Callable[..., BedrockClient], secure: tuple[Simulator, Path]) -> None:
    """A certificate that nobody vouches for is a failure to connect, and the message says so."""
    call = ask(make_client(url=secure[0].url), "converse_stream")
    assert (call.error, call.error_code, call.error_stage) == ("ConnectionError", "SSLError", "connect")
    assert "certificate verify failed" in call.error_message


def test_ipv6(make_client: Callable[..., BedrockClient]) -> None:
    """An endpoint may have an IPv6 address."""
    simulator = Simulator("--host", "::1", "--ttft-ms", "10", "--tpot-ms", "1")
    try:
        assert "[::1]" in simulator.url
        call = ask(make_client(url=simulator.url), "converse_stream")
        assert call.ok, call
    finally:
        simulator.process.terminate()
        simulator.process.communicate(timeout=10)


def test_a_new_connection_is_told_apart(client: BedrockClient, transport: str) -> None:
    """The time of connecting is recorded for the call that connects, and is part of what came before the start."""
    ask(client, "converse")
    first, second = ask(client, "converse_stream"), ask(client, "converse_stream")
    if transport == "botocore":
        assert (first.connect_ms, first.read_lag_ms) == (None, None), "botocore does not say"
        return
    assert first.connect_ms is None, "the connection of the call before"
    assert second.connect_ms is None
    assert second.read_lag_ms is not None


def test_dead_connections_are_not_used(make_client: Callable[..., BedrockClient]) -> None:
    """A connection that the service closed while it was idle is replaced without a failure."""
    answers = _Closing()
    client = make_client(url=answers.url)
    calls = []
    for _ in range(3):
        calls.append(ask(client, "converse"))
        gevent.sleep(0.1)
    answers.stop()
    assert [call.error_message for call in calls if not call.ok] == []
    assert answers.connections == 3


class _Closing:
    """A server that answers one request on each connection, promises to keep it, and closes it soon after."""

    LENGTH = True
    BODY = b'{"output":{"message":{"role":"assistant","content":[{"text":"hi"}]}},"stopReason":"end_turn"}'

    def __init__(self) -> None:
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._serving = gevent.spawn(self._serve)

    def _serve(self) -> None:
        while True:
            peer, _ = self._listener.accept()
            self.connections += 1
            gevent.spawn(self._answer, peer)

    def _answer(self, peer: socket.socket) -> None:
        with peer:
            said = b""
            while b"\r\n\r\n" not in said or not said.rstrip().endswith(b"}"):
                said += peer.recv(65536)
            length = f"content-length: {len(self.BODY)}\r\n" if self.LENGTH else ""
            peer.sendall(f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{length}\r\n".encode() + self.BODY)
            gevent.sleep(0.02)

    def stop(self) -> None:
        """Stop listening."""
        self._serving.kill()
        self._listener.close()


class _Unmeasured(_Closing):
    """One that does not say how long its answer is: it ends where the connection does."""

    LENGTH = False


def test_an_answer_that_ends_with_its_connection(make_client: Callable[..., BedrockClient]) -> None:
    """An answer without a length is whole when the connection is closed."""
    answers = _Unmeasured()
    calls = [ask(make_client(url=answers.url), "converse") for _ in range(2)]
    answers.stop()
    assert [call.error_message for call in calls if not call.ok] == []


def test_proxies_are_left_to_botocore(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Where a proxy is set, botocore's own transport is used, and a line says so."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    settings = Settings.model_validate({"model": {"id": CLAUDE}, "aws": {"region": "us-east-1"}})
    connection.connect(settings, simulator=True, version="test")
    assert "a proxy is set for https://bedrock-runtime.us-east-1.amazonaws.com" in caplog.text
    caplog.clear()
    monkeypatch.setenv("NO_PROXY", "bedrock-runtime.us-east-1.amazonaws.com")
    connection.connect(settings, simulator=True, version="test")
    assert caplog.text == ""


def test_an_answer_in_one_piece(make_client: Callable[..., BedrockClient]) -> None:
    """An answer with a content length, on a connection that closes, is read like any other."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        environ["wsgi.input"].read()
        start("200 OK", [("content-type", "application/json"), ("connection", "close")])
        return [_Closing.BODY]

    server = WSGIServer(("127.0.0.1", 0), answer, log=None)
    server.start()
    call = ask(make_client(url=f"http://127.0.0.1:{server.server_port}"), "converse")
    server.stop()
    assert call.ok, call
