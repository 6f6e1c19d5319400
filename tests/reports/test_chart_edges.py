"""Charts where a limit of theirs begins: one more, or one less, and they look otherwise."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from reports.charts import CHARTS, distribution, knee, lengths, live, pareto, style, timeline, tokens, unchecked
from reports.charts.comparison import chart as comparison
from reports.edition import edition
from reports.reading.run import read

from . import more_runs, test_golden
from . import run_folders as make
from .test_golden import check_outlines, check_text

if TYPE_CHECKING:
    from pathlib import Path

    from reports.edition import Edition

    from .conftest import Made


def drawn(chart: Any) -> dict[str, Any]:
    """The definition of a chart."""
    with unchecked():
        found: dict[str, Any] = chart.to_dict(validate=False)
    return found


@pytest.mark.parametrize(
    ("loads", "ends"),
    [
        ([1, 2, 3], [0.5, 3.5]),
        ([0.5, 2.5], [0.25, 2.75]),
        ([0.5, 12.5], [0, 13]),
        ([4, 10.5], [3.5, 11]),
        ([9.5], [8.55, 10.45]),
        ([1, 201], [-5, 207]),
        ([10], [9.5, 10.5]),
    ],
)
def test_room_beside_the_loads(loads: list[float], ends: list[float]) -> None:
    """Half a user; of small rates a tenth of the highest; 3 % of a wide axis."""
    assert style.load_domain(pd.Series(loads, dtype="float64")) == pytest.approx(ends)


def test_how_a_legend_writes_a_level() -> None:
    """Its load, with the number of the try where there are several; else its name in 40 signs."""
    row = {"load": 1234.5, "trial": float("nan"), "name": "n" * 41}
    said = [style.level_label(pd.Series(row | own)) for own in ({}, {"trial": 2.0}, {"load": None})]
    assert said == ["1,234.5", "1,234.5 (2)", "n" * 40]


def test_colours_of_the_dark_theme() -> None:
    """Each rule is for fill and stroke; a drawing keeps what was in it."""
    text = style.themed('<?xml version="1.0"?><svg a="b"><path fill="#24292f"/></svg>')
    head, _, rest = text.partition("<style>")
    rules, _, tail = rest.partition("</style>")
    assert (head, tail) == ('<?xml version="1.0"?><svg a="b">', '<path fill="#24292f"/></svg>')
    assert rules.count("{fill:") == rules.count("{stroke:") == len(style.DARK)
    assert rules.startswith('@media screen and (prefers-color-scheme:dark){[fill="#24292f"]{fill:#d1d7e0}')
    assert [style.DARK[shade] for shade in style.RAMP] == [
        *("#1f517a", "#28689a", "#3781b8", "#4f9bd3", "#75b4e3", "#9ecbed", "#c3e0f5", "#e3f1fb"),
    ]


def lasting(folder: Path, length_s: float) -> Edition:
    """Three calls, the last of which ends after this time."""
    random_, run = random.Random(1), make.Folder()
    for at in (0.0, length_s / 3, length_s - 0.25):
        run.requests.append(make.call(random_, make.T0 + at, name="a") | {"latency_ms": 250.0})
    run.info = make.info(3, None, ended_at=make.T0 + 2 * length_s)
    return edition(read(run.write(folder)))


def test_the_run_in_time_has_bars_and_ticks_for_its_length(tmp_path: Path) -> None:
    """From a second to days: some 160 bars at most, ten ticks, and minutes after three of them."""
    seconds = (0.5, 10, 11, 160, 161, 180, 181, 600, 4800, 90_000, 10_000_000)
    found = {
        f"{length_s:g}": drawn(timeline.chart(lasting(tmp_path / str(length_s), length_s))) for length_s in seconds
    }
    check_outlines("timelines", found)


def test_a_run_is_no_longer_than_it_says(tmp_path: Path) -> None:
    """One row with a wrong time does not stretch the axis; a run that ends before its calls is not believed."""
    run = make.Folder()
    for at, latency_ms in ((-500.0, 100.0), (1.0, 2000.0), (20.0, 900_000.0)):
        run.requests.append(make.call(random.Random(1), make.T0 + at, name="a") | {"latency_ms": latency_ms})
    ends = {}
    for name, ended_at in {"its end": 30.0, "no end": None, "before all": -600.0}.items():
        run.info = make.info(3, None, ended_at=None if ended_at is None else make.T0 + ended_at)
        ends[name] = drawn(timeline.chart(edition(read(run.write(tmp_path / name)))))
    check_outlines("spans", ends)


def test_a_replay_is_in_minutes_after_three_of_them(made: Made) -> None:
    """Not at three."""
    analysis = made.edition(test_golden.replayed)
    assert analysis.replay is not None
    table = analysis.replay.over_time.iloc[:2]
    found = {}
    for name, to_s in {"180": 180.0, "181": 181.0}.items():
        times = table.assign(from_s=[0.0, 90.0], to_s=[90.0, to_s], asked_per_s=[2.0, 3.0], made_per_s=[1.0, 2.5])
        other = replace(analysis, replay=replace(analysis.replay, over_time=times))
        found[name] = drawn(CHARTS["replay"](other))
    check_outlines("replays", found)
    empty = replace(analysis, replay=replace(analysis.replay, over_time=table.iloc[:0]))
    assert CHARTS["replay"](empty) is None


def test_of_many_names_some_are_drawn(tmp_path: Path) -> None:
    """20 at most, with a sign where too few calls stand behind one."""
    random_, run = random.Random(2), make.Folder()
    for number in range(22):
        for place in range(400 if number == 1 else 3):
            run.requests.append(make.call(random_, make.T0 + number + place / 20, name=f"name {number:02d}"))
    run.info = make.info(len(run.requests), None)
    analysis = edition(read(run.write(tmp_path)))
    check_outlines("names", {name: drawn(CHARTS[name](analysis)) for name in ("ttft", "latency", "tokens")})
    few = analysis.figures.assign(latency_ms_count=distribution.LEAST_CALLS - 1)
    assert distribution.chart(replace(analysis, figures=few)) is None
    enough = replace(analysis, figures=few.assign(latency_ms_count=distribution.LEAST_CALLS))
    check_outlines("distributions", {"names": drawn(distribution.chart(enough))})


def test_the_knee_by_what_is_judged(made: Made) -> None:
    """The percentile of the SLO, its line or its arrow; bands of levels that the load generator held up."""
    analysis = made.edition(test_golden.decision)
    figures = analysis.figures[analysis.figures["mode"] == "streaming"]
    gate, highest = analysis.gate, float(figures["latency_ms_p95"].max())
    assert gate is not None
    slos: dict[str, dict[str, Any]] = {
        "median": {"percentile": 50, "latency_ms": 2 * highest - 1, "ttft_ms": None},
        "far": {"percentile": 95, "latency_ms": 2 * highest + 1, "ttft_ms": 100_000},
    }
    found = {}
    for name, slo in slos.items():
        judged = replace(gate, slo=replace(gate.slo, **slo))
        late = list(figures.index[1:3]) if name == "median" else []
        found[name] = drawn(knee.chart(replace(analysis, figures=figures, gate=judged, late=late)))
    check_outlines("knees", found)


def test_the_knee_by_what_is_advised(made: Made) -> None:
    """A ring, and a note that says why; none where no level is advised."""
    analysis = made.edition(test_golden.decision)
    said: dict[str, list[str]] = {}
    for basis in (*knee.ADVICE, "none"):
        advised: dict[str, Any] = {"advised": None} if basis == "none" else {"basis": basis}
        conclusions = [replace(one, **advised) for one in analysis.conclusions]
        spec = drawn(knee.chart(replace(analysis, conclusions=conclusions)))
        marks = [layer["mark"] for layer in spec["vconcat"][0]["layer"] if isinstance(layer.get("mark"), dict)]
        rings = sum(mark["type"] == "point" and mark.get("shape") == "circle" for mark in marks)
        said[basis] = [f"{rings} ring", *spec["title"]["subtitle"]]
    check_text("notes.txt", "\n".join(f"{basis}: {note}" for basis, notes in said.items() for note in notes) + "\n")
    dark = analysis.figures.assign(output_tokens_per_s=0.0)
    assert knee.chart(replace(analysis, figures=dark)) is None


def test_few_levels_have_no_pareto_view(made: Made) -> None:
    """Two have."""
    analysis = made.edition(test_golden.decision)
    streaming = analysis.figures[analysis.figures["mode"] == "streaming"]
    assert pareto.chart(replace(analysis, figures=streaming.iloc[:1])) is None
    assert pareto.chart(replace(analysis, figures=streaming.iloc[:2].assign(speed_per_s=[0.0, 50.0]))) is None
    assert pareto.chart(replace(analysis, figures=streaming.iloc[:2])) is not None


def test_of_many_calls_every_nth_is_drawn(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there is room for, from the first on; tokens that never differ have no panel."""
    analysis = made.edition(test_golden.one_level)
    found = {}
    for most in (10_000, 59, 30):
        monkeypatch.setattr(tokens, "MOST_POINTS", most)
        found[str(most)] = drawn(tokens.chart(analysis))
    check_outlines("points", found)


