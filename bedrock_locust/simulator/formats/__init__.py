"""Request formats, and the choice of one for a call."""

from __future__ import annotations

import re
from typing import Any, Final

from pydantic import ValidationError

from bedrock_locust.simulator.errors import ServiceError
from bedrock_locust.simulator.formats.base import Body, Format, Metrics
from bedrock_locust.simulator.formats.chat import Chat
from bedrock_locust.simulator.formats.claude import Claude
from bedrock_locust.simulator.formats.command import Command
from bedrock_locust.simulator.formats.completion import Completion
from bedrock_locust.simulator.formats.converse import Converse
from bedrock_locust.simulator.formats.llama import Llama
from bedrock_locust.simulator.formats.nova import Nova
from bedrock_locust.simulator.formats.open_chat import OpenChat
from bedrock_locust.simulator.formats.open_messages import OpenMessages
from bedrock_locust.simulator.formats.responses import MantleResponses, Responses
from bedrock_locust.simulator.formats.thinking import always as always_reasons
from bedrock_locust.simulator.formats.thinking import at_will as reasons_at_will
from bedrock_locust.simulator.formats.titan import Titan

__all__ = ["CONVERSE", "MESSAGES", "Format", "Metrics", "always_reasons", "native", "open_api", "reasons_at_will"]

CONVERSE: Final = Converse()

MESSAGES: Final = OpenMessages()

_OPEN_CHAT, _TAGGED_CHAT = OpenChat(), OpenChat(tagged=True)
_RESPONSES = {"runtime": Responses(), "mantle": MantleResponses()}


def open_api(surface: str, endpoint: str, model_id: str) -> Format:
    """The format of an API that boto3 does not have."""
    if surface == "messages":
        return MESSAGES
    if surface == "responses":
        return _RESPONSES[endpoint]
    return _TAGGED_CHAT if endpoint == "runtime" and "openai.gpt-oss" in model_id else _OPEN_CHAT


_CHAT = Chat()
_CLAUDE, _LLAMA, _NOVA, _TITAN, _COMMAND = Claude(), Llama(), Nova(), Titan(), Command()
_MISTRAL, _DEEPSEEK = Completion("outputs"), Completion("choices")

_BY_ID: tuple[tuple[re.Pattern[str], Format], ...] = (
    (re.compile(r"\banthropic\.claude-"), _CLAUDE),
    (re.compile(r"\bmeta\.llama"), _LLAMA),
    (re.compile(r"\bamazon\.nova-"), _NOVA),
    (re.compile(r"\bamazon\.titan-text-"), _TITAN),
    (re.compile(r"\bcohere\.command-r"), _COMMAND),
    (re.compile(r"\bdeepseek\.r1"), _DEEPSEEK),
    (re.compile(r"\bopenai\.gpt-oss"), Chat(tagged=True)),
    (re.compile(r"\b(ai21\.jamba|deepseek\.v|openai\.|qwen\.|xai\.|moonshot\w*\.|zai\.|minimax\.|nvidia\.)"), _CHAT),
)

_OLD = re.compile(r"\b(cohere\.command-(?!r)|ai21\.j2|amazon\.titan-embed|cohere\.embed)")
"""Models with a format of their own that is not made up here."""


class _Members(Body):
    """The members of a body by which formats can be told apart."""

    anthropic_version: Any = None
    inputText: Any = None  # noqa: N815  # its name on the wire
    inferenceConfig: Any = None  # noqa: N815  # its name on the wire
    schemaVersion: Any = None  # noqa: N815  # its name on the wire
    max_gen_len: Any = None
    prompt: Any = None
    message: Any = None
    messages: Any = None


def native(model_id: str, body: bytes) -> Format:
    """The format of a call of InvokeModel, by the model's id, or by the members of the body.

    An ARN of an application inference profile does not tell its model. Mistral has two formats.
    Raises `ServiceError` if there is none.
    """
    for pattern, request_format in _BY_ID:
        if pattern.search(model_id):
            return request_format
    if not _OLD.search(model_id) and (found := _by_members(body)):
        return found
    raise ServiceError(
        "ValidationException",
        f"The simulator does not know the request format of {model_id!r} with this body. InvokeModel works for "
        "Claude (Messages), Llama, Nova, Titan text, Mistral, Command R, Jamba, DeepSeek and "
        "models with chat completions; Converse works for every model.",
    )


def _by_members(body: bytes) -> Format | None:
    try:
        members = _Members.model_validate_json(body)
    except ValidationError:
        return None
    choices: tuple[tuple[Any, Format], ...] = (
        (members.anthropic_version, _CLAUDE),
        (members.inputText, _TITAN),
        (members.schemaVersion or members.inferenceConfig, _NOVA),
        (members.max_gen_len, _LLAMA),
        (members.messages, _CHAT),
        (members.message, _COMMAND),
        (members.prompt, _MISTRAL),
    )
    return next((found for member, found in choices if member), None)
