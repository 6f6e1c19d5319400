"""Failures of a call, and what is kept of them."""

from __future__ import annotations

import errno
import json
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
    REASONS,
    REMEDIES,
    DeadlineError,
    IncompleteStreamError,
    ModelFailedError,
    category_of,
    classify,
    reasons,
    refusal,
    remedies,
    remedy,
)
from bedrock_locust.errors.refusal import describe, said
from bedrock_locust.redaction import MESSAGE_LIMIT
from reports.texts import language

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
        ("SomethingNewException", 400, "ValidationError"),
        ("invalid_request_error", 500, "InternalServerError"),
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


@pytest.mark.parametrize(
    ("statuses", "category"),
    [
        ((400, 406, 409, 411, 413, 414, 415, 417, 422, 431), "ValidationError"),
        ((401,), "CredentialsError"),
        ((403, 451), "AccessDeniedError"),
        ((404, 410), "ModelNotFoundError"),
        ((408,), "ModelTimeoutError"),
        ((424,), "ModelError"),
        ((429,), "ThrottlingError"),
        ((300, 301, 302, 303, 307, 308, 407, 421, 511), "ConnectionError"),
        ((500, 505, 508, 519, 528, 530, 597), "InternalServerError"),
        ((425, 502, 503, 504, 507, 509, *range(520, 528), 529, 598, 599), "ServiceUnavailableError"),
        ((402, 405, 418, 501), "UnknownError"),
    ],
)
def test_a_status_without_a_code_has_a_category(statuses: tuple[int, ...], category: str) -> None:
    """Proxies and gateways send statuses without a code that AWS has."""
    for status in statuses:
        for code in (str(status), "", "SomethingNewException"):
            assert category_of(code, status, "") == category, (status, code)


@pytest.mark.parametrize("code", ["api_error", "server_error", "internal_error", "invalid_request_error"])
def test_a_vague_code_leaves_it_to_the_status(code: str) -> None:
    """OpenAI's and Anthropic's APIs send these with many statuses; where there is none, the code decides."""
    for status, category in BY_STATUS.items():
        assert category_of(code, status, "") == category, status
    alone = "ValidationError" if code.startswith("invalid") else "InternalServerError"
    assert {category_of(code, status, "") for status in (0, 200, 405)} == {alone}


@pytest.mark.parametrize("status", [400, 503])
def test_a_clear_code_counts_before_the_status(status: int) -> None:
    """Whatever gateway changed the status."""
    assert category_of("rate_limit_error", status, "") == "ThrottlingError"
    assert category_of("InternalServerException", status, "") == "InternalServerError"


@pytest.mark.parametrize(("code", "category"), CATEGORIES.items())
def test_a_code_matches_in_each_spelling(code: str, category: str) -> None:
    """Case, underscores and the endings Exception, Error and Failure do not matter."""
    stem = re.sub("(?:_?(?:exception|error|failure))$", "", code, flags=re.IGNORECASE)
    for spelt in (
        code,
        code.lower(),
        code.upper(),
        f"{stem}Exception",
        f"{stem}Error",
        f"{stem}Failure",
        f"{stem}_error",
    ):
        assert category_of(spelt, 0, "") == category, spelt
        assert category_of(spelt, 418, "") == category, "the code counts before the status"


@pytest.mark.parametrize(
    ("code", "status", "message", "category"),
    [
        ("ThrottlingException", 429, "Too many tokens per day, please wait before trying again.", "QuotaExceededError"),
        ("throttlingException", 0, "Too many tokens per day, please wait before trying again.", "QuotaExceededError"),
        ("429", 429, "Daily token limit reached", "QuotaExceededError"),
        ("ThrottlingException", 429, "Too many tokens, please wait before trying again.", "ThrottlingError"),
        ("403", 403, "Authentication failed: Please make sure your API Key is valid.", "CredentialsError"),
        ("AccessDeniedException", 403, "Bearer Token has expired", "CredentialsError"),
        ("403", 403, "Invalid API key", "CredentialsError"),
        ("403", 403, "The security token included in the request is invalid", "CredentialsError"),
        ("403", 403, "Forbidden", "AccessDeniedError"),
        (
            "AccessDeniedException",
            403,
            "You don't have access to the model with the specified model ID.",
            "AccessDeniedError",
        ),
        ("ValidationException", 400, "tool api_key: the access key is invalid", "ValidationError"),
    ],
)
def test_words_decide_where_the_code_says_less(code: str, status: int, message: str, category: str) -> None:
    """A throttle per day is a quota, a refused API key is no lack of access."""
    assert category_of(code, status, message) == category


