"""The reports of the workers on their master."""

from __future__ import annotations

from locust.env import Environment

import gevent

from bedrock_locust import __version__
from bedrock_locust.team.master_receiver import Receiver
from bedrock_locust.team.messages import Report


def test_others_have_their_turn_between_reports() -> None:
    """However many reports are there already: a master that has too many still changes levels and answers its page."""
    environment = Environment()
    runner = environment.create_master_runner("127.0.0.1", 0)
    receiver = Receiver(environment, runner)
    report = Report(__version__, asked_at=0.0, tick=0.0, clock_offset_ms=None, warning="", rows=None).to_plain()
    turns: list[int] = []

    def other() -> None:
        while True:
            turns.append(len(turns))
            gevent.sleep(0)

    beside = gevent.spawn(other)
    for _ in range(10):
        receiver._take("worker_1", report)
    beside.kill()
    runner.greenlet.kill()
    runner.server.close()
    assert len(turns) >= 9
