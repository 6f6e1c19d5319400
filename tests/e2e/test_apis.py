"""The stock benchmark with the APIs that boto3 does not have, by the real command against a second service."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from .checks import info, read
from .running import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .running import Place


@pytest.fixture
def service() -> Iterator[str]:
    """The address of the second service, in a process of its own."""
    command = [sys.executable, "-m", "tests.core.open_apis"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.mark.usefixtures("no_charts")
@pytest.mark.parametrize(
    ("api", "endpoint", "model", "operation", "title"),
    [
        ("responses", "runtime", "us.openai.gpt-5.6-sol", "responses", ", Responses"),
        ("chat", "mantle", "openai.gpt-oss-120b", "chat_completions", ", Chat Completions on bedrock-mantle"),
        ("messages", "mantle", "anthropic.claude-opus-5", "messages", ", Messages on bedrock-mantle"),
    ],
)
def test_the_benchmark(  # noqa: PLR0917 - what is tried
    place: Place, service: str, api: str, endpoint: str, model: str, operation: str, title: str
) -> None:
    """Both modes, with the call before the load: every call succeeds, and the report says by which API."""
    place.configure(
        {
            "model": {"id": model, "api": api, "endpoint": endpoint, "quota": None},
            "test": {"preflight": True},
            "concurrency": {"start": 2, "end": 2, "duration_seconds": 1},
        }
    )
    code, output = place.run("--host", service)
    assert code == 0, output
    assert "Traceback" not in output, output
    [run] = place.runs()
    rows = read(run / "requests.csv")
    assert {row["operation"] for row in rows} == {operation, f"{operation}_stream"}
    assert {(row["error"], row["output_tokens"], row["reasoning_tokens"]) for row in rows} <= {
        ("", "30", "9"),
        ("Cancelled", "", ""),
    }
    assert info(run)["preflight"]["operation"] == f"{operation}_stream"
    assert (run / "report.md").read_text().splitlines()[0].endswith(title)
