"""The runs that many tests read, made and analysed once for all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reports.edition import edition
from reports.reading.run import read
from reports.texts import language as language_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reports.edition import Edition


class Made:
    """The analysis of each case, computed where it is first asked for; who asks for it changes nothing in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.known: dict[str, Edition] = {}

    def edition(self, case: Callable[[Path], None], language: str | None = None) -> Edition:
        """What `edition(read(folder), language)` is of the folder of a case."""
        if case.__name__ not in self.known:
            case(folder := self.root / case.__name__)
            self.known[case.__name__] = edition(read(folder))
        found = self.known[case.__name__]
        return replace(found, say=language_of(language)) if language else found


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The analyses of the cases."""
    return Made(tmp_path_factory.mktemp("made"))
