"""One self-contained HTML page from the Markdown of a report."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Mapping

STYLE = """
:root { color-scheme: light dark; --ink: #24292f; --ground: #fff; --line: #d0d7de; --tint: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --ink: #d1d7e0; --ground: #0d1117; --line: #30363d; --tint: #161b22; } }
body { font: 16px/1.5 system-ui, "Segoe UI", "Noto Sans", "PingFang SC", "Microsoft YaHei", sans-serif;
  color: var(--ink); background: var(--ground); max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.2rem; border-bottom: 1px solid var(--line); }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { border: 1px solid var(--line); padding: .25rem .6rem; } td:first-child { white-space: nowrap; }
th { background: var(--tint); }
code { background: var(--tint); padding: .1em .3em; border-radius: 4px; overflow-wrap: anywhere; }
svg { max-width: 100%; height: auto; }
"""
_IMAGE = re.compile(r'<img src="chart:(\w+)" alt="([^"]*)" />')


def page(markdown: str, charts: Mapping[str, str], language: str) -> str:
    """A page with the charts in it; `![...](chart:name)` is where one goes. HTML in the text stays text."""
    parser = MarkdownIt("commonmark", {"html": False, "xhtmlOut": True}).enable("table")
    parser.validateLink = lambda url: url.startswith("chart:")  # type: ignore[method-assign]
    body = parser.render(markdown)
    body = body.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    body = _IMAGE.sub(lambda found: _figure(charts[found[1]], found[2]), body)
    first_line = re.sub(r"<[^>]*>", "", body.split("</h1>")[0]).strip()
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8" />\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1" />\n'
        f"<title>{first_line}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )


def _figure(svg: str, words: str) -> str:
    return svg.replace("<svg ", f'<svg role="img" aria-label="{words}" ', 1)
