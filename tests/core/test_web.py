"""Our pages under Locust's web server, without a browser."""

from __future__ import annotations

import io
import json
import sys
import time
import zipfile
from argparse import Namespace
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from locust.env import Environment
from locust.web import WebUI

import pytest

from bedrock_locust.level import Level
from bedrock_locust.live.health import Pulse
from bedrock_locust.outputs.prometheus.endpoint import Endpoint
from bedrock_locust.outputs.prometheus.figures import Figures
from bedrock_locust.outputs.web import Runs, show
from bedrock_locust.outputs.web import live as web_live
from bedrock_locust.outputs.web.form import guard_form
from bedrock_locust.outputs.web.live import Live, about, line
from bedrock_locust.outputs.web.metrics import add_metrics
from bedrock_locust.outputs.web.tab import BAR
from bedrock_locust.recording.recorder import Recorder
from bedrock_locust.recording.run_folder import RunFolder
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.plan import Plan
from bedrock_locust.settings.schema import Settings

from .test_timeline import CALL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from flask.testing import FlaskClient

SETTINGS = Settings.model_validate({"model": {"id": "m"}})
INFO = {"run": "r", "started_at": 1.0, "levels_planned": 2, "endpoint": "e", "settings": {"model": {"id": "m"}}}


def a_run(folder: Path) -> Any:
    """What the pages see of a run that is over."""
    recorder = Recorder("r", RunFolder(folder), INFO)
    recorder.join_local(Pulse(lambda: ""))
    recorder.add(replace(CALL, started_at=time.time()))
    recorder.close(ended="complete", reason="all levels ran")
    (folder / "report.md").write_text("# A report")
    figures = {"tally": recorder.tally, "health": recorder.health, "is_local": True, "levels": None}
    end = {"state": "complete", "reason": "", "ended_at": time.time() + 9}
    return SimpleNamespace(
        arrivals=lambda _: None,
        path=recorder.folder.path,
        own_folder=recorder.folder.own,
        trouble="",
        info=INFO,
        settings=SETTINGS,
        **figures,
        **end,
    )


def plan(form: Mapping[str, str]) -> Plan | None:
    """A plan, or what is wrong with the form."""
    if "wrong" in form:
        raise SettingsError("mend it")
    return Plan.of(SETTINGS)


def web_ui(folder: Path, *, login: bool = False, charts: str | None = None, run: Any = None) -> WebUI:
    """Locust's web UI with our pages and a run."""
    environment = Environment()
    environment.create_local_runner()
    ui = WebUI(environment, "127.0.0.1", 0, web_login=login, delayed_start=True)
    assert ui.app is not None
    ui.app.config["SECRET_KEY"] = "made-up"
    if login:
        ui.login_manager.user_loader(lambda _: None)
    runs = Runs()
    runs.begin(run or a_run(folder))
    guard_form(ui, plan)
    show(ui, runs, plan=plan, charts=charts)
    return ui


def client_of(ui: WebUI) -> FlaskClient:
    """A client of Locust's web server."""
    assert ui.app is not None
    return ui.app.test_client()


@pytest.fixture(autouse=True)
def _no_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locust reads its command line anew for each view of the form."""
    monkeypatch.setattr(sys, "argv", ["locust"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder, beside a secret."""
    (tmp_path / "secret.md").write_text("secret")
    path = tmp_path / "a-run"
    path.mkdir()
    return path


@pytest.fixture
def client(folder: Path) -> FlaskClient:
    """A client of Locust's web server."""
    return client_of(web_ui(folder))


@pytest.mark.parametrize("certificate", [None, "certificate.pem"])
def test_cookies_of_a_page_with_tls(certificate: str | None) -> None:
    """They are sent over TLS only, where there is TLS."""
    environment = Environment()
    environment.create_local_runner()
    ui = WebUI(environment, "127.0.0.1", 0, tls_cert=certificate, tls_key=certificate, delayed_start=True)
    show(ui, Runs(), plan=plan, charts=None)
    assert ui.app is not None
    assert [ui.app.config[f"{kind}_COOKIE_SECURE"] for kind in ("SESSION", "REMEMBER")] == [bool(certificate)] * 2


def test_every_route_needs_the_login(folder: Path) -> None:
    """With Locust's login on, each route of ours, and the check of the form, leads to the login page."""
    ui = web_ui(folder, login=True)
    assert ui.app is not None
    rules = [rule for rule in ui.app.url_map.iter_rules() if rule.endpoint.startswith("bedrock.")]
    assert len(rules) >= 12
    client = client_of(ui)
    for rule in rules:
        path = rule.rule.replace("<name>", "a-run").replace("<chart>", "ttft.svg")
        method = "POST" if "POST" in (rule.methods or ()) else "GET"
        answer = client.open(path, method=method)
        assert (answer.status_code, answer.location) == (302, f"/login?next={path.replace('/', '%2F')}"), path
    assert client.post("/swarm", data={"wrong": "1"}).status_code == 302


