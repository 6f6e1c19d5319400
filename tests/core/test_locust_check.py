"""Locust's own messages from workers: what Locust would stumble over never reaches its listeners."""

from __future__ import annotations

import contextlib
import copy
import math
import re
from typing import TYPE_CHECKING, Any

from locust import User, __version__, log
from locust.env import Environment
from locust.rpc.protocol import Message
from locust.stats import get_error_report_summary, get_stats_summary, setup_distributed_stats_event_listeners

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.process import locust_patches
from bedrock_locust.recording.worker_check import WrongReportError
from bedrock_locust.team.locust_check import check_message, checker

from .test_worker_check import ANYTHING, places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from locust.runners import MasterRunner

ID = "there_0123"


class Asker(User):
    """A class of users."""

    abstract = False


def report() -> dict[str, Any]:
    """What a worker of Locust's reports after some requests, as it is after its way through msgpack."""
    environment = Environment(user_classes=[Asker])
    setup_distributed_stats_event_listeners(environment.events, environment.stats)
    for took in (12.5, 220.0, None):
        environment.stats.log_request("bedrock", "n", took, 5)  # type: ignore[arg-type]  # None is not known
    environment.stats.log_error("bedrock", "n", ValueError("x"))
    data: dict[str, Any] = {"user_classes_count": {"Asker": 1}, "user_count": 1}
    environment.events.report_to_master.fire(client_id=ID, data=data)
    read: dict[str, Any] = Message.unserialize(Message("stats", data, ID).serialize()).data
    return read


MESSAGES: dict[str, Any] = {
    "client_ready": __version__,
    "stats": report(),
    "heartbeat": {"state": "ready", "current_cpu_usage": 3.5, "current_memory_usage": 10},
    "spawning_complete": {"user_classes_count": {"Asker": 1}, "user_count": 1},
    "exception": {"msg": "m", "traceback": "t"},
    "logs": {"worker_id": ID, "logs": ["a line"]},
}
PLACES = [(kind, path) for kind, data in MESSAGES.items() for path in places(data)]


@pytest.fixture(scope="module")
def master() -> Iterator[MasterRunner]:
    """A master with one worker; its listeners are Locust's."""
    environment = Environment(user_classes=[Asker])
    runner = environment.create_master_runner("127.0.0.1", 0)
    runner.handle_message(ID, Message("client_ready", __version__, ID))
    yield runner
    runner.greenlet.kill()
    runner.server.socket.context.destroy(linger=0)


@pytest.mark.parametrize("kind", MESSAGES)
def test_what_locust_sends_passes(kind: str) -> None:
    """A message of a worker of Locust's own stays as it is."""
    message = Message(kind, copy.deepcopy(MESSAGES[kind]), ID)
    check_message(ID, message)
    assert message.data == MESSAGES[kind]


def refusal(message: Message) -> str:
    """Why a message is refused; empty if it is not."""
    try:
        check_message(ID, message)
    except WrongReportError as refused:
        return str(refused)
    return ""


@given(st.sampled_from(PLACES), ANYTHING)
def test_whatever_stands_anywhere(master: MasterRunner, place: tuple[str, tuple[Any, ...]], value: object) -> None:
    """A message with anything in the place of any part is refused, or Locust and its tables take it as it is."""
    kind, path = place
    data = {"": copy.deepcopy(MESSAGES[kind])}
    inner: Any = data
    for key in ("", *path[:-1]) if path else ():
        inner = inner[key]
    inner[path[-1] if path else ""] = value
    message = Message(kind, data[""], ID)
    if said := refusal(message):
        assert len(said) < 500
        assert said.isprintable()
        return
    log.unhandled_greenlet_exception = False
    master.handle_message(ID, message)
    assert isinstance(master.user_count, int)
    stats = master.environment.stats
    get_stats_summary(stats)
    get_error_report_summary(stats)
    assert all(math.isfinite(entry.total_response_time) for entry in stats.entries.values())
    assert not log.unhandled_greenlet_exception, "a listener of Locust's has raised something"


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("stats", {"stats": [{"name": [], "method": "m"}]}),
        ("stats", {"stats": [{"name": "n", "method": "m", "num_requests": "many"}]}),
        ("stats", {"stats_total": {"name": "n", "method": "m", "total_response_time": math.nan}}),
        ("stats", {"errors": {"k": {"name": "n", "method": "m", "error": "e", "occurrences": -1}}}),
        ("stats", {"user_classes_count": {"Asker": "many"}}),
        ("stats", {"user_classes_count": None}),
        ("spawning_complete", {"user_classes_count": {"Asker": math.inf}}),
        ("heartbeat", {"current_cpu_usage": "hot"}),
        ("logs", {"logs": "text"}),
        ("exception", {"msg": 7}),
    ],
)
def test_what_locust_stumbles_over(kind: str, changes: dict[str, Any]) -> None:
    """Such a message is refused whole."""
    with pytest.raises(WrongReportError):
        check_message(ID, Message(kind, {**copy.deepcopy(MESSAGES[kind]), **changes}, ID))


