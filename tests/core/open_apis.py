"""A second, small service for each of the APIs that boto3 does not have: written from their documentation only.

It shares nothing with the client or with the simulator. It answers Responses, Chat Completions and Messages, whole and
as server-sent events, with times that a test sets, and notes when it sent each token.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import locust  # noqa: F401 - it patches sockets for gevent

import gevent

from .raw_server import chunked, response, serving

if TYPE_CHECKING:
    import socket

OPEN = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nx-request-id: req-7\r\n\r\n"
)


@dataclass
class Service:
    """What is answered, and how."""

    words: tuple[str, ...] = ("Hel", "lo", " world")
    thoughts: tuple[str, ...] = ()
    gap_s: float = 0.02
    """Before each token."""
    data_first: bool = False
    """Whether the `data` of an event comes before its name, as on bedrock-mantle."""
    newline: str = "\n"
    instructions: str = ""
    """What Responses echoes before the first token."""
    reasoning_event: str = "response.reasoning_text.delta"
    stop: str = ""
    ends: bool = True
    """Whether the event that ends the stream comes."""
    instead_of_end: Any = None
    """An event that comes in its place."""
    sent_at: list[float] = field(default_factory=list)
    """When each token was sent, on time.perf_counter's clock."""
    asked: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    """Path, headers and body of each request."""

    def __call__(self, peer: socket.socket, request: bytes) -> None:
        """Answer a request."""
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        path, asked = first.split()[1], json.loads(body)
        self.asked.append((path, headers, asked))
        kinds: dict[str, Any] = {"responses": _Responses, "completions": _Chat, "messages": _Messages}
        api = kinds[path.rsplit("/", 1)[-1]](self)
        if not asked.get("stream"):
            peer.sendall(response(json.dumps(api.whole(asked)).encode(), "x-request-id: req-7"))
            return
        peer.sendall(OPEN)
        for token, event in api.events(asked):
            if token:
                gevent.sleep(self.gap_s)
                self.sent_at.append(time.perf_counter())
            sent = self.written(event).encode()
            peer.sendall(b"%x\r\n%b\r\n" % (len(sent), sent))
        peer.sendall(chunked(b"", 1))

    def written(self, event: Any) -> str:
        """An event on the wire."""
        if isinstance(event, str):
            return f"data: {event}{self.newline}{self.newline}"
        lines = [f"data: {json.dumps(event, separators=(',', ':'))}"]
        if "type" in event:
            lines.insert(1 if self.data_first else 0, f"event: {event['type']}")
        return "".join(line + self.newline for line in [*lines, ""])

    def last(self, *events: Any) -> list[tuple[bool, Any]]:
        """The end of a stream."""
        if self.instead_of_end is not None:
            return [(False, self.instead_of_end)]
        return [(False, event) for event in events] if self.ends else []


