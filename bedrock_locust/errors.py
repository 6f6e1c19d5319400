"""Failures of a call: any exception becomes a category, an AWS code, a stage and a message.

Categories are what a report groups by; codes are what the service or the SDK said. The codes are
those of the `bedrock-runtime` model in botocore and of AWS's common errors.
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore import eventstream, parsers
from botocore import exceptions as aws
from urllib3 import exceptions as http

if TYPE_CHECKING:
    from bedrock_locust.call import Stage

MESSAGE_LIMIT = 500
"""Characters of a message that are kept."""

CATEGORIES: dict[str, str] = {
    "ThrottlingException": "ThrottlingError",
    "TooManyRequestsException": "ThrottlingError",
    "ValidationException": "ValidationError",
    "AccessDeniedException": "AccessDeniedError",
    "ResourceNotFoundException": "ModelNotFoundError",
    "ServiceQuotaExceededException": "QuotaExceededError",
    "ModelNotReadyException": "ModelNotReadyError",
    "ModelTimeoutException": "ModelTimeoutError",
    "ModelErrorException": "ModelError",
    "ModelStreamErrorException": "ModelError",
    "ServiceUnavailableException": "ServiceUnavailableError",
    "InternalServerException": "InternalServerError",
    "InternalFailure": "InternalServerError",
    "RequestTimeoutException": "ConnectionError",
    "UnknownOperationException": "UnknownError",
    "ExpiredTokenException": "CredentialsError",
    "ExpiredToken": "CredentialsError",
    "UnrecognizedClientException": "CredentialsError",
    "InvalidSignatureException": "CredentialsError",
    "IncompleteSignatureException": "CredentialsError",
    "InvalidClientTokenId": "CredentialsError",
    "MissingAuthenticationTokenException": "CredentialsError",
    "SignatureDoesNotMatch": "CredentialsError",
}
"""AWS error code -> category."""

BY_STATUS: dict[int, str] = {
    403: "AccessDeniedError",
    404: "ModelNotFoundError",
    408: "ModelTimeoutError",
    424: "ModelError",
    429: "ThrottlingError",
    500: "InternalServerError",
    503: "ServiceUnavailableError",
}
"""HTTP status -> category, for a code that is not in `CATEGORIES`."""

REMEDIES: dict[str, str] = {
    "ThrottlingError": "More requests or tokens per minute than the quota allows. Use fewer users, lower"
    " max_tokens (it is reserved when a call starts), or ask for a higher quota in Service Quotas.",
    "ValidationError": "The service refused the request. Check the model id, and whether this model takes these"
    " parameters (some refuse temperature: set it to null).",
    "AccessDeniedError": "Allow bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream in the IAM policy, and"
    " check that the account has access to the model.",
    "ModelNotFoundError": "Check the model id and that the model exists in this region; newer models need an"
    " inference profile id (us., eu., apac., global.).",
    "QuotaExceededError": "An account quota is used up. Look it up in Service Quotas and ask for an increase.",
    "ModelNotReadyError": "The model is still being loaded. Wait a few minutes and run again.",
    "ModelTimeoutError": "The model took too long. Lower max_tokens or the prompt size.",
    "ModelError": "The model failed on the request. Run again; if it persists, contact AWS with the request id.",
    "ServiceUnavailableError": "The service has no capacity now; this is not your quota. Try another time, another"
    " region or a cross-region inference profile.",
    "InternalServerError": "A fault of the service. Run again; if it persists, contact AWS with the request id.",
    "StreamInterruptedError": "The stream ended or broke before the model said it was done. Look for proxies and"
    " gateways on the way that cut long responses.",
    "TimeoutError": "The service was silent for longer than test.timeout_seconds. Raise it for slow or long answers.",
    "ConnectionError": "The connection failed. Check the endpoint (--host), DNS, proxy, firewall and TLS certificates.",
    "ClientResourceError": "This machine ran out of open files, ports or memory; the service is not to blame. Raise the"
    " limit before the start (ulimit -n 10000), or spread the users over more workers.",
    "CredentialsError": "AWS credentials are missing, wrong or expired. Try: aws sts get-caller-identity",
    "UnknownError": "Look at the example message; if the endpoint is not Bedrock (--host), that is the reason.",
}
"""What to do about each category."""

LASTING = frozenset(
    {
        "ValidationError",
        "AccessDeniedError",
        "ModelNotFoundError",
        "CredentialsError",
        "QuotaExceededError",
        "UnknownError",
    }
)
"""Categories of failure that the next call will meet again."""
LASTING_CODES = frozenset({"SSLError"})
"""The same, where the rest of their category may pass: a certificate that is not trusted."""

_SECRETS = re.compile(
    r"(?P<keep>(?:Credential|Signature|X-Amz-Security-Token|aws_secret_access_key|aws_session_token)"
    r"['\"]?\s*[=:]\s*(?:b?['\"])?|\bBearer\s+(?=\S{16}))[^\s,'\"&]+"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b|\bbedrock-api-key-\S+",
    re.IGNORECASE,
)


class CallError(Exception):
    """Shown in Locust's failure table. Its text is the same for all failures of a kind, so that they group."""


class IncompleteStreamError(Exception):
    """A stream ended without the event that says why the model stopped."""


class DeadlineError(Exception):
    """A call took longer than any call may."""


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
        return CallError(f"{self.category} ({self.code}{where})" if self.code else self.category)


def classify(error: BaseException, stage: Stage) -> Failure:
    """The failure that an exception means, when it was raised in this stage of a call."""
    if isinstance(error, aws.ClientError):
        return _service_failure(error, stage)
    if lacking := _lacking(error):
        return Failure("ClientResourceError", lacking, stage, redact(str(error)))
    for kinds, category, at in _CLIENT_SIDE:
        if isinstance(error, kinds):
            return Failure(category, type(error).__name__, at or stage, redact(str(error)))
    return Failure("UnknownError", type(error).__name__, stage, redact(str(error)))


def _lacking(error: BaseException) -> str:
    """The name of the error number that says what this machine ran out of; empty where it did not."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _LACKS:
            return errno.errorcode[cause.errno]
        cause = cause.__cause__ or cause.__context__
    return ""


def redact(message: str) -> str:
    """The message on one line, without anything that looks like a credential, `MESSAGE_LIMIT` characters at most."""
    # Half a surrogate pair, which JSON can hold, could not be written.
    line = " ".join(message.encode(errors="replace").decode().split())
    return _SECRETS.sub(lambda found: f"{found['keep'] or ''}***", line)[:MESSAGE_LIMIT]


def _service_failure(error: aws.ClientError, stage: Stage) -> Failure:
    """What the service answered. Exceptions inside a stream have their code in lower camel case."""
    said = error.response.get("Error", {})
    code = str(said.get("Code", ""))
    code = code[:1].upper() + code[1:]
    about = error.response.get("ResponseMetadata", {})
    category = CATEGORIES.get(code) or BY_STATUS.get(about.get("HTTPStatusCode", 0), "UnknownError")
    message = redact(str(said.get("Message") or error))
    return Failure(category, code, stage, message, about.get("RequestId", ""))


_LACKS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL})
"""What a socket call answers where files, memory or local ports have run out: see socket(2) and connect(2)."""
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
    ((parsers.ResponseParserError,), "UnknownError", "response"),
    ((aws.ConnectionClosedError,), "ConnectionError", "response"),
    ((aws.EndpointConnectionError, aws.ProxyConnectionError, aws.SSLError), "ConnectionError", "connect"),
    ((aws.HTTPClientError, aws.IncompleteReadError, http.HTTPError, OSError), "ConnectionError", ""),
)