@pytest.mark.parametrize(
    ("sender", "named", "kind"),
    [("a", "b", "stats"), ("a\x1b[2J", "a\x1b[2J", "stats"), ("a" * 999, "a" * 999, "stats"), ("a", "a", "\x1b[2J")],
)
def test_who_a_sender_may_be(sender: str, named: Any, kind: str) -> None:
    """No worker speaks for another, and no name or type of a message does something to a terminal."""
    with pytest.raises(WrongReportError):
        check_message(sender, Message(kind, {}, named))


def test_texts_are_cut_and_scrubbed() -> None:
    """What a page or table of Locust shows of a worker has no secret, no escapes and a limit."""
    data = report()
    data["stats"][0]["name"] = "n\x1b[2J" + "x" * 9999
    (error,) = data["errors"].values()
    error["error"] = "AKIAABCDEFGHIJKLMNOP " + "y" * 9999
    check_message(ID, Message("stats", data, ID))
    assert data["stats"][0]["name"].startswith("nxx")
    assert len(data["stats"][0]["name"]) < 3000
    assert error["error"].startswith("*** y")
    assert len(error["error"]) <= 500
    logs = {"worker_id": ID, "logs": [f"SessionToken: {'z' * 20}"] * 5000}
    check_message(ID, Message("logs", logs, ID))
    assert set(logs["logs"]) == {"SessionToken: ***"}
    assert len(logs["logs"]) < 5000


def test_a_table_keeps_within_its_bounds(master: MasterRunner) -> None:
    """However many names and errors a worker reports, the master's tables keep a thousand of each, and all calls."""
    stats = master.environment.stats
    stats.clear_all()
    check = checker(stats)
    for part in range(5):
        data = report()
        (entry,), (error,) = data["stats"], data["errors"].values()
        data["stats"] = [{**entry, "name": f"n{part}-{number}"} for number in range(500)]
        data["errors"] = {f"{part}-{number}": {**error, "error": f"e{part}-{number}"} for number in range(500)}
        message = Message("stats", data, ID)
        check(ID, message)
        master.handle_message(ID, message)
    assert len(stats.entries) == locust_patches.MOST_NAMES + 1
    assert sum(entry.num_requests for entry in stats.entries.values()) == 5 * 500 * 3
    assert len(stats.errors) == locust_patches.MOST_ERRORS + 1
    assert sum(error.occurrences for error in stats.errors.values()) == 2500
    stats.clear_all()


