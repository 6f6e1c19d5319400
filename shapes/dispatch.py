"""Users of the right class, also after Locust has begun anew to spread them over its workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from locust.dispatch import UsersDispatcher

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from locust import User
    from locust.runners import WorkerNode


class ClassDispatcher(UsersDispatcher):
    """Locust's dispatcher, which is told the user classes of the present phase where Locust does not say them.

    A minute after a worker has gone missing Locust makes a new dispatcher with all user classes and starts it with the
    number of users alone (locust/runners.py, heartbeat_worker): users of a class would then run in a level of another.
    """

    def __init__(
        self, worker_nodes: list[WorkerNode], user_classes: list[type[User]], now: Callable[[], Sequence[type[User]]]
    ) -> None:
        super().__init__(worker_nodes, user_classes)
        self._now = now

    def new_dispatch(
        self, target_user_count: int, spawn_rate: float, user_classes: list[type[User]] | None = None
    ) -> None:
        """As Locust's; without `user_classes`, with those of the present phase."""
        super().new_dispatch(target_user_count, spawn_rate, user_classes or list(self._now()))
