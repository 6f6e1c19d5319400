"""The other side of exporters, in a process of its own: `python benchmarks/collector.py [URL]` prints its port.

It takes whatever is posted, as a collector of OpenTelemetry, and fetches the URL every 5 s, as a server of Prometheus.
"""

from __future__ import annotations

import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FETCH_S = 5


class Sink(BaseHTTPRequestHandler):
    """Reads a message and takes it."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take it."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def fetch(url: str) -> None:
    """Fetch for ever."""
    while True:
        time.sleep(FETCH_S)
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - an address of this machine
            answer.read()


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    print(server.server_address[1], flush=True)
    if len(sys.argv) > 1:
        threading.Thread(target=fetch, args=(sys.argv[1],), daemon=True).start()
    server.serve_forever()
