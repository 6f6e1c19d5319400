"""The reports of the workers on their master."""

from __future__ import annotations

from locust.env import Environment

import gevent

from bedrock_locust import __version__
from bedrock_locust.team.master_receiver import Handover


def test_others_have_their_turn_between_reports() -> None:
    """However many reports are there already: a master that has too many still changes levels and answers its page."""
    environment = Environment()
    runner = environment.create_master_runner("127.0.0.1", 0)
    handover = Handover(environment, runner)
    report = {"version": __version__, "asked_at": 0.0, "tick": 0.0, "run": None}
    turns: list[int] = []

    def other() -> None:
        while True:
            turns.append(len(turns))
            gevent.sleep(0)

    beside = gevent.spawn(other)
    for _ in range(10):
        handover._take("worker_1", report)
    beside.kill()
    runner.greenlet.kill()
    runner.server.close()
    assert len(turns) >= 9
