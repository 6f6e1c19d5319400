"""The web UI under a login, under a base path, with a form filled in wrongly, and without a mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.e2e.running import ROOT, until

from .visit import fill, fills, start

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.running import Place, Simulator

    from .visit import Visit

LOGIN = """
from flask import redirect
from flask_login import UserMixin, login_user
from locust import events


class Reader(UserMixin):
    def get_id(self):
        return "reader"


@events.init.add_listener
def add_login(environment, **_):
    web_ui = environment.web_ui
    if not web_ui:
        return
    web_ui.app.config["SECRET_KEY"] = "made-up"
    web_ui.login_manager.user_loader(lambda name: Reader())
    web_ui.auth_args = {"username_password_callback": "/log-in"}

    @web_ui.app.route("/log-in", methods=["POST"])
    def log_in():
        login_user(Reader())
        return redirect("/")
"""
OURS = ("bedrock/", "bedrock/charts", "bedrock/live.json", "bedrock/charts.json", "bedrock/vega.js")
BELOW_A_RUN = ("", "report.md", "requests.csv", "run.zip", "charts/ttft.svg")


def test_login(visit: Callable[..., Visit], place: Place, simulator: Simulator) -> None:
    """With Locust's web login on, none of our pages answers before it, and all do after it."""
    place.configure({"concurrency": {"end": 1}, "test": {"non_streaming": False}})
    locustfile = place.path / "locustfile.py"
    locustfile.write_text((ROOT / "locustfile.py").read_text() + LOGIN)
    there = visit("--host", simulator.url, "--web-login", locustfile=locustfile)
    page = there.open()
    page.locator("[name=username]").fill("reader")
    page.locator("[name=password]").fill("any")
    page.get_by_role("button", name="Login").click()
    start(page)
    fills(page)
    until(lambda: place.runs() and (place.runs()[0] / "report.md").exists(), "report")
    paths = [*OURS, *(f"bedrock/runs/{place.runs()[0].name}/{path}" for path in BELOW_A_RUN)]
    assert {path: there.status(path) for path in paths} == dict.fromkeys(paths, 302)
    page.get_by_role("link", name="Runs", exact=True).click()
    page.get_by_role("link", name="Open the report").click()
    expect(page.locator(".report h1")).to_contain_text("Bedrock load test")
    page.get_by_role("link", name="Live charts").click()
    expect(page.locator("#chart-requests svg")).to_be_visible()


def test_base_path(visit: Callable[..., Visit], place: Place, simulator: Simulator) -> None:
    """Below --web-base-path the tab, the bar, the charts and the reports are found."""
    place.configure({"concurrency": {"end": 1}, "test": {"non_streaming": False}})
    there = visit("--host", simulator.url, "--web-base-path", "/below/here", path="/below/here/")
    page = there.open()
    expect(page.locator("#bedrock-plan")).to_contain_text("1 level")
    start(page)
    fills(page)
    page.get_by_role("link", name="Live charts").click()
    expect(page.locator("#chart-requests svg")).to_be_visible()
    until(lambda: place.runs() and (place.runs()[0] / "report.md").exists(), "report")
    page.get_by_role("link", name="Runs", exact=True).click()
    page.get_by_role("link", name="Open the report").click()
    expect(page.locator(".report img").first).to_be_visible()
    page.get_by_role("link", name="Locust", exact=True).click()
    expect(page.get_by_role("tab", name="Bedrock", exact=True)).to_be_visible()


def test_a_wrong_value(visit: Callable[..., Visit], place: Place, simulator: Simulator) -> None:
    """A wrong value is refused in the form, with what to correct, before anything starts."""
    there = visit("--host", simulator.url)
    page = there.open()
    fill(page, end="0", max_tokens="many")
    expect(page.locator("#bedrock-plan")).to_contain_text("concurrency.end")
    page.get_by_role("button", name="Start", exact=True).click()
    refused = page.get_by_role("alert").filter(has_text="concurrency.end")
    expect(refused).to_contain_text("must be greater than 0")
    expect(refused).to_contain_text("test.max_tokens")
    assert not place.runs()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_a_mouse(visit: Callable[..., Visit], simulator: Simulator, scheme: str) -> None:
    """Links, charts and the switch of colours are reached by the keyboard, and the colours are Locust's."""
    there = visit("--host", simulator.url)
    page = there.open()
    page.evaluate(f"localStorage.theme = '{scheme}'")
    page.goto(there.base + "bedrock/charts")
    expect(page.locator("html")).to_have_attribute("data-theme", scheme)
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim().split('\\n')[0]"))
    assert reached[:5] == ["Skip to the content", "Locust", "Runs", "Live charts", "◐"]
    assert "Time to first token" in reached[5]
    page.locator("#theme").focus()
    page.keyboard.press("Enter")
    other = "dark" if scheme == "light" else "light"
    expect(page.locator("html")).to_have_attribute("data-theme", other)
    assert page.evaluate("localStorage.theme") == other
