"""What no file, log or page may hold, and what is left of a text that held it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.call import COLUMNS
from bedrock_locust.redaction import (
    ID_LIMIT,
    MASK,
    MESSAGE_LIMIT,
    TEXT_LIMITS,
    WORD_LIMIT,
    fit,
    forget,
    know,
    know_environment,
    public_environment,
    redact,
    scrub,
    word,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDPOINT = "https://bedrock-runtime.us-east-1.amazonaws.com"
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


def encodings(secret: str) -> set[str]:
    """A secret as it is met in URLs, JSON, XML, headers and Python."""
    return {secret, quote(secret, safe=""), quote(secret), json.dumps(secret), secret.replace("/", "\\/"), repr(secret)}


@pytest.fixture
def _unknown() -> Iterator[None]:
    """Nothing is known before, nor after."""
    forget()
    yield
    forget()


SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SHAPES = (
    '{{"SecretAccessKey": "{}"}}',
    '{{"secretAccessKey":"{}","x":1}}',
    '{{\\"SessionToken\\": \\"{}\\"}}',
    '"Token" : "{}",',
    "<SecretAccessKey>{}</SecretAccessKey>",
    "<SessionToken>{}</SessionToken>",
    "{{'X-Amz-Security-Token': b'{}'}}",
    "('x-amz-security-token', '{}')",
    "x-amz-security-token:{}\nhost:h",
    "X-Amz-Security-Token={}&X-Amz-Date=1",
    "x-amz-security-token%3A{}%0Ahost",
    "&quot;sessionToken&quot;: &quot;{}&quot;",
    "aws_secret_access_key = {}",
    "aws_session_token={}",
    "AWS_BEARER_TOKEN_BEDROCK={}",
    "Authorization: Basic {}",
    "authorization: {}",
    "'Authorization': b'Negotiate {}'",
    "'Authorization': 'ApiKey {}'",
    'Authorization: Digest username="u", response="{}"',
    "Proxy-Authorization: Basic {}",
    "x-api-key: {}",
    "'x-api-key': '{}'",
    '"api_key": "{}"',
    "Cookie: a=b; session={}; c=d",
    "Set-Cookie: session={}; Path=/",
    "'Cookie': 'session={}'",
    '{{"accessToken": "{}", "refreshToken": "{}"}}',
    "password={}",
)


@pytest.mark.usefixtures("_unknown")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("secret", [SECRET, TOKEN, "c2VjcmV0OnNlY3JldA==", "Zx9Qw8Er7Ty6"])
def test_usual_shapes(shape: str, secret: str) -> None:
    """A value after a name that is that of a secret vanishes, whoever writes it and however."""
    for form in (secret, secret.replace("/", "\\/")):
        text = f"before {shape.replace('{{', '{').replace('}}', '}').replace('{}', form)} after"
        assert form not in scrub(text)
        assert secret[:8] not in scrub(text)
        assert scrub(text).startswith("before ")
        assert scrub(scrub(text)) == scrub(text)


NAMES = (
    "passwd",
    "password",
    "cookie",
    "authorization",
    "client_secret",
    "x-api-key",
    "db.passwd",
    "aws_session_token",
)
FOLDERS = st.lists(st.text("abcXYZ09._-", min_size=1, max_size=8), max_size=4).map(lambda parts: "/".join(["", *parts]))
QUOTES = st.sampled_from(["", "'", '"'])


@pytest.mark.usefixtures("_unknown")
@given(
    FOLDERS,
    st.sampled_from(NAMES),
    st.sampled_from(["{}: {}", "'{}': '{}'", "'{}': {}", '"{}":"{}"', "{}={}", '{} = "{}"']),
    st.from_regex(r"[a-z]{6}[0-9A-Z/+]{4}[a-zA-Z0-9]{2,9}", fullmatch=True),
    st.sampled_from(["", " and more words", "; then this", ", 'x'"]),
)
def test_a_value_after_a_path_vanishes(folder: str, name: str, form: str, secret: str, after: str) -> None:
    """A parameter of a store has a name like a path: its value is none the less a secret."""
    text = f"got {form.format(f'{folder}/{name}', secret)}{after}"
    assert secret not in scrub(text)
    assert secret[:8] not in scrub(text)


@pytest.mark.usefixtures("_unknown")
@pytest.mark.parametrize(
    "text",
    [
        "'/x/cookie': cannot say; session=Zx9Qw8Er",
        "'/x/passwd': 'correct horse'",
        "/x/passwd: hunter",
        "passwd: hunter two",
        "invalid_api_key: hunter is wrong",
        "invalid_api_key: Zx9Qw8Er",
        'invalid_api_key: "Zx9Qw8Er"',
        "invalid_api_key=Zx9Qw8Er is wrong",
    ],
)
def test_what_is_no_sentence_about_a_path_vanishes(text: str) -> None:
    """Quoted words, one word alone, a name that is no path, and a header's value are masked."""
    assert not re.search("Zx9Qw8Er|correct|hunter", scrub(text))


