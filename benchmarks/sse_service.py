"""A service of server-sent events at a set pace, with a ledger: for benchmarks of Responses, Chat and Messages.

It is written for speed and shares nothing with the client. `GET /_simulator/calls` is its ledger, as that of the
simulator: a JSON object for each call, with the times of its arrival and of its first token. `DELETE` empties it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from typing import Any

PLAIN = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n"
OPEN = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nx-request-id: {}\r\n\r\n"
RESPONSE: dict[str, Any] = {"id": "resp_1", "object": "response", "status": "in_progress", "output": [], "usage": None}
USAGE = {"input_tokens": 100, "output_tokens": 100, "total_tokens": 200}


def main() -> None:
    """Serve on a free port until it is ended, and say where."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ttft-ms", type=float, default=200)
    parser.add_argument("--tpot-ms", type=float, default=20)
    parser.add_argument("--output-tokens", type=int, default=100)
    asyncio.run(Service(parser.parse_args()).serve())


class Service:
    """Answers each request by its path."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.ledger: list[dict[str, Any]] = []

    async def serve(self) -> None:
        """Listen, say where, and go on."""
        server = await asyncio.start_server(self.connected, "127.0.0.1", 0)
        print(f"listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await server.serve_forever()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of a connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                arrived = time.time_ns()
                fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
                await reader.readexactly(int(fields.get("content-length", 0)))
                method, path, _ = head.split(" ", 2)
                if path.startswith("/_simulator"):
                    self.tell(writer, method)
                else:
                    await self.stream(writer, path.rsplit("/", 1)[-1], arrived)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def tell(self, writer: asyncio.StreamWriter, method: str) -> None:
        """The ledger, or its end."""
        body = "" if method == "DELETE" else "\n".join(map(json.dumps, self.ledger))
        if method == "DELETE":
            self.ledger.clear()
        writer.write((PLAIN.format(len(body)) + body).encode())

    async def stream(self, writer: asyncio.StreamWriter, kind: str, arrived: int) -> None:
        """A stream at its pace: all moments count from the arrival, so that no delay adds up."""
        options, name = self.options, f"req-{len(self.ledger)}"
        entry = {"request_id": name, "arrived_at_ns": arrived, "first_token_at_ns": 0}
        self.ledger.append(entry)
        before, token, after = EVENTS[kind]
        writer.write(OPEN.format(name).encode() + chunk(before))
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for number in range(options.output_tokens):
            await asyncio.sleep(begun + (options.ttft_ms + number * options.tpot_ms) / 1000 - loop.time())
            entry["first_token_at_ns"] = entry["first_token_at_ns"] or time.time_ns()
            writer.write(token)
        writer.write(chunk(after) + b"0\r\n\r\n")


def event(said: Any) -> bytes:
    """An event on the wire."""
    written = said if isinstance(said, str) else json.dumps(said, separators=(",", ":"))
    name = f"event: {said['type']}\n" if isinstance(said, dict) and "type" in said else ""
    return f"{name}data: {written}\n\n".encode()


def chunk(data: bytes) -> bytes:
    """A piece of a body in chunks."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _chat(delta: dict[str, Any], reason: str | None = None, **more: Any) -> bytes:
    about = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return event(
        {**about, "choices": [{"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}], **more}
    )


_ITEM = {"item_id": "msg_" + 48 * "1", "output_index": 0, "content_index": 0, "logprobs": [], "obfuscation": "abcdefgh"}
_ASKED = {"input_tokens": 100, "output_tokens": 1}
_BLOCK = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
_TEXT = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " word"}}
_END = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 100}}
_USAGE = {"prompt_tokens": 100, "completion_tokens": 100, "total_tokens": 200}
EVENTS = {
    "responses": (
        b"".join(event({"type": f"response.{name}", "response": RESPONSE}) for name in ("created", "in_progress")),
        chunk(event({"type": "response.output_text.delta", "sequence_number": 9, **_ITEM, "delta": " word"})),
        event({"type": "response.completed", "response": {**RESPONSE, "status": "completed", "usage": USAGE}}),
    ),
    "completions": (
        _chat({"role": "assistant", "content": ""}),
        chunk(_chat({"content": " word"})),
        _chat({}, "stop") + _chat({}, None, choices=[], usage=_USAGE) + event("[DONE]"),
    ),
    "messages": (
        event(
            {
                "type": "message_start",
                "message": {
                    "id": "msg_1",
                    "type": "message",
                    "role": "assistant",
                    "content": [],
                    "model": "m",
                    "usage": _ASKED,
                },
            }
        )
        + event(_BLOCK),
        chunk(event(_TEXT)),
        event({"type": "content_block_stop", "index": 0}) + event(_END) + event({"type": "message_stop"}),
    ),
}
"""End of the path -> what comes before the tokens, a token, and what comes after them."""


if __name__ == "__main__":
    main()
