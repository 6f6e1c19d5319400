"""The workers as the master sees them: silent, back, refused, strangers. Time is counted, not waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from locust.runners import STATE_INIT, STATE_RUNNING, STATE_SPAWNING

import gevent
import pytest

from bedrock_locust import __version__
from bedrock_locust.team.master_roster import BEAT_S, HEARD_S, MOST_STRANGERS, STRANGER_S
from bedrock_locust.team.worker_watch import SILENT_S

from .test_master_receiver import CALL, ID, Master, buffer, report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bedrock_locust.recording.worker_record import WorkerRecord
    from bedrock_locust.team.master_roster import Roster


@pytest.fixture
def master(tmp_path: Path) -> Iterator[Master]:
    """A master with a run and one worker."""
    made = Master(tmp_path)
    yield made
    made.receiver.roster.recorder = None  # what watches it goes on
    made.recorder.folder.close()


@pytest.fixture
def roster(master: Master) -> Roster:
    """Its workers."""
    return master.receiver.roster


def record(master: Master) -> WorkerRecord:
    """What the run says of the one worker."""
    [found] = master.recorder.records.values()
    return found


def be_silent(roster: Roster, seconds: float) -> None:
    """Let a time pass in which the worker says nothing."""
    for _ in range(round(seconds / BEAT_S)):
        roster._grow_silent()


def changes(master: Master) -> list[str]:
    """What has changed in the team, in order."""
    return [change["what"] for change in master.recorder.changes]


def test_a_worker_that_is_silent_is_lost_and_comes_back(
    master: Master, roster: Roster, caplog: pytest.LogCaptureFixture
) -> None:
    """Each is said once, and the record follows."""
    be_silent(roster, SILENT_S - BEAT_S)
    assert changes(master) == []
    be_silent(roster, 3)
    assert changes(master) == ["lost"]
    assert "has been silent for 5 s; 0 rows of it are in" in caplog.text
    assert roster.silent_s(ID) == SILENT_S + 3 - BEAT_S
    assert roster.deserted
    assert roster.admit(ID, __version__)
    assert changes(master) == ["lost", "back"]
    assert "is back after 8 s" in caplog.text or "is back after 7 s" in caplog.text
    assert not roster.deserted
    assert roster.silent_s(ID) == 0


def test_who_can_make_arrivals(master: Master, roster: Roster) -> None:
    """Workers that have begun the run and are heard: a silent one gets no more to make, well before it is lost."""
    [client] = master.clients
    client.state = STATE_INIT
    assert roster.able() == []
    for state in (STATE_SPAWNING, STATE_RUNNING):
        client.state = state
        assert roster.able() == [ID]
    be_silent(roster, 2.5)
    assert roster.able() == [ID]
    be_silent(roster, BEAT_S)
    assert roster.able() == []
    assert HEARD_S < SILENT_S
    assert roster.admit(ID, __version__)
    assert roster.able() == [ID]
    roster.refuse(ID, "of another kind")
    assert roster.able() == []


def test_a_heartbeat_of_locust_is_a_sign_of_life(master: Master, roster: Roster) -> None:
    """That of a worker of the run; one of another changes nothing."""
    be_silent(roster, 3)
    master.environment.events.heartbeat_sent.fire(client_id="stranger", timestamp=0)
    assert roster.silent_s(ID) == 3
    master.environment.events.heartbeat_sent.fire(client_id=ID, timestamp=0)
    assert roster.silent_s(ID) == 0


def test_who_has_handed_over_is_not_lost(master: Master, roster: Roster) -> None:
    """A worker whose rows are all here may be silent, and is waited for no more."""
    assert roster.unfinished() == [ID]
    rows = buffer()
    rows.add(CALL)
    rows.close()
    master.take(report(rows.report(hearing=True)))
    be_silent(roster, 60)
    assert changes(master) == ["left"]
    assert (roster.unfinished(), roster.deserted) == ([], True)


def test_after_the_timeout_nobody_waits_for_a_worker(roster: Roster) -> None:
    """A silent worker is waited for until then."""
    be_silent(roster, roster.timeout_s - BEAT_S)
    assert roster.unfinished() == [ID]
    be_silent(roster, BEAT_S)
    assert roster.unfinished() == []


def test_another_version_is_refused(master: Master, roster: Roster, caplog: pytest.LogCaptureFixture) -> None:
    """Once, with both versions; whatever it says later is no sign of life."""
    assert not roster.admit(ID, "0.0.9")
    assert not roster.admit(ID, __version__)
    assert record(master).state == "refused"
    assert "0.0.9" in record(master).reason
    assert __version__ in record(master).reason
    assert changes(master) == ["refused"]
    assert caplog.text.count("cannot take part") == 1
    assert roster.unfinished() == []


def test_who_was_refused_before_the_run_is_recorded_in_it(master: Master, roster: Roster) -> None:
    """And is not waited for."""
    roster.recorder = None
    roster.refuse("w_other", "no credentials")
    roster.begin(master.recorder)
    refused = [found for found in master.recorder.records.values() if found.state == "refused"]
    assert [found.reason for found in refused] == ["no credentials"]


def test_reports_without_ours_are_a_strangers_after_a_time(
    master: Master, roster: Roster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker may report before its locustfile is set up; with users, or after a time, it has no plugin."""
    roster.meet(ID, has_users=False)
    assert master.sent == []
    since = roster._strangers[ID]
    monkeypatch.setattr("time.monotonic", lambda: since + STRANGER_S - 0.1)
    roster.meet(ID, has_users=False)
    assert master.sent == []
    monkeypatch.setattr("time.monotonic", lambda: since + STRANGER_S)
    roster.meet(ID, has_users=False)
    roster.meet(ID, has_users=False)
    assert [(kind, client_id) for kind, _, client_id in master.sent] == [("quit", ID)]
    assert record(master).state == "refused"


