"""What is made ready for each run, and what is kept from one run to the next."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from locust.argument_parser import get_empty_argument_parser
from locust.env import Environment

from bedrock_locust.aws.preparation import Preparation
from bedrock_locust.settings import options

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.simulator.process import Simulator


def prepared(simulator: Simulator, folder: Path, **sections: Any) -> Preparation:
    """For runs on this simulator."""
    (folder / "config.json").write_text(json.dumps({"aws": {"region": "us-east-1"}, "model": {"id": "m"}, **sections}))
    parser = get_empty_argument_parser()
    options.add_options(parser, None)
    environment = Environment(host=simulator.url)
    environment.parsed_options = parser.parse_args(["--bedrock-config", str(folder / "config.json")])
    return Preparation(environment, local=True)


def test_words_are_counted_once_for_the_same_requests(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second run has the counts of the first, unless something about its requests has changed."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    preparation = prepared(simulator, tmp_path, workload={"input_tokens": 300}, test={"preflight": False})
    client = preparation.connect()
    preparation.try_one_call(client, preparation.settings)
    first = preparation.calibration
    assert first
    preparation.try_one_call(client, preparation.settings)
    assert preparation.calibration is first
    client, settings = preparation.check_form({"bedrock_model": "other"})
    preparation.try_one_call(client, settings)
    assert preparation.calibration is not first
