"""Signatures, each rule at its bounds: what botocore signs is the reference."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bedrock_locust.simulator import auth
from bedrock_locust.simulator.auth import Guard, Request
from bedrock_locust.simulator.errors import ServiceError

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
STAMP = "20260304T050607Z"
WRONG = "The request signature we calculated does not match the signature you provided."
KEYS = {"ID": "secret"}


def at(moment: datetime, monkeypatch: pytest.MonkeyPatch, path: str = "/model/m/converse", **more: Any) -> Request:
    """A request that botocore has signed at a moment."""
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: moment.replace(tzinfo=None))
    query = more.get("query", "")
    url = f"http://h:1{path}" + (f"?{query}" if query else "")
    asked = AWSRequest("POST", url, data=b"{}", headers={"host": "h:1", **more.get("headers", {})})
    SigV4Auth(Credentials("ID", "secret"), more.get("service", "bedrock"), "eu-west-3").add_auth(asked)
    return Request("POST", path, query, [(name.lower(), value) for name, value in asked.headers.items()], b"{}")


def refused(
    guard: Guard, request: Request, now: datetime | None = NOW, services: tuple[str, ...] = ()
) -> tuple[str, str]:
    """Code and message with which a request is refused; empty where it is not."""
    try:
        guard.check(request, now, services)
    except ServiceError as error:
        return error.code, error.message
    return "", ""


def changed(request: Request, old: str, new: str, header: str = "authorization") -> Request:
    """The request with another text in a header."""
    headers = [(name, value.replace(old, new) if name == header else value) for name, value in request.headers]
    return Request(request.method, request.path, request.query, headers, request.body)


@pytest.mark.parametrize(
    ("off_s", "words"),
    [
        (-301, "Signature not yet current: 20260304T050607Z is now later than 20260304T050106Z by more than 5 min."),
        (-300, ""),
        (0, ""),
        (300, ""),
        (301, "Signature expired: 20260304T050607Z is now earlier than 20260304T051108Z by more than 5 min."),
    ],
)
def test_a_signature_holds_for_five_minutes(off_s: int, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the second, on both sides."""
    found = refused(Guard(KEYS), at(NOW, monkeypatch), NOW + timedelta(seconds=off_s))
    assert found == (("InvalidSignatureException", words) if words else ("", ""))