class _Responses:
    def __init__(self, service: Service) -> None:
        self.service = service
        self.usage = {
            "input_tokens": 120,
            "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 40},
            "output_tokens": 30,
            "output_tokens_details": {"reasoning_tokens": 9},
            "total_tokens": 150,
        }

    def whole(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The response object."""
        service = self.service
        content = [{"type": "output_text", "text": "".join(service.words), "annotations": []}]
        output: list[dict[str, Any]] = [{"type": "message", "role": "assistant", "content": content}]
        if service.thoughts:
            output.insert(0, {"type": "reasoning", "summary": []})
        status = "incomplete" if service.stop else "completed"
        return {
            "id": "resp_1",
            "object": "response",
            "status": status,
            "error": None,
            "incomplete_details": {"reason": service.stop} if service.stop else None,
            "instructions": service.instructions or None,
            "model": asked["model"],
            "output": output,
            "service_tier": "default",
            "usage": self.usage,
        }

    def events(self, asked: dict[str, Any]) -> list[tuple[bool, dict[str, Any]]]:
        """The events of a stream; those with a token first."""
        service, whole = self.service, self.whole(asked)
        begun = {**whole, "status": "in_progress", "output": [], "usage": None}
        found: list[tuple[bool, dict[str, Any]]] = [
            (False, {"type": "response.created", "response": begun}),
            (False, {"type": "response.in_progress", "response": begun}),
        ]
        found += [
            (True, {"type": service.reasoning_event, "delta": one, "item_id": "rs_1"}) for one in service.thoughts
        ]
        item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "in_progress", "content": []}
        part = {"type": "output_text", "text": "", "annotations": []}
        found.append((False, {"type": "response.output_item.added", "output_index": 0, "item": item}))
        found.append((False, {"type": "response.content_part.added", "item_id": "msg_1", "part": part}))
        about = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "logprobs": []}
        kind = {"type": "response.output_text.delta", **about, "obfuscation": "abc"}
        found += [(True, {**kind, "delta": word}) for word in service.words]
        found.append((False, {"type": "response.output_text.done", "text": "".join(service.words)}))
        return [*found, *service.last({"type": f"response.{whole['status']}", "response": whole})]


class _Chat:
    def __init__(self, service: Service) -> None:
        self.service = service
        self.usage = {
            "prompt_tokens": 120,
            "completion_tokens": 30,
            "total_tokens": 150,
            "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 40},
            "completion_tokens_details": {"reasoning_tokens": 9},
        }

    def whole(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The completion."""
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self.service.words), "refusal": None}
        if self.service.thoughts:
            message["reasoning"] = "".join(self.service.thoughts)
        choice = {"index": 0, "message": message, "finish_reason": self.service.stop or "stop", "logprobs": None}
        about = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": asked["model"]}
        return {**about, "choices": [choice], "usage": self.usage, "service_tier": "default"}

    def events(self, asked: dict[str, Any]) -> list[tuple[bool, Any]]:
        """The chunks of a stream; those with a token first."""
        service = self.service
        about = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": asked["model"]}

        def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
            choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
            return {**about, "choices": [choice], "service_tier": "default"}

        found: list[tuple[bool, Any]] = [(False, chunk({"role": "assistant", "content": ""}))]
        found += [(True, chunk({"reasoning": thought})) for thought in service.thoughts]
        found += [(True, chunk({"content": word})) for word in service.words]
        found.append((False, chunk({}, service.stop or "stop")))
        if asked.get("stream_options", {}).get("include_usage"):
            found.append((False, {**about, "choices": [], "usage": self.usage}))
        return [*found, *service.last("[DONE]")]


class _Messages:
    def __init__(self, service: Service) -> None:
        self.service = service
        self.usage = {
            "input_tokens": 20,
            "cache_read_input_tokens": 60,
            "cache_creation_input_tokens": 40,
            "output_tokens": 30,
            "service_tier": "standard",
            "output_tokens_details": {"thinking_tokens": 9},
        }

    def whole(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The message."""
        content: list[dict[str, Any]] = [{"type": "text", "text": "".join(self.service.words)}]
        if self.service.thoughts:
            content.insert(0, {"type": "thinking", "thinking": "".join(self.service.thoughts), "signature": "s"})
        about = {"id": "msg_bdrk_1", "type": "message", "role": "assistant", "model": asked["model"]}
        return {**about, "content": content, "stop_reason": self.service.stop or "end_turn", "usage": self.usage}

    def events(self, asked: dict[str, Any]) -> list[tuple[bool, dict[str, Any]]]:
        """The events of a stream; those with a token first."""
        service = self.service
        message: dict[str, Any] = {
            **self.whole(asked),
            "content": [],
            "stop_reason": None,
            "usage": {**self.usage, "output_tokens": 1},
        }
        found: list[tuple[bool, dict[str, Any]]] = [
            (False, {"type": "message_start", "message": message}),
            (False, {"type": "ping"}),
        ]
        for index, (kind, pieces) in enumerate((("thinking", service.thoughts), ("text", service.words))):
            if not pieces:
                continue
            block = {"type": kind, kind: ""}
            found.append((False, {"type": "content_block_start", "index": index, "content_block": block}))
            for piece in pieces:
                inner = {"type": f"{kind}_delta", kind: piece}
                found.append((True, {"type": "content_block_delta", "index": index, "delta": inner}))
            found.append((False, {"type": "content_block_stop", "index": index}))
        delta: dict[str, Any] = {"stop_reason": service.stop or "end_turn", "stop_sequence": None}
        usage = {"output_tokens": 30, "output_tokens_details": {"thinking_tokens": 9}}
        found.append((False, {"type": "message_delta", "delta": delta, "usage": usage}))
        return [*found, *service.last({"type": "message_stop"})]


def main() -> None:
    """Serve in a process of its own, until it is ended; the first line of its output is the address."""
    with serving(Service(gap_s=0.005)) as server:
        print(server.url, flush=True)
        gevent.get_hub().join()


if __name__ == "__main__":
    main()
