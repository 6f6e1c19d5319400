"""Master and workers on clocks that the test moves: what is said, sent and waited for, beat by beat."""

from __future__ import annotations

import logging
import socket
import time
from argparse import Namespace
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from locust.env import Environment
from locust.exception import RPCError

import gevent
import gevent.socket
import pytest

from bedrock_locust import __version__
from bedrock_locust.process.clock import clock
from bedrock_locust.recording.worker_check import WrongReportError
from bedrock_locust.recording.worker_rows import RowsReport
from bedrock_locust.team import master_roster, worker_watch
from bedrock_locust.team.master_leases import Division, Leases
from bedrock_locust.team.master_receiver import Receiver
from bedrock_locust.team.messages import FINISH, LEASE, REPORT, ROWS, TAKEN, LeaseOrder, Report
from bedrock_locust.team.worker_watch import Watch

from .test_master_receiver import CALL, ID, Master, buffer, report
from .test_schedule import level, schedule
from .test_worker_sender import Worker, taken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from locust.runners import MasterRunner

NONE_NEEDED = "install the same on both"


@pytest.fixture
def master(tmp_path: Path) -> Iterator[Master]:
    """A master with a run and one worker."""
    made = Master(tmp_path)
    yield made
    made.receiver.roster.recorder = None  # what watches it goes on
    made.recorder.folder.close()


class StopLoop(Exception):  # noqa: N818 - it is no error
    """Ends a loop that has no end."""


class Beats:
    """Stands for gevent in a module: counts what is slept, and ends the loop after so many sleeps."""

    def __init__(self, most: int, then: Callable[[int], None] = lambda _: None) -> None:
        self.slept: list[float] = []
        self.spawned: list[tuple[Any, ...]] = []
        self._most, self._then = most, then

    def sleep(self, seconds: float) -> None:
        """Note the time, and let things happen in it."""
        if len(self.slept) == self._most:
            raise StopLoop
        self.slept.append(seconds)
        self._then(len(self.slept))

    def spawn(self, *about: Any) -> None:
        """Note what would run."""
        self.spawned.append(about)


