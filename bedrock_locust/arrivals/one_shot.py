"""An arrival is a user of Locust for one task: it counts, stops and is cut off like any other user."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from locust.exception import StopUser

if TYPE_CHECKING:
    from collections.abc import Callable

    from locust import User
    from locust.runners import Runner

    from bedrock_locust.arrivals.schedule import Arrival
    from bedrock_locust.workload.bench import Bench

logger = logging.getLogger(__name__)


class OneShot:
    """Makes each arrival a user of a class."""

    def __init__(self, runner: Runner, bench: Bench, user_class: type[User], start_at: float) -> None:
        """`start_at` is the start of the schedule as Unix time by the clock of this process."""
        self._runner, self._bench, self._user_class, self._start_at = runner, bench, user_class, start_at
        self._of_mode = {getattr(one, "mode", ""): one for one in reversed(runner.user_classes)}
        """A replay has calls of several modes."""
        self._failed = False

    def __call__(self, arrival: Arrival, done: Callable[[bool], None]) -> None:
        """Start the user."""
        self._bench.arrival = {
            "level": arrival.level,
            "phase": arrival.phase,
            # What follows an answer follows no schedule.
            "scheduled_at": None if arrival.follows else self._start_at + arrival.due_s,
        }
        self._bench.position = arrival.position
        user_class = self._of_mode.get(arrival.mode, self._user_class) if arrival.mode else self._user_class
        try:
            user = user_class(self._runner.environment)
        except Exception as error:  # noqa: BLE001 - whatever a class of a locustfile raises
            self._complain(user_class, error)
            done(False)
            return
        finally:
            self._bench.arrival = self._bench.position = None
        user.wait_time = partial(_wait, user, user.wait_time)  # type: ignore[method-assign]  # the public way to wait
        user.start(self._runner.user_greenlets)

        def over(_: Any) -> None:
            # Locust kills a user that had no turn yet without a word: its state is unset then, and only there to see.
            done(user._state is not None and not getattr(user, "has_nothing", False))  # noqa: SLF001 - the same

        user.greenlet.rawlink(over)

    def _complain(self, user_class: type[User], error: Exception) -> None:
        """Say once why no user can be made."""
        if not self._failed:
            self._failed = True
            logger.error("bedrock-locust: no user of class %s can be made: %r", user_class.__name__, error)


def _wait(user: User, wait_time: Callable[[], float]) -> float:
    """The wait of a user after its task, which is its last, unless it is in the middle of a conversation."""
    if getattr(user, "goes_on", False):
        return wait_time()
    raise StopUser
