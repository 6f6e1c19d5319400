"""The HTML page of a report: one file that nothing from outside can act in."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd
import pytest
import vl_convert

import reports
from reports import charts
from reports.charts import Drawing
from reports.document import figures, page, vega
from reports.texts import language

from . import run_folders as make
from .test_golden import CASES, check_text, decision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Made

EN = language("en")


def drawing(**fields: Any) -> Drawing:
    """A small chart."""
    data = pd.DataFrame({"users": [1, 2], "value": [3.0, 4.0], "mode": ["a", "b"], **fields})
    return Drawing.of(alt.Chart(data).mark_line(point=True).encode(x="users:Q", y="value:Q", color="mode:N"))


def test_a_section_has_a_place_in_the_contents() -> None:
    """Each `##` is listed and can be reached; text before the first stands before the list."""
    text = page("# T\n\nfirst\n\n## A < B\n\nx\n\n### inner\n\n## C\n\ny", {}, EN)
    links = re.findall(r'<li><a href="#(section-\d)">([^<]*)</a>', text)
    assert links == [("section-1", "A &lt; B"), ("section-2", "C")]
    assert text.index("first") < text.index("<nav") < text.index('<section id="section-1">') < text.index("inner")
    assert "<title>T</title>" in text


def test_folded_sections_are_closed() -> None:
    """Their titles stay to be seen and listed."""
    text = page("# T\n\n## A\n\nx\n\n## B\n\ny", {}, EN, ["B"])
    assert '<details id="section-2">\n<summary><h2>B</h2></summary>\n<p>y</p>' in text
    assert text.count("<details") == 1
    assert "<details open" not in text


def test_a_note_is_shown_once() -> None:
    """Repeated paragraphs stand where they stood first, and a dagger leads to its note; other text stays."""
    table = "| a | b |\n| - | - |\n| 1 | 2 † |\n\n† few calls\n\n"
    text = page(f"# T\n\n## A\n\n{table}In brackets: x\n\n## B\n\n{table}In brackets: x\n\n- same\n- same", {}, EN)
    assert text.count("few calls") == text.count("In brackets") == 1
    assert '<p id="note">† few calls</p>' in text
    assert text.count('<a href="#note">†</a>') == 2
    assert text.count("<li>same</li>") == 2


def test_a_chart_is_drawn_and_defined() -> None:
    """The drawing is in the page for print and for readers without scripts, its definition for the others."""
    drawn = drawing()
    text = page("# T\n\n![two lines](chart:x)", {"x": drawn}, EN)
    [still] = re.findall(r'<img class="still" alt="two lines" src="data:image/svg\+xml;base64,([^"]+)"', text)
    assert b64decode(still).decode() == drawn.svg
    [data] = re.findall(r'<script type="application/json" id="charts">(.*?)</script>', text)
    assert list(json.loads(data)["charts"]) == ["x"]


def test_only_the_scripts_of_the_page_run() -> None:
    """The policy names them by their content; without charts there is none."""
    text = page("# T\n\n![c](chart:x)", {"x": drawing()}, EN)
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    hashes = [f"'sha256-{b64encode(sha256(one.encode()).digest()).decode()}'" for one in scripts]
    assert len(hashes) == 2
    assert f"default-src 'none'; script-src {' '.join(hashes)}; style-src" in text
    assert "script-src 'none'" in page("# T", {}, EN)
    assert "<script" not in page("# T", {}, EN)


def test_names_from_outside_end_no_script() -> None:
    """A category or a name in the data of a chart stays data."""
    hostile = '</script><script>alert(1)</script><!--&"'
    text = page("# T\n\n![c](chart:x)", {"x": drawing(mode=[hostile, "b"])}, EN)
    assert "<script>alert" not in text
    [data] = re.findall(r'id="charts">(.*?)</script>', text)
    assert hostile in json.dumps(json.loads(data), ensure_ascii=False).replace('\\"', '"')


def axes(spec: Any) -> set[str]:
    """The types of all axes of a chart."""
    if isinstance(spec, list):
        return set().union(*map(axes, spec))
    if not isinstance(spec, dict):
        return set()
    encoding = spec.get("encoding", {})
    own = {str(encoding[axis].get("type", "")) for axis in ("x", "y") if axis in encoding}
    return own.union(*map(axes, spec.values()))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_every_chart_can_be_hovered_and_zoomed(made: Made, case: Callable[[Path], None]) -> None:
    """Vega-Lite takes each definition: one zoom for each view, and no value that only orders."""
    analysis = made.edition(case, "en")
    with charts.unchecked():
        definitions = [found.to_dict(validate=False) for chart in charts.CHARTS.values() if (found := chart(analysis))]
    for definition in definitions:
        shown = figures.live(definition)
        compiled, text = json.dumps(vl_convert.vegalite_to_vega(shown)), json.dumps(shown)
        # The map of lengths has classes on its axes, and its figures stand in its cells: nothing to zoom or to show.
        is_map = not axes(shown) & {"quantitative", "temporal"}
        assert ('"zoom_0_' in compiled) != is_map
        assert ('"tooltip": [' in text) != is_map
        assert not re.search(r'"tooltip": \[[^\]]*"order"', text)
        assert "params" not in json.dumps(definition)


LOADS = {"field": "load", "type": "quantitative", "title": "users"}
VALUES = {"field": "value", "type": "quantitative"}
MODES = {"field": "mode", "type": "nominal"}
DEFINITIONS: dict[str, dict[str, Any]] = {
    "one mark": {
        "mark": "line",
        "encoding": {"x": LOADS, "y": VALUES, "color": MODES},
        "config": {"background": "#fff"},
    },
    "a mark with a width": {
        "mark": {"type": "bar", "size": 3},
        "encoding": {"x": LOADS, "y": {**MODES, "field": "name"}},
    },
    "the same name twice": {"mark": "point", "encoding": {"x": LOADS, "color": MODES, "shape": MODES}},
    "two names": {
        "mark": "circle",
        "encoding": {"y": VALUES, "color": MODES, "shape": {**MODES, "field": "run"}, "order": {"field": "order"}},
    },
    "counts": {"mark": "area", "encoding": {"x": LOADS, "y": {"aggregate": "count", "type": "quantitative"}}},
    "classes only": {"mark": "rect", "encoding": {"x": MODES, "y": {**MODES, "field": "name"}}},
    "values only": {"mark": {"type": "point"}, "encoding": {"x": MODES, "color": {**VALUES, "field": "heat"}}},
    "words": {"mark": "text", "encoding": {"x": LOADS, "text": {"field": "label", "type": "nominal"}}},
    "layers": {
        "encoding": {"x": LOADS},
        "layer": [
            {"mark": "rule", "encoding": {"y": VALUES}},
            {"layer": [{"mark": "line", "encoding": {"y": VALUES}}, {"mark": "point", "encoding": {"y": VALUES}}]},
        ],
    },
    "panels": {
        "vconcat": [
            {"mark": "line", "encoding": {"x": LOADS, "y": VALUES}},
            {
                "hconcat": [
                    {"mark": "bar", "encoding": {"x": LOADS}},
                    {"concat": [{"mark": "line", "encoding": {"y": VALUES}}]},
                ]
            },
        ]
    },
}


def test_charts_of_a_page_are_as_they_were_read_and_approved() -> None:
    """Under the pointer stand the names of a mark and its values; the first mark of a view that has figures zooms."""
    before = json.dumps(DEFINITIONS)
    shown = {name: figures.live(definition) for name, definition in DEFINITIONS.items()}
    assert json.dumps(DEFINITIONS) == before
    lines = (f"{json.dumps(name)}: {json.dumps(one, ensure_ascii=False)}" for name, one in shown.items())
    check_text("page.charts.json", "{\n" + ",\n".join(lines) + "\n}\n")


@pytest.mark.parametrize("code", ["en", "zh"])
def test_a_page_is_as_it_was_read_and_approved(code: str) -> None:
    """All of it but its style, programs and drawings: the title is that of the text, a folded section is closed."""
    text = (
        '# T `<b>` & *more*\n\nfirst\n\n![a "chart"](chart:x)\n\n## A & B\n\n| a | b |\n| - | -: |\n| 1 | 2 † |\n\n'
        "† few calls\n\n## Folded\n\n### inner\n\n<i>not HTML</i> [link](https://example.com)\n\n† few calls\n"
    )
    made = page(text, {"x": Drawing("<svg/>", DEFINITIONS["one mark"])}, language(code), ["Folded"])
    for long, short in (
        (vega.script(), "(vega)"),
        *((one, "(...)") for one in re.findall(r"<style>(.*?)</style>", made, re.DOTALL)),
    ):
        made = made.replace(long, short)
    made = re.sub(r"(?<=<script>)(?!\(vega).*?(?=</script>)", "(program)", made, flags=re.DOTALL)
    made = re.sub(r"sha256-[^']+", "sha256-(...)", made)
    check_text(f"page_{code}.html", re.sub(r"[\d,]+ kB", "(...) kB", made))


def test_a_page_without_sections_has_no_contents() -> None:
    """Nor a hint for charts that are not there."""
    made = page("# T\n\nx", {}, EN)
    assert "<nav" not in made
    assert "hint screen" not in made
    assert made.endswith("</footer>\n</body>\n</html>\n")


def test_no_charts_are_no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chart that is exactly as large as all may be is kept."""
    drawn = Drawing("<svg/>", DEFINITIONS["one mark"])
    size = len(json.dumps(figures.live(drawn.definition)))
    found = []
    for most in (size, size - 1):
        monkeypatch.setattr(figures, "MOST_BYTES", most)
        found.append(figures.as_json({"x": drawn}))
    assert found[0].startswith('{"charts":{"x":{"mark":{"type":"line"}')
    assert found[1:] == [figures.as_json({})] == [""]


