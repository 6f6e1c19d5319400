"""The service's HTTP errors.

Names and statuses are those of botocore's `bedrock-runtime` model (2023-09-30). The AWS errors it
does not model (expired or unknown credentials) and `UnknownOperationException` are background
knowledge. Messages are the simulator's own, except the two documented ones of throttling.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

STATUSES: dict[str, int] = {
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
    "InternalServerException": 500,
    "ModelErrorException": 424,
    "ModelNotReadyException": 429,
    "ModelTimeoutException": 408,
    "ResourceNotFoundException": 404,
    "ServiceQuotaExceededException": 400,
    "ServiceUnavailableException": 503,
    "ThrottlingException": 429,
    "UnknownOperationException": 404,
    "UnrecognizedClientException": 403,
    "ValidationException": 400,
}
"""Error name -> HTTP status."""

TOO_MANY_REQUESTS = "Too many requests, please wait before trying again."

MESSAGES: dict[str, str] = {
    "AccessDeniedException": "You don't have access to the model with the specified model ID.",
    "ExpiredTokenException": "The security token included in the request is expired",
    "ServiceUnavailableException": "Bedrock is unable to process your request.",
    "ThrottlingException": TOO_MANY_REQUESTS,
    "UnrecognizedClientException": "The security token included in the request is invalid.",
}


@dataclass(eq=False)
class ServiceError(Exception):
    """A call answered with an HTTP error. `code` is a key of `STATUSES`."""

    code: str
    message: str

    @classmethod
    def injected(cls, code: str) -> ServiceError:
        """The error that a fault of this name asks for."""
        return cls(code, MESSAGES.get(code, f"The simulator was told to answer with {code}."))

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUSES[self.code]

    @property
    def headers(self) -> dict[str, str]:
        """Where the REST-JSON protocol puts the name of the error."""
        return {"content-type": "application/json", "x-amzn-errortype": self.code}

    @property
    def body(self) -> bytes:
        """The JSON body."""
        return json.dumps({"message": self.message}).encode()
