"""A process with a worker in it, whose runner only notes what it is told: `python -m tests.core.worker_process`.

A worker takes over signals and changes Locust for good: not in the process of other tests. Prints JSON.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

# First: it patches sockets for gevent.
from locust.env import Environment

import gevent

from bedrock_locust import __version__
from bedrock_locust.arrivals.lease import alone
from bedrock_locust.call import Call
from bedrock_locust.settings.schema import Settings
from bedrock_locust.team import worker_sender
from bedrock_locust.team.messages import FINISH, LEASE, REPORT, ROWS, TAKEN, Finish, RunOrder, Taken
from bedrock_locust.worker import Worker
from bedrock_locust.workload.bench import bench_of
from bedrock_locust.workload.prepared import Prepared

CALL = Call(started_at=1.8e9, mode="streaming", operation="o", model_id="m", name="n", latency_ms=900, worker="w")
OWN = "http://127.0.0.1:9"


class Runner:
    """What a worker uses of Locust's runner."""

    def __init__(self) -> None:
        self.client_id, self.worker_index = "host.name_0123", 7
        self.master_host, self.master_port = "127.0.0.1", 9
        self.greenlet, self.user_greenlets = True, ()
        self.user_classes_by_name: dict[str, Any] = {}
        self.sent: list[tuple[str, Any]] = []
        self.listeners: dict[str, Any] = {}
        self.stops: list[Any] = []
        self.quits = self.starts = 0
        self.confirms = False

    def register_message(self, kind: str, listener: Any) -> None:
        """Locust's."""
        self.listeners[kind] = listener

    def send_message(self, kind: str, data: Any = None) -> None:
        """Locust's; a master that confirms does so at once."""
        self.sent.append((kind, data))
        if self.confirms and kind == ROWS and data["rows"]:
            numbers = tuple(batch["number"] for batch in data["rows"]["batches"])
            answer = Taken(__version__, None, None, 1.8e9, data["rows"]["run"], numbers, whole=True)
            gevent.spawn(self.hear, TAKEN, answer.to_plain())

    def hear(self, kind: str, data: Any) -> None:
        """A message of the master."""
        self.listeners[kind](environment=None, msg=SimpleNamespace(data=data))

    def start_worker(self, user_classes_count: dict[str, int]) -> None:
        """Note it."""
        self.starts += sum(user_classes_count.values())

    def stop(self) -> None:
        """Note how long calls may go on."""
        self.stops.append(self.environment.stop_timeout)

    def quit(self) -> None:
        """Note it."""
        self.quits += 1

    environment: Environment


def order(run: str = "run-1", url: str | None = None, **changes: Any) -> str:
    """What the master says of a run."""
    about = {"region": "us-east-1", "endpoint_url": url or OWN}
    settings = Settings.model_validate({"model": {"id": "m"}, "aws": about, **changes.pop("sections", {})})
    plain = {"version": __version__, "simulator": True, "worker_timeout_s": 30, "in_flight": 4, **changes}
    return RunOrder(run=run, settings=settings.public(), workload=Prepared().to_plain(), **plain).to_json()


