"""Locust users that call Bedrock."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from locust import User, task
from locust.event import EventHook
from locust.exception import StopUser

import gevent

from bedrock_locust.client import BedrockClient
from bedrock_locust.process.locust_patches import stop_between_calls
from bedrock_locust.workload.bench import bench_of
from bedrock_locust.workload.contract import Request
from bedrock_locust.workload.positions import NoneLeftError
from bedrock_locust.workload.request import APIS

if TYPE_CHECKING:
    from collections.abc import Callable

    from locust.env import Environment

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from bedrock_locust.call import Call, Mode
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
        self._arrival = dict(bench.arrival) if bench.arrival else None
        """What an arrival knows of its level; its moment counts for its first call only."""
        self.client = BedrockClient(
            bench.boto3_client,
            environment.events.request,
            call_limit_s=bench.settings.call_limit_s,
            native_formats=bench.settings.native_formats,
            tags=self._about_call,
            context=self.context,
        )

    def _about_call(self) -> dict[str, Any]:
        """What the circumstances say of a call that starts now."""
        about = self._tags()
        if self._arrival:
            self._arrival.pop("scheduled_at", None)
        return about

    def _tags(self) -> dict[str, Any]:
        return bench_of(self.environment).tags(self._arrival)

    def stop(self, force: bool = False) -> bool:
        """Stop as Locust's users do, but never during a call that has just begun."""
        stopped = None if force else stop_between_calls(self)
        return bool(super().stop(force)) if stopped is None else stopped


class _BenchmarkUser(BedrockUser):
    """A closed loop: the next call starts when the last one is over."""

    abstract = True
    mode: ClassVar[Mode]
    has_nothing = False
    """Whether the user made no call, as the workload has no more requests."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        bench = bench_of(environment)
        self._workload = bench.workload
        self._position = bench.position
        self._request = Request({})
        self._coming: Request | None = None
        self._send = call_of(self.client, self.settings, self.mode)

    def _about_call(self) -> dict[str, Any]:
        return {**super()._about_call(), **self._request.about}

    def wait_time(self) -> float:
        """How long the user thinks before its next call, in seconds: within a conversation only."""
        return self._coming.pause_s if self._coming else 0.0

    @property
    def _name(self) -> str:
        """The name of the next call in Locust's own tables."""
        by_level = self.settings.test.names == "level"
        return (self._tags().get("level") if by_level else "") or self.mode

    @property
    def goes_on(self) -> bool:
        """Whether the user is in the middle of a conversation."""
        return self._coming is not None

    @task
    def ask(self) -> None:
        """Make the next call of the workload. A user for whom there is none stops."""
        begun = time.perf_counter()
        try:
            self._request, self._coming = self._coming or self._workload.next(self._position), None
        except NoneLeftError:
            self.has_nothing = True
            raise StopUser from None
        call = self._send(name=self._name, **self._request.arguments)
        if call.ok:
            self._workload.heard(self._request, call.all_input_tokens)
            self._coming = self._request.then(call.text) if self._request.then else None
        elif not self._arrival:
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


def unrecorded(client: BedrockRuntimeClient, settings: Settings, mode: Mode) -> Callable[..., Call]:
    """The method for the API of the settings, of a client whose calls fire no `request` event: they are in no run."""
    bedrock = BedrockClient(
        client, EventHook(), call_limit_s=settings.call_limit_s, native_formats=settings.native_formats
    )
    return call_of(bedrock, settings, mode)


def call_of(client: BedrockClient, settings: Settings, mode: Mode) -> Callable[..., Call]:
    """The method of a client for the API of the settings in a mode."""
    name = settings.model.api
    if name in APIS:
        return partial(getattr(client, APIS[name].operation), stream=mode == "streaming")
    method: Callable[..., Call] = getattr(client, OPERATIONS[name, mode])
    return method
