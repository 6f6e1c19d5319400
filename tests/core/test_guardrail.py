"""Guardrails in `test.request`, for each API that takes one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Settings
from bedrock_locust.workload.request import request
from bedrock_locust.workload.template import checked

CONFIG = {"guardrailIdentifier": "g1", "guardrailVersion": "DRAFT", "trace": "enabled"}


def settings_of(api: str, config: Any = CONFIG, **model: Any) -> Settings:
    """Settings with a guardrail in the requests of an API."""
    about = {"id": "anthropic.claude-x", "api": api, **model}
    return Settings.model_validate({"model": about, "test": {"request": {"guardrailConfig": config}}})


def test_it_goes_where_the_api_takes_it() -> None:
    """Into the body by Converse, into arguments by InvokeModel, into headers elsewhere, beside those of a project."""
    assert request(checked(settings_of("converse")), "Hi")["guardrailConfig"] == CONFIG
    arguments = request(checked(settings_of("invoke")), "Hi")
    assert {name: arguments[name] for name in CONFIG} == CONFIG | {"trace": "ENABLED"}
    assert "guardrailConfig" not in json.loads(arguments["body"])
    arguments = request(checked(settings_of("messages", project="p")), "Hi")
    assert "guardrailConfig" not in arguments
    assert arguments["extra_headers"] == {
        "x-amzn-bedrock-guardrailidentifier": "g1",
        "x-amzn-bedrock-guardrailversion": "DRAFT",
        "x-amzn-bedrock-trace": "ENABLED",
        "anthropic-workspace": "p",
    }
    untraced = {name: value for name, value in CONFIG.items() if name != "trace"}
    assert len(request(checked(settings_of("messages", untraced)), "Hi")["extra_headers"]) == 2


@pytest.mark.parametrize(
    ("api", "config", "model", "words"),
    [
        ("messages", CONFIG, {"endpoint": "mantle"}, "bedrock-mantle ignores guardrails"),
        ("responses", CONFIG, {"id": "us.openai.gpt-6"}, "Responses ignores guardrails"),
        ("invoke", {"guardrailIdentifier": "g1"}, {}, "guardrailConfig.guardrailVersion is required"),
        ("messages", {"guardrailVersion": "1"}, {}, "guardrailConfig.guardrailIdentifier is required"),
        ("messages", {**CONFIG, "id": "g"}, {}, "guardrailConfig.id is not known"),
        ("messages", {**CONFIG, "trace": 5}, {}, "guardrailConfig.trace"),
        ("messages", "g1", {}, "guardrailConfig must be an object"),
    ],
)
def test_one_that_would_do_nothing_is_refused(api: str, config: Any, model: dict[str, Any], words: str) -> None:
    """Before the first call, in a line."""
    with pytest.raises(SettingsError, match=words) as refused:
        checked(settings_of(api, config, **model))
    assert len(refused.value.lines) == 1
