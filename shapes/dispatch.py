"""Users of the right class on the workers that are there, however Locust has lost sight of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from locust.dispatch import UsersDispatcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from locust import User
    from locust.runners import WorkerNode


class ClassDispatcher(UsersDispatcher):
    """Locust's dispatcher, which asks for the user classes of the present phase, and for the workers that are there.

    A minute after a worker has gone missing Locust makes a new dispatcher with all user classes and starts it with the
    number of users alone (locust/runners.py, heartbeat_worker): users of a class would then run in a level of another.
    And a worker that was taken for missing and comes back with another message than a heartbeat first, such as the
    answer to an order that it had not read yet, is given no orders any more: its users would run for ever.
    """

    def __init__(
        self,
        worker_nodes: list[WorkerNode],
        user_classes: list[type[User]],
        now: Callable[[], Sequence[type[User]]],
        there: Callable[[], Iterable[WorkerNode]] = tuple,
    ) -> None:
        super().__init__(worker_nodes, user_classes)
        self._now = now
        self._there = there

    def new_dispatch(
        self, target_user_count: int, spawn_rate: float, user_classes: list[type[User]] | None = None
    ) -> None:
        """As Locust's; without `user_classes`, with those of the present phase, and for all workers that are there."""
        known = {node.id for node in self._worker_nodes}
        for node in self._there():
            if node.id not in known:
                self.add_worker(node)
        super().new_dispatch(target_user_count, spawn_rate, user_classes or list(self._now()))
