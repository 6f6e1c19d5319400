"""Where a server of Prometheus fetches the figures: on a port of its own, or as a page of the web UI."""

from __future__ import annotations

import hmac
import ipaddress
import os
import re
import socket
from typing import TYPE_CHECKING

from gevent.pywsgi import WSGIServer
from werkzeug.wrappers import Request, Response

from bedrock_locust.outputs.prometheus.exposition import Exposition
from bedrock_locust.redaction import know
from bedrock_locust.settings.mistakes import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from bedrock_locust.outputs.prometheus.figures import Figures

TOKEN = "BEDROCK_METRICS_TOKEN"  # noqa: S105 - the name of a variable
PATH = "/metrics"
NEEDED = f"bedrock-locust: send the token of {TOKEN} as a bearer token\n"
MOST_PORT = 65_535

_SENDABLE = re.compile(r"[!-~]+")


class Endpoint:
    """A WSGI application that answers with the figures, where a bearer token is asked for only with it."""

    def __init__(self, figures: Figures, seen: Callable[[int], None] | None = None) -> None:
        """`seen` is told which version of the figures was fetched on the port.

        Raises SettingsError for a token that no request could have.
        """
        self._figures, self._seen = figures, seen
        self._exposition = Exposition(figures)
        self._token = os.environ.get(TOKEN, "")
        know(self._token)
        if self._token and not _SENDABLE.fullmatch(self._token):
            raise SettingsError(
                f"{TOKEN}: no header can carry this token: it may have only visible ASCII characters, no blanks and no"
                " line breaks; set another"
            )

    @property
    def has_token(self) -> bool:
        """Whether a token is asked for."""
        return bool(self._token)

    def knows(self, authorization: str) -> bool:
        """Whether a request with this header has the token."""
        scheme, _, given = authorization.partition(" ")
        is_it = hmac.compare_digest(given.strip().encode(), self._token.encode())
        return self.has_token and scheme.lower() == "bearer" and is_it

    def answer(self, accept: str) -> Response:
        """The figures, in the format that the server asks for."""
        text, content_type = self._exposition.text(accept)
        return Response(text, content_type=content_type)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request on the port."""
        return self._answered(Request(environ))(environ, start_response)

    def _answered(self, request: Request) -> Response:
        if request.path != PATH:
            return Response(f"bedrock-locust: the figures are at {PATH}\n", 404)
        if request.method not in {"GET", "HEAD"}:
            return Response("bedrock-locust: only to be read\n", 405)
        if self.has_token and not self.knows(request.headers.get("Authorization", "")):
            return refused()
        version = self._figures.version
        made = self.answer(request.headers.get("Accept", ""))
        if self._seen and request.method == "GET":
            self._seen(version)
        return made


def refused() -> Response:
    """The answer to a request without the token."""
    return Response(NEEDED, 401, {"WWW-Authenticate": "Bearer"}, mimetype="text/plain")


def check_port(port: int) -> None:
    """Raise SettingsError for what is no port. 0 would be any, of which no server of Prometheus knows."""
    if not 1 <= port <= MOST_PORT:
        raise SettingsError(f"--bedrock-metrics-port {port}: a port is a number from 1 to {MOST_PORT}")


def serve(app: WSGIApplication, host: str, port: int) -> WSGIServer:
    """Serve on a port until the process ends, any that is free for 0. Raises SettingsError where it cannot be had."""
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise SettingsError(
            f"--bedrock-metrics-port {port}: cannot listen on {host}: {why}; give another port, or another"
            " --bedrock-metrics-host"
        ) from None
    server = WSGIServer(listener, app, log=None, error_log=None)
    server.start()
    return server


def is_local(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
