"""The worker's side: what it sends, and what it believes of the answers."""

from __future__ import annotations

import csv
import socket
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from locust.env import Environment

import gevent
import pytest

from bedrock_locust import __version__
from bedrock_locust.call import Call
from bedrock_locust.live.health import Pulse
from bedrock_locust.team.messages import REPORT, ROWS, TAKEN, Report, Taken
from bedrock_locust.team.worker_buffer import Buffer
from bedrock_locust.team.worker_sender import Sender

from .test_worker_watch import pass_second

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CALL = Call(started_at=1.8e9, mode="streaming", operation="o", model_id="m", name="n", latency_ms=900, worker="w")


class Worker:
    """A worker as Locust's runner shows it, and its Sender. `answers` says what the master answers to rows."""

    def __init__(self, port: int) -> None:
        self.master_host, self.master_port, self.client_id = "127.0.0.1", port, "w_0123"
        self.greenlet = True
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.gone: list[str] = []
        self.strangers: list[str] = []
        self.answers: list[Taken] = []
        self._listeners: dict[str, Any] = {}
        self.environment = Environment()
        self.sender = Sender(
            self.environment,
            self,  # type: ignore[arg-type]  # all of a runner that it uses
            on_gone=self.gone.append,
            on_stranger=self.strangers.append,
        )
        self.buffer = Buffer("run-1", Pulse(lambda: ""), self.sender.offset)

    def register_message(self, kind: str, listener: Any) -> None:
        """Locust's."""
        self._listeners[kind] = listener

    def send_message(self, kind: str, data: dict[str, Any]) -> None:
        """Locust's."""
        self.sent.append((kind, data))
        if self.answers:
            gevent.spawn(self.hear, self.answers.pop(0).to_plain())

    def hear(self, data: dict[str, Any]) -> None:
        """An answer of the master."""
        self._listeners[TAKEN](environment=self.environment, msg=SimpleNamespace(data=data))


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A worker whose master listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Worker(server.getsockname()[1])


def taken(**changes: Any) -> Taken:
    """An answer of the master."""
    about: dict[str, Any] = {
        "version": __version__,
        "asked_at": 1.8e9,
        "tick": 0.0,
        "answered_at": 1.8e9,
        "run": "run-1",
    }
    return Taken(**{**about, **changes})


def test_only_what_is_confirmed_for_this_run_is_forgotten(worker: Worker) -> None:
    """An answer about another run says nothing of these rows."""
    worker.sender.begin(worker.buffer, 30)
    worker.buffer.add(CALL)
    worker.sender.greet()
    worker.hear(taken(run="run-0", batches=(1,), whole=True, over=True).to_plain())
    assert (worker.buffer.left, worker.buffer.whole, worker.buffer.over) == (1, False, False)
    worker.hear(taken(batches=(2,)).to_plain())
    assert worker.buffer.left == 1
    worker.hear(taken(batches=(1,)).to_plain())
    assert (worker.buffer.left, worker.buffer.whole) == (0, False)
    worker.hear(taken(whole=True).to_plain())
    assert worker.buffer.whole


@pytest.mark.parametrize("word", ["whole", "over"])
def test_a_word_of_the_master_is_not_taken_back(worker: Worker, word: str) -> None:
    """An older answer that comes late does not undo a newer one."""
    worker.sender.begin(worker.buffer, 30)
    worker.hear(taken(**{word: True}).to_plain())
    worker.hear(taken().to_plain())
    assert getattr(worker.buffer, word)


def test_the_rows_travel_in_locusts_report(worker: Worker) -> None:
    """Every 3 s, by Locust's own event; outside of a run without rows."""
    data: dict[str, Any] = {}
    worker.environment.events.report_to_master.fire(client_id="w", data=data)
    assert Report.from_plain(data[REPORT]).rows is None
    worker.sender.begin(worker.buffer, 30)
    worker.buffer.add(CALL)
    worker.environment.events.report_to_master.fire(client_id="w", data=data)
    rows = Report.from_plain(data[REPORT]).rows
    assert rows
    assert (rows.run, rows.rows_made, len(rows.batches[0].rows)) == ("run-1", 1, 1)
    worker.buffer.whole = True
    worker.environment.events.report_to_master.fire(client_id="w", data=data)
    assert Report.from_plain(data[REPORT]).rows is None


