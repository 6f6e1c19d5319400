"""From an exception to a Failure."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore import eventstream, parsers
from botocore import exceptions as aws
from urllib3 import exceptions as http

from bedrock_locust.errors.categories import category_of
from bedrock_locust.errors.categories import known as has_category
from bedrock_locust.errors.kinds import (
    CallError,
    DeadlineError,
    IncompleteStreamError,
    MalformedEventError,
    ModelFailedError,
    NotAnAnswerError,
)
from bedrock_locust.redaction import ID_LIMIT, redact, word

if TYPE_CHECKING:
    from bedrock_locust.call import Stage


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with a call."""

    category: str
    code: str
    stage: Stage
    message: str
    request_id: str = ""

    def exception(self) -> CallError:
        """The failure as Locust's failure table shows it."""
        where = f" in {self.stage}" if self.stage == "stream" else ""
        code = word(self.code)
        return CallError(f"{self.category} ({code}{where})" if code else self.category)


def classify(error: BaseException, stage: Stage, *, signing: bool = False) -> Failure:
    """The failure that an exception means, when it was raised in this stage of a call.

    With `signing` it was raised while the request was signed, so the credentials are at fault.
    """
    if isinstance(error, aws.ClientError) and not signing:
        return _service_failure(error, stage)
    code, message = type(error).__name__, redact(_words(error))
    if lacking := _lacking(error):
        return Failure("ClientResourceError", lacking, stage, message)
    if isinstance(error, ModelFailedError | NotAnAnswerError):
        return Failure(_category_inside(error), error.code or code, stage, message)
    if signing:
        return Failure("CredentialsError", code, "connect", message or code)
    return _client_side(error, code, stage, message)


def _words(error: BaseException) -> str:
    """What an exception says. urllib3's of a broken connection holds another, which would be shown as a tuple."""
    if isinstance(error, http.ProtocolError) and error.args:
        return str(error.args[0])
    inner = error.kwargs.get("error") if isinstance(error, aws.BotoCoreError) else None
    return str(error).replace(str(inner), _words(inner)) if isinstance(inner, http.ProtocolError) else str(error)


def _client_side(error: BaseException, code: str, stage: Stage, message: str) -> Failure:
    """The failure that an exception of the SDK, of the connection or of our own means."""
    for kinds, category, at in _CLIENT_SIDE:
        if isinstance(error, kinds):
            return Failure(category, code, at or stage, message)
    return Failure("UnknownError", code, stage, message)


def _category_inside(error: ModelFailedError | NotAnAnswerError) -> str:
    """The category of a failure that came with status 200."""
    if not isinstance(error, ModelFailedError):
        return "NotAnAnswerError"
    known = category_of(error.code, 0, str(error))
    if known != "UnknownError":
        return known
    return "ModelError" if error.code and not has_category(error.code) else "NotAnAnswerError"


def _lacking(error: BaseException) -> str:
    """The name of the error number for what this machine ran out of; empty if it ran out of nothing."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _LACKS:
            return errno.errorcode[cause.errno]
        cause = cause.__cause__ or cause.__context__
    return ""


def _service_failure(error: aws.ClientError, stage: Stage) -> Failure:
    """What the service answered."""
    said = error.response.get("Error", {})
    code = word(str(said.get("Code", "")))
    if "_" not in code:  # exceptions inside a stream have their code in lower camel case
        code = code[:1].upper() + code[1:]
    about = error.response.get("ResponseMetadata", {})
    message = redact(str(said.get("Message") or error))
    category = category_of(code, about.get("HTTPStatusCode", 0), message)
    return Failure(category, code, stage, message, word(about.get("RequestId", ""), ID_LIMIT))


_LACKS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL})
"""What a socket call returns when files, memory or local ports have run out: see socket(2) and connect(2)."""
_Kinds = tuple[type[BaseException], ...]
_CREDENTIALS: _Kinds = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.CredentialRetrievalError,
    aws.TokenRetrievalError,
    aws.NoAuthTokenError,
    aws.SSOError,
    aws.ProfileNotFound,
)
# The first kind that fits decides, so subclasses stand before their bases.
_CLIENT_SIDE: tuple[tuple[_Kinds, str, Stage], ...] = (
    (_CREDENTIALS, "CredentialsError", "connect"),
    ((aws.ConnectTimeoutError,), "TimeoutError", "connect"),
    ((aws.ReadTimeoutError, http.ReadTimeoutError, DeadlineError), "TimeoutError", ""),
    ((IncompleteStreamError, eventstream.ParserError), "StreamInterruptedError", "stream"),
    ((MalformedEventError,), "MalformedEventError", "stream"),
    ((parsers.ResponseParserError,), "UnknownError", "response"),
    ((aws.ConnectionClosedError,), "ConnectionError", "response"),
    ((aws.EndpointConnectionError, aws.ProxyConnectionError, aws.SSLError), "ConnectionError", "connect"),
    ((aws.HTTPClientError, aws.IncompleteReadError, http.HTTPError, OSError), "ConnectionError", ""),
)