def test_the_heat_map_of_one_length(made: Made) -> None:
    """One cell has the lightest shade; a metric that is not known has no panel."""
    analysis = made.edition(test_golden.lengths)
    found = analysis.lengths
    assert found is not None
    one = replace(found, cells=found.cells.iloc[:1])
    unknown = replace(found, cells=found.cells.assign(ttft_ms=float("nan")))
    made_of = {"one": one, "no TTFT": unknown}
    charts = {name: drawn(lengths.chart(replace(analysis, lengths=cells))) for name, cells in made_of.items()}
    check_outlines("cells", charts)
    assert lengths.chart(replace(analysis, lengths=replace(found, cells=found.cells.iloc[:0]))) is None
    assert lengths.alt_text(replace(analysis, lengths=unknown)).count(",") < lengths.alt_text(analysis).count(",")


def test_runs_side_by_side(made: Made) -> None:
    """More runs than colours, in one mode; a panel for each metric that is known; nothing without a success."""
    runs = {f"{letter}": made.edition(more_runs.long) for letter in "ABCDEFG"} | {
        "H": made.edition(test_golden.one_mode)
    }
    say = runs["A"].say
    check_outlines("runs", {"long": drawn(comparison(runs, say)), "one": drawn(comparison({"H": runs["H"]}, say))})
    assert comparison({"A": made.edition(test_golden.all_failed)}, say) is None


