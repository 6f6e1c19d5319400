"""Amazon Bedrock's model invocation logs: a folder as S3 has them, or an export of CloudWatch Logs.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html, and logs in public
repositories. Times are whole seconds. Bodies over 100 KB are objects of their own, below `data/`, which are not read.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from bedrock_locust.workload.measured import limit_in
from bedrock_locust.workload.traces.moments import moment
from bedrock_locust.workload.traces.prefixes import Prefixes, Turn, prompt_of
from bedrock_locust.workload.traces.traced import Skipped, TracedCall, TraceError, lines, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bedrock_locust.workload.traces.traced import Stored

NAME = "invocation logs"
OPERATIONS = {
    "Converse": "converse",
    "ConverseStream": "converse_stream",
    "InvokeModel": "invoke_model",
    "InvokeModelWithResponseStream": "invoke_model_with_response_stream",
}
ASIDE = re.compile(r"(^|/)data/|amazon-bedrock-logs-permission-check")
"""Objects that are no logs: large bodies, and what the console leaves when it tries whether it may write."""
ENDINGS = (".gz", ".json", ".jsonl", ".log")
DATED = re.compile(r"/BedrockModelInvocationLogs/[^/]+/(\d{4}(?:/\d\d){0,3})/")
"""The year, month, day and hour in the name of a folder, as far as it goes."""
HOUR_S = 3600


def fits(record: Mapping[str, Any]) -> bool:
    """Whether a record is one of these logs, or of an export with such records as messages."""
    return record.get("schemaType") == "ModelInvocationLog" or isinstance(record.get("events"), list)


def is_log(name: str) -> bool:
    """Whether this is the name of a log, from the folder on that was asked for: that may lie in a `data/` itself."""
    return name.endswith(ENDINGS) and not ASIDE.search(name)


def files(place: Path) -> list[Path]:
    """The log files below a folder, in the order of their names, which is that of time."""
    return sorted(path for path in place.rglob("*") if path.is_file() and is_log(path.relative_to(place).as_posix()))


@dataclass(frozen=True)
class Hours:
    """The hours of which logs are read, in UTC, as folders have them: `2026/11/27/08`."""

    first: str = ""
    last: str = "~"

    @classmethod
    def of(cls, begin: float | None, end: float | None) -> Self:
        """Those of a part of the time, in Unix seconds, and one more on each side: a log is written after its calls."""
        first = cls.first if begin is None else _hour(begin - HOUR_S)
        return cls(first, cls.last if end is None else _hour(end + HOUR_S))

    @property
    def are_all(self) -> bool:
        """Whether no log is left out."""
        return self == Hours()

    def may_be_in(self, folder: str) -> bool:
        """Whether a folder (`.../` as keys have it) may hold logs of them; one without a date in its name may."""
        found = DATED.search(f"/{folder}")
        return found is None or self.first[: len(found[1])] <= found[1] <= self.last


def _hour(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).isoformat()[:13].replace("-", "/").replace("T", "/")
    except (OverflowError, ValueError):  # an hour before the first year, or after the last
        return Hours.first if at < 0 else Hours.last


def records(path: Stored) -> Iterator[tuple[str, Any]]:
    """The records of a file with where they stand: JSON lines, or an export. Raises TraceError."""
    for number, line in enumerate(lines(path), 1):
        if line.strip():
            yield from of_line(line, f"{path}, line {number}")


def of_line(line: str, where: str) -> Iterator[tuple[str, Any]]:
    """A record; the messages of an export; or what stands behind the moment with which CloudWatch begins a line."""
    text = line[line.index("{") :] if "{" in line else line
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TraceError(f"{where}: not JSON ({str(error)[:80]})") from None
    events = found.get("events") if isinstance(found, dict) else None
    if not isinstance(events, list):
        yield where, found
        return
    for place, event in enumerate(events):
        message = event.get("message") if isinstance(event, dict) else None
        yield from of_line(str(message), f"{where}, event {place}")


def read(found: Iterator[tuple[str, Any]], skipped: Skipped, *, with_content: bool) -> Iterator[TracedCall]:
    """The calls in records of logs, by time: files overlap. Raises TraceError."""
    prefixes, seen, turns = Prefixes(), set[str](), list[tuple[TracedCall, Turn | None]]()
    for where, record in found:
        if not isinstance(record, dict) or record.get("schemaType") != "ModelInvocationLog":
            skipped.add("of another kind")
        elif record.get("errorCode"):
            skipped.add("failed", _at(record, where))
        elif record.get("operation") not in OPERATIONS:
            skipped.add("of another operation", _at(record, where))
        elif (id_ := str(record.get("requestId") or "")) and id_ in seen:
            skipped.add("there twice", _at(record, where))
        else:
            seen.add(id_)
            turns.append((_call(record, where, prefixes, with_content=with_content), _turn(record)))
    for call, turn in sorted(turns, key=lambda one: one[0].at):
        yield call if turn is None else replace(call, session_id=prefixes.session(turn))


def _call(record: Mapping[str, Any], where: str, prefixes: Prefixes, *, with_content: bool) -> TracedCall:
    sent, answered = _part(record, "input"), _part(record, "output")
    body = _part(sent, "inputBodyJson")
    read_, written = (sent.get(f"cache{name}InputTokenCount") for name in ("Read", "Write"))
    counts = [whole_number(value or 0, f"{where}: a count of tokens") for value in (read_, written)]
    tokens = whole_number(sent.get("inputTokenCount", 0), f"{where}: input.inputTokenCount") + sum(counts)
    return TracedCall(
        at=_at(record, where),
        input_length=tokens,
        output_length=whole_number(answered.get("outputTokenCount", 0), f"{where}: output.outputTokenCount"),
        operation=OPERATIONS[str(record["operation"])],
        model=model_of(str(record.get("modelId") or "")),
        max_tokens=limit_in(body) or None,
        cache_read_tokens=None if read_ is None else counts[0],
        cache_write_tokens=None if written is None else counts[1],
        hash_ids=prefixes.blocks(prompt_of(body), tokens, counts[0]),
        latency_ms=_latency_ms(answered.get("outputBodyJson")),
        content={"payload": body} if with_content and body else {},
    )


def _at(record: Mapping[str, Any], where: str) -> float:
    """When a call came, in Unix seconds. Raises TraceError."""
    return moment(record.get("timestamp"), f"{where}: timestamp")


def _turn(record: Mapping[str, Any]) -> Turn | None:
    """Its place in a conversation; None where the log has no messages."""
    body = _part(_part(record, "input"), "inputBodyJson")
    messages = body.get("messages")
    return Turn.of(body.get("system"), messages) if isinstance(messages, list) else None


def model_of(model: str) -> str:
    """The model or profile of a log, without the account that an ARN has."""
    if not model.startswith("arn:"):
        return model
    resource = model.split(":", 5)[-1]
    kind, _, name = resource.partition("/")
    return name if kind in {"foundation-model", "inference-profile"} else resource


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = record.get(name)
    return part if isinstance(part, dict) else {}


def _latency_ms(body: object) -> float | None:
    """The latency that Converse tells, whole or in the last event of its stream."""
    parts = body if isinstance(body, list) else [body]
    for part in reversed(parts):
        if isinstance(part, dict):
            metrics = _part(part, "metrics") or _part(_part(part, "metadata"), "metrics")
            if isinstance(value := metrics.get("latencyMs"), int | float) and not isinstance(value, bool):
                return float(value)
    return None
