"""When sockets are read and greenlets go on, in an event loop whose time passes by a script.

`UPDATE_GOLDEN=1 pytest tests/core/test_scripted_poller.py` writes the golden file anew: read the difference.
"""

from __future__ import annotations

import runpy
import sys
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.wire import polling
from bedrock_locust.wire.polling import BatchPoller, EagerPoller

from .golden_files import check_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="epoll is Linux's")


class Watcher:
    """One of gevent's watchers."""

    def __init__(self, *what: Any, **how: Any) -> None:
        self.what, self.how, self.closed = what, how, False
        self.callback: Callable[[], None] | None = None

    def start(self, callback: Callable[[], None]) -> None:
        """From now on."""
        assert not self.closed
        self.callback = callback

    def stop(self) -> None:
        """No more."""
        self.callback = None

    def close(self) -> None:
        """Give it back."""
        self.callback, self.closed = None, True


class Epoll:
    """The set of sockets: those that are `ready` have something to read until they are read."""

    def __init__(self) -> None:
        self.watched, self.ready, self.closed = dict[int, int](), set[int](), False

    def fileno(self) -> int:
        """No file."""
        return 99

    def register(self, fileno: int, events: int) -> None:
        """Watch it."""
        self.watched[fileno] = events

    def unregister(self, fileno: int) -> None:
        """No more."""
        del self.watched[fileno]

    def poll(self, timeout_s: float) -> list[tuple[int, int]]:
        """Those that are ready."""
        assert (timeout_s, self.closed) == (0, False)
        return [(fileno, events) for fileno, events in self.watched.items() if fileno in self.ready]

    def close(self) -> None:
        """Give it back."""
        self.closed = True


class Script:
    """A poller, and the event loop that it is in. Moments are in ms."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, sockets: int) -> None:
        """So many sockets are watched, from 1 on."""
        self.now_ms, self.epoll, self.said = 0.0, Epoll(), list[str]()
        self.more, self.after = set[int](), dict[int, Any]()
        self.after_round = list[Any]()
        self.loop = {name: list[Watcher]() for name in ("timer", "io", "prepare", "check")}
        made = {name: partial(self._made, name) for name in self.loop}
        monkeypatch.setattr(polling, "time", SimpleNamespace(perf_counter=lambda: self.now_ms / 1000))
        hub = SimpleNamespace(loop=SimpleNamespace(**made, run_callback=self.after_round.append))
        monkeypatch.setattr(polling, "gevent", SimpleNamespace(get_hub=lambda: hub))
        monkeypatch.setattr(polling, "monkey", SimpleNamespace(get_original=lambda *_: lambda: self.epoll))
        self.poller = BatchPoller()
        for fileno in range(1, sockets + 1):
            self.poller.watch(fileno, partial(self._step, fileno))

    def _made(self, kind: str, *what: Any, **how: Any) -> Watcher:
        self.loop[kind].append(Watcher(*what, **how))
        return self.loop[kind][-1]

    def _step(self, fileno: int) -> bool:
        self.said.append(f"reads {fileno}")
        self.epoll.ready.discard(fileno)
        self.after.pop(fileno, lambda: None)()
        return fileno in self.more

    def goes_on(self, name: str, takes_ms: float) -> None:
        """A greenlet that waits to go on."""

        def resume() -> None:
            self.said.append(f"{name} goes on")
            self.now_ms += takes_ms

        self.poller.resume(resume)

    def round(self, slept_at_ms: float, woken_at_ms: float, *ready: int) -> str:
        """A round of the loop: it sleeps, and wakes up because these are ready, or for its timer."""
        [prepare], [check], [io], [timer] = (self.loop[name] for name in ("prepare", "check", "io", "timer"))
        self.epoll.ready |= {*ready}
        self.now_ms = slept_at_ms
        _call(prepare)
        self.now_ms = woken_at_ms
        _call(check)
        _call(io if io.callback and self.epoll.ready else timer)
        active = [name for name in ("io", "timer") if self.loop[name][0].callback]
        since_ms, not_before_ms = (
            round(1000 * value, 3) for value in (self.poller.unseen_since, self.poller.not_before)
        )
        about = (
            f"unseen since {since_ms:g}, not before {not_before_ms:g}, waits for {' and '.join(active) or 'nothing'}"
        )
        said, self.said = self.said, []
        return f"  {slept_at_ms:g} to {woken_at_ms:g} ms: {', '.join(said) or 'reads nothing'}; {about}"


def _call(watcher: Watcher) -> None:
    if watcher.callback:
        watcher.callback()


def few(script: Script) -> Iterator[str]:
    """Up to eight sockets."""
    yield script.round(100, 110, 1)
    yield script.round(110.5, 111, 2)
    yield script.round(111.1, 111.2, 3, 1)
    yield script.round(111.4, 111.7, 3)
    yield script.round(112, 150, 8)


def many(script: Script) -> Iterator[str]:
    """Nine of them."""
    yield script.round(0, 2.9, 1)
    yield script.round(3, 3, 2)
    yield script.round(3, 5.9)
    yield script.round(6, 6, 3)
    yield script.round(7, 8.9)
    yield script.round(9, 11.9)
    yield script.round(20, 30, 4)
    yield script.round(31, 32.9, 5)
    yield script.round(33, 33.5, 6)
    yield script.round(34, 35.9)
    yield script.round(36, 38.9)


def at_once(script: Script) -> Iterator[str]:
    """Nine of them, 3 ms after the last time."""
    yield script.round(0, 3, 1)
    yield script.round(3.5, 5.9, 2)


def much(script: Script) -> Iterator[str]:
    """Nine, of which one brings much."""
    script.more = {1}
    yield script.round(100, 110, 1)
    yield script.round(110, 111, 1)
    yield script.round(111, 112, 2)
    yield script.round(112, 113, 1)
    yield script.round(113, 116)
    yield script.round(116, 117, 1, 2)
    yield script.round(117, 118, 2)


def greenlets(script: Script) -> Iterator[str]:
    """Some go on after each reading, for 3 ms in all."""
    for name in "abcd":
        script.goes_on(name, 1.5)
    yield script.round(100, 110, 1)
    yield script.round(113, 116, 2)
    script.more = {3}
    for name in "efg":
        script.goes_on(name, 4)
    yield script.round(119, 122, 3)
    yield script.round(126, 129)
    yield script.round(133, 136)
    yield script.round(140, 143)
    yield script.round(146, 149)


def hardly_asleep(script: Script) -> Iterator[str]:
    """A sleep of 0.2 ms is none."""
    yield script.round(0, 0.2, 1)


def to_the_limit(script: Script) -> Iterator[str]:
    """Who goes on for 3 ms goes on no longer."""
    for name in "abc":
        script.goes_on(name, 1.5)
    yield script.round(0, 0, 1)
    yield script.round(3, 5)


def unwatched(script: Script) -> Iterator[str]:
    """One ends the watch of another, which is ready, too."""
    script.after[1] = partial(script.poller.unwatch, 2)
    yield script.round(100, 110, 1, 2)
    script.poller.unwatch(2)
    yield script.round(111, 120, 2, 3)


def closed(script: Script) -> Iterator[str]:
    """The step of one closes the poller."""
    script.goes_on("a", 5)
    script.goes_on("b", 5)
    script.after[1] = script.poller.close
    yield script.round(100, 110, 1)
    yield script.round(120, 130, 2)


def closed_by_timer(script: Script) -> Iterator[str]:
    """The same while they are read together."""
    script.after[1] = script.poller.close
    yield script.round(0, 1, 1)
    yield script.round(1, 4)
    yield script.round(5, 6, 2)


SCENES: dict[str, tuple[int, Callable[[Script], Iterable[str]]]] = {
    "few": (8, few),
    "many": (9, many),
    "many, after a while": (9, at_once),
    "much": (9, much),
    "greenlets": (8, greenlets),
    "hardly asleep": (8, hardly_asleep),
    "greenlets, to the limit": (8, to_the_limit),
    "unwatched": (3, unwatched),
    "closed": (3, closed),
    "closed, of many": (9, closed_by_timer),
}


def test_rounds_of_the_loop_are_as_they_were_read_and_approved(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read and who goes on, since when nobody has looked, and what the poller waits for next."""
    lines = list[str]()
    for name, (sockets, scene) in SCENES.items():
        lines += [f"{name}:", *scene(Script(monkeypatch, sockets)), ""]
    check_text("poller.txt", "\n".join(lines))


