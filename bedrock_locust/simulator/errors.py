"""The service's HTTP errors.

Names and statuses are those of botocore's `bedrock-runtime` model (2023-09-30). The AWS errors it
does not model (signatures and credentials) and `UnknownOperationException` are background
knowledge. Messages are the
simulator's own, except the documented ones of throttling and those of Signature Version 4.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

STATUSES: dict[str, int] = {
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
    "InternalServerException": 500,
    "InvalidSignatureException": 403,
    "MissingAuthenticationTokenException": 403,
    "ModelErrorException": 424,
    "ModelNotReadyException": 429,
    "ModelStreamErrorException": 424,
    "ModelTimeoutException": 408,
    "RequestTimeoutException": 408,
    "ResourceNotFoundException": 404,
    "ServiceQuotaExceededException": 400,
    "ServiceUnavailableException": 503,
    "ThrottlingException": 429,
    "UnknownOperationException": 404,
    "UnrecognizedClientException": 403,
    "ValidationException": 400,
}
"""Error name -> HTTP status."""

OF_ACCOUNT: dict[str, int] = {
    "IllegalArgumentException": 400,
    "NoSuchResourceException": 400,
    "InvalidParameterException": 400,
}
"""The same of Service Quotas and CloudWatch Logs. They are no faults: no call to a model gets them."""

MORE_MEMBERS: dict[str, dict[str, str | int]] = {
    "ModelErrorException": {"originalStatusCode": 500, "resourceName": "simulated-model"},
    "ModelStreamErrorException": {"originalStatusCode": 500, "originalMessage": "The model failed."},
}
"""Error name -> the members that its body has beside the message."""

NAMESPACE = ":http://internal.amazon.com/coral/com.amazon.bedrock/"
"""What follows the name of an error in its header."""

DENIED = (
    "User: arn:aws:iam::123456789012:user/simulator is not authorized to perform: {action} because no identity-based"
    " policy allows the {action} action"
)
"""What IAM says of an action that no policy allows."""

NO_STREAMING = "The model is unsupported for streaming."
UNKNOWN_MODEL = "The provided model identifier is invalid."

TOO_MANY_REQUESTS = "Too many requests, please wait before trying again."
TOO_MANY_TOKENS = "Too many tokens, please wait before trying again."
TOO_MANY_A_DAY = "Too many tokens per day, please wait before trying again."

MESSAGES: dict[str, str] = {
    "AccessDeniedException": "You don't have access to the model with the specified model ID.",
    "ExpiredTokenException": "The security token included in the request is expired",
    "InvalidSignatureException": "The request signature we calculated does not match the signature you provided. Check "
    "your AWS Secret Access Key and signing method. Consult the service documentation for details.",
    "MissingAuthenticationTokenException": "Missing Authentication Token",
    "ServiceUnavailableException": "Bedrock is unable to process your request.",
    "ThrottlingException": TOO_MANY_REQUESTS,
    "UnrecognizedClientException": "The security token included in the request is invalid.",
}


@dataclass(eq=False)
class ServiceError(Exception):
    """A call answered with an HTTP error. `code` is a key of `STATUSES` or `OF_ACCOUNT`."""

    code: str
    message: str
    param: str = ""
    """The member of the request that is wrong, where OpenAI's APIs name it."""
    detail: str = ""
    """A code of its own in OpenAI's APIs, in place of that of its status."""

    @classmethod
    def injected(cls, code: str) -> ServiceError:
        """The error that a fault of this name asks for."""
        return cls(code, MESSAGES.get(code, f"The simulator was told to answer with {code}."))

    @property
    def status(self) -> int:
        """The HTTP status."""
        return {**STATUSES, **OF_ACCOUNT}[self.code]

    @property
    def headers(self) -> dict[str, str]:
        """Where the REST-JSON protocol puts the name of the error; with what the service puts after it, as recorded."""
        return {"content-type": "application/json", "x-amzn-errortype": self.code + NAMESPACE}

    @property
    def body(self) -> bytes:
        """The JSON body."""
        return json.dumps({"message": self.message, **MORE_MEMBERS.get(self.code, {})}).encode()