ON_DEMAND = (
    "Invocation of model ID anthropic.claude-sonnet-4-20250514-v1:0 with on-demand throughput isn\u2019t supported."
    " Retry your request with the ID or ARN of an inference profile that contains this model."
)


@pytest.mark.parametrize(
    ("category", "message", "words"),
    [
        ("CredentialsError", "Signature expired: 20261124T000000Z is now earlier than 20261124T000500Z", "clock"),
        ("CredentialsError", "Signature not yet current: 20261124T001000Z is still later than", "clock"),
        ("CredentialsError", "Bearer Token has expired", "AWS_BEARER_TOKEN_BEDROCK"),
        (
            "CredentialsError",
            "Authentication failed: Please make sure your API Key is valid.",
            "AWS_BEARER_TOKEN_BEDROCK",
        ),
        ("CredentialsError", "The security token included in the request is expired", "aws sts get-caller-identity"),
        ("ValidationError", ON_DEMAND, "inference profile"),
        ("ModelNotFoundError", "Access denied. This Model is marked by provider as Legacy", "legacy"),
        ("ValidationError", "The model is unsupported for streaming.", "test.streaming to false"),
        ("ModelNotFoundError", "This model version has reached the end of its life.", "no longer offered"),
        ("ModelNotFoundError", "Model use case details have not been submitted for this account.", "use case form"),
        ("ValidationError", "Malformed input request", "temperature"),
        (
            "ValidationError",
            "model `openai.gpt-6` isn't supported on this route",
            "model.api, model.endpoint or model.id",
        ),
        ("ModelNotFoundError", "The model 'us.openai.gpt-6' does not exist", "model.api, model.endpoint or model.id"),
        ("ModelNotFoundError", "The model 'x' doesn't exist or doesn't support this API", "model.api"),
        ("ValidationError", "qwen does not support the '/v1/responses' API", "models with open weights have chat"),
        (
            "ValidationError",
            "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.",
            "takes max_completion_tokens",
        ),
        ("ValidationError", "Function tools with reasoning_effort are not supported for gpt", "only where it does not"),
        ("AccessDeniedError", "not authorized to perform: bedrock-mantle:CreateInference on", "of its own"),
        ("AccessDeniedError", "not authorized", "bedrock-mantle:CreateInference"),
        (
            "NotAnAnswerError",
            "UnknownOperationException without a message",
            "has no such path",
        ),
        ("UnknownError", "UnknownOperationException: status 404 without a message", "has no such path"),
        ("UnknownError", "I'm a teapot", "Look at the example message"),
        ("ValidationError", "prompt is too long: 250000 tokens > 200000 maximum", "longer than this model"),
        ("ValidationError", "Input is too long for requested model.", "longer than this model"),
        ("ValidationError", "The maximum tokens you requested exceeds the model limit of 4096.", "Set test.max_tokens"),
        ("ValidationError", "max_tokens: 9000 > 8192, which is the maximum allowed number", "Set test.max_tokens"),
        ("ValidationError", "`max_tokens` must be greater than `thinking.budget_tokens`", "Set test.max_tokens"),
        ("ValidationError", "max_tokens: Field required", "Check the model id"),
        ("ValidationError", "Previous response with id 'resp_1' not found.", "store true"),
        ("AccessDeniedError", "model `x` is not enabled for this account", "ask for access"),
        ("ValidationError", "`temperature` is deprecated for this model.", "test.temperature"),
        ("ValidationError", "Unsupported parameter: 'top_p' is not supported with this model.", "test.temperature"),
        ("ThrottlingError", "Too many requests to this inference profile", "More requests or tokens"),
        ("ThrottlingError", "Too many requests, please wait before trying again.", "More requests per minute"),
        ("ThrottlingError", "Rate limit reached: requests per min (RPM): Limit 60", "More requests per minute"),
        ("ThrottlingError", "Too many tokens, please wait before trying again.", "lower max_tokens"),
        ("ThrottlingError", "Rate limit reached on tokens per min (TPM)", "lower max_tokens"),
        ("ThrottlingError", "Too many tokens per day, please wait before trying again.", "the next day"),
        ("ThrottlingError", "Too many concurrent requests", "at the same time"),
        ("ThrottlingError", "Slow down", "More requests or tokens"),
        ("NoSuchCategory", "", ""),
    ],
)
def test_a_remedy_fits_the_message(category: str, message: str, words: str) -> None:
    """Where the service says one thing for many reasons, the remedy goes by its words."""
    found = remedy(category, message)
    assert words in found
    assert bool(words) == bool(found)
    assert "\n" not in found
    assert remedy(category) == REMEDIES.get(category, "")


