"""The figures for Prometheus, read back with its own parser, and who may fetch them."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open_metrics
from prometheus_client.parser import text_string_to_metric_families

from bedrock_locust.call import CANCELLED
from bedrock_locust.level import Level
from bedrock_locust.live.health import Health
from bedrock_locust.live.output import State
from bedrock_locust.outputs.prometheus import exposed, last_scrape
from bedrock_locust.outputs.prometheus.endpoint import TOKEN, Endpoint, is_local, serve
from bedrock_locust.outputs.prometheus.figures import BOUNDS, Figures
from bedrock_locust.outputs.prometheus.last_scrape import MARGIN_S, SETTLING_S, USUAL_S, LastScrape
from bedrock_locust.settings.mistakes import SettingsError

from .strategies import calls
from .test_output import CALL, LEVEL, STATE, run_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_locust.call import Call

ORDER = ("mode", "target", "level", "phase", "result", "category", "type", "le")
Samples = dict[tuple[str, tuple[str, ...]], float]


def samples(figures: Figures) -> Samples:
    """Every sample by name and values of its labels, but for the moments at which counters were made."""
    text = Endpoint(figures).answer("").get_data(as_text=True)
    return {
        (sample.name, tuple(sample.labels[name] for name in ORDER if name in sample.labels)): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


@given(st.lists(calls(error=st.sampled_from(["", "ThrottlingError", CANCELLED])), max_size=8))
def test_each_call_is_counted_once(found: list[Call]) -> None:
    """By mode, model, level and phase; tokens of all, times of successes; nothing else adds to it."""
    figures = Figures()
    for call in found:
        figures.add(call)
    seen = samples(figures)
    results, tokens, latency_s = Counter[Any](), Counter[Any](), Counter[Any]()
    for call in found:
        labels = (call.mode, call.model_id, call.level, call.phase)
        result = {"": "ok", CANCELLED: "cancelled"}.get(call.error, "failed")
        results[*labels, result] += 1
        tokens[*labels, "output"] += call.output_tokens or 0
        if result == "ok":
            latency_s[labels] += 1
    assert {labels: value for (name, labels), value in seen.items() if name == "bedrock_calls_total"} == results
    assert {
        labels: value
        for (name, labels), value in seen.items()
        if name == "bedrock_tokens_total" and labels[-1] == "output"
    } == +tokens
    counts = {labels: value for (name, labels), value in seen.items() if name == "bedrock_latency_seconds_count"}
    assert counts == latency_s
    failed = sum(value for (name, _), value in seen.items() if name == "bedrock_failures_total")
    assert failed == sum(count for labels, count in results.items() if labels[-1] == "failed")


OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


@given(st.lists(st.tuples(calls(error=st.sampled_from(["", "ThrottlingError"])), st.booleans()), max_size=6))
def test_what_is_kept_between_two_fetches_is_right(found: list[tuple[Call, bool]]) -> None:
    """However often it was fetched before, in either format, the text is that of all calls."""
    figures, fresh = Figures(), Figures()
    endpoint = Endpoint(figures)
    for call, fetched in found:
        figures.add(call)
        fresh.add(call)
        if fetched:
            endpoint.answer("")
            endpoint.answer(OPEN_METRICS)
    for accept in ("", OPEN_METRICS):
        assert endpoint.answer(accept).get_data() == Endpoint(fresh).answer(accept).get_data()
    text = endpoint.answer(OPEN_METRICS).get_data(as_text=True)
    families: Any = parse_open_metrics(text)  # type: ignore[no-untyped-call]
    counted = [sample.value for family in families for sample in family.samples if sample.name == "bedrock_calls_total"]
    assert sum(counted) == len(found)


def test_an_open_loop_and_an_account() -> None:
    """Calls that came late are counted as such; no label has the number of an account."""
    figures = Figures()
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"
    figures.add(replace(CALL, model_id=arn, scheduled_at=CALL.started_at - 0.5))
    text = Endpoint(figures).answer("").get_data(as_text=True)
    [late] = [line for line in text.splitlines() if line.startswith("bedrock_lateness_seconds_sum")]
    assert float(late.split()[-1]) == pytest.approx(0.5)
    assert 'target="arn:aws:bedrock:us-east-1::application-inference-profile/abc"' in late
    assert "123456789012" not in text


def test_times_are_in_seconds_and_in_the_right_bucket() -> None:
    """0.9 s of latency, 0.25 s to the first token; a bucket is within 25 %."""
    figures = Figures()
    figures.add(replace(CALL, level="streaming-1", phase="measure", ttft_ms=250.0))
    seen = samples(figures)
    labels = ("streaming", "m", "streaming-1", "measure")
    assert seen["bedrock_latency_seconds_sum", labels] == pytest.approx(0.9)
    assert seen["bedrock_ttft_seconds_sum", labels] == pytest.approx(0.25)
    upper = [bound for bound in BOUNDS if seen["bedrock_ttft_seconds_bucket", (*labels, str(bound))] == 1]
    assert min(upper) == min(bound for bound in BOUNDS if bound >= 0.25)
    assert all(b / a < 1.26 for a, b in pairwise(BOUNDS))
    assert BOUNDS[-1] > 120


def test_the_load_and_the_level_that_runs() -> None:
    """One level is shown as running at a time; the end of the load leaves none, and no user."""
    figures, health = Figures(), Health()
    other = replace(LEVEL, key="streaming-2")
    figures.begin(run_of(health=health))
    figures.level(LEVEL)
    figures.tick(replace(STATE, users=7, in_flight=5))
    seen = samples(figures)
    assert seen["bedrock_level", ("streaming", "m", "streaming-1")] == 1
    assert (seen["bedrock_users", ()], seen["bedrock_calls_in_flight", ()]) == (7, 5)
    assert seen["bedrock_client_limited", ("streaming", "m", "streaming-1")] == 0
    health.add_pulse("local", {other.key: {"cpu_s": 0.99, "wall_s": 1.0, "lag": {}}})
    figures.level(other)
    figures.tick(State("running", other, users=2, in_flight=None))
    seen = samples(figures)
    assert seen["bedrock_level", ("streaming", "m", "streaming-1")] == 0
    assert seen["bedrock_level", ("streaming", "m", "streaming-2")] == 1
    assert seen["bedrock_client_limited", ("streaming", "m", "streaming-2")] == 1
    figures.level(None)
    figures.tick(State("ending", None, users=2, in_flight=2))
    seen = samples(figures)
    assert not [labels for (name, labels), value in seen.items() if name == "bedrock_level" and value]
    assert (seen["bedrock_users", ()], seen["bedrock_calls_in_flight", ()]) == (0, 0)


def test_it_counts_on_from_run_to_run() -> None:
    """A counter of Prometheus never falls while the process lives."""
    figures = Figures()
    for _ in range(2):
        figures.begin(run_of(health=Health()))
        figures.level(Level(key="streaming-1", mode="streaming", users=1))
        figures.add(replace(CALL, level="streaming-1", phase="measure"))
        figures.level(None)
    assert samples(figures)["bedrock_calls_total", ("streaming", "m", "streaming-1", "measure", "ok")] == 2


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an endpoint with a token."""
    monkeypatch.setenv(TOKEN, "marked-secret-of-metrics")
    server = serve(Endpoint(Figures()), "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.server_port}"
    server.stop(1)


def fetch(url: str, **headers: str) -> tuple[int, str]:
    """Status and body, by way of a thread that lets the server have its turn."""

    def get() -> tuple[int, str]:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    found: tuple[int, str] = gevent.get_hub().threadpool.apply(get)
    return found


@pytest.mark.parametrize(
    ("path", "authorization", "status"),
    [
        ("/metrics", "Bearer marked-secret-of-metrics", 200),
        ("/metrics", "bearer marked-secret-of-metrics", 200),
        ("/metrics", "", 401),
        ("/metrics", "Bearer", 401),
        ("/metrics", "Bearer marked-secret-of-metric", 401),
        ("/metrics", "Basic marked-secret-of-metrics", 401),
        ("/metrics", "Bearer \xe9", 401),
        ("/", "Bearer marked-secret-of-metrics", 404),
    ],
)
def test_only_the_token_opens_it(served: str, path: str, authorization: str, status: int) -> None:
    """Any other header is refused, with the name of the variable and never its value."""
    found, body = fetch(served + path, **({"Authorization": authorization} if authorization else {}))
    assert found == status
    assert ("bedrock_users" in body) == (status == 200)
    assert "marked-secret" not in body


def test_the_newer_format_is_given_to_who_asks_for_it(served: str) -> None:
    """OpenMetrics ends with a mark of its own."""
    headers = {
        "Authorization": "Bearer marked-secret-of-metrics",
        "Accept": OPEN_METRICS,
    }
    assert fetch(f"{served}/metrics", **headers)[1].endswith("# EOF\n")


@pytest.mark.parametrize("token", ["a\nb", "a b", " ab", "ab\n", "schl\xfcssel", "\u5bc6\u94a5", "a\x7f"])
def test_a_token_that_no_header_can_carry_is_refused(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    """One line that names the variable and not its value."""
    monkeypatch.setenv(TOKEN, token)
    with pytest.raises(SettingsError, match=f"{TOKEN}: no header can carry this token") as refused:
        Endpoint(Figures())
    assert token not in str(refused.value)
    assert len(refused.value.lines) == 1


@pytest.mark.parametrize("port", [-1, 0, 65_536, 99_999])
def test_no_port_is_refused(port: int) -> None:
    """It says which numbers are ports."""
    with pytest.raises(SettingsError) as refused:
        exposed(cast("Any", SimpleNamespace(bedrock_metrics_port=port, bedrock_metrics_host="127.0.0.1")), None)
    assert str(refused.value) == f"--bedrock-metrics-port {port}: a port is a number from 1 to 65535"


@pytest.mark.parametrize(
    ("host", "token", "warns"),
    [
        ("127.0.0.1", "", False),
        ("localhost", "", False),
        ("0.0.0.0", "", True),
        ("0.0.0.0", "secret-token", False),
    ],
)
def test_figures_that_anybody_may_read_are_warned_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, host: str, token: str, *, warns: bool
) -> None:
    """Where others reach the port and no token is asked for: with what to set."""
    monkeypatch.setenv(TOKEN, token)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    options: Any = SimpleNamespace(bedrock_metrics_port=port, bedrock_metrics_host=host)
    assert exposed(options, None)
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(said) == warns
    assert all(f"--bedrock-metrics-host {host}: whoever reaches port {port}" in line and TOKEN in line for line in said)


def test_an_address_without_a_port_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """It does nothing."""
    for host in ("127.0.0.1", "0.0.0.0"):
        assert exposed(cast("Any", SimpleNamespace(bedrock_metrics_port=None, bedrock_metrics_host=host)), None) == []
    [record] = caplog.records
    assert "--bedrock-metrics-host 0.0.0.0 does nothing without --bedrock-metrics-port" in record.getMessage()


@pytest.mark.parametrize("host", ["127.8.9.1", "::1", "[::1]", "LOCALHOST"])
def test_addresses_of_this_machine(host: str) -> None:
    """No warning is due for them."""
    assert is_local(host)
    assert not is_local(f"{host}.example")


OUTCOME: Any = None
"""How a run ended: it does not matter here."""


@pytest.fixture
def last() -> tuple[Figures, LastScrape, list[bool]]:
    """Figures, what waits for their last scrape, and a list that is not empty once a signal has come."""
    figures, signals = Figures(), list[bool]()
    return figures, LastScrape(figures, lambda: bool(signals)), signals


def test_the_last_figures_are_fetched_before_the_end(last: tuple[Figures, LastScrape, list[bool]]) -> None:
    """A server that has come before gets the calls that ended since."""
    figures, waits, _ = last
    server = serve(Endpoint(figures, waits.seen), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.server_port}/metrics"
    try:
        fetch(url)
        waits.end(OUTCOME)  # nothing has changed
        figures.add(CALL)
        end = gevent.spawn(waits.end, OUTCOME)
        gevent.sleep(0)
        assert fetch(url)[0] == 200  # as one that came while the report was made
        gevent.sleep(2 * SETTLING_S)
        assert not end.ready()
        assert "bedrock_calls_total" in fetch(url)[1]
        end.get(timeout=10)
    finally:
        server.stop(1)


def test_nobody_is_waited_for_who_has_never_come(last: tuple[Figures, LastScrape, list[bool]]) -> None:
    """Then no server is there."""
    figures, waits, _ = last
    figures.add(CALL)
    end = gevent.spawn(waits.end, OUTCOME)
    gevent.sleep(0)
    assert end.ready()


@pytest.mark.parametrize("signalled", [False, True])
def test_the_wait_for_the_last_scrape_has_an_end(
    last: tuple[Figures, LastScrape, list[bool]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    signalled: bool,
) -> None:
    """The interval of the server or, once a signal has come, less."""
    monkeypatch.setattr(last_scrape, "LIMIT_OF_SIGNAL_S" if signalled else "LIMIT_S", 0.2)
    figures, waits, signals = last
    waits.seen(figures.version)
    assert waits.limit_s == (USUAL_S + MARGIN_S if signalled else 0.2)
    figures.add(CALL)
    signals += [True] * signalled
    gevent.spawn(waits.end, OUTCOME).get(timeout=USUAL_S)
    assert "nobody fetched /metrics after the end" in caplog.text


def test_a_port_in_use_is_refused() -> None:
    """One line with the option, the port and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options: Any = SimpleNamespace(bedrock_metrics_port=port, bedrock_metrics_host="127.0.0.1")
        with pytest.raises(SettingsError, match=f"--bedrock-metrics-port {port}: .*give another"):
            exposed(options, None)


def test_without_a_way_to_them_nothing_is_counted() -> None:
    """No web UI and no port: no output."""
    options: Any = SimpleNamespace(bedrock_metrics_port=None)
    assert exposed(options, None) == []
