"""What is asked of the system, whole: processes that are started, signals that are taken over, and the answers."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from locust.exception import RPCError, RPCReceiveError
from locust.rpc import zmqrpc

import gevent
import psutil
import pytest
from gevent.hub import Hub

from bedrock_locust import exits
from bedrock_locust.process import child_workers, report, report_child, signals
from bedrock_locust.process.child_workers import ChildWorkers, Parent
from bedrock_locust.process.locust_patches import _callers, _receive, survive_wrong_messages
from bedrock_locust.process.logs import ScrubbedRecord
from bedrock_locust.process.signals import Held, Signals, StartUp, asked_to_end
from bedrock_locust.process.simulator import SimulatorProcess
from bedrock_locust.process.web_port import check_web_port
from bedrock_locust.redaction import forget, know
from bedrock_locust.settings.mistakes import SettingsError


def noting(into: list[Any], result: Any) -> Any:
    """A function that notes what it is called with, and returns this."""

    def note(*about: Any, **more: Any) -> Any:
        into.append((about, more))
        return result

    return note


class Child:
    """A process that says these lines."""

    def __init__(self, *lines: str, stays: bool = False) -> None:
        self.stdout, self.stays, self.done = iter(lines), stays, list[Any]()
        self.code: int | None = None

    def poll(self) -> int | None:
        """Whether it has ended."""
        return self.code

    def terminate(self) -> None:
        """Asked to end."""
        self.done.append("terminate")

    def kill(self) -> None:
        """Ended."""
        self.done.append("kill")

    def wait(self, limit_s: float | None = None) -> None:
        """Until it ends."""
        self.done.append(("wait", limit_s))
        if self.stays and limit_s:
            raise subprocess.TimeoutExpired("x", limit_s)


def started(
    monkeypatch: pytest.MonkeyPatch, child: Child, *about: Any
) -> tuple[list[Any], list[Any], SimulatorProcess | str]:
    """How a simulator is started, what is done at the exit, and the simulator or why there is none."""
    popen, at_exit = list[Any](), list[Any]()

    def start(command: Any, **more: Any) -> Child:
        popen.append((command, more))
        return child

    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setattr("atexit.register", at_exit.append)
    monkeypatch.setattr("atexit.unregister", lambda one: at_exit.remove(one) if one in at_exit else None)
    try:
        return popen, at_exit, SimulatorProcess(*about)
    except SettingsError as error:
        return popen, at_exit, str(error)


READY = "bedrock-locust simulator listening on http://127.0.0.1:5\n"


@pytest.mark.parametrize(
    ("about", "options", "endpoint"),
    [
        (("",), [], "runtime"),
        (("--a 'b c'",), ["--a", "b c"], "runtime"),
        (("", "mantle"), [], "mantle"),
        (("--seed 1 --endpoint=runtime", "mantle"), ["--seed", "1", "--endpoint=runtime"], ""),
    ],
)
def test_how_a_simulator_is_started(
    about: tuple[str, ...], options: list[str], endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a session of its own, without secrets but its own, on a free port; it is stopped at the exit."""
    secrets = {
        "AWS_SECRET_ACCESS_KEY": "s",
        "BEDROCK_SIMULATOR_CONTROL_TOKEN": "t",
        "BEDROCK_SIMULATOR_ACCESS_KEYS": "k",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    child = Child("something else\n", READY)
    popen, at_exit, made = started(monkeypatch, child, *about)
    assert isinstance(made, SimulatorProcess)
    [(command, more)] = popen
    plays = about[1] if len(about) > 1 else "runtime"
    first = [sys.executable, "-m", "bedrock_locust.simulator", "--exit-with-parent", "--endpoint", plays, "--port", "0"]
    assert command == first + options
    environment = more.pop("env")
    assert more == {"stdout": subprocess.PIPE, "text": True, "start_new_session": True}
    assert {name: environment.get(name) for name in secrets} == secrets | {"AWS_SECRET_ACCESS_KEY": None}
    assert environment["PATH"] == os.environ["PATH"]
    assert (made.url, made.endpoint) == ("http://127.0.0.1:5", endpoint)
    assert at_exit == [made.stop]
    made.stop()
    assert (at_exit, child.done) == ([], ["terminate", ("wait", 5)])
    child.code = 0
    made.stop()
    assert len(child.done) == 2


def test_a_simulator_that_does_not_start_or_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that says nothing in time, or ends, is stopped; one that stays is killed and waited for."""
    said = "--bedrock-simulator: the simulator did not start; what it said is above"
    child = Child("no\n", stays=True)
    _, at_exit, why = started(monkeypatch, child, "")
    assert (why, at_exit) == (said, [])
    assert child.done == ["terminate", ("wait", 5), "kill", ("wait", None)]
    monkeypatch.setattr("bedrock_locust.process.simulator.START_LIMIT_S", 0.05)
    late = Child()
    late.stdout = iter(lambda: gevent.sleep(10), None)
    assert started(monkeypatch, late, "")[2] == said
    for options, words in (("'", "has open quotes"), ("Class", "is not an option of the simulator")):
        popen, _, why = started(monkeypatch, Child(), options)
        assert popen == []
        assert words in str(why)


def test_how_the_process_of_a_report_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a group of its own, with no signal held back, no secrets and the path of this process; it is not heard."""
    spawned = list[Any]()
    monkeypatch.setattr(os, "posix_spawn", noting(spawned, 7))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    report._start(("f:g",), 11, 12)
    [((_, command, _), _)] = spawned
    assert command[-2:] == ["600", "f:g"]
    spawned.clear()
    monkeypatch.setattr(report, "limit_s", 9)
    assert report._start(("f:g", "folder"), 11, 12) == 7
    [((path, command, environment), more)] = spawned
    assert path == sys.executable
    assert command == [sys.executable, "-m", "bedrock_locust.process.report_child", "9", "f:g", "folder"]
    assert environment["PYTHONPATH"] == os.pathsep.join(sys.path)
    assert "AWS_SECRET_ACCESS_KEY" not in environment
    assert more == {
        "file_actions": [
            (os.POSIX_SPAWN_DUP2, 11, 0),
            (os.POSIX_SPAWN_DUP2, 12, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ],
        "setpgroup": 0,
        "setsigmask": (),
    }


def test_no_process_for_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is the system's; no pipe stays open."""

    def fail(*_: Any, **__: Any) -> int:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(os, "posix_spawn", fail)
    before = psutil.Process().num_fds()
    for _ in range(3):
        with pytest.raises(report.ReportError) as raised:
            report.maker("f:g")(Path("a"), None)
        assert str(raised.value) == "there cannot be a process for it: Cannot allocate memory"
    gevent.sleep(0.01)
    assert psutil.Process().num_fds() <= before


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('{"written": "a/b"}', Path("a/b")),
        ('{"error": "no"}', report.ReportError("no")),
        ('{"errno": 2, "strerror": "none", "filename": "f"}', FileNotFoundError(2, "none", "f")),
        ('{"errno": 28, "strerror": "full", "filename": null}', OSError(28, "full", None)),
    ],
)
def test_what_the_process_of_a_report_says(line: str, found: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last line is a path, or an error as it was there; the folder and a copy go to it as they are."""
    asked = list[Any]()
    monkeypatch.setattr(report, "_run", noting(asked, line))
    if isinstance(found, Path):
        assert report.maker("f:g")(Path("a"), Path("b")) == found
    else:
        with pytest.raises(type(found)) as raised:
            report.maker("f:g")(Path("a"), Path("b"))
        assert raised.value.args == found.args
        assert getattr(raised.value, "filename", None) == getattr(found, "filename", None)
    report._run("once more")
    assert asked == [(("f:g", "a", "b"), {}), (("once more",), {})]


def test_what_it_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The function with its paths; whatever that raises is a line of JSON, and there is an alarm after the limit."""
    (tmp_path / "called_of_reports.py").write_text(
        "def write(*paths): return f'{paths}'\n"
        "def full(*_): raise OSError(28, 'full', 'f')\n"
        "def odd(*_): raise OSError('odd')\n"
        "def fails(*_): raise ValueError('a\\n b')\n"
        "def says_nothing(*_): raise KeyError\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    alarms, threads = list[int](), list[Any]()
    monkeypatch.setattr(signal, "alarm", alarms.append)
    thread = SimpleNamespace(start=lambda: threads.append("started"))
    monkeypatch.setattr(report_child, "threading", SimpleNamespace(Thread=noting(threads, thread)))
    for name in ("write", "full", "odd", "fails", "says_nothing"):
        report_child.main("7", f"called_of_reports:{name}", "a", "b")
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert found == [
        {"written": "(PosixPath('a'), PosixPath('b'))"},
        {"errno": 28, "strerror": "full", "filename": "f"},
        {"errno": None, "strerror": "odd", "filename": None},
        {"error": "ValueError: a b"},
        {"error": "KeyError"},
    ]
    assert alarms == [7] * 5
    assert threads == [((), {"target": report_child._leave_with_the_run, "daemon": True}), "started"] * 5


class Handlers:
    """The signals of a process, as this test has them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.listening: dict[int, Any] = {}
        self.handlers: dict[int, Any] = {}
        self.raised: list[Any] = []
        self.left: list[int] = []
        monkeypatch.setattr(gevent, "signal_handler", self._listen)
        monkeypatch.setattr(signal, "signal", self.handlers.__setitem__)
        monkeypatch.setattr(signal, "getsignal", lambda number: self.handlers.get(number, signal.SIG_DFL))
        hub = SimpleNamespace(handle_system_error=lambda kind, error: self.raised.append((kind, error.args)))
        monkeypatch.setattr(gevent, "get_hub", lambda: hub)
        monkeypatch.setattr(signals, "_leave_terminal", lambda: self.left.append(-1))
        monkeypatch.setattr(os, "_exit", self.left.append)

    def _listen(self, number: int, handler: Any, *about: Any) -> Any:
        self.listening[number] = lambda: handler(*about)
        return SimpleNamespace(cancel=lambda: self.listening.pop(number))


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> Handlers:
    """No real signal is touched."""
    return Handlers(monkeypatch)


TERMINAL = "SIGHUP (the terminal went away)"
ALL = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


@pytest.mark.parametrize(
    ("about", "ignored", "taken"),
    [
        ({"terminate": True}, (), ALL),
        ({"terminate": False}, (), ALL - {signal.SIGTERM}),
        ({"terminate": True}, (signal.SIGHUP,), ALL - {signal.SIGHUP}),
    ],
)
def test_which_signals_are_taken_over(
    handlers: Handlers, about: dict[str, Any], ignored: tuple[int, ...], taken: set[int]
) -> None:
    """SIGTERM where that is asked for, SIGHUP unless it is ignored."""
    handlers.handlers = dict.fromkeys(ignored, signal.SIG_IGN)
    made = Signals(lambda: None, lambda: None, **about)
    assert set(handlers.listening) == taken
    assert (made.ended_by, made.hurry.is_set()) == ("", False)


@pytest.mark.parametrize(
    ("number", "case"),
    [
        (signal.SIGINT, (KeyboardInterrupt, False, "Ctrl-C", [(KeyboardInterrupt, ())])),
        (signal.SIGTERM, (KeyboardInterrupt, False, "SIGTERM", [(KeyboardInterrupt, ())])),
        (signal.SIGTERM, (KeyboardInterrupt, True, "SIGTERM", [])),
        (signal.SIGINT, (KeyboardInterrupt, True, "Ctrl-C", [(KeyboardInterrupt, ())])),
        (signal.SIGHUP, (SystemExit, False, TERMINAL, [(SystemExit, (exits.ENDED_AT_ONCE,))])),
        (signal.SIGINT, (None, False, "", [])),
    ],
)
@pytest.mark.parametrize("quiet", [True, False])
def test_the_first_signal(
    handlers: Handlers, capsys: pytest.CaptureFixture[str], number: signal.Signals, quiet: bool, case: Any
) -> None:
    """What is raised and said; the next one is handled by Python itself."""
    answer, theirs, ended_by, raised = case
    made = Signals(lambda: answer, lambda: None, terminate=True, theirs=theirs, quiet=quiet)
    handlers.listening[number]()
    assert (made.ended_by, made.hurry.is_set()) == (ended_by, True)
    assert handlers.raised == raised
    assert handlers.left == [-1] * (number == signal.SIGHUP)
    words = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM", signal.SIGHUP: TERMINAL}
    line = f"\nbedrock-locust: {words[number]}, stopping (again to end at once)\n"
    assert capsys.readouterr().err == ("" if quiet else line)
    assert (handlers.listening, set(handlers.handlers)) == ({}, ALL)
    assert asked_to_end()
    made.begin()
    assert (made.ended_by, made.hurry.is_set(), set(handlers.listening)) == ("", False, ALL)
    listening = dict(handlers.listening)
    made.begin()
    assert handlers.listening == listening


def test_the_second_signal(handlers: Handlers, capsys: pytest.CaptureFixture[str]) -> None:
    """The last words are said, and whatever fails then, the process ends."""
    said = list[str]()
    Signals(lambda: None, lambda: said.append("last"), terminate=True)
    assert not asked_to_end()
    handlers.listening[signal.SIGINT]()
    capsys.readouterr()
    handlers.handlers[signal.SIGTERM](15, None)
    assert (said, handlers.left) == (["last"], [exits.ENDED_AT_ONCE])
    assert capsys.readouterr().err == "\nbedrock-locust: again, ending at once\n"

    def fail() -> None:
        raise OSError

    Signals(lambda: None, fail, terminate=True, quiet=True)
    handlers.listening[signal.SIGINT]()
    handlers.handlers[signal.SIGHUP](1, None)
    assert handlers.left == [exits.ENDED_AT_ONCE] * 2


def test_what_is_held_back(
    handlers: Handlers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Signals that are not ignored, nor end the process at once; the first that came is sent anew."""
    masks, sent = list[Any](), list[Any]()
    pending = {signal.SIGTERM}
    pool = SimpleNamespace(kill=lambda: masks.append("k"))
    monkeypatch.setattr(gevent, "get_hub", lambda: SimpleNamespace(threadpool=pool))
    monkeypatch.setattr(signal, "pthread_sigmask", noting(masks, {"before"}))
    monkeypatch.setattr(signal, "sigpending", lambda: pending)
    monkeypatch.setattr(signal, "sigwait", pending.difference_update)
    monkeypatch.setattr(os, "kill", lambda *about: sent.append(about))
    handlers.handlers[signal.SIGHUP] = signal.SIG_IGN
    with Held() as held:
        assert [held.look(), held.look()] == [1, 1]
        pending.update({signal.SIGINT, signal.SIGHUP, signal.SIGUSR1})
        assert held.look() == 2
    assert sent == [(os.getpid(), signal.SIGTERM)]
    wanted = {signal.SIGINT, signal.SIGTERM}
    blocked, set_back = (signal.SIG_BLOCK, wanted), (signal.SIG_SETMASK, {"before"})
    assert masks == ["k", (blocked, {}), (set_back, {})]
    lines = ("SIGTERM, the report is being made (again to end at once)", "SIGINT, again, ending at once")
    assert capsys.readouterr().err == "".join(f"\nbedrock-locust: {line}\n" for line in lines)
    Signals(lambda: None, lambda: None, terminate=True)._let_the_next_end_at_once()
    handlers.handlers.pop(signal.SIGHUP)
    sent.clear()
    pending.clear()
    with Held() as held:
        assert held._signals == {signal.SIGHUP}
    assert sent == []


@pytest.fixture
def start_up(monkeypatch: pytest.MonkeyPatch, handlers: Handlers) -> StartUp:
    """What takes Ctrl-C before a run, without its hooks."""
    for name in ("excepthook", "unraisablehook"):
        monkeypatch.setattr(sys, name, getattr(sys, name))
    monkeypatch.setattr(Hub, "NOT_ERROR", Hub.NOT_ERROR)
    handlers.handlers[signal.SIGINT] = signal.default_int_handler
    return StartUp()


def test_ctrl_c_before_a_run(start_up: StartUp, handlers: Handlers, capsys: pytest.CaptureFixture[str]) -> None:
    """It is noted and raised; the next look ends the process with a line; other errors are shown as ever."""
    assert Hub.NOT_ERROR[-1] is KeyboardInterrupt
    start_up.end_if_stopped()
    with pytest.raises(KeyboardInterrupt):
        handlers.handlers[signal.SIGINT](2, None)
    assert start_up.is_stopped
    with pytest.raises(SystemExit) as ended:
        start_up.end_if_stopped()
    line = "bedrock-locust: stopped before the run began\n"
    assert (ended.value.code, capsys.readouterr().err) == (exits.ENDED_AT_ONCE, line)
    shown, lost = list[Any](), list[Any]()
    start_up._show = lambda *about: shown.append(about[0])
    start_up._show_lost = lambda about: lost.append(about.exc_type)
    for is_over in (False, True):
        start_up.is_over = is_over
        for kind in (KeyboardInterrupt, ValueError):
            sys.excepthook(kind, kind(), None)
            sys.unraisablehook(cast("Any", SimpleNamespace(exc_type=kind)))
    assert shown == lost == [ValueError, KeyboardInterrupt, ValueError]
    assert capsys.readouterr().err == line
    start_up._lead, start_up.is_over = -1, False
    with pytest.raises(KeyboardInterrupt):
        handlers.handlers[signal.SIGINT](2, None)
    assert handlers.left == [exits.ENDED_AT_ONCE], "a worker that was just forked"
    start_up.is_over = True
    with pytest.raises(KeyboardInterrupt):
        handlers.handlers[signal.SIGINT](2, None)
    assert len(handlers.left) == 1
    with pytest.raises(SystemExit):
        start_up.end()
    assert capsys.readouterr().err == ""


def test_a_handler_of_somebody_elses_stays(start_up: StartUp, handlers: Handlers) -> None:
    """So does an ignored signal."""
    for handler in (signal.SIG_IGN, print):
        handlers.handlers[signal.SIGINT] = handler
        StartUp()
        assert handlers.handlers[signal.SIGINT] is handler


class Process:
    """A child: its states, one for each look."""

    def __init__(self, *states: str) -> None:
        self.pid, self._states, self.done = 7, [*states], list[str]()

    def is_running(self) -> bool:
        """Whether it is there."""
        return self._states[0] != "gone"

    def status(self) -> str:
        """The next state; the last one stays."""
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        if state == "vanishes":
            raise psutil.NoSuchProcess(7)
        return state

    def resume(self) -> None:
        """Woken."""
        self.done.append("resume")

    def kill(self) -> None:
        """Ended."""
        self.done.append("kill")


RUNS, STOPPED, DEAD = psutil.STATUS_RUNNING, psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE
WOKEN = "bedrock-locust: worker process 7 stands still: it is woken, to end"
LATE = "bedrock-locust: worker process 7 did not end within 1 s: killed"


@pytest.mark.parametrize(
    ("states", "case"),
    [
        ((DEAD,), (0, [], [])),
        (("gone",), (0, [], [])),
        (("vanishes",), (0, [], [])),
        ((RUNS, RUNS, RUNS, RUNS, DEAD), (2, [], [])),
        ((RUNS, STOPPED, RUNS, RUNS, DEAD), (2, ["resume"], [WOKEN])),
        ((RUNS, "vanishes", DEAD), (1, [], [])),
        ((RUNS,), (10, ["kill"], [LATE])),
    ],
)
def test_workers_that_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, states: tuple[str, ...], case: Any
) -> None:
    """They are looked at ten times a second, woken where they stand still, and killed after the limit."""
    waits, done, said = case
    slept, child = list[float](), Process(*states)
    monkeypatch.setattr(child_workers, "gevent", SimpleNamespace(sleep=slept.append))
    workers = ChildWorkers(1)
    workers._children = cast("Any", [child])
    workers.end()
    assert set(slept) <= {0.1}
    assert len(slept) == pytest.approx(waits, abs=1.1 if waits == 10 else 0)
    assert (child.done, caplog.messages) == (done, said)


def test_workers_have_25_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that hears nothing ends within 20."""
    slept = list[float]()
    monkeypatch.setattr(child_workers, "gevent", SimpleNamespace(sleep=slept.append))
    workers = ChildWorkers()
    workers._children = cast("Any", [Process(RUNS)])
    workers.end()
    assert sum(slept) == pytest.approx(25, abs=0.11)


def test_workers_are_waited_for_at_the_exit_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are any."""
    done = list[str]()
    monkeypatch.setattr("atexit.register", lambda one: done.append(f"register {one.__name__}"))
    monkeypatch.setattr("atexit.unregister", lambda one: done.append(f"unregister {one.__name__}"))
    workers = ChildWorkers()
    workers._children = []
    workers.begin()
    assert done == []
    workers._children = cast("Any", [Process(DEAD)])
    workers.begin()
    assert done == ["unregister end", "register end"]


@pytest.mark.parametrize(
    ("runs_at", "gone_at", "slept", "ended"),
    [(2, 9, [0.2, 0.2], []), (9, 1, [0.2, 2.0, 0.2, 2.0], [1, 1]), (0, 0, [], [])],
)
def test_a_worker_looks_for_its_parent(
    monkeypatch: pytest.MonkeyPatch, runs_at: int, gone_at: int, slept: list[float], ended: list[int]
) -> None:
    """Five times a second until it has a run; without a parent it ends, first in good order, and then at once."""
    looks, seen, raised, left = [0], list[float](), list[Any](), list[int]()

    def has_run() -> bool:
        looks[0] += 1
        return looks[0] > runs_at or len(left) == 2

    def hub() -> Any:
        return SimpleNamespace(handle_system_error=lambda kind, error: raised.append((kind, error.code)))

    monkeypatch.setattr(child_workers, "gevent", SimpleNamespace(sleep=seen.append, get_hub=hub))
    monkeypatch.setattr(os, "_exit", left.append)
    monkeypatch.setattr(Parent, "is_gone", property(lambda _: looks[0] > gone_at))
    Parent()._watch(has_run)
    assert seen in (slept, [*slept, 0.2])
    assert left == [exits.FAILED] * len(ended)
    assert raised == [(SystemExit, exits.FAILED)] * len(ended)


@pytest.mark.parametrize(("own", "parent", "gone"), [(5, 1, False), (6, 5, False), (6, 1, True)])
def test_who_has_lost_its_parent(own: int, parent: int, gone: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fork of it that has another parent now; not the parent itself."""
    monkeypatch.setattr(os, "getpid", lambda: 5)
    made, spawned = Parent(), list[Any]()
    monkeypatch.setattr(os, "getpid", lambda: own)
    monkeypatch.setattr(os, "getppid", lambda: parent)
    assert made.is_gone is gone
    monkeypatch.setattr(child_workers, "gevent", SimpleNamespace(spawn=lambda *about: spawned.append(about)))
    made.end_with_it(bool)
    assert spawned == ([(made._watch, bool)] if own != 5 else [])


def test_a_master_goes_on_whatever_comes(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """What is wrong is refused, what Locust stumbles over is dropped with a line, and secrets are in neither."""
    handled, refused = list[Any](), list[Any]()

    def handle(client_id: str, message: Any) -> None:
        if message == "stumbles":
            raise KeyError("AKIAABCDEFGHIJKLMNOP")
        handled.append((client_id, message))

    def check(_: str, message: Any) -> None:
        if message == "wrong":
            raise ValueError("wrong: AKIAABCDEFGHIJKLMNOP")

    monkeypatch.setattr(zmqrpc.Server, "recv_from_client", zmqrpc.Server.recv_from_client)
    runner: Any = SimpleNamespace(handle_message=handle)
    survive_wrong_messages(runner, check, lambda *about: refused.append(about))
    for message in ("good", "wrong", "stumbles"):
        runner.handle_message("a", message)
    assert (handled, refused) == ([("a", "good")], [("a", "wrong: ***")])
    assert caplog.messages == [
        "bedrock-locust: dropped a message to the master's port from 'a': KeyError('***')",
    ]
    assert zmqrpc.Server.recv_from_client is _receive


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (RPCError("a"), RPCError, "a"),
        (RPCReceiveError("b"), RPCReceiveError, "b"),
        (ValueError("c"), RPCReceiveError, "not a message of Locust's (ValueError)"),
    ],
)
def test_what_is_no_message(
    error: Exception, kind: type[Exception], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an error after which Locust goes on."""

    def fail(_: Any) -> None:
        raise error

    monkeypatch.setattr("bedrock_locust.process.locust_patches._recv_from_client", fail)
    with pytest.raises(kind) as raised:
        _receive(cast("Any", None))
    assert (type(raised.value), str(raised.value)) == (kind, words)
    monkeypatch.setattr("bedrock_locust.process.locust_patches._recv_from_client", lambda _: "message")
    assert _receive(cast("Any", None)) == "message"


def test_who_asks() -> None:
    """The function, and its caller."""

    def asks() -> list[tuple[Any]]:
        return _callers()

    (own,), (caller,) = asks()
    assert (own.f_code.co_name, caller.f_code.co_name) == ("asks", "test_who_asks")


SECRET = "marked-secret-88bb"


def test_a_log_record_has_no_secret() -> None:
    """Neither in its message, its arguments, its stack nor its traceback, also where they are changed later."""
    forget()
    know(SECRET)
    try:
        made = ScrubbedRecord("n", logging.INFO, "p", 1, "said %s", (SECRET,), None, sinfo=f"stack {SECRET}")
        assert (made.msg, made.args, made.getMessage(), made.stack_info) == ("said ***", None, "said ***", "stack ***")
        assert made.exc_text is None
        made.exc_text = f"trace {SECRET}"
        assert made.exc_text == "trace ***"
        made.exc_text = None
        assert made.exc_text is None
        made.msg = f"now {SECRET}"
        assert made.getMessage() == "now ***"
        clean = ScrubbedRecord("n", logging.INFO, "p", 1, "said %s", ("x",), None)
        assert (clean.msg, clean.args, clean.getMessage(), clean.stack_info) == ("said %s", ("x",), "said x", None)
    finally:
        forget()


@pytest.mark.parametrize("changes", [{"server": 1}, {"greenlet": 1}])
def test_a_page_that_listens_is_not_tried(changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Else its host and port are, in the family of the address."""
    tried = list[Any]()

    def create(*about: Any, **more: Any) -> Any:
        tried.append((about, more))
        return io.StringIO()

    monkeypatch.setattr("socket.create_server", create)
    page = SimpleNamespace(server=None, greenlet=None, host="::1", port=5)
    check_web_port(cast("Any", SimpleNamespace(**{**vars(page), **changes})))
    assert tried == []
    check_web_port(cast("Any", page))
    del page.greenlet
    page.host = "h"
    check_web_port(cast("Any", page))
    families = [more.pop("family").name for _, more in tried]
    assert families == ["AF_INET6", "AF_INET"]
    assert tried == [((("::1", 5),), {}), ((("h", 5),), {})]
