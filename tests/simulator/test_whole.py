"""Whole answers of the simulator, byte by byte and ms by ms, as they were read and approved.

`UPDATE_GOLDEN=1 pytest tests/simulator/test_whole.py` writes them again; read the diff then.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer

from .cases import GROUPS, SHORT
from .lapse import BEGAN_S, check_text, lapse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .cases import Asked, Case
    from .lapse import Answer, Lapse

WIDTH = 150
ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
IDS = ("x-amzn-requestid", "x-request-id", "request-id")
UNSAID = {"index", "request_id", "arrived_at_ns", "prompt_chars", "operation", "model_id"}


@pytest.mark.parametrize("group", GROUPS)
def test_answers_are_as_they_were_read_and_approved(group: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status, headers, bodies and events, with their times, and what the ledger has of each call."""
    check_text(f"whole_{group}.txt", "\n".join(told(name, case, monkeypatch) for name, case in GROUPS[group].items()))


def told(name: str, case: Case, monkeypatch: pytest.MonkeyPatch) -> str:
    """A case as a person reads it."""
    with lapse(monkeypatch, None, None, case.endpoint, **{**SHORT, **case.settings}) as simulator:
        answers, ledger = list(_played(simulator, case.asked)), simulator.calls()
    lines = [f"==== {name}", *([f"settings {json.dumps(case.settings)}"] if case.settings else [])]
    befores = (None, *(asked.body for asked in case.asked))
    for asked, before, answer in zip(case.asked, befores, answers, strict=False):
        lines += [*_asked(asked, before), *_answered(answer)]
    return "\n".join([*lines, *map(_entered, ledger)]) + "\n"


def _played(simulator: Lapse, requests: Iterable[Asked]) -> Iterator[Answer]:
    """The answers to requests, in their order: those that follow others at a time are sent while these go on."""
    sent: list[tuple[float, Asked]] = []
    for asked in requests:
        if asked.after_ms is None:
            yield from _together(simulator, sent)
            sent = []
        sent.append(((sent[-1][0] if sent else 0.0) + (asked.after_ms or 0.0), asked))
    yield from _together(simulator, sent)


def _together(simulator: Lapse, sent: Iterable[tuple[float, Asked]]) -> list[Answer]:
    return simulator.together(
        *(
            simulator.ask(
                asked.method,
                f"{asked.path}?{asked.query}",
                asked.raw,
                asked.headers,
                after_s=at_ms / 1000,
                leaves_s=None if asked.leaves_ms is None else asked.leaves_ms / 1000,
            )
            for at_ms, asked in sent
        )
    )


def _asked(asked: Asked, before: Any) -> list[str]:
    at = "" if asked.after_ms is None else f" {asked.after_ms:g} ms after"
    gone = "" if asked.leaves_ms is None else f" whose client leaves at {asked.leaves_ms:g} ms"
    path = f"{asked.path}{'?' if asked.query else ''}{asked.query}"
    raw = asked.body.decode("latin-1") if isinstance(asked.body, bytes) else ""
    body = [raw] if raw else [] if asked.body is None else pretty(asked.body)
    if body and asked.body == before:
        body = ["the same"]
    return [
        f"> {asked.method} {path}{at}{gone}",
        *(f"> {k}: {v}" for k, v in asked.headers.items()),
        *_marked(">", body),
    ]


def _marked(mark: str, lines: list[str]) -> list[str]:
    return [f"{mark} {line}" for line in lines]


def _answered(answer: Answer) -> list[str]:
    if answer.begun_ms is None:
        return ["< nothing"]
    headers, name = dict(answer.headers), ""
    for key in IDS:
        if one := headers.pop(key, ""):
            assert UUID.fullmatch(one)
            assert name in ("", one)
            name = one
    told_ids = " ".join(key for key in IDS if key in answer.headers)
    length = ""
    if "content-length" in headers:
        length = f", {headers.pop('content-length')} bytes"
        assert length == f", {len(answer.body)} bytes"
    lines = [f"< {answer.status} at {answer.begun_ms:g} ms{length}; {told_ids or 'no id'}"]
    lines += [f"< {key}: {value}" for key, value in headers.items()]
    said: Any = None
    for at_ms, data in answer.pieces:
        lines += _without(name, _chunk(headers.get("content-type", ""), at_ms, data, said))
        said = _response_in(data) or said
    last = answer.pieces[-1][0] if answer.pieces else None
    if answer.ended_ms is None:
        lines.append("never ended")
    elif answer.ended_ms != last:
        lines.append(f"{answer.ended_ms:g} end")
    return lines


def _without(name: str, lines: list[str]) -> list[str]:
    """The lines with a word for the id of the request, as often as it is in them."""
    bare = name.replace("-", "")
    lines = [re.sub("(c2ltdWxhdGVk){9,}", lambda found: f"<{len(found[0])} characters>", line) for line in lines]
    if not bare:
        return lines
    return [line.replace(name, "<id>").replace(bare, "<hex>").replace(bare[:22], "<hex22>") for line in lines]


