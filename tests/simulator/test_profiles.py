"""Profiles: settings in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from bedrock_locust.simulator import profiles
from bedrock_locust.simulator.behaviour import Behaviour

from .calls import CLAUDE, converse
from .process import Simulator

if TYPE_CHECKING:
    from .conftest import ClientFactory


def test_profile(tmp_path: Path, new_client: ClientFactory) -> None:
    """A profile has settings for all models and for some; the command line comes before it."""
    profile = tmp_path / "profile.toml"
    profile.write_text('output_tokens = 3\ntokens_per_event = 2\nspread = 0\n[models."*claude*"]\noutput_tokens = 5\n')
    simulator = Simulator("--profile", str(profile), "--tokens-per-event", "1", "--ttft-ms", "0", "--tpot-ms", "0")
    try:
        client = new_client(simulator.url, 20)
        assert [converse(client, model)["usage"]["outputTokens"] for model in ("x", CLAUDE)] == [3, 5]
        settings = json.loads(simulator.request("GET", "/_simulator/settings")[2])
        assert (settings["tokens_per_event"], settings["models"]) == (1, {"*claude*": {"output_tokens": 5}})
    finally:
        assert simulator.stop() == (0, "", "")


def test_the_example_profile() -> None:
    """The profile in examples/ is one."""
    settings = profiles.load(str(Path(__file__).parents[2] / "examples" / "simulator-profile.toml"))
    assert Behaviour().changed(settings).models
