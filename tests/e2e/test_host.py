"""`--host` where users of HTTP share a locustfile with Bedrock's: it is theirs, and no signed request goes there."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .running import Place, Simulator

MIXED = """
from locust import HttpUser, constant, task

from bedrock_locust import BedrockUser, setup

setup(report="stand_ins:nothing")


class Reader(BedrockUser):
    wait_time = constant(0.2)

    @task
    def ask(self):
        self.client.converse(modelId="m", messages=[{"role": "user", "content": [{"text": "hi"}]}])


class Visitor(HttpUser):
    wait_time = constant(0.2)

    @task
    def visit(self):
        self.client.get("/page")
"""


class Site(ThreadingHTTPServer):
    """Another server, which takes down what it is asked for and with which headers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Answers everything."""

    server: Site

    def do_GET(self) -> None:
        """A page."""
        self.server.asked.append((self.path, self.headers.get("Authorization", "")))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815 - the name that http.server asks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[Site]:
    """The other server."""
    server = Site()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize("own", [True, False], ids=["endpoint_url", "bedrock-simulator"])
def test_it_is_the_address_of_the_users_of_http(place: Place, simulator: Simulator, site: Site, own: bool) -> None:
    """Bedrock calls go to the endpoint of the settings, or the simulator; a line says so."""
    (place.path / "mixed.py").write_text(MIXED)
    if own:
        place.configure({"aws": {"endpoint_url": simulator.url}})
    there = ["--host", site.url, "-u", "2", "-t", "2"]
    code, output = place.run(
        *there, *([] if own else ["--bedrock-simulator=--ttft-ms 5"]), locustfile=place.path / "mixed.py"
    )
    assert code == 0, output
    assert {path for path, _ in site.asked} == {"/page"}
    assert not any(authorization for _, authorization in site.asked)
    rows = (place.runs()[0] / "requests.csv").read_text().splitlines()[1:]
    assert rows
    assert not own or len(simulator.calls()) >= len(rows)
    assert "--host is the address of Visitor; Bedrock calls go to http://127.0.0.1:" in output


@pytest.mark.usefixtures("no_report")
def test_without_users_of_http_it_is_the_endpoint(place: Place, simulator: Simulator, site: Site) -> None:
    """As ever: over `aws.endpoint_url`."""
    place.configure(
        {
            "aws": {"endpoint_url": site.url},
            "concurrency": {"end": 1, "duration_seconds": 1},
            "test": {"streaming": False},
        }
    )
    code, output = place.run("--host", simulator.url)
    assert code == 0, output
    assert site.asked == []
    assert simulator.calls()
