"""The figures for Prometheus of real runs: from the port, from the page, and in a server of Prometheus."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bedrock_locust.outputs.prometheus.figures import GROWTH
from tests.core.dashboard import queries
from tests.core.otlp_receiver import Receiver, plain

from .running import Simulator, free_port, post, serves, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .running import Place

PROMETHEUS = shutil.which("prometheus")
CONFIG = """
scrape_configs:
  - job_name: bedrock-locust
    scrape_interval: 500ms
    scrape_timeout: 500ms
    static_configs:
      - targets: ["127.0.0.1:{port}"]
"""


def fetched(url: str, **headers: str) -> str:
    """The text at an address."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def reported(place: Place, runs: int) -> bool:
    """Whether there are that many runs, and the last has its report."""
    return len(place.runs()) == runs and (place.runs()[-1] / "report.md").exists()


def ok_calls(text: str) -> float:
    """Successful calls of all levels and phases."""
    families = {family.name: family for family in text_string_to_metric_families(text)}
    return sum(
        sample.value
        for sample in families["bedrock_calls"].samples
        if sample.name.endswith("_total") and sample.labels["result"] == "ok"
    )


@pytest.mark.usefixtures("no_report")
def test_the_page_shows_them_to_who_has_the_token(place: Place, simulator: Simulator) -> None:
    """The token is asked for where the page has no login, and a second run counts on."""
    place.configure({"concurrency": {"end": 1, "duration_seconds": 1}, "test": {"non_streaming": False}})
    place.env |= {"BEDROCK_METRICS_TOKEN": "marked-secret", "BEDROCK_WEB_PASSWORD": "another-marked-secret"}
    port = free_port()
    process = place.start("--web-host", "127.0.0.1", "--web-port", str(port), "--host", simulator.url)
    base = f"http://127.0.0.1:{port}"
    until(lambda: serves(base), "page")
    token = {"Authorization": "Bearer marked-secret"}
    assert "bedrock_users 0.0" in fetched(f"{base}/metrics", **token)
    for wrong in ({}, {"Authorization": "Bearer another"}):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            fetched(f"{base}/metrics", **wrong)
    counts = []
    for count in (1, 2):
        assert post(f"{base}/swarm", user_count="1", spawn_rate="1")["success"]
        until(partial(reported, place, count), "report")
        counts.append(ok_calls(fetched(f"{base}/metrics", **token)))
    assert 0 < counts[0] < counts[1]
    assert "marked-secret" not in place.output(process)


def test_nothing_is_lost_with_all_exporters_on(place: Place, simulator: Simulator) -> None:
    """A run with workers that the page starts and Ctrl-C ends: what each exporter shows is what the rows say."""
    receiver = Receiver()
    place.configure(
        {
            "concurrency": {"start": 3, "end": 3, "duration_seconds": 60},
            "output": {"otlp_endpoint": receiver.url, "otlp_spans": True, "formats": ["junit", "github"]},
            "test": {"names": "mode"},
        }
    )
    summary = place.path / "summary.md"
    place.env |= {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=marked-secret", "GITHUB_STEP_SUMMARY": str(summary)}
    port, own = free_port(), free_port()
    process = place.start(
        *("--processes", "2", "--web-host", "127.0.0.1", "--web-port", str(port), "--host", simulator.url),
        *("--bedrock-metrics-port", str(own)),
    )
    until(lambda: serves(f"http://127.0.0.1:{port}"), "page")
    until(lambda: place.output(process).count("reported as ready") >= 2, "workers")
    assert post(f"http://127.0.0.1:{port}/swarm", user_count="1", spawn_rate="1")["success"]
    seen = until(lambda: max(0, ok_calls(fetched(f"http://127.0.0.1:{own}/metrics")) - 20), "calls") + 20
    process.send_signal(signal.SIGINT)
    try:
        assert process.wait(60) == 4, place.output(process)
    finally:
        receiver.close()
    [run] = place.runs()
    rows = list(csv.DictReader((run / "requests.csv").read_text().splitlines()))
    assert len(rows) >= seen > 20
    assert receiver.calls() == Counter(row["error"] or "ok" for row in rows)
    spans = {plain(span.attributes)["aws.request_id"] for span in receiver.spans() if not span.status.code}
    assert spans == {row["request_id"] for row in rows if not row["error"]}
    assert {row["name"] for row in rows} == {"streaming"}
    assert (run / "junit.xml").exists()
    assert summary.stat().st_size
    assert receiver.headers[0]["authorization"] == "marked-secret"
    written = [path.read_text(errors="replace") for path in place.path.rglob("*") if path.is_file()]
    assert not [text for text in written if "marked-secret" in text]


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """A server of Prometheus: the port that it fetches from, and its address."""
    if PROMETHEUS is None:
        pytest.skip("prometheus is missing: apt-get install prometheus")
    port, own = free_port(), free_port()
    (tmp_path / "prometheus.yml").write_text(CONFIG.format(port=port))
    with (tmp_path / "prometheus.log").open("w") as log:
        process = subprocess.Popen(
            [
                *(PROMETHEUS, f"--config.file={tmp_path / 'prometheus.yml'}"),
                *(f"--storage.tsdb.path={tmp_path / 'data'}", f"--web.listen-address=127.0.0.1:{own}"),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    until(lambda: serves(f"http://127.0.0.1:{own}/-/ready"), "Prometheus")
    yield port, f"http://127.0.0.1:{own}"
    process.terminate()
    process.wait(20)


def queried(url: str, query: str) -> list[dict[str, Any]]:
    """What a query finds."""
    answer = json.loads(fetched(f"{url}/api/v1/query?{urllib.parse.urlencode({'query': query})}"))
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found


@pytest.mark.long
def test_a_server_of_prometheus_finds_the_percentile_of_the_report(
    place: Place, simulator: Simulator, prometheus: tuple[int, str]
) -> None:
    """P95 of the time to first token by its own query is in the bucket of the report's, and it has every call."""
    port, url = prometheus
    place.configure({"concurrency": {"start": 4, "end": 4, "duration_seconds": 6}, "test": {"non_streaming": False}})
    code, output = place.run("--host", simulator.url, "--bedrock-metrics-port", str(port))
    assert code == 0, output
    report = json.loads((place.runs()[0] / "report.json").read_text())
    [level] = report["levels"]
    within = '{phase="measure"}'
    query = f"histogram_quantile(0.95, sum by (le) (bedrock_ttft_seconds_bucket{within}))"
    [found] = queried(url, f"last_over_time(({query})[1m:500ms])")
    assert 1 / GROWTH < float(found["value"][1]) * 1000 / level["ttft_ms_p95"] < GROWTH
    for name, query in queries().items():
        answered = queried(url, f"last_over_time(({query})[1m:500ms])")
        assert answered or "Failures" in name or "Lateness" in name, f"{name}: {query}"
    counted = queried(url, f"max_over_time(sum(bedrock_calls_total{within})[1m:500ms])")
    assert float(counted[0]["value"][1]) == level["ok"] + level["failed"] + level["cancelled"]
