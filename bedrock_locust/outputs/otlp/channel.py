"""One signal's way to a collector: OTLP/HTTP with protobuf bodies, as https://opentelemetry.io/docs/specs/otlp/ has it.

The exporters of OpenTelemetry's SDK are not used: they take 0.07 ms for a span, may try again for a minute where a run
ends, and do not say why a message did not arrive.
"""

from __future__ import annotations

import gzip
import math
from typing import TYPE_CHECKING

import gevent
import requests
from opentelemetry.util.re import parse_env_headers

from bedrock_locust import __version__
from bedrock_locust.redaction import redact
from bedrock_locust.settings.mistakes import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_S = 10.0
"""How long a message may take, unless OTEL_EXPORTER_OTLP_TIMEOUT says otherwise."""
_OWN = {"Content-Type": "application/x-protobuf", "User-Agent": f"bedrock-locust/{__version__}"}


FOR_NOW = frozenset({408, 429})
"""Answers of 400 to 499 after which the same message may be taken later. All others of them will not change."""


class UndeliveredError(Exception):
    """A message did not arrive. The text says why."""

    def __init__(self, why: str, *, is_final: bool = False) -> None:
        """`is_final`: the other side will not take this message later, either."""
        super().__init__(why)
        self.is_final = is_final


class Channel:
    """Sends messages to one address. Raises SettingsError where a variable of OpenTelemetry cannot be read."""

    def __init__(self, url: str, signal: str, environ: Mapping[str, str]) -> None:
        self._url = url
        self._session = requests.Session()
        own = _Variables(signal, environ)
        self._headers = {**own.headers, **_OWN}
        self._compresses = own.compresses
        if self._compresses:
            self._headers["Content-Encoding"] = "gzip"
        self._timeout_s = own.timeout_s
        self._verify = own["CERTIFICATE"] or True
        certificate, key = own["CLIENT_CERTIFICATE"], own["CLIENT_KEY"]
        self._certificate = (certificate, key) if certificate and key else certificate or None

    def send(self, body: bytes) -> bytes:
        """Send a message: the body of the answer. Raises UndeliveredError."""
        answer = gevent.with_timeout(self._timeout_s, self._post, body, timeout_value=None)
        if answer is None:
            raise UndeliveredError(f"no answer within {self._timeout_s:g} s")
        if not 200 <= answer.status_code < 300:
            is_final = 400 <= answer.status_code < 500 and answer.status_code not in FOR_NOW
            raise UndeliveredError(redact(f"HTTP {answer.status_code} {answer.reason}"), is_final=is_final)
        content: bytes = answer.content
        return content

    def _post(self, body: bytes) -> requests.Response:
        try:
            return self._session.post(
                self._url,
                gzip.compress(body, 1) if self._compresses else body,
                headers=self._headers,
                timeout=self._timeout_s,
                verify=self._verify,
                cert=self._certificate,
                allow_redirects=False,
            )
        except (OSError, ValueError) as error:
            raise UndeliveredError(_in_words(error)) from None


class _Variables:
    """The variables of one signal: its own, or those of all signals."""

    def __init__(self, signal: str, environ: Mapping[str, str]) -> None:
        self._signal, self._environ = signal.upper(), environ

    def __getitem__(self, name: str) -> str:
        return self._named(name)[1]

    def _named(self, name: str) -> tuple[str, str]:
        own, common = f"OTEL_EXPORTER_OTLP_{self._signal}_{name}", f"OTEL_EXPORTER_OTLP_{name}"
        found = own if self._environ.get(own, "").strip() else common
        return found, self._environ.get(found, "").strip()

    @property
    def headers(self) -> dict[str, str]:
        """Those of the signal beside those of all."""
        common = self._environ.get("OTEL_EXPORTER_OTLP_HEADERS", "")
        own = self._environ.get(f"OTEL_EXPORTER_OTLP_{self._signal}_HEADERS", "")
        return {**parse_env_headers(common, liberal=True), **parse_env_headers(own, liberal=True)}

    @property
    def timeout_s(self) -> float:
        """How long a message may take, in seconds, as the exporters of Python take it."""
        name, value = self._named("TIMEOUT")
        try:
            seconds = float(value or TIMEOUT_S)
        except ValueError:
            seconds = math.nan
        if not 0 < seconds < math.inf:
            raise SettingsError(f"{name} is {value[:80]!r}, but must be a number of seconds greater than 0")
        return seconds

    @property
    def compresses(self) -> bool:
        """Whether messages are compressed."""
        name, value = self._named("COMPRESSION")
        if value not in {"", "none", "gzip"}:
            raise SettingsError(f"{name} is {value[:80]!r}, but must be gzip or none")
        return value == "gzip"


def _in_words(error: BaseException) -> str:
    """The innermost reason of a failed request: those around it repeat its address."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return redact(getattr(error, "strerror", None) or str(error)) or type(error).__name__
