"""Where a server of Prometheus fetches the figures: on a port of its own, or as a page of the web UI."""

from __future__ import annotations

import hmac
import os
import socket
from typing import TYPE_CHECKING

from gevent.pywsgi import WSGIServer
from werkzeug.wrappers import Request, Response

from bedrock_locust.outputs.prometheus.exposition import Exposition
from bedrock_locust.redaction import know
from bedrock_locust.settings.mistakes import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from bedrock_locust.outputs.prometheus.figures import Figures

TOKEN = "BEDROCK_METRICS_TOKEN"  # noqa: S105 - the name of a variable
PATH = "/metrics"


class Endpoint:
    """A WSGI application that answers with the figures, where a bearer token is asked for only with it."""

    def __init__(self, figures: Figures) -> None:
        self._exposition = Exposition(figures)
        self._token = os.environ.get(TOKEN, "")
        know(self._token)

    @property
    def has_token(self) -> bool:
        """Whether a token is asked for."""
        return bool(self._token)

    def knows(self, authorization: str) -> bool:
        """Whether a request with this header has the token."""
        scheme, _, given = authorization.partition(" ")
        return self.has_token and scheme.lower() == "bearer" and hmac.compare_digest(given.strip(), self._token)

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
            needed = f"bedrock-locust: send the token of {TOKEN} as a bearer token\n"
            return Response(needed, 401, {"WWW-Authenticate": "Bearer"})
        return self.answer(request.headers.get("Accept", ""))


def serve(app: WSGIApplication, host: str, port: int) -> WSGIServer:
    """Serve on a port until the process ends. Raises SettingsError where the port cannot be had."""
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise SettingsError(
            f"--bedrock-metrics-port {port}: cannot listen on {host}: {why}; give another port, or another"
            " --bedrock-metrics-host"
        ) from None
    server = WSGIServer(listener, app, log=None, error_log=None)
    server.start()
    return server
