"""Locust users that call Bedrock."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from locust import User, task

import gevent

from bedrock_locust import formats
from bedrock_locust.bench import bench_of
from bedrock_locust.client import BedrockClient
from bedrock_locust.formats import converse
from bedrock_locust.formats.apis import CHAT, MESSAGES, RESPONSES
from bedrock_locust.process.locust_patches import stop_between_calls
from bedrock_locust.workload.prompts import Prompts

if TYPE_CHECKING:
    from collections.abc import Callable

    from locust.env import Environment

    from bedrock_locust.call import Call, Mode
    from bedrock_locust.formats.apis import Api
    from bedrock_locust.settings.schema import Settings

FAILURE_PACE_S = 0.1
"""The least time from the start of a failed call to the next call of a stock user, in seconds. Without it, a closed
loop over calls that fail at once would only measure how fast the client can spin."""


class BedrockUser(User):
    """A user with a `client` that makes and measures Bedrock calls, and the `settings` of the run."""

    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        bench = bench_of(environment)
        self.settings: Settings = bench.settings
        self.client = BedrockClient(
            bench.boto3_client,
            environment.events.request,
            call_limit_s=bench.settings.call_limit_s,
            native_formats=bench.settings.native_formats,
            tags=bench.tags,
            context=self.context,
        )

    def stop(self, force: bool = False) -> bool:
        """Stop as Locust's users do, but never during a call that has just begun."""
        stopped = None if force else stop_between_calls(self)
        return bool(super().stop(force)) if stopped is None else stopped


class _BenchmarkUser(BedrockUser):
    """A closed loop: the next call starts when the last one is over."""

    abstract = True
    mode: ClassVar[Mode]

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        test = self.settings.test
        self._prompts = Prompts(test.prompt_template, test.prompt_size, test.unique_prompts)
        self._tags = bench_of(environment).tags
        self._send = call_of(self.client, self.settings, self.mode)

    @task
    def ask(self) -> None:
        """Make one call with the next prompt."""
        begun = time.perf_counter()
        call = self._send(name=self._tags().get("level") or self.mode, **request(self.settings, self._prompts.next()))
        if not call.ok:
            gevent.sleep(max(0.0, FAILURE_PACE_S - (time.perf_counter() - begun)))


class StreamingUser(_BenchmarkUser):
    """Makes streaming calls, one after the other."""

    mode = "streaming"


class NonStreamingUser(_BenchmarkUser):
    """Makes non-streaming calls, one after the other."""

    mode = "non_streaming"


OPERATIONS = {
    ("converse", "streaming"): "converse_stream",
    ("converse", "non_streaming"): "converse",
    ("invoke", "streaming"): "invoke_model_with_response_stream",
    ("invoke", "non_streaming"): "invoke_model",
}
"""`model.api` and mode -> boto3 method."""
APIS = {"responses": RESPONSES, "chat": CHAT, "messages": MESSAGES}
"""`model.api` -> one of the APIs that boto3 does not have."""


def call_of(client: BedrockClient, settings: Settings, mode: Mode) -> Callable[..., Call]:
    """The method of a client for the API of the settings in a mode."""
    name = settings.model.api
    if name in APIS:
        return partial(getattr(client, APIS[name].operation), stream=mode == "streaming")
    method: Callable[..., Call] = getattr(client, OPERATIONS[name, mode])
    return method


def request(settings: Settings, prompt: str) -> dict[str, Any]:
    """The arguments of a call for a prompt, in the API of the settings."""
    model = settings.model
    if model.api in APIS:
        return _of_api(APIS[model.api], settings, prompt)
    test = settings.test
    if model.api == "converse":
        arguments = converse.request(prompt, test.max_tokens, test.temperature)
        options: dict[str, Any] = {
            "serviceTier": model.service_tier and {"type": model.service_tier},
            "performanceConfig": model.latency and {"latency": model.latency},
        }
    else:
        body = formats.native(model.id, model.format).body(prompt, test.max_tokens, test.temperature, model.id)
        arguments = {"body": json.dumps(body), "contentType": "application/json"}
        options = {"serviceTier": model.service_tier, "performanceConfigLatency": model.latency}
    options["projectIdentifier"] = model.project
    return {"modelId": model.id, **arguments, **{key: value for key, value in options.items() if value}}


def _of_api(api: Api, settings: Settings, prompt: str) -> dict[str, Any]:
    """The arguments of a call of an API that boto3 does not have."""
    model, test = settings.model, settings.test
    arguments = api.format.request(prompt, test.max_tokens, test.temperature, model.id)
    if model.service_tier:
        arguments["service_tier"] = model.service_tier
    if model.project:
        arguments["extra_headers"] = {api.project: model.project}
    return arguments