@pytest.mark.parametrize(
    "path", ["", "plan.json", "charts", "live.json", "static/live.js", "runs/a-run/", "runs/a-run/run.zip", "none"]
)
def test_headers(client: FlaskClient, path: str) -> None:
    """No answer may be read by other sites, framed or taken for something else, or run what is not ours."""
    answer = client.open(f"/bedrock/{path}", method="POST" if path == "plan.json" else "GET")
    answer.close()
    if path == "none":
        assert answer.status_code == 404
        return
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe-eval" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    [
        "runs/../secret.md",
        "runs/a-run/../../secret.md",
        "runs/a-run/charts/..%2f..%2fsecret.md",
        "runs/a-run/charts/%2e%2e/%2e%2e/secret.md",
        "runs/%2e%2e/report.md",
        "runs/..%2f..%2fetc/report.md",
        "runs//etc/passwd",
        "runs/none/report.md",
        "runs/a-run/charts/ttft.svg",
        "static/none.js",
        "static/",
        "static/..%2frows.py",
        "static/%2e%2e/rows.py",
    ],
)
def test_no_way_out(client: FlaskClient, path: str) -> None:
    """Whatever a path looks like, it leads to a file of a run of this process, or nowhere."""
    answer = client.get(f"/bedrock/{path}", follow_redirects=True)
    assert answer.status_code == 404, answer.text
    assert "secret" not in answer.text.replace("secret.md", "")


def test_downloads(client: FlaskClient, folder: Path) -> None:
    """Report and rows are those of the folder."""
    for name in ("report.md", "requests.csv"):
        answer = client.get(f"/bedrock/runs/a-run/{name}")
        assert answer.data == (folder / name).read_bytes()
        assert answer.headers["Content-Disposition"] == f"attachment; filename=a-run-{name}"
        answer.close()
    assert "<h1>A report</h1>" in client.get("/bedrock/runs/a-run/").text


@pytest.mark.parametrize("link", [True, False])
def test_another_folder_in_its_place(client: FlaskClient, folder: Path, tmp_path: Path, link: bool) -> None:
    """Where a run folder was swapped for a link to another, or for another, nothing of that is served."""
    other = tmp_path / "other"
    (other / "charts").mkdir(parents=True)
    for name in ("report.md", "report.html", "requests.csv", "run.json", "charts/ttft.svg"):
        (other / name).write_text("marked-secret")
    folder.rename(tmp_path / "away")
    if link:
        folder.symlink_to(other)
    else:
        other.rename(folder)
    for path in ("", "report.md", "report.html", "requests.csv", "charts/ttft.svg", "run.zip"):
        answer = client.get(f"/bedrock/runs/a-run/{path}")
        assert b"marked-secret" not in answer.data, path
        answer.close()
    assert "a-run" in client.get("/bedrock/").text, "the run is still listed"


def test_rows_in_locusts_answer(client: FlaskClient) -> None:
    """Locust's own answer carries our rows once, however often it is asked for."""
    for _ in range(2):
        answer = client.get("/stats/requests")
        assert answer.text.count('"extended_stats"') == 1
    stats = {table["key"]: table["data"] for table in json.loads(answer.text)["extended_stats"]}
    assert stats["bedrock"][0]["calls"] == 1
    assert stats["bedrock-failures"] == []


def test_live_figures(client: FlaskClient) -> None:
    """The charts page gets strict JSON."""
    live = json.loads(client.get("/bedrock/live.json").text, parse_constant=pytest.fail)
    assert live["run"]["calls"] == 1
    assert live["rows"][0]["success"] == 100


def test_plan_of_a_form(client: FlaskClient) -> None:
    """The form is told its plan, or what is wrong with it."""
    assert "20 levels" in client.post("/bedrock/plan.json", data={"bedrock_end": "3"}).json["lines"][0]  # type: ignore[index]
    assert client.post("/bedrock/plan.json", data={"wrong": "1"}).json["mistakes"] == ["mend it"]  # type: ignore[index]
    assert client.post("/swarm", data={"wrong": "1"}).json["message"] == "mend it"  # type: ignore[index]