def test_what_the_poller_has_of_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A timer of 3 ms, and three watchers that keep no loop running; at the end all are given back."""
    script = Script(monkeypatch, 2)
    every = {name: [(*one.what, *one.how.items()) for one in made] for name, made in script.loop.items()}
    unheld = ("ref", False)
    assert every == {"timer": [(0.003, 0.003)], "io": [(99, 1, unheld)], "prepare": [(unheld,)], "check": [(unheld,)]}
    assert script.epoll.watched == {1: 1, 2: 1}
    assert (script.poller.unseen_since, script.poller.not_before) == (0.0, 0.0)
    for _ in range(2):
        script.poller.unwatch(2)
        assert script.epoll.watched == {1: 1}
    script.poller.close()
    assert all(one.closed for made in script.loop.values() for one in made)
    assert script.epoll.closed


def test_where_nothing_is_stamped_each_socket_has_a_watcher(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read at once, and greenlets go on after the sockets of that round; at the end all are given back."""
    script = Script(monkeypatch, 0)
    poller = EagerPoller()
    assert (poller.unseen_since, poller.not_before) == (0.0, 0.0)
    steps: list[Any] = [lambda: False, lambda: True, lambda: False]
    for fileno, step in enumerate(steps, 5):
        poller.watch(fileno, step)
    _, *watchers = script.loop["io"]
    assert [(one.what, one.how, one.callback) for one in watchers] == [
        ((fileno, 1), {}, step) for fileno, step in enumerate(steps, 5)
    ]
    for _ in range(2):
        poller.unwatch(6)
        assert [one.closed for one in watchers] == [False, True, False]
    poller.resume(steps[0])
    assert script.after_round == [steps[0]]
    poller.close()
    assert [one.closed for one in watchers] == [True, True, True]


@pytest.mark.parametrize(
    ("system", "largest", "stamped"),
    [
        ("linux", 2**63 - 1, True),
        ("linux", 2**32 + 1, True),
        ("linux", 2**32, False),
        ("linux", 2**31 - 1, False),
        ("darwin", 2**63 - 1, False),
        ("win32", 2**63 - 1, False),
    ],
)
def test_where_the_kernel_stamps(monkeypatch: pytest.MonkeyPatch, system: str, largest: int, stamped: bool) -> None:
    """On Linux, where numbers have 64 bits; sockets are read together there."""
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(sys, "maxsize", largest)
    found = runpy.run_path(polling.__file__)
    assert found["STAMPED"] is stamped
    poller = found["new_poller"]()
    assert type(poller).__name__ == ("BatchPoller" if stamped else "EagerPoller")
    poller.close()