def test_the_watch_of_a_master_beat_by_beat(master: Master, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice a second, while there is a run: who is silent, and since when."""
    roster, seen = master.receiver.roster, list[Any]()
    monkeypatch.setattr(clock, "wall_at", lambda: 1_000.0)

    def look(beat: int) -> None:
        if beat == 5:
            roster._on_heartbeat(ID)
        if beat == 18:
            roster.recorder = None
        seen.append((roster.silent_s(ID), roster.deserted))

    beats = Beats(19, look)
    monkeypatch.setattr(master_roster, "gevent", beats)
    with pytest.raises(StopLoop):
        roster._watch()
    assert beats.slept == [0.5] * 19
    silent_s = [0, 0.5, 1, 1.5, *(half / 2 for half in range(13)), 6.5, 6.5]
    assert [one for one, _ in seen] == silent_s
    # Without a run no record says who is done, so nobody is waited for.
    assert [alone for _, alone in seen] == [one >= 5 for one in silent_s[:-2]] + [True, True]
    lost, *others = master.recorder.changes
    assert (lost["worker"], lost["what"], lost["at"], others) == ("w_0", "lost", 995.0, [])


def test_each_change_of_the_team_is_said(
    master: Master, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In these words and levels, once, and in the record of the run."""
    roster = master.receiver.roster
    caplog.set_level(logging.INFO)
    rows = buffer()
    rows.add(CALL)
    master.take(report(rows.report(hearing=True)))
    for _ in range(15):
        roster._grow_silent()
    roster._hear(ID)
    assert roster.admit("x_9", __version__)
    roster.refuse("x_9", "no reason")
    roster.refuse("x_9", "another reason")
    assert not roster.admit("x_9", __version__)
    assert [(one.levelname, one.message) for one in caplog.records] == [
        ("WARNING", "bedrock-locust: worker w_0 has been silent for 5 s; 1 rows of it are in"),
        ("WARNING", "bedrock-locust: worker w_0 is back after 8 s"),
        ("INFO", "bedrock-locust: worker x_1 has joined the run"),
        ("ERROR", "bedrock-locust: worker x_1 cannot take part: no reason"),
    ]
    assert [(one["worker"], one["what"]) for one in master.recorder.changes] == [
        ("w_0", "lost"),
        ("w_0", "back"),
        ("x_1", "joined"),
        ("x_1", "refused"),
    ]
    assert (roster.silent_s("x_9"), roster.silent_s("nobody")) == (0, 0)
    assert roster.unfinished() == roster.able() == [ID]


def test_a_new_run_begins_with_those_that_are_there(master: Master) -> None:
    """Silence begins anew; who was refused before it is recorded in it, once, and not waited for."""
    roster = master.receiver.roster
    for _ in range(20):
        roster._grow_silent()
    roster.recorder = None
    roster._hear("x_9")  # nothing to hear without a run
    master.clients.append(SimpleNamespace(id="x_9", state="ready", heartbeat=3))
    master.clients.append(SimpleNamespace(id="gone_7", state="missing", heartbeat=3))
    roster.refuse("x_9", "no reason")
    roster.begin(master.recorder)
    assert roster.unfinished() == [ID]
    assert roster.silent_s(ID) == 0
    assert {name: (one.state, one.reason) for name, one in master.recorder.records.items()} == {
        "w_0": ("missing", master.recorder.records["w_0"].reason),
        "x_1": ("refused", "no reason"),
    }
    before = len(master.recorder.changes)
    roster.begin(master.recorder)
    assert len(master.recorder.changes) == before


@pytest.mark.parametrize(
    ("changes", "starts"),
    [
        ({}, False),
        ({"others": ("x",)}, True),
        ({"others": ("x",), "target_user_count": 0}, False),
        ({"others": ("x",), "target_user_count": 0, "new": "ready"}, True),
        ({"others": ("x",), "state": "spawning"}, False),
        ({"others": ("x",), "spawning_completed": False}, False),
        ({"gone": True}, False),
        ({"gone": True, "others": ("x",)}, True),
    ],
)
def test_when_users_are_spread_anew(
    master: Master, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], starts: bool
) -> None:
    """After a worker has come or gone, once, in a run whose users are all there; nobody is left, nobody starts."""
    beats, runner = Beats(0), cast("Any", master)
    monkeypatch.setattr(master_roster, "gevent", beats)
    runner.start = "start"
    master.target_user_count, master.spawn_rate, master.state = 5, 2, "running"
    for name in changes.get("others", ()):
        master.clients.append(SimpleNamespace(id=name, state=changes.get("new", "running"), heartbeat=3))
    for name in {"target_user_count", "state", "spawning_completed"} & set(changes):
        setattr(master, name, changes[name])
    if changes.get("gone"):
        master.clients[0].state = "missing"
    for _ in range(2):
        master.receiver.roster._spread_users()
    assert beats.spawned == ([("start", master.target_user_count, 2)] if starts else [])


