"""Calls over real sockets, whose answers come in pieces of seven bytes: what is sent, the call and its event, in whole.

`UPDATE_GOLDEN=1 pytest tests/core/test_whole_calls.py` writes the golden files anew: read the difference.
"""

from __future__ import annotations

import base64
import json
import re
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from locust.event import EventHook

import boto3
import gevent
import pytest
from botocore.exceptions import ParamValidationError

from bedrock_locust.aws.boto3_client import connect
from bedrock_locust.call import COLUMNS
from bedrock_locust.client import Answer as Judged
from bedrock_locust.client import BedrockClient
from bedrock_locust.settings.schema import Settings
from bedrock_locust.wire.in_flight import calls_in_flight, follow, in_flight

from .answers import events, frames, streamed, whole
from .golden_files import check_text
from .open_apis import Service
from .raw_server import CLOSE, RawServer, response, serving
from .readings import METRICS
from .test_apis import ASKED as OPEN
from .test_eventstream import encode

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping

    from .raw_server import Answer

CLAUDE = "us.anthropic.claude-sonnet-4-20250514-v1:0"
PROMPT = [{"role": "user", "content": [{"text": "Why?"}]}]
CONVERSE: dict[str, Any] = {"modelId": CLAUDE, "messages": PROMPT, "inferenceConfig": {"maxTokens": 50}}
BODY = {"anthropic_version": "x", "max_tokens": 40, "messages": [{"role": "user", "content": "Why?"}]}
INVOKE: dict[str, Any] = {"modelId": CLAUDE, "body": json.dumps(BODY)}
COUNTED = ("x-amzn-bedrock-input-token-count: 20", "x-amzn-bedrock-output-token-count: 300")
ID = "x-amzn-requestid: id-1"


class Slowly:
    """A socket that sends seven bytes at a time."""

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer

    def sendall(self, data: bytes) -> None:
        """Send it; others have their turn in between."""
        for start in range(0, len(data), 7):
            self._peer.sendall(data[start : start + 7])
            gevent.sleep(0)


def says(data: bytes) -> Answer:
    """Gives this answer."""
    return lambda peer, _: peer.sendall(data)


def breaks_off(data: bytes) -> Answer:
    """Gives this answer, and closes the connection."""

    def answer(peer: socket.socket, _: bytes) -> object:
        peer.sendall(data)
        return CLOSE

    return answer


def claude(*said: Any) -> bytes:
    """The stream of InvokeModel with these events of Claude."""
    return frames(("chunk", {"bytes": base64.b64encode(json.dumps(one).encode()).decode()}) for one in said)


