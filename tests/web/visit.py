"""A visit to Locust's web UI."""

from __future__ import annotations

import http.client
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.e2e.running import free_port, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

    from tests.e2e.running import Place

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Names that lead to this machine, as those of an attacker, or of a proxy.
    "--host-resolver-rules=MAP *.example 127.0.0.1",
]
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)


class Visit:
    """Locust with a web UI, and a browser that looks at it."""

    def __init__(self, place: Place, browser: Browser, *arguments: str, path: str = "/", **options: Any) -> None:
        self.host = f"127.0.0.1:{free_port()}"
        self.base = f"http://{self.host}{path}"
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        port = self.host.rpartition(":")[2]
        self.process = place.start("--web-host", "127.0.0.1", "--web-port", port, *arguments, **options)
        self._context = browser.new_context(viewport={"width": 1400, "height": 1000}, accept_downloads=True)
        self._context.set_default_timeout(PATIENCE_MS)
        self._context.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc or self.host))
        until(lambda: self.status("") in (200, 302), "web UI")
        if "--processes" in arguments:
            place.said(self.process, "2 workers connected")

    def open(self, path: str = "") -> Page:
        """A new page at a path below Locust's."""
        page = self._context.new_page()
        page.on("console", lambda said: self._complain(f"{said.type}: {said.text}", said.type in ("error", "warning")))
        page.on("pageerror", lambda error: self._complain(str(error)))
        page.on("dialog", self._on_dialog)
        page.goto(self.base + path)
        return page

    def _on_dialog(self, dialog: Dialog) -> None:
        self._complain(f"dialog {dialog.message}")
        dialog.dismiss()

    def _complain(self, text: str, really: bool = True) -> None:
        if really:
            self.complaints.append(text)

    def status(self, path: str) -> int:
        """The status of a path, raw as it is, without a session."""
        connection = http.client.HTTPConnection(self.host, timeout=10)
        try:
            connection.request("GET", urlsplit(self.base).path + path)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()

    def close(self) -> None:
        """Leave."""
        self._context.close()


def fill(page: Page, **settings: str | bool) -> None:
    """Fill in our part of Locust's start form; a setting is called as its option: `end`, `max_tokens`."""
    page.get_by_role("button", name="Custom parameters").click()
    # Fields that are folded away cannot be filled in.
    expect(page.locator(".bedrock-group").last).to_be_visible()
    for heading in page.locator(".bedrock-group[aria-expanded=false]").all()[::-1]:
        heading.click()
    for name, value in settings.items():
        words = name.split("_")
        field = page.locator(f"[name=bedrock{''.join(word.capitalize() for word in words)}]")
        if isinstance(value, bool):
            field.set_checked(value)
        else:
            field.fill(value)


def start(page: Page) -> None:
    """Press the button, which leads to the live page, and go on to Locust's page of the run."""
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/bedrock/charts")
    page.goto(page.url.removesuffix("bedrock/charts"))
    expect(page.get_by_role("tab", name="Bedrock", exact=True)).to_be_visible()


def tab(page: Page, name: str = "Bedrock") -> list[list[str]]:
    """The rows of a tab of ours."""
    page.get_by_role("tab", name=name, exact=True).click()
    return rows(page, "table tbody tr")


def rows(page: Page, selector: str) -> list[list[str]]:
    """The texts of the cells of some rows."""
    return [line.locator("td").all_inner_texts() for line in page.locator(selector).all()]


def fills(page: Page, name: str = "Bedrock", *, column: int = 2) -> list[list[str]]:
    """The rows of a tab, once some level has calls."""

    def filled() -> list[list[str]]:
        found = tab(page, name)
        return found if any(row[column] not in ("0", "") for row in found) else []

    found: list[list[str]] = until(filled, f"rows in {name}")
    return found
