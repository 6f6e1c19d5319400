"""Every place where this package changes the insides of Locust, or relies on them.

Each function says for which version of Locust it was written, and why. tests/core/test_locust_patches.py fails where
Locust has changed what a function relies on.
"""

from __future__ import annotations

import copy
import functools
import inspect
import logging
import sys
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from locust import argument_parser, runners, stats
from locust.exception import RPCError, RPCReceiveError
from locust.rpc import zmqrpc
from locust.runners import STATE_CLEANUP, STATE_STOPPING
from locust.user.task import LOCUST_STATE_STOPPING, LOCUST_STATE_WAITING

from bedrock_locust.process.clock import Clock
from bedrock_locust.redaction import redact

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Collection, Sequence

    from locust import User
    from locust.argument_parser import LocustArgumentParser
    from locust.event import EventHook
    from locust.rpc.protocol import Message
    from locust.runners import MasterRunner, Runner, WorkerNode, WorkerRunner

logger = logging.getLogger(__name__)


def keep_time() -> None:
    """Have Locust's runners and statistics read a wall clock that is never set, from now on.

    Locust 2.47 orders the master's messages about users, watches the master's heartbeat, paces the ticks of a shape and
    counts requests per second by time.time(). If the machine's clock is set back, workers discard every further change
    of users, and the run stands still; if it is set forward by a minute, they take the master for dead and leave.

    There is one such clock for the whole process, not for a run: the order of messages spans runs.
    """
    clock = SimpleNamespace(**{**vars(time), "time": Clock().wall_at})
    modules: tuple[Any, ...] = (runners, stats)
    for module in modules:
        module.time = clock


def spare_source() -> None:
    """Have Locust stop a load without a look at the source code of all callers, from now on.

    Locust 2.47 begins a stop (Runner.stop) with inspect.stack(), for one line of its debug log. With our modules that
    takes a tenth of a second, in which no arrival is made: those that were due would count as missed. The line stays.
    """
    module: Any = runners
    module.inspect = SimpleNamespace(
        stack=_callers, getframeinfo=functools.partial(inspect.getframeinfo, context=0)
    )  # Locust asks for these two only


def _callers() -> list[tuple[Any]]:
    """The frame of the function that asks, and that of its caller, as inspect.stack() has them first."""
    frame = sys._getframe(1)  # noqa: SLF001 - documented, and what inspect itself calls
    return [(frame,), (frame.f_back,)]


_recv_from_client: Any = zmqrpc.Server.recv_from_client


def _receive(server: zmqrpc.Server) -> Any:
    """What a worker sends. Raises RPCReceiveError, which Locust goes on after, for all that is no message."""
    try:
        return _recv_from_client(server)
    except (RPCError, RPCReceiveError):
        raise
    except Exception as error:
        raise RPCReceiveError(f"not a message of Locust's ({type(error).__name__})") from error


def survive_wrong_messages(
    runner: MasterRunner, check: Callable[[str, Message], None], refuse: Callable[[str, str], None]
) -> None:
    """Have a master go on whatever is sent to its port: in Locust 2.47 some messages end what listens to workers.

    `check` gets the id of the sender and the message, and raises ValueError where that is none of Locust's. It is
    dropped, then, and `refuse` gets the id and the reason.
    """
    handle = runner.handle_message

    def handle_message(client_id: str, message: Message) -> None:
        try:
            check(client_id, message)
        except ValueError as wrong:
            refuse(client_id, redact(str(wrong)))
            return
        try:
            handle(client_id, message)
        except Exception as error:  # noqa: BLE001 - whatever Locust stumbles over
            logger.error(  # noqa: TRY400 - one line says it
                "bedrock-locust: dropped a message to the master's port from %.80r: %s", client_id, redact(repr(error))
            )

    for owner, name, method in (
        (zmqrpc.Server, "recv_from_client", _receive),
        (runner, "handle_message", handle_message),
    ):
        setattr(owner, name, method)


MOST_NAMES = MOST_ERRORS = 1000
"""Names of calls, and errors of them, that Locust's tables tell apart in a process. The rest is counted as OTHER."""
OTHER = "other"
_log_request: Any = stats.RequestStats.log_request
_log_error: Any = stats.RequestStats.log_error


def bound_tables() -> None:
    """Have Locust's tables tell a bounded number of names and errors apart.

    Locust 2.47 keeps an entry for each for good, and sends all of them to its page: an id in a name, or in the message
    of an error, would take all memory in a long run.
    """
    setattr(stats.RequestStats, "log_request", _log_bounded_request)  # noqa: B010 - mypy wants no method replaced
    setattr(stats.RequestStats, "log_error", _log_bounded_error)  # noqa: B010 - the same


def _log_bounded_request(table: stats.RequestStats, method: str, name: str, took_ms: int, length: int) -> None:
    _log_request(table, method, told_apart(table, method, name), took_ms, length)