class Place:
    """A worker, its runner, and the log."""

    def __init__(self, **options: Any) -> None:
        self.runner = Runner()
        parsed = {"processes": None, "host": None, "bedrock_config": "none.json", **options}
        self.environment = Environment(parsed_options=Namespace(**parsed))
        self.environment.runner = self.runner  # type: ignore[assignment]
        self.runner.environment = self.environment
        self.log: list[str] = []
        handler = logging.Handler()
        handler.emit = lambda record: self.log.append(record.getMessage())  # type: ignore[method-assign]
        logging.getLogger("bedrock_locust").handlers = [handler]
        self.worker = Worker(self.environment, self.runner, Namespace(**parsed))  # type: ignore[arg-type]

    def begin(self, text: str | None = None) -> Place:
        """The master begins a run."""
        assert self.environment.parsed_options is not None
        self.environment.parsed_options.bedrock_run = order() if text is None else text
        self.environment.events.test_start.fire(environment=self.environment)
        gevent.sleep(0)
        return self

    def call(self, response: Any = CALL) -> Place:
        """A call of a user ends."""
        self.environment.events.request.fire(response=response, exception=None)
        return self

    def rows(self) -> list[Any]:
        """What the last report to the master says of rows."""
        found = [data["rows"] for kind, data in self.runner.sent if kind == ROWS]
        return [found[-1] and (found[-1]["run"], found[-1]["rows_made"], found[-1]["last"])]

    def end(self) -> dict[str, Any]:
        """What can be seen from outside."""
        gevent.sleep(0.05)
        return {
            "kinds": [kind for kind, _ in self.runner.sent],
            "listens": sorted(self.runner.listeners),
            "rows": self.rows(),
            "refusals": [data["refusal"] for kind, data in self.runner.sent if kind == ROWS and data["refusal"]],
            "stops": self.runner.stops,
            "stop_timeout": self.environment.stop_timeout,
            "quits": self.runner.quits,
            "code": self.environment.process_exit_code,
            "log": self.log,
        }


def in_a_run(folder: Path) -> dict[str, Any]:
    """Calls are reported as rows; other events of Locust are none of ours."""
    place = Place().begin(order(in_flight=10**9)).call().call("the response of another client")
    report: dict[str, Any] = {}
    place.environment.events.report_to_master.fire(client_id="w", data=report)
    bench = bench_of(place.environment)
    made = report[REPORT]["rows"]["rows_made"]
    return place.end() | {"made": made, "name": bench.worker, "model": bench.settings.model.id}


def asked_to_finish(folder: Path) -> dict[str, Any]:
    """First for another run, then for this one, twice."""
    place = Place().begin().call()
    place.runner.confirms = True
    place.runner.hear(FINISH, Finish("run-0", 3).to_plain())
    declined = place.rows()
    place.runner.start_worker({"StreamingUser": 2})
    for _ in range(2):
        place.runner.hear(FINISH, Finish("run-1", 3).to_plain())
    place.runner.start_worker({"StreamingUser": 4})
    gevent.sleep(0.2)
    started = place.runner.starts
    place.begin(order("run-2")).runner.start_worker({"StreamingUser": 8})
    return place.end() | {"declined": declined, "started": [started, place.runner.starts]}


def asked_outside_of_a_run(folder: Path) -> dict[str, Any]:
    """There is nothing to hand over."""
    place = Place()
    place.runner.hear(FINISH, Finish("run-1", 3).to_plain())
    place.runner.hear(LEASE, lease("run-1"))
    place.call()
    return place.end()


def given_leases(folder: Path) -> dict[str, Any]:
    """Of another run, before the clocks were compared, and then; for arrivals of a class that nobody has."""
    place = Place().begin()
    place.runner.hear(LEASE, lease("run-1"))
    early = list(place.log)
    now = time.time()
    compared = Taken(__version__, now, time.perf_counter(), now, "run-1")
    place.runner.hear(TAKEN, compared.to_plain())
    place.runner.hear(LEASE, lease("run-0"))
    other = list(place.log)
    place.runner.hear(LEASE, lease("run-1"))
    return place.end() | {"early": early, "other": other}


def lease(run: str) -> dict[str, Any]:
    """What the master says of arrivals."""
    level = {"level": "one", "mode": "streaming", "users": None, "phase": "measure", "rate_per_s": 1, "duration_s": 9}
    schedule = {"start_at": time.time(), "user_class": "Missing", "levels": [level], "burstiness": 1, "seed": 1}
    return {"run": run, "schedule": {**schedule, "max_in_flight": 5}, "lease": alone("w", 5).to_plain()}


def not_confirmed(folder: Path) -> dict[str, Any]:
    """The master does not answer any more."""
    setattr(worker_sender, "HAND_OVER_S", 0)  # noqa: B010 - it is not the name of that module
    place = Place(bedrock_directory=str(folder / "kept")).begin().call()
    place.environment.events.quitting.fire(environment=place.environment)
    place.environment.events.quitting.fire(environment=place.environment)
    [path] = (folder / "kept").iterdir()
    return place.end() | {"file": path.name, "lines": len(path.read_text().splitlines())}


