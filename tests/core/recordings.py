"""Recorded answers of the real service, which are data beside the repository: BEDROCK_RECORDINGS is their folder."""

from __future__ import annotations

import base64
import gzip
import json
import os
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from .raw_server import chunked, in_pieces, response

if TYPE_CHECKING:
    from .raw_server import Answer

METHODS = {
    "responses": "responses",
    "completions": "chat_completions",
    "converse": "converse",
    "converse-stream": "converse_stream",
    "invoke": "invoke_model",
    "invoke-with-response-stream": "invoke_model_with_response_stream",
}
"""The end of the path of an operation -> its method in boto3."""
SSE = "text/event-stream"
EVENT_STREAM = "application/vnd.amazon.eventstream"


@dataclass(frozen=True, slots=True)
class Recording:
    """One answer of the real service, and what was asked."""

    source: str
    """Repository, file and number of the exchange."""
    path: str
    operation: str
    """The last part of the path: converse, invoke, ..."""
    request: str
    """The body of the request; empty where it was long."""
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def method(self) -> str:
        """The method of boto3 that makes this call."""
        return METHODS[self.operation]

    @property
    def model_id(self) -> str:
        """The model id, or an ARN, as the caller gave it."""
        return unquote(self.path.split("/")[2])

    @property
    def streams(self) -> bool:
        """Whether the answer is an event stream, of AWS or of server-sent events."""
        return self.headers.get("content-type") in (EVENT_STREAM, SSE)

    def arguments(self) -> dict[str, Any]:
        """The arguments for a call that gets this answer; what they ask of boto3 does not matter."""
        if self.operation in ("responses", "completions"):
            asked: dict[str, Any] = json.loads(self.request)
            return asked
        if self.operation.startswith("converse"):
            return {"modelId": self.model_id, "messages": [{"role": "user", "content": [{"text": "hi"}]}]}
        return {"modelId": self.model_id, "body": self.request or "{}"}

    def sent(self) -> bytes:
        """The answer on the wire: an event stream in chunks, anything else with its length."""
        headers = [f"{name}: {value}" for name, value in self.headers.items() if name not in _REPLACED]
        kind, status = self.headers["content-type"], f"{self.status} recorded"
        if not self.streams:
            return response(self.body, *headers, status=status, content_type=kind)
        lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", "transfer-encoding: chunked", *headers, "", ""]
        return "\r\n".join(lines).encode() + chunked(self.body, 1000)

    def replayed(self, *cuts: int) -> Answer:
        """The answer for a RawServer, cut at these bytes; others have their turn in between."""
        sent = self.sent()
        places = [0, *sorted(cut for cut in set(cuts) if 0 < cut < len(sent)), len(sent)]
        return in_pieces(sent[start:end] for start, end in pairwise(places))


_REPLACED = {"content-type", "content-length", "transfer-encoding", "connection", "content-encoding"}


@cache
def recordings(api: str = "runtime") -> tuple[Recording, ...]:
    """The answers of an API, `runtime` or `mantle`; none where the folder is not there."""
    file = Path(os.environ.get("BEDROCK_RECORDINGS") or "no folder") / f"{api}.jsonl.gz"
    if not file.is_file():
        return ()
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return tuple(_recording(json.loads(line)) for line in lines)


def _recording(said: dict[str, Any]) -> Recording:
    return Recording(
        source=said["source"],
        path=said["path"],
        operation=said["operation"],
        request=said.get("request") or "",
        status=said["status"],
        headers={name.lower(): value for name, value in said["headers"].items()},
        body=base64.b64decode(said["body"]),
    )


def each(*operations: str, api: str = "runtime") -> pytest.MarkDecorator:
    """Parametrize a test with `recording`: each answer of an endpoint to these operations (default: all)."""
    found = [one for one in recordings(api) if not operations or one.operation in operations]
    cases: list[Any] = [pytest.param(one, id=one.source.rsplit("/", 1)[-1]) for one in found]
    reason = "BEDROCK_RECORDINGS does not name the folder with the recorded answers"
    absent = pytest.param(None, id="recordings", marks=pytest.mark.skip(reason=reason))
    return pytest.mark.parametrize("recording", cases or [absent])
