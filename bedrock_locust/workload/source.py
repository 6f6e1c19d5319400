"""The workload of a run: where the next request of this process comes from."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from bedrock_locust.workload.fixed import TemplateWorkload
from bedrock_locust.workload.generated import GeneratedWorkload
from bedrock_locust.workload.order import Order
from bedrock_locust.workload.prepared import Prepared
from bedrock_locust.workload.recorded import RecordedWorkload
from bedrock_locust.workload.replayed import ReplayedWorkload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bedrock_locust.settings.schema import Settings
    from bedrock_locust.workload.contract import Worded, Workload
    from bedrock_locust.workload.jsonl import RecordFile

NOTHING = Prepared()


def workload_of(
    settings: Settings,
    prepared: Prepared = NOTHING,
    name: str = "",
    file: RecordFile | None = None,
    next_position: Callable[[], int] = lambda: 0,
) -> Workload:
    """The workload that the settings ask for, in the process of this name.

    `file` is that of the workload or the trace, if there is one; `next_position` gives positions of the sequence of its
    records, where these are not those of arrivals.
    """
    if file is not None and settings.trace:
        return ReplayedWorkload(settings, file, prepared, name)
    if file is not None:
        next_record = _records(settings, prepared, len(file), next_position)
        return RecordedWorkload(settings, file, next_record, prepared, name)
    if generated := generated_of(settings, prepared, name):
        return generated
    return TemplateWorkload(settings, name)


def worded_of(settings: Settings, prepared: Prepared = NOTHING, file: RecordFile | None = None) -> Mapping[str, Worded]:
    """Model -> what makes its prompts, where these are words up to a length in tokens; else empty."""
    found = workload_of(settings, prepared, file=file)
    if isinstance(found, ReplayedWorkload):
        return found.worded()
    if isinstance(found, GeneratedWorkload):
        return {settings.model.id: found}
    return {settings.model.id: found} if isinstance(found, RecordedWorkload) and found.next().words else {}


def _records(
    settings: Settings, prepared: Prepared, records: int, next_position: Callable[[], int]
) -> Callable[[int | None], int]:
    """What gives the number of the record at a position, or of the next: those that are bad are left out."""
    bad, workload = set(prepared.bad), settings.workload
    good = array("Q", (number for number in range(records) if number not in bad)) if bad else range(records)
    shuffled = workload is not None and workload.order == "shuffled"
    order = Order(len(good), shuffled=shuffled, seed=workload.seed if workload else 0)
    # With a number of passes, the process that leads counts what it has handed out.
    counted = workload is not None and workload.passes is not None

    def record(position: int | None) -> int:
        return good[order.record(next_position() if position is None or counted else position)]

    return record


def generated_of(settings: Settings, prepared: Prepared = NOTHING, name: str = "") -> GeneratedWorkload | None:
    """The workload of requests with a length in tokens, if the settings ask for one."""
    length = settings.workload.input_tokens if settings.workload else None
    return GeneratedWorkload(settings, length, prepared, name) if length else None