@pytest.mark.parametrize("inner", [OSError(104, "Connection reset by peer"), ValueError("Incomplete response.")])
def test_a_broken_connection_is_told_in_words(inner: Exception) -> None:
    """urllib3's exception holds the cause beside its words, and botocore's holds that."""
    broken = http.ProtocolError(f"Connection broken: {inner!r}", inner)
    wrapped = aws.ResponseStreamingError(error=broken)
    for error in (broken, wrapped, http.ProtocolError(f"Connection broken: {inner!r}")):
        message = classify(error, "stream").message
        assert message.endswith(f"Connection broken: {inner!r}"), message
        assert "('" not in message.replace(repr(inner), "")


def test_every_remedy_is_told_in_chinese() -> None:
    """Of categories and of reasons."""
    assert set(language("zh").remedies) == REMEDIES.keys() | REASONS.keys()


def test_remedies_of_a_run() -> None:
    """Each category has one; that of a category which has happened fits its example."""
    found = remedies({"ValidationError": f"ValidationException: {ON_DEMAND}", "NoSuchCategory": "x"})
    assert set(found) == set(REMEDIES)
    assert found["ValidationError"] == remedy("ValidationError", ON_DEMAND) != REMEDIES["ValidationError"]
    assert found["ThrottlingError"] == REMEDIES["ThrottlingError"]
    said = {"ValidationError": ON_DEMAND, "CredentialsError": "Signature expired: now", "ThrottlingError": "api key"}
    assert reasons(said) == {"ValidationError": "inference_profile", "CredentialsError": "clock"}


def test_only_a_throttle_by_tokens_is_mended_by_max_tokens() -> None:
    """A quota of requests is not used less by shorter answers."""
    assert "max_tokens" not in remedy("ThrottlingError", "Too many requests, please wait before trying again.")
    assert "max_tokens" in remedy("ThrottlingError", "Too many tokens, please wait before trying again.")


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ('{"message": "no"}', "", "no"),
        ('{"Message": "no"}', "", "no"),
        ('{"__type": "com.amazon.coral#ThrottlingException", "Message": "no"}', "ThrottlingException", "no"),
        ('{"error": {"message": "no", "type": "rate_limit_error"}}', "rate_limit_error", "no"),
        ('{"error": {"message": "no", "type": "new_error", "code": "model_not_found"}}', "model_not_found", "no"),
        ('{"error": {"message": "no", "type": "server_error", "code": "x12"}}', "server_error", "no"),
        ('{"error": {"message": "no", "code": 429}}', "", "no"),
        ('{"error": "no"}', "", "no"),
        ('{"message": {"message": "no"}}', "", "no"),
        ('{"message": null, "error": {"message": "no"}}', "", "no"),
        ('{"type": "error", "error": {"type": "overloaded_error", "message": "no"}}', "overloaded_error", "no"),
        (
            '{"message": "no", "originalStatusCode": 503, "originalMessage": "busy"}',
            "",
            "no (the model itself: status 503: busy)",
        ),
        ('{"message": "no", "originalStatusCode": "x", "originalMessage": ["y"]}', "", "no"),
        ('{"message": "no", "originalMessage": "no"}', "", "no"),
        ("[1]", "", ""),
        ("null", "", ""),
        ("5", "", ""),
    ],
)
def test_words_are_found_where_others_put_them(body: str, code: str, message: str) -> None:
    """AWS, gateways and models have their code and message in different places."""
    assert said(json.loads(body)) == (code, message)


