"""Citations of Claude's Messages, in the shapes of Anthropic's SDK; no recording has any.

Text cites the first document whose citations are asked for: plain text by characters, blocks by their numbers, and
anything else, such as a PDF, by pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CITED_CHARS = 60


def source(contents: Iterable[Any]) -> dict[str, Any] | None:
    """What a citation says of the document that is cited, in the contents of messages; None where there is none."""
    for index, document in enumerate(_documents(contents)):
        citations = document.get("citations")
        if isinstance(citations, dict) and citations.get("enabled") is True:
            title = document.get("title")
            about = {"document_index": index, "document_title": title if isinstance(title, str) else None}
            return {**_place(document.get("source")), **about, "file_id": None}
    return None


def citation(about: Mapping[str, Any], answer: str) -> dict[str, Any]:
    """A citation, of the beginning of an answer where the document is no text."""
    return {"cited_text": answer[:CITED_CHARS], **about}


def _documents(contents: Iterable[Any]) -> Iterator[dict[str, Any]]:
    blocks = (block for content in contents if isinstance(content, list) for block in content)
    return (block for block in blocks if isinstance(block, dict) and block.get("type") == "document")


def _place(given: Any) -> dict[str, Any]:
    """Where in a document the cited text stands, and the text if it is known."""
    kind = given.get("type") if isinstance(given, dict) else None
    if kind == "text" and isinstance(text := given.get("data"), str):
        cited = text[:CITED_CHARS]
        return {"type": "char_location", "cited_text": cited, "start_char_index": 0, "end_char_index": len(cited)}
    if kind == "content":
        place = {"type": "content_block_location", "start_block_index": 0, "end_block_index": 1}
        return {**place, **_first_text(given.get("content"))}
    return {"type": "page_location", "start_page_number": 1, "end_page_number": 2}


def _first_text(content: Any) -> dict[str, str]:
    """The text of the first block of a document of blocks."""
    first = content[0] if isinstance(content, list) and content else content
    text = first.get("text") if isinstance(first, dict) else first
    return {"cited_text": text} if isinstance(text, str) else {}
