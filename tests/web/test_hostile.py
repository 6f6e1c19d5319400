"""A service that answers with HTML, scripts and formulas: all of it is text, wherever it is shown."""

from __future__ import annotations

import csv
import io
import itertools
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.e2e.checks import read
from tests.e2e.running import until

from .visit import fills, start, tab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.running import Place

    from .visit import Visit

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>[a](javascript:alert(3))![b](http://elsewhere.test/c)"
FORMULA = f"=HYPERLINK(1) {SCRIPT}"


class Hostile(BaseHTTPRequestHandler):
    """Answers one call with hostile text, and fails the next with another."""

    count = itertools.count()

    def do_POST(self) -> None:
        """Answer a Converse call."""
        self.rfile.read(int(self.headers["Content-Length"]))
        good = next(self.count) % 2 == 0
        self.send_response(200 if good else 400)
        body = self._answer() if good else {"message": FORMULA}
        if not good:
            self.send_header("x-amzn-ErrorType", f"{SCRIPT}:")
        text = json.dumps(body).encode()
        self.send_header("x-amzn-RequestId", f"@{SCRIPT}")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _answer(self) -> dict[str, object]:
        return {
            "output": {"message": {"role": "assistant", "content": [{"text": SCRIPT}]}},
            "stopReason": SCRIPT,
            "usage": {"inputTokens": 5, "outputTokens": 7, "totalTokens": 12},
            "metrics": {"latencyMs": 1},
        }

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hostile() -> Iterator[str]:
    """The URL of a hostile service."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)
    server.server_close()


def test_hostile_text(visit: Callable[..., Visit], place: Place, hostile: str) -> None:
    """Hostile text of the service shows as text in tab, charts page, report and CSV; nothing of it runs or loads."""
    place.configure(
        {
            "concurrency": {"end": 1, "duration_seconds": 4},
            "test": {"streaming": False},
            "model": {"id": "a<b>'\"&c"},
        }
    )
    there = visit("--host", hostile)
    locust = there.open()
    start(locust)
    fills(locust)
    assert any(FORMULA in cell for row in until(lambda: tab(locust, "Bedrock failures"), "failures") for cell in row)
    charts = there.open("bedrock/charts")
    expect(charts.locator("#failed")).to_contain_text(FORMULA)
    expect(charts.locator("#status")).to_contain_text("a<b>'\"&c")
    expect(charts.locator("#chart-failures svg")).to_be_visible()
    charts.locator("#chart-failures path[aria-roledescription='rect mark']").last.hover(force=True)
    until(lambda: place.runs() and (place.runs()[0] / "report.md").exists(), "report")
    home = there.open("bedrock/")
    expect(home.locator("tbody")).to_contain_text("a<b>'\"&c")
    home.get_by_role("link", name="Open the report").click()
    expect(home.locator(".report")).to_contain_text("<script>alert(1)</script>")
    assert home.locator(".report script, .report a, .report img[src^=http]").count() == 0
    with home.expect_download() as waiting:
        home.get_by_role("link", name="requests.csv").click()
    text = waiting.value.path().read_text(encoding="utf-8")
    cells = {cell for row in csv.reader(io.StringIO(text)) for cell in row}
    assert f"'{FORMULA}" in cells
    assert not {cell for cell in cells if cell.startswith(("=", "+", "@"))}
    assert FORMULA in {row["error_message"] for row in read(place.runs()[0] / "requests.csv")}