@pytest.mark.usefixtures("_unknown")
@pytest.mark.parametrize(
    "text",
    [
        "CredentialsError (invalid_api_key: The security token included in the request is invalid.)",
        "invalid_api_key: Your key is not known",
        "missing_access_token: No token was given",
    ],
)
def test_a_sentence_after_a_code_stays(text: str) -> None:
    """A code that ends as the name of a secret does is followed by words, not by the secret."""
    assert scrub(text) == text


@pytest.mark.usefixtures("_unknown")
@pytest.mark.parametrize(
    "text",
    [
        "http://user:Zx9Qw8Er@proxy:3128",
        "cannot connect to https://me%40x:Zx9Qw8Er@proxy.example/",
        "proxy user:Zx9Qw8Er@proxy.example:3128 refused",
        "bedrock-api-key-Zx9Qw8Er",
        "key ABSKQmVkcm9ja0FQSUtleS1Zx9Qw8Er0000",
        "sk-ant-api03-Zx9Qw8Er0000000000",
        "eyJhbGciOiJIUzI1NiJ9.Zx9Qw8Er.abc",
    ],
)
def test_what_looks_like_a_secret_without_a_name(text: str) -> None:
    """Passwords in URLs and keys with a prefix vanish."""
    assert "Zx9Qw8Er" not in scrub(text)
    assert MASK in scrub(text)


@pytest.mark.usefixtures("_unknown")
def test_a_known_secret_vanishes_in_every_encoding() -> None:
    """What this process knows to be a secret is found without a name, as it is or encoded; a short one is not."""
    texts = [f"<{form}>" for form in encodings(SECRET)]
    assert [text for text in texts if scrub(text) == text] == texts
    know(SECRET, None, "", "short")
    for text in texts:
        assert SECRET[:10] not in scrub(text)
        assert SECRET[-10:] not in scrub(text)
    assert scrub("a short text") == "a short text"
    know("x" + SECRET)
    assert scrub(f"x{SECRET}") == MASK, "the longest is found first"


@pytest.mark.usefixtures("_unknown")
def test_what_the_environment_holds() -> None:
    """Keys of AWS and passwords of proxies are known; a child gets neither, but all else."""
    environ = {
        "AWS_SECRET_ACCESS_KEY": "first-secret",
        "AWS_SESSION_TOKEN": "second-secret",
        "AWS_BEARER_TOKEN_BEDROCK": "third-secret",
        "https_proxy": "http://user:fourth%2Dsecret@proxy:1",
        "AWS_REGION": "us-east-1",
        "PATH": "/bin",
        "MY_PASSWORD": "fifth-secret",
        "SOMETHING": "with second-secret in it",
        "BEDROCK_SIMULATOR_CONTROL_TOKEN": "own",
        "BEDROCK_WEB_PASSWORD": "sixth-secret",
    }
    know_environment(environ)
    for secret in ("first-secret", "second-secret", "third-secret", "fourth-secret", "fourth%2Dsecret", "sixth-secret"):
        assert scrub(f"({secret})") == f"({MASK})"
    assert scrub("us-east-1 /bin") == "us-east-1 /bin"
    assert public_environment(environ) == {"AWS_REGION": "us-east-1", "PATH": "/bin"}
    assert "BEDROCK_SIMULATOR_CONTROL_TOKEN" in public_environment(environ, "BEDROCK_SIMULATOR_CONTROL_TOKEN")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\x1b[31mred\x1b[0m\x1b]0;title\x07b", "aredb"),
        ("a\x1b]8;;http://x\x1b\\b", "ab"),
        ("a\x9b2Jb", "ab"),
        ("a\0b\x07c\x7fd", "a b c d"),
        ("a\u202eb\u200bc", "abc"),
        ("line\r\nbreak\ttab", "line break tab"),
        ("Grüße, 世界 \N{GRINNING FACE}", "Grüße, 世界 \N{GRINNING FACE}"),
    ],
)
def test_nothing_reaches_a_terminal(text: str, kept: str) -> None:
    """Control characters, escapes and what reorders a text are left out of messages and names."""
    assert redact(text) == word(text) == kept


@given(st.text(st.characters(codec=None), max_size=300))
def test_any_text_becomes_harmless(text: str) -> None:
    """Whatever the service sends, what is kept can be printed, is short, and is not changed when it is kept again."""
    for kept, limit in ((redact(text), MESSAGE_LIMIT), (word(text), WORD_LIMIT), (word(text, ID_LIMIT), ID_LIMIT)):
        assert len(kept) <= limit
        assert kept.isprintable()
        assert not re.search("[\ud800-\udfff]", kept)


def test_columns_have_limits() -> None:
    """Each column with text of the service is held; others, and what is no text, stay."""
    held = fit({"error_code": "x" * 5000, "request_id": "y" * 5000, "latency_ms": 1.5, "name": "n" * 99, "error": ""})
    assert held == {"error_code": "x" * 64, "request_id": "y" * 128, "latency_ms": 1.5, "name": "n" * 99, "error": ""}
    assert set(TEXT_LIMITS) <= set(COLUMNS)
    assert fit({"error_code": 7}) == {"error_code": ""}
