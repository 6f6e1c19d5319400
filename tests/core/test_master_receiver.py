"""The reports of the workers on their master, and what the master promises in its answers."""

from __future__ import annotations

import csv
from argparse import Namespace
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from locust.env import Environment

import gevent
import pytest

from bedrock_locust import __version__
from bedrock_locust.call import Call
from bedrock_locust.live.health import Pulse
from bedrock_locust.recording.recorder import Recorder
from bedrock_locust.recording.run_folder import RunFolder
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.team.master_receiver import Receiver
from bedrock_locust.team.messages import FINISH, ROWS, TAKEN, Finish, Report, Taken
from bedrock_locust.team.worker_buffer import Buffer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bedrock_locust.recording.worker_rows import RowsReport

CALL = Call(started_at=1.8e9, mode="streaming", operation="o", model_id="m", name="n", latency_ms=900, worker="w")
ID = "w_0123"


class Clients(list[Any]):
    """The workers as Locust's runner has them."""

    @property
    def all(self) -> list[Any]:
        """Each."""
        return self

    @property
    def ready(self) -> list[Any]:
        """Those that wait for their order to begin."""
        return [client for client in self if client.state == "ready"]

    def __contains__(self, client_id: object) -> bool:
        return any(client.id == client_id for client in self)


class Master:
    """A master as Locust's runner shows it, which keeps what it sends; and a run on it."""

    def __init__(self, folder: Path) -> None:
        self.sent: list[tuple[str, dict[str, Any], str]] = []
        self.listeners: dict[str, Any] = {}
        self.state, self.spawning_completed, self.target_user_count, self.spawn_rate = "ready", True, 0, 1
        self.clients = Clients([SimpleNamespace(id=ID, state="running", heartbeat=3)])
        self.environment = Environment(parsed_options=Namespace(bedrock_worker_timeout=30))
        self.receiver = Receiver(self.environment, self)  # type: ignore[arg-type]  # all of a runner that it uses
        self.recorder = Recorder("run-1", RunFolder.create(str(folder), "m", 1.8e9), {"format": 1})
        self.receiver.begin(self.recorder)

    def register_message(self, kind: str, listener: Any) -> None:
        """Locust's."""
        self.listeners[kind] = listener

    def get_worker_index(self, client_id: str) -> int:
        """Locust's."""
        return 0 if client_id == ID else 1

    def send_message(self, kind: str, data: Any = None, client_id: str = "") -> None:
        """Locust's."""
        self.sent.append((kind, data, client_id))

    def take(self, report: Report) -> Taken:
        """The answer to a report."""
        self.listeners[ROWS](environment=self.environment, msg=SimpleNamespace(node_id=ID, data=report.to_plain()))
        kind, data, client_id = self.sent.pop()
        assert (kind, client_id) == (TAKEN, ID)
        return Taken.from_plain(data)

    def rows(self) -> list[str]:
        """The ids of the rows that are on disk."""
        with (self.recorder.folder.path / "requests.csv").open(encoding="utf-8", newline="") as file:
            return [row["request_id"] for row in csv.DictReader(file)]


@pytest.fixture
def master(tmp_path: Path) -> Iterator[Master]:
    """A master with a run."""
    made = Master(tmp_path)
    yield made
    made.receiver.roster.recorder = None  # what watches it goes on
    made.recorder.folder.close()


def report(rows: RowsReport | None, **changes: Any) -> Report:
    """A report of a worker."""
    about: dict[str, Any] = {
        "version": __version__,
        "asked_at": 5.0,
        "tick": 6.0,
        "clock_offset_ms": 0.0,
        "warning": "",
    }
    return Report(**{**about, **changes}, rows=rows)


def buffer(run: str = "run-1") -> Buffer:
    """A worker's rows."""
    return Buffer(run, Pulse(lambda: ""))


def test_what_is_confirmed_is_on_disk(master: Master) -> None:
    """An answer is a promise: a master that is killed after it has lost none of these rows."""
    rows = buffer()
    rows.add(replace(CALL, request_id="1"))
    answer = master.take(report(rows.report(hearing=True)))
    assert master.rows() == ["1"]
    assert (answer.batches, answer.run, answer.whole, answer.over) == ((1,), "run-1", False, False)
    assert (answer.asked_at, answer.tick, answer.version) == (5.0, 6.0, __version__)


def test_everything_is_confirmed_only_when_everything_is_there(master: Master) -> None:
    """The last batch does not make up for one that has not come."""
    rows = buffer()
    rows.add(replace(CALL, request_id="1"))
    lost = rows.report(hearing=True)
    rows.add(replace(CALL, request_id="2"))
    rows.close()
    last = master.take(report(rows.report(hearing=True)))
    assert (last.whole, last.batches) == (False, (2,))
    assert master.take(report(lost)).whole
    assert sorted(master.rows()) == ["1", "2"]
    assert master.receiver.roster.is_done(ID)


@pytest.mark.parametrize("run", ["run-0", ""])
def test_rows_of_another_run_are_not_taken(master: Master, run: str) -> None:
    """They are not confirmed either: the worker keeps them, and learns that their run is over."""
    rows = buffer(run)
    rows.add(CALL)
    answer = master.take(report(rows.report(hearing=True)))
    assert (answer.batches, answer.whole, answer.over) == ((), False, True)
    assert master.rows() == []


