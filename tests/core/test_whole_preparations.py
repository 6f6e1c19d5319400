"""All that happens before the load of a run, in golden files: calls, what is kept of them, log lines, and refusals.

`UPDATE_GOLDEN=1 pytest tests/core/test_whole_preparations.py` writes them anew: read the difference.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from locust.argument_parser import get_empty_argument_parser
from locust.env import Environment

import pytest

from bedrock_locust.aws.boto3_client import connect
from bedrock_locust.aws.preflight import preflight, public
from bedrock_locust.aws.preparation import Preparation
from bedrock_locust.settings import options
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Settings
from bedrock_locust.settings.stock_levels import stock_levels
from tests.simulator.conftest import FAST

from .golden_files import check_text
from .raw_server import in_pieces, response, serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulator.process import Simulator

pytestmark = pytest.mark.usefixtures("made_up_keys")

SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "us.amazon.nova-pro-v1:0"
ONE_LEVEL = {"start": 3, "end": 3}
OFF = {"id": "m", "quota_lookup": "off"}
Case = tuple[int, dict[str, Any], dict[str, Any]]
"""How many calls there are, the behaviour of the service, and the settings."""
CASES: dict[str, Case] = {
    "a call of a stream": (1, {}, {"test": {"preflight": True, "max_tokens": 90, "prompt_size": 200}}),
    "a whole answer by another API": (
        1,
        {},
        {
            "model": {**OFF, "id": "openai.gpt-oss-120b", "api": "chat"},
            "test": {"preflight": True, "streaming": False, "timeout_seconds": 4, "prompt_size": 200},
        },
    ),
    "no call, as the endpoint is the user's own": (0, {}, {"test": {"transport": "botocore", "timeout_seconds": 40}}),
    "a quota that is found": (0, {"requests_per_minute": 100}, {"model": {"id": NOVA}}),
    "words are counted for free": (2, {}, {"model": {**OFF, "id": SONNET}, "workload": {"input_tokens": 300}}),
    "words are counted by calls": (
        3,
        {},
        {"model": {**OFF, "id": NOVA}, "workload": {"input_tokens": 300, "output_tokens": 40}},
    ),
    "words are not counted": (
        2,
        {"denied": ["bedrock:InvokeModel*", "bedrock:CountTokens"]},
        {"model": {**OFF, "id": NOVA}, "workload": {"input_tokens": 300}},
    ),
    "prefixes are written": (
        4,
        {},
        {
            "model": {**OFF, "id": SONNET},
            "workload": {"input_tokens": 2000, "shared_prefix_tokens": 1500, "prefixes": 2, "cache": "1h"},
        },
    ),
    "prefixes are too short": (
        4,
        {},
        {
            "model": {**OFF, "id": SONNET},
            "workload": {"input_tokens": 2000, "shared_prefix_tokens": 500, "prefixes": 2, "cache": "5m"},
        },
    ),
    "a file": (1, {}, {"workload": {"file": "FILE", "on_bad": "skip"}, "test": {"preflight": True}}),
    "a trace": (3, {}, {"arrivals": {"trace": "TRACE"}, "model": {**OFF, "id": SONNET}, "test": {"preflight": True}}),
    "2,000 users": (0, {}, {"concurrency": {"start": 2000, "end": 2000}}),
}


def prepared(simulator: Simulator, folder: Path, sections: dict[str, Any]) -> Preparation:
    """For runs on this simulator, which is also the account."""
    text = json.dumps({"model": OFF, "concurrency": ONE_LEVEL, **sections})
    text = text.replace("FILE", str(folder / "requests.jsonl")).replace("TRACE", str(folder / "trace.jsonl"))
    values = json.loads(text) | {"aws": {"region": "us-east-1", "control_endpoint_url": simulator.url}}
    (folder / "config.json").write_text(json.dumps(values), encoding="utf-8")
    parser = get_empty_argument_parser()
    options.add_options(parser, None)
    environment = Environment(host=simulator.url)
    environment.parsed_options = parser.parse_args(["--bedrock-config", str(folder / "config.json")])
    return Preparation(environment, local=True)


def told(
    simulator: Simulator, folder: Path, calls: int, sections: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> list[str]:
    """What is done and known before the load."""
    caplog.clear()
    made = prepared(simulator, folder, sections)
    client = made.connect()
    made.look_up_account()
    made.try_one_call(client, made.settings)
    config: Any = client.meta.config
    first = public(made.first_call) if made.first_call else {}
    kept = {name: value for name, value in first.items() if not name.endswith(("_ms", "request_id"))}
    about = {name: without(part, "sha256", "bytes") for name, part in made.about_file().items()}
    plan = made.plan([made.replay.level()] if made.replay else stock_levels(made.settings))
    assert plan is not None
    # What a first call decides goes with its latency.
    lines = [] if made.first_call and made.survey else plan.lines()
    known, words = made.prepared, made.calibrations.items()
    return [
        f"client: {config.connect_timeout:g} and {config.read_timeout:g} s, {config.max_pool_connections} connections",
        *(f"called: {called(one)}" for one in simulator.ended(calls)),
        *([f"first: {json.dumps(kept)}"] if kept else []),
        *(f"{model}: {one.per_word:.3f} a word, {one.rest:.1f} besides, by {one.source}" for model, one in words),
        f"for workers: {known.format!r}, bad {known.bad}, hash {bool(known.sha256)}, prefix {bool(known.prefix)}",
        *([f"run.json: {json.dumps(about)}"] if about else []),
        *(f"plan: {one}" for one in lines),
        *(f"{record.levelname}: {record.message}" for record in caplog.records if "bedrock-locust" in record.message),
    ]


def without(part: dict[str, Any], *names: str) -> dict[str, Any]:
    """A part of run.json without some of its members."""
    return {name: value for name, value in part.items() if name not in names}


COUNTED = ("input_tokens", "output_tokens", "cache_write_tokens", "cache_read_tokens")


def called(one: dict[str, Any]) -> str:
    """A call as the service saw it."""
    counts = ", ".join(f"{name} {one[name]}" for name in COUNTED if one.get(name))
    return f"{one['operation']} of {one.get('model_id', one.get('model'))}: {one['outcome']} {counts}"


def test_preparations_are_as_they_were_read_and_approved(
    simulator: Simulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every line of them, without times and ids."""
    caplog.set_level(logging.INFO)
    records = [{"prompt": "How high is the tide?"}, {"prompt": 5}, {"prompt": "And now?", "max_tokens": 7}]
    (tmp_path / "requests.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in records), encoding="utf-8")
    trace = [{"timestamp": 500 * n + 250, "input_length": 400 + n, "output_length": 20} for n in range(4)]
    (tmp_path / "trace.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in trace), encoding="utf-8")
    parts = []
    for name, (calls, behaviour, sections) in CASES.items():
        simulator.set(**{**FAST, **behaviour})
        simulator.request("DELETE", "/_simulator/calls")
        lines = told(simulator, tmp_path, calls, sections, caplog)
        parts.append("\n".join([f"# {name}", *(one.replace(str(tmp_path), "DIR") for one in lines)]))
    check_text("preparations.txt", "\n\n".join(parts) + "\n")


ANSWERS: dict[str, tuple[int, bytes]] = {
    "throttled": (429, b'{"message":"Too many requests"}'),
    "a token that has expired": (403, b'{"message":"Bearer Token has expired"}'),
    "denied": (403, b'{"message":"not authorized to perform: bedrock:InvokeModel"}'),
    "a signature that is refused": (403, b'{"message":"The security token included in the request is invalid."}'),
    "no such model": (404, b'{"message":"The provided model identifier is invalid."}'),
    "a model that is gone": (404, b'{"message":"This model version has reached the end of its life."}'),
    "a request that is wrong": (400, b'{"message":"Malformed input request"}'),
    "not ready": (424, b'{"message":"model error"}'),
    "a time-out": (408, b'{"message":"timed out"}'),
    "an error of the service": (500, b'{"message":"oops"}'),
    "unavailable": (503, b'{"message":"busy"}'),
    "a page": (200, b"<html>Log in</html>"),
    "sent elsewhere": (302, b""),
}


def test_refusals_of_the_first_call_are_as_they_were_read_and_approved(caplog: pytest.LogCaptureFixture) -> None:
    """Each ends the run before it begins, or is a warning."""
    parts = []
    for name, (status, body) in ANSWERS.items():
        caplog.clear()
        with serving(in_pieces([response(body, status=f"{status} Status")])) as server:
            said = refused(server.url, {"preflight": True, "streaming": False})
        logged = [record.message for record in caplog.records if "bedrock-locust" in record.message]
        lines = [*([f"refused: {said}"] if said else []), *logged]
        parts += [f"# {status}, {name}", *(line.replace(server.url, "URL") for line in lines)]
    check_text("preflights.txt", "\n".join(parts) + "\n")


def refused(url: str, test: dict[str, Any]) -> str:
    """Why no run can begin; empty if one can."""
    settings = Settings.model_validate({"model": {"id": "m"}, "aws": {"endpoint_url": url}, "test": test})
    try:
        preflight(connect(settings, simulator=True, version="1"), settings, simulator=False, local=True)
    except SettingsError as error:
        return str(error)
    return ""
