"""A process that leads runs, with Locust as a library: `python -m tests.core.lead_process URL`, in a folder of its own.

It takes over signals and changes Locust for good: not in the process of other tests. Prints JSON.
"""

from __future__ import annotations

import csv
import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

# First: it patches sockets for gevent.
from locust import constant, events, task
from locust.argument_parser import get_parser
from locust.env import Environment

import gevent

from bedrock_locust import BedrockUser, setup

SAID: list[str] = []


def report(folder: Path, copy: Path | None) -> Path:
    """The report of a run."""
    (folder / "report.md").write_text(f"# A report for {copy}")
    return folder / "report.md"


class Asks(BedrockUser):
    """Asks again and again."""

    wait_time = constant(0.05)
    mode = "streaming"

    @task
    def ask(self) -> None:
        """One call."""
        message = {"role": "user", "content": [{"text": "What is a token?"}]}
        self.client.converse_stream(modelId=self.settings.model.id, messages=[message])


class Lead:
    """The process, with one run after the other."""

    def __init__(self, url: str) -> None:
        Path("config.json").write_text(json.dumps(config()))
        arguments = ["--host", url, "--bedrock-directory", "runs", "--bedrock-console", "plain"]
        options = get_parser().parse_args(arguments)
        self.environment = Environment(user_classes=[Asks], events=events, host=url, parsed_options=options)
        self.runner = self.environment.create_local_runner()
        self.made = 0
        events.request.add_listener(self._count)
        events.init.fire(environment=self.environment, runner=self.runner, web_ui=None)

    def begin(self, users: int = 2) -> None:
        """A run begins, with calls."""
        SAID.clear()
        options: Any = self.environment.parsed_options
        options.bedrock_run = ""
        self.runner.start(users, spawn_rate=10)
        while not (options.bedrock_run or SAID):
            gevent.sleep(0.02)

    def _count(self, **_: Any) -> None:
        self.made += 1

    def calls(self) -> None:
        """Some calls end."""
        enough = self.made + 3
        while self.made < enough:
            gevent.sleep(0.02)

    def level(self, **changes: Any) -> None:
        """What a shape announces."""
        level = {"level": "one", "mode": "streaming", "users": 2, "phase": "measure", "measured_from": time.time()}
        setattr(self.environment.parsed_options, "level_tag", {**level, **changes})  # noqa: B010 - as a shape does
        events.level_change.fire(level={**level, **changes})  # type: ignore[attr-defined]

    def end(self) -> dict[str, Any]:
        """The run is stopped; what came of it."""
        if self.runner.state != "stopped":
            self.runner.stop()
        gevent.sleep(0.1)
        return self.found()

    def found(self) -> dict[str, Any]:
        """What can be seen from outside."""
        runs = sorted(Path("runs").iterdir(), key=lambda path: path.stat().st_ctime)
        info = json.loads((runs[-1] / "run.json").read_text())
        with (runs[-1] / "requests.csv").open() as file:
            rows = list(csv.DictReader(file))
        with (runs[-1] / "levels.csv").open() as file:
            windows = [row["level"] for row in csv.DictReader(file)]
        return {
            "runs": len(runs),
            "ended": info["ended"],
            "reason": info["end_reason"],
            "planned": info["levels_planned"],
            "report": (runs[-1] / "report.md").read_text() if (runs[-1] / "report.md").exists() else "",
            "levels": sorted({f"{row['level']} {row['phase']}" for row in rows}),
            "windows": windows,
            "calls": len(rows),
            "failed": sorted({row["error"] for row in rows if row["error"]}),
            "workers": sorted({row["worker"] for row in rows}),
            "scheduled": sum(bool(row["scheduled_at"]) for row in rows),
            "tag": getattr(self.environment.parsed_options, "level_tag", "none"),
            "code": self.environment.process_exit_code,
            "stop_timeout": self.environment.stop_timeout,
            "log": list(SAID),
        }


def config(**sections: Any) -> dict[str, Any]:
    """The configuration file; without the simulator's address no call could go anywhere."""
    test = {"timeout_seconds": 7, "preflight": False}
    return {
        "aws": {"region": "us-east-1", "endpoint_url": "http://127.0.0.1:9"},
        "model": {"id": "m"},
        "test": test,
        **sections,
    }