def test_an_open_loop_takes_note_of_who_is_there(master: Master, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without users nobody is started anew for a change that came before there were any."""
    beats = Beats(0)
    monkeypatch.setattr(master_roster, "gevent", beats)
    cast("Any", master).start = "start"
    master.state, master.target_user_count = "running", 0
    master.clients.append(SimpleNamespace(id="x", state="running", heartbeat=3))
    master.receiver.roster._spread_users()
    master.target_user_count = 5
    master.receiver.roster._spread_users()
    assert beats.spawned == []


def test_who_is_kept_while_nobody_is_heard(master: Master) -> None:
    """Workers of the run within their timeout; not those that Locust has given up, nor those of no run."""
    roster = master.receiver.roster
    states = ((ID, "running"), ("late", "running"), ("strange", "running"), ("missing", "missing"))
    master.clients[:] = [SimpleNamespace(id=id_, state=state, heartbeat=-1) for id_, state in states]
    roster._silent_s = {ID: 29.5, "late": 30.0, "missing": 0.0}
    roster._keep_silent()
    assert [client.heartbeat for client in master.clients] == [1, -1, -1, -1]


def test_strangers_are_sent_away_after_ten_seconds(master: Master, monkeypatch: pytest.MonkeyPatch) -> None:
    """From their first report on; a report of ours in between begins that anew."""
    roster, now_s = master.receiver.roster, [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])

    def meet(at_s: float) -> int:
        now_s[0] = at_s
        roster.meet(ID, has_users=False)
        return len(master.sent)

    assert [meet(100), meet(109.9)] == [0, 0]
    roster.admit(ID, __version__)
    assert [meet(111), meet(120.9), meet(121), meet(200)] == [0, 0, 1, 1]
    assert [(kind, client_id) for kind, _, client_id in master.sent] == [("quit", ID)]
    why = "there is no bedrock-locust: call bedrock_locust.setup() in its locustfile"
    assert master.recorder.records["w_0"].reason == why


Waiting = tuple[int, float, int, list[str]]
"""The grace, how long a worker has been silent, how often it is waited for, and what is said."""


class Waits:
    """Stands for an event that never comes: each wait lets so much time pass."""

    def __init__(self, now_s: list[float], then: Callable[[], None] = lambda: None) -> None:
        self.asked: list[float] = []
        self._now_s, self._then = now_s, then

    def clear(self) -> None:
        """As gevent's."""

    def wait(self, seconds: float) -> bool:
        """Nothing comes."""
        self.asked.append(seconds)
        self._now_s[0] += seconds
        self._then()
        return False


@pytest.mark.parametrize(
    "case",
    [
        (3, 0.0, 19, []),
        (0, 0.0, 16, []),
        (3, 4.5, 19, []),
        (3, 5.0, 50, ["bedrock-locust: waiting for w_0, silent: up to 30 s in all"]),
        (3, 29.5, 1, ["bedrock-locust: waiting for w_0, silent: up to 30 s in all"]),
        (3, 30.0, 0, []),
        (-99, 4.5, 0, []),
        (-99, 5.0, 50, ["bedrock-locust: waiting for w_0, silent: up to 30 s in all"]),
    ],
)
def test_how_long_a_master_waits(
    master: Master,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    case: tuple[int, float, int, list[str]],
) -> None:
    """For one that is heard the grace and 15 s; for a silent one until its timeout. It is asked again each second."""
    grace_s, silent_s, waited, said = case
    now_s, roster = [50.0], master.receiver.roster
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])

    def grow() -> None:
        if silent_s >= 5:
            roster._silent_s[ID] += 0.5

    roster._silent_s[ID] = silent_s
    waits = Waits(now_s, grow)
    monkeypatch.setattr(master.receiver, "_finished", waits)
    master.receiver.wait(grace_s)
    assert waits.asked == [1] * waited
    message, asks = {"run": "run-1", "grace_s": grace_s}, waited - (5 <= silent_s < 30)  # at last it is given up
    assert master.sent == [(FINISH, message, ID)] * asks
    assert caplog.messages == said
    assert roster.recorder is None
    master.receiver.ask(3)
    assert len(master.sent) == asks


def test_a_silence_may_last_half_a_minute() -> None:
    """Where the options say nothing else."""
    runner: Any = SimpleNamespace(register_message=lambda *_: None, clients=SimpleNamespace(all=[]))
    assert Receiver(Environment(parsed_options=Namespace()), runner).roster.timeout_s == 30


def test_a_run_is_deserted_if_nobody_was_left(master: Master) -> None:
    """At the first request to hand over: all were silent or done, and none has come back to hand over."""
    roster, receiver = master.receiver.roster, master.receiver
    roster._silent_s[ID] = 5.0
    receiver.ask(3)
    assert receiver.deserted
    roster._silent_s[ID] = 0.0
    receiver.ask(3)
    assert receiver.deserted, "it is judged once"
    rows = buffer()
    rows.close()
    master.take(report(rows.report(hearing=True)))
    receiver.wait(0)
    assert not receiver.deserted


def test_a_run_is_not_deserted_while_one_is_heard(master: Master) -> None:
    """Shorter than 5 s is no silence."""
    master.receiver.deserted = True
    master.receiver.roster._silent_s[ID] = 4.5
    master.receiver.ask(3)
    assert not master.receiver.deserted


