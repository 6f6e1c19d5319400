"""A report as HTML. Whatever its Markdown holds, nothing in it can run, and nothing is fetched from elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

OWN_IMAGE = re.compile(r"charts/[A-Za-z0-9_-]+\.svg")
"""Images that are shown: those of the run folder."""


def render(markdown: str) -> Markup:
    """The HTML of a report. HTML in it is shown as text; images from elsewhere are left out."""
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    tokens = parser.parse(markdown)
    for token in _all(tokens):
        if token.type == "image" and not OWN_IMAGE.fullmatch(str(token.attrs.get("src", ""))):
            token.type, token.content, token.children = "text", f"[image: {token.content}]", None
        elif token.type == "table_open":
            token.attrSet("tabindex", "0")
    # markdown-it has escaped all text by now.
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704


def _all(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or [])
