"""All that the doctor finds, line by line, in a golden file: in good health, and with each thing broken in turn.

`UPDATE_GOLDEN=1 pytest tests/core/test_whole_doctors.py` writes it anew: read the difference.
"""

from __future__ import annotations

import re
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import gevent
import pytest

from bedrock_locust.aws import doctor
from bedrock_locust.aws.doctor import examine
from bedrock_locust.settings.schema import Settings
from tests.simulator.conftest import FAST

from .golden_files import check_text
from .raw_server import response, serving

if TYPE_CHECKING:
    import socket

    from tests.simulator.process import Simulator

pytestmark = pytest.mark.usefixtures("made_up_keys")

MODEL = "us.anthropic.claude-haiku-5-5"
QUOTA = "Cross-region model inference tokens per minute for Anthropic Claude Haiku 5.5"
ARN = "arn:aws:bedrock:us-east-1:123456789012:prompt-router/r1"

Case = tuple[dict[str, Any], dict[str, Any]]
CASES: dict[str, Case] = {
    "all is well": ({"tokens_per_minute": 1000, "requests_per_minute": 60}, {}),
    "one mode, and a rate": (
        {"tokens_per_minute": 1000, "output_tokens": 1},
        {"test": {"streaming": False}, "arrivals": {"rates": [2], "max_in_flight": 7}},
    ),
    "no control plane, a quota of the other endpoint": (
        {},
        {
            "aws": {"control_endpoint_url": None},
            "test": {"non_streaming": False},
            "model": {"id": MODEL, "input_tokens_per_minute": 5},
        },
    ),
    "a quota by hand that is not the account's": (
        {"tokens_per_minute": 1000},
        {"model": {"id": MODEL, "tokens_per_minute": 900}},
    ),
    "a quota of 0, and a model that goes": ({"more_quotas": {QUOTA: 0}, "legacy": True, "no_streaming": True}, {}),
    "no permission": (
        {"denied": ["sts:*", "servicequotas:*", "bedrock:Get*", "bedrock:InvokeModel*"]},
        {"concurrency": {"start": 1, "end": 1}},
    ),
    "throttled": ({"faults": {"ThrottlingException": 1}, "tokens_per_minute": 1000}, {}),
    "a router that nobody may ask about": (
        {"denied": ["bedrock:GetPromptRouter"]},
        {"model": {"id": ARN, "api": "invoke"}},
    ),
    "a search without a lookup": (
        {},
        {
            "model": {"id": MODEL, "quota_lookup": "off"},
            "search": {"for": "rate", "most": 9},
            "slo": {"ttft_ms": 9},
        },
    ),
    "another API": (
        {},
        {"model": {"id": "openai.gpt-oss-120b", "api": "chat"}, "concurrency": {"start": 1, "end": 1}},
    ),
    "mantle, of which the simulator plays none": (
        {},
        {"model": {"id": "openai.gpt-oss-120b", "api": "chat", "endpoint": "mantle"}, "test": {"streaming": False}},
    ),
    "a region that is not known": ({}, {"aws": {"region": "mars-1"}, "test": {"streaming": False}}),
}


def examined(url: str, sections: dict[str, Any]) -> list[str]:
    """Each line, without what changes from time to time."""
    aws = {"region": "us-east-1", "endpoint_url": url, "control_endpoint_url": url, **sections.get("aws", {})}
    values = {"model": {"id": MODEL}, "test": {"timeout_seconds": 5}, **sections, "aws": aws}
    lines = [str(finding) for finding in examine(Settings.model_validate(values))]
    # Which regions are similar depends on those that this boto3 knows.
    lines = [re.sub(r"(?<=similar names are ).*", "...", line.replace(url, "URL")) for line in lines]
    return [re.sub(r"\d+(\.\d+)? ms", "# ms", line) for line in lines]


def test_findings_are_as_they_were_read_and_approved(simulator: Simulator) -> None:
    """Every line of them."""
    parts = []
    for name, (behaviour, sections) in CASES.items():
        simulator.set(**{**FAST, **behaviour})
        parts.append("\n".join([f"# {name}", *examined(simulator.url, sections)]))
    check_text("doctor.txt", "\n\n".join(parts) + "\n")


def test_a_service_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It connects, and is not waited for forever: not for the time, and not for an answer."""
    monkeypatch.setattr(doctor, "CONNECT_TIMEOUT_S", 0.2)

    def answer(peer: socket.socket, request: bytes) -> None:
        if b"converse" not in request:
            gevent.sleep(3)
        peer.sendall(response(b"{}", status="500 No"))

    with serving(answer) as server, gevent.Timeout(30):
        found = examined(server.url, {"aws": {"control_endpoint_url": None}, "test": {"streaming": False}})
    [clock] = [line for line in found if " clock " in line]
    assert clock == "note  clock        the endpoint does not say what time it is"
    assert [line[:5] for line in found if " model " in line] == ["FAIL "]


@pytest.mark.parametrize(
    ("off_s", "line"),
    [
        (0, "ok    clock        right"),
        (1, "ok    clock        right"),
        (-30, "ok    clock        N s ahead of the service's"),
        (30, "ok    clock        N s behind the service's"),
        (-55, "ok    clock        N s ahead of the service's"),
        (-65, "note  clock        N s ahead of the service's"),
        (70, "note  clock        N s behind the service's"),
        (-290, "note  clock        N s ahead of the service's"),
        (
            310,
            (
                "FAIL  clock        N s behind the service's: AWS refuses what is signed more than 5 minutes off;"
                " set it with NTP"
            ),
        ),
        ("soon", "note  clock        the endpoint does not say what time it is"),
    ],
)
def test_the_clock(off_s: float | str, line: str) -> None:
    """By the date of an answer: some seconds off, more than a minute, more than five."""
    asked: list[bytes] = []

    def answer(peer: socket.socket, request: bytes) -> None:
        asked.append(request)
        date = off_s if isinstance(off_s, str) else formatdate(time.time() + off_s, usegmt=True)
        peer.sendall(response(b"{}", "X-Date: no", f"Date: {date}"))

    with serving(answer) as server:
        found = examined(server.url, {"test": {"timeout_seconds": 2, "streaming": False}})
        host = server.url.removeprefix("http://")
    seen = [re.sub(r"\d+ s (ahead|behind)", r"N s \1", one) for one in found if " clock " in one]
    assert seen == [line]
    assert f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode() in asked
