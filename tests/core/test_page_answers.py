"""What our pages under Locust's web server answer, request by request: status, headers, and what a person reads.

`UPDATE_GOLDEN=1 pytest tests/core/test_page_answers.py` writes the golden file anew: read the difference.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
import zipfile
from argparse import Namespace
from html import unescape
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from locust.env import Environment
from locust.web import WebUI

import pytest

from bedrock_locust.call import Call
from bedrock_locust.level import Level
from bedrock_locust.live.health import Health
from bedrock_locust.live.tally import Tally
from bedrock_locust.outputs.web import Runs, show
from bedrock_locust.outputs.web.form import guard_form
from bedrock_locust.process.clock import clock
from bedrock_locust.process.own_folder import OwnFolder
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.plan import Plan
from bedrock_locust.settings.schema import Settings

from .golden_files import check_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.wrappers import Response

T0 = 1_800_000_000.0
SETTINGS = Settings.model_validate({"model": {"id": "m"}, "concurrency": {"start": 1, "end": 1}})
NOW, OLD, BARE = "2027-01-15T08-00-00Z-m", "2026-11-01T10-00-00Z-m", "2026-10-01T10-00-00Z-m"
USUAL = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers of every answer."""
HEADERS = ("Content-Type", "Cache-Control", "Content-Disposition", "Content-Security-Policy", "Location")
POLICIES = dict[str, str]()
REPORT = """# Report

**Fast** <script>alert(1)</script> ![ttft](charts/ttft.svg) ![away](https://evil.example/x.svg)

| users | ok |
|---|---|
| 1 | 99 % |
"""


def past_runs(results: Path) -> None:
    """Two runs of other processes: one with a report, one that has written nothing but its start."""
    old, bare = results / OLD, results / BARE
    info = {"ended": "complete", "end_reason": "all levels ran", "settings": {"model": {"id": "m"}}, "simulator": True}
    times = {"started_at": T0 - 9e6, "ended_at": T0 - 9e6 + 60, "levels_planned": 3, "endpoint": "http://127.0.0.1:1"}
    said = {"calls": {"ok": 1200, "failed": 34}, "summary": ["It holds 8 users.", "More."], "levels": [{}, {}]}
    (old / "charts").mkdir(parents=True)
    for name, text in (
        ("run.json", json.dumps({**info, **times})),
        ("report.json", json.dumps(said)),
        ("report.md", REPORT),
        ("report.html", "<p>all of it</p>"),
        ("charts/ttft.svg", "<svg/>"),
        ("requests.csv", "level,error_message\r\nstreaming-1,=1+1\r\nstreaming-1,-5\r\n"),
    ):
        (old / name).write_text(text, encoding="utf-8", newline="")
    bare.mkdir()
    (bare / "run.json").write_text("{", encoding="utf-8")
    os.utime(bare / "run.json", (T0 - 2e7, T0 - 2e7))
    (results / "no-run").mkdir()


def a_run(results: Path) -> Any:
    """The run of this process: its second level goes on."""
    path = results / NOW
    path.mkdir()
    levels = [Level(key=f"streaming-{n}", mode="streaming", users=n, duration_s=60, started_at=T0) for n in (1, 2)]
    tally = Tally()
    tally.level(levels[0])
    of_level: dict[str, Any] = {"level": "streaming-1", "phase": "measure"}
    tally.add(Call(started_at=T0, mode="streaming", operation="o", model_id="m", name="n", latency_ms=900, **of_level))
    info = {"started_at": T0, "levels_planned": 2, "endpoint": "https://e", "settings": {"model": {"id": "m"}}}
    view = {"tally": tally, "health": Health(), "is_local": True, "levels": levels, "settings": SETTINGS}
    state = {"state": "running", "reason": "", "trouble": "the disk is full", "ended_at": None}
    own = {"path": path, "own_folder": OwnFolder.at(path), "arrivals": lambda _: None}
    return SimpleNamespace(**view, **state, **own, info=info)


def plan(form: Mapping[str, str]) -> Plan | None:
    """A plan, or what is wrong with the form."""
    if "wrong" in form:
        raise SettingsError("one mistake\nanother mistake")
    return None if "none" in form else Plan.of(SETTINGS)


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """The run of this process."""
    past_runs(tmp_path)
    return a_run(tmp_path)


