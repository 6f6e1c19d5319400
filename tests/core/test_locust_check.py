"""Locust's own messages from workers: what Locust would stumble over never reaches its listeners."""

from __future__ import annotations

import copy
import math
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