def of_levels(lead: Lead) -> dict[str, Any]:
    """Before, in and after a level; a shape with no level left ends it."""
    lead.begin()
    during = lead.environment.stop_timeout
    order = json.loads(lead.environment.parsed_options.bedrock_run)  # type: ignore[union-attr]
    lead.calls()
    lead.level()
    lead.calls()
    failures: dict[str, int] = {}
    events.level_failures.fire(level="one", answer=failures)  # type: ignore[attr-defined]
    lead.level(measured_to=time.time(), completed=True)
    events.level_change.fire(level=None)  # type: ignore[attr-defined]
    return lead.end() | {"during": during, "order": order, "failures": failures}


def of_a_level_that_is_there(lead: Lead) -> dict[str, Any]:
    """A shape has set its tag before the run begins; then it announces one without a phase."""
    lead.level(level="two")
    lead.begin()
    lead.calls()
    events.level_change.fire(level={"level": "three"})  # type: ignore[attr-defined]
    gevent.sleep(0.5)
    return lead.end()


def of_arrivals(lead: Lead) -> dict[str, Any]:
    """Calls that arrive for a second, are cut, and begin anew."""
    lead.begin(users=0)
    level = {"level": "rate", "mode": "streaming", "users": None, "phase": "measure", "rate_per_s": 20}
    schedule = {"user_class": "Asks", "burstiness": None, "seed": 1, "max_in_flight": 50}
    for number in range(2):
        timed = {**level, "level": f"rate-{number}", "duration_s": 30, "measured_from": time.time()}
        lead.level(**timed)
        events.schedule_change.fire(schedule={**schedule, "start_at": time.time(), "levels": [timed]})  # type: ignore[attr-defined]
        lead.calls()
        events.schedule_change.fire(schedule=None)  # type: ignore[attr-defined]
        gevent.sleep(0.3)
    answer: dict[str, int] = {}
    events.arrivals_unmade.fire(answer=answer)  # type: ignore[attr-defined]
    events.level_change.fire(level=None)  # type: ignore[attr-defined]
    return lead.end() | {"unmade": answer}


def of_a_wrong_schedule(lead: Lead) -> dict[str, Any]:
    """It is refused."""
    lead.begin(users=0)
    events.schedule_change.fire(schedule={"levels": []})  # type: ignore[attr-defined]
    gevent.sleep(0.5)
    return lead.end()


def of_wrong_settings(lead: Lead) -> dict[str, Any]:
    """What was right when the process started is no longer: no run begins, and no user either."""
    Path("config.json").write_text(json.dumps(config(test={"max_tokens": -1})))
    lead.begin()
    gevent.sleep(0.3)
    users = lead.runner.user_count
    Path("config.json").write_text(json.dumps(config()))
    return lead.end() | {"users": users}


def outside_of_a_run(lead: Lead) -> dict[str, Any]:
    """What a shape or a user says then goes nowhere."""
    lead.level()
    events.schedule_change.fire(schedule=None)  # type: ignore[attr-defined]
    events.search_change.fire(search={})  # type: ignore[attr-defined]
    about = {"request_type": "GET", "name": "other", "response_time": 1, "response_length": 1}
    events.request.fire(**about, response=None, exception=None, context={})
    answer: dict[str, Any] = {}
    events.probe_judge.fire(levels=["one"], elapsed_s=1.0, decided=None, answer=answer)  # type: ignore[attr-defined]
    events.level_failures.fire(level="one", answer=answer)  # type: ignore[attr-defined]
    events.arrivals_unmade.fire(answer=answer)  # type: ignore[attr-defined]
    events.test_stop.fire(environment=lead.environment)
    return lead.found() | {"answer": answer}


def cut_off_by_the_end(lead: Lead) -> dict[str, Any]:
    """The process quits while calls are in flight."""
    lead.begin()
    lead.calls()
    events.quitting.fire(environment=lead.environment, reverse=True)
    events.quit.fire(exit_code=0)
    return lead.found()


SCENARIOS = (
    *(of_levels, of_a_level_that_is_there, of_arrivals, of_a_wrong_schedule, of_wrong_settings, outside_of_a_run),
    cut_off_by_the_end,
)


def main() -> None:
    """Run all of them."""
    handler = logging.Handler()
    handler.emit = lambda record: SAID.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("bedrock_locust").addHandler(handler)
    for _ in range(2):
        setup(report=report)
    found: dict[str, Any] = {}
    try:
        setup(report="another:report")
    except RuntimeError as error:
        found["another"] = str(error)
    lead = Lead(sys.argv[1])
    for scenario in SCENARIOS:
        with gevent.Timeout(60):
            found[scenario.__name__] = scenario(lead)
    print("\nFOUND " + json.dumps(found))


if __name__ == "__main__":
    main()
