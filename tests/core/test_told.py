"""Tables of what is told of levels, of calls, and of wrong reports: each line is a case and what is made of it.

`UPDATE_GOLDEN=1 pytest tests/core/test_told.py` writes the golden files anew: read the difference.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

from bedrock_locust.call import COLUMNS, Call
from bedrock_locust.level import Level, LevelError, in_words, loads_in_words, within
from bedrock_locust.outputs.progress import Progress
from bedrock_locust.recording.worker_check import MOST, MOST_BUCKET, WrongReportError, checked
from bedrock_locust.recording.worker_rows import Batch, RowsReport

from .golden_files import check_text

T0 = 1_800_000_000.0
USERS = [Level(key=f"u{n}", mode="streaming", users=n, warmup_s=n, duration_s=10 * n) for n in (1, 2, 1200)]
RATES = [
    Level(key=f"r{n}", mode="non_streaming", rate_per_s=rate, max_in_flight=n, duration_s=60)
    for n, rate in enumerate((1.0, 2.5, 1234567.0), 1)
]
PARTS = [
    replace(RATES[1], key="p1", part=1, rate_from_per_s=1.0, rate_to_per_s=4.0, warmup_s=5, duration_s=20),
    replace(RATES[1], key="p2", part=2, rate_from_per_s=2.5, rate_to_per_s=2.5),
    replace(RATES[1], key="p3", part=3, rate_to_per_s=0.5),
]
STEPS = [
    replace(PARTS[1], key=f"s{n}", part=n, kind="ramp", rate_per_s=n, rate_from_per_s=n, rate_to_per_s=n)
    for n in (1, 2)
]
OPEN = [
    Level(key="own", mode="summary", users=3),
    replace(USERS[1], key="probe", kind="search"),
    Level(key="0", mode="m", users=0),
]


def test_levels_are_told_as_they_were_read_and_approved() -> None:
    """Title, load, peak, length, calls in flight; several in words; and what of a plan a time allows."""
    lines = [
        f"{one.key}: {one.title} | {one.load} | {one.short_load} | {one.peak} | {one.length_s} | {one.most_in_flight}"
        f" | {one.rates_per_s} | {one.load.users}"
        for one in (*USERS, *RATES, *PARTS, *STEPS, *OPEN)
    ]
    many = [replace(USERS[0], users=n) for n in range(1, 15)]
    groups = {"users": USERS, "rates": RATES, "parts": PARTS, "ramp": STEPS, "one": USERS[:1], "many": many}
    groups |= {"one part": PARTS[:1], "twice": [*USERS, *USERS], "rate": RATES[:1]}
    for name, levels in groups.items():
        told = [*(loads_in_words(levels, most) for most in (12, 3)), in_words([one.load for one in levels], 4)]
        lines.append(f"{name}: {' | '.join(told)}")
    for time_s in (None, 0, 0.5, 1, 11, 12, 20, 33, 40, 5000):
        held = within([*USERS[:2], *PARTS], time_s)
        told = [f"{one.key} {one.warmup_s:g} + {one.duration_s:g} s at {one.short_load}" for one in held]
        lines.append(f"within {time_s}: {', '.join(told)}")
    lines.append(f"without a length: {[one.key for one in within([OPEN[0], USERS[0]], 5)]}")
    wrong: list[Any] = [
        *(
            7,
            "text",
            Level,
            {},
            {"level": "a"},
            {"level": "a", "mode": "m"},
            {"level": "a", "mode": "m", "phase": "measure"},
        ),
        {"level": "a", "mode": "m", "phase": "measure", "users": 1, "rate_per_s": 2},
        {"level": "a", "mode": "m", "phase": "over", "users": 1},
        {"level": "a", "mode": "m", "phase": "drain", "users": 1, "kind": "spike"},
        {"level": "a", "mode": "m", "phase": "drain", "users": 1, "kind": "ramp", "colour": "red"},
    ]
    for announced in wrong:
        try:
            lines.append(f"{announced!r}: {Level.from_plain(announced).to_plain()}")
        except LevelError as error:
            lines.append(f"{announced!r}: {error}")
    check_text("told/levels.txt", "\n".join(lines) + "\n")


def test_progress_is_told_as_it_was_read_and_approved() -> None:
    """Each phase of levels of users, of a search, and without a length, at several moments."""
    lines = []
    planned = [replace(one, started_at=None) for one in (USERS[0], USERS[1], OPEN[0])]
    for level in (USERS[0], USERS[1], OPEN[0], OPEN[1]):
        begun = replace(level, started_at=T0)
        opened = replace(begun, phase="measure", measured_from=T0 + 2)
        closed = replace(opened, phase="drain", measured_to=T0 + 22)
        for one, now in product((level, begun, opened, closed), (0, 1, 5, 300)):
            progress = Progress.of(one, 2, planned[:2] if level.key == "u1" else planned, T0 + now)
            lines.append(
                f"{one.key} {one.phase} {one.started_at} +{now}: {progress.place} | {progress} | {progress.left_s}"
            )
    check_text("told/progress.txt", "\n".join(lines) + "\n")


def test_the_pace_of_calls_is_told_as_it_was_read_and_approved() -> None:
    """Tokens that were seen, those of the first event, and the time per token, for counts of each kind."""
    lines = []
    cases = product((0, 4, 40, 100), (None, 1, 4), (None, 20, 49, 50), (None, 0, 4), (None, 30))
    for tokens, chunks, size, first, reasoning in cases:
        call = Call(
            started_at=T0,
            mode="streaming",
            operation="o",
            model_id="m",
            name="n",
            latency_ms=900,
            ttft_ms=200,
            first_text_ms=300,
            last_token_ms=600,
            output_tokens=tokens,
            chunks=chunks,
            content_bytes=size,
            first_bytes=first,
            reasoning_tokens=reasoning,
        )
        for own in (None, 59, 60) if reasoning and size and first else (None,):
            one = replace(call, reasoning_bytes=own)
            pace = None if one.tpot_ms is None else round(one.tpot_ms, 4)
            hides = f"{'R' if one.hides_reasoning else '-'}{'T' if one.hides_tokens else '-'}"
            about = f"{tokens} tokens, {chunks} events, bytes {size} {first}, reasoning {reasoning} {own}"
            lines.append(f"{about}: {hides} {one.seen_tokens} {round(one.first_tokens, 4)} {pace}")
    check_text("told/pace.txt", "\n".join(lines) + "\n")


CALL = Call(
    started_at=T0, mode="streaming", operation="o", model_id="m", name="n", latency_ms=900, level="a", error_message="x"
)
PULSE = {"cpu_s": 0.5, "wall_s": 1.0, "lag": {3: 1}}
RIGHT = RowsReport(
    "run", 1, 12.5, 1, (Batch(1, [CALL.to_row()], {"a": {5: 2}}, {"a": PULSE}),), 0, {"a": {"measure": [1, 0]}}
)


def with_batch(**values: Any) -> RowsReport:
    """A report whose batch has another value."""
    return replace(RIGHT, batches=(replace(RIGHT.batches[0], **values),))


def with_cell(column: str, value: Any) -> RowsReport:
    """A report whose row has another value in a column."""
    row = CALL.to_row()
    row[COLUMNS.index(column)] = value
    return with_batch(rows=[row])


def with_value(**values: Any) -> RowsReport:
    """A report with another value."""
    return replace(RIGHT, **values)


WRONG_ARRIVALS: list[Any] = [[], {1: {}}, {"a" * 2049: {}}, {"a" * 2048: {}}, {"a": 3}, {"a": {"p": 3}}]
WRONG: list[Any] = [
    *(with_value(rows_made=value) for value in (-1, 0, 1.0, True, None, MOST, int(MOST) + 1)),
    *(with_value(cpu_percent=value) for value in (None, -0.1, 0, "1", float("nan"), MOST, 1.1 * MOST)),
    *(with_value(last=value) for value in (None, -1, 0, 1.5)),
    *(with_value(in_flight=value) for value in (-1, None, 3)),
    *(with_value(arrivals=value) for value in WRONG_ARRIVALS),
    *(with_value(arrivals={"a": {"p": value}}) for value in ([1], [1, 2, 3], [1, -1], (1, 2), "12")),
    *(with_batch(number=value) for value in (0, 1, -1, "1")),
    *(with_batch(rows=value) for value in (None, "rows", [], [[1]], ["x" * len(COLUMNS)], [tuple(CALL.to_row())])),
    *(
        with_batch(gaps=value)
        for value in (None, {"a": 3}, {"a": {"5": 1}}, {"a": {True: 1}}, {"a": {5: -1}}, {"a": {5: 1.0}})
    ),
    *(with_batch(gaps={"a": {value: 1}}) for value in (MOST_BUCKET, MOST_BUCKET + 1, -MOST_BUCKET, -MOST_BUCKET - 1)),
    *(
        with_batch(pulse=value)
        for value in ({"a": 3}, {"a": {"cpu_s": 1}}, {"a": {**PULSE, "wall_s": -1}}, {"a": {**PULSE, "lag": 3}})
    ),
    *(with_batch(pulse={"a": {**PULSE, "cpu_s": value}}) for value in (None, True, MOST)),
    *(with_cell("started_at", value) for value in (None, "1", -1.0, 2 * MOST)),
    *(with_cell("users", value) for value in (None, 3, 3.0, -3)),
    *(with_cell("send_delay_ms", value) for value in (-3.0, -2 * MOST)),
    *(with_cell("ttft_ms", value) for value in (-3.0, 3)),
    *(with_cell("model_id", value) for value in (None, 7, "m" * 2048, "m" * 2049, "m\x1b[2Jn")),
    *(with_cell("error", value) for value in ("ThrottlingError", "of a later version", "Cancelled", None)),
    *(with_cell("error_message", value) for value in ("m" * 600, "AKIAIOSFODNN7EXAMPLE", 3)),
    *(with_cell("request_id", value) for value in ("0a1b2c3d-0000-1111-2222-333344445555", "id" * 100)),
]


def test_reports_of_workers_are_taken_or_refused_as_it_was_read_and_approved() -> None:
    """Each value at its bound and beyond: what is wrong, or what of it is kept."""
    lines = []
    for report in WRONG:
        changed = [name for name in RowsReport.__slots__ if getattr(report, name) != getattr(RIGHT, name)]
        batch = report.batches[0]
        changed += [name for name in Batch.__slots__ if getattr(batch, name) != getattr(RIGHT.batches[0], name)]
        try:
            kept = checked(report)
        except WrongReportError as error:
            lines.append(f"{' '.join(changed)}: {error}")
        else:
            rows = [
                row
                for row, own in zip(kept.batches[0].rows, RIGHT.batches[0].rows, strict=False)
                if list(row) != list(own)
            ]
            told = [
                f"{column}={str(row[place])[:50]!r} ({len(str(row[place]))})"
                for row in rows
                for place, column in enumerate(COLUMNS)
                if row[place] != CALL.to_row()[place]
            ]
            lines.append(f"{' '.join(changed)}: taken {' '.join(told)}".rstrip())
    check_text("told/reports.txt", "\n".join(lines) + "\n")