@pytest.mark.parametrize(
    ("offset_ms", "said"),
    [
        (None, ""),
        (1000.0, ""),
        (-1000.0, ""),
        (1000.1, "1 s behind"),
        (-1000.1, "1 s ahead"),
        (90_000.0, "90 s behind"),
    ],
)
def test_a_wrong_clock_word_by_word(
    master: Master, caplog: pytest.LogCaptureFixture, offset_ms: float | None, said: str
) -> None:
    """From 1 s on, once for each worker."""
    for _ in range(2):
        master.take(report(buffer().report(hearing=True), clock_offset_ms=offset_ms))
    words = (
        f"bedrock-locust: the clock of worker w_0 is {said}: its rows are put right, but AWS refuses requests signed"
        " more than 5 minutes off; set it, with NTP"
    )
    assert caplog.messages == ([words] if said else [])


def test_warnings_begin_anew_with_a_run(master: Master, caplog: pytest.LogCaptureFixture) -> None:
    """Each is said once in a run, for all workers that lack the same."""
    for warning in ("few files", "few files", "old", ""):
        master.take(report(buffer().report(hearing=True), warning=warning))
    master.receiver.begin(master.recorder)
    master.take(report(buffer().report(hearing=True), warning="old"))
    assert caplog.messages == [f"bedrock-locust: worker w_0: {one}" for one in ("few files", "old", "old")]


def test_what_comes_in_locusts_reports(master: Master) -> None:
    """Ours is taken; without it the worker is met, with its users; what is wrong sends it away unanswered."""
    met: list[Any] = []
    roster = cast("Any", master.receiver.roster)
    roster.meet = lambda client_id, *, has_users: met.append((client_id, has_users))
    fire: Any = getattr(master.environment.events.worker_report, "fire")  # noqa: B009 - Locust has no types for it
    fire(client_id=ID, data={REPORT: report(None).to_plain()})
    assert [kind for kind, _, _ in master.sent] == [TAKEN]
    for data in ({}, {"user_count": 0}, {"user_count": 2}, {REPORT: "text"}):
        fire(client_id=ID, data=data)
    assert met == [(ID, False), (ID, False), (ID, True), (ID, False)]
    master.sent.clear()
    fire(client_id=ID, data={REPORT: {**report(None).to_plain(), "tick": "x"}})
    assert [(kind, client_id) for kind, _, client_id in master.sent] == [("quit", ID)]
    assert master.recorder.records["w_0"].reason == "what it reports is wrong: tick is 'x', not a number in range"
    master.listeners[ROWS](environment=None, msg=SimpleNamespace(node_id="y_1", data="text"))
    (_, answer, _) = master.sent[-1]
    unread = {"version": __version__, "asked_at": None, "tick": None, "run": None}
    assert answer | unread | {"batches": [], "whole": False, "over": False} == answer
    assert "unknown" in master.recorder.records["y_1"].reason


def test_one_that_hands_over_unasked_has_left(master: Master, caplog: pytest.LogCaptureFixture) -> None:
    """It is named; one that was asked is not."""
    rows = buffer()
    rows.close()
    master.take(report(rows.report(hearing=True)))
    assert [one["what"] for one in master.recorder.changes] == ["left"]
    assert caplog.messages == ["bedrock-locust: worker w_0 has left the run, with all of its rows handed over"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"asked_at": None}, "asked_at is None, not a number in range"),
        ({"tick": float("nan")}, "tick is nan, not a number in range"),
        ({"clock_offset_ms": "x"}, "clock_offset_ms is 'x', not a number in range"),
        ({"rows": 5}, "it lacks parts (TypeError: 'int' object is not subscriptable)"),
    ],
)
def test_a_wrong_report_word_by_word(changes: dict[str, Any], why: str) -> None:
    """What is wrong of it."""
    with pytest.raises(WrongReportError) as refused:
        Report.from_plain(report(None).to_plain() | changes)
    assert str(refused.value) == why


SCRIPT = tuple[int, str, list[str]]


