"""Locust's lines about the users that it spawns, one for each level: the console says the rest itself."""

from __future__ import annotations

import logging
import re

LOGGER = "locust.runners"
NEVER = ("Shape worker starting", "Shape test updating", "Ramping to ")
"""Beginnings of lines that say what the plan, or another line, says."""
ONCE = re.compile(r"(All users spawned): (.*)|(Sending spawn jobs) of (\d+ users) at .* (to \d+ ready workers)")
"""Lines that come again with the same users: where a level begins to be measured, Locust gets a new order."""


class SpawnNews(logging.Filter):
    """Passes a line about users where they are others than in the last such line."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, list[str]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is news."""
        text = record.getMessage()
        if record.levelno != logging.INFO or not (found := ONCE.match(text)):
            return record.levelno != logging.INFO or not text.startswith(NEVER)
        what, *users = (group for group in found.groups() if group is not None)
        is_news = self._last.get(what) != users
        self._last[what] = users
        return is_news


def spare_spawn_news() -> None:
    """Have the console without these lines from now on; for runs with levels."""
    logger = logging.getLogger(LOGGER)
    if not any(isinstance(one, SpawnNews) for one in logger.filters):
        logger.addFilter(SpawnNews())