def test_a_page_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts whose data would not fit are drawings only; the page says its size."""
    drawn = drawing()
    monkeypatch.setattr(figures, "MOST_BYTES", len(json.dumps(figures.live(drawn.definition))) + 10)
    assert list(json.loads(figures.as_json({"x": drawn, "y": drawn}))["charts"]) == ["x"]
    text = page("# T\n\n![c](chart:x)\n\n![c](chart:y)", {"x": drawn, "y": drawn}, EN)
    [said] = re.findall(r"one file of ([\d,]+) kB", text)
    assert abs(int(said.replace(",", "")) - len(text.encode()) / 1000) < 1
    assert text.count("<figure") == 2


def test_a_long_run_stays_small(tmp_path: Path) -> None:
    """Of thousands of calls a page has no more than of hundreds."""
    folder = make.shaped(("streaming", "non_streaming"), tuple(range(2, 60, 2))).write(tmp_path)
    reports.write(folder, formats=["html"])
    assert (folder / "report.html").stat().st_size < 5_000_000


def test_a_report_has_a_page_beside_it(tmp_path: Path) -> None:
    """Markdown, HTML and JSON by default, and both beside each other where the copy goes."""
    decision(tmp_path)
    written = reports.write(tmp_path, tmp_path / "copy" / "benchmark_report.md")
    assert written == tmp_path / "report.md"
    assert {"report.md", "report.html", "report.json"} <= {path.name for path in tmp_path.iterdir()}
    assert {path.name for path in (tmp_path / "copy").iterdir()} == {"benchmark_report.md", "benchmark_report.html"}
    copy = (tmp_path / "copy" / "benchmark_report.md").read_text()
    assert "`benchmark_report.html` and `../report.json`" in copy
    assert "`report.html`" not in copy
    details = re.findall(r"<summary><h2>([^<]*)", (tmp_path / "report.html").read_text(encoding="utf-8"))
    assert details[0] == "Times reported by the service"
    assert details[-2:] == ["Configuration", "Method"]


def test_vega_is_kept_between_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is made once for each version, and where it cannot be kept it is made again."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made: list[object] = []

    def bundle(snippet: object) -> str:
        made.append(snippet)
        return "window.x='</script>';\r\n"

    monkeypatch.setattr(vl_convert, "javascript_bundle", bundle)
    for _ in range(2):
        vega.script.cache_clear()
        assert vega.script() == "window.x='<\\/script>';\n"
    assert len(made) == 1
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    vega.script.cache_clear()
    assert vega.script() == "window.x='<\\/script>';\n"
    assert len(made) == 2
    vega.script.cache_clear()
