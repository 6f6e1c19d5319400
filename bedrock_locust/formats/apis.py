"""The APIs that boto3 does not have: what reads them, what they need, and where they are on each endpoint.

Source of the paths: "Endpoints" in the Bedrock user guide and notebooks of aws-samples/sample-per-model-bedrock, run in
August 2026. On bedrock-mantle the prefix depends on the model, and nothing of the service tells it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from bedrock_locust.formats import chat, messages, responses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.formats.reading import Content, Reading

Endpoint = Literal["runtime", "mantle"]


class ApiFormat(Protocol):
    """What a module of such an API offers."""

    def request(self, prompt: str, max_tokens: int, temperature: float | None, model_id: str) -> dict[str, Any]:
        """The body of a call for a prompt."""

    def prompt_chars(self, request: Mapping[str, Any]) -> int:
        """Characters of the prompt in a request body."""

    def max_tokens(self, request: Mapping[str, Any]) -> int | None:
        """The most tokens that a request body allows the answer; None where it does not say."""

    def read(self, response: object, reading: Reading) -> None:
        """Take the figures out of a whole response. Raises MissingPartError."""

    def read_event(self, event: Mapping[str, Any], reading: Reading) -> Content:
        """Take the figures out of one stream event, and say what it brought. Raises MissingPartError."""

    def read_delta(self, event: bytes, reading: Reading) -> Content | None:
        """The same for the JSON of an event, if that is plain text; else None."""

    def done(self, reading: Reading) -> None:
        """The stream said `[DONE]`."""


class Api(NamedTuple):
    """One of these APIs."""

    operation: str
    """The method of BedrockClient; with `_stream` after it, where the call streams, the operation of a Call."""
    format: ApiFormat
    path: str
    """What stands after the prefix of the endpoint."""
    required: tuple[str, ...]
    """Members of the body without which the service refuses any call."""
    headers: Mapping[str, str]
    project: str
    """The header that names a project."""


RESPONSES = Api("responses", responses, "/responses", ("model", "input"), {}, "openai-project")
CHAT = Api("chat_completions", chat, "/chat/completions", ("model", "messages"), {}, "openai-project")
MESSAGES = Api(
    "messages",
    messages,
    "/messages",
    ("model", "max_tokens", "messages"),
    {"anthropic-version": messages.VERSION},
    "anthropic-workspace",
)

_OPENAI_ON_MANTLE = re.compile(r"openai\.gpt-(?:5\.|[6-9])|xai\.|google\.gemma-4").match
"""Models whose paths have `/openai` before `/v1` on bedrock-mantle, too."""


def path_of(api: Api, endpoint: Endpoint, model_id: str) -> str:
    """The path of an API on an endpoint, for a model."""
    if api is MESSAGES:
        return "/anthropic/v1" + api.path
    prefix = "/openai/v1" if endpoint == "runtime" or _OPENAI_ON_MANTLE(model_id) else "/v1"
    return prefix + api.path
