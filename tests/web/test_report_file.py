"""The HTML file of a report, opened from disk: charts that can be hovered and zoomed, details that unfold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

import reports
from tests.reports.test_golden import decision

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Locator


def ticks(chart: Locator) -> list[str]:
    """The numbers at the axes."""
    return chart.locator(".live .role-axis-label text").all_text_contents()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1920), ("dark", 900)])
def test_a_report_from_disk(browser: Browser, tmp_path: Path, scheme: str, width: int) -> None:
    """Nothing is fetched, nothing complains; values appear under the pointer, and ctrl with the wheel zooms."""
    decision(tmp_path)
    reports.write(tmp_path, formats=["html"])
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request", lambda asked: complaints.append(asked.url) if not asked.url.startswith(("file:", "data:")) else None
    )
    page.goto((tmp_path / "report.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    chart = page.locator("#chart-ttft")
    chart.scroll_into_view_if_needed()
    expect(chart.locator(".live svg")).to_be_visible()
    expect(chart.locator(".still")).to_be_hidden()
    chart.locator(".live path[aria-roledescription='point'], .live .mark-symbol.role-mark path").first.hover()
    expect(page.locator("#vg-tooltip-element")).to_contain_text("concurrent users")
    before = ticks(chart)
    place = chart.locator(".live svg").bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + place["width"] / 3, place["y"] + place["height"] / 2)
    page.mouse.wheel(0, 10)
    assert ticks(chart) == before, "the wheel alone scrolls the page"
    chart.scroll_into_view_if_needed()
    place = chart.locator(".live svg").bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + place["width"] / 3, place["y"] + place["height"] / 2)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    page.wait_for_function(
        "before => [...document.querySelectorAll('#chart-ttft .live .role-axis-label text')]"
        ".map(one => one.textContent).join() !== before.join()",
        arg=before,
    )
    method = page.locator("details", has_text="Method").last
    assert not method.evaluate("part => part.open")
    page.get_by_role("link", name="Method").click()
    expect(method).to_have_attribute("open", "")
    page.emulate_media(media="print")
    expect(page.locator("#chart-ttft .still")).to_be_visible()
    expect(page.locator("#chart-ttft .live")).to_be_hidden()
    expect(page.locator("nav")).to_be_hidden()
    assert complaints == []
    context.close()
