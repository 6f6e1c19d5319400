"""The gate before every route: what other sites have a browser send is refused, whatever the route."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, session
from flask_cors import CORS
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.outputs.web.gate import Gate, close
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.web import parse_hosts

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

OWN = "127.0.0.1:8089"
EVIL = "http://evil.example"


def app(allowed: str = "load.example.com,bedrock-master", web_host: str = "web.internal") -> Flask:
    """A server as Locust's is: every site may read its answers, and a session has a cookie."""
    made = Flask(__name__)
    made.config["SECRET_KEY"] = "made-up"
    CORS(made)

    @made.route("/", methods=["GET", "POST", "PUT", "DELETE"])
    @made.route("/stats/reset")
    def answer() -> str:
        session["seen"] = True
        return "answered"

    made.wsgi_app = Gate(made.wsgi_app, web_host, parse_hosts(allowed))  # type: ignore[method-assign]
    return made


def ask(method: str = "GET", path: str = "/", host: str = OWN, **headers: str) -> TestResponse:
    """What a server answers; a header is called as in Python, `sec_fetch_site`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return app().test_client().open(path, method=method, headers={"Host": host, **named})


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": EVIL},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:3000"},
        {"origin": "http://127.0.0.1"},
        {"origin": f"file://{OWN}"},
        {"origin": f"{EVIL}?{OWN}"},
        {"origin": f"http://{OWN}.evil.example"},
        {"origin": "http://["},
        {"origin": ""},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "something new"},
        {"sec_fetch_site": "cross-site", "origin": f"http://{OWN}"},
        {"sec_fetch_site": "same-origin", "origin": EVIL},
        {"sec_fetch_site": "none", "origin": "null"},
        {"x_forwarded_host": "load.example.com", "origin": EVIL},
    ],
)
def test_other_sites_change_nothing(method: str, headers: dict[str, str]) -> None:
    """A request that a page of another site has sent gets no further, by any method that changes something."""
    answer = ask(method, **headers)
    assert (answer.status_code, "answered" in answer.text) == (403, False)
    assert "Set-Cookie" not in answer.headers
    assert answer.text.startswith("bedrock-locust: the request comes from a page of")


@pytest.mark.parametrize("headers", [{"origin": EVIL}, {"sec_fetch_site": "cross-site"}])
def test_a_get_that_resets_is_held_like_a_post(headers: dict[str, str]) -> None:
    """Some versions of Locust reset the statistics at a GET."""
    assert ask("GET", "/stats/reset", **headers).status_code == 403
    assert ask("GET", "/stats/reset").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": f"http://{OWN}"},
        {"origin": f"http://{OWN}", "sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        {"host": "[::1]:8089", "origin": "http://[::1]:8089"},
        {"host": "LOCALHOST:8089", "origin": "http://localhost:8089"},
        {"host": "127.0.0.1:80", "origin": "http://127.0.0.1"},
        # A proxy that keeps the name, one that passes it on, and one that does neither.
        {"host": "load.example.com", "origin": "https://load.example.com"},
        {"x_forwarded_host": "load.example.com", "origin": "https://load.example.com"},
        {"origin": "https://load.example.com:8443"},
        {"origin": "http://127.0.0.1:9000", "sec_fetch_site": "same-origin"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_own_pages_and_commands_pass(method: str, headers: dict[str, str]) -> None:
    """Our own page, also behind a proxy, and a command such as curl, which sends no such header, are answered."""
    answer = ask(method, **headers)
    assert (answer.status_code, answer.text) == (200, "answered"), answer.text


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost.:8089",
        "bench.localhost:8089",
        "127.0.0.1",
        "10.1.2.3:8089",
        "[::1]",
        "[fe80::1%eth0]:8089",
        socket.gethostname(),
        "web.internal:8089",
        "bedrock-master:8089",
        "Load.Example.Com",
        "",
    ],
)
def test_known_hosts(host: str) -> None:
    """Loopback names, IP addresses, the machine's own name, --web-host and the allowed names are answered."""
    assert ask(host=host).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8089",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evillocalhost",
        "evil.example#.localhost",
        "evil.example/.localhost",
        "load.example.com.evil.example",
        "user@127.0.0.1",
        "127.0.0.1:8089:evil.example",
        "[evil.example",
        "0x7f.1",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_hosts(method: str, host: str) -> None:
    """A name that somebody else could have pointed here is refused; the refusal names the option."""
    answer = ask(method, host=host)
    assert answer.status_code == 403
    assert "--bedrock-allowed-hosts" in answer.text


def test_a_forwarded_host_is_held_like_a_host() -> None:
    """A proxy that changes the name, and passes the first one on, is no way around."""
    assert ask(x_forwarded_host="evil.example").status_code == 403
    assert ask(x_forwarded_host="load.example.com, 10.0.0.1").status_code == 200
    assert ask(x_forwarded_host="load.example.com, evil.example").status_code == 403


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/none", 404)])
def test_no_answer_is_for_other_sites(path: str, status: int) -> None:
    """Another site can neither read nor frame an answer, nor have a cookie sent with its requests."""
    answer = ask(path=path, origin=EVIL)
    assert answer.status_code == status
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert all("SameSite=Lax" in cookie for cookie in answer.headers.getlist("Set-Cookie"))
    assert answer.headers.getlist("Set-Cookie") or status == 404


def test_what_an_answer_says_itself_stays() -> None:
    """A cookie with a SameSite of its own, and a policy with ancestors, are left alone."""
    headers = [("Set-Cookie", "a=1; SameSite=Strict"), ("Content-Security-Policy", "frame-ancestors 'self'")]
    closed = close(headers)
    assert sorted(pair for pair in closed if pair[0] in {"Set-Cookie", "Content-Security-Policy"}) == sorted(headers)


@pytest.mark.parametrize("text", ["http://x.example", "x.example:80", "x/y", "*", "a b", "x.example,<b>", "é"])
def test_what_is_no_name(text: str) -> None:
    """What could be no name of a host is refused at the start, with the value and the option."""
    with pytest.raises(SettingsError, match=r"--bedrock-allowed-hosts .*is not the name of a host"):
        parse_hosts(text)


@pytest.mark.parametrize("text", [None, "", " , "])
def test_no_names(text: str | None) -> None:
    """The option may be empty."""
    assert parse_hosts(text) == frozenset()


@given(
    st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=40), st.sampled_from(["GET", "POST"])
)
def test_any_header_is_answered(text: str, method: str) -> None:
    """Whatever a header holds, there is an answer, and no traceback."""
    for header in ("Host", "Origin", "Sec-Fetch-Site", "X-Forwarded-Host"):
        environ: dict[str, Any] = {f"HTTP_{header.upper().replace('-', '_')}": text}
        assert app().test_client().open("/", method=method, environ_overrides=environ).status_code in (200, 403)
