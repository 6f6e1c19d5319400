"""What is changed in Locust, and what that relies on: these tests fail when Locust changes."""

from __future__ import annotations

import inspect
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from locust import User, argument_parser, main, runners, stats
from locust.env import Environment
from locust.event import EventHook
from locust.runners import STATE_MISSING, WorkerNode
from locust.user.task import LOCUST_STATE_RUNNING, LOCUST_STATE_STOPPING, LOCUST_STATE_WAITING

import gevent
import pytest
from gevent.pool import Group

from bedrock_locust.process.locust_patches import (
    HELD_BEATS,
    keep_parsed,
    keep_workers,
    listen_first,
    start_only_while,
    stop_anew,
    stop_between_calls,
)

if TYPE_CHECKING:
    from argparse import Namespace
    from types import ModuleType

    from locust.runners import WorkerRunner


def answer(program: str) -> str:
    """What a fresh process prints: a patch is for good."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=100)
    return done.stdout.strip()


@pytest.mark.parametrize("module", [runners, stats])
def test_locust_reads_the_clock_by_its_module(module: ModuleType) -> None:
    """The patch puts another `time` into these two: they must look for time.time() there, and count by it."""
    source = inspect.getsource(module)
    assert module.time is time
    assert "time.time()" in source
    assert "from time import time" not in source


def test_time_is_kept() -> None:
    """A wall clock that is set changes nothing for Locust; the rest of `time` stays."""
    program = (
        "import time; from locust import runners, stats\n"
        "from bedrock_locust.process.locust_patches import keep_time\n"
        "keep_time(); real = time.time; time.time = lambda: real() + 3600\n"
        "print(all(abs(m.time.time() - real()) < 5 and m.time.sleep is time.sleep for m in (runners, stats)))"
    )
    assert answer(program) == "True"


def test_locust_asks_for_the_defaults_of_each_option() -> None:
    """The patch saves that: a worker asks in a loop over what its master sends."""
    assert "argument_parser.default_args_dict()" in inspect.getsource(runners)
    assert inspect.isfunction(argument_parser.default_args_dict)
    program = (
        "from locust import argument_parser\n"
        "from bedrock_locust.process.locust_patches import keep_defaults\n"
        "before = argument_parser.default_args_dict(); keep_defaults()\n"
        "one, two = argument_parser.default_args_dict(), argument_parser.default_args_dict()\n"
        "print(one is two and one == before)"
    )
    assert answer(program) == "True"


SPARED = """
import inspect, logging
from locust.env import Environment
from locust.runners import Runner
from bedrock_locust.process.locust_patches import spare_source
spare_source()
inspect.stack = None  # whoever still asked for it would fail
logging.basicConfig(level="DEBUG", format="%(message)s")
logging.getLogger().handlers[0].setStream(__import__("sys").stdout)
runner = Environment(user_classes=[]).create_local_runner()
runner.state = "running"
def ask():
    Runner.stop(runner)