def _response_in(data: bytes) -> Any:
    """The response in an event of Responses."""
    found = re.search(rb"^data: (\{.*)$", data, re.MULTILINE)
    return json.loads(found[1]).get("response") if found and data.endswith(b"\n\n") else None


def _chunk(kind: str, at_ms: float, data: bytes, before: Any) -> list[str]:
    """A piece of a body: JSON, an event, or what is neither. `before` is the response in the last event with one."""
    if kind == "application/vnd.amazon.eventstream":
        return [line if n else f"{at_ms:g} {line}" for n, line in enumerate(_frames(data))]
    if kind == "text/event-stream":
        return [f"{at_ms:g} {one}" for one in _server_sent(data, before)]
    try:
        return pretty(json.loads(data))
    except ValueError:
        return [repr(data)]


def _frames(data: bytes) -> list[str]:
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    try:
        found = list(buffer)
    except ChecksumMismatch:
        return [f"{len(data)} bytes with a wrong checksum: {_payload(data)}"]
    if not found:
        return [f"{len(data)} bytes of a message of {int.from_bytes(data[:4], 'big')}: {_payload(data)}"]
    [message] = found
    headers: Any = message.headers
    body: Any = json.loads(message.payload)
    assert headers.pop(":content-type") == "application/json"
    if headers.pop(":message-type") == "exception":
        return [f"exception {headers.pop(':exception-type')} {json.dumps(body)}"]
    name, padding = headers.pop(":event-type"), body.pop("p")
    assert not headers
    assert ALPHABET.startswith(padding)
    if name == "chunk":
        body = json.loads(base64.b64decode(body.pop("bytes")))
    return pretty(body, f"{name} p{len(padding)} ")


def _payload(data: bytes) -> str:
    """What a message has after its headers, though it is no whole one."""
    return repr(data[12 + int.from_bytes(data[4:8], "big") :])


def _server_sent(data: bytes, before: Any) -> list[str]:
    """The lines of an event in one."""
    if not data.endswith(b"\n\n"):
        return [repr(data)]
    lines, found = data.decode().removesuffix("\n\n").split("\n"), []
    for line in lines:
        key, _, value = line.partition(": ")
        if value == "[DONE]" or key == "event":
            found.append(line)
            continue
        body = json.loads(value)
        if before and body.get("response") == before:
            body["response"] = "the same"
        found += pretty(body, f"{key}: ")
    return ["\n".join(found)]


def pretty(value: Any, before: str = "", inside: int = 0) -> list[str]:
    """JSON that keeps within the width of a page."""
    flat = f"{' ' * inside}{before}{json.dumps(value, ensure_ascii=False)}"
    if len(flat) <= WIDTH or not isinstance(value, dict | list) or not value:
        return [flat]
    if isinstance(value, list):
        parts = [pretty(one, "", inside + 1) for one in value]
        opening, end = "[", "]"
    else:
        parts = [pretty(one, f"{json.dumps(name)}: ", inside + 1) for name, one in value.items()]
        opening, end = "{", "}"
    for part in parts[:-1]:
        part[-1] += ","
    return [f"{' ' * inside}{before}{opening}", *_filled(parts), f"{' ' * inside}{end}"]


def _filled(parts: list[list[str]]) -> Iterator[str]:
    """The lines of parts, with as many short ones in a line as fit."""
    line = ""
    for part in parts:
        joined = f"{line} {part[0].lstrip()}" if line else part[0]
        if len(part) == 1 and len(joined) <= WIDTH:
            line = joined
            continue
        yield from [line] if line else []
        line, whole = (part[0], []) if len(part) == 1 else ("", part)
        yield from whole
    yield from [line] if line else []


def _entered(entry: dict[str, Any]) -> str:
    """What the ledger says of a call."""
    said = {name: value for name, value in entry.items() if name not in UNSAID and value not in (None, "", 0, False)}
    for name in ("first_token_at_ns", "ended_at_ns"):
        if name in said:
            said[name.replace("_at_ns", "_ms")] = f"{(said.pop(name) - entry['arrived_at_ns']) / 1e6:g}"
    if "events_ns" in said:
        said["events_ms"] = [round((at - entry["arrived_at_ns"]) / 1e6, 3) for at in said.pop("events_ns")]
    began_ms = round((entry["arrived_at_ns"] - BEGAN_S * 10**9) / 1e6, 3)
    call = f"{entry['index']} {entry['operation']} {entry['model_id']} {entry['request_id'][:8]} at {began_ms:g}"
    return f"# {call}: {', '.join(f'{key} {value}' for key, value in said.items())}"
