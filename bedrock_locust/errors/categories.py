"""Which category a code, a status and a message of the service mean."""

from __future__ import annotations

import re

CATEGORIES: dict[str, str] = {
    # the model of bedrock-runtime in botocore
    "ThrottlingException": "ThrottlingError",
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
    "ConflictException": "ValidationError",
    # AWS's common errors, and those that its front ends send
    "TooManyRequestsException": "ThrottlingError",
    "ThrottledException": "ThrottlingError",
    "RequestThrottledException": "ThrottlingError",
    "RequestLimitExceeded": "ThrottlingError",
    "SlowDown": "ThrottlingError",
    "LimitExceededException": "QuotaExceededError",
    "InternalFailure": "InternalServerError",
    "InternalException": "InternalServerError",
    "ServiceException": "InternalServerError",
    "RequestTimeoutException": "ConnectionError",
    "RequestAbortedException": "ConnectionError",
    "UnknownOperationException": "UnknownError",
    "MalformedHttpRequestException": "ValidationError",
    "RequestEntityTooLargeException": "ValidationError",
    "SerializationException": "ValidationError",
    "NotAuthorized": "AccessDeniedError",
    "UnauthorizedException": "AccessDeniedError",
    "ForbiddenException": "AccessDeniedError",
    "OptInRequired": "AccessDeniedError",
    "ExpiredTokenException": "CredentialsError",
    "RequestExpired": "CredentialsError",
    "RequestTimeTooSkewed": "CredentialsError",
    "UnrecognizedClientException": "CredentialsError",
    "InvalidSignatureException": "CredentialsError",
    "IncompleteSignatureException": "CredentialsError",
    "InvalidClientTokenId": "CredentialsError",
    "InvalidAccessKeyId": "CredentialsError",
    "InvalidTokenException": "CredentialsError",
    "MissingAuthenticationTokenException": "CredentialsError",
    "SignatureDoesNotMatch": "CredentialsError",
    # what models send in their own formats: Anthropic's errors, then those of OpenAI's API
    "overloaded_error": "ServiceUnavailableError",
    "rate_limit_error": "ThrottlingError",
    "api_error": "InternalServerError",
    "timeout_error": "ModelTimeoutError",
    "invalid_request_error": "ValidationError",
    "request_too_large": "ValidationError",
    "not_found_error": "ModelNotFoundError",
    "permission_error": "AccessDeniedError",
    "authentication_error": "CredentialsError",
    "billing_error": "AccessDeniedError",
    "rate_limit_exceeded": "ThrottlingError",
    "insufficient_quota": "QuotaExceededError",
    "server_error": "InternalServerError",
    "model_not_found": "ModelNotFoundError",
    "invalid_api_key": "CredentialsError",
    "permission_denied_error": "AccessDeniedError",
    "unsupported_value": "ValidationError",
    "context_length_exceeded": "ValidationError",
}
"""Error code -> category. Case, `_` and the endings Exception, Error, Failure and Fault do not matter."""

BY_STATUS: dict[int, str] = {
    401: "CredentialsError",
    403: "AccessDeniedError",
    404: "ModelNotFoundError",
    407: "ConnectionError",
    408: "ModelTimeoutError",
    410: "ModelNotFoundError",
    421: "ConnectionError",
    424: "ModelError",
    425: "ServiceUnavailableError",
    429: "ThrottlingError",
    451: "AccessDeniedError",
    500: "InternalServerError",
    501: "UnknownError",
    511: "ConnectionError",
    **dict.fromkeys((400, 406, 409, 411, 413, 414, 415, 417, 422, 431), "ValidationError"),
    **dict.fromkeys((502, 503, 504, 507, 509, 529, 598, 599), "ServiceUnavailableError"),
    **dict.fromkeys(range(520, 528), "ServiceUnavailableError"),
}
"""HTTP status -> category, for a code that is not in `CATEGORIES`. 52x are of Cloudflare, 529 is Anthropic's."""

_BY_CLASS: dict[int, str] = {3: "ConnectionError", 5: "InternalServerError"}
"""The first digit of a status that is not in `BY_STATUS` -> category."""

LASTING = frozenset(
    {
        "ValidationError",
        "AccessDeniedError",
        "ModelNotFoundError",
        "CredentialsError",
        "QuotaExceededError",
        "NotAnAnswerError",
        "UnknownError",
    }
)
"""Categories of failure that do not go away by themselves: the next call fails, too."""
LASTING_CODES = frozenset({"SSLError"})
"""Codes for which the same holds, though others of their category may pass: a certificate that is not trusted."""

_ENDINGS = re.compile(r"(?:exception|error|failure|fault)+$")


def _key(code: str) -> str:
    """A code in its shortest form: the same for `ThrottlingException`, `throttling_error` and `throttling`."""
    letters = "".join(filter(str.isalnum, code.lower()))
    return _ENDINGS.sub("", letters) or letters


_BY_KEY = {_key(code): category for code, category in CATEGORIES.items()}

_BY_WORDS: tuple[tuple[frozenset[str], re.Pattern[str], str], ...] = (
    (
        frozenset({"ThrottlingError"}),
        re.compile(r"\b(?:per day|daily)\b", re.IGNORECASE),
        "QuotaExceededError",
    ),
    (
        frozenset({"AccessDeniedError", "UnknownError"}),
        re.compile(
            r"\b(?:authentication failed|(?:bearer|api|security|access)[ -]?(?:token|key)\b.{0,60}?"
            r"\b(?:expired|invalid|not valid|is valid|malformed|revoked|missing|incorrect|deleted|inactive))\b"
            r"|\b(?:invalid|expired|missing|incorrect) (?:bearer|api|security|access)[ -]?(?:token|key)\b"
            r"|\bsignature (?:expired|not yet current)\b",
            re.IGNORECASE,
        ),
        "CredentialsError",
    ),
)
"""Categories, words of the message, and the category that the two together mean: the code alone says less."""

_VAGUE = frozenset(map(_key, ("api_error", "server_error", "internal_error", "invalid_request_error")))
"""Codes that the APIs of OpenAI and Anthropic send with many statuses: a status that has a category tells more."""


def known(code: str) -> bool:
    """Whether a code has a category of its own."""
    return _key(code) in _BY_KEY


def _by_code(code: str, status: int) -> str | None:
    """The category that a code means; None where it means none, or the status tells more."""
    key = _key(code)
    return None if key in _VAGUE and status in BY_STATUS else _BY_KEY.get(key)


def category_of(code: str, status: int, message: str) -> str:
    """The category of what the service answered: by its code, else by its status (0: none), and by its words."""
    category = _by_code(code, status) or BY_STATUS.get(status) or _BY_CLASS.get(status // 100, "UnknownError")
    for of, words, instead in _BY_WORDS:
        if category in of and words.search(message):
            return instead
    return category