def test_rows_after_the_end_are_not_taken(master: Master) -> None:
    """Once the master has given up waiting, nothing that comes is confirmed."""
    rows = buffer()
    rows.add(CALL)
    rows.close()
    master.take(report(rows.report(hearing=False)))
    master.receiver.roster._silent_s[ID] = 99.0
    master.receiver.wait(0)
    late = buffer()
    late.add(CALL)
    answer = master.take(report(late.report(hearing=True)))
    assert (answer.batches, answer.whole, answer.over) == ((), False, True)


def test_outside_of_a_run_a_report_is_answered(master: Master) -> None:
    """It keeps the connection known, and the clocks compared."""
    answer = master.take(report(None))
    assert (answer.run, answer.over, answer.batches) == (None, False, ())
    assert answer.answered_at > 1.7e9


def test_another_version_is_answered_with_ours(master: Master) -> None:
    """Nothing else of its report is read, whatever it looks like."""
    message = SimpleNamespace(node_id=ID, data={"version": "0.0.1", "rows": "of another kind"})
    master.listeners[ROWS](environment=master.environment, msg=message)
    (_, data, _) = master.sent.pop()
    assert (data["version"], data["batches"], data["whole"], data["over"]) == (__version__, [], False, False)
    assert master.recorder.records["w_0"].state == "refused"


def test_a_worker_that_cannot_take_part(master: Master, caplog: pytest.LogCaptureFixture) -> None:
    """Its reason is logged and kept, once."""
    for _ in range(2):
        master.take(report(None, refusal="no AWS credentials found"))
    record = master.recorder.records["w_0"]
    assert (record.state, record.reason) == ("refused", "no AWS credentials found")
    assert [entry.message for entry in caplog.records] == [
        "bedrock-locust: worker w_0 cannot take part: no AWS credentials found"
    ]
    assert master.receiver.roster.deserted


def test_a_wrong_clock_is_said_once(master: Master, caplog: pytest.LogCaptureFixture) -> None:
    """With the direction."""
    for _ in range(2):
        master.take(report(buffer().report(hearing=True), clock_offset_ms=-3_600_000.0))
    assert [entry.message[:63] for entry in caplog.records] == [
        "bedrock-locust: the clock of worker w_0 is 3600 s ahead: its ro"
    ]


def test_what_workers_lack_is_said_once(master: Master, caplog: pytest.LogCaptureFixture) -> None:
    """Those of one machine lack the same."""
    for _ in range(2):
        master.take(report(buffer().report(hearing=True), warning="too few files"))
    assert [entry.message for entry in caplog.records] == ["bedrock-locust: worker w_0: too few files"]
    assert master.recorder.records["w_0"].warning == "too few files"


def test_workers_are_asked_to_hand_over(master: Master) -> None:
    """All that have not; and not those that have."""
    master.receiver.ask(3)
    assert [(kind, Finish.from_plain(data), id_) for kind, data, id_ in master.sent] == [
        (FINISH, Finish("run-1", 3), ID)
    ]
    master.sent.clear()
    rows = buffer()
    rows.close()
    master.take(report(rows.report(hearing=True)))
    master.receiver.ask(3)
    assert master.sent == []
    with gevent.Timeout(5):
        master.receiver.wait(3)
    assert not master.receiver.deserted


def test_a_silent_worker_is_waited_for_and_named_once(master: Master, caplog: pytest.LogCaptureFixture) -> None:
    """Until its own timeout, though the time for the others is over; one that is heard is not waited for that long."""
    roster = master.receiver.roster
    roster._silent_s[ID] = 15.0
    waiting = gevent.spawn(master.receiver.wait, -99)
    waiting.join(3)
    assert not waiting.ready(), "it may still come back"
    assert {(kind, id_) for kind, _, id_ in master.sent} == {(FINISH, ID)}, "it is asked again: it may have missed it"
    waiting.kill()
    said = [entry.message for entry in caplog.records if "waiting for" in entry.message]
    assert said == ["bedrock-locust: waiting for w_0, silent: up to 30 s in all"]
    roster._silent_s[ID] = 0.0
    caplog.clear()
    with gevent.Timeout(5):
        master.receiver.wait(-99)
    assert caplog.records == []


@pytest.mark.parametrize(("seconds", "fits"), [(5, False), (6, True), (55, True), (56, False)])
def test_the_timeout_is_checked(seconds: int, fits: bool) -> None:
    """Shorter is no silence yet; longer, Locust's own workers end."""
    environment = Environment(parsed_options=Namespace(bedrock_worker_timeout=seconds))
    runner: Any = SimpleNamespace(register_message=lambda *_: None, clients=SimpleNamespace(all=[]))
    if fits:
        assert Receiver(environment, runner).roster.timeout_s == seconds
        return
    with pytest.raises(SettingsError, match=f"--bedrock-worker-timeout is {seconds}, but must be from 6 to 55"):
        Receiver(environment, runner)


def test_others_have_their_turn_between_reports(master: Master) -> None:
    """However many reports are there already: a master that has too many still changes levels and answers its page."""
    turns: list[int] = []

    def other() -> None:
        while True:
            turns.append(len(turns))
            gevent.sleep(0)

    beside = gevent.spawn(other)
    for _ in range(10):
        master.take(report(None))
    beside.kill()
    assert len(turns) >= 9
