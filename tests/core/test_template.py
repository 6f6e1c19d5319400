"""`test.request` is checked before the first call."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Settings
from bedrock_locust.workload.template import checked

from .test_request import settings_of

SECRET = "a secret text"


@pytest.mark.parametrize(
    ("api", "model", "template", "words"),
    [
        ("converse", "m", {"messages": [SECRET]}, "test.request.messages cannot be set: test.prompt_template"),
        ("converse", "m", {"inferenceConfig": {"maxTokens": 5}}, "maxTokens cannot be set: set test.max_tokens"),
        ("converse", "m", {"inferenceConfig": {"temperature": 1}}, "temperature cannot be set: set test.temperature"),
        ("converse", "m", {"inferenceConfig": SECRET}, "test.request.inferenceConfig must be an object"),
        ("converse", "m", {"modelId": SECRET}, "test.request.modelId cannot be set: set model.id"),
        ("converse", "m", {"performanceConfig": {}}, "test.request.performanceConfig cannot be set: set model.latency"),
        ("converse", "m", {"performanceConfig": {"latency": "optimized"}}, "cannot be set: set model.latency"),
        ("converse", "m", {"serviceTier": {"type": "flex"}}, "serviceTier cannot be set: set model.service_tier"),
        ("converse", "m", {"sytem": SECRET}, "sytem is not known"),
        ("converse", "m", {"system": SECRET}, "test.request: system must be a list"),
        ("invoke", "meta.llama3-8b", {"prompt": SECRET}, "test.request.prompt cannot be set"),
        ("invoke", "meta.llama3-8b", {"max_gen_len": 5}, "test.request.max_gen_len cannot be set: set test.max_tokens"),
        ("invoke", "anthropic.claude-3", {"sistem": SECRET}, "no member of the API invoke: did you mean system?"),
        ("invoke", "amazon.titan-text-lite-v1", {"textGenerationConfig": 5}, "must be an object"),
        ("invoke", "amazon.titan-text-lite-v1", {"textGenerationConfig": {"maxTokenCount": 5}}, "set test.max_tokens"),
        ("responses", "m", {"stream": True}, "test.request.stream cannot be set: set test.streaming"),
        ("chat", "m", {"modle": SECRET}, "test.request.modle is no member of the API chat"),
        ("messages", "m", {"messages": []}, "test.request.messages cannot be set"),
        ("responses", "m", {"background": True}, "bedrock-runtime has none: set model.endpoint to mantle"),
    ],
)
def test_a_wrong_template_is_one_line(api: str, model: str, template: dict[str, Any], words: str) -> None:
    """It names the member and what to do, and shows nothing of what is in it."""
    with pytest.raises(SettingsError) as refused:
        checked(settings_of(api, model, request=template))
    assert words in str(refused.value)
    assert SECRET not in str(refused.value)
    assert len(refused.value.lines) == 1


@pytest.mark.parametrize(
    ("api", "model", "template"),
    [
        ("converse", "m", {"inferenceConfig": {"topP": 0.5, "stopSequences": ["x"]}, "requestMetadata": {"a": "b"}}),
        ("converse", "m", {"additionalModelRequestFields": {"thinking": {"any": [1]}}}),
        ("invoke", "amazon.titan-text-lite-v1", {"textGenerationConfig": {"topP": 0.5}}),
        ("invoke", "anthropic.claude-3", {"tools": [], "system": "Be brief."}),
        ("responses", "m", {"instructions": "Be brief.", "store": True}),
        ("chat", "m", {"reasoning_effort": "low"}),
        ("messages", "m", {"system": "Be brief.", "thinking": {"type": "enabled", "budget_tokens": 1024}}),
    ],
)
def test_a_right_template_passes(api: str, model: str, template: dict[str, Any]) -> None:
    """Members that no other setting decides."""
    settings = settings_of(api, model, request=template)
    assert checked(settings) is settings


def test_the_background_is_for_streams_that_are_stored() -> None:
    """On bedrock-mantle only."""
    background = {"background": True, "store": True}
    model = {"id": "openai.gpt-5.5", "api": "responses", "endpoint": "mantle"}

    def of(template: dict[str, Any], *, whole: bool) -> Settings:
        test = {"non_streaming": whole, "request": template}
        return Settings.model_validate({"model": model, "test": test})

    checked(of(background, whole=False))
    for template, whole, words in (
        (background, True, "set test.non_streaming to false"),
        ({"background": True}, False, "set test.request.store to true"),
    ):
        with pytest.raises(SettingsError, match=words):
            checked(of(template, whole=whole))


def test_a_stream_has_members_of_its_own() -> None:
    """ConverseStream knows one that Converse does not; a run with both modes can have neither."""
    template = {"guardrailConfig": {"streamProcessingMode": "async"}}
    checked(settings_of(non_streaming=False, request=template))
    with pytest.raises(SettingsError, match="members of Converse in boto3"):
        checked(settings_of(request=template))
