"""HTML, JSON and the languages: the same numbers, nothing from outside that could act."""

from __future__ import annotations

import html
import json
import random
import re
import string
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

import reports
from reports import document
from reports.report import markdown, publish
from reports.texts import language

from . import run_folders as make
from .test_golden import CASES, decision, lost_worker, no_call, no_shape
from .test_markdown import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Made

ELSEWHERE = "More in "
SCRIPTS = re.compile(r"<script[^>]*>.*?</script>", re.DOTALL)
TAGS = re.compile(r"<[^>]*>")


class Balance(HTMLParser):
    """Counts tags that are open, and refuses what a report has no use for."""

    VOID = ("meta", "br", "hr", "img")
    OWN = re.compile(r"data:image/svg\+xml;base64,[A-Za-z0-9+/=]+|#(?:section-\d+|note)")
    """Where a link or an image of a page leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        assert tag not in {"iframe", "link", "object"}
        assert not [name for name, _ in attributes if name.startswith("on")]
        assert all(self.OWN.fullmatch(str(value)) for name, value in attributes if name in {"src", "href"})
        assert tag != "script" or set(dict(attributes)) <= {"type", "id"}
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """An element without content."""

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        assert self.open.pop() == tag


@pytest.mark.parametrize("case", [decision, no_shape, no_call], ids=lambda case: case.__name__)
def test_a_page_is_whole_and_needs_nothing_else(tmp_path: Path, case: Callable[[Path], None]) -> None:
    """Well-formed, no request to anywhere, every number of the Markdown in it."""
    case(tmp_path)
    text = reports.write(tmp_path, formats=["markdown", "html"]).read_text(encoding="utf-8")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    balance = Balance()
    balance.feed(page)
    assert not balance.open
    assert not re.search(r"@import|url\((?!#)", SCRIPTS.sub("", page))
    plain = html.unescape(TAGS.sub(" ", page))
    assert set(re.findall(r"\d[\d,.]*\d", re.sub(r"!\[.*|\| `.*", "", html.unescape(text)))) <= set(
        re.findall(r"\d[\d,.]*\d", plain)
    )


def test_nothing_from_outside_acts_in_a_page(tmp_path: Path) -> None:
    """Hostile names, messages and settings are shown as text."""
    texts = dict.fromkeys(("model_id", "name", "worker", "request_id", "stop_reason"), HOSTILE)
    calls = [make.call(random.Random(at), make.T0 + at, **texts) for at in range(30)]
    calls[:9] = [make.failed(call, HOSTILE, HOSTILE, HOSTILE, HOSTILE) for call in calls[:9]]
    info = make.info(30, None, end_reason=HOSTILE, ended="interrupted", remedies={HOSTILE: HOSTILE})
    info["settings"] = {HOSTILE: HOSTILE, "pricing": {"input_per_million": 1, "currency": HOSTILE}}
    folder = make.Folder(calls, [], info).write(tmp_path)
    page = reports.write(folder, formats=["html"]).read_text(encoding="utf-8")
    Balance().feed(page)
    assert "<img src=x" not in page
    assert SCRIPTS.sub("", page).count("<img") == page.count('class="still"')


def test_html_in_markdown_stays_text() -> None:
    """The page shows tags that stand in the Markdown, and makes none of them."""
    page = document.page("# <b>x</b>\n\n<script>y</script> [l](http://e.x)", {}, language("en"))
    assert "<script>" not in page
    assert "<b>" not in page
    assert "href" not in page


def test_json_has_every_level_and_no_nan(tmp_path: Path) -> None:
    """One entry per level with its figures; what is not known is null."""
    run = make.shaped(("streaming", "non_streaming"), (2, 4))
    path = reports.write(run.write(tmp_path), formats=["json"])
    found = json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert found["schema"] == 1
    assert [level["level"] for level in found["levels"]] == [row["level"] for row in run.levels]
    assert found["levels"][-1]["ttft_ms_p50"] is None
    assert found["levels"][0]["latency_ms_p50_low"] <= found["levels"][0]["latency_ms_p50"]
    assert found["calls"]["ok"] == len(run.requests)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_json_has_every_doubt_and_the_languages_the_same_figures(
    tmp_path: Path, case: Callable[[Path], None], made: Made
) -> None:
    """The reasons of the Markdown, each with a key that is the same in both languages, as all figures of its tables."""
    keys, tables = [], []
    for code in ("en", "zh"):
        analysis = made.edition(case, code)
        path = publish(analysis, tmp_path, None, {"json"})
        doubts = json.loads(path.read_text(encoding="utf-8"))["doubts"]
        text = markdown(analysis, {})
        assert all(f"\n- {doubt['text']}\n" in text for doubt in doubts)
        keys.append([(doubt["what"], doubt["values"]) for doubt in doubts])
        rows = [line for line in text.splitlines() if line.startswith("|")]
        tables.append([re.findall(r"\d[\d,.–]*", row.replace("P50", "")) for row in rows])  # noqa: RUF001
    assert keys[0] == keys[1]
    assert tables[0] == tables[1]


def test_a_doubt_has_its_values(tmp_path: Path) -> None:
    """What a program needs to decide by: which worker, how much of a core, which levels and why."""
    lost_worker(tmp_path)
    doubts = json.loads(reports.write(tmp_path, formats=["json"]).read_text(encoding="utf-8"))["doubts"]
    values = {doubt["what"]: doubt["values"] for doubt in doubts}
    assert values["missing"] == {"workers": ["host_9a0c"]}
    assert values["busy"] == {"workers": ["host_1f2e"], "percent": 96.1}
    assert values["late"] == {"levels": ["streaming-12"], "delay_ms": 120}
    assert values["late_said"]["levels"] == ["non_streaming-12"]
    assert {"what": "cpu_percent", "worker": "host_1f2e", "value": 96.12} in values["late_said"]["causes"][
        "non_streaming-12"
    ]
    assert values["tiers"] == {"tiers": ["reserved", "default"]}


def test_the_languages_have_the_same_texts() -> None:
    """The same keys, with the same values in them."""
    english, chinese = language("en"), language("zh")
    assert english.texts.keys() == chinese.texts.keys()
    assert english.nouns.keys() == chinese.nouns.keys()
    for key, text in english.texts.items():
        names = [
            {name for _, name, _, _ in string.Formatter().parse(one) if name} for one in (text, chinese.texts[key])
        ]
        assert names[0] == names[1], key


@pytest.mark.parametrize(
    ("formats", "files"),
    [(["markdown"], ""), (["markdown", "json"], "`report.json`"), (["markdown", "html"], "`report.html`")],
)
def test_the_short_report_names_only_files_that_are_made(tmp_path: Path, formats: list[str], files: str) -> None:
    """Where the rest is; nothing where it is nowhere."""
    text = reports.write(make.shaped(("streaming",), (2,)).write(tmp_path), formats=formats).read_text(encoding="utf-8")
    found = [line for line in text.splitlines() if line.startswith(ELSEWHERE)]
    assert [line.removeprefix(ELSEWHERE).partition(":")[0] for line in found] == ([files] if files else [])
