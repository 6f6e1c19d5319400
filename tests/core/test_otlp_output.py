"""The figures of a run by OTLP, as a receiver on a real socket reads them."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from bedrock_locust.call import CANCELLED
from bedrock_locust.live.output import Outcome, State
from bedrock_locust.outputs.otlp import sending, sent
from bedrock_locust.outputs.otlp.encoding import SCOPE, attributes, framed, resource
from bedrock_locust.outputs.otlp.exponential import MOST_BUCKETS, Exponential
from bedrock_locust.outputs.otlp.output import Otlp
from bedrock_locust.outputs.otlp.spans import Spans
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.otlp import Addresses
from bedrock_locust.settings.schema import Settings

from .otlp_receiver import Receiver, plain
from .strategies import calls
from .test_output import CALL, LEVEL, run_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_locust.call import Call

OUTCOME = Outcome("complete", "all levels ran", Path(), None, ())
RECORDED = State("recorded", None, users=0, in_flight=0)
ACCOUNT = "123456789012"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver."""
    made = Receiver()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of OpenTelemetry but those of a test."""
    monkeypatch.delenv("OTEL_RESOURCE_ATTRIBUTES", raising=False)


def to(url: str, *, spans: bool = True) -> Addresses:
    """The addresses of a receiver."""
    return Addresses(f"{url}/v1/metrics", f"{url}/v1/traces" if spans else "", "output.otlp_endpoint")


def said(caplog: pytest.LogCaptureFixture, receiver: Receiver) -> list[logging.LogRecord]:
    """What was said of this receiver: outputs of tests before this one may still end."""
    return [record for record in caplog.records if receiver.url in record.getMessage()]


def run_through(output: Otlp, found: list[Call]) -> None:
    """A run with these calls."""
    run = Settings.model_validate({"model": {"id": "m"}, "aws": {"region": "us-east-1"}})
    output.begin(
        run_of(settings=run, info={"run": "run-1", "endpoint": "https://bedrock-runtime.us-east-1.amazonaws.com"})
    )
    for call in found:
        output.add(call)
    output.tick(RECORDED)
    with gevent.Timeout(60):
        output.end(OUTCOME)


def numbers_of(call: Call) -> dict[str, float]:
    """The figures of a call as its span has them."""
    counts: dict[str, int | None] = {
        "gen_ai.request.max_tokens": call.max_tokens,
        "gen_ai.usage.input_tokens": call.all_input_tokens,
        "gen_ai.usage.output_tokens": call.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": call.cache_read_tokens,
        "gen_ai.usage.cache_creation.input_tokens": call.cache_write_tokens,
    }
    times_ms = {
        "time_to_first_token": call.ttft_ms,
        "time_per_output_token": call.tpot_ms,
        "send_delay": call.send_delay_ms,
        "lateness": call.lateness_ms,
    }
    seconds = {f"bedrock_locust.{name}": ms / 1000 for name, ms in times_ms.items() if ms is not None}
    return {name: count for name, count in counts.items() if count is not None} | seconds


def numbers_in(span: Span) -> dict[str, float]:
    """The numbers of a span."""
    return {name: value for name, value in plain(span.attributes).items() if isinstance(value, int | float)}


@given(st.lists(calls(error=st.sampled_from(["", "ThrottlingError", CANCELLED])), max_size=20))
def test_each_call_arrives_once(found: list[Call]) -> None:
    """In the durations by what became of it, its tokens, its times if it succeeded, and as a span."""
    receiver = Receiver()
    try:
        run_through(Otlp(to(receiver.url)), found)
    finally:
        receiver.close()
    assert receiver.calls() == Counter(call.error or "ok" for call in found)
    spans = list(receiver.spans())
    assert Counter(plain(span.attributes).get("error.type", "ok") for span in spans) == receiver.calls()
    assert len({span.trace_id for span in spans}) == len(found)
    assert [numbers_in(span) for span in spans] == [numbers_of(call) for call in found]
    tokens: Counter[str] = Counter()
    for labels, point in receiver.points("gen_ai.client.token.usage"):
        tokens[labels["gen_ai.token.type"]] += round(point.sum)
    assert tokens["input"] == sum(call.all_input_tokens or 0 for call in found)
    assert tokens["output"] == sum(call.output_tokens or 0 for call in found)
    firsts = receiver.points("bedrock_locust.time_to_first_token")
    assert sum(point.count for _, point in firsts) == sum(call.ok and call.ttft_ms is not None for call in found)


@given(calls(error_code=st.text(max_size=300), request_id=st.text(max_size=300)))
def test_the_library_reads_a_span_as_it_writes_it(call: Call) -> None:
    """Spans are put together from bytes: nothing in them is unknown, and texts of any length are what they were."""
    shared = resource({"service.name": "s"})
    spans = Spans(shared, {"gen_ai.operation.name": "chat"})
    read = ExportTraceServiceRequest.FromString(spans.message(map(spans.span, [call, call])))
    [of_run] = read.resource_spans
    [scoped] = of_run.scope_spans
    assert (of_run.resource, scoped.scope, len(scoped.spans)) == (shared, SCOPE, 2)
    span = scoped.spans[0]
    about = plain(span.attributes)
    assert (about.get("aws.request_id", ""), about.get("bedrock_locust.error_code", "")) == (
        call.request_id,
        call.error_code,
    )
    assert (len(span.trace_id), len(span.span_id), span.parent_span_id) == (16, 8, b"")
    assert span.start_time_unix_nano == round(call.started_at * 1e9)
    assert {each.key: each for each in span.attributes} == {each.key: each for each in attributes(about)}
    size = read.ByteSize()
    read.DiscardUnknownFields()
    assert read.ByteSize() == size


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 3_000_000])
def test_the_length_of_a_field_is_as_the_library_has_it(size: int) -> None:
    """Of one byte, and of more."""
    assert framed(1, b"x" * size) == AnyValue(string_value="x" * size).SerializeToString()


@pytest.mark.parametrize(
    ("endpoint", "server"),
    [
        ("https://h.example", {"server.address": "h.example"}),
        ("https://h.example:443", {"server.address": "h.example"}),
        ("https://h.example:444/base", {"server.address": "h.example", "server.port": 444}),
        ("http://127.0.0.1:80", {"server.address": "127.0.0.1", "server.port": 80}),
        ("", {}),
    ],
)
def test_the_server_has_its_port_where_that_is_another(
    receiver: Receiver, endpoint: str, server: dict[str, str | int]
) -> None:
    """Of figures and of spans; nothing where there is no endpoint."""
    output = Otlp(to(receiver.url))
    output.begin(run_of(info={"run": "run-1", "endpoint": endpoint}))
    output.add(CALL)
    output.tick(RECORDED)
    [(labels, _)], [span] = receiver.points("gen_ai.client.operation.duration"), receiver.spans()
    for told in (labels, plain(span.attributes)):
        assert {name: value for name, value in told.items() if name.startswith("server.")} == server


def test_names_units_and_what_a_receiver_reads(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds, the attributes of the conventions, no account, and the resource, where the environment wins."""
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=mine,deployment.environment.name=test")
    arn = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:application-inference-profile/abc"
    call = replace(CALL, model_id=arn, level="streaming-1", phase="measure", ttft_ms=250.0, latency_ms=900.0)
    failed = replace(call, error="ThrottlingError", error_code="ThrottlingException", ttft_ms=None, latency_ms=20.0)
    began_ns = time.time_ns() - 1_000_000_000
    run_through(Otlp(to(receiver.url)), [replace(call, request_id="r-1", stop_reason="end_turn"), failed])
    about = receiver.resource
    assert (about["service.name"], about["service.instance.id"]) == ("mine", "run-1")
    assert (about["deployment.environment.name"], about["bedrock_locust.region"]) == ("test", "us-east-1")
    [(labels, first)] = receiver.points("bedrock_locust.time_to_first_token")
    assert labels == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "aws.bedrock",
        "gen_ai.request.model": "arn:aws:bedrock:us-east-1::application-inference-profile/abc",
        "server.address": "bedrock-runtime.us-east-1.amazonaws.com",
        "bedrock_locust.mode": "streaming",
        "bedrock_locust.level": "streaming-1",
        "bedrock_locust.phase": "measure",
    }
    assert (first.count, first.sum, first.min, first.max) == (1, 0.25, 0.25, 0.25)
    assert began_ns <= first.start_time_unix_nano <= first.time_unix_nano, "sums are those since the run began"
    units = {m.name: m.unit for r in receiver.metrics[0].resource_metrics for s in r.scope_metrics for m in s.metrics}
    assert units["gen_ai.client.operation.duration"] == units["bedrock_locust.time_to_first_token"] == "s"
    assert units["bedrock_locust.users"] == "{user}"
    span, other = receiver.spans()
    assert (span.kind, span.status.code) == (Span.SPAN_KIND_CLIENT, Status.STATUS_CODE_UNSET)
    assert span.end_time_unix_nano - span.start_time_unix_nano == 900_000_000
    about = plain(span.attributes)
    assert (about["gen_ai.response.finish_reasons"], about["aws.request_id"]) == (["end_turn"], "r-1")
    assert about["bedrock_locust.time_to_first_token"] == 0.25
    assert (other.status.code, plain(other.attributes)["error.type"]) == (Status.STATUS_CODE_ERROR, "ThrottlingError")
    assert ACCOUNT not in str(receiver.metrics) + str(receiver.traces)


