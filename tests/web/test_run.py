"""A run from the start form to its report, alone and with workers, and a second one."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.e2e.checks import info, read
from tests.e2e.running import until

from .visit import fill, fills, rows, start

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.e2e.running import Place, Simulator

    from .visit import Visit


def drawn(page: Page, chart: str) -> int:
    """How many points the longest line of a chart has."""
    paths = page.locator(f"#chart-{chart} path[aria-roledescription='line mark']").all()
    return max((len((path.get_attribute("d") or "").split("L")) for path in paths), default=0)


def ended(place: Place, number: int) -> Path:
    """The folder of the run of that number, from 0, once it is over."""
    until(lambda: len(place.runs()) > number and (place.runs()[number] / "report.md").exists(), "report")
    return place.runs()[number]


def download(page: Page, name: str, to: Path) -> bytes:
    """What a link gives."""
    with page.expect_download() as waiting:
        page.get_by_role("link", name=name).first.click()
    waiting.value.save_as(to / name)
    return (to / name).read_bytes()


@pytest.mark.parametrize("workers", [(), ("--processes", "2")], ids=["local", "two workers"])
def test_a_run_from_the_form(
    visit: Callable[..., Visit], place: Place, simulator: Simulator, workers: tuple[str, ...], tmp_path: Path
) -> None:
    """Tab and charts fill while a run goes on; after Stop its report is there to read and to download; again."""
    there = visit("--host", simulator.url, *workers)
    locust = there.open()
    fill(locust, start="2", end="4", step="2", duration="60", non_streaming=False)
    expect(locust.locator("#bedrock-plan")).to_contain_text("2 levels, up to 4 users; about 2 min")
    start(locust)
    charts = there.open("bedrock/charts")
    level = fills(locust)[0]
    assert level[0] == "streaming-2"
    until(lambda: drawn(charts, "ttft") > 3 and drawn(charts, "requests") > 3, "charts")
    before = drawn(charts, "latency")
    until(lambda: drawn(charts, "latency") > before, "a chart that grows without reloading")
    expect(charts.locator("#levels td").first).to_have_text("streaming-2")

    locust.get_by_role("button", name="Stop").click()
    run = ended(place, 0)
    assert info(run)["ended"] == "interrupted"
    home = there.open("bedrock/")
    expect(home.locator(".state")).to_contain_text("interrupted")
    check_report(home, run, tmp_path)

    # Locust's page may have been told of the run while it stopped, and would then wait for ever.
    locust.reload()
    locust.get_by_role("button", name="New").click()
    fill(locust, start="1", end="1", duration="2", streaming=False, non_streaming=True)
    locust.get_by_role("button", name="Start", exact=True).click()
    second = ended(place, 1)
    assert [row["level"] for row in read(second / "levels.csv")] == ["non_streaming-1"]
    home.goto(there.base + "bedrock/")
    until(lambda: home.reload() and "complete" in home.locator(".state").first.inner_text(), "the second run")
    assert [row[2].split()[0] for row in rows(home, "tbody tr")] == ["complete", "interrupted"]


def check_report(home: Page, run: Path, to: Path) -> None:
    """The report is a page with its charts, and the downloads are those of the run."""
    home.get_by_role("link", name="Open the report").click()
    expect(home.locator(".report h1")).to_contain_text("Bedrock load test")
    images = home.locator(".report img").all()
    assert images
    until(lambda: all(image.evaluate("image => image.naturalWidth") for image in images), "charts of the report")
    assert download(home, "report.md", to) == (run / "report.md").read_bytes()
    table = list(csv.DictReader(io.StringIO(download(home, "requests.csv", to).decode())))
    assert len(table) == len(read(run / "requests.csv")) == info(run)["rows_written"]
    zipped = zipfile.ZipFile(io.BytesIO(download(home, "everything (zip)", to)))
    assert {name.partition("/")[2] for name in zipped.namelist()} == {
        path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()
    }
    zipped.extractall(to / "again")
    subprocess.run([sys.executable, "-m", "reports", to / "again" / run.name], check=True, capture_output=True)
    assert (to / "again" / run.name / "report.md").read_text() == (run / "report.md").read_text()
