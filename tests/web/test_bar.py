"""The bar below Locust's page and the live page: the plan, how far a run is, its report, and the next run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

import reports
from tests.e2e.running import until
from tests.reports import run_folders as make

from .visit import PATIENCE_MS, fill

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.e2e.running import Place, Simulator

    from .visit import Visit


def fits(page: Page) -> bool:
    """Whether nothing reaches beyond the window sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize(("scheme", "width"), [("light", 1920), ("dark", 900)])
def test_from_start_to_report_to_the_next_run(
    visit: Callable[..., Visit], place: Place, simulator: Simulator, scheme: str, width: int
) -> None:
    """Start leads to the live page, which tells how far the run is, stops it and leads to its report."""
    pricing = {"input_per_million": 1, "output_per_million": 5}
    place.configure({"concurrency": {"start": 2, "end": 4, "step": 2, "duration_seconds": 60}, "pricing": pricing})
    there = visit("--host", simulator.url)
    page = there.open()
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate(f"localStorage.theme = '{scheme}'")
    page.reload()
    plan = page.locator("#bedrock-plan")
    expect(plan).to_contain_text("The levels set users and ramp-up: 4 levels, up to 4 users")
    expect(plan).to_contain_text("expected cost")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/bedrock/charts")
    status = page.locator("#status")
    expect(status).to_contain_text("Level 1 of 4: streaming, 2 users; measuring")
    expect(status).to_contain_text("USD")
    expect(page.locator("#chart-failures")).to_contain_text("No failures.")
    expect(page.locator("#chart-ttft svg")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", scheme)
    assert fits(page)

    locust = there.open()
    locust.set_viewport_size({"width": width, "height": 900})
    expect(locust.locator("#bedrock-plan")).to_contain_text("Level 1 of 4: streaming, 2 users")
    assert locust.locator("#bedrock-report").is_hidden()
    tab = locust.get_by_role("tab", name="Bedrock", exact=True)
    expect(tab).to_be_in_viewport()

    page.get_by_role("button", name="Stop the run").click()
    expect(page.locator("#report")).to_be_visible()
    expect(status).to_contain_text("Run interrupted")
    assert page.get_by_role("button", name="Stop the run").is_hidden()
    locust.reload()
    expect(locust.locator("#bedrock-report")).to_be_visible()
    locust.get_by_role("button", name="New").click()
    expect(locust.locator("#bedrock-plan")).to_contain_text("4 levels, up to 4 users")
    fill(locust, end="0")
    expect(locust.locator("#bedrock-plan")).to_contain_text("concurrency.end")
    expect(locust.locator("#bedrock-plan")).to_have_class("mistake")
    page.locator("#report").click()
    expect(page.locator(".report h1")).to_contain_text("Bedrock load test")


def test_fields_in_the_order_of_use(visit: Callable[..., Visit], simulator: Simulator) -> None:
    """Levels first, then the model and its tokens; each with its option; what has few values is a list."""
    page = visit("--host", simulator.url).open()
    page.get_by_role("button", name="Custom parameters").click()
    fields = page.locator("[name^=bedrock]")
    expect(fields.first).to_be_visible()
    names = until(lambda: [field.get_attribute("name") for field in fields.all()], "fields")
    assert names[:15] == [
        *("bedrockLoad", "bedrockStart", "bedrockEnd", "bedrockStep"),
        *("bedrockRates", "bedrockArrivalProfile", "bedrockRamp", "bedrockMaxInFlight"),
        *("bedrockSearchFor", "bedrockSearchStart", "bedrockSearchMost"),
        *("bedrockDuration", "bedrockWarmup", "bedrockModel", "bedrockMaxTokens"),
    ]
    expect(page.get_by_text("(--bedrock-max-tokens)").first).to_be_attached()


def test_the_rest_is_folded_under_headings(visit: Callable[..., Visit], simulator: Simulator) -> None:
    """Each group opens by itself; a value that was typed in stays, folded or not, and counts for the plan."""
    page = visit("--host", simulator.url).open()
    page.get_by_role("button", name="Custom parameters").click()
    expect(page.locator("[name=bedrockMaxTokens]")).to_be_visible()
    headings = page.locator(".bedrock-group")
    expect(headings.first).to_be_visible()
    assert [heading.inner_text() for heading in headings.all()] == [
        "Model",
        "Calls",
        "Workload",
        "SLO",
        "Limits",
        "Results",
        "AWS",
    ]
    size = page.locator("[name=bedrockPromptSize]")
    expect(size).to_be_hidden()
    page.get_by_role("button", name="Calls", exact=True).click()
    expect(size).to_be_visible()
    expect(page.locator("[name=bedrockMaxCost]")).to_be_hidden()
    assert page.locator("[name=bedrockPreflight]").evaluate("field => field.tagName") == "SELECT"
    size.fill("0")
    page.get_by_role("button", name="Calls", exact=True).click()
    expect(size).to_be_hidden()
    expect(page.locator("#bedrock-plan")).to_contain_text("test.prompt_size")


def test_runs_of_other_processes(
    visit: Callable[..., Visit], place: Place, simulator: Simulator, tmp_path: Path
) -> None:
    """All runs are listed with their conclusion; two of them are compared by a click, and the page of one is kept."""
    for users in (2, 3):
        folder = make.shaped(("streaming",), (users, 8), seed=users).write(
            place.path / "results" / f"2026-01-0{users}-m"
        )
        reports.write(folder)
    there = visit("--host", simulator.url)
    page = there.open("bedrock/")
    expect(page.locator(".conclusion").first).to_contain_text("output tokens/s at")
    boxes = page.get_by_role("checkbox")
    boxes.first.check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("alert")).to_contain_text("you ticked 1")
    page.go_back()
    for box in boxes.all():
        box.check()
    page.get_by_role("button", name="Compare").click(no_wait_after=True, timeout=PATIENCE_MS)
    expect(page.locator(".report h1")).to_contain_text("compared", timeout=4 * PATIENCE_MS)
    expect(page.locator(".report img")).to_be_visible()
    page.goto(there.base + "bedrock/")
    page.get_by_role("link", name="Open the report").last.click()
    expect(page.locator(".report h1")).to_contain_text("Bedrock load test")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="report.html").click()
    waiting.value.save_as(tmp_path / "kept.html")
    assert (tmp_path / "kept.html").read_bytes() == (
        place.path / "results" / "2026-01-02-m" / "report.html"
    ).read_bytes()
