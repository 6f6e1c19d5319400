"""A simulator in this process, whose time passes only while it waits: it does the same each time, to the nanosecond."""

from __future__ import annotations

import asyncio
import json
import selectors
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bedrock_locust.simulator.behaviour import Behaviour
from bedrock_locust.simulator.routes import Simulator
from bedrock_locust.simulator.service import Service
from tests import golden_texts

from .conftest import FAST
from .process import NONE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Mapping

    import pytest

GOLDEN = Path(__file__).parent / "golden"
BEGAN_S = 1_800_000_000
"""The Unix time at which a simulator begins, 2027-01-15 08:00:00 UTC."""
MONOTONIC_S = 5_000.0
CLIENT = ("127.0.0.1", 50_000)


class _Selector(selectors.SelectSelector):
    """Waits for no time: the clock of the loop goes to where the next thing is due."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("nothing will ever happen")
        self.now_s += max(0.0, timeout)
        return []


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose clock goes on only while all wait."""

    def __init__(self) -> None:
        self.clock = _Selector()
        super().__init__(self.clock)

    def time(self) -> float:
        """Seconds since it was made."""
        return self.clock.now_s


@dataclass
class Answer:
    """An answer, and when its parts came, in ms since the request was sent."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    begun_ms: float | None = None
    """When its status and headers came; None if they never did."""
    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    ended_ms: float | None = None
    """When the last part came; None if it never did."""
    is_odd: bool = False
    """Whether a part was empty that was not the last one."""

    @property
    def body(self) -> bytes:
        """All of the body."""
        return b"".join(piece for _, piece in self.pieces)

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


class Lapse:
    """The simulator."""

    def __init__(self, loop: Loop, service: Service) -> None:
        self._loop, self.service, self._app = loop, service, Simulator(service)
        self.latest: Answer | None = None
        """The answer to the last request that was sent."""

    @property
    def now_s(self) -> float:
        """Seconds since it began."""
        return self._loop.time()

    def do(self, work: Awaitable[Any]) -> Any:
        """Let time pass until this is done."""
        return self._loop.run_until_complete(work)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.do(asyncio.sleep(seconds))

    def set(self, **settings: Any) -> None:
        """Change its behaviour."""
        self.service.configure(self.service.behaviour.changed(settings))

    def request(
        self,
        method: str,
        path: str,
        body: Any = b"",
        headers: Mapping[str, str] = NONE,
        *,
        after_s: float = 0.0,
        leaves_s: float | None = None,
        sends: bool = True,
    ) -> Answer:
        """One exchange, whole. The client leaves after so many seconds, if it does."""
        wanted = self.ask(method, path, body, headers, after_s=after_s, leaves_s=leaves_s, sends=sends)
        answer: Answer = self.do(wanted)
        return answer

    def together(self, *wanted: Awaitable[Answer]) -> list[Answer]:
        """Exchanges at the same time, as `ask` makes them."""

        async def all_of_them() -> list[Answer]:
            return await asyncio.gather(*wanted)

        found: list[Answer] = self.do(all_of_them())
        return found

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = b"",
        headers: Mapping[str, str] = NONE,
        *,
        after_s: float = 0.0,
        leaves_s: float | None = None,
        sends: bool = True,
    ) -> Answer:
        """One exchange; without `sends` the client ends it in the middle of its request."""
        await asyncio.sleep(after_s)
        began_s, answer, gone = self.now_s, Answer(), asyncio.Event()
        self.latest = answer
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        asked = [{"type": "http.request", "body": sent, "more_body": not sends}]
        if leaves_s is not None:
            self._loop.call_later(leaves_s, gone.set)

        async def receive() -> dict[str, Any]:
            if asked:
                return asked.pop()
            if sends:
                await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.begun_ms = round((self.now_s - began_s) * 1000, 6)
                answer.headers = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
            elif not message["body"]:
                answer.is_odd |= message.get("more_body", False)
            else:
                answer.pieces.append((round((self.now_s - began_s) * 1000, 6), message["body"]))
            if message["type"] == "http.response.body" and not message.get("more_body"):
                answer.ended_ms = round((self.now_s - began_s) * 1000, 6)

        place, _, query = path.partition("?")
        pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        scope = {"method": method, "raw_path": place.encode(), "query_string": query.encode(), "headers": pairs}
        try:
            await asyncio.create_task(self._app(scope | {"client": CLIENT}, receive, send))
        finally:
            gone.set()
        return answer

    def calls(self) -> list[dict[str, Any]]:
        """The ledger."""
        return [json.loads(line) for line in b"".join(self.service.ledger.lines()).splitlines()]


@contextmanager
def lapse(monkeypatch: pytest.MonkeyPatch, *about: Any, size: int = 1000, **settings: Any) -> Iterator[Lapse]:
    """A simulator with a fast behaviour and these settings; `about` is what else `Service` takes, in its order."""
    loop = Loop()
    with monkeypatch.context() as changed:
        changed.setattr(time, "time_ns", lambda: BEGAN_S * 1_000_000_000 + round(loop.time() * 1e9))
        changed.setattr(time, "time", lambda: BEGAN_S + loop.time())
        changed.setattr(time, "monotonic", lambda: MONOTONIC_S + loop.time())
        try:
            yield Lapse(loop, Service(Behaviour().changed(FAST | settings), size, *about))
            loop.run_until_complete(asyncio.sleep(0.001))  # tasks that have to end
        finally:
            loop.close()


def check_text(name: str, text: str) -> None:
    """Compare a text with a golden file. `UPDATE_GOLDEN=1` writes it anew: read the difference."""
    golden_texts.check(GOLDEN / name, text)


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as a text, with columns of the same width. What is the same in all of them stands in a line above."""
    every = dict.fromkeys(name for row in sorted(rows, key=len, reverse=True) for name in row)
    texts = [{name: str(row.get(name) if row.get(name) not in (None, "") else "-") for name in every} for row in rows]
    same = {name for name in every if len(rows) > 1 and len({row[name] for row in texts}) == 1}
    names = [name for name in every if name not in same and any(row[name] != "-" for row in texts)]
    lines = [names, *([row[name] for name in names] for row in texts)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(names))]
    alike = " ".join(f"{name}={texts[0][name]}" for name in every if name in same and texts[0][name] != "-")
    cells = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([f"all: {alike}", *cells] if alike else cells) + "\n"
