"""What `run.json` says from the start: enough to make the run again, and no credential."""

from __future__ import annotations

import json

from bedrock_locust.recording.run_info import PACKAGES, first_info
from bedrock_locust.settings.schema import Settings
from bedrock_locust.workload.prompts import DEFAULT_TEMPLATE

KEYS = {"access_key_id": "AKIDMARKED", "secret_access_key": "marked-secret", "session_token": "marked-token"}


def test_it_has_settings_and_versions_but_no_credential() -> None:
    """The template of the prompts is there also where it is the usual one."""
    settings = Settings.model_validate({"model": {"id": "m"}, "aws": KEYS | {"region": "eu-west-1"}})
    info = first_info(settings, endpoint="https://e", simulator=False, levels=3, preflight={"latency_ms": 900})
    text = json.dumps(info)
    assert not [value for value in KEYS.values() if value in text]
    assert info["settings"]["test"]["prompt_template"] == DEFAULT_TEMPLATE
    assert info["settings"]["aws"]["region"] == "eu-west-1"
    assert {*PACKAGES, "bedrock-locust", "python"} == set(info["versions"])
    assert (info["ended"], info["levels_planned"], info["endpoint"]) == ("running", 3, "https://e")
    assert info["preflight"] == {"latency_ms": 900}


def test_each_run_has_a_name_of_its_own_and_its_own_template() -> None:
    """By which rows of another run are told apart."""
    settings = Settings.model_validate({"model": {"id": "m"}, "test": {"prompt_template": "Say {prompt}"}})
    one, other = (first_info(settings, endpoint="", simulator=True, levels=None, preflight=None) for _ in range(2))
    assert one["run"] != other["run"]
    assert one["settings"]["test"]["prompt_template"] == "Say {prompt}"
