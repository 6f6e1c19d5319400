"""The list of models of bedrock-mantle, and counting for Messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bedrock_locust.simulator import listing, surfaces

from .process import Simulator
from .test_surfaces import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def mantle() -> Iterator[Simulator]:
    """A simulator of bedrock-mantle."""
    made = Simulator("--endpoint", "mantle")
    yield made
    assert made.stop() == (0, "", "")


def test_models(mantle: Simulator) -> None:
    """bedrock-mantle lists its models below `/v1` and nowhere else; each of them has a path for an API."""
    status, _, body = mantle.request("GET", "/v1/models")
    said = json.loads(body)
    assert (status, said["object"]) == (200, "list")
    assert [model["id"] for model in said["data"]] == list(listing.MODELS)
    assert mantle.request("GET", "/openai/v1/models")[0] == 404
    assert mantle.request("POST", "/v1/models", b"{}")[0] == 404
    for name in listing.MODELS:
        api, prefix = ("messages", "/anthropic") if name.startswith("anthropic.") else ("chat", "")
        prefixed = "/openai" if api == "chat" and surfaces._OPENAI_PREFIX.match(name) else prefix
        path = prefixed + {"messages": "/v1/messages", "chat": "/v1/chat/completions"}[api]
        asked = surfaces.asked(api, json.dumps({"model": name}).encode())
        asked.check(path, "mantle")
        assert asked.model_id == name


def test_counting_for_messages(mantle: Simulator) -> None:
    """The count is that of the call itself; no limit of the answer is needed; what is wrong is refused."""
    asked = MESSAGES | {"model": "anthropic.claude-opus-5"}
    _, _, answer = mantle.request("POST", "/anthropic/v1/messages", json.dumps(asked).encode())
    count = {name: value for name, value in asked.items() if name != "max_tokens"}
    status, _, body = mantle.request("POST", surfaces.COUNT_PATH, json.dumps(count).encode())
    assert (status, json.loads(body)) == (200, {"input_tokens": json.loads(answer)["usage"]["input_tokens"]})
    for wrong in (b"{", b"[]", b'{"model": "anthropic.claude-x", "messages": []}', b'{"model": "qwen.qwen3-32b"}'):
        status, _, body = mantle.request("POST", surfaces.COUNT_PATH, wrong)
        assert status in (400, 404)
        assert json.loads(body)["type"] == "error"


def test_the_list_needs_what_calls_need() -> None:
    """A key, and the permission for it: the one refusal of IAM with status 403 where OpenAI's APIs are spoken."""
    simulator = Simulator("--endpoint", "mantle", "--bearer-token", "k", "--denied", '["bedrock-mantle:List*"]')
    for headers, status in (({}, 401), ({"authorization": "Bearer k"}, 403)):
        found, _, body = simulator.request("GET", listing.MODELS_PATH, headers=headers)
        assert (found, json.loads(body)["error"]["type"]) == (status, "permission_denied_error")
    assert simulator.stop() == (0, "", "")
