"""The pictures of the README, from a real run against the simulator: python -m tests.web.screenshots FOLDER."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

# First: it patches sockets for gevent, which has to come before anything imports boto3.
import locust  # noqa: F401

from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console

from bedrock_locust.call import Call
from bedrock_locust.level import Level
from bedrock_locust.live.output import State
from bedrock_locust.live.tally import Tally
from bedrock_locust.live.timeline import Timeline
from bedrock_locust.outputs import console
from bedrock_locust.outputs.console.picture import Picture
from bedrock_locust.settings.schema import Settings
from tests.e2e.checks import read
from tests.e2e.running import ROOT, Place, until

from .visit import CHROMIUM, FLAGS, Visit, fills, start

if TYPE_CHECKING:
    from collections.abc import Iterator

FIGURES: dict[str, dict[str, Any]] = {
    "concurrency": {"start": 2, "end": 10, "step": 4, "duration_seconds": 12},
    "model": {"id": "us.anthropic.claude-haiku-5-5", "quota": 420},
    "test": {"prompt_size": 1000, "max_tokens": 256},
}


@contextmanager
def simulator() -> Iterator[str]:
    """A simulator that throttles at times; its URL."""
    options = (ROOT / "examples" / "demo-simulator.txt").read_text().split()
    command = [sys.executable, "-m", "bedrock_locust.simulator", "--port", "0", "--exit-with-parent", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().split()[-1]
        process.terminate()


def shoot(page: Page, path: Path) -> None:
    """Take a picture, with everything drawn."""
    page.wait_for_timeout(1500)
    page.screenshot(path=path)


def pages(there: Visit, folder: Path, place: Place) -> None:
    """Tab, charts and report, while and after the run."""
    page = there.open()
    page.set_viewport_size({"width": 1280, "height": 620})
    start(page)
    until(lambda: len(fills(page)) >= 5, "levels")
    page.evaluate("window.scrollTo(0, 0)")
    shoot(page, folder / "tab.png")
    charts = there.open("bedrock/charts")
    charts.set_viewport_size({"width": 1180, "height": 1000})
    until((place.runs()[0] / "report.md").exists, "report")
    charts.wait_for_timeout(6000)
    shoot(charts, folder / "charts-light.png")
    charts.locator("#theme").click()
    shoot(charts, folder / "charts-dark.png")
    charts.locator("#theme").click()
    charts.set_viewport_size({"width": 1280, "height": 860})
    charts.goto(there.base + "bedrock/")
    charts.get_by_role("link", name="Open the report").click()
    shoot(charts, folder / "report.png")


def terminal(run: Path, path: Path) -> None:
    """The panel in the middle of the last level but three, from the rows of the run."""
    info = json.loads((run / "run.json").read_text())
    settings = Settings.model_validate(info["settings"])
    rows = [{**known(row), "phase": "measure"} for row in read(run / "levels.csv")]
    steps = settings.concurrency
    lengths = {"warmup_s": steps.warmup_seconds, "duration_s": steps.duration_seconds}
    levels = [Level.from_plain({**row, **lengths}) for row in rows]
    at = rows[2]["measured_from"] + 8
    tally = Tally()
    tally.timeline = Timeline(info["started_at"])
    for level in levels[:3]:
        tally.level(level)
    for row in map(known, read(run / "requests.csv")):
        if row["started_at"] + row["latency_ms"] / 1000 <= at:
            tally.add(Call(**{key: value for key, value in row.items() if value is not None}))
    current = replace(levels[2], measured_to=None)
    screen = Console(record=True, width=110, file=sys.stderr)
    screen.print(console.level_block(tally, levels[1].key).strip("\n"), highlight=False, markup=False)
    screen.print(Picture(levels).draw(tally, State("running", current, levels[2].users or 0, levels[2].users), now=at))
    svg = screen.export_svg(title="locust --headless")
    # Without the font that rich would have the reader's browser fetch.
    path.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL), encoding="utf-8")


def known(row: dict[str, str]) -> dict[str, Any]:
    """The cells of a row as numbers where they are; text that is empty stays text."""
    texts = {"name", "level", "mode", "operation", "model_id", "worker", "phase", "stop_reason", "request_id"}

    def value(key: str, cell: str) -> Any:
        if key in texts or key.startswith("error"):
            return cell
        if cell in {"", "true", "false"}:
            return cell == "true" if cell else None
        return float(cell) if "." in cell else int(cell)

    return {key: value(key, cell) for key, cell in row.items()}


def take(browser: Browser, folder: Path) -> None:
    """All pictures."""
    with tempfile.TemporaryDirectory() as scratch, simulator() as url:
        place = Place(Path(scratch))
        place.configure(FIGURES)
        there = Visit(place, browser, "--host", url)
        try:
            pages(there, folder, place)
            terminal(place.runs()[0], folder / "terminal.svg")
        finally:
            there.close()
            place.end()


def main() -> None:
    """Take the pictures and say how large they are."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        take(browser, folder)
        browser.close()
    for path in sorted(folder.iterdir()):
        print(f"{path}  {path.stat().st_size / 1000:.0f} kB")
    print(f"{time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