def watched(timeout_s: int, refusals: str, heard: dict[int, str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a watch says, second by second, with what happens in the seconds after which it is heard.

    `refusals` says for each look at the port: `r` refused, `t` timed out, `.` accepted; the last one goes on.
    """
    said, looks, clock_s = list[str](), [*refusals], [0]

    def connect(address: tuple[str, int], timeout: float) -> Any:
        assert (address, timeout) == (("h", 5), 2)
        look = looks.pop(0) if len(looks) > 1 else looks[0]
        if look == "r":
            raise ConnectionRefusedError
        if look == "t":
            raise TimeoutError
        return SimpleNamespace(close=lambda: None)

    def happen(second: int) -> None:
        clock_s[0] = second
        if second in heard:
            made.hear()
            if heard[second].isdecimal():
                made.timeout_s = int(heard[second])
        states.append(f"{int(made.hearing)}{int(made.reachable)}")

    states: list[str] = []
    beats = Beats(40, happen)
    monkeypatch.setattr(worker_watch, "gevent", beats)
    monkeypatch.setattr(gevent.socket, "create_connection", connect)
    made = Watch("h", 5, lambda why: said.append(f"{clock_s[0]}: {why}"))
    made.timeout_s = timeout_s or made.timeout_s
    with pytest.raises(StopLoop):
        made._keep()
    assert beats.slept == [1] * 40
    runs = [state for number, state in enumerate(states) if number == 0 or states[number - 1] != state]
    return [*said, " ".join(runs)]


REFUSED = "the master's port h:5 has refused connections for 10 s"


@pytest.mark.parametrize(
    ("timeout_s", "refusals", "heard", "said"),
    [
        (8, ".", {}, ["8: no word from the master (h:5) for 8 s", "11 01 00"]),
        (0, ".", {}, ["11 01"]),
        (0, "t", {}, ["11 01"]),
        (0, "r", {}, [f"14: {REFUSED}", "11 00"]),
        (8, "r", {}, ["8: no word from the master (h:5) for 8 s", "11 00"]),
        (30, "rrrrrrrrr.r", {}, [f"24: {REFUSED}", "11 00 01 00"]),
        (30, "rrrrrrrrr.", {}, ["30: no word from the master (h:5) for 30 s", "11 00 01 00"]),
        (8, ".", {8: ""}, ["15: no word from the master (h:5) for 8 s", "11 01 11 01 00"]),
        (8, ".", {20: ""}, ["8: no word from the master (h:5) for 8 s", "11 01 00 11 01"]),
        (8, ".", {20: "9"}, ["8: no word from the master (h:5) for 8 s", "28: no word from the master (h:5) for 9 s"]),
        (0, "r", {20: ""}, [f"14: {REFUSED}", f"33: {REFUSED}", "11 00 11 00"]),
    ],
)
def test_the_watch_of_a_worker_second_by_second(
    timeout_s: int, refusals: str, heard: dict[int, str], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the master is given up and why, and in which order it was heard and could be reached."""
    found = watched(timeout_s, refusals, heard, monkeypatch)
    assert found[: len(said)] == said


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A worker whose master listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Worker(server.getsockname()[1])


@pytest.mark.parametrize(
    ("state", "sent", "waited"),
    [
        ("unconfirmed", 16, 15),
        ("whole", 1, 0),
        ("over", 1, 0),
        ("unreachable", 1, 0),
    ],
)
def test_how_long_a_worker_waits(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, state: str, sent: int, waited: int
) -> None:
    """15 s, once a second, unless there is nothing to wait for; Locust's own figures go first."""
    now_s = [10.0]
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])
    worker.sender.begin(worker.buffer, 30)
    worker.buffer.close()
    worker.buffer.whole, worker.buffer.over = state == "whole", state == "over"
    worker.sender._watch._given_up = state == "unreachable"
    told: list[Any] = []
    worker.environment.events.report_to_master.add_listener(lambda client_id, data: told.append((client_id, [*data])))
    waits = Waits(now_s)
    monkeypatch.setattr(worker.sender, "_answered", waits)
    assert worker.sender.finish(worker.buffer) == (state == "whole")
    assert waits.asked == [1] * waited
    assert [kind for kind, _ in worker.sent] == ["stats", *[ROWS] * (sent - 1)]
    assert (worker.sent[0][1][REPORT]["rows"] is None) == (state in {"whole", "over"})
    assert told == [("w_0123", [REPORT])], "others add their figures, too"
    assert worker.sender._watch.timeout_s == 0


