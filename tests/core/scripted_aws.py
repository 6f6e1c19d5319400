"""A control plane whose answers a test writes, for real boto3 clients over a socket; it keeps what it was asked."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bedrock_locust.simulator.account import wire
from bedrock_locust.simulator.errors import ServiceError

from .raw_server import response, serving

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping

    Content = Mapping[str, Any] | str
    """What an operation answers; a text is the code of its refusal."""
    Script = Mapping[str, Content | Callable[[Mapping[str, Any]], Content]]
    """Operation -> its answer, or what makes it of the arguments. What is not in it is denied."""

STATUSES = {"AccessDeniedException": "403 Forbidden", "NoSuchResourceException": "400 Bad Request"}


class ScriptedAws:
    """What was asked so far, and where."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[tuple[str, Mapping[str, Any]]] = []


@contextmanager
def scripted(script: Script) -> Iterator[ScriptedAws]:
    """An address that answers for all services as the script says."""
    aws = ScriptedAws()

    def answer(peer: socket.socket, request: bytes) -> None:
        asked = _read(request)
        aws.asked.append((asked.operation, asked.values))
        found: Any = script.get(asked.operation, "AccessDeniedException")
        content = found(asked.values) if callable(found) else found
        if isinstance(content, str):
            headers, body = wire.refusal(asked, ServiceError(content, f"{asked.operation} says no"), "r1")
            status = STATUSES.get(content, "500 Failed")
        else:
            (headers, body), status = wire.answer(asked, content, "r1"), "200 OK"
        lines = [f"{name}: {value}" for name, value in headers.items() if name != "content-type"]
        peer.sendall(response(body, *lines, status=status, content_type=headers["content-type"]))

    with serving(answer) as server:
        aws.url = server.url
        yield aws


def _read(request: bytes) -> wire.Asked:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *fields = head.decode().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
    found = wire.find(method, path, headers)
    assert found is not None, first
    return wire.read(found, body)