def test_another_version_is_told_once(worker: Worker) -> None:
    """And nothing of its answer is believed."""
    worker.sender.begin(worker.buffer, 30)
    worker.buffer.add(CALL)
    worker.sender.greet()
    for _ in range(2):
        worker.hear({**taken(batches=(1,), whole=True).to_plain(), "version": "0.0.1"})
    assert worker.strangers == [f"bedrock-locust is 0.0.1 there and {__version__} here: install the same on both"]
    assert (worker.buffer.left, worker.buffer.whole) == (1, False)


def test_the_end_waits_for_the_word_of_the_master(worker: Worker) -> None:
    """All rows are sent, with Locust's own figures, until the master has everything."""
    worker.sender.begin(worker.buffer, 30)
    worker.buffer.add(CALL)
    worker.buffer.close()
    worker.answers = [taken(batches=(1,)), taken(whole=True)]
    with gevent.Timeout(20):
        assert worker.sender.finish(worker.buffer)
    assert [kind for kind, _ in worker.sent] == ["stats", ROWS]
    assert worker.buffer.left == 0


def test_a_master_that_has_all_rows_may_be_silent(worker: Worker) -> None:
    """Between two runs it has nothing to say; unless the next run has begun, it is not given up."""
    worker.sender.begin(worker.buffer, 8)
    worker.buffer.whole = True
    worker.sender.finish(worker.buffer)
    pass_second(worker.sender._watch, 60)
    assert worker.gone == []
    worker.sender.begin(Buffer("run-2", Pulse(lambda: ""), worker.sender.offset), 8)
    worker.sender.finish(worker.buffer)
    pass_second(worker.sender._watch, 60)
    assert len(worker.gone) == 1


def test_the_end_of_a_run_that_is_over(worker: Worker) -> None:
    """A master that takes no more is not waited for, and the rows are not said to be safe."""
    worker.sender.begin(worker.buffer, 30)
    worker.buffer.add(CALL)
    worker.buffer.close()
    worker.answers = [taken(over=True)]
    with gevent.Timeout(20):
        assert not worker.sender.finish(worker.buffer)
    assert worker.buffer.left == 1


def test_rows_that_were_not_handed_over_are_kept(
    worker: Worker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """They are in a file with the columns of the rows, and the log says how many and where."""
    worker.sender.begin(worker.buffer, 30)
    worker.buffer.add(CALL)
    worker.sender.greet()
    worker.buffer.add(CALL)
    worker.sender.give_up(worker.buffer, str(tmp_path), "w_0")
    (path,) = tmp_path.iterdir()
    with path.open(encoding="utf-8", newline="") as file:
        assert [row["model_id"] for row in csv.DictReader(file)] == ["m", "m"]
    assert f"2 rows of this worker were not handed over; they are in {path}" in caplog.text
    data: dict[str, Any] = {}
    worker.environment.events.report_to_master.fire(client_id="w", data=data)
    assert Report.from_plain(data[REPORT]).rows is None, "what is given up is not sent again"


def test_rows_that_can_not_be_kept(worker: Worker, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where there is no place for them, that is said, with their number."""
    (tmp_path / "file").write_text("")
    worker.buffer.add(CALL)
    worker.sender.give_up(worker.buffer, str(tmp_path / "file"), "w_0")
    assert "1 rows of this worker were not handed over; and could not be kept in" in caplog.text


def test_a_run_without_this_worker(worker: Worker) -> None:
    """It is told that there is nothing of it here, so that the master does not wait."""
    worker.sender.decline("run-9")
    ((kind, data),) = worker.sent
    rows = Report.from_plain(data).rows
    assert kind == ROWS
    assert rows
    assert (rows.run, rows.rows_made, rows.last, rows.batches) == ("run-9", 0, 0, ())


def test_a_refusal_is_told(worker: Worker) -> None:
    """Why this worker cannot take part goes to the master."""
    worker.sender.refuse("no AWS credentials found")
    assert Report.from_plain(worker.sent[0][1]).refusal == "no AWS credentials found"


def test_the_clock_is_measured_by_each_answer(worker: Worker) -> None:
    """The offset is half a round trip from the answer, and goes into the next report."""
    assert Report.from_plain(worker.sender._report().to_plain()).clock_offset_ms is None
    worker.hear(taken(asked_at=1000.0, tick=time.perf_counter(), answered_at=1060.0).to_plain())
    offset_ms = worker.sender._report().clock_offset_ms
    assert offset_ms == pytest.approx(60_000, abs=500)
