"""An answer that the task judges before it counts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from locust.exception import InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately, StopUser

from bedrock_locust.errors import Failure
from bedrock_locust.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from bedrock_locust.call import Call

    Fire = Callable[[Call, Failure | None], None]

_WAYS_OUT = (StopUser, InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately)
"""Exceptions with which a task tells Locust what to do next: they say nothing about the answer."""


class Answer:
    """A call that is over, but whose `request` event waits for the end of a `with` block.

    `call` is the Call; its fields can be read from the answer, too (`answer.text`). An exception that leaves the
    block makes a failure of it, as `failure` does.
    """

    def __init__(self, call: Call, failure: Failure | None, fire: Fire) -> None:
        self.call = call
        self._failure = failure
        self._fire: Fire | None = fire

    def __getattr__(self, field: str) -> Any:
        if field == "call" or field.startswith("_"):
            raise AttributeError(field)
        return getattr(self.call, field)

    def failure(self, why: object) -> None:
        """Count the call as failed: category `TaskFailure`, stage `task`, with this reason as its message.

        A call that had failed already stays what it is. Raises RuntimeError after the end of the block.
        """
        if self._fire is None:
            raise RuntimeError(
                "answer.failure() comes too late: the call has been counted at the end of its with block"
            )
        if self.call.ok:
            message = redact(str(why)) or "the task gave no reason"
            self._failure = Failure("TaskFailure", "", "task", message)
            self.call = replace(self.call, error="TaskFailure", error_stage="task", error_message=message)

    def __enter__(self) -> Self:
        """The answer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Count the call."""
        if isinstance(error, Exception) and not isinstance(error, _WAYS_OUT):
            self.failure(f"{type(error).__name__}: {error}")
        self._count()

    def __del__(self) -> None:
        """Count a call that was never given to a `with`: no call is lost."""
        self._count()

    def _count(self) -> None:
        fire, self._fire = self._fire, None
        if fire is not None:
            fire(self.call, self._failure)
