"""What a run asked of its quotas, against a plain computation, and the sheet for AWS Support."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.__main__ import main
from reports.exports.quota_request import lacking
from reports.exports.quota_request import text as sheet
from reports.numbers.demand import demand
from reports.reading.run import read

from . import run_folders as make
from .test_golden import check_text
from .test_numbers import plain_percentile, rows

if TYPE_CHECKING:
    from pathlib import Path

    from .test_numbers import Row

FILES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@FILES
@given(st.lists(rows(), max_size=40), st.integers(1, 20))
def test_minutes_and_lengths_are_those_of_a_plain_computation(tmp_path: Path, calls: list[Row], apart: int) -> None:
    """Whole minutes from the first call that was not throttled; each call counts where it started."""
    for row in calls:
        row["started_at"] = make.T0 + (row["started_at"] - make.T0) * apart
    found = demand(read(make.Folder(calls, [], {}).write(tmp_path)))
    taken = [row for row in calls if row["error"] != "ThrottlingError"]
    assert (found.calls, found.throttled) == (len(taken), len(calls) - len(taken))
    if not taken:
        assert math.isnan(found.requests.steady)
        return
    first = min(row["started_at"] for row in taken)
    minutes = int((max(row["started_at"] for row in taken) - first) // 60)
    assert found.minutes == minutes
    sums = {place: [0.0, 0.0] for place in range(max(minutes, 1))}
    for row in taken:
        place = int((row["started_at"] - first) // 60)
        if place in sums:
            sums[place][0] += 1
            sums[place][1] += (row["input_tokens"] or 0) + (row["output_tokens"] or 0)
    for rate, part in ((found.requests, 0), (found.tokens, 1)):
        if part and all(row["input_tokens"] is None for row in taken):
            assert math.isnan(rate.steady)
            continue
        values = [minute[part] for minute in sums.values()]
        assert rate.steady == pytest.approx(plain_percentile(values, 50))
        assert rate.peak == pytest.approx(plain_percentile(values, 90))
    for lengths, name in ((found.input, "input_tokens"), (found.output, "output_tokens")):
        known = [row[name] for row in taken if row[name] is not None]
        assert lengths.mean == pytest.approx(math.fsum(known) / len(known) if known else math.nan, nan_ok=True)
        assert lengths.p90 == pytest.approx(plain_percentile(known, 90) if known else math.nan, nan_ok=True)


def test_long_prompts_and_caches_count(tmp_path: Path) -> None:
    """A prompt is long with what it reads from a cache; two of four are."""
    run = make.shaped(("streaming",), (4,))
    run.requests = run.requests[:4]
    for row, (tokens, cached) in zip(run.requests, [(100, 0), (100, 30_000), (25_000, 0), (25_001, 0)], strict=True):
        row |= {"input_tokens": tokens, "cache_read_tokens": cached, "cache_write_tokens": 0, "error": ""}
    found = demand(read(run.write(tmp_path)))
    assert found.long_share == 0.5
    assert found.input.mean == (100 + 30_100 + 25_000 + 25_001) / 4


def test_the_sheet_has_the_figures_and_says_what_they_are_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Printed, or written where asked for; a simulator is named, and so is a load too short to tell its peak."""
    run = make.shaped(("streaming",), (4, 8))
    run.info |= {"simulator": True}
    folder = run.write(tmp_path / "run")
    assert main(["quota-request", str(folder)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("# Request for more Amazon Bedrock quota\n")
    assert "| Tokens per minute, peak (P90)" in text
    assert "did not go to AWS" in text
    assert "Fewer than 10 minutes" in text
    assert "nan" not in text.lower()
    assert main(["quota-request", str(folder), "--output", str(tmp_path / "sheet.md")]) == 0
    assert (tmp_path / "sheet.md").read_text(encoding="utf-8") == text
    assert main(["quota-request", str(tmp_path)]) == 2
    assert main(["quota-request", str(folder), "--output", str(tmp_path)]) == 1


@pytest.mark.parametrize(
    ("calls", "throttled", "apart_s", "said"),
    [
        (
            1,
            0,
            0,
            "From 1 request, as if they were one minute, because the load lasted less than that. None was throttled.",
        ),
        (2, 1, 60, "From 2 requests, over 1 whole minute. 1 more request was throttled; it is not counted."),
        (3, 2, 60, "From 3 requests, over 2 whole minutes. 2 more requests were throttled; they are not counted."),
    ],
)
def test_each_count_agrees_with_its_noun(tmp_path: Path, calls: int, throttled: int, apart_s: int, said: str) -> None:
    """One and several requests, whole minutes and throttled requests."""
    run = make.shaped(("streaming",), (4,))
    run.requests = run.requests[: calls + throttled]
    for place, row in enumerate(run.requests):
        row |= {"started_at": make.T0 + apart_s * place, "error": "ThrottlingError" if place >= calls else ""}
    assert said in sheet(read(run.write(tmp_path)))


@pytest.mark.parametrize(
    ("window_s", "open_s", "minutes", "steady"),
    [
        ((0.0, 60.0), (0.7, 59.2), 1, 3),
        ((0.0, 59.9), (0.7, 59.2), 0, 3),
        ((0.0, 59.9), (-0.2, 59.2), 1, 3),
        ((0.0, 120.0), (0.7, 30.0), 0, 3),
        ((0.0, 120.0), (0.7, 60.5), 2, 1.5),
        ((-70.0, 20.0), (0.7, 59.2), 0, 3),
        ((math.nan, math.nan), (0.0, 60.0), 1, 2),
    ],
)
def test_a_window_of_a_minute_is_a_minute(
    tmp_path: Path, window_s: tuple[float, float], open_s: tuple[float, float], minutes: int, steady: float
) -> None:
    """Its first call comes after it opens, its last before it closes; but a minute without calls at its end is none."""
    run = make.shaped(("streaming",), (4,))
    first_s, last_s = open_s
    run.requests = run.requests[:3]
    for row, at in zip(run.requests, (first_s, first_s + 1, last_s), strict=True):
        row |= {"started_at": make.T0 + at, "error": ""}
    opened, closed = (make.T0 + at for at in window_s)
    run.levels[0] |= {"measured_from": opened, "measured_to": closed}
    found = demand(read(run.write(tmp_path)))
    assert (found.minutes, found.requests.steady) == (minutes, steady)


@pytest.mark.parametrize(("minutes", "few"), [(9, True), (10, False), (11, False)])
def test_ten_minutes_tell_of_a_peak(tmp_path: Path, minutes: int, few: bool) -> None:
    """Fewer do not, and the sheet says so; either way there is a demand."""
    run = make.shaped(("streaming",), (1,))
    run.requests = [run.requests[0] | {"started_at": make.T0 + 60.0 * place} for place in range(minutes + 1)]
    found = read(run.write(tmp_path))
    assert lacking(found) == ""
    assert f"over {minutes} whole minutes" in sheet(found)
    assert ("Fewer than 10 minutes" in sheet(found)) == few


def test_figures_beside_each_other_are_rounded_alike(tmp_path: Path) -> None:
    """Tokens are whole, also where there are more than a thousand of them; none is rounded to three digits."""
    run = make.shaped(("streaming",), (4,))
    run.requests = run.requests[:2]
    for row, tokens in zip(run.requests, (1234, 1237), strict=True):
        row |= {"started_at": make.T0, "input_tokens": tokens, "output_tokens": 20, "error": ""}
    lines = [line for line in sheet(read(run.write(tmp_path))).splitlines() if line.startswith(("| Tokens", "| Input"))]
    assert [line.split("|")[2].strip() for line in lines] == ["2,511", "2,511", "1,236", "1,237"]


@pytest.mark.parametrize(
    ("counts", "apart_s", "said"),
    [
        ((0, 0), 60, "no calls"),
        ((0, 2), 60, "all 2 calls throttled: no demand to see"),
        (
            (3, 0),
            20,
            "the load lasted less than a minute, from its first call to its last, and quotas are per minute: ",
        ),
    ],
)
def test_a_run_that_tells_no_demand_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], counts: tuple[int, int], apart_s: int, said: str
) -> None:
    """In one line, and no sheet. The counts are of calls that were not throttled, and that were."""
    calls, throttled = counts
    run = make.shaped(("streaming",), (4,))
    run.requests = run.requests[: calls + throttled]
    for place, row in enumerate(run.requests):
        row |= {"started_at": make.T0 + apart_s * place, "error": "ThrottlingError" if place >= calls else ""}
    assert main(["quota-request", str(run.write(tmp_path))]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"python -m reports: quota-request: {tmp_path}: {said}")


