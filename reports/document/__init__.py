"""One self-contained HTML page from the Markdown of a report and its charts."""

from reports.document.page import page

__all__ = ["page"]