NOT_TEXT, NOT_OBJECT, NO_NUMBER = "not a text", "not an object", "not a number in range"
LINE = {"name": "n", "method": "m"}
ERROR = {"name": "n", "method": "m", "error": "e", "occurrences": 1}
WRONG: tuple[tuple[str, Any, str], ...] = (
    ("stats", None, f"a report is None, {NOT_OBJECT}"),
    ("stats", {"stats": 1}, "stats is 1, not a list"),
    ("stats", {"stats": [1]}, f"an entry of stats is 1, {NOT_OBJECT}"),
    ("stats", {"stats_total": None}, f"an entry of stats is None, {NOT_OBJECT}"),
    ("stats", {"errors": None}, f"errors is None, {NOT_OBJECT}"),
    ("stats", {"errors": {5: ERROR}}, f"a key of errors is 5, {NOT_TEXT}"),
    ("stats", {"errors": {"k": 5}}, f"an entry of errors is 5, {NOT_OBJECT}"),
    ("stats", {"errors": {"k": ERROR | {"error": None}}}, f"error is None, {NOT_TEXT}"),
    ("stats", {"errors": {"k": ERROR | {"occurrences": 1.5}}}, "occurrences is 1.5, not a whole number in range"),
    ("stats", {"stats": [LINE | {"name": []}]}, f"name is [], {NOT_TEXT}"),
    ("stats", {"stats": [LINE | {"method": {}}]}, f"method is {{}}, {NOT_TEXT}"),
    *(
        ("stats", {"stats": [LINE | {name: "x"}]}, f"{name} is 'x', {NO_NUMBER}")
        for name in (
            *("start_time", "last_request_timestamp", "total_response_time", "max_response_time", "min_response_time"),
            *("total_content_length", "first_seen", "last_seen"),
        )
    ),
    *(
        ("stats", {"stats": [LINE | {name: None}]}, f"{name} is None, {NO_NUMBER}")
        for name in ("start_time", "total_response_time", "max_response_time", "total_content_length")
    ),
    *(
        ("stats", {"stats": [LINE | {name: -1}]}, f"{name} is -1, not a whole number in range")
        for name in ("num_requests", "num_none_requests", "num_failures", "occurrences")
    ),
    *(
        ("stats", {"stats": [LINE | {name: value}]}, f"{what}")
        for name in ("response_times", "num_reqs_per_sec", "num_fail_per_sec")
        for value, what in (
            (5, f"{name} is 5, {NOT_OBJECT}"),
            ({"x": 1}, f"a key of {name} is 'x', {NO_NUMBER}"),
            ({1: "x"}, f"{name} is 'x', not a whole number in range"),
        )
    ),
    ("stats", {"user_classes_count": {5: 1}}, f"a class of users is 5, {NOT_TEXT}"),
    ("stats", {"user_classes_count": {"A": -1}}, "user_classes_count is -1, not a whole number in range"),
    ("spawning_complete", None, f"a report is None, {NOT_OBJECT}"),
    ("spawning_complete", {"user_classes_count": 5}, f"user_classes_count is 5, {NOT_OBJECT}"),
    ("heartbeat", None, f"a heartbeat is None, {NOT_OBJECT}"),
    ("heartbeat", {"state": 5}, f"state is 5, {NOT_TEXT}"),
    ("heartbeat", {"current_cpu_usage": None}, f"current_cpu_usage is None, {NO_NUMBER}"),
    ("heartbeat", {"current_memory_usage": "x"}, f"current_memory_usage is 'x', {NO_NUMBER}"),
    ("exception", None, f"an exception is None, {NOT_OBJECT}"),
    ("exception", {"msg": 5}, f"msg is 5, {NOT_TEXT}"),
    ("exception", {"traceback": None}, f"traceback is None, {NOT_TEXT}"),
    ("logs", None, f"a log is None, {NOT_OBJECT}"),
    ("logs", {"worker_id": 5}, f"worker_id is 5, {NOT_TEXT}"),
    ("logs", {"worker_id": "other"}, "it has the log of another worker, 'other'"),
    ("logs", {"logs": ["a", 5]}, "logs is ['a', 5], not lines"),
    ("client_ready", ["x"], f"the version of Locust is ['x'], {NOT_TEXT}"),
)