def test_the_quotas_of_mantle_are_of_input_and_of_output(tmp_path: Path) -> None:
    """Apart; the model is that of the rows where the run does not say it."""
    run = make.shaped(("streaming",), (4,))
    run.requests = run.requests[:3]
    for place, row in enumerate(run.requests):
        row |= {"started_at": make.T0 + 60 * place, "input_tokens": 300, "output_tokens": 20, "error": ""}
    run.info["settings"]["model"]["endpoint"] = "mantle"
    folder = run.write(tmp_path)
    lines = [line.split("|")[1:3] for line in sheet(read(folder)).splitlines() if "per minute" in line]
    assert [[cell.strip() for cell in line] for line in lines[2:]] == [
        ["Input tokens per minute, steady (P50)", "300"],
        ["Input tokens per minute, peak (P90)", "300"],
        ["Output tokens per minute, steady (P50)", "20"],
        ["Output tokens per minute, peak (P90)", "20"],
    ]
    assert "bedrock-mantle" in sheet(read(folder))
    (folder / "run.json").unlink()
    assert f"`{make.MODEL}`" in sheet(read(folder))


def test_no_folder_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty name would be the folder in which the command runs."""
    with pytest.raises(SystemExit):
        main(["quota-request", ""])
    assert "it is empty: give the folder of a run" in capsys.readouterr().err


def eleven_minutes(**model: str) -> make.Folder:
    """In each whole minute one call more than in the one before; at the end one more, and two were throttled."""
    told = {"mode": "streaming", "operation": "converse_stream", "latency_ms": 900, "output_tokens": 100}
    calls = [
        told
        | {"started_at": make.T0 + 60 * minute + call, "input_tokens": 1_000 + call, "cache_read_tokens": 10 * minute}
        for minute in range(11)
        for call in range(minute + 1)
    ]
    calls[30] |= {"input_tokens": 26_000}
    calls.append(told | {"started_at": make.T0 + 660, "input_tokens": 1_000})
    calls += [
        told | {"started_at": make.T0 + at, "error": "ThrottlingError", "output_tokens": ""} for at in (70, 3_000)
    ]
    calls = [row | {"model_id": model["id"]} for row in calls]
    endpoint = f"https://bedrock-{model.get('endpoint', 'runtime')}.us-east-1.amazonaws.com"
    settings = {"aws": {"region": "us-east-1"}, "model": model}
    return make.Folder(calls, [], {"started_at": make.T0 - 9, "endpoint": endpoint, "settings": settings})


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("runtime", {"id": "arn:aws:bedrock:us-east-1:1:x/y", "base_model": "amazon.nova-pro-v1:0"}),
        ("mantle", {"id": "openai.gpt-oss-120b", "endpoint": "mantle"}),
        ("simulator", {"id": "amazon.nova-pro-v1:0"}),
    ],
)
def test_the_sheet_is_as_it_was_read_and_approved(tmp_path: Path, name: str, model: dict[str, str]) -> None:
    """Every figure of it, of a load of 1 to 11 requests a minute: 6 in the middle, 10 in nine of ten minutes."""
    run = eleven_minutes(**model)
    run.info["simulator"] = name == "simulator"
    if name == "simulator":
        run.requests = run.requests[:10]
    check_text(f"quota_request_{name}.md", sheet(read(run.write(tmp_path))))
