"""One self-contained HTML page from the Markdown of a report: contents, folded parts, charts to hover and zoom."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from reports.document import figures
from reports.document.vega import script

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from markdown_it.token import Token

    from reports.charts import Drawing
    from reports.texts import Language

_HERE = Path(__file__).parent
STYLE = (_HERE / "page.css").read_text(encoding="utf-8")
PROGRAM = (_HERE / "page.js").read_text(encoding="utf-8")
SIGN = "\N{DAGGER}"
"""What refers to a note."""
_IMAGE = re.compile(r'<p><img src="chart:(\w+)" alt="([^"]*)" /></p>')
_SIGNED_CELL = re.compile(rf"(<td[^>]*>[^<]*){SIGN}")


def page(markdown: str, charts: Mapping[str, Drawing], say: Language, folded: Collection[str] = ()) -> str:
    """A page with the charts in it; `![...](chart:name)` is where one goes. HTML in the text stays text.

    Sections (`## title`) whose title is among `folded` are closed at first. A note that is repeated is shown once.
    Nothing but the page's own scripts runs in it, and nothing is fetched: its policy allows neither.
    """
    parser = MarkdownIt("commonmark", {"html": False, "xhtmlOut": True}).enable("table")
    parser.validateLink = lambda url: url.startswith("chart:")  # type: ignore[method-assign]
    head, *sections = _sections(list(_once(parser.parse(markdown))))

    def render(tokens: Sequence[Token]) -> str:
        return _finished(parser.renderer.render(tokens, parser.options, {}), charts)

    titles = [section[1].content for section in sections]
    body = [render(head), *_contents(titles, say)]
    body += [
        _section(number, render(section), closed=title in folded)
        for number, (title, section) in enumerate(zip(titles, sections, strict=True), 1)
    ]
    return _whole("\n".join(body), charts, say)


def _once(tokens: Sequence[Token]) -> Iterator[Token]:
    """The tokens without paragraphs that were there before: a note stands below the first table that needs it."""
    seen: set[str] = set()
    places = iter(range(len(tokens)))
    for at in places:
        if tokens[at].type == "paragraph_open" and tokens[at].level == 0:
            text = tokens[at + 1].content
            if text in seen:
                next(places), next(places)
                continue
            if text.startswith(SIGN) and not any(one.startswith(SIGN) for one in seen):
                tokens[at].attrSet("id", "note")
            seen.add(text)
        yield tokens[at]


def _sections(tokens: Sequence[Token]) -> list[list[Token]]:
    """What stands before the first `##`, and each section from its heading on."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.type == "heading_open" and token.tag == "h2":
            parts.append([])
        parts[-1].append(token)
    return parts


def _finished(html: str, charts: Mapping[str, Drawing]) -> str:
    html = html.replace("<table>", '<div class="wide" tabindex="0"><table>').replace("</table>", "</table></div>")
    html = _SIGNED_CELL.sub(rf'\1<a href="#note">{SIGN}</a>', html)
    return _IMAGE.sub(lambda found: _figure(found[1], charts[found[1]], found[2]), html)


def _figure(name: str, drawing: Drawing, words: str) -> str:
    """The drawing, which is what is printed, and the place of the chart that can be zoomed."""
    still = b64encode(drawing.svg.encode()).decode()
    image = f'<img class="still" alt="{words}" src="data:image/svg+xml;base64,{still}" />'
    return f'<figure id="chart-{name}">{image}<div class="live" hidden="hidden"></div></figure>'


def _contents(titles: Sequence[str], say: Language) -> list[str]:
    if not titles:
        return []
    links = "".join(f'<li><a href="#section-{n}">{escape(title)}</a></li>' for n, title in enumerate(titles, 1))
    name = escape(say("html.contents"))
    return [f'<nav aria-label="{name}"><h2>{name}</h2><ol>{links}</ol></nav>']


def _section(number: int, html: str, *, closed: bool) -> str:
    if not closed:
        return f'<section id="section-{number}">\n{html}</section>'
    heading, rest = html.split("</h2>", 1)
    return f'<details id="section-{number}">\n<summary>{heading}</h2></summary>{rest}</details>'


def _whole(body: str, charts: Mapping[str, Drawing], say: Language) -> str:
    title = re.sub(r"<[^>]*>", "", body.split("</h1>", maxsplit=1)[0]).strip()
    live = figures.as_json(charts)
    scripts = [script(), PROGRAM] if live else []
    hashes = [f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in scripts]
    allowed = " ".join(hashes) or "'none'"
    policy = f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:"
    hint = f'<p class="hint screen">{escape(say("html.hint"))}</p>\n' if live else ""
    data = f'<script type="application/json" id="charts">{live}</script>\n' if live else ""
    parts = chain([data], (f"<script>{text}</script>\n" for text in scripts))
    text = (
        f'<!DOCTYPE html>\n<html lang="{escape(say.code)}">\n<head>\n<meta charset="utf-8" />\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}" />\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1" />\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        f"<footer>{hint}<p>%SIZE%</p></footer>\n{''.join(parts)}</body>\n</html>\n"
    )
    return text.replace("%SIZE%", escape(say("html.size", kb=f"{round(len(text.encode()) / 1000):,}")), 1)
