"""Runs by the APIs that boto3 does not have, against the simulator: the rows are its ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .checks import info, read
from .running import free_port, post, serves, until

if TYPE_CHECKING:
    from .running import Place


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize(
    ("api", "endpoint", "model"),
    [
        ("responses", "mantle", "openai.gpt-5.6-sol"),
        ("chat", "runtime", "openai.gpt-oss-120b-1:0"),
        ("responses", "runtime", "us.openai.gpt-5.6-sol"),
        ("messages", "runtime", "us.anthropic.claude-opus-5"),
        pytest.param("chat", "mantle", "openai.gpt-5.6-sol", marks=pytest.mark.long),
        ("messages", "mantle", "anthropic.claude-opus-5"),
    ],
)
def test_rows_and_counts(place: Place, api: str, endpoint: str, model: str) -> None:
    """Every call succeeds, streamed and not; tokens are those that the simulator writes: 20, and 6 of reasoning."""
    place.configure(
        {
            "model": {"id": model, "api": api, "endpoint": endpoint, "quota": None},
            "concurrency": {"end": 1, "duration_seconds": 1},
        }
    )
    options = "--ttft-ms 40 --tpot-ms 4 --output-tokens 20 --spread 0 --reasoning-tokens 6"
    code, output = place.run(f"--bedrock-simulator={options}")
    assert code == 0, output
    [run] = place.runs()
    rows = [row for row in read(run / "requests.csv") if not row["error"]]
    assert info(run)["simulator"] is True
    assert {row["mode"] for row in rows} == {"streaming", "non_streaming"}
    if "gpt-5" in model:  # some of its answers have reasoning, which is hidden and counted
        assert {int(row["output_tokens"]) - int(row["reasoning_tokens"]) for row in rows} == {20}
        assert {int(row["reasoning_tokens"]) for row in rows} == {0, 6}
    else:
        assert {int(row["output_tokens"]) for row in rows} == {26 if "gpt-oss" in model else 20}
    assert all(int(row["input_tokens"]) > 0 for row in rows)
    for row in rows:
        if row["mode"] == "streaming":
            assert 40 <= float(row["ttft_ms"]) <= float(row["first_text_ms"]) <= float(row["last_token_ms"])
    assert f"api {api}" in output


def test_a_form_cannot_change_what_the_simulator_plays(place: Place) -> None:
    """It was started as the endpoint of the settings: the form says so, and no run of failures begins."""
    port = free_port()
    place.start("--web-host", "127.0.0.1", "--web-port", str(port), "--bedrock-simulator")
    base = f"http://127.0.0.1:{port}"
    until(lambda: serves(base), "page")
    model = {"bedrock_model": "anthropic.claude-opus-5", "bedrock_api": "messages", "bedrock_endpoint": "mantle"}
    answer = post(f"{base}/swarm", user_count="1", spawn_rate="1", **model)
    assert not answer["success"]
    assert "the simulator was started as bedrock-runtime" in answer["message"]
    assert "--bedrock-endpoint mantle" in answer["message"]
    assert place.runs() == []
