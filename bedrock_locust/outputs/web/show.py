"""Our pages under Locust's web server, and the way to them from Locust's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import gevent.lock
from flask import Blueprint, Response, abort, render_template, request, send_file
from werkzeug.security import safe_join

from bedrock_locust.outputs.web import downloads, vega
from bedrock_locust.outputs.web.comparison import ComparisonError, compare
from bedrock_locust.outputs.web.form import read_form
from bedrock_locust.outputs.web.gate import put_gate
from bedrock_locust.outputs.web.guard import PASSIVE, guarded, harden
from bedrock_locust.outputs.web.history import History
from bedrock_locust.outputs.web.live import Live
from bedrock_locust.outputs.web.past_runs import PastRuns
from bedrock_locust.outputs.web.report_page import render
from bedrock_locust.outputs.web.tab import add_bar, add_tabs
from bedrock_locust.process.present import NO_APP, present
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.web import parse_hosts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from locust.web import WebUI

    from bedrock_locust.outputs.web.runs import Runs
    from bedrock_locust.outputs.web.vega import Made
    from bedrock_locust.process.own_folder import OwnFolder
    from bedrock_locust.settings.plan import Plan

    MakePlan = Callable[[Mapping[str, str]], Plan | None]

STATIC = Path(__file__).parent / "static"
CHOSEN = 2
"""Runs that are compared at a time."""
A_DAY = "private, max-age=86400, immutable"


def show(
    web_ui: WebUI, runs: Runs, *, plan: MakePlan, charts: str | None, directory: Callable[[], str] | None = None
) -> None:
    """Add all that the plugin shows to Locust's web UI. `charts` names the maker of the charts, if there is one.

    `directory` says where the run folders are whose runs are listed; without it those of this process are.
    """
    live, script = Live(runs), vega.script()
    definitions = vega.definitions(charts) if charts else None
    past = PastRuns(lambda: Path(directory())) if directory else None
    pages = Pages(History(runs, past), live, script, definitions, lambda: plan(read_form(web_ui)))
    add_tabs(web_ui, live, runs)
    add_bar(web_ui, [made for made in (script, definitions) if made and definitions])
    options = web_ui.environment.parsed_options
    put_gate(web_ui, parse_hosts(getattr(options, "bedrock_allowed_hosts", None)))
    base = getattr(options, "web_base_path", "") or ""
    blueprint = Blueprint("bedrock", __name__, url_prefix=f"{base}/bedrock", template_folder="templates")
    for rule, view, method in pages.rules():
        blueprint.add_url_rule(rule, view.__name__, guarded(web_ui, view), methods=[method])
    blueprint.after_request(harden)
    present(web_ui.app, NO_APP).register_blueprint(blueprint)


class Pages:
    """The views."""

    def __init__(
        self, history: History, live: Live, script: Made, charts: Made | None, plan: Callable[[], Plan | None]
    ) -> None:
        """`plan` makes the plan of a run with the form that the request sends."""
        self._history = history
        self._live = live
        self._script = script
        self._charts = charts
        self._plan = plan
        self._comparing = gevent.lock.BoundedSemaphore()
        """One at a time: each takes the memory of a report."""

    def rules(self) -> tuple[tuple[str, Callable[..., Any], str], ...]:
        """Path, view and method of each."""
        return (
            ("/", self.home, "GET"),
            ("/plan.json", self.plan, "POST"),
            ("/charts", self.charts, "GET"),
            ("/charts.json", self.definitions, "GET"),
            ("/live.json", self.live, "GET"),
            ("/state.json", self.state, "GET"),
            ("/vega.js", self.vega, "GET"),
            ("/static/<name>", self.static, "GET"),
            ("/runs/<name>/", self.report, "GET"),
            ("/runs/<name>/charts/<chart>", self.chart, "GET"),
            ("/compare", self.compare, "POST"),
            ("/runs/<name>/report.md", self.markdown, "GET"),
            ("/runs/<name>/report.html", self.page, "GET"),
            ("/runs/<name>/requests.csv", self.requests, "GET"),
            ("/runs/<name>/run.zip", self.archive, "GET"),
        )

    def home(self) -> str:
        """The plan of the next run, and all runs."""
        return render_template(
            "bedrock/home.html",
            root="",
            plan=self.plan(),
            runs=self._history.all(),
        )

    def compare(self) -> str:
        """Two runs against each other; the older one is the base."""
        names = sorted(request.form.getlist("run"))
        if trouble := self._no_comparison(names):
            return render_template("bedrock/comparison.html", root="", trouble=trouble)
        try:
            with self._comparing:
                made = compare([self._run(name)[0].path for name in names])
        except ComparisonError as error:
            return render_template("bedrock/comparison.html", root="", trouble=str(error))
        return render_template("bedrock/comparison.html", root="", report=render(made.markdown), chart=made.chart)

    def _no_comparison(self, names: Sequence[str]) -> str:
        """Why these runs are not compared; empty if they are."""
        if len(names) != CHOSEN:
            return f"Tick two runs to compare them: you ticked {len(names)}."
        if self._history.goes_on:
            return "A run goes on, and to compare others would disturb it. Compare them when it is over."
        return ""

    def plan(self) -> dict[str, Any]:
        """What a run with the values of the form would do, or what is wrong with them."""
        try:
            plan = self._plan()
        except SettingsError as error:
            return {"lines": [], "mistakes": list(error.lines)}
        return {"lines": plan.lines() if plan else [], "mistakes": []}

    def charts(self) -> str:
        """The live charts."""
        return render_template("bedrock/charts.html", root="", version=vega.VERSION, charts=self._charts is not None)

    def definitions(self) -> Response:
        """The Vega-Lite definitions of the charts."""
        if self._charts is None:
            abort(404)
        return Response(self._charts.output(), mimetype="application/json")

    def live(self) -> Response:
        """The figures of the latest run."""
        return Response(self._live.page(), mimetype="application/json")

    def state(self) -> Response:
        """How far the latest run is."""
        return Response(self._live.state(), mimetype="application/json")

    def vega(self) -> Response:
        """The JavaScript that draws the charts."""
        return Response(self._script.output(), mimetype="text/javascript", headers={"Cache-Control": A_DAY})

    def static(self, name: str) -> Response:
        """A script or a style sheet of ours."""
        path = safe_join(str(STATIC), name)
        if path is None or not Path(path).is_file():
            abort(404)
        return send_file(path, max_age=0)

    def report(self, name: str) -> str:
        """The report of a run as a page; while there is none yet, how far the run is."""
        folder, run = self._run(name)
        report = _page_of(folder) if run["ended_at"] else None
        return render_template("bedrock/report.html", root="../../", run=run, report=report)

    def chart(self, name: str, chart: str) -> Response:
        """A chart of a report."""
        if not downloads.CHART.fullmatch(chart):
            abort(404)
        response = send_file(self._file(name, "charts", chart), mimetype="image/svg+xml", max_age=0)
        response.headers["Content-Security-Policy"] = PASSIVE
        return response

    def markdown(self, name: str) -> Response:
        """The report as it is in the run folder."""
        file = self._file(name, "report.md")
        return send_file(file, mimetype="text/markdown", as_attachment=True, download_name=f"{name}-report.md")

    def page(self, name: str) -> Response:
        """The report as one HTML file: to be kept, not to be shown here, where its scripts would run beside ours."""
        file = self._file(name, "report.html")
        response = send_file(file, mimetype="text/html", as_attachment=True, download_name=f"{name}-report.html")
        response.headers["Content-Security-Policy"] = PASSIVE
        return response

    def requests(self, name: str) -> Response:
        """Every call of the run."""
        file = self._file(name, "requests.csv")
        response = _attachment(downloads.safe_csv(file), "text/csv", f"{name}-requests.csv")
        response.call_on_close(file.close)
        return response

    def archive(self, name: str) -> Response:
        """The whole run folder."""
        return _attachment(downloads.archive(self._run(name)[0]), "application/zip", f"{name}.zip")

    def _run(self, name: str) -> tuple[OwnFolder, dict[str, Any]]:
        """The folder of a run, and what is told of it."""
        found = self._history.find(name)
        if found is None:
            abort(404)
        return found

    def _file(self, name: str, *parts: str) -> BinaryIO:
        try:
            return self._run(name)[0].open(*parts)
        except OSError:
            abort(404)


def _page_of(folder: OwnFolder) -> str | None:
    """The report in a run folder as HTML; None while there is none."""
    try:
        with folder.open("report.md") as file:
            return render(file.read().decode(errors="replace"))
    except OSError:
        return None


def _attachment(pieces: Any, mimetype: str, name: str) -> Response:
    # The name is that of a run folder: letters, digits, `.`, `_` and `-`.
    return Response(pieces, mimetype=mimetype, headers={"Content-Disposition": f"attachment; filename={name}"})