def test_what_a_signature_must_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part alone, with what the service says of it."""
    good, guard = at(NOW, monkeypatch), Guard(KEYS)
    assert refused(guard, good) == ("", "")
    parts = "Authorization header requires Credential, Signature and SignedHeaders parameters."
    known = dict(good.headers)["authorization"]
    signature = known.rpartition("=")[2]
    for old in ("Credential=", "SignedHeaders=", "Signature=", "/aws4_request"):
        assert refused(guard, changed(good, old, "x" if "=" in old else "")) == ("InvalidSignatureException", parts)
    assert refused(guard, changed(good, "ID/", "OTHER/"))[0] == "UnrecognizedClientException"
    assert refused(guard, changed(good, "ID/", "OTHER/"))[1] == "The security token included in the request is invalid."
    scope = "Credential should be scoped to correct service: 'bedrock'."
    assert refused(guard, changed(good, "/bedrock/", "/s3/")) == ("InvalidSignatureException", scope)
    assert refused(guard, changed(good, "aws4_request", "aws5_request")) == ("InvalidSignatureException", scope)
    dates = f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date: {STAMP}."
    assert refused(guard, changed(good, "20260304/", "20260305/")) == ("InvalidSignatureException", dates)
    form = "Date must be in ISO-8601 'basic format', in the X-Amz-Date header."
    assert refused(guard, changed(good, STAMP, "2026-03-04", "x-amz-date")) == ("InvalidSignatureException", form)
    code, words = refused(guard, changed(good, signature, "0" * 64))
    assert (code, words.startswith(WRONG)) == ("InvalidSignatureException", True)
    assert refused(Guard({"ID": "other"}), good)[0] == "InvalidSignatureException"
    assert refused(guard, Request("POST", "/", "", [], b""), None)[0] == "MissingAuthenticationTokenException"
    assert refused(guard, Request("POST", "/", "", [("authorization", "Basic x")], b""))[0].startswith("Missing")


def test_each_endpoint_has_its_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """bedrock-mantle takes both, bedrock-runtime one; the control plane says which it takes."""
    runtime, mantle = Guard(KEYS), Guard(KEYS, mantle=True)
    of_mantle, of_sts = at(NOW, monkeypatch, service="bedrock-mantle"), at(NOW, monkeypatch, service="sts")
    assert refused(mantle, of_mantle) == refused(mantle, at(NOW, monkeypatch)) == ("", "")
    assert refused(runtime, of_mantle)[1] == "Credential should be scoped to correct service: 'bedrock'."
    assert refused(runtime, of_sts, services=("sts",)) == ("", "")
    assert refused(runtime, at(NOW, monkeypatch), services=("sts",))[1].endswith("'sts'.")


def test_now_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without another moment."""
    assert refused(Guard(KEYS), at(datetime.now(UTC), monkeypatch), None) == ("", "")
    assert refused(Guard(KEYS), at(datetime.now(UTC) - timedelta(minutes=6), monkeypatch), None)[0]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/a",
        "/a/",
        "//a",
        "/a//b/",
        "/a/./b",
        "/a/../b",
        "/a/b/../../c",
        "/../a",
        "/a/..",
        "/a%3A0/b~c",
        "/a b/ü",
        "/.",
    ],
)
def test_paths_are_signed_without_dots(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As botocore does: empty segments and dots lead where they lead in a folder."""
    assert refused(Guard(KEYS), at(NOW, monkeypatch, path)) == ("", "")


@pytest.mark.parametrize(
    "query", ["a=1", "b=2&a=1", "a=2&a=1", "a=", "a=%20", "a=b%2Bc", "a=1%262", "%C3%BC=~", "A=1&a=0"]
)
def test_queries_are_signed_in_order(query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name and value, encoded."""
    assert refused(Guard(KEYS), at(NOW, monkeypatch, query=query)) == ("", "")
    other = at(NOW, monkeypatch, query=query)
    assert refused(Guard(KEYS), Request("POST", other.path, query + "x", other.headers, b"{}"))[0]


def test_the_canonical_request() -> None:
    """Word by word: values of a header in one line, only the first host, the digest, or that there is none."""
    headers = [
        ("host", "a"),
        ("host", "b"),
        ("x-amz-meta", "  one   two "),
        ("x-amz-meta", "three"),
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
    ]
    request = Request("PUT", "/a b/./c/", "b=1+2&a=", headers, b"body")
    found = auth.canonical_request(request, ["host", "x-amz-meta", "x-missing"])
    lines = ["PUT", "/a%20b/c/", "a=&b=1%2B2", "host:a", "x-amz-meta:one two,three", "x-missing:", ""]
    assert found.split("\n") == [*lines, "host;x-amz-meta;x-missing", "UNSIGNED-PAYLOAD"]
    digest = "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5"
    plain = auth.canonical_request(Request("GET", "/", "", headers[:1], b"body"), [":authority"])
    assert plain.split("\n") == ["GET", "/", "", ":authority:a", "", ":authority", digest]


def test_tokens_and_keys_of_anthropic() -> None:
    """`x-api-key` counts below /anthropic/ alone, and not beside another header."""
    guard = Guard({}, ["one", "two"])

    def code(path: str, **headers: str) -> str:
        pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
        return refused(guard, Request("POST", path, "", pairs, b""))[0]

    wrong, missing = "AccessDeniedException", "MissingAuthenticationTokenException"
    assert [code("/anthropic/v1/messages", x_api_key=key) for key in ("one", "two", "three")] == ["", "", wrong]
    assert code("/openai/v1/responses", x_api_key="one") == missing
    assert code("/anthropic/v1/messages", x_api_key="one", authorization="Bearer three") == wrong
    assert code("/anthropic/v1/messages", x_api_key="") == missing
    assert [code("/", authorization=f"Bearer {key}") for key in ("one", " two ", "three")] == ["", "", wrong]
    message = refused(guard, Request("POST", "/", "", [("authorization", "Bearer x")], b""))[1]
    assert message == "Authentication failed: Please make sure your API Key is valid."
