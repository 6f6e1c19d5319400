"""The members that bodies can have."""

from __future__ import annotations

import pytest

from bedrock_locust import formats
from bedrock_locust.formats.apis import CHAT, MESSAGES, RESPONSES
from bedrock_locust.workload.members import MEMBERS, members_of

from .test_request import settings_of


@pytest.mark.parametrize("name", formats.native_names())
def test_a_body_that_we_build_has_known_members(name: str) -> None:
    """The list of a format has at least what the format itself sends."""
    body = formats.native("m", name).body("Hello", 5, 0.5, "m")
    assert name == "imported" or name in MEMBERS, f"workload/members.py has no members of {name}"
    assert name == "imported" or set(body) <= MEMBERS[name]


def test_so_have_those_of_the_other_apis() -> None:
    """All but the model, which the settings name."""
    for name, api in (("responses", RESPONSES), ("chat", CHAT), ("messages", MESSAGES)):
        assert set(api.format.request("Hello", 5, 0.5, "m")) - {"model"} <= MEMBERS[name]


def test_the_settings_decide_which_list() -> None:
    """The format of the model, or the API; none for Converse, whose shapes boto3 has."""
    assert members_of(settings_of("invoke", "meta.llama3-8b")) == MEMBERS["llama"]
    assert members_of(settings_of("chat", "m")) == MEMBERS["chat"]
    assert members_of(settings_of()) == frozenset()
