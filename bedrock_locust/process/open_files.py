"""How many files this process may have open, and what it needs: a connection for each user, and some for itself."""

from __future__ import annotations

import errno
import os
import resource

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


def lack_for_calls(calls: int) -> str:
    """The warning before a run with this number of calls in flight in this process, if it may open too few files."""
    return _lack(calls, "calls in flight", "calls will fail with ClientResourceError", ", or use more workers")


def lack_for_workers(workers: int) -> str:
    """The same for a master with this number of workers."""
    return _lack(workers, "workers", "some will not be heard", "")


def _lack(count: int, what: str, effect: str, remedy: str) -> str:
    needed = count + OWN
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY or needed <= limit:
        return ""
    more = f"ulimit -n {needed}" if needed <= most or most == resource.RLIM_INFINITY else "a higher hard limit"
    return (
        f"{count:,} {what} need about {needed:,} open files, but the limit is {limit:,}: {effect}; raise it before the"
        f" start ({more}){remedy}"
    )
