"""ChosenShape: one shape or another, as the settings of a run say. Locust takes one class of a locustfile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from shapes.base import LevelShape

if TYPE_CHECKING:
    from collections.abc import Sequence


class ChosenShape(LevelShape):
    """A shape that leaves a run to another one: override `choose`."""

    abstract: ClassVar[bool] = True

    _chosen: LevelShape | None = None

    def choose(self) -> LevelShape:
        """A new shape for a run, by the options of `self.environment`."""
        raise NotImplementedError

    def levels(self) -> Sequence[Any]:
        """The levels of a whole run, in order."""
        return self.choose().planned(self.environment)

    def tick(self) -> Any:
        """What the chosen shape says; before the first tick of a run, it is chosen."""
        if self._chosen is None or self._runner.shape_last_tick is None:
            self._chosen = self.choose()
            self._chosen.runner = self.runner
        return self._chosen.tick()
