"""How many tokens a word has for the model: counted before the load, where requests have a length in tokens."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from bedrock_locust.settings.pairs import provider_id
from bedrock_locust.user import unrecorded
from bedrock_locust.workload.calibration import PROBES, Calibration
from bedrock_locust.workload.shapes import input_shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from bedrock_locust.settings.schema import Settings
    from bedrock_locust.workload.contract import Worded

logger = logging.getLogger(__name__)

PROBE_TOKENS = 16
"""Output tokens of a probe call: the least that all APIs take."""
_NAMED = re.compile(r"arn:[^/]*:(?:inference-profile|foundation-model)/.+")


def calibrate_each(
    client: BedrockRuntimeClient, settings: Settings, workloads: Mapping[str, Worded]
) -> dict[str, Calibration]:
    """Model -> how many tokens its words have, of those that could be counted."""
    found = {}
    for model_id, workload in workloads.items():
        own = settings.model_copy(update={"model": settings.model_named(model_id)})
        if calibration := calibrate(client, own, workload):
            found[model_id] = calibration
    return found


def calibrate(client: BedrockRuntimeClient, settings: Settings, workload: Worded) -> Calibration | None:
    """Count the tokens of two texts, with CountTokens or else with two calls; None where that fails.

    CountTokens is free. A run without a calibration begins with a token a word, and learns from its first calls.
    """
    found = _counted(client, settings, workload) or _called(client, settings, workload)
    if found is None:
        logger.warning(
            "bedrock-locust: the tokens of a word could not be counted before the load: the first prompts may be longer"
            " or shorter than asked for"
        )
        return None
    logger.info(
        "bedrock-locust: a word of the prompts has %.2f tokens for %s, and the rest of a request %.0f (%s)",
        *(found.per_word, settings.model.id, found.rest, found.source),
    )
    return found


def bare_id(model_id: str) -> str:
    """The id of the foundation model, for which CountTokens counts; empty where an id does not tell it."""
    hidden = model_id.startswith("arn:") and not _NAMED.fullmatch(model_id)
    return "" if hidden else provider_id(model_id)


def _counted(client: BedrockRuntimeClient, settings: Settings, workload: Worded) -> Calibration | None:
    """By CountTokens, which does not count for each model, API and caller."""
    model, count = settings.model, getattr(client, "count_tokens", None)
    model_id = bare_id(model.known_id)
    if count is None or not model_id or model.endpoint != "runtime" or model.api not in {"converse", "invoke"}:
        return None
    try:
        requests = {words: _countable(workload.probe(words, _limit(settings)).arguments) for words in PROBES}
        counts = {words: int(count(modelId=model_id, input=one)["inputTokens"]) for words, one in requests.items()}
    except (ClientError, BotoCoreError, KeyError, TypeError, ValueError):
        return None
    return Calibration.of(counts, "CountTokens")


def _countable(arguments: dict[str, Any]) -> dict[str, Any]:
    """What CountTokens takes of the arguments of a call."""
    if "body" in arguments:
        return {"invokeModel": {"body": arguments["body"].encode()}}
    known: Any = input_shape("CountTokens")
    members = known.members["input"].members["converse"].members
    return {"converse": {name: value for name, value in arguments.items() if name in members}}


def _called(client: BedrockRuntimeClient, settings: Settings, workload: Worded) -> Calibration | None:
    """By two calls, which are not part of the run."""
    send, counts = unrecorded(client, settings, "non_streaming"), dict[int, int]()
    for words in PROBES:
        arguments = workload.probe(words, PROBE_TOKENS).arguments
        call = send(name="probe", **arguments)
        if not call.ok or call.all_input_tokens is None:
            return None
        counts[words] = call.all_input_tokens
    return Calibration.of(counts, "probe calls")


def _limit(settings: Settings) -> int:
    """A usual limit of an answer: the prompt says it."""
    output = settings.workload.output_tokens if settings.workload else None
    return round(output.average) if output else settings.test.max_tokens