@pytest.mark.parametrize(("kind", "changes", "why"), WRONG)
def test_a_wrong_message_word_by_word(kind: str, changes: Any, why: str) -> None:
    """What is wrong of it, and what it should be."""
    data = {**copy.deepcopy(MESSAGES[kind]), **changes} if isinstance(changes, dict) else changes
    assert refusal(Message(kind, data, ID)) == why


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("client_ready", None),
        ("client_ready", -1),
        ("client_ready", ""),
        ("quit", 5),
        ("heartbeat", {"state": "ready", "current_cpu_usage": -1}),
        ("stats", {"stats": [], "errors": {}, "stats_total": {"name": None, "method": 7}, "user_classes_count": {}}),
        *(
            ("stats", {"stats": [LINE | {name: None}], "errors": {}, "stats_total": LINE, "user_classes_count": {}})
            for name in ("last_request_timestamp", "min_response_time", "first_seen", "last_seen")
        ),
    ],
)
def test_what_may_be_missing(kind: str, data: Any) -> None:
    """As Locust's own workers leave it out; of other types of messages nothing is looked at."""
    assert refusal(Message(kind, copy.deepcopy(data), ID)) == ""


@pytest.mark.parametrize(
    ("sender", "named", "kind", "why"),
    [
        ("a" * 300, "a" * 300, "x" * 300, ""),
        ("a" * 301, "a" * 301, "x", "the id of the sender is "),
        ("a\n", "a\n", "x", "the id of the sender is "),
        ("a", "b", "x", "the message names another sender, 'b'"),
        ("a", None, "x", "the message names another sender, None"),
        ("a", "a", "x" * 301, "the type of the message is "),
        ("a", "a", "x\n", "the type of the message is "),
        ("a", "a", 5, "the type of the message is 5"),
    ],
)
def test_who_sends_what(sender: str, named: Any, kind: Any, why: str) -> None:
    """Names of 300 characters are taken."""
    message = Message("x", None, named)
    message.type = kind
    refused = pytest.raises(WrongReportError, match=f"^{re.escape(why)}")
    with refused if why else contextlib.nullcontext():
        check_message(sender, message)


def test_what_is_kept_of_texts() -> None:
    """The begin of a traceback and of each line of a log, and its last lines; names and methods as texts."""
    data: dict[str, Any] = {"worker_id": ID, "logs": [f"{number}".ljust(2001, "x") for number in range(1001)]}
    check_message(ID, Message("logs", data, ID))
    assert [line.rstrip("x") for line in data["logs"]] == [str(number) for number in range(1, 1001)]
    assert {len(line) for line in data["logs"]} == {2000}
    data = {"msg": "m" * 600, "traceback": "t" * 20_001}
    check_message(ID, Message("exception", data, ID))
    assert (len(data["msg"]), len(data["traceback"])) == (500, 20_000)
    entry: dict[str, Any] = {"name": 1.5, "method": None}
    check_message(
        ID, Message("stats", {"stats": [entry], "errors": {}, "stats_total": {}, "user_classes_count": {}}, ID)
    )
    assert entry == {"name": "1.5", "method": "None"}


def test_the_last_places_of_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names and errors that are known keep theirs, new ones share the last one; all are counted."""
    environment = Environment(user_classes=[Asker])
    for name in ("MOST_NAMES", "MOST_ERRORS"):
        monkeypatch.setattr("bedrock_locust.team.locust_check." + name, 3)
    table = environment.stats
    table.log_request("m", "known", 1, 1)
    table.log_error("m", "known", "known")
    (known,) = table.errors
    names = ["known", "a", "a", "b", "c", "known"]
    errors = {
        key: {**ERROR, "error": key, "occurrences": count} for key, count in (("a", 1), ("b", 2), ("c", 4), ("d", 8))
    }
    errors[known] = {**ERROR, "error": "known", "occurrences": 16}
    data: dict[str, Any] = {"stats": [{**LINE, "name": name} for name in names], "errors": errors, "stats_total": {}}
    message = Message("stats", data | {"user_classes_count": {}}, ID)
    checker(table)(ID, message)
    assert [entry["name"] for entry in message.data["stats"]] == ["known", "a", "a", "b", "other", "known"]
    found = {
        key: (one["name"], one["method"], one["error"], one["occurrences"])
        for key, one in message.data["errors"].items()
    }
    assert found == {
        "a": ("n", "m", "a", 1),
        "b": ("n", "m", "b", 2),
        "other": ("other", "", "other", 12),
        known: ("n", "m", "known", 16),
    }
