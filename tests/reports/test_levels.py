"""The rows of the report, for the stock users and for user classes of one's own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from reports.edition import edition
from reports.reading.levels import levels
from reports.reading.run import read
from reports.report import markdown

from . import closed_loop
from . import run_folders as make

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from reports.reading.levels import Levels

    from .closed_loop import Row


def usual(random_: random.Random, _: int) -> Row:
    """An answer after a second, more or less."""
    return closed_loop.streamed(1000 * random_.lognormvariate(0, 0.2))


def of_class(run: make.Folder, name: str) -> make.Folder:
    """The same run, made by an own user class."""
    for level in run.levels:
        level["mode"], level["level"] = name, f"{name}-{level['users']:02d}"
    for row in run.requests:
        row["level"] = f"{name}-{row['users']:02d}"
    return run


def test_a_class_with_both_operations_has_a_row_for_each(tmp_path: Path) -> None:
    """In the window of its level; nothing is said to be broken, and no call is lost."""
    run = of_class(closed_loop.run((2, 4), usual), "ChatUser")
    for row in run.requests[::3]:
        row["mode"] = "non_streaming"
        for column in ("ttft_ms", "first_text_ms", "last_token_ms", "max_gap_ms", "chunks", "content_bytes"):
            del row[column]
    found = edition(read(run.write(tmp_path)))
    assert found.run.damage == ()
    modes = ("streaming", "non_streaming")
    assert list(found.figures.index) == [f"ChatUser-{users} {mode}" for mode in modes for users in ("02", "04")]
    measured = sum(row["phase"] == "measure" for row in run.requests)
    assert found.figures["ok"].sum() == measured
    assert found.figures["window_s"].tolist() == pytest.approx([60] * 4)
    assert "**Non-streaming `ChatUser`: " in markdown(found, {})


def test_two_classes_of_one_mode_are_told_apart(tmp_path: Path) -> None:
    """Each has its levels and its conclusion."""
    run, other = (
        of_class(closed_loop.run((2, 4), usual), "Short"),
        of_class(closed_loop.run((2, 4), usual, seed=2), "Long"),
    )
    for level in other.levels:
        level |= {name: level[name] + 500 for name in ("started_at", "measured_from", "measured_to")}
    for row in other.requests:
        row["started_at"] += 500
    run.levels += other.levels
    run.requests += other.requests
    found = edition(read(run.write(tmp_path)))
    assert [(one.mode, one.group, one.advised) for one in found.conclusions] == [
        ("streaming", "Long", "Long-04"),
        ("streaming", "Short", "Short-04"),
    ]
    assert "| User class |" in markdown(found, {})


def test_a_row_that_levels_csv_lacks_costs_that_level_alone_its_window(tmp_path: Path) -> None:
    """The windows of the others are those of the file."""
    run = closed_loop.run((2, 4, 8), usual)
    run.levels.pop()
    found = edition(read(run.write(tmp_path)))
    assert found.figures["measured_from"].tolist()[:2] == [level["measured_from"] for level in run.levels]
    assert found.figures["window_s"].tolist() == pytest.approx([60, 60, 60], abs=1.5)
    assert found.figures["ok"].min() > 100


T0 = make.T0
WINDOW = ("measured_from", "measured_to")


def call(level: str, at: float, latency_ms: float = 1000, mode: str = "streaming", **cells: Any) -> Row:
    """A call in the measured time of a level, which began so many seconds into the run."""
    told = {"level": level, "phase": "measure", "name": level, "users": 4}
    return {"started_at": T0 + at, "mode": mode, "latency_ms": latency_ms} | told | cells


def row(level: str, mode: str, users: float | None, *window: float | None, **cells: Any) -> Row:
    """A row of `levels.csv`; the window is in seconds of the run."""
    start, end = (None if one is None else T0 + one for one in window)
    told = {"level": level, "mode": mode, "users": users, "measured_from": start, "measured_to": end}
    return told | {"started_at": T0, "users_reached": users, "completed": "true"} | cells


def mixed() -> make.Folder:
    """Levels of each kind: whole, open, never measured, of rates, of an own class, twice, and in no file."""
    ramp = {"rate_from_per_s": 4, "rate_to_per_s": 6, "kind": "ramp"}
    arrivals = {"arrivals_due": 75, "arrivals_dropped": 1, "arrivals_missed": 2}
    told = [
        row("s-08", "streaming", 8, 5, 35),
        row("s-04", "streaming", 4, 45, None, completed="false", users_reached=3),
        row("s-32", "streaming", 32, None, None, users_reached=9, completed="false"),
        row("s-08-2", "streaming", 8, 205, 235),
        row("s-none", "streaming", 64, 300, 300),
        row("r-2", "non_streaming", None, 85, 115, rate_per_s=2.5, **arrivals),
        row("p-2", "non_streaming", None, 115, 145, rate_per_s=5, part=2, **ramp),
        row("p-1", "non_streaming", None, 145, 175, rate_per_s=9, part=1, rate_from_per_s=9, rate_to_per_s=9),
        row("Chat", "Chat", 2, 255, 285),
    ]
    calls = [
        call("s-08", 3, phase="warmup"),
        call("s-08", 5, ttft_ms=300, first_text_ms=300, output_tokens=7),
        call("s-08", 20, 500, error="ThrottlingError"),
        call("s-08", 34, 2000, error="Cancelled"),
        call("s-08", 36, phase="drain"),
        call("s-04", 50, 2500, ttft_ms=900, first_text_ms=900),
        call("s-04", 52, 1500, error="ModelError"),
        call("r-2", 90, 4000, "non_streaming", ttft_ms=5, output_tokens=3),
        call("s-08-2", 210),
        call("Chat", 260),
        call("Chat", 261, 1000, "non_streaming"),
        call("s-16", 400, phase="warmup", users=15),
        call("s-16", 410, 3000, users=16),
        call("s-16", 420, 1000, users=16),
        call("s-16", 430, 1000, phase="drain", users=16),
        call("", 500),
    ]
    return make.Folder(calls, told, {"settings": {}})


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Levels:
    """The levels of the run above."""
    return levels(read(mixed().write(tmp_path_factory.mktemp("mixed"))))


def told_of(found: Levels, *columns: str) -> dict[str, tuple[Any, ...]]:
    """The rows of the table: the key and some columns; None is not known."""
    rows = found.table[list(columns)].to_dict("index").items()
    return {str(key): tuple(None if pd.isna(value) else value for value in row.values()) for key, row in rows}


def test_each_kind_of_level_is_a_row(every: Levels) -> None:
    """In order of mode, part and load; what its row says, or else what its calls tell."""
    columns = ("mode", "group", "name", "load", "unit", "users_reached", "completed", "trial")
    assert (every.shaped, every.unit) == (True, "rate")
    assert [*told_of(every, *columns).items()] == [
        ("Chat streaming", ("streaming", "Chat", "Chat", 2, "users", 2, "true", None)),
        ("s-04", ("streaming", "", "s-04", 4, "users", 3, "false", None)),
        ("s-08", ("streaming", "", "s-08", 8, "users", 8, "true", 1)),
        ("s-08-2", ("streaming", "", "s-08-2", 8, "users", 8, "true", 2)),
        ("s-16", ("streaming", "", "s-16", 16, "users", None, "", None)),
        ("s-32", ("streaming", "", "s-32", 32, "users", 9, "false", None)),
        ("s-none", ("streaming", "", "s-none", 64, "users", 64, "true", None)),
        ("p-1", ("non_streaming", "", "p-1", 9, "rate", None, "true", None)),
        ("p-2", ("non_streaming", "", "p-2", 5, "rate", None, "true", None)),
        ("Chat non_streaming", ("non_streaming", "Chat", "Chat", 2, "users", 2, "true", None)),
        ("r-2", ("non_streaming", "", "r-2", 2.5, "rate", None, "true", None)),
    ]
    own = ("arrivals_due", "arrivals_dropped", "arrivals_missed", "part", "rate_from_per_s", "rate_to_per_s", "kind")
    told = told_of(every, *own)
    assert told["r-2"] == (75, 1, 2, None, None, None, "")
    assert told["p-2"] == (None, None, None, 2, 4, 6, "ramp")
    assert told["s-16"] == told["s-08"] == (*[None] * 6, "")


def test_the_window_of_each_level(every: Levels) -> None:
    """By its row; open, to the end of its last call; by its measured calls; or none."""
    windows = {
        key: tuple(None if at is None else at - T0 for at in span) for key, span in told_of(every, *WINDOW).items()
    }
    whole = {"Chat streaming": (255, 285), "Chat non_streaming": (255, 285), "s-08": (5, 35), "s-08-2": (205, 235)}
    arrivals = {"r-2": (85, 115), "p-2": (115, 145), "p-1": (145, 175)}
    others = {"s-04": (45, 53.5), "s-16": (410, 420), "s-32": (None, None), "s-none": (300, None)}
    assert windows == whole | arrivals | others
    lengths = {key: end - start if start and end else None for key, (start, end) in windows.items()}
    assert {key: window_s for key, (window_s,) in told_of(every, "window_s").items()} == lengths
    assert every.window("s-04") == (T0 + 45, T0 + 53.5)
    assert every.load_s == 501 - 3


def test_the_calls_of_each_level(every: Levels) -> None:
    """Those that count, by what became of them; what only streams tell is not known of whole answers."""
    assert every.counted.sum() == 11
    counts = {
        name: {key: sum(map(len, of(key))) for key in map(str, every.table.index)}
        for name, of in (("ended", every.ended), ("ok", every.successes), ("cut", every.cut_off))
    }
    none = dict.fromkeys(("s-32", "s-none", "p-1", "p-2"), 0)
    one = dict.fromkeys(("Chat streaming", "Chat non_streaming", "s-04", "s-08", "s-08-2", "r-2"), 1)
    assert counts["ok"] == none | one | {"s-16": 2}
    assert counts["ended"] == counts["ok"] | {"s-08": 2, "s-04": 2}
    assert counts["cut"] == dict.fromkeys(counts["ok"], 0) | {"s-08": 1}
    assert every.failing == {"s-08", "s-04"}
    assert every.values("s-16", "latency_ms").tolist() == [3000, 1000]
    assert every.sample("s-16", "latency_ms").tolist() == [1000, 3000]
    assert every.values("s-08", "ttft_ms").tolist() == [300]
    assert [math.isnan(value) for value in every.values("r-2", "ttft_ms")] == [True]
    assert every.values("r-2", "output_tokens").tolist() == [3]
    assert every.mode("r-2") == "non_streaming"
    assert not every.reasons_first


@pytest.mark.parametrize(
    ("cells", "later"),
    [
        ({"ttft_ms": 5, "first_text_ms": 6}, True),
        ({"ttft_ms": 6, "first_text_ms": 6}, False),
        ({"ttft_ms": 5, "first_text_ms": 6, "error": "ModelError"}, False),
        ({"ttft_ms": 5, "first_text_ms": 6, "phase": "warmup"}, False),
    ],
    ids=str,
)
def test_whether_the_text_came_after_the_first_token(tmp_path: Path, cells: Row, *, later: bool) -> None:
    """In a success that counts."""
    calls = [call("s", 6, **cells), call("s", 7, ttft_ms=6, first_text_ms=6)]
    run = make.Folder(calls, [row("s", "streaming", 4, 5, 35)])
    assert levels(read(run.write(tmp_path))).reasons_first is later


def test_the_calls_at_work_in_a_window(tmp_path: Path) -> None:
    """Of its mode, whatever their level; at its edges, and a second before, as times have seven digits."""
    starts = [(-12, 10.9), (-12, 11), (-12, 12.1), (5, 1), (30, 1), (30.1, 1)]
    calls = [call("other", at, 1000 * lasted, name=str(number)) for number, (at, lasted) in enumerate(starts)]
    calls.append(call("whole", 10, 1000, "non_streaming", name="whole"))
    run = make.Folder(calls, [row("s", "streaming", 4, 0, 30), row("whole", "non_streaming", 4, -40, -30)])
    found = levels(read(run.write(tmp_path)))
    assert [name for block in found.at_work("s") for name in block["name"]] == ["1", "2", "3", "4"]
    assert not list(found.at_work("whole"))


def test_without_levels_each_mode_and_name_is_a_row(tmp_path: Path) -> None:
    """From its first start to its last end; calls of another name are at work in rows of their own."""
    own = {"phase": "", "users": ""}
    calls = [
        call("", 5, 2000, **own | {"name": "b"}),
        call("", 2, 1000, **own | {"name": "a"}),
        call("", 3, 9000, **own | {"name": "a", "error": "Cancelled"}),
        call("", 4, 500, "non_streaming", **own | {"name": "a"}),
    ]
    found = levels(read(make.Folder(calls, [], {}).write(tmp_path)))
    assert (found.shaped, found.unit) == (False, "users")
    columns = ("mode", "group", "name", "load", "unit", "users_reached", "completed", "window_s", "trial")
    assert [*told_of(found, *columns).items()] == [
        ("streaming a", ("streaming", "", "a", None, "", None, "", 10, None)),
        ("streaming b", ("streaming", "", "b", None, "", None, "", 2, None)),
        ("non_streaming a", ("non_streaming", "", "a", None, "", None, "", 0.5, None)),
    ]
    assert found.counted.all()
    assert [len(block) for block in found.at_work("streaming a")] == [2]
    assert found.load_s == 10


@pytest.mark.parametrize(("due", "load"), [(75, 2.5), (100, 3.33), (0, 7), (None, 7), (1, 0.0333)])
def test_the_load_of_a_replay_is_what_was_due_in_its_window(tmp_path: Path, due: int | None, load: float) -> None:
    """With three digits; the planned mean where that is not known. Its mode is no user class."""
    told = row("replay-1", "replay", None, 5, 35, rate_per_s=7, arrivals_due=due)
    calls = [call("replay-1", 6), call("replay-1", 7, mode="non_streaming")]
    found = levels(read(make.Folder(calls, [told], {"replay": {"calls": 2}}).write(tmp_path)))
    expected = {f"replay-1 {mode}": (mode, "", load, "rate") for mode in ("streaming", "non_streaming")}
    assert told_of(found, "mode", "group", "load", "unit") == expected
    usual = levels(read(make.Folder(calls, [told], {}).write(tmp_path)))
    assert set(told_of(usual, "group", "load").values()) == {("replay", 7)}
