"""CloudWatch Logs over a real socket: FilterLogEvents in pages, as boto3 asks for them, and refusals.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.core.raw_server import response, serving

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator


@dataclass
class Group:
    """The events of the only group that there is: moment in ms, and message. And what was asked of it."""

    events: list[tuple[int, str]]
    name: str = "/aws/bedrock/calls"
    page: int = 1000
    refused: tuple[str, str] | None = None
    """Code and message of the error in place of an answer."""
    url: str = ""
    actions: set[str] = field(default_factory=set)
    """Permissions that were needed."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    """The requests."""

    def answer(self, peer: socket.socket, request: bytes) -> None:
        """Send what CloudWatch Logs sends."""
        head, _, body = request.partition(b"\r\n\r\n")
        assert b"Logs_20140328.FilterLogEvents" in head
        self.actions.add("logs:FilterLogEvents")
        self.asked.append(json.loads(body))
        code, said = self._said(self.asked[-1])
        answer = json.dumps(said).encode()
        peer.sendall(response(answer, status=code, content_type="application/x-amz-json-1.1"))

    def _said(self, asked: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if self.refused:
            return "400 Bad Request", dict(zip(("__type", "message"), self.refused, strict=True))
        if asked["logGroupName"] != self.name:
            said = {"__type": "ResourceNotFoundException", "message": "The specified log group does not exist."}
            return "400 Bad Request", said
        found = [
            {"eventId": str(number), "timestamp": at, "message": message}
            for number, (at, message) in enumerate(self.events)
            if asked["startTime"] <= at < asked["endTime"]
        ]
        start = int(asked.get("nextToken", 0))
        more = {"nextToken": str(start + self.page)} if len(found) > start + self.page else {}
        return "200 OK", {"events": found[start : start + self.page], **more}


@contextmanager
def group_of(events: list[tuple[int, str]], page: int = 1000) -> Iterator[Group]:
    """A group with these events, while it is served."""
    group = Group(events, page=page)
    with serving(group.answer) as server:
        group.url = server.url
        yield group
