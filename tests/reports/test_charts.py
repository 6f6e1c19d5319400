"""What the charts show."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

import reports
from reports.charts import CHARTS, distribution, style
from reports.charts.marks import SHADE
from reports.edition import edition
from reports.reading.run import read

from . import run_folders as make
from .whole import short_report, whole_report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reports.edition import Edition


@dataclass
class Specs(Mapping[str, dict[str, Any]]):
    """The Vega-Lite specifications of the charts that have data, each made and checked when it is asked for."""

    analysis: Edition

    def __getitem__(self, name: str) -> dict[str, Any]:
        """Altair checks each part, and raises for one that is not valid."""
        found: dict[str, Any] = CHARTS[name](self.analysis).to_dict()
        return found

    def __iter__(self) -> Iterator[str]:
        """The charts, in their order."""
        return (name for name, chart in CHARTS.items() if chart(self.analysis) is not None)

    def __contains__(self, name: object) -> bool:
        """Whether there is such a chart."""
        return CHARTS[str(name)](self.analysis) is not None

    def __len__(self) -> int:
        """How many there are."""
        return sum(1 for _ in self)


def specs(folder: Path) -> Specs:
    """The charts of a run."""
    return Specs(edition(read(folder)))


def test_the_knee_shows_each_level_once_and_whole_users(tmp_path: Path) -> None:
    """One point of throughput for each level, the levels as ticks."""
    spec = specs(make.shaped(("streaming", "non_streaming"), (1, 2, 4)).write(tmp_path))["knee"]
    panel = spec["vconcat"][0]
    curve = next(layer for layer in panel["layer"] if "name" in layer.get("data", {}))
    points = spec["datasets"][curve["data"]["name"]]
    assert sorted((point["mode"], point["load"]) for point in points) == sorted(
        (mode, users) for mode in ("streaming", "non-streaming") for users in (1, 2, 4)
    )
    assert curve["encoding"]["x"]["axis"]["values"] == [1, 2, 4]
    assert curve["encoding"]["y"]["title"] == "output tokens/s"


def test_each_mode_has_its_panel_of_latency(tmp_path: Path) -> None:
    """Latency of both modes, TTFT of streaming only, with units."""
    charts = specs(make.shaped(("streaming", "non_streaming"), (2, 4)).write(tmp_path))
    titles = {
        name: [layers(panel)[0]["encoding"]["y"]["title"] for panel in charts[name]["vconcat"]]
        for name in ("latency", "ttft")
    }
    assert titles == {
        "latency": ["latency (s), streaming", "latency (s), non-streaming"],
        "ttft": ["time to first token (ms), streaming"],
    }


def test_the_heat_map_has_a_cell_for_each_pair_of_lengths(tmp_path: Path) -> None:
    """Sorted by length, the longest waits darkest; no map where lengths do not vary."""
    run = make.shaped(("streaming",), (4, 8))
    assert "lengths" not in specs(run.write(tmp_path / "same"))
    run.info["settings"]["workload"] = {"input_tokens": {"mean": 100}}
    for number, row in enumerate(run.requests):
        row.update(input_tokens=100 * (1 + number % 3), output_tokens=50 * (1 + number // 3 % 3))
        row.update(ttft_ms=row["input_tokens"], latency_ms=10 * row["output_tokens"])
    spec = specs(run.write(tmp_path / "varied"))["lengths"]
    ttft, latency = spec["hconcat"]
    rows = spec["datasets"][ttft["data"]["name"]]
    assert len(rows) == 9
    assert sorted({(row["value"], row["shade"]) for row in rows}) == [(100, 0), (200, 4), (300, 7)]
    assert ttft["layer"][0]["encoding"]["x"]["sort"][0].startswith("100")
    assert latency["layer"][0]["encoding"]["y"]["sort"][-1].startswith("50")


def test_without_levels_there_is_no_knee_and_names_are_the_rows(tmp_path: Path) -> None:
    """A line between two names would mean nothing: points, by name."""
    calls = [make.call(random.Random(at), make.T0 + at, name=f"n{at % 2}") for at in range(20)]
    charts = specs(make.Folder(calls, [], {}).write(tmp_path))
    assert sorted(charts) == ["distribution", "latency", "timeline", "tokens", "ttft"]
    points, hollow = layers(charts["latency"])
    assert points["encoding"]["y"]["field"] == "name"
    assert points["mark"]["type"] == "point"
    assert hollow["mark"]["fill"] == style.GROUND
    # Ten calls of each name bound no percentile.
    assert {row["statistic"] for row in marks(charts["latency"], fill=style.GROUND)} == {"P50", "P95", "P99"}
    assert charts["latency"]["title"]["subtitle"] == ["hollow: too few calls to bound the percentile"]


def test_without_a_success_there_is_no_chart(tmp_path: Path) -> None:
    """Of failures there is only the run in time."""
    run = make.shaped(("streaming",), (2,))
    run.requests = [make.throttled(row) for row in run.requests]
    assert list(specs(run.write(tmp_path))) == ["timeline"]


@pytest.mark.parametrize("users", [[1], [1, 2, 3], list(range(1, 101)), [1, 2, 4, 8, 16, 32, 64, 128, 256]])
def test_labels_of_the_users_axis_do_not_touch(users: list[int]) -> None:
    """Not too many ticks, none too close, all of them levels, the first among them."""
    ticks = style.ticks(users)
    assert set(ticks) <= set(users)
    assert ticks[0] == users[0]
    assert len(ticks) <= style.MOST_TICKS + 1
    length = users[-1] - users[0]
    assert all(b - a >= length / style.CLOSEST_TICKS for a, b in pairwise(ticks))


def test_the_percentile_of_the_slo_is_shown_where_it_is_judged(tmp_path: Path) -> None:
    """P90 of an SLO is a column of the tables of times and a curve beside the line, which says what it is."""
    run = make.shaped(("streaming",), (4, 8))
    run.info["settings"]["slo"] = {"ttft_ms": 700, "latency_ms": 2_500, "percentile": 90}
    folder = run.write(tmp_path)
    knee = specs(folder)["knee"]
    curves = [row for rows in knee["datasets"].values() for row in rows if row.get("statistic", "").startswith("P")]
    assert {row["statistic"] for row in curves} == {"P50", "P90"}
    labels = [row["label"] for rows in knee["datasets"].values() for row in rows if "limit" in row]
    assert sorted(labels) == ["SLO P90\n≤ 2.50 s", "SLO P90\n≤ 700 ms"]
    text = reports.write(folder).read_text(encoding="utf-8")
    heads = [line for line in text.splitlines() if line.startswith(("| Mode", "| Users")) and " P90 " in line]
    assert len(heads) == 3


def layers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """All layers of a chart that are not made of layers."""
    parts = [part for key in ("vconcat", "layer") for part in spec.get(key, [])]
    return [layer for part in parts for layer in layers(part)] if parts else [spec]


def marks(spec: dict[str, Any], **properties: Any) -> list[dict[str, Any]]:
    """The rows behind the marks that have these properties, of all layers."""
    found = [one for one in layers(spec) if properties.items() <= dict(one["mark"]).items()]
    return [row for one in found for row in spec["datasets"][one["data"]["name"]]]


def test_what_too_few_calls_carry_is_hollow_and_the_title_says_why(tmp_path: Path) -> None:
    """Three calls bound no percentile."""
    run = make.shaped(("streaming",), (1,), length_s=5)
    run.requests = [row for row in run.requests if row["phase"] == "measure"][:3]
    charts = specs(run.write(tmp_path))
    hollow = {"type": "point", "filled": False, "fill": style.GROUND}
    all_three, both = {"P50", "P95", "P99"}, {"P50", "P95"}
    for name, expected in (("ttft", all_three), ("latency", all_three), ("knee", both)):
        assert {row["statistic"] for row in marks(charts[name], **hollow)} == expected
        assert "hollow: too few calls to bound the percentile" in charts[name]["title"]["subtitle"]


def test_what_calls_enough_carry_is_as_ever(tmp_path: Path) -> None:
    """Nothing hollow, nothing shaded, no caption but that of the knee."""
    charts = specs(make.shaped(("streaming",), (8, 12, 16), length_s=120).write(tmp_path))
    assert charts["ttft"]["title"] == "Time to first token"
    assert len(charts["knee"]["title"]["subtitle"]) == 1
    assert not [one for one in layers(charts["knee"]) if one["mark"]["type"] == "rect"]


def test_levels_that_the_client_held_up_are_shaded_and_short_ones_hollow(tmp_path: Path) -> None:
    """From half-way to the level before to half-way to the next, in every panel of the mode."""
    run = make.shaped(("streaming", "non_streaming"), (4, 8, 12))
    run.info["health"] = {"streaming-08": {"client_limited": True}}
    run.levels[2]["completed"] = "false"
    charts = specs(run.write(tmp_path))
    assert marks(charts["knee"], type="rect") == [{"from": 6, "to": 10}] * 3
    assert marks(charts["latency"], type="rect") == [{"from": 6, "to": 10}]
    for name, shade in (("knee", style.MODE_COLOURS["streaming"]), ("latency", style.GREY)):
        bands = [one["mark"] for one in layers(charts[name]) if one["mark"]["type"] == "rect"]
        assert {(band["color"], band["opacity"]) for band in bands} == {(shade, SHADE)}
    assert "shaded: the load generator was the limit, not the service" in charts["latency"]["title"]["subtitle"]
    (short,) = [row for row in marks(charts["knee"], fill=style.GROUND) if row["statistic"] == "throughput"]
    assert (short["mode"], short["load"]) == ("streaming", 12)


@pytest.mark.parametrize("users", [(8,), (1, 2, 3), tuple(range(1, 13))])
def test_signs_of_the_knee_cannot_run_into_each_other(tmp_path: Path, users: tuple[int, ...]) -> None:
    """No words in the panel of throughput, but signs of two shapes and sizes, which the caption explains."""
    run = make.shaped(("streaming", "non_streaming"), users, length_s=10)
    run.requests = [make.throttled(row) if place % 4 == 0 else row for place, row in enumerate(run.requests)]
    run.info["settings"]["slo"] = {"latency_ms": 60_000, "success_rate": 99}
    knee = specs(run.write(tmp_path))["knee"]
    assert not [one for one in layers(knee["vconcat"][0]) if one["mark"]["type"] == "text"]
    assert {row["load"] for row in marks(knee, shape="square")} == set(users)
    assert not marks(knee, shape="circle")
    assert knee["title"]["subtitle"][0] == "□ more calls failed than is tolerable"


@pytest.mark.parametrize("users", [(8,), (1, 2, 3), tuple(range(1, 13))])
def test_a_level_that_the_slo_tolerates_has_no_sign_of_failure(tmp_path: Path, users: tuple[int, ...]) -> None:
    """A quarter fails, 90 % may: the highest level has the ring of the SLO, and no caption speaks of failures."""
    run = make.shaped(("streaming", "non_streaming"), users, length_s=10)
    run.requests = [make.throttled(row) if place % 4 == 0 else row for place, row in enumerate(run.requests)]
    run.info["settings"]["slo"] = {"latency_ms": 60_000, "success_rate": 10}
    knee = specs(run.write(tmp_path))["knee"]
    assert not marks(knee, shape="square")
    assert {row["load"] for row in marks(knee, shape="circle")} == {users[-1]}
    assert knee["title"]["subtitle"][0] == "○ highest level up to which the SLO is met"
    assert not [line for line in knee["title"]["subtitle"] if line.startswith("□")]


def test_the_timeline_names_the_modes_and_its_labels_do_not_touch(tmp_path: Path) -> None:
    """Twelve short levels in two modes: users of each, whole minutes, a line from the first to the last level."""
    users = tuple(range(1, 13))
    spec = specs(make.shaped(("streaming", "non_streaming"), users, length_s=4).write(tmp_path))["timeline"]
    labels = [row["label"] for row in marks(spec, type="text", baseline="top")]
    assert labels == [str(count) for count in users] * 2
    modes = marks(spec, type="text", baseline="bottom")
    assert [row["mode"] for row in modes] == ["streaming", "non-streaming"]
    assert modes[0]["to"] < modes[1]["from"]
    (bars,) = [one for one in layers(spec) if one["mark"]["type"] == "bar"]
    assert bars["encoding"]["x"]["axis"]["values"] == list(range(8))


def test_of_levels_too_short_for_labels_the_timeline_labels_some(tmp_path: Path) -> None:
    """A hundred windows of 0.1 s: labels at least as far apart as they are wide."""
    spec = specs(make.shaped(("streaming",), tuple(range(1, 101)), length_s=0.1).write(tmp_path))["timeline"]
    labels = [row for row in marks(spec, type="text", baseline="top") if row["label"]]
    assert 20 < len(labels) < 100
    (bars,) = [one for one in layers(spec) if one["mark"]["type"] == "bar"]
    px = style.WIDTH / bars["encoding"]["x"]["scale"]["domain"][1]
    assert all((b["middle"] - a["middle"]) * px >= 7 * len(b["label"]) for a, b in pairwise(labels))


def test_the_level_that_the_quotas_carry_has_its_ring(tmp_path: Path) -> None:
    """Of windows of half a minute, without a throttle: above 200 requests/min from 8 users on."""
    run = make.shaped(("streaming",), (4, 8, 12))
    run.info["settings"]["slo"] = {"latency_ms": 60_000}
    knee = specs(run.write(tmp_path))["knee"]
    assert {row["load"] for row in marks(knee, shape="circle")} == {4}
    assert knee["title"]["subtitle"][0] == "○ advised level, within the quotas"


def test_a_limit_far_above_all_points_does_not_squash_the_curves(tmp_path: Path) -> None:
    """It has words and an arrow, but no line; a limit near the points has its line."""
    run = make.shaped(("streaming",), (4, 8))
    run.info["settings"]["slo"] = {"ttft_ms": 60_000, "latency_ms": 2_500}
    knee = specs(run.write(tmp_path))["knee"]
    assert [row["limit"] for row in marks(knee, type="rule")] == [2.5]
    labels = {row["label"] for row in marks(knee, type="text")}
    assert labels == {"↑ SLO P95\n≤ 60,000 ms", "SLO P95\n≤ 2.50 s"}
    (far,) = [one for one in layers(knee["vconcat"][1]) if one["mark"]["type"] == "text"]
    assert far["encoding"]["y"] == {"value": 0}


def test_curves_of_what_streaming_gains_differ_in_shape_too(tmp_path: Path) -> None:
    """Colour is not all that tells them apart."""
    gain = specs(make.shaped(("streaming", "non_streaming"), (4, 8)).write(tmp_path))["gain"]
    scale = gain["encoding"]["shape"]["scale"]
    assert len(set(scale["range"])) == len(scale["domain"]) == 3


@pytest.mark.parametrize("colours", [(*style.MODE_COLOURS.values(),), style.FAILURE_SHADES, style.SERIES[:3]])
@pytest.mark.parametrize("dark", [False, True])
def test_what_is_stacked_or_crossed_differs_in_lightness_or_is_of_the_safe_palette(
    colours: tuple[str, ...], dark: bool
) -> None:
    """Each stands out from its ground, 3 to 1, as WCAG asks of graphics; one red from the next 1.4 to 1."""
    ground = _luminance(style.DARK[style.GROUND] if dark else style.GROUND)
    shades = {one: _luminance(style.DARK[one] if dark else one) for one in colours}
    assert all(_contrast(shade, ground) >= 3 for shade in shades.values())
    if style.FAILED in shades:
        assert all(_contrast(one, other) >= 1.4 for one, other in pairwise(shades.values()))


def test_red_is_for_failures(tmp_path: Path) -> None:
    """No mode has the colour of failures, in no chart, and each category of failure is red."""
    reds = {style.FAILED, style.RED, style.FAILED_LIGHT}
    assert not reds & {*style.MODE_COLOURS.values(), *style.SERIES, *style.PERCENT_COLOURS.values()}
    run = make.shaped(("streaming", "non_streaming"), (4, 8))
    errors = ["ModelError", "TimeoutError", "ThrottlingError"] * 10
    run.requests[:30] = [make.failed(*one, "", "") for one in zip(run.requests, errors, strict=False)]
    shown = specs(run.write(tmp_path))["timeline"]
    [scale] = [layer["encoding"]["color"]["scale"] for layer in shown["layer"] if "color" in layer["encoding"]]
    colours = dict(zip(scale["domain"], scale["range"], strict=True))
    assert {colours[error] for error in ("ModelError", "TimeoutError", "ThrottlingError")} == reds
    assert colours["ThrottlingError"] == style.FAILED
    assert colours["successful, streaming"] == style.BLUE
    assert colours["successful, non-streaming"] == style.GREEN


def test_the_pareto_view_has_a_point_for_each_level(tmp_path: Path) -> None:
    """Tokens/s of all against those of each user, with the users as labels; nothing without a second level."""
    shown = specs(make.shaped(("streaming", "non_streaming"), (4, 8, 16)).write(tmp_path))["pareto"]
    [rows] = shown["datasets"].values()
    assert [row["label"] for row in rows] == ["4", "8", "16"]
    assert shown["layer"][0]["encoding"]["x"]["title"] == "tokens/s for each user, streaming"
    assert all(row["speed"] > 0 and row["throughput"] > 0 for row in rows)
    assert "pareto" not in specs(make.shaped(("streaming",), (4,)).write(tmp_path / "one"))


def _luminance(shade: str) -> float:
    parts = [int(shade[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: float, other: float) -> float:
    low, high = sorted((one, other))
    return (high + 0.05) / (low + 0.05)


def test_the_words_beside_a_chart_say_what_it_shows(tmp_path: Path) -> None:
    """Without streaming there is no first token in any chart, and none is spoken of."""
    for modes in (("non_streaming",), ("streaming",)):
        text = short_report(make.shaped(modes, (4, 8)).write(tmp_path / modes[0]))
        streams = modes == ("streaming",)
        first = ", time to first token and latency" if streams else " and latency"
        assert f"![Output tokens per second{first} by load](" in text
        tokens = "TTFT by prompt tokens, latency" if streams else "Latency"
        assert f"![{tokens} by output tokens](" in whole_report(tmp_path / modes[0])


def test_a_distribution_climbs_in_steps(tmp_path: Path) -> None:
    """From nothing, by one call of five at a time: no share lies between two calls."""
    run = make.shaped(("non_streaming",), (4,))
    run.requests = run.requests[-5:]
    for row, latency_ms in zip(run.requests, (1000, 2000, 3000, 4000, 9000), strict=True):
        row |= {"latency_ms": latency_ms, "phase": "measure"}
    found = distribution.chart(edition(read(run.write(tmp_path))))
    spec = found.to_dict()
    [points] = [rows for rows in spec["datasets"].values() if "share" in rows[0]]
    assert [(point["value"], point["share"]) for point in points] == [
        *((1, 0), (1, 20), (2, 40), (3, 60), (4, 80), (9, 100)),
    ]
    assert spec["vconcat"][0]["mark"]["interpolate"] == "step-after"


@pytest.mark.parametrize(
    ("loads", "kept"),
    [([3], [3]), ([100, 100.5, 200], [100, 200]), ([100, 150, 200], [100, 150, 200])],
)
def test_crowded_loads_have_fewer_ticks(loads: list[float], kept: list[float]) -> None:
    """The first, and those far enough from the one before."""
    assert style.ticks(loads) == kept
