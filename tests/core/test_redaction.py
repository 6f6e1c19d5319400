"""What no file, log or page may hold, and what is left of a text that held it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.redaction import MESSAGE_LIMIT, redact

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
