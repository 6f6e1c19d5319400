"""Failures of a call, and what is kept of them."""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore import eventstream, parsers
from botocore import exceptions as aws
from botocore.model import StructureShape
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import exceptions as http

from bedrock_locust.errors import (
    BY_STATUS,
    CATEGORIES,
    MESSAGE_LIMIT,
    REMEDIES,
    DeadlineError,
    IncompleteStreamError,
    classify,
    redact,
)

if TYPE_CHECKING:
    from botocore.model import ServiceModel

    from bedrock_locust.call import Stage

OPERATIONS = ("Converse", "ConverseStream", "InvokeModel", "InvokeModelWithResponseStream")
ENDPOINT = "https://bedrock-runtime.us-east-1.amazonaws.com"
CAUSE = OSError(104, "Connection reset by peer")


def answer(code: str, message: str = "no", status: int = 0) -> dict[str, Any]:
    """What boto3 makes of an error response."""
    return {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "r1"},
    }


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_error_of_an_operation_has_a_category(service_model: ServiceModel, operation: str) -> None:
    """Whatever an operation is said to answer with is a failure of a known kind."""
    codes = [shape.name for shape in service_model.operation_model(operation).error_shapes]
    assert codes, f"botocore lists no errors of {operation}"
    for code in codes:
        failure = classify(aws.ClientError(answer(code), operation), "response")  # type: ignore[arg-type]
        assert failure.category != "UnknownError", f"{code} of {operation} has no category"
        assert (failure.code, failure.stage, failure.message, failure.request_id) == (code, "response", "no", "r1")


@pytest.mark.parametrize("operation", ["ConverseStream", "InvokeModelWithResponseStream"])
def test_each_exception_in_a_stream_has_a_category(service_model: ServiceModel, operation: str) -> None:
    """An exception that comes as an event is the same failure as one that comes as a response."""
    stream = service_model.operation_model(operation).get_event_stream_output()
    assert isinstance(stream, StructureShape)
    members = {name: shape for name, shape in stream.members.items() if shape.metadata.get("exception")}
    assert members, f"botocore lists no exceptions in the stream of {operation}"
    for name, shape in members.items():
        error = aws.EventStreamError({"Error": {"Code": name, "Message": "no"}}, operation)
        failure = classify(error, "stream")
        assert failure.category == CATEGORIES[shape.name], f"{name} is {failure.category}"
        assert (failure.code, failure.stage, failure.request_id) == (shape.name, "stream", "")


@pytest.mark.parametrize(
    ("code", "status", "category"),
    [
        ("SomethingNewException", 429, "ThrottlingError"),
        ("SomethingNewException", 503, "ServiceUnavailableError"),
        ("403", 403, "AccessDeniedError"),
        ("SomethingNewException", 400, "UnknownError"),
        ("", 0, "UnknownError"),
        ("ExpiredTokenException", 403, "CredentialsError"),
        ("UnrecognizedClientException", 403, "CredentialsError"),
        ("InvalidSignatureException", 403, "CredentialsError"),
        ("AccessDeniedException", 403, "AccessDeniedError"),
    ],
)
def test_a_code_counts_before_the_status(code: str, status: int, category: str) -> None:
    """The status decides only for a code that is not known."""
    assert classify(aws.ClientError(answer(code, status=status), "Converse"), "response").category == category  # type: ignore[arg-type]


def test_an_answer_without_anything_is_a_failure_too() -> None:
    """An error response that says nothing still becomes a failure."""
    failure = classify(aws.ClientError({}, "Converse"), "response")
    assert (failure.category, failure.code, failure.request_id) == ("UnknownError", "", "")
    assert failure.message