WHOLE_CLAUDE = {
    "content": [{"type": "text", "text": "hi"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 5, "output_tokens": 2},
}
STREAM_CLAUDE = (
    {"type": "message_start", "message": {"usage": {"input_tokens": 5, "output_tokens": 1}}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " there"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
)
BEGUN = frames([("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "hi"}})])
THROTTLE = encode(({":message-type": "exception", ":exception-type": "throttlingException"}, b'{"message":"slow"}'))
SLOW_DOWN = response(
    b'{"message":"Too many tokens, please wait"}',
    *(ID, "x-amzn-errortype: ThrottlingException:http://x"),
    status="429 Too Many Requests",
)
MOVED = response(b"", "location: https://a.example/login?token=secret", status="302 Found", content_type="text/html")
LOGIN = response(b"<html>Sign in</html>", content_type="text/html")
ODD = response(b'{"output": {"message": {"content": [{"text": "hi"}]}}, "stopReason": "end_turn", "usage": [1]}')
HINTS = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
OPEN_ANSWER = json.dumps({**WHOLE_CLAUDE, "type": "message", "role": "assistant"}).encode()
OWN = {"extra_headers": {"X-Own": 7}}
CASES: dict[str, tuple[str, Mapping[str, Any], Answer]] = {
    "Converse": ("converse", CONVERSE, says(whole(3, ID))),
    "Converse with a name": ("converse", {**CONVERSE, "name": "question"}, says(whole(3, ID))),
    "ConverseStream": ("converse_stream", CONVERSE, says(streamed(events(3, "hi", " there"), ID))),
    "InvokeModel": ("invoke_model", INVOKE, says(response(json.dumps(WHOLE_CLAUDE).encode(), ID))),
    "InvokeModel with counts in its headers": (
        "invoke_model",
        INVOKE,
        says(response(json.dumps({**WHOLE_CLAUDE, "usage": {}}).encode(), *COUNTED)),
    ),
    "InvokeModel with figures of the service": (
        "invoke_model",
        INVOKE,
        says(response(json.dumps({**WHOLE_CLAUDE, **METRICS, "usage": {}}).encode())),
    ),
    "InvokeModelWithResponseStream": (
        "invoke_model_with_response_stream",
        INVOKE,
        says(streamed(claude(*STREAM_CLAUDE), ID)),
    ),
    "Responses": ("responses", OPEN["responses"], Service(gap_s=0.001)),
    "Responses as a stream": ("responses", {**OPEN["responses"], "stream": True}, Service(gap_s=0.001)),
    "Chat": ("chat_completions", {**OPEN["chat_completions"], **OWN}, Service(gap_s=0.001)),
    "Chat as a stream": ("chat_completions", {**OPEN["chat_completions"], "stream": True}, Service(gap_s=0.001)),
    "Messages": ("messages", OPEN["messages"], Service(gap_s=0.001)),
    "Messages as a stream": ("messages", {**OPEN["messages"], "stream": True}, Service(gap_s=0.001)),
    "a throttle": ("converse_stream", CONVERSE, says(SLOW_DOWN)),
    "a throttle of Messages": ("messages", {**OPEN["messages"], "stream": True}, says(SLOW_DOWN)),
    "a throttle within a stream": ("converse_stream", CONVERSE, says(streamed(BEGUN + THROTTLE, ID))),
    "an answer of other types": ("converse", CONVERSE, says(ODD)),
    "an answer after others": ("converse", CONVERSE, says(HINTS + whole(3, ID))),
    "a status of 299": ("converse", CONVERSE, says(whole(3, ID).replace(b"200 OK", b"299 So"))),
    "a status of 299 for Messages": ("messages", OPEN["messages"], says(response(OPEN_ANSWER, status="299 So"))),
    "a status of 300": ("converse", CONVERSE, says(response(b"{}", status="300 Many"))),
    "a status of 300 for Messages": ("messages", OPEN["messages"], says(response(OPEN_ANSWER, status="300 Many"))),
    "a status of 399": ("converse", CONVERSE, says(response(b"{}", status="399 So"))),
    "a status of 400": ("converse", CONVERSE, says(response(b'{"a":1}', status="400 No"))),
    "elsewhere": ("converse", CONVERSE, says(MOVED)),
    "elsewhere for Chat": ("chat_completions", OPEN["chat_completions"], says(MOVED)),
    "a page": ("invoke_model", INVOKE, says(LOGIN)),
    "a page in place of a stream": ("responses", {**OPEN["responses"], "stream": True}, says(LOGIN)),
    "an end within a stream": ("converse_stream", CONVERSE, breaks_off(streamed(events(3, "hi", " there"))[:500])),
    "no answer": ("converse", CONVERSE, breaks_off(b"")),
    "an answer that a task refuses": ("converse", {**CONVERSE, "catch_response": True}, says(whole(3, ID))),
}
TIMES = ("send_delay_ms", "connect_ms", "ttft_ms", "first_text_ms", "last_token_ms", "max_gap_ms", "latency_ms")
TAGS = {"level": "streaming-2", "users": 2, "phase": "measure", "worker": "w", "session": "s", "turn": 3}
PER_REQUEST = ("x-amz-date", "authorization", "user-agent", "amz-sdk-invocation-id", "amz-sdk-request")


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    """What answers."""
    with serving(lambda _, __: None) as started:
        yield started


@pytest.fixture
def ask(server: RawServer, transport: str) -> Callable[[str], tuple[dict[str, Any], bytes]]:
    """Makes the call of a case: its event, and what was sent."""
    hook, fired = EventHook(), list[dict[str, Any]]()
    hook.add_listener(lambda **event: fired.append(event))
    about = {
        "model": {"id": "any"},
        "aws": {"endpoint_url": server.url},
        "test": {"transport": transport, "timeout_seconds": 5},
    }
    client = BedrockClient(
        connect(Settings.model_validate(about), simulator=True, version="test"),
        hook,
        tags=lambda: dict(TAGS),
        context=lambda: {"seen": len(fired)},
    )

    def asking(case: str) -> tuple[dict[str, Any], bytes]:
        method, arguments, answer = CASES[case]
        server.answer = lambda peer, request: answer(Slowly(peer), request)  # type: ignore[arg-type]  # all it needs
        fired.clear()
        server.requests.clear()
        found = getattr(client, method)(**arguments)
        if isinstance(found, Judged):
            assert fired == []
            with found:
                found.failure("too short")
        [event], [request] = fired, server.requests
        assert event["response"] is (found.call if isinstance(found, Judged) else found)
        return event, request

    return asking


def sent(request: bytes) -> list[str]:
    """A request in words, without what differs from call to call."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    fields = sorted((name.lower(), value) for name, _, value in (line.partition(": ") for line in lines))
    names = [name for name, _ in fields]
    assert len(set(names)) == len(names)
    assert {"host", "user-agent", "authorization"} <= set(names)
    kept = [f"{name}: {value}" for name, value in fields if name not in {*PER_REQUEST, "host"}]
    return [f"{first} | {' | '.join(kept)}", body.decode()]


OTHERS = re.compile(r"(Connection broken:|No valid response from|Connection was closed).*")
"""Words of urllib3, botocore and the parser of HTTP, which differ from version to version."""


def told(event: dict[str, Any]) -> list[str]:
    """A call in words: figures that are not 0, and which times are known."""
    values = {name: value for name, value in asdict(event["response"]).items() if name in COLUMNS}
    for name in ("started_at", "latency_ms", "send_delay_ms"):
        assert values.pop(name) > 0
    known = [name for name in TIMES if values.pop(name, None) is not None]
    del values["read_lag_ms"]
    assert {name: values.pop(name) for name in TAGS} == TAGS
    said = {name: value for name, value in values.items() if value not in (None, "")}
    call = event["response"]
    more = [f"{name}={getattr(call, name)!r}" for name in ("text", "response_id") if getattr(call, name)]
    if "error_message" in said:
        said["error_message"] = OTHERS.sub(r"\1...", said["error_message"])
    return [
        f"  {' '.join(f'{name}={value!r}' for name, value in said.items())}",
        f"  known: {' '.join(known)}; {sum(call.gaps.values())} silences {' '.join(more)}",
    ]


def of_event(event: dict[str, Any]) -> str:
    """What Locust and its listeners get besides the call."""
    call = event["response"]
    same = {"response_time": "latency_ms", "start_time": "started_at", "ttft_ms": "ttft_ms", "name": "name"}
    same |= {"request_type": "operation", "input_tokens": "input_tokens", "output_tokens": "output_tokens"}
    assert {name: event[name] for name in same} == {name: getattr(call, of) for name, of in same.items()}
    more = {name: value for name, value in event.items() if name not in {*same, "response"}}
    return f"  event: {more}"


def check_times(event: dict[str, Any], begun: float, took_s: float, transport: str) -> None:
    """They are in order, and within what the whole took."""
    call = event["response"]
    order = (0, call.ttft_ms, call.first_text_ms, call.last_token_ms, call.latency_ms, took_s * 1000)
    known = [value for value in order if value is not None]
    assert known == sorted(known)
    assert 0 <= (call.connect_ms or 0) <= call.send_delay_ms <= took_s * 1000 - call.latency_ms
    assert -0.1 < call.started_at - begun - call.send_delay_ms / 1000 < took_s + 0.1
    if call.mode == "streaming" and call.ok:
        assert (call.read_lag_ms is not None) == (transport == "measured")
    assert (call.max_gap_ms is None) == (not call.chunks or call.chunks < 2)
    if call.max_gap_ms is not None:
        assert 0 <= call.max_gap_ms <= (call.last_token_ms or 0) - (call.ttft_ms or 0) + 1e-6


@pytest.mark.parametrize("transport", ["measured", "botocore"])
def test_calls_are_as_they_were_read_and_approved(
    ask: Callable[[str], tuple[dict[str, Any], bytes]], transport: str
) -> None:
    """Requests, all columns of the calls, and events; afterwards no call is in flight."""
    lines = list[str]()
    for case in CASES:
        begun, moment = time.time(), time.perf_counter()
        event, request = ask(case)
        check_times(event, begun, time.perf_counter() - moment, transport)
        lines += [f"{case}:", *(f"  {line}" for line in sent(request)), *told(event), of_event(event), ""]
        assert calls_in_flight.now == 0
        assert (in_flight.stopwatch, in_flight.exchange, in_flight.body, in_flight.signing) == (None,) * 3 + (False,)
    check_text(f"calls_{transport}.txt", "\n".join(lines))


def test_a_call_has_twenty_minutes(server: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody says otherwise; tags and context are empty then."""
    limits, start_new = list[float](), gevent.Timeout.start_new
    hook, fired = EventHook(), list[dict[str, Any]]()
    hook.add_listener(lambda **event: fired.append(event))
    settings = Settings.model_validate({"model": {"id": "any"}, "aws": {"endpoint_url": server.url}})
    client = BedrockClient(connect(settings, simulator=True, version="test"), hook)
    server.answer = says(whole(3, ID))

    def noted(seconds: float) -> gevent.Timeout:
        limits.append(seconds)
        return start_new(seconds)

    with monkeypatch.context() as patch:
        patch.setattr(gevent.Timeout, "start_new", noted)
        call = client.converse(**CONVERSE)
    assert 1200 in limits
    assert (call.level, call.users, call.phase, call.worker, fired[0]["context"]) == ("", None, "", "", {})


@pytest.fixture
def fired() -> list[dict[str, Any]]:
    """The events of a client."""
    return []


@pytest.fixture
def client_of(server: RawServer, fired: list[dict[str, Any]]) -> Callable[[float], BedrockClient]:
    """Makes clients by the limit of their calls."""
    hook = EventHook()
    hook.add_listener(lambda **event: fired.append(event))
    settings = Settings.model_validate({"model": {"id": "any"}, "aws": {"endpoint_url": server.url}})
    boto3_client = connect(settings, simulator=True, version="test")
    return lambda limit_s: BedrockClient(boto3_client, hook, call_limit_s=limit_s)


Cut = tuple[str, dict[str, Any], bytes]
HALF = streamed(events(3, "hi", " there"))[:500]
CUT: dict[str, Cut] = {
    "before an answer": ("converse", CONVERSE, b""),
    "in an answer": ("converse", CONVERSE, whole(3)[:-5]),
    "in a stream": ("converse_stream", CONVERSE, HALF),
    "in a stream of events": ("messages", {**OPEN["messages"], "stream": True}, b"HTTP/1.1 200 OK\r\n"),
}


def then_silent(data: bytes, seen: list[bytes]) -> Answer:
    """Gives this much of an answer, and waits for the client to go."""

    def answer(peer: socket.socket, _: bytes) -> object:
        peer.sendall(data)
        seen.append(peer.recv(1))
        return CLOSE

    return answer


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[gevent.Timeout]:
    """The limits of the calls that begin: those of 77 s."""
    found, start_new = list[gevent.Timeout](), gevent.Timeout.start_new

    def noted(seconds: float, *more: Any, **options: Any) -> gevent.Timeout:
        limit = start_new(seconds, *more, **options)
        if seconds == 77:
            found.append(limit)
        return limit

    monkeypatch.setattr(gevent.Timeout, "start_new", noted)
    return found


def until(condition: Callable[[], object]) -> None:
    """Let others go on until it holds, and some rounds longer."""
    with gevent.Timeout(20):
        while not condition():
            gevent.sleep(0.001)
        for _ in range(20):
            gevent.sleep(0.001)


@pytest.mark.parametrize("killed", [True, False], ids=["killed", "too long"])
@pytest.mark.parametrize("case", CUT)
def test_a_call_that_is_cut_off(  # noqa: PLR0917 - what is tried
    server: RawServer,
    client_of: Callable[[float], BedrockClient],
    fired: list[dict[str, Any]],
    limits: list[gevent.Timeout],
    case: str,
    killed: bool,
) -> None:
    """It counts once, its connection is closed, and its user goes on only where it was the limit of the call."""
    method, arguments, said = CUT[case]
    seen, went_on = list[bytes](), list[object]()
    server.requests.clear()
    server.answer = then_silent(said, seen)
    user = gevent.spawn(lambda: went_on.append(getattr(client_of(77), method)(**arguments)))
    until(lambda: server.requests)
    assert (fired, calls_in_flight.now) == ([], 1)
    [limit] = limits
    user.kill(timeout=20) if killed else user.kill(limit, timeout=20)
    [event] = fired
    call = event["response"]
    stage = "stream" if case == "in a stream" else "response"
    if killed:
        assert (went_on, call.error, call.error_message) == ([], "Cancelled", "cut off by the end of the run")
        assert (call.error_code, call.error_stage, str(event["exception"])) == ("", "", "Cancelled")
        assert isinstance(user.value, gevent.GreenletExit)
    else:
        assert went_on == [call]
        assert (call.error, call.error_code, call.error_stage) == ("TimeoutError", "DeadlineError", stage)
        assert call.error_message == "still running after 77 s, the most that a call may take"
    assert call.text == ("hi" if case == "in a stream" else "")
    until(lambda: seen)
    assert (seen, calls_in_flight.now, in_flight.stopwatch, limit.pending) == ([b""], 0, None, False)


@pytest.mark.parametrize("method", ["converse_stream", "invoke_model_with_response_stream"])
def test_a_stream_that_nobody_can_read(
    server: RawServer, client_of: Callable[[float], BedrockClient], method: str
) -> None:
    """It is refused by its head, and its connection closed: nobody waits for the rest."""
    seen = list[bytes]()
    server.answer = then_silent(streamed(b"", "content-encoding: br").removesuffix(b"0\r\n\r\n"), seen)
    call = getattr(client_of(60), method)(**(CONVERSE if method == "converse_stream" else INVOKE))
    assert (call.error, call.error_stage) == ("NotAnAnswerError", "stream")
    assert call.error_message.startswith("not an answer of Bedrock: compressed as br, ")
    until(lambda: seen)
    assert seen == [b""]


def test_the_limit_of_a_call_ends_with_it(
    server: RawServer, client_of: Callable[[float], BedrockClient], limits: list[gevent.Timeout]
) -> None:
    """What its user does later has none."""
    server.answer = says(whole(3, ID))
    assert client_of(77).converse(**CONVERSE).ok
    assert [limit.pending for limit in limits] == [False]


def test_mistakes_of_the_caller_are_no_calls(
    server: RawServer, client_of: Callable[[float], BedrockClient], fired: list[dict[str, Any]]
) -> None:
    """Arguments that boto3 or an API cannot have, a name that is no text, a client that knows no address."""
    client = client_of(60)
    server.requests.clear()
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("converse", {**CONVERSE, "message": []}),
        ("converse", {**CONVERSE, "name": 7}),
        ("invoke_model", {**INVOKE, "body": "[]"}),
        ("messages", {**OPEN["messages"], "name": ["a"]}),
        ("messages", {"model": "m"}),
    ]
    for method, arguments in wrong:
        with pytest.raises(ParamValidationError):
            getattr(client, method)(**arguments)
    keys: dict[str, Any] = {"aws_access_key_id": "x", "aws_secret_access_key": "y", "region_name": "us-east-1"}
    plain = BedrockClient(boto3.client("bedrock-runtime", **keys), EventHook())
    with pytest.raises(ValueError, match="plain boto3 client") as caught:
        plain.messages(**OPEN["messages"])
    assert str(caught.value) == (
        "client.messages() needs a client of BedrockUser or of bedrock_locust.aws: this one was made from a plain boto3"
        " client, which has neither the address nor the credentials for it"
    )
    assert (fired, server.requests, calls_in_flight.now) == ([], [], 0)


@pytest.mark.parametrize("event", ["before-sign", "before-send"])
def test_what_fails_while_a_call_is_signed_is_the_credentials(
    server: RawServer, fired: list[dict[str, Any]], event: str
) -> None:
    """Whatever it is; later it is something else."""

    def fail(**_: Any) -> None:
        raise LookupError("no such profile")

    keys: dict[str, Any] = {"aws_access_key_id": "x", "aws_secret_access_key": "y", "region_name": "us-east-1"}
    boto3_client = boto3.client("bedrock-runtime", endpoint_url=server.url, **keys)
    follow(boto3_client)
    boto3_client.meta.events.register(f"{event}.bedrock-runtime", fail)
    hook = EventHook()
    hook.add_listener(lambda **what: fired.append(what))
    call = BedrockClient(boto3_client, hook).converse(**CONVERSE)
    category = "CredentialsError" if event == "before-sign" else "UnknownError"
    assert (call.error, call.error_code, call.error_stage) == (category, "LookupError", "connect")
    assert call.error_message == "no such profile"
    assert [one["response"] for one in fired] == [call]