def test_figures_that_did_not_arrive_are_made_good(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While the other side refuses them the run goes on, one line says so, and the last message has all calls."""
    monkeypatch.setattr(sending, "INTERVAL_S", 0.02)
    receiver.status = 503
    output = Otlp(to(receiver.url))
    output.begin(run_of(info={}))
    output.level(LEVEL)
    with gevent.Timeout(60):
        for number in range(50):
            output.add(replace(CALL, request_id=str(number)))
            while len(receiver.headers) <= number // 10:
                gevent.sleep(0.01)
        receiver.status = 200
        output.tick(RECORDED)
        output.end(OUTCOME)
    assert receiver.calls() == {"ok": 50}
    assert {plain(span.attributes)["aws.request_id"] for span in receiver.spans()} == {str(n) for n in range(50)}
    [record] = said(caplog, receiver)
    assert record.getMessage() == (
        f"bedrock-locust: {receiver.url} (output.otlp_endpoint) takes no figures: HTTP 503 Service Unavailable. The run"
        " goes on, and they are sent again until its end"
    )


def test_only_what_changed_is_sent_again(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A level that is over costs nothing more."""
    monkeypatch.setattr(sending, "INTERVAL_S", 0.02)
    output = Otlp(to(receiver.url, spans=False))
    output.begin(run_of(info={}))
    with gevent.Timeout(60):
        for level in ("a", "b"):
            output.add(replace(CALL, level=level))
            seen = len(receiver.metrics)
            while len(receiver.metrics) < seen + 2:
                gevent.sleep(0.01)
        output.tick(RECORDED)
        output.end(OUTCOME)
    sizes = [len(m.resource_metrics[0].scope_metrics[0].metrics) for m in receiver.metrics]
    assert sorted(sizes)[-2:] == [3, 3]
    assert set(sorted(sizes)[:-2]) == {2}
    assert not receiver.traces


def test_an_endpoint_that_is_never_there_is_one_line(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """However often it is tried; the end does not say it again."""
    monkeypatch.setattr(sending, "INTERVAL_S", 0.02)
    receiver.status = 401
    output = Otlp(to(receiver.url, spans=False))
    output.begin(run_of(info={}))
    with gevent.Timeout(60):
        while len(receiver.headers) < 5:
            output.add(CALL)
            gevent.sleep(0.01)
        output.tick(RECORDED)
        output.end(OUTCOME)
    [record] = said(caplog, receiver)
    assert "takes no figures: HTTP 401 Unauthorized." in record.getMessage()


def test_spans_arrive_where_figures_do_not(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A collector that takes traces only."""
    monkeypatch.setattr(sending, "INTERVAL_S", 0.02)
    receiver.statuses["/v1/metrics"] = 404
    output = Otlp(to(receiver.url))
    output.begin(run_of(info={}))
    with gevent.Timeout(60):
        while len(receiver.headers) < 4:
            output.add(CALL)
            gevent.sleep(0.01)
        output.tick(RECORDED)
        output.end(OUTCOME)
    assert output._sender.dropped == 0
    assert len(list(receiver.spans())) >= 1
    [record] = said(caplog, receiver)
    assert "takes no figures: HTTP 404 Not Found. The run goes on, and they are sent again" in record.getMessage()


@pytest.mark.parametrize(("status", "dropped"), [(404, True), (413, True), (408, False), (429, False), (503, False)])
def test_spans_that_will_never_be_taken_are_not_sent_again(
    status: int, dropped: bool, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """They are counted as dropped, and figures arrive; after other answers they are sent again."""
    monkeypatch.setattr(sending, "INTERVAL_S", 0.02)
    receiver.statuses["/v1/traces"] = status
    output = Otlp(to(receiver.url))
    output.begin(run_of(info={}))
    output.add(CALL)
    with gevent.Timeout(60):
        while not said(caplog, receiver):
            gevent.sleep(0.01)
        receiver.statuses.clear()
        output.tick(RECORDED)
        output.end(OUTCOME)
    assert output._sender.dropped == dropped
    assert receiver.calls() == {"ok": 1}
    first, *last = [record.getMessage() for record in said(caplog, receiver)]
    assert f"takes no spans: HTTP {status}" in first
    assert first.endswith("these are dropped" if dropped else "sent again until its end")
    assert last == ([f"bedrock-locust: 1 span did not reach {receiver.url} and is dropped"] if dropped else [])


@pytest.mark.parametrize("kind", ["refused", "silent"])
def test_a_dead_end_is_one_line_and_holds_nothing_up(
    kind: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody listens, or nobody answers: the end says what did not arrive, and how many spans."""
    monkeypatch.setattr(sending, "MOST_WAITING", 3)
    monkeypatch.setattr(sending, "LAST_S", 0.5)
    if kind == "refused":
        receiver.close()
    else:
        receiver.silent_s = 2
    run_through(Otlp(to(receiver.url)), [CALL] * 10)
    lines = [record.getMessage() for record in said(caplog, receiver)]
    assert lines[-1] == f"bedrock-locust: 10 spans did not reach {receiver.url} and are dropped"
    why = "Connection refused" if kind == "refused" else "no answer within 0.5 s"
    assert f"bedrock-locust: the last figures did not reach {receiver.url}: {why}" in lines
    assert len(lines) == 2
    assert not any(record.exc_info for record in caplog.records)


def test_what_arrived_the_last_time_is_sent_first(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans reach their collector at the end of a run, though the one of the figures has stopped to answer."""
    monkeypatch.setattr(sending, "INTERVAL_S", 0.02)
    monkeypatch.setattr(sending, "LAST_S", 0.5)
    other = Receiver()
    other.status = 503
    try:
        output = Otlp(Addresses(f"{other.url}/v1/metrics", f"{receiver.url}/v1/traces", "output.otlp_endpoint"))
        output.begin(run_of(info={"run": "run-1", "endpoint": "https://e"}))
        with gevent.Timeout(30):
            while not other.headers:
                gevent.sleep(0.01)
        monkeypatch.setattr(sending, "INTERVAL_S", 60)
        gevent.sleep(0.1)
        other.silent_s = 1.0
        output.add(CALL)
        output.tick(RECORDED)
    finally:
        other.close()
    assert len(list(receiver.spans())) == 1


def test_what_was_taken_in_part_is_said(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    """With the reason that the other side gives, on one line."""
    receiver.partial = "too many\nseries"
    run_through(Otlp(to(receiver.url, spans=False)), [CALL])
    assert [record.getMessage() for record in said(caplog, receiver)] == [
        f"bedrock-locust: {receiver.url} took not all: too many series"
    ]


def test_headers_and_compression_are_those_of_the_environment(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The header arrives decoded, and is in no line of the log."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20marked-secret,x-tenant=a")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "x-tenant=b")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    caplog.set_level(logging.DEBUG)
    run_through(Otlp(to(receiver.url, spans=False)), [CALL])
    headers = receiver.headers[0]
    assert (headers["authorization"], headers["x-tenant"]) == ("Bearer marked-secret", "b")
    assert headers["Content-Encoding"] == "gzip"
    assert receiver.calls() == {"ok": 1}
    assert "marked-secret" not in caplog.text


@pytest.mark.parametrize(("name", "value"), [("TIMEOUT", "soon"), ("TIMEOUT", "0"), ("COMPRESSION", "zstd")])
def test_variables_that_cannot_be_read_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """One line with the variable and its value."""
    monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", value)
    with pytest.raises(SettingsError, match=f"OTEL_EXPORTER_OTLP_{name} is '{value}', but must be"):
        sent(Settings.model_validate({"model": {"id": "m"}, "output": {"otlp_endpoint": "http://127.0.0.1:1"}}))


def test_without_an_address_nothing_is_sent() -> None:
    """No output."""
    assert sent(Settings.model_validate({"model": {"id": "m"}})) == []


VALUES = st.lists(st.floats(min_value=0, max_value=1e9), min_size=1, max_size=60)


@given(VALUES)
def test_buckets_hold_what_they_say(values: list[float]) -> None:
    """Each value lies in its bucket, however far the values lie apart; nothing is lost, and there are few buckets."""
    counted = Exponential()
    for value in values:
        counted.add(value)
    first, counts = counted.buckets()
    assert sum(counts) + counted.zeros == counted.count == len(values)
    assert len(counts) <= MOST_BUCKETS
    assert (counted.smallest, counted.largest) == (min(values), max(values))
    base = 2 ** (2.0**-counted.scale)
    above = sorted(value for value in values if value > 0)
    for offset, count in enumerate(counts):
        inside, above = above[:count], above[count:]
        low, high = base ** (first + offset), base ** (first + offset + 1)
        assert all(low * (1 - 1e-9) <= value <= high * (1 + 1e-9) for value in inside)
    assert not above


def test_a_bucket_is_narrow_and_scales_only_as_far_as_needed() -> None:
    """Times of a model lie within a few octaves: 2.2 %, and joined buckets add up."""
    counted = Exponential()
    for value in (0.06, 60.0):
        counted.add(value)
    assert (counted.buckets()[0], counted.scale) == (-130, 5)
    counted.add(1e6)
    first, counts = counted.buckets()
    assert counted.scale == 3
    found = [first + at for at, count in enumerate(counts) if count]
    assert found == [math.ceil(math.log2(value) * 8) - 1 for value in (0.06, 60.0, 1e6)]
