"""How many files this process may have open, and what it needs: a connection for each user, and some for itself."""

from __future__ import annotations

import errno
import logging
import math
import os
import resource

logger = logging.getLogger(__name__)

LAST = 16
"""Files that no connection gets."""
OWN = 64
"""Files that a process needs besides the connections of its users: the run folder, its loop, workers, the report."""


def refuse_if_few(fileno: int) -> None:
    """Raise OSError where a connection has got one of the last files: the run itself needs them, to be written.

    The kernel gives the lowest number that is free, so a high one says that few are left.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != resource.RLIM_INFINITY and fileno >= limit - LAST:
        raise OSError(errno.EMFILE, f"{os.strerror(errno.EMFILE)}: the last {LAST} of {limit} are for the run itself")


def warn_if_few(users: int, processes: int) -> None:
    """Say so before a run whose largest level needs more files than a process may open."""
    needed = math.ceil(users / processes) + OWN
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != resource.RLIM_INFINITY and needed > limit:
        more = f"ulimit -n {needed}" if needed <= most or most == resource.RLIM_INFINITY else "a higher hard limit"
        logger.warning(
            "bedrock-locust: %s users need about %s open files, but the limit is %s: calls will fail with"
            " ClientResourceError; raise it before the start (%s), or use more workers",
            *(f"{users:,}", f"{needed:,}", f"{limit:,}", more),
        )
