"""The gate before every route of the web server, Locust's and ours: requests that another site makes are refused.

A page that somebody visits can have their browser send requests here, with their cookies. What tells such a request
from one of our own page are headers that no page can set: `Origin` and `Sec-Fetch-Site` say which page sends it, and
`Host` under which name the browser looked this server up. A foreign name means that its owner pointed it at this
machine, so that the browser takes the owner's page for ours (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
import logging
import socket
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response

from bedrock_locust.process.present import NO_APP, present
from bedrock_locust.settings.web import ALLOWED_HOSTS, HOST_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from locust.web import WebUI

logger = logging.getLogger(__name__)

LOOPBACK = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})
READS = frozenset({"GET", "HEAD", "OPTIONS"})
CHANGES_BY_GET = ("/stats/reset",)
"""Ends of paths that change something whatever the method: versions of Locust differ in it."""
OWN_PAGES = frozenset({"", "same-origin", "none"})
"""Values of `Sec-Fetch-Site` of a request that no other site has sent. It is missing from curl's, and from those of
browsers over plain HTTP to another machine."""
MOST_BYTES = 4_000_000
"""The longest body of a request; the longest form has a template of the prompt."""


class Address(NamedTuple):
    """A host, in small letters and without brackets, and a port, which is empty where it is the usual one."""

    host: str
    port: str

    @classmethod
    def of(cls, text: str) -> Address | None:
        """The address in a `Host` header; None where it is none."""
        name, _, port = text.strip().rpartition(":") if not text.endswith("]") else (text.strip(), "", "")
        if not name:
            name, port = port, ""
        if (name.startswith("[") != name.endswith("]")) or (port and not port.isdecimal()):
            return None
        return cls(name.strip("[]").lower().removesuffix("."), "" if port in {"80", "443"} else port)

    @property
    def is_number(self) -> bool:
        """Whether the host is an IP address, which nobody can point elsewhere."""
        try:
            ipaddress.ip_address(self.host.partition("%")[0])
        except ValueError:
            return False
        return True


class Gate:
    """WSGI middleware that refuses what other sites send, and keeps other sites from reading or framing the answers."""

    def __init__(self, app: WSGIApplication, web_host: str, allowed: frozenset[str]) -> None:
        """`web_host` is where the server listens; `allowed` are more names under which it is reached."""
        self._app, self._allowed = app, allowed
        own = socket.gethostname().lower()
        self._own = LOOPBACK | allowed | {own, own.partition(".")[0], web_host.lower()}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or have the app answer it."""
        if why := self._why_not(environ):
            logger.warning(
                "bedrock-locust: refused %s %.200r: %s", environ["REQUEST_METHOD"], environ["PATH_INFO"], why
            )
            answer = Response(f"bedrock-locust: {why}\n", 403, mimetype="text/plain")
            return answer(environ, _closing(start_response))
        return self._app(environ, _closing(start_response))

    def _why_not(self, environ: WSGIEnvironment) -> str:
        """Why a request is refused, and what to do; empty where it is not."""
        forwarded = [part for part in environ.get("HTTP_X_FORWARDED_HOST", "").split(",") if part.strip()]
        for text in filter(None, [environ.get("HTTP_HOST", ""), *forwarded]):
            host = Address.of(text)
            if host is None or not self._is_ours(host):
                name = host.host if host else text
                return (
                    f"unknown host {name[:80]!r}. If this server is reached under that name, start locust with"
                    f" {ALLOWED_HOSTS} {name[:80] if HOST_NAME.fullmatch(name) else 'NAME'}"
                )
        changes = environ["REQUEST_METHOD"] not in READS or environ["PATH_INFO"].endswith(CHANGES_BY_GET)
        return self._why_foreign(environ, forwarded) if changes else ""

    def _why_foreign(self, environ: WSGIEnvironment, forwarded: list[str]) -> str:
        """The same of a request that changes something: which page has sent it."""
        site = environ.get("HTTP_SEC_FETCH_SITE", "").strip().lower()
        if site not in OWN_PAGES:
            return "the request comes from a page of another site (Sec-Fetch-Site). Use the page of this server"
        origin = environ.get("HTTP_ORIGIN")
        if origin is None or self._is_own_page(origin, [environ.get("HTTP_HOST", ""), *forwarded], vouched=bool(site)):
            return ""
        return (
            f"the request comes from a page of {origin[:80]!r}, not of this server. If a proxy serves this page under"
            f" that name, start locust with {ALLOWED_HOSTS} and the name"
        )

    def _is_own_page(self, origin: str, reached_as: list[str], *, vouched: bool) -> bool:
        """Whether a page of this origin is one of this server.

        `vouched`: the browser says that the page has the origin that it sends the request to. A proxy may have
        changed the name since.
        """
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        page = Address.of(parts.netloc) if parts.scheme in {"http", "https"} and parts.netloc else None
        if page is None:
            return False
        if page in [Address.of(text) for text in reached_as] or page.host in self._allowed:
            return True
        return vouched and self._is_ours(page)

    def _is_ours(self, host: Address) -> bool:
        """Whether this server is reached under a name."""
        name = host.host
        return host.is_number or name in self._own or (name.endswith(".localhost") and bool(HOST_NAME.fullmatch(name)))


def _closing(start_response: StartResponse) -> StartResponse:
    """A start_response that lets no other site read or frame the answer, or use its cookies."""

    def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Callable[[bytes], object]:
        return start_response(status, close(headers), *exc_info)

    return start


def close(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers of an answer as no other site can make use of it."""
    kept = Headers([(name, value) for name, value in headers if not name.lower().startswith("access-control-")])
    cookies = kept.getlist("Set-Cookie")
    kept.remove("Set-Cookie")
    for cookie in cookies:
        kept.add("Set-Cookie", cookie if "samesite" in cookie.lower() else f"{cookie}; SameSite=Lax")
    policies = kept.getlist("Content-Security-Policy")
    if not any("frame-ancestors" in policy for policy in policies):
        kept.add("Content-Security-Policy", "frame-ancestors 'none'")
    kept.setdefault("X-Frame-Options", "DENY")
    kept.setdefault("X-Content-Type-Options", "nosniff")
    kept.setdefault("Referrer-Policy", "same-origin")
    kept.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    return kept.to_wsgi_list()


def put_gate(web_ui: WebUI, allowed: frozenset[str]) -> None:
    """Put the gate before all routes of Locust's web server, those that are added later included."""
    app = present(web_ui.app, NO_APP)
    app.config["SESSION_COOKIE_SAMESITE"] = app.config["REMEMBER_COOKIE_SAMESITE"] = "Lax"
    app.config["REMEMBER_COOKIE_HTTPONLY"] = True
    app.config["SESSION_COOKIE_SECURE"] = app.config["REMEMBER_COOKIE_SECURE"] = bool(web_ui.tls_cert)
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = MOST_BYTES
    app.wsgi_app = Gate(app.wsgi_app, web_ui.host, allowed)  # type: ignore[method-assign]  # as Flask says to do it
