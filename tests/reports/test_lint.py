"""Markdown that a linter has nothing to say about, and that renders as it was meant."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt
from pymarkdown.api import PyMarkdownApi

import reports
from reports.compare import write as compare

from . import run_folders as make
from .test_markdown import hostile

if TYPE_CHECKING:
    from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.md"))
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
NOT_ASKED = {
    "MD013": "length of lines: a paragraph of a report is one, so that it can be pasted; rows of tables are long",
}
"""Rule -> why not."""
NOT_OF_PARTS = "MD041"
"""A file begins with a title, and the golden files of a part of a report have none."""


def complaints(path: Path) -> list[str]:
    """What the linter finds in a file."""
    linter = PyMarkdownApi()
    parts = [NOT_OF_PARTS] if path.stem.endswith(".details") else []
    for rule in (*NOT_ASKED, *parts):
        linter.disable_rule_by_identifier(rule)
    linter.set_boolean_property("plugins.md024.siblings_only", True)  # each version of the changelog has its "Fixed"
    found = linter.scan_path(str(path))
    assert not found.critical_errors
    assert not found.pragma_errors
    return [f"{one.line_number}: {one.rule_id} {one.rule_description}" for one in found.scan_failures]


def tokens(text: str) -> list[Token]:
    """What GitHub would see: tables, and HTML if there is any."""
    flat: list[Token] = []
    for token in MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text):
        flat += [token, *(token.children or ())]
    return flat


def assert_renders(text: str) -> None:
    """Every table of the source is one, with as many cells in each row; no HTML, and no link but to a chart."""
    found = tokens(text)
    assert not [token.content for token in found if token.type.startswith("html")]
    assert not [token.attrs for token in found if token.type == "link_open"]
    images = [str(token.attrs["src"]) for token in found if token.type == "image"]
    # The chart of a comparison lies beside it.
    assert all(re.fullmatch(r"charts/.+\.svg|comparison\.svg", source) for source in images)
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    tables = Tables()
    tables.feed(MarkdownIt("commonmark").enable("table").render(text))
    assert [len(rows) for rows in tables.rows] == [len(lines) - 1 for lines in blocks], "a row of a table is none"
    assert all(len(set(rows)) == 1 for rows in tables.rows), "rows of a table differ in length"


class Tables(HTMLParser):
    """The tables of a page: how many cells each row has."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[int]] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Count."""
        if tag == "table":
            self.rows.append([])
        elif tag == "tr":
            self.rows[-1].append(0)
        elif tag in {"td", "th"}:
            self.rows[-1][-1] += 1


@pytest.mark.parametrize("path", [*GOLDEN, *DOCUMENTS], ids=lambda path: path.stem)
def test_nothing_for_a_linter_to_say(path: Path) -> None:
    """Reports and documents."""
    assert complaints(path) == []


def test_the_linter_looks(tmp_path: Path) -> None:
    """A heading that skips a level is found."""
    (tmp_path / "x.md").write_text("# x\n\n### y\n", encoding="utf-8")
    assert [one[:8] for one in complaints(tmp_path / "x.md")] == ["3: MD001"]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_reports_render(path: Path) -> None:
    """The golden reports."""
    assert_renders(path.read_text(encoding="utf-8"))


def test_hostile_texts_render_as_texts(tmp_path: Path) -> None:
    """Whatever stands in the files of a run, the report is what it was, and clean."""
    written = reports.write(hostile().write(tmp_path))
    assert_renders(written.read_text(encoding="utf-8"))
    assert complaints(written) == []


def test_a_comparison_is_clean(tmp_path: Path) -> None:
    """The report of two runs."""
    runs = [make.shaped(("streaming",), (2, 4), seed=seed).write(tmp_path / str(seed)) for seed in (1, 2)]
    written = compare([[run] for run in runs], tmp_path / "comparison").path
    assert complaints(written) == []
