"""Locust's own messages from workers, checked before Locust's listeners get them.

Locust 2.47 takes what it is sent for what a worker of its own sends: a number that is text spoils its tables for good,
or ends what counts users.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.process.locust_patches import MOST_ERRORS, MOST_NAMES, OTHER
from bedrock_locust.recording.worker_check import LONGEST, WrongReportError, number, shown, whole
from bedrock_locust.redaction import MESSAGE_LIMIT, redact, scrub, word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from locust.rpc.protocol import Message
    from locust.stats import RequestStats

LONGEST_ID = 300
"""Characters of the longest id of a worker, which has the name of its host."""
LONGEST_TRACEBACK = 20_000
MOST_LINES = 1000
"""Lines of a worker's log that are shown; of more, the last ones."""

_NUMBERS = (
    *("start_time", "last_request_timestamp", "total_response_time", "max_response_time", "min_response_time"),
    *("total_content_length", "first_seen", "last_seen"),
)
_WHOLE = ("num_requests", "num_none_requests", "num_failures", "occurrences")
_COUNTS = ("response_times", "num_reqs_per_sec", "num_fail_per_sec")
_MAY_BE_NONE = frozenset({"last_request_timestamp", "min_response_time", "first_seen", "last_seen"})


def checker(table: RequestStats) -> Callable[[str, Message], None]:
    """What checks messages to the master that has this table, which then keeps within its bounds."""

    def check(client_id: str, message: Message) -> None:
        check_message(client_id, message)
        if message.type == "stats":
            _fold(message.data, table)

    return check


def _fold(data: dict[str, Any], table: RequestStats) -> None:
    """Have a report bring no more names and errors than there is room for."""
    new = set[tuple[str, str]]()
    for entry in data["stats"]:
        place = entry["name"], entry["method"]
        if len(table.entries) + len(new) >= MOST_NAMES and place not in new and place not in table.entries:
            entry["name"] = OTHER
        elif place not in table.entries:
            new.add(place)
    errors = dict[str, Any]()
    for key, error in data["errors"].items():
        if key in table.errors or len(table.errors) + len(errors) < MOST_ERRORS:
            errors[key] = error
        elif OTHER in errors:
            errors[OTHER]["occurrences"] += error["occurrences"]
        else:
            errors[OTHER] = {**error, "name": OTHER, "method": "", "error": OTHER}
    data["errors"] = errors


def check_message(client_id: str, message: Message) -> None:
    """Raise WrongReportError where a message is not one of Locust's; cut and scrub the texts of one that is."""
    if not client_id.isprintable() or len(client_id) > LONGEST_ID:
        raise WrongReportError(f"the id of the sender is {shown(client_id)}")
    if message.node_id != client_id:
        raise WrongReportError(f"the message names another sender, {shown(message.node_id)}")
    if not isinstance(message.type, str) or not message.type.isprintable() or len(message.type) > LONGEST_ID:
        raise WrongReportError(f"the type of the message is {shown(message.type)}")
    if check := _CHECKS.get(message.type):
        check(message.data)
    if message.type == "logs" and message.data["worker_id"] != client_id:
        raise WrongReportError(f"it has the log of another worker, {shown(message.data['worker_id'])}")


def _dict(value: Any, what: str) -> Any:
    if not isinstance(value, dict):
        raise WrongReportError(f"{what} is {shown(value)}, not an object")
    return value


def _statistics(data: Any) -> None:
    """A report of a worker: the figures since the last one, and its users."""
    _dict(data, "a report")
    if not isinstance(data.get("stats"), list):
        raise WrongReportError(f"stats is {shown(data.get('stats'))}, not a list")
    for entry in (*data["stats"], data.get("stats_total")):
        _entry(_dict(entry, "an entry of stats"))
    for key, error in _dict(data.get("errors"), "errors").items():
        _text(key, "a key of errors")
        _entry(_dict(error, "an entry of errors"))
        error["error"] = redact(_text(error.get("error"), "error"))
        whole(error.get("occurrences"), "occurrences")
    _users(data)


def _entry(entry: dict[str, Any]) -> None:
    for key in ("name", "method"):
        entry[key] = _name(entry.get(key), key)
    for key, value in entry.items():
        if value is None and key in _MAY_BE_NONE:
            continue
        if key in _NUMBERS:
            number(value, key)
        elif key in _WHOLE:
            whole(value, key)
        elif key in _COUNTS:
            _counts(value, key)


def _counts(value: Any, what: str) -> None:
    for key, count in _dict(value, what).items():
        number(key, f"a key of {what}")
        whole(count, what)


def _users(data: Any) -> None:
    """How many users of each class there are."""
    for name, count in _dict(_dict(data, "a report").get("user_classes_count"), "user_classes_count").items():
        _text(name, "a class of users")
        whole(count, "user_classes_count")


def _heartbeat(data: Any) -> None:
    _text(_dict(data, "a heartbeat").get("state"), "state")
    number(data.get("current_cpu_usage"), "current_cpu_usage")
    if "current_memory_usage" in data:
        number(data["current_memory_usage"], "current_memory_usage")


def _exception(data: Any) -> None:
    """What a user class raised on a worker."""
    data["msg"] = redact(_text(_dict(data, "an exception").get("msg"), "msg"))
    data["traceback"] = scrub(_text(data.get("traceback"), "traceback")[:LONGEST_TRACEBACK])


def _logs(data: Any) -> None:
    lines = _dict(data, "a log").get("logs")
    _text(data.get("worker_id"), "worker_id")
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise WrongReportError(f"logs is {shown(lines)}, not lines")
    data["logs"] = [scrub(line[: 4 * MESSAGE_LIMIT]) for line in lines[-MOST_LINES:]]


def _ready(data: Any) -> None:
    """The version of Locust on a worker, or -1 where that does not matter."""
    if data and data != -1:
        _text(data, "the version of Locust")


def _name(value: Any, what: str) -> str:
    """The name or method of a call. A locustfile may have a number there, or nothing."""
    text = str(value) if value is None or isinstance(value, int | float) else _text(value, what)
    return word(text, LONGEST)


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise WrongReportError(f"{what} is {shown(value)}, not a text")
    return value


_CHECKS: Mapping[str, Callable[[Any], None]] = {
    "stats": _statistics,
    "heartbeat": _heartbeat,
    "spawning_complete": _users,
    "exception": _exception,
    "logs": _logs,
    "client_ready": _ready,
}
"""Type of a message -> what checks its data, where Locust looks at that."""
