"""The stop of a run, whoever asked for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from locust import User, constant, task
from locust.env import Environment

import gevent
import pytest

from bedrock_locust.process.stop import RunStop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from locust.runners import LocalRunner, Runner

GRACE_S = 0.2


class Idle(User):
    """Waits."""

    wait_time = constant(0.01)
    then: Callable[[], None] = lambda: None

    @task
    def do(self) -> None:
        """Whatever the test asks for."""
        type(self).then()


class Stops:
    """A run with a RunStop, as the lead makes it."""

    def __init__(self, *, quits: bool = True, limit_s: float = 10) -> None:
        self.environment = Environment(user_classes=[Idle])
        self.runner: Runner = self.environment.create_local_runner()
        self.stop: RunStop | None = None
        self.ended: list[str] = []
        self._quits, self._limit_s = quits, limit_s
        self.environment.stop_timeout = GRACE_S
        self.environment.events.test_stopping.add_listener(self._on_test_stopping)
        self.environment.events.test_stop.add_listener(self._on_test_stop)

    def _on_test_stopping(self, **_: Any) -> None:
        if self.stop is None:
            self.stop = RunStop(self.runner, self._end, limit_s=self._limit_s, quits=self._quits)

    def _on_test_stop(self, **_: Any) -> None:
        assert self.stop
        self.stop.load_is_over()

    def _end(self) -> None:
        gevent.sleep(0.05)  # others may want to kill who waits for this
        self.ended.append(self.runner.state)


@pytest.fixture
def run() -> Iterator[Stops]:
    """A run of three users."""
    made = Stops()
    made.runner.start(3, 100)
    gevent.sleep(0.1)
    yield made
    with gevent.Timeout(20):
        made.runner.quit()


def wait(run: Stops) -> None:
    """Wait for the end of the run, within a deadline."""
    with gevent.Timeout(20):
        while not (run.stop and run.stop.is_done):
            gevent.sleep(0.01)


def test_a_stop_as_usual(run: Stops) -> None:
    """Whoever stops the run waits for its end."""
    run.runner.stop()
    assert run.stop
    assert run.stop.is_done
    assert run.ended == ["stopped"]


@pytest.mark.parametrize("method", ["stop", "quit"])
def test_a_user_that_stops_the_run(run: Stops, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locust kills the user that carries out the stop; the run is brought to its end nevertheless, once."""
    monkeypatch.setattr(Idle, "then", getattr(run.runner, method))
    wait(run)
    assert run.ended == ["stopped"]
    assert run.runner.user_count == 0


def test_a_stopper_that_is_killed_later(run: Stops) -> None:
    """Also after the load is over, while the report is made."""
    stopper = gevent.spawn(run.runner.quit)
    with gevent.Timeout(20):
        while run.stop is None:
            gevent.sleep(0.001)
    stopper.kill()
    wait(run)
    assert run.ended == ["stopped"]


def test_a_stopper_that_is_killed_on_the_way(run: Stops, monkeypatch: pytest.MonkeyPatch) -> None:
    """While users still finish their calls: the load is stopped for it, long before the limit."""
    monkeypatch.setattr(Idle, "then", lambda: gevent.sleep(3600))
    gevent.sleep(0.05)
    stopper = gevent.spawn(run.runner.stop)
    with gevent.Timeout(20):
        while run.stop is None:
            gevent.sleep(0.001)
    stopper.kill()
    wait(run)
    assert (run.ended, run.runner.user_count) == (["stopped"], 0)


@pytest.mark.parametrize("quits", [True, False])
def test_locust_quits_after_the_end_where_it_should(quits: bool) -> None:
    """A command without a web page is over then; with one, the next run may come."""
    made = Stops(quits=quits)
    made.runner.start(1, 100)
    gevent.sleep(0.05)
    made.runner.stop()
    wait(made)
    made.runner.greenlet.join(20 if quits else 0.05)
    assert (len(made.runner.greenlet) == 0) == quits, "the command waits for these"
    made.runner.quit()


def test_an_end_that_fails_is_an_end(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody waits for ever for a run that cannot be brought to its end."""
    made = Stops(quits=False)

    def fail() -> None:
        raise ValueError("no more room")

    made._end = fail  # type: ignore[method-assign]
    made.runner.start(1, 100)
    gevent.sleep(0.05)
    with gevent.Timeout(20):
        made.runner.stop()
    assert made.stop
    assert made.stop.is_done
    assert "the run could not be brought to its end" in caplog.text
    made.runner.quit()


def test_a_load_that_does_not_stop() -> None:
    """The run has its end after a limit, whatever Locust does meanwhile."""
    made = Stops(quits=False, limit_s=0.3)
    runner: LocalRunner = made.runner  # type: ignore[assignment]
    runner.stop_users = lambda _: gevent.sleep(3600)  # type: ignore[method-assign, assignment]
    made.runner.start(1, 100)
    gevent.sleep(0.05)
    stopper = gevent.spawn(made.runner.stop)
    wait(made)
    assert made.ended == ["cleanup"]
    stopper.kill()
    made.runner.greenlet.kill()


class Never:
    """Stands for an event that does not come while this is looked at, so often."""

    def __init__(self) -> None:
        self.waited_s: list[float] = []
        self.is_set = lambda: bool(self.waited_s)

    def wait(self, seconds: float | None = None) -> bool:
        """Not yet."""
        self.waited_s.append(seconds or 0.0)
        gevent.sleep(0)
        return False

    def set(self) -> None:
        """As gevent's."""


@pytest.mark.parametrize("limit_s", [0.0, 0.5, 2.0])
def test_a_limit_is_looked_at_every_tenth_of_a_second(limit_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a stop whose greenlet has died is taken over once."""
    made: list[Never] = []
    anew: list[Any] = []

    def event() -> Never:
        made.append(Never())
        return made[-1]

    monkeypatch.setattr("bedrock_locust.process.stop.Event", event)
    monkeypatch.setattr("bedrock_locust.process.stop.stop_anew", anew.append)
    ended: list[bool] = []
    runner: Any = SimpleNamespace(quit=lambda: ended.append(False))
    stopper = gevent.spawn(lambda: RunStop(runner, lambda: ended.append(True), limit_s=limit_s, quits=False))
    stopper.join()
    with gevent.Timeout(5):
        while not ended:
            gevent.sleep(0)
    load_over, _ = made
    assert set(load_over.waited_s) == {0.1}
    assert len(load_over.waited_s) == pytest.approx(limit_s / 0.1 + 1, abs=1.1)
    assert anew == ([runner] if limit_s else [])
    assert ended == [True]


def test_who_ends_the_run_does_not_wait_for_it() -> None:
    """What is done at the end may ask for the end."""
    ended: list[Any] = []
    runner: Any = SimpleNamespace(quit=lambda: ended.append("quit"))
    stop: list[RunStop] = []

    def end() -> None:
        stop[0].wait()
        ended.append(stop[0].is_done)

    stop.append(RunStop(runner, end, limit_s=5, quits=True))
    with gevent.Timeout(5):
        stop[0].load_is_over()
        assert stop[0].is_done
        gevent.sleep(0.01)
    assert ended == [False, "quit"]
