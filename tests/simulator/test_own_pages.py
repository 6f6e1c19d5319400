"""The simulator's own endpoints, lists and unknown paths, whole: on a clock that is set, in a golden file."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.simulator.access import Access, is_loopback
from bedrock_locust.simulator.auth import Guard

from .asks import NO_EFFORT, OSS, SOL, STREAM, chat, converse, responses
from .lapse import BEGAN_S, Answer, Lapse, check_text, lapse
from .test_account_answers import ID

if TYPE_CHECKING:
    from collections.abc import Sequence

OF_A_RESPONSE = re.compile(r"resp_\w+|msg_\w+|rs_\w+")
SETTINGS = "/_simulator/settings"


def told(sim: Lapse, method: str, path: str, body: Any = b"", headers: dict[str, str] | None = None) -> str:
    """An exchange as a text, without the ids in it."""
    answer = sim.request(method, path, body, headers or {})
    said = answer.body.decode()
    if "x-amzn-requestid" in answer.headers:
        assert ID.fullmatch(answer.headers["x-amzn-requestid"])
    kind = answer.headers.get("content-type", "")
    sent = body.decode() if isinstance(body, bytes) else json.dumps(body)
    return f"{method} {path} {sent}\n  {answer.status} {kind} {ID.sub('ID', said)}\n"


def test_unknown_paths_and_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    """What both endpoints answer where they have no operation, or where it is the other one's."""
    paths = (
        ("GET", "/"),
        ("GET", "/model/m/converse"),
        ("POST", "/model/m/convers"),
        ("POST", "/model//converse"),
        ("POST", "/model/m/n/converse"),
        ("GET", "/v1/models"),
        ("POST", "/v1/models"),
        ("GET", "/openai/v1/models"),
        ("GET", "/openai/v1/chat/completions"),
        ("POST", "/anthropic/v1/messages/count_tokens"),
        ("GET", "/anthropic/v1/messages/count_tokens"),
        ("GET", "/openai/v1/responses/none"),
        ("DELETE", "/v1/responses/none"),
        ("POST", "/openai/v1/responses/none/cancel"),
        ("PUT", "/openai/v1/responses/none"),
    )
    texts = []
    for endpoint in ("runtime", "mantle"):
        with lapse(monkeypatch, None, None, endpoint) as sim:
            texts += [f"# {endpoint}\n", *(told(sim, method, path) for method, path in paths)]
            assert len(sim.calls()) == (endpoint == "mantle")  # the one that counts
    check_text("unknown_paths.txt", "".join(texts))


