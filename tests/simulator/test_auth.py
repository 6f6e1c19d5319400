"""Signatures: what botocore signs is let in, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import get_current_datetime
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.simulator.auth import Guard, Request
from bedrock_locust.simulator.errors import ServiceError

KEYS = {"AKIDONE": "secret+/one", "AKIDTWO": "two"}
HOST = "127.0.0.1:8080"

names = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12).map(lambda text: f"x-amzn-{text}")
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
queries = st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=3)


def signed(path: str, body: bytes, **more: Any) -> Request:
    """A request as botocore signs it."""
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in more.get("query", ()))
    url = f"http://{HOST}{path}" + (f"?{query}" if query else "")
    request = AWSRequest(method="POST", url=url, data=body, headers={"host": HOST, **more.get("headers", {})})
    key = more.get("key", "AKIDONE")
    SigV4Auth(Credentials(key, KEYS[key]), "bedrock", more.get("region", "eu-west-3")).add_auth(request)
    headers = [(name.lower(), value) for name, value in request.headers.items()]
    return Request("POST", path, query, headers, body)


@given(
    st.text(min_size=1, max_size=40),
    st.binary(max_size=60),
    st.dictionaries(names, values, max_size=4),
    st.sampled_from(sorted(KEYS)),
    queries,
)
def test_what_botocore_signs_is_let_in(
    model_id: str, body: bytes, headers: dict[str, str], key: str, query: list[tuple[str, str]]
) -> None:
    """Whatever the model id, the body, the headers and the query are."""
    path = f"/model/{quote(model_id, safe='')}/converse"
    Guard(KEYS).check(signed(path, body, headers=headers, key=key, query=query))


@pytest.mark.parametrize("path", ["/model/a.b:0/invoke", "/model/a.b%3A0/invoke", "/model/a~b/invoke"])
def test_paths_as_clients_send_them(path: str) -> None:
    """A bare colon, an escaped one and a tilde are signed as they are sent."""
    Guard(KEYS).check(signed(path, b"{}"))


@given(st.integers(0), st.sampled_from(["path", "body", "header", "signature", "method"]))
def test_a_change_is_found_out(at: int, part: str) -> None:
    """After any change of what was signed, the signature does not match."""
    good = signed("/model/m/converse", b'{"messages": []}', headers={"x-amzn-b": "1"})
    headers = list(good.headers)
    if part == "signature":
        name, value = headers.pop([name for name, _ in headers].index("authorization"))
        digit = len(value) - 1 - at % 64
        headers.append((name, value[:digit] + ("0" if value[digit] != "0" else "1") + value[digit + 1 :]))
    if part == "header":
        headers = [(name, "2" if name == "x-amzn-b" else value) for name, value in headers]
    bad = Request(
        "PUT" if part == "method" else good.method,
        good.path + "x" if part == "path" else good.path,
        good.query,
        headers,
        good.body + b" " if part == "body" else good.body,
    )
    with pytest.raises(ServiceError) as caught:
        Guard(KEYS).check(bad)
    assert (caught.value.code, caught.value.status) == ("InvalidSignatureException", 403)


@pytest.mark.parametrize(("minutes", "words"), [(6, "Signature expired"), (-6, "not yet current")])
def test_old_and_early_dates(minutes: int, words: str) -> None:
    """A signature holds for five minutes before and after its date."""
    request, now = signed("/model/m/converse", b"{}"), get_current_datetime().replace(tzinfo=UTC)
    Guard(KEYS).check(request, now + timedelta(minutes=4 if minutes > 0 else -4))
    with pytest.raises(ServiceError) as caught:
        Guard(KEYS).check(request, now + timedelta(minutes=minutes))
    assert words in caught.value.message


@given(st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=80), st.booleans())
def test_any_other_header_is_refused(text: str, begins_well: bool) -> None:
    """Whatever stands in the header, who is not let in gets a 403."""
    value = f"AWS4-HMAC-SHA256 {text}" if begins_well else text
    with pytest.raises(ServiceError) as caught:
        Guard(KEYS, ["token"]).check(Request("POST", "/", "", [("authorization", value)], b""), datetime.now(UTC))
    assert caught.value.status == 403


def test_tokens() -> None:
    """A known token is let in, another one is not."""
    Guard({}, ["token"]).check(Request("POST", "/", "", [("authorization", "Bearer token")], b""))
    with pytest.raises(ServiceError) as caught:
        Guard({}, ["token"]).check(Request("POST", "/", "", [("authorization", "Bearer tokem")], b""))
    assert caught.value.code == "AccessDeniedException"