@pytest.fixture
def client(tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A client of the pages, below a path of their own."""
    monkeypatch.setattr(sys, "argv", ["locust"])
    monkeypatch.setattr(clock, "wall_at", lambda: T0 + 30)
    environment = Environment()
    environment.create_local_runner()
    ui = WebUI(environment, "127.0.0.1", 0, delayed_start=True)
    environment.parsed_options = Namespace(web_base_path="/base", bedrock_allowed_hosts="bench.example")
    assert ui.app is not None
    ui.app.config["SECRET_KEY"] = "made-up"
    runs = Runs()
    runs.begin(run)
    guard_form(ui, plan)
    show(ui, runs, plan=plan, charts=None, directory=lambda: str(tmp_path))
    return ui.app.test_client()


REQUESTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("GET", "/", {}),
    ("POST", "/plan.json", {"users": "1"}),
    ("POST", "/plan.json", {"wrong": "1"}),
    ("POST", "/plan.json", {"none": "1"}),
    ("GET", "/plan.json", {}),
    ("GET", "/charts", {}),
    ("GET", "/charts.json", {}),
    ("GET", "/state.json", {}),
    ("GET", "/vega.js", {}),
    ("GET", "/static/style.css", {}),
    ("GET", "/static/none.css", {}),
    ("GET", "/static/..%2Fshow.py", {}),
    *(("GET", f"/runs/{name}/{file}", {}) for name in (NOW, OLD) for file in ("", "report.md", "report.html")),
    ("GET", f"/runs/{OLD}/charts/ttft.svg", {}),
    ("GET", f"/runs/{OLD}/charts/none.svg", {}),
    ("GET", f"/runs/{OLD}/charts/run.json", {}),
    ("GET", f"/runs/{OLD}/requests.csv", {}),
    ("GET", f"/runs/{OLD}/run.zip", {}),
    ("GET", f"/runs/{BARE}/", {}),
    ("GET", f"/runs/{BARE}/requests.csv", {}),
    ("GET", "/runs/no-run/", {}),
    ("GET", "/runs/..%2F..%2Fetc/run.zip", {}),
    ("POST", "/compare", {"run": [OLD]}),
    ("POST", "/compare", {"run": [NOW, OLD]}),
)


def read(answer: Response) -> str:
    """What a person would see of the body."""
    kind, data = answer.mimetype, answer.get_data()
    if kind == "application/zip":
        return " ".join(sorted(zipfile.ZipFile(io.BytesIO(data)).namelist()))
    if kind in {"text/javascript", "text/css", "application/javascript"}:
        return "a script" if len(data) > 1000 else "too short for a script"
    text = data.decode()
    if kind == "text/html":
        body = re.sub(r"<(script|style|svg)\b.*?</\1>", "", text.partition("<body")[2], flags=re.DOTALL)
        text = unescape(re.sub(r"<[^>]*>", " ", body.partition(">")[2]))
    return "\n    ".join(filter(None, (" ".join(line.split()) for line in text.splitlines())))


def told(method: str, path: str, fields: Mapping[str, Any], answer: Response) -> str:
    """A request and its answer."""
    asked = f"{method} {path} {dict(fields) or ''}".rstrip()
    assert {name: answer.headers.get(name) for name in USUAL} == USUAL
    found = {name: answer.headers[name] for name in HEADERS if name in answer.headers}
    if policy := found.get("Content-Security-Policy"):
        found["Content-Security-Policy"] = POLICIES.setdefault(policy, f"policy {len(POLICIES) + 1}")
    headers = [f"  {name}: {value}" for name, value in found.items()]
    return "\n".join([f"{asked} -> {answer.status_code}", *headers, f"    {read(answer)}"]) + "\n"


def test_answers_are_as_they_were_read_and_approved(client: FlaskClient) -> None:
    """Pages, files and refusals while a run goes on; what each policy of a page says stands at the end."""
    POLICIES.clear()
    found = []
    for method, path, fields in REQUESTS:
        headers = {"Host": "127.0.0.1"}
        with client.open(f"/base/bedrock{path}", method=method, data=fields, headers=headers) as answer:
            found.append(told(method, path, fields, answer))
    found += [f"{name}: {policy}" for policy, name in POLICIES.items()]
    check_text("pages.txt", "\n".join(found) + "\n")
