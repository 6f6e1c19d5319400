"""Where figures go by OTLP: the setting, the variables of OpenTelemetry, and what cannot work."""

from __future__ import annotations

import pytest

from bedrock_locust.redaction import MASK, forget, know_environment, scrub
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.otlp import GRPC, Addresses, addresses

HERE = "http://127.0.0.1:4318"


@pytest.mark.parametrize(
    ("endpoint", "environ", "metrics", "traces"),
    [
        (None, {}, None, None),
        (HERE, {}, f"{HERE}/v1/metrics", f"{HERE}/v1/traces"),
        (f"{HERE}/", {}, f"{HERE}/v1/metrics", f"{HERE}/v1/traces"),
        (
            "http://p:9090/api/v1/otlp",
            {},
            "http://p:9090/api/v1/otlp/v1/metrics",
            "http://p:9090/api/v1/otlp/v1/traces",
        ),
        (HERE, {"ENDPOINT": "http://other"}, f"{HERE}/v1/metrics", f"{HERE}/v1/traces"),
        (HERE, {"METRICS_ENDPOINT": "http://other"}, f"{HERE}/v1/metrics", f"{HERE}/v1/traces"),
        (None, {"ENDPOINT": f" {HERE} "}, f"{HERE}/v1/metrics", f"{HERE}/v1/traces"),
        (None, {"ENDPOINT": HERE, "METRICS_ENDPOINT": "http://m/x"}, "http://m/x", f"{HERE}/v1/traces"),
        (None, {"ENDPOINT": HERE, "PROTOCOL": "http/protobuf"}, f"{HERE}/v1/metrics", f"{HERE}/v1/traces"),
        (None, {"ENDPOINT": ""}, None, None),
    ],
)
def test_addresses(endpoint: str | None, environ: dict[str, str], metrics: str | None, traces: str | None) -> None:
    """The setting wins over the variables, and the variable of a signal over that of all, which gets a path."""
    variables = {f"OTEL_EXPORTER_OTLP_{name}": value for name, value in environ.items()}
    found = addresses(endpoint, spans=False, environ=variables)
    assert (found and found.metrics, found and found.traces) == (metrics, metrics and "")
    if metrics:
        found = addresses(endpoint, spans=True, environ=variables)
        assert (found and found.metrics, found and found.traces) == (metrics, traces)


def test_spans_alone_and_nothing_at_all() -> None:
    """An address of spans is of no use where none are asked for; OpenTelemetry can be switched off."""
    only = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t/x"}
    assert addresses(None, spans=False, environ=only) is None
    found = addresses(None, spans=True, environ=only)
    assert found == Addresses("", "http://t/x", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    assert addresses(HERE, spans=True, environ={"OTEL_SDK_DISABLED": "True"}) is None


@pytest.mark.parametrize(
    ("environ", "spans", "line"),
    [
        (
            {"ENDPOINT": "http://c:4317"},
            False,
            f"OTEL_EXPORTER_OTLP_ENDPOINT is 'http://c:4317', but port 4317 is that of {GRPC}",
        ),
        ({"ENDPOINT": "grpc://c"}, False, f"OTEL_EXPORTER_OTLP_ENDPOINT is 'grpc://c', but that is {GRPC}"),
        (
            {"ENDPOINT": HERE, "PROTOCOL": "grpc"},
            False,
            f"OTEL_EXPORTER_OTLP_PROTOCOL is grpc, that is {GRPC}, with OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        ),
        (
            {"ENDPOINT": HERE, "METRICS_PROTOCOL": "http/json"},
            False,
            "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL is 'http/json', but must be http/protobuf: no other can be sent",
        ),
        (
            {"METRICS_ENDPOINT": "http://user:marked-secret@c:99999/x"},
            False,
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT is 'c:99999/x', but must have a port from 1 to 65535",
        ),
        (
            {"METRICS_ENDPOINT": HERE},
            True,
            (
                "output.otlp_spans is true, but spans have no address: set output.otlp_endpoint or"
                " OTEL_EXPORTER_OTLP_ENDPOINT"
            ),
        ),
    ],
)
def test_what_cannot_work_is_refused(environ: dict[str, str], spans: bool, line: str) -> None:
    """One line with the variable, its value without a password, and what to do."""
    variables = {f"OTEL_EXPORTER_OTLP_{name}": value for name, value in environ.items()}
    with pytest.raises(SettingsError) as refused:
        addresses(None, spans=spans, environ=variables)
    assert refused.value.lines == (line,)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://user:secret@h:1/x", "http://h:1"),
        ("https://h", "https://h"),
        ("http://[::1]:4318/v1/metrics", "http://[::1]:4318"),
    ],
)
def test_only_scheme_host_and_port_are_shown(url: str, shown: str) -> None:
    """A path may hold a key of a tenant."""
    assert Addresses(url, "", "").shown == shown


def test_headers_are_secrets() -> None:
    """No text that is written or shown has the values of the headers that are sent, nor a password."""
    know_environment(
        {
            "OTEL_EXPORTER_OTLP_HEADERS": "x-key=marked-first, authorization=Basic%20marked-second",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "x=marked-third",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "https://me:marked-fourth@collector",
        }
    )
    try:
        shown = scrub("a marked-first b Basic marked-second c marked-second d marked-third e marked-fourth")
    finally:
        forget()
    assert "marked" not in shown
    assert shown.count(MASK) == 5