def test_lists_and_responses_need_what_calls_need(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, and a permission that is counted; without them they are refused as their APIs refuse."""
    paths = (("GET", "/v1/models"), *((method, "/openai/v1/responses/none") for method in ("GET", "DELETE")))
    paths += (("POST", "/openai/v1/responses/none/cancel"),)
    texts, known = [], {"authorization": "Bearer k"}
    for endpoint in ("runtime", "mantle"):
        with lapse(monkeypatch, Guard({}, ["k"]), None, endpoint, denied=["*:Delete*", "*:ListModels"]) as sim:
            for headers in ({}, known):
                texts += [f"# {endpoint} {headers}\n", *(told(sim, *path, headers=headers) for path in paths)]
            texts.append(f"{dict(sim.service.actions)}\n\n")
    check_text("refused_lists.txt", "".join(texts))


def test_a_response_is_asked_for_cancelled_and_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its id, on both endpoints; a deleted one is not there."""
    for endpoint, model in (("runtime", SOL), ("mantle", "openai.gpt-5.6-luna")):
        with lapse(monkeypatch, None, None, endpoint) as sim:
            asked = responses(model=model).but(**NO_EFFORT)
            made = sim.request("POST", asked.path, asked.body).json
            path = f"{asked.path}/{made['id']}"
            assert sim.request("GET", path).json == made
            assert (
                sim.request("POST", f"{path}/cancel").json["error"]["message"]
                == "Cannot cancel a synchronous response."
            )
            gone = sim.request("DELETE", path)
            assert (gone.status, gone.json) == (200, {"id": made["id"], "object": "response", "deleted": True})
            assert [sim.request(method, path).status for method in ("GET", "DELETE")] == [404, 404]
            bare = sim.request("GET", path.removeprefix("/openai"))
            assert bare.status == (404 if endpoint == "mantle" else 200)
            assert ("Output" in bare.json) == (endpoint == "runtime")  # there is no such path, with status 200
            of_iam = {f"bedrock:{name}Invoke" for name in ("Get", "Cancel", "Delete")}
            assert of_iam <= set(sim.service.actions) or endpoint == "mantle"


def test_its_own_endpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, totals and ledger, whole; what is wrong changes nothing."""
    with lapse(monkeypatch) as sim:
        kept = json.dumps(sim.service.behaviour.model_dump())
        assert sim.request("GET", SETTINGS).body.decode() == kept
        mistakes: Sequence[Any] = (
            b"{",
            b"[" * 100_000,
            [1],
            {"speed": 1},
            {"ttft_ms": "x", "seed": -1},
            {"models": {"*": {"models": {}}}},
            {"models": {"a*": {"tpot_ms": -1}}},
            {"faults": {"cuts": 1}},
            {"fault_schedule": [{"fault": "cut", "every": -1}]},
        )
        texts = [told(sim, "POST", SETTINGS, body) if body != b"[" * 100_000 else "" for body in mistakes]
        assert sim.request("POST", SETTINGS, mistakes[1]).status == 400
        assert sim.request("GET", SETTINGS).body.decode() == kept
        changed = sim.request("POST", SETTINGS, {"ttft_ms": 30, "denied": ["a"]})
        assert (changed.status, changed.json) == (200, json.loads(kept) | {"ttft_ms": 30, "denied": ["a"]})
        for asked in (converse(stream=STREAM), converse(), chat(model="does-not-exist")):
            sim.request("POST", asked.path, asked.body)
        texts += [told(sim, *one) for one in (("GET", "/_simulator/stats"), ("GET", "/_simulator/calls"))]
        texts += [told(sim, *one) for one in (("DELETE", "/_simulator/calls"), ("GET", "/_simulator/calls"))]
        texts += [told(sim, *one) for one in (("GET", "/_simulator/nothing"), ("PUT", SETTINGS))]
    check_text("own_pages.txt", "".join(texts))


def test_a_clear_forgets_all_of_the_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ledger, metrics, responses and permissions; settings stay, and the next call is the first."""
    with lapse(monkeypatch, ttft_ms=11) as sim:
        first = sim.request("POST", responses().path, responses().but(**NO_EFFORT).body).json
        assert sim.service.metrics.values(SOL, "Invocations", BEGAN_S, BEGAN_S + 60) == [1]
        assert sim.service.actions == {"bedrock:InvokeModel": 1}
        sim.request("DELETE", "/_simulator/calls")
        assert sim.service.metrics.values(SOL, "Invocations", BEGAN_S, BEGAN_S + 60) == []
        assert sim.request("GET", f"{responses().path}/{first['id']}").status == 404
        assert dict(sim.service.actions) == {"bedrock:GetInvoke": 1}
        sim.request("POST", converse().path, converse().body)
        [call] = sim.calls()
        assert (call["index"], sim.service.behaviour.ttft_ms) == (0, 11)


def test_a_change_fills_quotas_and_empties_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    """From then on; the time of a schedule begins anew."""
    schedule = [{"fault": "ThrottlingException", "to_seconds": 1}]
    with lapse(monkeypatch, requests_per_minute=1, fault_schedule=schedule) as sim:

        def status() -> int:
            return sim.request("POST", converse().path, converse().body).status

        assert (status(), status()) == (429, 429)
        sim.wait(2)
        assert status() == 429  # the quota has been used up
        sim.request("POST", SETTINGS, {"requests_per_minute": 1})
        assert status() == 429  # and now the schedule strikes
        sim.wait(1)
        sim.set(requests_per_minute=1, fault_schedule=[])
        assert [status(), status()] == [200, 429]


ACCESS: Sequence[tuple[dict[str, str], str, str]] = (
    ({}, "", ""),
    ({"host": "127.0.0.1:8080"}, "", ""),
    ({"host": "localhost:8080"}, "", ""),
    ({"host": "LOCALHOST"}, "", ""),
    ({"host": "a.localhost"}, "", ""),
    ({"host": "localhost.:1"}, "", ""),
    ({"host": "[::1]"}, "", ""),
    ({"host": "[::1]:8080"}, "", ""),
    ({"host": ":8080"}, "", "This simulator is not called :8080: use its IP address."),
    ({"host": "example.com"}, "", "This simulator is not called example.com: use its IP address."),
    ({"host": "alocalhost"}, "", "This simulator is not called alocalhost: use its IP address."),
    ({"host": "x" * 81}, "", f"This simulator is not called {'x' * 80}: use its IP address."),
    ({"host": "a:1", "origin": "http://a:1"}, "t", "token"),
    ({"host": "a:1", "origin": "https://a:1"}, "t", "token"),
    ({"host": "a:1", "origin": "http://a:2"}, "t", "page"),
    ({"host": "127.0.0.1:1", "origin": "http://127.0.0.1:1"}, "", ""),
    ({"host": "127.0.0.1:1", "origin": "ftp://127.0.0.1:1"}, "", "page"),
    ({"host": "127.0.0.1:1", "origin": ""}, "", "page"),
    *(({"sec-fetch-site": site}, "", "") for site in ("", "same-origin", "none")),
    *(({"sec-fetch-site": site}, "", "page") for site in ("same-site", "cross-site", "x")),
    ({"authorization": "Bearer t"}, "t", ""),
    ({"host": "example.com", "authorization": "Bearer t"}, "t", ""),
    ({"authorization": "bearer t"}, "t", "token"),
    ({"authorization": "Bearer tt"}, "t", "token"),
    ({"authorization": "Bearer ü"}, "t", "token"),
)
WORDS = {
    "page": "A page in a browser cannot use the simulator's own endpoints.",
    "token": "Send the control token that the simulator printed at its start, as Authorization: Bearer TOKEN.",
}


@pytest.mark.parametrize(("headers", "token", "why"), ACCESS)
def test_who_may_use_them(headers: dict[str, str], token: str, why: str) -> None:
    """This machine, who knows the token, and no page of another site; the reason says what to do."""
    assert Access(token).why_not([*headers.items()]) == WORDS.get(why, why)


def test_who_may_not_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """With status 403, also where there is no such endpoint."""
    with lapse(monkeypatch, None, Access("t")) as sim:
        for path in ("stats", "nothing"):
            refused = sim.request("GET", f"/_simulator/{path}")
            assert (refused.status, refused.json) == (403, {"message": WORDS["token"]})
        assert sim.request("GET", "/_simulator/stats", headers={"Authorization": "Bearer t"}).status == 200


def test_a_client_that_goes_in_its_request_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Outside of calls, too: it gets status 400, which it no longer reads."""
    with lapse(monkeypatch) as sim:
        for path in (SETTINGS, "/foundation-models/a.b"):
            method = "POST" if path == SETTINGS else "GET"
            gone: Answer = sim.request(method, path, sends=False)
            assert (gone.status, gone.body) == (400, b"")
        assert caplog.records == []
        monkeypatch.setattr(sim.service, "ledger", None)
        with pytest.raises(AttributeError):
            sim.request("GET", "/_simulator/stats")
    assert [record.message for record in caplog.records] == ["The simulator failed at GET /_simulator/stats"]


def test_models_are_forgotten_beyond_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest first; the quota of one that is forgotten is full again."""
    monkeypatch.setattr("bedrock_locust.simulator.service.MOST_MODELS", 2)
    with lapse(monkeypatch, requests_per_minute=1) as sim:

        def status(model: str) -> int:
            return sim.request("POST", converse(model=model).path, converse().body).status

        assert [status(model) for model in ("a", "b", "a", "b")] == [200, 200, 429, 429]
        assert sim.service.called == ["a", "b"]
        assert [status(model) for model in ("c", "b", "a", "c", "b")] == [200, 429, 200, 429, 200]
        assert sim.service.called == ["a", "b"] or sim.service.called == ["a", "b"][::-1]


@pytest.mark.parametrize(
    ("model", "settings", "endpoint", "rate"),
    [
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", {}, "runtime", 5),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", {}, "mantle", 1),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", {"output_burndown": 2}, "runtime", 2),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", {"output_burndown": 0}, "mantle", 0),
        ("arn:x", {"inference_profiles": {"arn:x": "anthropic.claude-sonnet-4-20250514-v1:0"}}, "runtime", 5),
        ("arn:x", {}, "runtime", 1),
        (OSS, {}, "runtime", 1),
        (OSS, {"models": {"openai.*": {"output_burndown": 3}}}, "runtime", 3),
    ],
)
def test_burn_down(
    model: str, settings: dict[str, Any], endpoint: str, rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of the settings, or else of the model behind the id, which AWS states for bedrock-runtime only."""
    with lapse(monkeypatch, None, None, endpoint, **settings) as sim:
        assert sim.service.burndown_of(model) == rate


def test_a_long_ledger_is_sent_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them empty, as that would end the answer; others have their turn in between."""
    with lapse(monkeypatch) as sim:
        for _ in range(600):
            sim.service.ledger.close(sim.service.ledger.open("converse", "m", stream=False))
        turns: list[int] = []

        async def others() -> Answer:
            for turn in range(50):
                turns.append(sum(len(piece) for _, piece in found.pieces) if (found := sim.latest) else turn * 0)
                await asyncio.sleep(0)
            return Answer()

        answer, _ = sim.together(sim.ask("GET", "/_simulator/calls"), others())
        assert (len(answer.pieces), answer.is_odd) == (3, False)
        assert len(set(turns)) == 4
        assert answer.body.count(b"\n") == 600


def test_a_token_that_is_made_is_long() -> None:
    """24 random bytes, each time others."""
    made = {Access.of("0.0.0.0", None).token for _ in range(5)}
    assert {len(token) for token in made} == {32}
    assert len(made) == 5
    assert [Access.of(host, "t").token for host in ("0.0.0.0", "::1")] == ["t", "t"]
    assert [Access.of(host, None).token for host in ("127.0.0.1", "::1")] == ["", ""]
    assert is_loopback("no.address") is False


def test_where_a_response_in_the_background_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Queued until it has its place, then in progress, and complete with its answer."""
    asked = responses(model="openai.gpt-5.6-luna").but(**NO_EFFORT, background=True)
    with lapse(monkeypatch, None, None, "mantle", max_batch=1) as sim:

        async def looks() -> list[str]:
            making, names, found = [], [], []
            for _ in range(2):
                making.append(asyncio.ensure_future(sim.ask("POST", asked.path, asked.body)))
                await asyncio.sleep(0.01)
                assert sim.latest is not None
                assert sim.latest.json["status"] == "queued"
                names.append(sim.latest.json["id"])
            for at_s in (0.025, 0.04, 0.09):
                await asyncio.sleep(at_s - sim.now_s)
                found += [(await sim.ask("GET", f"{asked.path}/{name}")).json["status"] for name in names]
            await asyncio.wait(making)
            return found

        found = sim.do(looks())
    assert found == ["in_progress", "queued", "completed", "in_progress", "completed", "completed"]
