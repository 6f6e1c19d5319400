"""A report as HTML."""

from __future__ import annotations

import pytest

from bedrock_locust.outputs.web.report_page import render


def test_tables_and_charts() -> None:
    """Headings, tables and the charts of the run folder are shown."""
    page = render("# A\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n![knee](charts/knee.svg)\n")
    assert "<h1>A</h1>" in page
    assert '<td style="text-align:right">2</td>' in page
    assert '<img src="charts/knee.svg" alt="knee"' in page


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "![a](http://elsewhere.test/a.svg)",
        "![a](charts/../../secret.svg)",
        "![a](data:image/svg+xml;base64,AAAA)",
        "<http://elsewhere.test>",
    ],
)
def test_nothing_runs_or_is_fetched(text: str) -> None:
    """No HTML, no script and no image from elsewhere."""
    page = render(f"{text}\n\n| a |\n|---|\n| {text} |\n")
    assert "<script" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page