ask()
"""


def test_locust_names_who_stops_a_load_without_a_look_at_all_sources() -> None:
    """For its debug log, as before: the file and the line of the caller."""
    source = inspect.getsource(runners)
    assert source.count("inspect.") == 2
    assert "inspect.getframeinfo(inspect.stack()[1][0])" in source
    caller = SPARED.splitlines().index("    Runner.stop(runner)") + 1
    assert f"(called from <string>:{caller})" in answer(SPARED)


def test_locust_prints_its_tables_by_name() -> None:
    """The patch replaces what main calls at the end of a run."""
    source = inspect.getsource(main)
    for name in ("print_stats", "print_percentile_stats", "print_error_report"):
        assert f"stats.{name}(" in source
        assert callable(getattr(stats, name))


def workers(*beats: int) -> list[WorkerNode]:
    """Workers with these numbers of heartbeats left."""
    return [WorkerNode(f"w_{number}", heartbeat_liveness=left) for number, left in enumerate(beats)]


def test_workers_are_kept_only_when_none_is_heard() -> None:
    """Of a few silent ones Locust takes care itself; a network that is down silences all."""
    heard = workers(3, HELD_BEATS, 0)
    keep_workers(heard, {"w_0", "w_1", "w_2"})
    assert [worker.heartbeat for worker in heard] == [3, HELD_BEATS, 0]
    silent = workers(HELD_BEATS, 0, 0)
    keep_workers(silent, {"w_0", "w_1"})
    assert [worker.heartbeat for worker in silent] == [HELD_BEATS, HELD_BEATS, 0]


def test_locust_gives_up_a_worker_below_zero() -> None:
    """By the count of heartbeats that the patch renews."""
    source = inspect.getsource(runners.MasterRunner.heartbeat_worker)
    assert "client.heartbeat < 0 and client.state != STATE_MISSING" in source
    assert "client.heartbeat -= 1" in source
    assert STATE_MISSING == "missing"


def test_our_listener_comes_first() -> None:
    """Also before those that a locustfile has added earlier, and each once."""
    hook, told = EventHook(), []
    hook.add_listener(lambda **_: told.append("theirs"))
    listen_first(hook, lambda **_: told.append("ours"))
    hook.fire()
    assert told == ["ours", "theirs"]


class Idle(User):
    """Waits."""

    def wait(self) -> None:
        """Wait for long."""
        gevent.sleep(60)


@pytest.mark.parametrize("state", ["stopping", "cleanup"])
def test_a_stop_can_be_done_anew(state: str) -> None:
    """A master that is stopping already would ignore a second stop, so that its state is changed first."""
    environment = Environment(user_classes=[Idle])
    runner = environment.create_local_runner()
    ignored = inspect.getsource(runners.MasterRunner.stop)
    assert "self.state not in [STATE_INIT, STATE_STOPPED, STATE_STOPPING]" in ignored
    told: list[str] = []

    def on_test_stop(**_: Any) -> None:
        told.append("stopped")

    environment.events.test_stop.add_listener(on_test_stop)
    runner.state = state
    with gevent.Timeout(20):
        stop_anew(runner)
    runner.quit()
    assert told == ["stopped"]


def test_locust_kills_a_waiting_user_without_a_mark() -> None:
    """The patch marks it as stopping; and Locust raises for a user that is stopping already."""
    source = " ".join(inspect.getsource(User.stop).split())
    assert "self._state in (None, LOCUST_STATE_WAITING): self._group.killone(self._greenlet) return True" in source
    user = Idle(Environment())
    user._state = LOCUST_STATE_STOPPING
    with pytest.raises(Exception, match="unexpected state"):
        user.stop()


@pytest.mark.parametrize(("state", "expected"), [(LOCUST_STATE_RUNNING, None), (LOCUST_STATE_STOPPING, False)])
def test_a_user_that_does_not_wait_is_left_alone(state: str, expected: bool | None) -> None:
    """Locust stops one that runs; one that is stopping needs nothing."""
    user = Idle(Environment())
    user._state = state
    assert stop_between_calls(user) is expected
    assert user._state == state


def test_a_user_that_waits_is_killed_and_marked() -> None:
    """So that it begins nothing in the moment before the kill takes effect."""
    user, group = Idle(Environment()), Group()
    user.start(group)
    user._state = LOCUST_STATE_WAITING
    assert stop_between_calls(user) is True
    assert user._state == LOCUST_STATE_STOPPING
    assert group.join(20) is True


BOUNDED = """
from locust.env import Environment
from bedrock_locust.process.locust_patches import bound_tables
bound_tables()
stats = Environment().stats
for number in range(3000):
    stats.log_request("m", f"n{number}", 1, 1)
    stats.log_error("m", f"n{number}", ValueError(f"e{number}"))
known = stats.entries[("n5", "m")]
stats.log_request("m", "n5", 1, 1)
counted = sum(entry.num_requests for entry in stats.entries.values())
print(len(stats.entries), stats.total.num_requests, counted, known.num_requests)
print(len(stats.errors), sum(e.occurrences for e in stats.errors.values()))
"""


def test_tables_tell_a_bounded_number_apart() -> None:
    """Of names and errors a thousand each; all else is counted as other."""
    assert answer(BOUNDED).split() == ["1001", "3001", "3001", "2", "1001", "3000"]


def test_a_worker_takes_over_the_options_of_its_master() -> None:
    """At once, in the namespace that `init` gets: the patch keeps a copy of what the command line said."""
    assert "vars(self.environment.parsed_options).update(custom_args_from_master)" in inspect.getsource(runners)
    assert "options = parser.parse_args()" in inspect.getsource(main)
    taken: list[Namespace] = []
    parser = argument_parser.get_empty_argument_parser()
    parser.add_argument("--own")
    keep_parsed(parser, taken.append)
    found = parser.parse_args(["--own", "mine"])
    found.own = "the master's"
    assert [one.own for one in taken] == ["mine"]


def test_users_start_only_while_they_may() -> None:
    """Locust looks the method up anew for each message of the master."""
    assert "self.greenlet.spawn(lambda: self.start_worker(job[" in inspect.getsource(runners.WorkerRunner)
    told: list[int] = []
    runner, may = SimpleNamespace(start_worker=told.append), [True]
    start_only_while(cast("WorkerRunner", runner), lambda: may[0])
    runner.start_worker(1)
    may[0] = False
    runner.start_worker(2)
    assert told == [1]


def test_what_is_done_before_a_worker_looks_for_its_master() -> None:
    """Once for each worker, in its constructor, and before it waits."""
    program = (
        "from locust import runners\n"
        "from locust.env import Environment\n"
        "from bedrock_locust.process.locust_patches import before_connecting\n"
        "runners.WorkerRunner.connect_to_master = lambda runner: (print('connects'), runner.again())\n"
        "runners.WorkerRunner.again = lambda runner: None\n"
        "before_connecting(lambda: print('before'))\n"
        "Environment().create_worker_runner('127.0.0.1', 1)"
    )
    assert answer(program).splitlines() == ["before", "connects"]
    assert "self.connect_to_master()" in inspect.getsource(runners.WorkerRunner.__init__)