def test_a_fault_says_nothing_of_itself(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A fault in a page is one line to the reader; the log has the rest."""
    (folder / "x").mkdir()
    ui = web_ui(folder)
    (folder / "report.md").unlink()
    (folder / "report.md").write_bytes(b"\xff\xfe")
    assert client_of(ui).get("/bedrock/runs/a-run/").status_code == 200
    runs = Runs()
    broken_run: Any = SimpleNamespace(tally=None, health=None, settings=SETTINGS, arrivals=None)
    runs.begin(broken_run)
    broken = WebUI(ui.environment, "127.0.0.1", 0, delayed_start=True)
    show(broken, runs, plan=plan, charts=None)
    answer = client_of(broken).get("/bedrock/live.json")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert "Traceback" in caplog.text


def test_a_run_that_can_not_be_written(tmp_path: Path) -> None:
    """While a run goes on, the pages say in the place of a reason why its folder cannot be written."""
    run = a_run(tmp_path)
    run.state, run.trouble = "running", "results/x cannot be written (No space left on device)"
    assert about(run)["reason"] == run.trouble
    run.reason = "all levels ran"
    assert about(run)["reason"] == "all levels ran"


def test_a_run_in_a_line(client: FlaskClient) -> None:
    """What became of the run, its calls, and that its report is there."""
    run = client.get("/bedrock/state.json").get_json()["run"]
    assert (run["line"], run["report"]) == ("Run complete; 1 call, 0 failed", "report.md")


def test_an_answer_serves_all_who_ask_within_a_second(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is made at once, also on a machine that has just started; the next one a second later."""
    runs, moments = Runs(), iter((0.0, 0.999, 1.0))
    monkeypatch.setattr(web_live, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    live = Live(runs)
    assert json.loads(live.state()) == {"run": None}
    runs.begin(a_run(folder))
    assert [json.loads(live.state())["run"] is not None for _ in range(2)] == [False, True]


def test_a_line_while_a_run_goes_on(folder: Path) -> None:
    """Which level of how many, how long it takes, calls, failures and cost."""
    levels = [Level(key=f"streaming-{n}", mode="streaming", users=n, duration_s=60) for n in (4, 8)]
    run = a_run(folder)
    run.state, run.levels = "running", levels
    run.tally.level(replace(levels[0], started_at=90.0, phase="measure", measured_from=100.0))
    where = "Level 1 of 2: streaming, 4 users; measuring, 30 s left; of the run about 1 min 30 s"
    assert line(run, "0.012 USD", 130.0) == f"{where}; 1 call, 0 failed, 0.012 USD"
    run.levels = None
    assert line(run, "", 130.0) == "1 call, 0 failed"


def test_files_of_a_report(client: FlaskClient, folder: Path) -> None:
    """A chart is shown, the page is kept; nothing in either runs beside our pages. And the whole folder."""
    (folder / "charts").mkdir()
    (folder / "charts" / "ttft.svg").write_text("<svg/>")
    (folder / "report.html").write_text("<script>1</script>")
    chart = client.get("/bedrock/runs/a-run/charts/ttft.svg")
    assert (chart.data, chart.mimetype) == (b"<svg/>", "image/svg+xml")
    page = client.get("/bedrock/runs/a-run/report.html")
    assert (page.data, page.mimetype) == (b"<script>1</script>", "text/html")
    assert page.headers["Content-Disposition"] == "attachment; filename=a-run-report.html"
    for answer in (chart, page):
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"].startswith("no-cache")
        answer.close()
    archive = client.get("/bedrock/runs/a-run/run.zip")
    assert (archive.mimetype, archive.headers["Content-Disposition"]) == (
        "application/zip",
        "attachment; filename=a-run.zip",
    )
    names = zipfile.ZipFile(io.BytesIO(archive.data)).namelist()
    assert {"a-run/report.md", "a-run/requests.csv", "a-run/charts/ttft.svg"} <= set(names)
    assert client.get("/bedrock/runs/a-run/charts/ttft.png").status_code == 404
    markdown, rows = (client.get(f"/bedrock/runs/a-run/{name}") for name in ("report.md", "requests.csv"))
    assert (markdown.mimetype, rows.mimetype) == ("text/markdown", "text/csv")
    markdown.close()
    rows.close()


def test_a_run_without_a_report_says_how_far_it_is(folder: Path) -> None:
    """Until it has ended no report is shown, whatever the folder holds."""
    run = a_run(folder)
    run.ended_at = None
    assert "A report" not in client_of(web_ui(folder, run=run)).get("/bedrock/runs/a-run/").text
    run.ended_at = 9.0
    (folder / "report.md").unlink()
    assert client_of(web_ui(folder, run=run)).get("/bedrock/runs/a-run/").status_code == 200


def test_definitions_of_the_charts(folder: Path, client: FlaskClient) -> None:
    """As their maker gives them; without one there are none, and the page says so."""
    assert client.get("/bedrock/charts.json").status_code == 404
    made = client_of(web_ui(folder, charts="locale:localeconv"))
    answer = made.get("/bedrock/charts.json")
    assert answer.mimetype == "application/json"
    assert "decimal_point" in answer.text
    assert "the number at the top is their load, in users or in" in made.get("/bedrock/charts").text
    assert made.get("/bedrock/charts").text != client.get("/bedrock/charts").text


@pytest.mark.parametrize(("ticked", "count"), [([], 0), (["a-run"], 1), (["a-run", "b", "c"], 3)])
def test_two_runs_are_compared(client: FlaskClient, ticked: list[str], count: int) -> None:
    """No more and no less, and it is said how many were ticked."""
    text = client.post("/bedrock/compare", data={"run": ticked}).text
    assert f"Tick two runs to compare them: you ticked {count}." in text


def test_no_comparison_while_a_run_goes_on(folder: Path) -> None:
    """It would disturb it."""
    run = a_run(folder)
    run.ended_at = None
    text = client_of(web_ui(folder, run=run)).post("/bedrock/compare", data={"run": ["a-run", "a-run"]}).text
    assert "A run goes on, and to compare others would disturb it." in text


def test_a_comparison_of_runs(client: FlaskClient, folder: Path) -> None:
    """Or the reason why there is none, as the command of the report says it."""
    assert client.post("/bedrock/compare", data={"run": ["a-run", "none"]}).status_code == 404
    answer = client.post("/bedrock/compare", data={"run": ["a-run", "a-run"]})
    assert answer.status_code == 200
    assert "The runs could not be compared: python -m reports: compare: " in answer.text
    assert "a-run is given more than once, and no other run" in answer.text


def test_pages_below_another_path() -> None:
    """With --web-base-path ours are there, too."""
    environment = Environment()
    environment.create_local_runner()
    ui = WebUI(environment, "127.0.0.1", 0, delayed_start=True)
    environment.parsed_options = Namespace(web_base_path="/load")
    show(ui, Runs(), plan=plan, charts=None)
    made = client_of(ui)
    assert made.get("/load/bedrock/state.json").status_code == 200
    assert made.get("/bedrock/state.json").status_code == 404


@pytest.mark.parametrize(
    ("state", "told"),
    [("ready", "spawning"), ("stopped", "spawning"), ("running", "running"), ("spawning", "spawning")],
)
def test_locusts_page_stays_with_a_run_that_begins(folder: Path, state: str, told: str) -> None:
    """Until it has begun Locust says that nothing runs; told that, its page would go back to the form for good."""
    for is_over in (True, False):
        run = a_run(folder)
        run.state = "complete" if is_over else "running"
        ui = web_ui(folder, run=run)
        ui.environment.runner.update_state(state)  # type: ignore[union-attr]
        answer = client_of(ui).get("/stats/requests").json or {}
        assert (answer["state"], "extended_stats" in answer) == (state if is_over else told, True)


def test_the_bar_is_at_the_end_of_locusts_page(client: FlaskClient) -> None:
    """There, and on no other page."""
    page = client.get("/").data
    assert page.count(BAR) == 1
    assert page.endswith(BAR + b"</body>\n</html>") or page.split(BAR)[1].lstrip().startswith(b"</body>")
    assert BAR not in client.get("/bedrock/").data


@pytest.mark.parametrize("login", [False, True])
def test_metrics_are_for_who_has_the_token_or_the_login(
    folder: Path, login: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the format that is asked for; hardened as all answers of ours."""
    monkeypatch.setenv("BEDROCK_METRICS_TOKEN", "made-up")
    ui = web_ui(folder, login=login)
    add_metrics(ui, Endpoint(Figures()))
    client = client_of(ui)
    with_token = client.get("/metrics", headers={"Authorization": "Bearer made-up"})
    assert with_token.status_code == 200
    assert b"# TYPE bedrock" in with_token.data
    assert with_token.headers["X-Content-Type-Options"] == "nosniff"
    assert with_token.content_type.startswith("text/plain")
    accept = "application/openmetrics-text; version=1.0.0"
    open_metrics = client.get("/metrics", headers={"Authorization": "Bearer made-up", "Accept": accept})
    assert open_metrics.content_type.startswith("application/openmetrics-text")
    assert open_metrics.data.endswith(b"# EOF\n")
    assert client.get("/metrics", headers={"Authorization": "Bearer another"}).status_code == 401
    assert client.get("/metrics").status_code == (302 if login else 401)
