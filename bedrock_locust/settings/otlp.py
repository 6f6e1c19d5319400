"""Where figures go by OTLP: `output.otlp_endpoint`, or the environment variables of OpenTelemetry.

Names and rules of the variables: https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from bedrock_locust.settings.mistakes import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
PROTOCOL = "http/protobuf"
GRPC = (
    "OTLP over gRPC, which can hang under gevent, on which Locust runs: use OTLP over HTTP (most collectors: port 4318)"
)
"""https://github.com/grpc/grpc/issues/4629"""
GRPC_PORT = 4317
SIGNALS = ("metrics", "traces")
PROTOCOLS = (
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
)


class Addresses(NamedTuple):
    """Where each signal goes; empty where it goes nowhere."""

    metrics: str
    traces: str
    origin: str
    """The setting or variable that says so."""

    @property
    def shown(self) -> str:
        """Scheme, host and port: what may be shown of an address."""
        parts = urlsplit(self.metrics or self.traces)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def over_http(url: str) -> str:
    """The address, if it can be one of OTLP over HTTP. Raises ValueError."""
    scheme = url.partition("://")[0].lower()
    if scheme in {"grpc", "grpcs"}:
        raise ValueError(f"that is {GRPC}")
    if _port(url) == GRPC_PORT:
        raise ValueError(f"port {GRPC_PORT} is that of {GRPC}")
    if scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise ValueError("must start with http:// or https:// and name a host, such as http://127.0.0.1:4318")
    return url


def base(url: str) -> str:
    """The address, if those of metrics and spans can be made from it. Raises ValueError."""
    path = urlsplit(over_http(url)).path.rstrip("/")
    if path.endswith(("/v1/metrics", "/v1/traces", "/v1/logs")):
        raise ValueError("must end before /v1/metrics and /v1/traces, which are added to it")
    return url


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        raise ValueError("must have a port from 1 to 65535") from None


def addresses(endpoint: str | None, *, spans: bool, environ: Mapping[str, str]) -> Addresses | None:
    """Where metrics and, if asked for, spans go; None where nobody has named an address.

    `endpoint` is that of the settings. Raises SettingsError where that could not work.
    """
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    found = _in_settings(endpoint) if endpoint else _in_environment(environ)
    if spans and not (found and found.traces):
        raise SettingsError(
            f"output.otlp_spans is true, but spans have no address: set output.otlp_endpoint or {ENDPOINT}"
        )
    if found is None or not (spans or found.metrics):
        return None
    for name in PROTOCOLS:
        _check_protocol(name, environ.get(name, "").strip())
    return found if spans else found._replace(traces="")


def _check_protocol(name: str, value: str) -> None:
    if value == "grpc":
        raise SettingsError(f"{name} is {value}, that is {GRPC}, with {name}={PROTOCOL}")
    if value not in {"", PROTOCOL}:
        raise SettingsError(f"{name} is {value[:80]!r}, but must be {PROTOCOL}: no other can be sent")


def _in_settings(endpoint: str) -> Addresses:
    metrics, traces = (f"{endpoint.rstrip('/')}/v1/{signal}" for signal in SIGNALS)
    return Addresses(metrics, traces, "output.otlp_endpoint")


def _in_environment(environ: Mapping[str, str]) -> Addresses | None:
    common = _checked(ENDPOINT, environ, base)
    names = {signal: f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT" for signal in SIGNALS}
    own = {signal: _checked(name, environ, over_http) for signal, name in names.items()}
    found = {signal: own[signal] or (f"{common.rstrip('/')}/v1/{signal}" if common else "") for signal in SIGNALS}
    origin = ENDPOINT if common else next((names[signal] for signal in SIGNALS if own[signal]), "")
    return Addresses(found["metrics"], found["traces"], origin) if origin else None


def _checked(name: str, environ: Mapping[str, str], rule: Callable[[str], str]) -> str:
    """An address in a variable; empty where there is none. Raises SettingsError, without a password of it."""
    url = environ.get(name, "").strip()
    try:
        return rule(url) if url else ""
    except ValueError as error:
        raise SettingsError(f"{name} is {url.rpartition('@')[2][:200]!r}, but {error}") from None