def test_both_themes_of_live_charts_are_of_one_shape() -> None:
    """They differ in their colours alone."""
    drawn_ = live.charts()
    assert set(drawn_) == {"light", "dark"}
    shades = {theme: {name: colours(one) for name, one in charts.items()} for theme, charts in drawn_.items()}
    assert {name: len(own) for name, own in shades["dark"].items()} == {
        name: len(own) for name, own in shades["light"].items()
    }
    assert without_colours(drawn_["dark"]) == without_colours(drawn_["light"])
    assert shades["dark"]["failures"][-3:] == ["#ff6a62", "#ffd0cc", "#c24a43"]
    assert set(shades["dark"]["ttft"]) == {"#58a6e8", "#3fd0a4", "#e6e8eb", "#2f81b7", "#79c0ff", "#3a3f45"}


def colours(part: Any) -> list[str]:
    """The colours in a definition, in their order."""
    if isinstance(part, dict | list):
        return [shade for one in (part.values() if isinstance(part, dict) else part) for shade in colours(one)]
    return [part] if isinstance(part, str) and part.startswith("#") else []


def without_colours(part: Any) -> Any:
    """A definition with one sign in place of each colour."""
    if isinstance(part, dict):
        return {name: without_colours(one) for name, one in part.items()}
    if isinstance(part, list):
        return [without_colours(one) for one in part]
    return "#" if isinstance(part, str) and part.startswith("#") else part
