"""The order of records: that of the file, or shuffled anew for each pass."""

from __future__ import annotations

from array import array
from random import Random


class Order:
    """Which record stands at each position of the sequence; the same in all processes of a run."""

    def __init__(self, records: int, *, shuffled: bool, seed: int) -> None:
        self._records, self._shuffled, self._seed = records, shuffled, seed
        self._kept: dict[int, array[int]] = {}

    def record(self, position: int) -> int:
        """The number of the record at a position, both from 0 on."""
        passed, place = divmod(position, self._records)
        return self._of_pass(passed)[place] if self._shuffled else place

    def _of_pass(self, passed: int) -> array[int]:
        """The order of one pass. Two are kept: processes are at different places."""
        if passed not in self._kept:
            order = array("Q", range(self._records))
            Random(f"{self._seed} {passed}").shuffle(order)
            self._kept[passed] = order
            for old in sorted(self._kept)[:-2]:
                del self._kept[old]
        return self._kept[passed]