@pytest.mark.parametrize(
    ("error", "stage", "expected"),
    [
        (aws.NoCredentialsError(), "connect", ("CredentialsError", "NoCredentialsError", "connect")),
        (
            aws.PartialCredentialsError(provider="env", cred_var="x"),
            "connect",
            ("CredentialsError", "PartialCredentialsError", "connect"),
        ),
        (
            aws.CredentialRetrievalError(provider="sso", error_msg="x"),
            "connect",
            ("CredentialsError", "CredentialRetrievalError", "connect"),
        ),
        (
            aws.TokenRetrievalError(provider="sso", error_msg="x"),
            "connect",
            ("CredentialsError", "TokenRetrievalError", "connect"),
        ),
        (
            aws.UnauthorizedSSOTokenError(),
            "connect",
            ("CredentialsError", "UnauthorizedSSOTokenError", "connect"),
        ),
        (
            aws.ConnectTimeoutError(endpoint_url=ENDPOINT),
            "response",
            ("TimeoutError", "ConnectTimeoutError", "connect"),
        ),
        (aws.ReadTimeoutError(endpoint_url=ENDPOINT), "response", ("TimeoutError", "ReadTimeoutError", "response")),
        (
            http.ReadTimeoutError(None, "/", "x"),  # type: ignore[arg-type]
            "stream",
            ("TimeoutError", "ReadTimeoutError", "stream"),
        ),
        (DeadlineError("x"), "stream", ("TimeoutError", "DeadlineError", "stream")),
        (IncompleteStreamError("x"), "stream", ("StreamInterruptedError", "IncompleteStreamError", "stream")),
        (
            eventstream.ChecksumMismatch(1, 2),
            "stream",
            ("StreamInterruptedError", "ChecksumMismatch", "stream"),
        ),
        (parsers.ResponseParserError("x"), "response", ("UnknownError", "ResponseParserError", "response")),
        (
            aws.ConnectionClosedError(endpoint_url=ENDPOINT),
            "response",
            ("ConnectionError", "ConnectionClosedError", "response"),
        ),
        (
            aws.EndpointConnectionError(endpoint_url=ENDPOINT),
            "response",
            ("ConnectionError", "EndpointConnectionError", "connect"),
        ),
        (
            aws.ProxyConnectionError(proxy_url="http://p"),
            "response",
            ("ConnectionError", "ProxyConnectionError", "connect"),
        ),
        (aws.SSLError(endpoint_url=ENDPOINT, error=CAUSE), "response", ("ConnectionError", "SSLError", "connect")),
        (aws.HTTPClientError(error=CAUSE), "response", ("ConnectionError", "HTTPClientError", "response")),
        (
            aws.ResponseStreamingError(error=CAUSE),
            "response",
            ("ConnectionError", "ResponseStreamingError", "response"),
        ),
        (
            aws.IncompleteReadError(actual_bytes=1, expected_bytes=2),
            "response",
            ("ConnectionError", "IncompleteReadError", "response"),
        ),
        (http.ProtocolError("x"), "stream", ("ConnectionError", "ProtocolError", "stream")),
        (ConnectionResetError(104, "x"), "stream", ("ConnectionError", "ConnectionResetError", "stream")),
        (KeyError("x"), "stream", ("UnknownError", "KeyError", "stream")),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_what_goes_wrong_on_this_side(error: Exception, stage: Stage, expected: tuple[str, str, Stage]) -> None:
    """An exception of the SDK, of the connection or of our own has category, code and stage."""
    failure = classify(error, stage)
    assert (failure.category, failure.code, failure.stage) == expected


def test_each_category_has_a_remedy() -> None:
    """There is no failure that a report can't advise on, and no advice without a failure."""
    client_side = {"StreamInterruptedError", "TimeoutError", "ConnectionError", "ClientResourceError"}
    others = {"CredentialsError", "UnknownError"}
    assert {*CATEGORIES.values(), *BY_STATUS.values(), *client_side, *others} == set(REMEDIES)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL])
def test_what_this_machine_lacks_is_not_the_service(number: int) -> None:
    """However deep in the causes of what the SDK raises it is."""
    cause = OSError(number, os.strerror(number))
    middle = http.NewConnectionError(None, "x")  # type: ignore[arg-type]  # a connection, of which only the text is used
    middle.__cause__ = cause
    error = aws.EndpointConnectionError(endpoint_url=ENDPOINT, error=middle)
    error.__cause__ = middle
    failure = classify(error, "connect")
    assert (failure.category, failure.code) == ("ClientResourceError", errno.errorcode[number])


@pytest.mark.parametrize(("category", "remedy"), REMEDIES.items())
def test_a_remedy_is_one_line(category: str, remedy: str) -> None:
    """A remedy reads as a sentence in a table."""
    assert "\n" not in remedy
    assert "  " not in remedy, f"two spaces in the remedy of {category}"


@pytest.mark.parametrize(
    ("code", "stage", "text"),
    [
        ("ThrottlingException", "response", "ThrottlingError (ThrottlingException)"),
        ("ThrottlingException", "stream", "ThrottlingError (ThrottlingException in stream)"),
    ],
)
def test_failures_of_a_kind_group_in_the_table_of_locust(code: str, stage: Stage, text: str) -> None:
    """The exception that Locust counts says nothing that differs from call to call."""
    exceptions = {
        str(classify(aws.ClientError(answer(code, message), "Converse"), stage).exception())  # type: ignore[arg-type]
        for message in ("one", "two")
    }
    assert exceptions == {text}