def _log_bounded_error(table: stats.RequestStats, method: str, name: str, error: Exception | str | None) -> None:
    name = told_apart(table, method, name)
    if len(table.errors) >= MOST_ERRORS and stats.StatsError.create_key(method, name, error) not in table.errors:
        error = OTHER
    _log_error(table, method, name, error)


def told_apart(table: stats.RequestStats, method: str, name: str) -> str:
    """The name, or OTHER where the table has no room for another."""
    return name if len(table.entries) < MOST_NAMES or (name, method) in table.entries else OTHER


HELD_BEATS = 1
"""Heartbeats that Locust still waits for, of a worker that is kept."""


def leave_out_tables() -> None:
    """Have Locust print none of its tables: percentiles over throttled calls too, wider than a terminal.

    Locust 2.47 prints them at the end of every headless run; no option but `--json` prevents it (main.py, shutdown).
    """
    for name in ("print_stats", "print_percentile_stats", "print_error_report"):
        setattr(stats, name, _print_nothing)


def _print_nothing(*_: Any, **__: Any) -> None:
    """Print nothing."""


def keep_workers(workers: Sequence[WorkerNode], kept: Collection[str]) -> None:
    """If Locust is about to give up all of these workers, have it wait on for those whose ids are in `kept`.

    Locust 2.47 counts `heartbeat` of a worker down by 1 each second, and takes it for missing below 0.
    """
    if any(worker.heartbeat > HELD_BEATS for worker in workers):
        return
    for worker in workers:
        if worker.id in kept:
            worker.heartbeat = HELD_BEATS


def stop_anew(runner: Runner) -> None:
    """Stop the load once more, after the greenlet that did so was killed on the way; fires `test_stop` at its end.

    Locust 2.47 does not notice, and a master that is stopping ignores a second stop (MasterRunner.stop).
    """
    if runner.state == STATE_STOPPING:
        runner.update_state(STATE_CLEANUP)
    runner.stop()


def stop_between_calls(user: User) -> bool | None:
    """Stop a user that waits or is stopping. Returns what its `stop` has to; None where Locust's own `stop` is right.

    Locust 2.47 stops a waiting user by a kill that takes effect a moment later. If the wait ends within that moment,
    the next call begins and is cut off at once, so the user is marked as stopping, too. For a user that is stopping
    Locust raises; but the shape and the end of the run both ask.
    """
    state = user._state  # noqa: SLF001 - Locust has no public way
    if state == LOCUST_STATE_STOPPING:
        return False
    if state != LOCUST_STATE_WAITING:
        return None
    user._state = LOCUST_STATE_STOPPING  # noqa: SLF001 - the same
    user.group.killone(user.greenlet)
    return True


def listen_first(hook: EventHook, listener: Callable[..., None]) -> None:
    """Have a listener called before all others.

    Locust 2.47 calls listeners in the order in which they were added, and those of a locustfile come first: one that
    ends the run, or is killed by that, would keep the row of its call from us.
    """
    hook._handlers.insert(0, listener)  # noqa: SLF001 - Locust has no public way


def start_only_while(runner: WorkerRunner, may_start: Callable[[], bool]) -> None:
    """Have a worker start users only while it may.

    A master with Locust 2.47 spreads the users anew when a worker leaves, and sends others their share, even if these
    are about to leave, too: the calls of such users would have no row.
    """
    start = runner.start_worker

    def start_worker(*args: Any, **kwargs: Any) -> None:
        if may_start():
            start(*args, **kwargs)

    setattr(runner, "start_worker", start_worker)  # noqa: B010 - mypy wants no method replaced


def keep_parsed(parser: LocustArgumentParser, take: Callable[[Namespace], None]) -> None:
    """Have `take` called with a copy of the options that a parser finds on the command line.

    Locust 2.47 puts the master's options in the place of a worker's own as soon as the master sends them. To a worker
    that joins a run, that is before `init`, where a plugin could look at them first.
    """
    parse: Callable[..., Namespace] = parser.parse_args

    def parse_args(*args: Any, **kwargs: Any) -> Namespace:
        found = parse(*args, **kwargs)
        take(copy.copy(found))
        return found

    setattr(parser, "parse_args", parse_args)  # noqa: B010 - mypy wants no method replaced


def keep_defaults() -> None:
    """Have Locust look up the defaults of its options once.

    Locust 2.47 looks up all of them anew for each option that the master sends to a worker, which holds up every stream
    for a tenth of a second at each change of level. They stay what they are.
    """
    argument_parser.default_args_dict = functools.cache(argument_parser.default_args_dict)


def before_connecting(do: Callable[[], None]) -> None:
    """Have something done by each worker of this process, and of its forks, before it looks for its master.

    Locust 2.47 does so in the constructor of the runner, for up to five minutes, and fires `init` only after that.
    """
    connect: Callable[[WorkerRunner], None] = runners.WorkerRunner.connect_to_master

    @functools.wraps(connect)
    def connect_to_master(runner: WorkerRunner) -> None:
        if not runner.retry:
            do()
        connect(runner)

    setattr(runners.WorkerRunner, "connect_to_master", connect_to_master)  # noqa: B010 - mypy wants no method replaced
