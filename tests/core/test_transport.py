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

from .answers import answer
from .raw_server import CLOSE, read_head, response, serving
from .test_client import CLAUDE, OPERATIONS, ask
from .test_http_response import INTERIM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bedrock_locust.client import BedrockClient


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Simulator, Path]]:
    """A simulator with TLS, and its certificate."""
    certificate = tmp_path_factory.mktemp("tls") / "certificate.pem"
    simulator = Simulator(
        "--tls-self-made", str(certificate), "--ttft-ms", "20", "--tpot-ms", "2", "--tokens-per-event", "1"
    )
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
        simulator.stop()


def test_a_new_connection_is_told_apart(client: BedrockClient, transport: str) -> None:
    """The time of connecting is recorded for the call that connects, and is part of what came before the start."""
    first, second = ask(client, "converse_stream"), ask(client, "converse_stream")
    if transport == "botocore":
        assert (first.connect_ms, first.read_lag_ms) == (None, None), "botocore does not say"
        return
    assert first.connect_ms is not None
    assert first.send_delay_ms is not None
    assert 0 < first.connect_ms <= first.send_delay_ms
    assert second.connect_ms is None, "the connection of the call before"
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


class _Counting:
    """Answers the first call with one token, the second with two, and puts around each what a server may put there."""

    def __init__(self, operation: str, before: bytes = b"", after: bytes = b"", *, late: bool = False) -> None:
        self._operation, self._before, self._after, self._late = operation, before, after, late
        self._calls = 0

    def __call__(self, peer: socket.socket, request: bytes) -> object:
        self._calls += 1
        said = self._before + answer(self._operation, self._calls)
        if self._late:
            peer.sendall(said)
            gevent.sleep(0.05)
            peer.sendall(self._after)
        else:
            peer.sendall(said + self._after)
        return None


CONVERSE = ("converse", "converse_stream")


@pytest.mark.parametrize("before", INTERIM.values(), ids=INTERIM)
@pytest.mark.parametrize("operation", CONVERSE)
def test_interim_responses(make_client: Callable[..., BedrockClient], operation: str, before: bytes) -> None:
    """An interim response is not the answer, and each call gets its own answer, on one connection."""
    with serving(_Counting(operation, before + before)) as server:
        client = make_client(url=server.url)
        calls = [ask(client, operation) for _ in range(3)]
        assert [(call.error_message, call.output_tokens) for call in calls] == [("", 1), ("", 2), ("", 3)]


SURPLUS = {
    "a response": answer("converse", 77),
    "an empty line": b"\r\n",
    "no HTTP": b"xx",
    "the begin of one": b"HTTP/",
}


@pytest.mark.parametrize("late", [False, True], ids=["at once", "late"])
@pytest.mark.parametrize("after", SURPLUS.values(), ids=SURPLUS)
@pytest.mark.parametrize("operation", CONVERSE)
def test_bytes_left_over(make_client: Callable[..., BedrockClient], operation: str, after: bytes, late: bool) -> None:
    """What nobody asked for is never taken for the answer to the next call."""
    with serving(_Counting(operation, after=after, late=late)) as server:
        client = make_client(url=server.url)
        calls = []
        for _ in range(3):
            calls.append(ask(client, operation))
            gevent.sleep(0.1)
        assert [(call.error_message, call.output_tokens) for call in calls] == [("", 1), ("", 2), ("", 3)]


ENDING = {
    "close": ("content-length: {}", "connection: close"),
    "HTTP/1.0": ("content-length: {}",),
    "no length": (),
}


@pytest.mark.parametrize("ending", ENDING)
def test_connections_that_are_used_once(make_client: Callable[..., BedrockClient], ending: str) -> None:
    """An answer that ends with its connection is whole, and the next call makes a new one."""
    _, _, body = answer("converse").partition(b"\r\n\r\n")
    fields = [field.format(len(body)) for field in ENDING[ending]]
    version = "1.0" if ending == "HTTP/1.0" else "1.1"
    head = "\r\n".join([f"HTTP/{version} 200 OK", "content-type: application/json", *fields, "", ""]).encode()

    def once(peer: socket.socket, request: bytes) -> object:
        peer.sendall(head + body)
        return CLOSE

    with serving(once) as server:
        client = make_client(url=server.url)
        assert [ask(client, "converse").error_message for _ in range(3)] == ["", "", ""]
        assert server.connections == 3


REFUSAL = response(b'{"message":"too large"}', "x-amzn-errortype: ValidationException", status="413 Payload Too Large")


@pytest.mark.parametrize("stays", [False, True], ids=["closes", "stays"])
@pytest.mark.parametrize("operation", CONVERSE)
def test_an_answer_before_all_of_the_request(
    make_client: Callable[..., BedrockClient], transport: str, operation: str, stays: bool
) -> None:
    """A service that refuses a request before it has read it is heard, and the connection is not used again."""
    if stays and transport == "botocore":
        pytest.skip("http.client sends all of a request before it reads")

    def refuse(peer: socket.socket, request: bytes) -> object:
        peer.sendall(REFUSAL)
        if stays:
            gevent.sleep(5)
        return CLOSE

    prompt = [{"role": "user", "content": [{"text": "x" * 20_000_000}]}]
    with serving(refuse, read_head) as server:
        client = make_client(url=server.url)
        calls = [getattr(client, operation)(modelId=CLAUDE, messages=prompt) for _ in range(2)]
        assert [(call.error, call.error_code) for call in calls] == [("ValidationError", "ValidationException")] * 2
        assert server.connections == 2


def test_a_peer_that_goes_away_in_the_middle_of_the_request(make_client: Callable[..., BedrockClient]) -> None:
    """Without a word it is a failure of the connection."""
    prompt = [{"role": "user", "content": [{"text": "x" * 20_000_000}]}]
    with serving(lambda _, __: CLOSE, read_head) as server:
        call = make_client(url=server.url).converse(modelId=CLAUDE, messages=prompt)
    assert (call.error, call.error_stage) == ("ConnectionError", "response")