ACCESS_KEY = "ASIAQWERTYUIOP123456"
TOKEN = "IQoJb3JpZ2luX2VjEDoaCXVzLWVhc3QtMSJGMEQCIH+abc/def=="
SIGNATURE = "fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024"
API_KEY = "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29tLz9BY3Rpb249Q2FsbFdpdGhCZWFyZXJUb2tlbg=="
AUTHORIZATION = (
    f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20261124/us-east-1/bedrock/aws4_request,"
    f" SignedHeaders=content-type;host;x-amz-date, Signature={SIGNATURE}"
)


@pytest.mark.parametrize(
    ("message", "secrets"),
    [
        (f"'{ACCESS_KEY}' not a valid pair in Authorization header: '{AUTHORIZATION}'.", {ACCESS_KEY, SIGNATURE}),
        (
            f"{{'Authorization': b'{AUTHORIZATION}', 'X-Amz-Security-Token': b'{TOKEN}'}}",
            {ACCESS_KEY, SIGNATURE, TOKEN},
        ),
        (f'{{"authorization": "{AUTHORIZATION}"}}', {ACCESS_KEY, SIGNATURE}),
        (f'{{"x-amz-security-token": "{TOKEN}"}}', {TOKEN}),
        (f"The Canonical String should have been\n'POST\n/\n\nhost:h\nx-amz-security-token:{TOKEN}\n\nhost'", {TOKEN}),
        (f"{ENDPOINT}/?X-Amz-Credential={ACCESS_KEY}%2F2026&X-Amz-Signature={SIGNATURE}&a=b", {ACCESS_KEY, SIGNATURE}),
        (f"{ENDPOINT}/?X-Amz-Security-Token={TOKEN}&a=b", {TOKEN}),
        (f"The security token included in the request is expired: {ACCESS_KEY}", {ACCESS_KEY}),
        (f"key AKIAIOSFODNN7EXAMPLE, and {ACCESS_KEY.lower()}", {"AKIAIOSFODNN7EXAMPLE", ACCESS_KEY.lower()}),
        (f"Authorization: Bearer {API_KEY}", {API_KEY, API_KEY[16:]}),
        ("Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30.abc", {"eyJhbGciOiJIUzI1NiJ9"}),
        (f"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG, aws_session_token={TOKEN}", {"wJalrXUtnFEMI", TOKEN}),
    ],
)
def test_secrets_vanish_from_messages(message: str, secrets: set[str]) -> None:
    """What AWS or the SDK quote of a request holds no key, token or signature when it is kept."""
    kept = redact(message)
    for secret in secrets:
        assert secret not in kept, f"{secret!r} is in {kept!r}"
        assert secret[:10] not in kept, f"the beginning of {secret!r} is in {kept!r}"


@pytest.mark.parametrize(
    "message",
    [
        "Too many tokens, please wait before trying again.",
        "The provided model identifier is invalid.",
        "Value 'x' at 'modelId' failed to satisfy regular pattern: (arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20})",
        "Bearer token has expired. Signature expired: 20261124T000000Z is now earlier than 20261124T000500Z",
        "User: arn:aws:iam::123456789012:user/x is not authorized to perform: bedrock:InvokeModel",
    ],
)
def test_other_messages_stay(message: str) -> None:
    """A message without secrets is kept as it is."""
    assert redact(message) == message


def test_a_long_message_is_cut() -> None:
    """The limit is kept to the character."""
    assert redact("x" * MESSAGE_LIMIT + "y") == "x" * MESSAGE_LIMIT


@given(st.text(max_size=3 * MESSAGE_LIMIT))
def test_a_message_is_one_line_within_the_limit(message: str) -> None:
    """Any text becomes one short line, and stays so."""
    kept = redact(message)
    assert len(kept) <= MESSAGE_LIMIT
    assert len(kept.splitlines()) <= 1
    assert redact(kept) == kept


@given(st.text(max_size=MESSAGE_LIMIT), st.text(max_size=MESSAGE_LIMIT), st.integers(12, 20))
def test_a_key_vanishes_wherever_it_stands(before: str, after: str, length: int) -> None:
    """A key between blanks is gone, also where the limit cuts the message."""
    assert "AKIA" not in redact(f"{before.replace('AKIA', '')} AKIA{'Q' * length} {after.replace('AKIA', '')}")


@given(st.text(st.characters(codec=None), max_size=50))
def test_a_message_can_be_written(message: str) -> None:
    """Half a surrogate pair, as JSON can hold it, does not keep a message from files and from the master."""
    assert not re.search("[\ud800-\udfff]", redact(message))
