"""Answers whose bytes come when a script says: how much of them is read at a time, and each time and count of the call.

`UPDATE_GOLDEN=1 pytest tests/core/test_scripted_answers.py` writes the golden file anew: read the difference.
"""

from __future__ import annotations

import gzip
import json
import re
import ssl
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.exceptions import ProtocolError

from bedrock_locust.errors import classify
from bedrock_locust.formats import chat, converse
from bedrock_locust.process.clock import clock
from bedrock_locust.wire import exchange as exchange_module
from bedrock_locust.wire import stopwatch as stopwatch_module
from bedrock_locust.wire.connection import Address
from bedrock_locust.wire.exchange import BrokenResponseError, Exchange
from bedrock_locust.wire.measurement import Measurement
from bedrock_locust.wire.stopwatch import Stopwatch

from .golden_files import check_text
from .scripted import Time
from .test_measurement import frame

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bedrock_locust.call import Call

    Step = tuple[float, float, bytes | Exception]
    """Seconds from the sending on, seconds that the read is late, and what comes."""

CLOSED = b""


class Wire:
    """Pool and connection in one: what comes is there when the script says."""

    def __init__(self, time: Time, steps: Sequence[Step], *, known: bool = False) -> None:
        """`known`: the connection is from the pool."""
        self._time, self._steps, self._known = time, list(steps), known
        self._rest, self._size, self._take = b"", 0, cast("Callable[[bytes], int]", None)
        self.arrived = self.lag_s = 0.0
        self.sent_all, self.send_error = True, cast("OSError | None", None)
        self.refused: Exception | None = None
        self.reads: list[int] = []
        self.fate, self.ends = "open", 0

    def take(self, _: Address) -> Wire | None:
        """A connection that is there."""
        return self if self._known else None

    def connect(self, _: Address) -> Wire:
        """A new one, which takes 5 ms."""
        self._time.now += 0.005
        if self.refused:
            raise self.refused
        return self

    def give(self, _: Address, __: Wire) -> None:
        """Take it back."""
        self.fate, self.ends = "kept", self.ends + 1

    def read_on(self, size: int, take: Callable[[bytes], int]) -> None:
        """Read what comes from now on."""
        self._size, self._take = size, take

    def send(self, _: bytes) -> None:
        """Send."""
        self._sent_at = self._time.now

    def wait(self) -> None:
        """Let the next thing come."""
        at_s, late_s, what = self._steps.pop(0)
        self._time.now = self._sent_at + at_s + late_s
        if isinstance(what, Exception):
            raise what
        self.arrived, self.lag_s = self._time.monotonic() - late_s, late_s
        rest = what
        while self._size and (rest or not what):
            data, rest = rest[: self._size], rest[self._size :]
            self.reads.append(len(data))
            self._size = self._take(data)
            if not what:
                return

    def wake(self) -> None:
        """Nobody sleeps."""

    def close(self) -> None:
        """Close it."""
        self.fate, self.ends = "closed", self.ends + 1


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\nTransfer-Encoding: chunked\r\n\r\n"
SSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """A piece of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def whole(body: bytes, status: bytes = b"200 OK", more: bytes = b"") -> bytes:
    """A response with its length."""
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s" % (
        *(status, len(body), more, body),
    )


def text(words: str, **more: Any) -> bytes:
    """An event with text."""
    return frame("contentBlockDelta", {"delta": {"text": words}, "contentBlockIndex": 0, **more})


def reasoning(words: str) -> bytes:
    """An event with reasoning."""
    return frame("contentBlockDelta", {"delta": {"reasoningContent": {"text": words}}, "contentBlockIndex": 0})


START = frame("messageStart", {"role": "assistant"})
LONG = frame("messageStart", {"role": "x" * 5000})
STOP = frame("messageStop", {"stopReason": "end_turn"})
USAGE = frame("metadata", {"usage": {"inputTokens": 7, "outputTokens": 4}, "metrics": {"latencyMs": 900}})
END = chunk(STOP) + chunk(USAGE) + LAST
PLAIN: list[Step] = [
    (0.100, 0.001, HEAD),
    (0.120, 0.000, chunk(START)),
    (0.200, 0.004, chunk(text("One"))),
    (0.250, 0.000, chunk(text(" two"))),
    (0.350, 0.050, chunk(text(" three"))),
    (0.360, 0.000, chunk(text(" four"))),
    (0.400, 0.002, END),
]
THINKS: list[Step] = [
    (0.100, 0.000, HEAD + chunk(START)),
    (0.300, 0.001, chunk(frame("contentBlockDelta", {"delta": {"reasoningContent": {"signature": "abc"}}}))),
    (0.3005, 0.000, chunk(reasoning("Hm. "))),
    (0.500, 0.000, chunk(reasoning("So"))),
    (0.700, 0.000, chunk(text("Yes"))),
    (0.800, 0.000, END),
]
ANSWER = json.dumps(
    {
        "output": {"message": {"role": "assistant", "content": [{"text": "All of it"}]}},
        "stopReason": "max_tokens",
        "usage": {"inputTokens": 9, "outputTokens": 3, "cacheReadInputTokens": 2},
        "metrics": {"latencyMs": 321},
    }
).encode()


def delta(words: str, **more: Any) -> bytes:
    """An event of Chat Completions."""
    choice = {"index": 0, "delta": {"content": words}, "finish_reason": None, **more}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


COUNTS = b'data: {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}\n\n'
CHAT: list[Step] = [
    (0.050, 0.000, SSE_HEAD),
    (0.060, 0.000, chunk(b'data: {"choices": [], "about": "' + b"x" * 9000 + b'"}\n\n')),
    (0.070, 0.003, chunk(delta("Hi"))),
    (0.090, 0.000, chunk(delta(" you", finish_reason="stop"))),
    (0.095, 0.000, chunk(COUNTS + b"data: [DONE]\n\n") + LAST),
]
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"

CASES: dict[str, tuple[str, list[Step]]] = {
    "a stream, read late": ("converse_stream", PLAIN),
    "a stream that comes at once": ("converse_stream", [(0.5, 0.25, b"".join(cast("bytes", one[2]) for one in PLAIN))]),
    "a stream after interim responses": (
        "converse_stream",
        [(0.05, 0.0, INTERIM[:30]), (0.06, 0.0, INTERIM[30:]), *PLAIN],
    ),
    "reasoning that begins without words": ("converse_stream", THINKS),
    "reasoning whose words come later": (
        "converse_stream",
        [*THINKS[:2], *((at + 0.002, late, what) for at, late, what in THINKS[2:])],
    ),
    "events of more than 4 kB before the first token": (
        "converse_stream",
        [
            (0.1, 0.0, HEAD + chunk(frame("messageStart", {"role": "x" * 5000}))),
            (0.2, 0.0, chunk(text("One"))),
            (0.3, 0.0, END),
        ],
    ),
    "no token at all": ("converse_stream", [(0.1, 0.0, HEAD + chunk(START)), (0.2, 0.0, END)]),
    "no stop event": ("converse_stream", [*PLAIN[:5], (0.4, 0.0, LAST)]),
    "closed within the stream": ("converse_stream", [*PLAIN[:5], (0.4, 0.0, CLOSED)]),
    "silent within the stream": ("converse_stream", [*PLAIN[:5], (5.36, 0.0, TimeoutError("timed out"))]),
    "reset within the stream": (
        "converse_stream",
        [*PLAIN[:4], (0.4, 0.0, ConnectionResetError(104, "reset by peer"))],
    ),
    "bytes after the stream": ("converse_stream", [*PLAIN[:6], (0.4, 0.0, END + b"more")]),
    "server-sent events, after a long line": ("chat_completions_stream", CHAT),
    "server-sent events without an end": ("chat_completions_stream", [*CHAT[:4], (0.1, 0.0, LAST)]),
    "server-sent events whose last has no empty line": (
        "chat_completions_stream",
        [*CHAT[:4], (0.095, 0.0, chunk(COUNTS + b"data: [DONE]") + LAST)],
    ),
    "an error in place of events": (
        "chat_completions_stream",
        [(0.05, 0.0, whole(b'{"error": {"message": "overloaded", "type": "server_error", "code": "503"}}'))],
    ),
    "a whole answer": ("converse", [(0.1, 0.01, whole(ANSWER))]),
    "a whole answer in parts": (
        "converse",
        [(0.1, 0.0, whole(ANSWER)[:40]), (0.2, 0.0, whole(ANSWER)[40:200]), (0.3, 0.02, whole(ANSWER)[200:])],
    ),
    "an answer until the peer closes": (
        "converse",
        [(0.1, 0.0, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + ANSWER), (0.2, 0.0, CLOSED)],
    ),
    "an answer after which the connection closes": (
        "converse",
        [(0.1, 0.0, whole(ANSWER, more=b"Connection: close\r\n"))],
    ),
    "a compressed answer": (
        "converse",
        [(0.1, 0.0, whole(gzip.compress(ANSWER, mtime=0), more=b"Content-Encoding: gzip\r\n"))],
    ),
    "half an answer": ("converse", [(0.1, 0.0, whole(ANSWER)[:-5]), (0.2, 0.0, CLOSED)]),
    "closed before the head": ("converse", [(0.1, 0.0, CLOSED)]),
    "closed within the head": ("converse", [(0.1, 0.0, HEAD[:30]), (0.2, 0.0, CLOSED)]),
    "silent before the head": ("converse", [(5.0, 0.0, TimeoutError("timed out"))]),
    "no HTTP": ("converse", [(0.1, 0.0, b"SSH-2.0-OpenSSH_9.6\r\n\r\n")]),
}


def measured(time: Time, wire: Wire, operation: str) -> Call:
    """The Call of an answer: 20 ms after it was asked for, its request is sent, which takes 1 ms."""
    measurement, failure = Measurement({"operation": operation, "model_id": "m", "name": "n"}), None
    exchange: Exchange | None = None
    time.now += 0.020
    address: Any = Address("host", 443, tls=True)
    try:
        exchange = Exchange(cast("Any", wire), address, "https://host", measurement.stopwatch)
        exchange.send(b"request")
        measurement.response, measurement.exchange = {"HTTPHeaders": exchange.headers}, exchange
        if operation == "converse":
            measurement.body = exchange.read()
            converse.read(json.loads(measurement.content()), measurement.reading)
        elif operation == "converse_stream":
            measurement.drain(converse)
        else:
            measurement.drain_sse(cast("Any", chat))
    except Exception as error:  # noqa: BLE001 - whatever happens to a call is its result
        failure = classify(error, measurement.stopwatch.stage)
    if exchange:
        exchange.close()  # as the client does with each call
    time.now += 0.001
    return measurement.record(failure)


SHOWN = (
    *("send_delay_ms", "connect_ms", "ttft_ms", "first_text_ms", "last_token_ms", "max_gap_ms", "latency_ms"),
    *("read_lag_ms", "chunks", "content_bytes", "first_bytes", "reasoning_bytes", "input_tokens", "output_tokens"),
    *("cache_read_tokens", "server_latency_ms", "stop_reason", "error", "error_code", "error_stage", "text"),
)
OURS = re.compile(r"(?:(?!Connection broken: [A-Z]|No valid response).)*")
"""The part of a message that is not in the words of the parser of HTTP, which differ from version to version."""


def told(call: Call) -> str:
    """What is known of a call, in lines."""
    known = {name: value for name in SHOWN if (value := getattr(call, name)) not in (None, "")}
    words = [f"{name}={round(value, 3) if isinstance(value, float) else value!r}" for name, value in known.items()]
    said = OURS.match(call.error_message)
    return "  " + "\n  ".join(
        [" ".join(words), f"gaps={dict(sorted(call.gaps.items()))} {said[0] if said else ''}".rstrip()]
    )


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """A clock that the script sets."""
    made = Time()
    for module in (stopwatch_module, exchange_module):
        monkeypatch.setattr(module, "time", made)
    monkeypatch.setattr(clock, "wall_at", lambda moment: moment)
    return made


def test_answers_are_read_and_timed_as_they_were_read_and_approved(time: Time) -> None:
    """Each with the sizes of its reads, what becomes of its connection, and what is known of the call."""
    found = []
    for name, (operation, steps) in CASES.items():
        wire = Wire(time, steps)
        call = measured(time, wire, operation)
        assert wire.ends == 1, "a connection is given back or closed, and that once"
        assert call.latency_ms + call.started_at * 1000 <= time.monotonic() * 1000 + 1e-6
        found.append(f"{name}: connection {wire.fate}, reads {wire.reads}\n{told(call)}\n")
    check_text("answers.txt", "\n".join(found))


def test_a_request_that_is_not_sent_whole(time: Time) -> None:
    """What is wrong with sending is said where nothing came; what came all the same counts, and its connection goes."""
    broken = Wire(time, [(0.1, 0.0, CLOSED)])
    broken.send_error, broken.sent_all = BrokenPipeError(32, "Broken pipe"), False
    assert measured(time, broken, "converse").error_message.endswith("[Errno 32] Broken pipe")
    answered = Wire(time, [(0.1, 0.0, whole(ANSWER))], known=True)
    answered.send_error, answered.sent_all = BrokenPipeError(32, "Broken pipe"), False
    call = measured(time, answered, "converse")
    assert (call.error, call.output_tokens, call.connect_ms, answered.fate) == ("", 3, None, "closed")


@pytest.mark.parametrize(("size", "category"), [(262_144, ""), (262_145, "ConnectionError")])
def test_a_head_has_256_kb_at_most(time: Time, size: int, category: str) -> None:
    """One that has not ended after them is no head."""
    begun, end = b"HTTP/1.1 200 OK\r\nx: ", whole(ANSWER).removeprefix(b"HTTP/1.1 200 OK")
    filler = b"y" * (size - len(begun))
    call = measured(time, Wire(time, [(0.1, 0.0, begun + filler), (0.2, 0.0, end)]), "converse")
    assert call.error == category
    assert ("larger than 256 kB" in call.error_message) is bool(category)


@pytest.mark.parametrize("said", [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", HEAD[:30]])
def test_what_is_no_http_is_said_in_words(time: Time, said: bytes) -> None:
    """Without the number that the parser has beside them."""
    message = measured(time, Wire(time, [(0.1, 0.0, said), (0.2, 0.0, CLOSED)]), "converse").error_message
    assert message.startswith("No valid response from https://host: ")
    assert "(" not in message


@pytest.mark.parametrize(
    ("error", "category", "code", "message"),
    [
        (
            TimeoutError("timed out"),
            "TimeoutError",
            "ConnectTimeoutError",
            'Connect timeout on endpoint URL: "https://host"',
        ),
        (ssl.SSLError(1, "bad certificate"), "ConnectionError", "SSLError", "bad certificate"),
        (OSError(113, "No route to host"), "ConnectionError", "EndpointConnectionError", "https://host"),
    ],
    ids=["timeout", "tls", "route"],
)
def test_no_connection(time: Time, error: Exception, category: str, code: str, message: str) -> None:
    """Its failure is one of the connection, at its stage, with no time of connecting."""
    wire = Wire(time, [])
    wire.refused = error
    call = measured(time, wire, "converse_stream")
    assert (call.error, call.error_code, call.error_stage, call.connect_ms) == (category, code, "connect", None)
    assert message in call.error_message
    assert call.latency_ms == pytest.approx(26.0)


class Asking(Wire):
    """Gives each piece at once, however much was asked for, and notes what is asked for next; then it is silent."""

    def __init__(self, time: Time, pieces: Sequence[bytes]) -> None:
        super().__init__(time, [])
        self._pieces, self.wanted = list(pieces), list[int]()

    def wait(self) -> None:
        """Give the next piece."""
        if not self._pieces:
            raise TimeoutError("timed out")
        self.wanted.append(self._take(self._pieces.pop(0)))


def up_to(size: int, head: bytes, body: bytes = b"") -> list[bytes]:
    """A head, and what comes after it up to this number of bytes in all."""
    return [head, (b"fffffff\r\n" + body if body else b"y" * size)[: size - len(head)]]


MB = 1024 * 1024
LINES, LINE, BEGUN = (b":" + b"x" * 4000 + b"\n") * 2200, b"data: " + b"x" * (9 * MB), b"HTTP/1.1 200 OK\r\nx: "
ASKED: dict[str, tuple[str, list[bytes], list[int]]] = {
    "a stream": ("converse_stream", [HEAD, chunk(START), chunk(text("One")), chunk(text("two"))], [256, 256, MB, MB]),
    "a stream of which 4 kB have come": ("converse_stream", up_to(4096, HEAD, LONG), [256, 256]),
    "a stream of which more has come": ("converse_stream", up_to(4097, HEAD, LONG), [256, MB]),
    "a head of which 4 kB have come": ("converse_stream", up_to(4096, BEGUN), [256, 256]),
    "a head of which more has come": ("converse_stream", up_to(4097, BEGUN), [256, MB]),
    "a whole answer": ("converse", [whole(ANSWER)[:20], whole(ANSWER)[20:200], whole(ANSWER)[200:]], [256, MB, 0]),
    "events": ("chat_completions_stream", [SSE_HEAD, chunk(delta("Hi")), chunk(delta("you"))], [256, MB, MB]),
    "a line of 4 kB": ("chat_completions_stream", [SSE_HEAD, b"fffff\r\n" + LINE[:4096]], [256, 256]),
    "a longer line": ("chat_completions_stream", [SSE_HEAD, b"fffff\r\n" + LINE[:4097]], [256, 4096]),
    "events of 8 MB": ("chat_completions_stream", up_to(8 * MB, SSE_HEAD, LINES), [256, 256]),
    "more events": ("chat_completions_stream", up_to(8 * MB + 1, SSE_HEAD, LINES), [256, MB]),
    "a line of 8 MB": ("chat_completions_stream", up_to(8 * MB, SSE_HEAD, LINE), [256, 4096]),
    "a line of more": ("chat_completions_stream", up_to(8 * MB + 1, SSE_HEAD, LINE), [256, MB]),
}


@pytest.mark.parametrize("case", ASKED)
def test_how_much_is_read_at_a_time(time: Time, case: str) -> None:
    """Little while each byte may be the first token: not in a long line, nor once more has come than any begin has."""
    operation, pieces, wanted = ASKED[case]
    wire = Asking(time, pieces)
    measured(time, wire, operation)
    assert wire.wanted == wanted


def exchange_on(wire: Wire) -> Exchange:
    """An exchange of which the connection is scripted."""
    return Exchange(cast("Any", wire), Address("host", 443, tls=True), "https://host", Stopwatch())


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (TimeoutError("timed out"), ReadTimeoutError),
        (ConnectionResetError(104, "reset"), ConnectionClosedError),
        (ProtocolError("no end"), BrokenResponseError),
        (MemoryError("full"), MemoryError),
    ],
    ids=["timeout", "reset", "protocol", "other"],
)
def test_a_request_without_a_response(time: Time, error: Exception, raised: type[Exception]) -> None:
    """Its connection is closed at once, as nobody else knows of it; the error has the address and its cause."""
    wire = Wire(time, [(0.1, 0.0, error)])
    with pytest.raises(raised) as caught:
        exchange_on(wire).send(b"request")
    assert (wire.fate, wire.ends) == ("closed", 1)
    if isinstance(caught.value, BotoCoreError):
        assert caught.value.kwargs == {"endpoint_url": "https://host", "error": error}
        assert caught.value.__cause__ is error


@pytest.mark.parametrize("stream", [False, True], ids=["head", "body"])
def test_silence_has_the_address_and_its_cause(time: Time, stream: bool) -> None:
    """Before the head and within the body."""
    silence = TimeoutError("timed out")
    wire = Wire(time, [(0.1, 0.0, HEAD), (0.2, 0.0, silence)] if stream else [(0.1, 0.0, silence)])
    exchange = exchange_on(wire)
    if stream:
        exchange.send(b"request")
    with pytest.raises(ReadTimeoutError) as caught:
        exchange.read() if stream else exchange.send(b"request")
    assert caught.value.kwargs == {"endpoint_url": "https://host", "error": silence}
    assert wire.fate == "closed"


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (TimeoutError("timed out"), ConnectTimeoutError),
        (ssl.SSLError(1, "bad certificate"), SSLError),
        (OSError(113, "No route to host"), EndpointConnectionError),
    ],
    ids=["timeout", "tls", "route"],
)
def test_no_connection_has_the_address_and_its_cause(time: Time, error: Exception, raised: type[Exception]) -> None:
    """As botocore's own errors."""
    wire = Wire(time, [])
    wire.refused = error
    with pytest.raises(raised) as caught:
        exchange_on(wire)
    assert isinstance(caught.value, BotoCoreError)
    assert caught.value.kwargs == {"endpoint_url": "https://host", "error": error}