@pytest.mark.parametrize(
    ("content_type", "content", "expected"),
    [
        (
            "application/json",
            b'{"Output": {"x": "secret"}, "Version": "1.0"}',
            "application/json, 45 bytes, members Output, Version",
        ),
        ("application/json; charset=utf-8", b"[1, 2, 3]", "application/json, 9 bytes, an array of 3"),
        ("", b"null", "no content type, 4 bytes, null"),
        ("", b"", "no content type, 0 bytes"),
        ("text/plain", b'"secret"', "text/plain, 8 bytes, a text"),
        ("text/plain", b"12", "text/plain, 2 bytes, a number"),
        ("text/plain", b"true", "text/plain, 4 bytes, true or false"),
        ("text/event-stream", b"data: secret", "text/event-stream, 12 bytes"),
        ("text/plain", b"event: x\ndata: secret", "text/plain, 21 bytes"),
        ("text/plain", b"\n data: secret", "text/plain, 14 bytes"),
        ("text/event-stream", b"id: 7\nsecret", "text/event-stream, 12 bytes"),
        ("application/vnd.amazon.eventstream", b"\x00secret", "application/vnd.amazon.eventstream, 7 bytes"),
        ("application/json", b"{}", "application/json, 2 bytes, an object without members"),
        ("text/html", b"<html>\n <b>Bad Gateway</b>", "text/html, 26 bytes: <html> <b>Bad Gateway</b>"),
        ("text/html", b"x" * 500, f"text/html, 500 bytes: {'x' * 80}"),
        ("application/json", b"[" * 100_000, f"application/json, 100,000 bytes: {'[' * 80}"),
        ("text/html", b"<p>AKIAIOSFODNN7EXAMPLE", "text/html, 23 bytes: <p>***"),
        (
            "application/json",
            json.dumps(dict.fromkeys("abcdefghij")).encode(),
            "application/json, 110 bytes, members a, b, c, d, e, f, g, h, ...",
        ),
    ],
)
def test_content_is_described_and_not_quoted(content_type: str, content: bytes, expected: str) -> None:
    """Type, size and member names; a text only where it is neither JSON nor SSE, 80 characters of it."""
    assert describe(content_type, content) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["message", "error", "code", "type", "__type", "x"]), inner)
    ),
)


@given(
    JSON | st.binary(),
    st.integers(300, 599),
    st.dictionaries(
        st.sampled_from(["x-amzn-ErrorType", "Content-Type", "location", "x-amzn-RequestId"]),
        st.text(st.characters(max_codepoint=255)),
    ),
)
def test_any_refusal_is_a_failure(body: object, status: int, headers: dict[str, str]) -> None:
    """Whatever an error response holds, it is one failure with a category, a code and a message that can be written."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    failure = classify(refusal("Converse", status, headers, content), "response")
    assert failure.category in REMEDIES
    assert failure.code
    assert failure.message
    for text in (failure.code, failure.message, failure.request_id):
        assert len(text) <= MESSAGE_LIMIT
        assert len(text.splitlines()) <= 1
        text.encode()


@pytest.mark.parametrize("said", ["", " ", "\\u001b", "\\n"])
def test_a_message_of_nothing_that_can_be_shown_is_none(said: str) -> None:
    """Neither blanks nor control characters."""
    error = refusal("Converse", 400, {}, f'{{"message": "{said}", "detail": "it is"}}'.encode())
    assert classify(error, "response").message == "it is"
    error = refusal("Converse", 400, {}, f'{{"message": "{said}"}}'.encode())
    assert classify(error, "response").message.startswith("status 400 without a message: no content type, ")


def test_a_redirect_says_where_to() -> None:
    """A redirect is a matter of the way to the service; what stands behind `?` may be a secret."""
    failure = classify(
        refusal("Converse", 302, {"Location": "https://login.example.com/?token=secret"}, b""), "response"
    )
    assert (failure.category, failure.code) == ("ConnectionError", "302")
    assert failure.message == "status 302, redirected to https://login.example.com/"


@pytest.mark.parametrize(
    "error",
    [
        ValueError("Expecting value: line 1 column 1 (char 0)"),
        RuntimeError("expired"),
        KeyError("x"),
        aws.SSOTokenLoadError(error_msg="x"),
        aws.ClientError(answer("AccessDenied"), "AssumeRole"),  # type: ignore[arg-type]
    ],
)
def test_what_is_raised_while_signing_is_about_credentials(error: Exception) -> None:
    """Whatever it is, also an answer of another service of AWS."""
    failure = classify(error, "connect", signing=True)
    assert (failure.category, failure.code, failure.stage) == ("CredentialsError", type(error).__name__, "connect")


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("overloaded_error", "ServiceUnavailableError"),
        ("rate_limit_error", "ThrottlingError"),
        ("new_error", "ModelError"),
        ("UnknownOperationException", "NotAnAnswerError"),
        ("", "NotAnAnswerError"),
    ],
)
def test_an_error_in_the_format_of_the_model(code: str, category: str) -> None:
    """It came with status 200: its own type decides."""
    failure = classify(ModelFailedError("no", code), "stream")
    assert (failure.category, failure.code, failure.stage, failure.message) == (
        category,
        code or "ModelFailedError",
        "stream",
        "no",
    )


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
    """There is no failure that a report cannot advise on, and no advice without a failure."""
    client_side = {"StreamInterruptedError", "TimeoutError", "ConnectionError", "ClientResourceError"}
    others = {"CredentialsError", "UnknownError", "NotAnAnswerError", "MalformedEventError", "TaskFailure"}
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


@pytest.mark.parametrize(("category", "remedy"), (REMEDIES | REASONS).items())
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