def all_confirmed(folder: Path) -> dict[str, Any]:
    """Quitting hands over what there is, and keeps nothing."""
    place = Place(bedrock_directory=str(folder / "none")).begin().call()
    place.runner.confirms = True
    place.environment.events.quitting.fire(environment=place.environment)
    return place.end() | {"kept": (folder / "none").exists()}


def of_another_version(folder: Path) -> dict[str, Any]:
    """It leaves once, and takes part in nothing."""
    place = Place()
    for _ in range(2):
        place.begin(json.dumps({**json.loads(order()), "version": "0.0.1"}))
    return place.call().end()


def without_the_plugin(folder: Path) -> dict[str, Any]:
    """The master's locustfile does not call setup()."""
    return Place().begin("").end()


def of_a_strange_endpoint(folder: Path) -> dict[str, Any]:
    """A run that would sign for a server that this worker does not know."""
    return Place().begin(order(simulator=False, url="http://198.51.100.7:80")).end()


def beside_its_master(folder: Path) -> dict[str, Any]:
    """The same on the terminal of its master, which tells it."""
    return Place(processes=2).begin(order(simulator=False, url="http://198.51.100.7:80")).end()


def that_lost_its_master(folder: Path) -> dict[str, Any]:
    """Its users have as long as at the end of a run."""
    place = Place().begin()
    place.worker._lose_master("the master has been silent for 30 s")
    return place.end()


def stopped_and_begun_again(folder: Path) -> dict[str, Any]:
    """A second run has rows of its own, and the same client."""
    place = Place().begin().call()
    first = bench_of(place.environment).boto3_client
    place.runner.confirms = True
    place.environment.events.test_stopping.fire(environment=place.environment)
    place.environment.events.test_stop.fire(environment=place.environment)
    place.runner.hear(FINISH, Finish("run-1", 0).to_plain())
    gevent.sleep(0.2)
    place.begin(order("run-2")).call().call()
    same = bench_of(place.environment).boto3_client is first
    place.runner.hear(FINISH, Finish("run-2", 0).to_plain())
    gevent.sleep(0.2)
    place.begin(order("run-3", sections={"test": {"timeout_seconds": 9}}))
    return place.end() | {"same": same, "other": bench_of(place.environment).boto3_client is not first}


def with_a_file_of_its_own(folder: Path) -> dict[str, Any]:
    """Requests of a file that is not the one of the master."""
    (folder / "own.jsonl").write_text('{"prompt": "a"}\n')
    sections = {"workload": {"file": str(folder / "own.jsonl")}}
    text = json.loads(order(sections=sections))
    text["workload"] |= {"sha256": "0" * 64, "format": "prompts"}
    return Place().begin(json.dumps(text)).end()


def with_a_trace_of_its_own(folder: Path) -> dict[str, Any]:
    """Calls of a trace that is not the one of the master."""
    (folder / "own.jsonl").write_text('{"timestamp": 0, "input_length": 600, "output_length": 9}\n')
    text = json.loads(order(sections={"arrivals": {"trace": {"file": str(folder / "own.jsonl")}}}))
    text["workload"] |= {"sha256": "0" * 64}
    return Place().begin(json.dumps(text)).end()


SCENARIOS = (
    *(in_a_run, asked_to_finish, asked_outside_of_a_run, all_confirmed, of_another_version, without_the_plugin),
    *(of_a_strange_endpoint, beside_its_master, that_lost_its_master, stopped_and_begun_again, with_a_file_of_its_own),
    *(with_a_trace_of_its_own, given_leases, not_confirmed),
)


def main() -> None:
    """Run all of them."""
    found = {}
    for scenario in SCENARIOS:
        with tempfile.TemporaryDirectory() as folder, gevent.Timeout(30):
            found[scenario.__name__] = scenario(Path(folder))
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
