"""Our pages under Locust's web server, and the way to them from Locust's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, render_template, send_file
from werkzeug.security import safe_join

from bedrock_locust.outputs.web import downloads, vega
from bedrock_locust.outputs.web.form import read_form
from bedrock_locust.outputs.web.gate import put_gate
from bedrock_locust.outputs.web.guard import PASSIVE, guarded, harden
from bedrock_locust.outputs.web.live import Live, about
from bedrock_locust.outputs.web.report_page import render
from bedrock_locust.outputs.web.tab import add_bar, add_tabs
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.web import parse_hosts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from locust.web import WebUI

    from bedrock_locust.live.output import RunView
    from bedrock_locust.outputs.web.runs import Runs
    from bedrock_locust.outputs.web.vega import Made
    from bedrock_locust.settings.plan import Plan

    MakePlan = Callable[[Mapping[str, str]], Plan | None]

STATIC = Path(__file__).parent / "static"
A_DAY = "private, max-age=86400, immutable"


def show(web_ui: WebUI, runs: Runs, *, plan: MakePlan, charts: str | None) -> None:
    """Add all that the plugin shows to Locust's web UI. `charts` names the maker of the charts, if there is one."""
    live, script = Live(runs), vega.script()
    definitions = vega.definitions(charts) if charts else None
    pages = Pages(runs, live, script, definitions, lambda: plan(read_form(web_ui)))
    add_tabs(web_ui, live, runs)
    add_bar(web_ui, [made for made in (script, definitions) if made and definitions])
    options = web_ui.environment.parsed_options
    put_gate(web_ui, parse_hosts(getattr(options, "bedrock_allowed_hosts", None)))
    base = getattr(options, "web_base_path", "") or ""
    blueprint = Blueprint("bedrock", __name__, url_prefix=f"{base}/bedrock", template_folder="templates")
    for rule, view, method in pages.rules():
        blueprint.add_url_rule(rule, view.__name__, guarded(web_ui, view), methods=[method])
    blueprint.after_request(harden)
    assert web_ui.app is not None  # noqa: S101 - it has one from its start
    web_ui.app.register_blueprint(blueprint)


class Pages:
    """The views."""

    def __init__(
        self, runs: Runs, live: Live, script: Made, charts: Made | None, plan: Callable[[], Plan | None]
    ) -> None:
        """`plan` makes the plan of a run with the form that the request sends."""
        self._runs = runs
        self._live = live
        self._script = script
        self._charts = charts
        self._plan = plan

    def rules(self) -> tuple[tuple[str, Callable[..., Any], str], ...]:
        """Path, view and method of each."""
        return (
            ("/", self.home, "GET"),
            ("/plan.json", self.plan, "POST"),
            ("/charts", self.charts, "GET"),
            ("/charts.json", self.definitions, "GET"),
            ("/live.json", self.live, "GET"),
            ("/vega.js", self.vega, "GET"),
            ("/static/<name>", self.static, "GET"),
            ("/runs/<name>/", self.report, "GET"),
            ("/runs/<name>/charts/<chart>", self.chart, "GET"),
            ("/runs/<name>/report.md", self.markdown, "GET"),
            ("/runs/<name>/requests.csv", self.requests, "GET"),
            ("/runs/<name>/run.zip", self.archive, "GET"),
        )

    def home(self) -> str:
        """The plan of the next run, and the runs of this process."""
        return render_template(
            "bedrock/home.html",
            root="",
            plan=self.plan(),
            runs=[about(run) for run in reversed(list(self._runs))],
        )

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
        run = self._run(name)
        path = downloads.inside(run.path, "report.md")
        report = render(path.read_text(encoding="utf-8", errors="replace")) if path and run.ended_at else None
        return render_template("bedrock/report.html", root="../../", run=about(run), report=report)

    def chart(self, name: str, chart: str) -> Response:
        """A chart of a report."""
        if not downloads.CHART.fullmatch(chart):
            abort(404)
        path = self._file(name, "charts", chart)
        response = send_file(path, mimetype="image/svg+xml", max_age=0)
        response.headers["Content-Security-Policy"] = PASSIVE
        return response

    def markdown(self, name: str) -> Response:
        """The report as it is in the run folder."""
        path = self._file(name, "report.md")
        return send_file(path, mimetype="text/markdown", as_attachment=True, download_name=f"{name}-report.md")

    def requests(self, name: str) -> Response:
        """Every call of the run."""
        path = self._file(name, "requests.csv")
        return _attachment(downloads.safe_csv(path), "text/csv", f"{name}-requests.csv")

    def archive(self, name: str) -> Response:
        """The whole run folder."""
        return _attachment(downloads.archive(self._run(name).path), "application/zip", f"{name}.zip")

    def _run(self, name: str) -> RunView:
        run = self._runs.find(name)
        if run is None:
            abort(404)
        return run

    def _file(self, name: str, *parts: str) -> Path:
        path = downloads.inside(self._run(name).path, *parts)
        if path is None:
            abort(404)
        return path.absolute()


def _attachment(pieces: Any, mimetype: str, name: str) -> Response:
    # The name is that of a run folder: letters, digits, `.`, `_` and `-`.
    return Response(pieces, mimetype=mimetype, headers={"Content-Disposition": f"attachment; filename={name}"})
