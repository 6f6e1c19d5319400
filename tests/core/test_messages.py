"""What workers and their master tell each other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from locust.rpc.protocol import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.call import Call
from bedrock_locust.recording.worker_check import WrongReportError
from bedrock_locust.recording.worker_rows import Batch, RowsReport
from bedrock_locust.redaction import MESSAGE_LIMIT
from bedrock_locust.team.messages import Finish, Report, RunOrder, Taken, mismatch, version_of, worker_name

from .strategies import calls

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CALL = Call(started_at=1.8e9, mode="streaming", operation="o", model_id="m", name="n", latency_ms=900.5, worker="w")
NUMBERS = st.integers(0, 2**40)
SECONDS = st.floats(0, 4e9)
NAMES = st.text(max_size=20)
COUNTS = st.dictionaries(st.integers(-1000, 1000), NUMBERS, max_size=3)
PULSE = st.fixed_dictionaries({"cpu_s": SECONDS, "wall_s": SECONDS, "lag": COUNTS})
BATCHES = st.builds(
    Batch,
    number=NUMBERS,
    rows=st.lists(calls().map(lambda call: call.to_row()), max_size=3),
    gaps=st.dictionaries(NAMES, COUNTS, max_size=2),
    pulse=st.dictionaries(NAMES, PULSE, max_size=2),
)
ROWS = st.builds(
    RowsReport,
    run=NAMES,
    rows_made=NUMBERS,
    cpu_percent=st.none() | SECONDS,
    last=st.none() | NUMBERS,
    batches=st.lists(BATCHES, max_size=3).map(tuple),
    in_flight=NUMBERS,
)
REPORTS = st.builds(
    Report,
    version=NAMES,
    asked_at=SECONDS,
    tick=SECONDS,
    clock_offset_ms=st.none() | SECONDS,
    warning=NAMES,
    rows=st.none() | ROWS,
)
TAKEN = st.builds(
    Taken,
    version=NAMES,
    asked_at=st.none() | SECONDS,
    tick=st.none() | SECONDS,
    answered_at=SECONDS,
    run=st.none() | NAMES,
    batches=st.lists(NUMBERS, max_size=4).map(tuple),
    whole=st.booleans(),
    over=st.booleans(),
)
FINISH = st.builds(Finish, run=NAMES, grace_s=SECONDS)
ORDERS = st.builds(
    RunOrder,
    version=NAMES,
    run=NAMES,
    simulator=st.booleans(),
    worker_timeout_s=NUMBERS,
    in_flight=st.none() | NUMBERS,
    settings=st.dictionaries(NAMES, st.dictionaries(NAMES, st.none() | NUMBERS | NAMES, max_size=2), max_size=2),
    workload=st.dictionaries(NAMES, st.none() | NUMBERS | NAMES, max_size=3),
)


def carried(plain: Mapping[str, Any]) -> dict[str, Any]:
    """A message as it is on the other side of Locust's connection."""
    data: dict[str, Any] = Message.unserialize(Message("type", plain, "id").serialize()).data
    return data


def read_or_refused(plain: Mapping[str, Any]) -> Report | str:
    """The report, or why it is refused."""
    try:
        return Report.from_plain(plain)
    except WrongReportError as error:
        return str(error)


@given(REPORTS)
def test_a_report_arrives_as_it_was(report: Report) -> None:
    """With any rows in it; what the check of a report makes of them is the same on both sides."""
    assert read_or_refused(carried(report.to_plain())) == read_or_refused(report.to_plain())


def test_a_usual_report_arrives_as_it_was() -> None:
    """A batch of rows, as a worker makes it."""
    batch = Batch(1, [CALL.to_row()], {"streaming-1": {3: 2}}, {})
    report = Report("1", 1.0, 2.0, None, "", RowsReport("r", 1, 12.5, 1, (batch,)))
    assert Report.from_plain(carried(report.to_plain())) == report


@given(TAKEN)
def test_an_answer_arrives_as_it_was(answer: Taken) -> None:
    """With any batches in it."""
    assert Taken.from_plain(carried(answer.to_plain())) == answer


@given(FINISH)
def test_an_end_arrives_as_it_was(message: Finish) -> None:
    """The request to hand over."""
    assert Finish.from_plain(carried(message.to_plain())) == message


@given(ORDERS)
def test_an_order_arrives_as_it_was(order: RunOrder) -> None:
    """What workers must know of a run is text in an option."""
    options = carried({"parsed_options": {"bedrock_run": order.to_json()}})["parsed_options"]
    assert RunOrder.from_json(options["bedrock_run"]) == order
    assert version_of(json.loads(options["bedrock_run"])) == order.version


@pytest.mark.parametrize(
    ("read", "plain"),
    [
        (Report.from_plain, Report("1", 1.0, 2.0, None, "", None).to_plain()),
        (Taken.from_plain, Taken("1", 1.0, 2.0, 3.0, None).to_plain()),
        (Finish.from_plain, Finish("r", 3).to_plain()),
        (RowsReport.from_plain, RowsReport("r", 1, None, None).to_plain()),
        (Batch.from_plain, Batch(1, [], {}, {}).to_plain()),
    ],
)
def test_a_field_that_is_missing_is_named(read: Callable[[Mapping[str, Any]], object], plain: dict[str, Any]) -> None:
    """A message that lacks something is refused, with the name of what it lacks."""
    for name in plain:
        with pytest.raises((KeyError, WrongReportError), match=name):
            read({key: value for key, value in plain.items() if key != name})


@pytest.mark.parametrize("field", ["warning", "refusal"])
def test_what_a_worker_says_is_bounded_and_on_one_line(field: str) -> None:
    """It goes into the log, and into `run.json`."""
    plain = {**Report("1", 1.0, 2.0, None, "", None).to_plain(), field: "first\nline\x1b[31m" + 9_999 * "x"}
    said = getattr(Report.from_plain(plain), field)
    assert len(said) == MESSAGE_LIMIT
    assert said.startswith("first line")
    assert said.isprintable()


def test_more_than_is_known_is_no_harm() -> None:
    """Fields that this side does not know are left out."""
    answer = Taken("1", 1.0, 2.0, 3.0, "r", (4,), whole=True, over=False)
    assert Taken.from_plain({**answer.to_plain(), "later": 1}) == answer


@pytest.mark.parametrize(
    ("there", "why"),
    [
        ("1.2", ""),
        (None, "there is no bedrock-locust: call bedrock_locust.setup() in its locustfile"),
        ("1.3", "bedrock-locust is 1.3 there and 1.2 here: install the same on both"),
    ],
)
def test_both_sides_need_the_same_version(there: str | None, why: str) -> None:
    """Another version, or none, is a reason in words."""
    assert mismatch("1.2", there) == why


def test_a_message_without_a_version() -> None:
    """Whoever sends one is of no version that is known here."""
    assert version_of({}) == "unknown"
    assert mismatch("1.2", version_of({}))


def test_the_name_of_a_worker() -> None:
    """Host and number: a host may have underscores in its name."""
    assert worker_name("load_host_0123abcd", 3) == "load_host_3"
