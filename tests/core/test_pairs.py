"""Pairs of API, endpoint and model that no call can have."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bedrock_locust.formats.apis import CHAT, MESSAGES, RESPONSES, path_of
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.pairs import provider_id
from bedrock_locust.settings.schema import build
from bedrock_locust.simulator import surfaces
from bedrock_locust.simulator.errors import ServiceError


def lines(test: dict[str, Any] | None = None, **model: Any) -> tuple[str, ...]:
    """What is wrong with these settings of the model."""
    try:
        build({"model": {"id": "m", **model}, "test": test or {}}, {}, "config.json")
    except SettingsError as error:
        return error.lines
    return ()


CLAUDE, GPT = "us.anthropic.claude-opus-5", "us.openai.gpt-5.6-sol"


@pytest.mark.parametrize(
    "model",
    [
        {"id": CLAUDE, "api": "messages"},
        {"id": CLAUDE, "api": "converse"},
        {"id": CLAUDE, "api": "invoke"},
        {"id": GPT, "api": "responses"},
        {"id": GPT, "api": "chat"},
        {"id": "openai.gpt-oss-120b-1:0", "api": "chat"},
        {"id": "anthropic.claude-opus-5", "api": "messages", "endpoint": "mantle"},
        {"id": "openai.gpt-5.6-sol", "api": "responses", "endpoint": "mantle"},
        {"id": "qwen.qwen3-32b", "api": "chat", "endpoint": "mantle", "input_tokens_per_minute": 5},
        {"id": "a-model-of-next-year", "api": "responses", "endpoint": "mantle"},
        {"id": "amazon.another-model", "api": "chat"},
        {"id": "us.deepseek.r1-v1:0", "api": "chat"},
        {"id": "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2", "api": "messages"},
    ],
)
def test_what_may_be_possible_is_not_refused(model: dict[str, Any]) -> None:
    """Ids are opaque: only what holds for a whole provider or endpoint is refused."""
    assert lines(**model) == ()


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (
            {"id": "anthropic.claude-opus-5", "endpoint": "mantle"},
            "set model.api to messages, or model.endpoint to runt",
        ),
        ({"id": "m", "endpoint": "mantle", "api": "invoke"}, "set model.api to responses or chat, or model.endpoint"),
        ({"id": CLAUDE, "api": "chat"}, "Claude does not speak: set model.api to messages"),
        ({"id": CLAUDE, "api": "responses"}, "Claude does not speak: set model.api to messages"),
        ({"id": GPT, "api": "messages"}, "only Claude speaks: set model.api to responses or chat, or model.api"),
        ({"id": "us.amazon.nova-pro-v1:0", "api": "chat"}, "Nova does not speak: set model.api to converse or invoke"),
        ({"id": "amazon.titan-text-lite-v1", "api": "responses"}, "Titan does not speak: set model.api to converse or"),
        ({"id": "us.meta.llama4-scout-17b-v1:0", "api": "chat"}, "Llama does not speak: set model.api to converse or"),
        ({"id": "cohere.command-r-v1:0", "api": "responses"}, "Command does not speak: set model.api to converse or"),
        ({"id": "ai21.jamba-1-5-mini-v1:0", "api": "chat"}, "Jamba does not speak: set model.api to converse or"),
        ({"id": "us.writer.palmyra-x5-v1:0", "api": "chat"}, "Palmyra does not speak: set model.api to converse or"),
        ({"id": "us.amazon.nova-2-lite-v1:0", "api": "messages"}, "set model.api to converse or invoke"),
        (
            {"id": "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2", "api": "responses"},
            "takes no application inference profile",
        ),
        (
            {"id": GPT, "api": "chat", "endpoint": "mantle"},
            "model.id to 'openai.gpt-5.6-sol', or model.endpoint to",
        ),
        (
            {"id": "openai.gpt-oss-120b-1:0", "api": "chat", "endpoint": "mantle"},
            "version: set model.id to 'openai.gpt-oss",
        ),
        ({"id": "qwen.qwen3-32b-v1:0", "api": "chat", "endpoint": "mantle"}, "set model.id to 'qwen.qwen3-32b'"),
        (
            {
                "id": "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.openai.gpt-6",
                "api": "chat",
                "endpoint": "mantle",
            },
            "set model.id to 'openai.gpt-6'",
        ),
        ({"api": "chat", "endpoint": "mantle", "service_tier": "reserved"}, "bedrock-mantle refuses"),
        ({"api": "responses", "latency": "optimized"}, "remove model.latency"),
        ({"id": CLAUDE, "api": "messages", "service_tier": "flex"}, "remove model.service_tier"),
    ],
)
def test_impossible_pairs(model: dict[str, Any], words: str) -> None:
    """One line each, with what to set instead."""
    [line] = lines(**model)
    assert words in line


RUNTIME_IDS = {
    "anthropic.claude-opus-5": CLAUDE,
    "anthropic.claude-opus-4-6": "us.anthropic.claude-opus-4-6-v1",
    "anthropic.claude-haiku-4-5-20251001": "global.anthropic.claude-haiku-4-5-20251001-v1:0",
    "openai.gpt-5.6-sol": GPT,
    "openai.gpt-5.4": None,
    "openai.gpt-6": "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.openai.gpt-6",
    "openai.gpt-oss-120b": "openai.gpt-oss-120b-1:0",
    "openai.gpt-oss-20b": "openai.gpt-oss-20b-1:0",
    "openai.gpt-oss-safeguard-20b": "openai.gpt-oss-safeguard-20b",
    "xai.grok-4.6": "us.xai.grok-4.6",
    "xai.grok-4.3": None,
    "qwen.qwen3-32b": "qwen.qwen3-32b-v1:0",
    "qwen.qwen3-next-80b-a3b": "qwen.qwen3-next-80b-a3b",
    "deepseek.v3.1": None,
    "zai.glm-4.6": None,
    "google.gemma-4-27b": None,
    "mistral.mistral-large-3": "mistral.mistral-large-3-675b-instruct",
    "amazon.nova-pro": "us.amazon.nova-pro-v1:0",
    "amazon.titan-text-express": "amazon.titan-text-express-v1",
    "meta.llama3-70b-instruct": "meta.llama3-70b-instruct-v1:0",
    "cohere.command-r": "cohere.command-r-v1:0",
    "ai21.jamba-1-5-mini": "ai21.jamba-1-5-mini-v1:0",
    "writer.palmyra-x5": "us.writer.palmyra-x5-v1:0",
    "deepseek.r1": "us.deepseek.r1-v1:0",
    "a-model-of-next-year": "a-model-of-next-year",
}
"""The id of a model on bedrock-runtime, by its bare id; None where it is only on bedrock-mantle."""
MODELS = tuple({model_id: None for pair in RUNTIME_IDS.items() for model_id in pair if model_id})
APIS = ("converse", "invoke", "responses", "chat", "messages")
DOCUMENTED = {
    "anthropic.": {"converse", "invoke", "messages"},
    "amazon.": {"converse", "invoke"},
    **{start: {"converse", "invoke"} for start in ("meta.", "cohere.", "ai21.", "writer.")},
    "qwen.": {"converse", "invoke", "chat"},
    "deepseek.v3": {"converse", "invoke", "chat"},
    "google.gemma-4": {"responses", "chat"},
    "openai.gpt-5": {"responses", "chat"},
    "xai.": {"responses", "chat"},
}
"""Rows of the table in docs/apis.md."""


def known(model_id: str) -> str:
    """The model of an id, as `RUNTIME_IDS` has it."""
    return next(bare for bare, other in RUNTIME_IDS.items() if model_id in (bare, other))


def documented(model_id: str) -> set[str]:
    """The APIs of a model by docs/apis.md."""
    return next((apis for start, apis in DOCUMENTED.items() if known(model_id).startswith(start)), set(APIS))


def offered(line: str, model_id: str) -> list[dict[str, str]]:
    """The settings of the model that a message tells to set: each alternative, and each of its APIs.

    Where it describes the id in words, it is the real one.
    """
    found = []
    for alternative in line.split(": set ", 1)[1].split(", or "):
        changes = dict(re.findall(r"model\.(\w+) to (.+?)(?= and model\.|$)", alternative))
        assert changes, line
        if "id" in changes:
            quoted = re.search("'(.+)'", changes["id"])
            changes["id"] = quoted[1] if quoted else str(RUNTIME_IDS[known(model_id)])
        apis = re.split(", | or ", changes.pop("api")) if "api" in changes else [""]
        found += [{**changes, **({"api": api} if api else {})} for api in apis]
    return found


OPEN_APIS = {"responses": RESPONSES, "chat": CHAT, "messages": MESSAGES}


def serve(api: str, model_id: str, endpoint: str) -> None:
    """Let the simulator of an endpoint look at a call. Raises `ServiceError` if it refuses it."""
    if api in ("converse", "invoke"):
        assert endpoint == "runtime"
        return
    path = path_of(OPEN_APIS[api], endpoint, model_id)  # type: ignore[arg-type]
    name = surfaces.name_of("POST", path, endpoint)  # type: ignore[arg-type]
    assert name == api
    body = {"model": model_id, "max_completion_tokens": 16}
    surfaces.asked(name, json.dumps(body).encode()).check(path, endpoint)  # type: ignore[arg-type]


NO_OPENAI = ("anthropic.", "amazon.", "meta.", "cohere.", "ai21.", "writer.")
WITHOUT_OPENAI = [m for m in MODELS if known(m).startswith(NO_OPENAI)]


@pytest.mark.parametrize("endpoint", ["runtime", "mantle"])
@pytest.mark.parametrize("api", ["responses", "chat"])
@pytest.mark.parametrize("model_id", WITHOUT_OPENAI)
def test_apis_that_no_model_of_a_provider_has(model_id: str, api: str, endpoint: str) -> None:
    """What the simulator refuses for a whole provider is refused before the first call."""
    with pytest.raises(ServiceError):
        serve(api, model_id, endpoint)
    [line] = lines(id=model_id, api=api, endpoint=endpoint)
    assert "does not speak: set model.api to" in line


@pytest.mark.parametrize("endpoint", ["runtime", "mantle"])
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("model_id", MODELS)
def test_the_pair_that_works_does(model_id: str, api: str, endpoint: str) -> None:
    """Whatever a message offers is accepted at once, is an API that the model has, and is served by the endpoint."""
    asked: dict[str, Any] = {"id": model_id, "api": api, "endpoint": endpoint}
    for line in lines(**asked):
        for change in offered(line, model_id):
            then = asked | change
            assert lines(**then) == (), change
            assert then["api"] in documented(model_id), change
            assert then["endpoint"] == "mantle" or RUNTIME_IDS[known(model_id)], change
            serve(then["api"], then["id"], then["endpoint"])


@pytest.mark.parametrize("model_id", [one for one, other in RUNTIME_IDS.items() if other not in (one, None)])
def test_an_id_for_runtime_is_named_or_described(model_id: str) -> None:
    """Ids differ by endpoint: a bare one does not go to bedrock-runtime as it is, and a named one is the real one."""
    [line] = lines(id=model_id, api="converse", endpoint="mantle")
    real = str(RUNTIME_IDS[model_id]).rsplit("/", 1)[-1]
    said = line.split("model.endpoint to runtime and model.id to ", 1)[1]
    quoted = re.search("'(.+)'", said)
    assert (
        quoted[1] == real
        if quoted
        else said
        in (
            "that of an inference profile (us., global.)",
            "that of the model there",
        )
    )


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (
            {"id": "us.amazon.nova-pro-v1:0", "api": "invoke"},
            "does not have: set model.endpoint to runtime",
        ),
        (
            {"id": CLAUDE, "api": "converse"},
            "set model.api to messages and model.id to 'anthropic.claude-opus-5', or model.endpoint to runtime",
        ),
        (
            {"id": "qwen.qwen3-32b", "api": "messages"},
            "set model.api to chat, or model.api to chat, converse or invoke and",
        ),
        ({"id": "us.amazon.nova-pro-v1:0", "api": "chat"}, "set model.api to converse or invoke and model.endpoint to"),
        (
            {"id": "amazon.nova-pro", "api": "responses"},
            "set model.api to converse or invoke and model.endpoint to runtime and model.id to that of the model there",
        ),
        ({"id": "google.gemma-4-27b", "api": "converse"}, "does not have: set model.api to responses or chat"),
        (
            {"id": "openai.gpt-5.6-sol", "api": "messages"},
            "runtime and model.id to that of an inference profile, such as 'us.openai.gpt-5.6-sol'",
        ),
        (
            {"id": "anthropic.claude-opus-5", "api": "converse"},
            ", or model.endpoint to runtime and model.id to that of an inference profile, such as 'us.anthropic.claude",
        ),
        (
            {"id": "openai.gpt-oss-120b", "api": "invoke"},
            ", or model.endpoint to runtime and model.id to 'openai.gpt-oss-120b-1:0'",
        ),
        (
            {"id": "qwen.qwen3-32b-v1:0", "api": "responses"},
            "set model.api to chat and model.id to 'qwen.qwen3-32b', or model.api to chat, converse or invoke and",
        ),
        ({"id": "us.openai.gpt-5.4", "api": "chat"}, "version: set model.id to 'openai.gpt-5.4'"),
        (
            {"id": "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2", "api": "responses"},
            "set model.id to that of the model, or model.api to converse or invoke and model.endpoint to runtime",
        ),
        (
            {"id": "qwen.qwen3-32b", "api": "chat", "service_tier": "reserved"},
            "set another, or model.endpoint to runtime and model.id to 'qwen.qwen3-32b-v1:0'",
        ),
        (
            {"id": "google.gemma-4-27b", "api": "chat", "service_tier": "reserved"},
            "bedrock-mantle refuses: set another",
        ),
        ({"id": "m", "api": "chat", "latency": "optimized"}, "no latency mode: remove model.latency"),
        ({"id": "m", "api": "messages", "service_tier": "reserved"}, "no service tier: remove model.service_tier"),
    ],
)
def test_what_is_offered_on_mantle(model: dict[str, Any], words: str) -> None:
    """One round leads to settings that work; nothing is offered that the model lacks."""
    [line] = lines(**model, endpoint="mantle")
    assert words in line
    if " or " not in words:
        assert line.endswith(words)


def test_a_short_answer_of_responses() -> None:
    """The API refuses a limit below 16."""
    assert lines({"max_tokens": 16}, api="responses") == ()
    [line] = lines({"max_tokens": 15}, api="responses")
    assert "test.max_tokens below 16" in line


@pytest.mark.parametrize(
    ("model_id", "bare"),
    [
        ("global.anthropic.claude-opus-5", "anthropic.claude-opus-5"),
        ("us-gov.anthropic.claude-opus-5", "anthropic.claude-opus-5"),
        ("apac.amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0"),
        ("anthropic.claude-opus-5", "anthropic.claude-opus-5"),
        ("zai.glm-4.7", "zai.glm-4.7"),
        ("xai.grok-4.6", "xai.grok-4.6"),
        ("us.xai.grok-4.6", "xai.grok-4.6"),
        ("qwen.qwen3-32b", "qwen.qwen3-32b"),
    ],
)
def test_ids_without_region(model_id: str, bare: str) -> None:
    """A provider is not taken for a region."""
    assert provider_id(model_id) == bare