@pytest.mark.parametrize(("size", "code"), [(288, ""), (287, "AnswerTooLargeError")])
def test_a_response_may_be_as_large_as_the_limit(
    time: Time, monkeypatch: pytest.MonkeyPatch, size: int, code: str
) -> None:
    """And no larger, head and body together."""
    answer = whole(ANSWER)
    assert len(answer) == 288
    monkeypatch.setattr(exchange_module, "LIMIT", size)
    assert measured(time, Wire(time, [(0.1, 0.0, answer)]), "converse").error_code == code


def test_nothing_is_read_after_the_end(time: Time) -> None:
    """What comes after a response stays where it is: whoever takes the connection next finds it there."""
    body = b" " * (256 - len(whole(b"x" * 100)) + 100)
    wire = Wire(time, [(0.1, 0.0, whole(body) + b"HTTP/1.1 408 Request Timeout\r\n\r\n")])
    exchange = exchange_on(wire)
    exchange.send(b"request")
    assert exchange.read() == body
    assert (wire.reads, wire.fate) == ([256], "kept")


def test_a_body_is_read_by_whoever_asks(time: Time) -> None:
    """In parts as they come: by one before the first token and by another from then on, or by the same; or in whole."""
    steps: list[Step] = [(0.1, 0.0, HEAD), *((n / 10, n / 100, chunk(b"abc"[n - 2 : n - 1])) for n in (2, 3, 4))]
    for given in (True, False):
        before, after, watch = list[bytes](), list[bytes](), Stopwatch()
        wire = Wire(time, [*steps, (0.5, 0.0, LAST)])
        exchange = Exchange(cast("Any", wire), Address("host", 443, tls=True), "https://host", watch)

        def feed(data: bytes, watch: Stopwatch = watch, before: list[bytes] = before) -> None:
            before.append(data)
            watch.content("text" if data == b"b" else "")

        exchange.send(b"request")
        exchange.read_stream(feed, after.append if given else None)
        assert (before, after) == (([b"a", b"b"], [b"c"]) if given else ([b"a", b"b", b"c"], []))
        assert watch.read_lag_ms == pytest.approx(30)
        assert wire.fate == "kept"
    whole_body = exchange_on(Wire(time, [(0.1, 0.0, whole(ANSWER))]))
    whole_body.send(b"request")
    assert list(whole_body.stream()) == [ANSWER]