def test_one_without_the_plugin_that_has_users_is_sent_away_at_once(master: Master, roster: Roster) -> None:
    """Its calls would be in no row."""
    roster.meet(ID, has_users=True)
    assert [(kind, client_id) for kind, _, client_id in master.sent] == [("quit", ID)]


def test_strangers_on_the_port_are_named_once_and_not_without_end(
    master: Master, roster: Roster, caplog: pytest.LogCaptureFixture
) -> None:
    """Random bytes come from no worker; a worker that sends a wrong message ends."""
    for place in range(2 * MOST_STRANGERS):
        for _ in range(2):
            roster.turn_away(f"nobody-{place}", "no message of Locust")
    assert caplog.text.count("dropped a message") == MOST_STRANGERS == 100
    assert master.sent == []
    roster.turn_away(ID, "its statistics are no numbers")
    assert [(kind, client_id) for kind, _, client_id in master.sent] == [("quit", ID)]
    assert "what it reports is wrong: its statistics are no numbers" in record(master).reason


def test_who_leaves_with_all_rows_handed_over_is_named(master: Master, roster: Roster) -> None:
    """A worker that was ended by hand: once, as what it is."""
    rows = buffer()
    rows.add(CALL)
    rows.close()
    master.take(report(rows.report(hearing=True)))
    roster.leave(ID)
    assert changes(master) == ["left"]


def test_a_worker_that_comes_in_the_course_of_a_run_joins_it(master: Master, roster: Roster) -> None:
    """It has a record of its own, and users are spread anew over all that are there."""
    assert roster.admit("w_late", __version__)
    assert changes(master) == ["joined"]
    assert len(master.recorder.records) == 2


def test_while_nobody_is_heard_locust_gives_up_nobody(master: Master, roster: Roster) -> None:
    """Until the timeout: a network may be down for a while."""
    client = master.clients.all[0]
    be_silent(roster, 10)
    client.heartbeat = -1
    roster._keep_silent()
    assert client.heartbeat > -1
    be_silent(roster, roster.timeout_s)
    client.heartbeat = -1
    roster._keep_silent()
    assert client.heartbeat == -1
    gevent.sleep(0)