def test_what_a_worker_tells(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message whole."""
    monkeypatch.setattr(clock, "wall_at", lambda: 1_000.0)
    monkeypatch.setattr(time, "perf_counter", lambda: 7.0)
    worker.sender.warning = "few files"
    usual = {"version": __version__, "asked_at": 1_000.0, "tick": 7.0, "clock_offset_ms": None, "warning": "few files"}
    usual |= {"rows": None, "refusal": ""}
    nothing = RowsReport("run-9", rows_made=0, cpu_percent=None, last=0).to_plain()
    worker.sender.greet()
    worker.sender.refuse("no reason")
    worker.sender.decline("run-9")
    worker.hear(taken(asked_at=900.0, tick=6.0, answered_at=903.51239).to_plain())
    worker.sender.greet()
    assert [kind for kind, _ in worker.sent] == [ROWS] * 4
    assert [data for _, data in worker.sent] == [
        usual,
        usual | {"refusal": "no reason"},
        usual | {"rows": nothing},
        usual | {"clock_offset_ms": 3012.4},
    ]


@pytest.mark.parametrize("changes", [{"tick": None}, {"asked_at": None}])
def test_an_answer_without_times_says_nothing_of_the_clock(worker: Worker, changes: dict[str, Any]) -> None:
    """That of a master of another version has none."""
    worker.hear(taken(**changes).to_plain())
    assert worker.sender.offset.offset_s is None


def test_what_is_not_handed_over_is_said(
    worker: Worker, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That nothing is missing but the master's word; how many rows, and where they are, or why not."""
    worker.sender.give_up(worker.buffer, str(tmp_path), "w_0")
    worker.buffer.add(CALL)
    worker.sender.begin(worker.buffer, 30)
    (tmp_path / "file").touch()
    worker.sender.give_up(buffer("other"), str(tmp_path), "w_0")
    assert worker.sender._due_rows() is not None, "another buffer is given up"
    worker.sender.give_up(worker.buffer, str(tmp_path / "file"), "w_0")
    assert worker.sender._due_rows() is None
    path = tmp_path / "orphaned-run_1-w_0.csv"
    worker.sender.give_up(worker.buffer, str(tmp_path), "w_0")
    assert path.exists()
    none = "bedrock-locust: the master did not say that it has all rows; all were sent to it"
    rows = "bedrock-locust: 1 rows of this worker were not handed over; "
    file = str(tmp_path / "file")
    assert caplog.messages == [
        none,
        none,
        f"{rows}and could not be kept in {file!r} (File exists)",
        f"{rows}they are in {path}",
    ]


def test_a_master_that_cannot_be_reached_is_said(
    worker: Worker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker goes on."""

    def fail(*_: object) -> None:
        raise RPCError("no way")

    monkeypatch.setattr(worker, "send_message", fail)
    worker.sender.greet()
    assert caplog.messages == ["bedrock-locust: could not send to the master: no way"]


def test_a_worker_without_a_listener_reads_by_itself(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locust's own has ended: answers and heartbeats count, other messages do not, and a broken line ends it."""
    worker.sender.begin(worker.buffer, 30)
    messages = [("heartbeat", None), ("other", None), (TAKEN, taken(whole=True).to_plain())]
    heard: list[str] = []

    def receive() -> Any:
        if not messages:
            raise RPCError("broken")
        kind, data = messages.pop(0)
        worker.sender._watch._silent_s = 3
        heard.append(kind)
        return SimpleNamespace(type=kind, data=data)

    cast("Any", worker).client = SimpleNamespace(recv=receive)
    seen: list[int] = []
    monkeypatch.setattr(worker.sender._watch, "hear", lambda: seen.append(len(heard)))
    worker.sender._listen()
    assert (seen, worker.buffer.whole) == ([1, 3], True)
    messages.append(("heartbeat", None))
    cast("Any", worker).greenlet = None
    assert worker.sender.finish(worker.buffer)
    cast("Any", worker).greenlet = True


LEVELS = level(rate=10.0, duration_s=60.0, warmup_s=0.0)


@pytest.mark.parametrize(
    ("steps", "lease"),
    [
        ([(-1.0, "a")], ([(0, "a")], 3.0)),
        ([(-1.0, "")], ([], float("-inf"))),
        ([(-1.0, "a"), (0.0, "a")], ([(0, "a")], 4.0)),
        ([(-1.0, "a"), (0.0, "")], ([(0, "a")], 3.0)),
        ([(-1.0, "a"), (0.0, "b")], ([(0, "a"), (30, "b")], 4.0)),
        ([(-1.0, "a"), (0.05, "b"), (0.1, "ab")], ([(0, "a"), (30, "b"), (40, "ab")], 4.1)),
        ([(2.0, "a"), (1.0, "a")], ([(0, "a")], 6.0)),
        ([(100.0, "a"), (101.0, "b")], ([(0, "a"), (600, "b")], 105.0)),
        ([(-1.0, "cab")], ([(0, "ab")], 3.0)),
    ],
)
def test_leases_step_by_step(steps: list[tuple[float, str]], lease: tuple[list[tuple[int, str]], float]) -> None:
    """Who makes which arrivals from which number on, and until when: of three workers with two places, two."""
    made = Division(schedule(LEVELS, max_in_flight=2))
    for elapsed_s, able in steps:
        found = made.lease(elapsed_s, [*able])
    assert [(part.from_number, "".join(part.makers)) for part in found.parts] == lease[0]
    assert found.until_s == pytest.approx(lease[1])


def test_the_orders_of_a_master(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Twice a second to each worker, with its share; a cut ends them at once; a line that is broken is said."""
    sent: list[Any] = []
    broken: list[str] = []

    def send(kind: str, order: dict[str, Any], client_id: str) -> None:
        if client_id in broken:
            raise RPCError("no way")
        sent.append((kind, LeaseOrder.from_plain(order), client_id))

    monkeypatch.setattr(clock, "wall_at", lambda: 1_002.5)
    leases = Leases(cast("MasterRunner", SimpleNamespace(send_message=send)), lambda: ["b", "a"])
    leases._renew()
    leases.stop()
    leases.cut()
    assert sent == []
    plan, slept = schedule(LEVELS, max_in_flight=5), list[float]()
    leases.begin("run", plan)

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            raise StopLoop

    monkeypatch.setattr(gevent, "sleep", sleep)
    with pytest.raises(StopLoop):
        leases._keep()
    monkeypatch.undo()
    assert slept == [0.5, 0.5]
    monkeypatch.setattr(clock, "wall_at", lambda: 1_002.5)
    orders = [(kind, order.run, order.schedule, order.lease.until_s, client_id) for kind, order, client_id in sent]
    assert orders == [(LEASE, "run", plan, 6.5, client_id) for client_id in "abab"]
    assert [order.lease.max_in_flight for _, order, _ in sent] == [3, 2, 3, 2]
    sent.clear()
    broken.append("a")
    leases.cut()
    assert [(order.lease.until_s, client_id) for _, order, client_id in sent] == [(2.5, "b")]
    assert caplog.messages == ["bedrock-locust: could not send a lease to a worker: no way"]
    leases.cut()
    assert len(sent) == 1


def test_rows_are_put_on_the_masters_clock(worker: Worker) -> None:
    """Start and schedule, where the offset is certain."""
    worker.sender.offset.add(asked_at=100.0, took_s=0.2, answered_at=160.1)
    for call in (CALL, replace(CALL, scheduled_at=CALL.started_at - 1)):
        worker.buffer.add(call)
    columns = [(row[0], row) for row in worker.buffer.rows]
    started = [type(CALL).from_row(row) for _, row in columns]
    assert [one.started_at - CALL.started_at for one in started] == pytest.approx([60, 60])
    assert started[0].scheduled_at is None
    assert started[1].scheduled_at == pytest.approx(CALL.started_at + 59)
