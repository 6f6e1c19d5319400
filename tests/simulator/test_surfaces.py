"""The paths of the APIs that boto3 does not have, what is refused there and how, and faults in their streams."""

from __future__ import annotations

import base64
import http.client
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.simulator import surfaces
from bedrock_locust.simulator.errors import OF_ACCOUNT, STATUSES, ServiceError

from .conftest import FAST
from .lapse import check_text
from .process import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

CHAT = {"model": "openai.gpt-oss-120b-1:0", "messages": [{"role": "user", "content": "Name a colour."}]}
MESSAGES = {"model": "us.anthropic.claude-opus-5", "max_tokens": 50, "messages": CHAT["messages"]}
RESPONSES = {"model": "us.openai.gpt-5.6-sol", "input": "Name a colour."}
REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/openai/v1/chat/completions", CHAT),
    "messages": ("/anthropic/v1/messages", MESSAGES),
    "responses": ("/openai/v1/responses", RESPONSES),
}


@pytest.fixture(scope="module")
def runtime() -> Iterator[Simulator]:
    """A simulator of bedrock-runtime."""
    made = Simulator()
    yield made
    made.stop()


@pytest.fixture
def fresh(runtime: Simulator) -> Simulator:
    """The same with a fast behaviour and an empty ledger."""
    runtime.set(**FAST)
    runtime.request("DELETE", "/_simulator/calls")
    return runtime


def post(simulator: Simulator, name: str, **changes: Any) -> tuple[int, dict[str, str], bytes]:
    """The answer to the request of an API, with changes."""
    path, body = REQUESTS[name]
    return simulator.request("POST", path, json.dumps({**body, **changes}).encode())


@pytest.mark.parametrize("name", REQUESTS)
def test_half_a_character_is_refused_in_a_text_and_does_no_harm_in_a_name(fresh: Simulator, name: str) -> None:
    """JSON may have one and UTF-8 may not."""
    text = [{"role": "user", "content": "a\ud800"}]
    status, _, answer = post(fresh, name, **{"input" if name == "responses" else "messages": text})
    assert (status, b"Invalid JSON" in answer) == (400, True)
    assert post(fresh, name, model="openai.a\ud800")[0] < 500


@pytest.mark.parametrize("endpoint", ["runtime", "mantle"])
def test_each_api_has_its_path(endpoint: surfaces.Endpoint) -> None:
    """bedrock-mantle has the two of OpenAI also without their prefix; nothing else is one of them."""
    is_mantle = endpoint == "mantle"
    for name, (path, _) in REQUESTS.items():
        assert surfaces.name_of("POST", path, endpoint) == name
        assert surfaces.name_of("GET", path, endpoint) is None
        bare = "/v1/" + path.partition("/v1/")[2]
        assert (surfaces.name_of("POST", bare, endpoint) is not None) == (is_mantle and name != "messages")


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/openai/v1/models", "/anthropic/v1/messages/count_tokens"])
def test_bedrock_runtime_answers_unknown_paths_with_status_200(fresh: Simulator, path: str) -> None:
    """As recorded: a client that looks at the status alone takes it for an answer."""
    status, _, body = fresh.request("POST", path, b"{}")
    assert (status, json.loads(body)) == (200, surfaces.UNKNOWN)


REFUSED = ("access_denied", "permission_denied_error"), "permission_error"
WRONG_KEYS = ("invalid_api_key", "permission_denied_error"), "authentication_error"
MISTAKES = ("validation_error", "invalid_request_error"), "invalid_request_error"
UNKNOWN = ("model_not_found", "not_found_error"), "not_found_error"
TOO_MANY = ("rate_limit_exceeded", "rate_limit_error"), "rate_limit_error"
FAILED = ("internal_error", "server_error"), "api_error"
SAID: dict[str, tuple[tuple[int, int], tuple[tuple[str, str], str]]] = {
    "AccessDeniedException": ((401, 403), REFUSED),
    "ExpiredTokenException": ((403, 403), REFUSED),
    **dict.fromkeys(surfaces._KEYS, ((401, 401), WRONG_KEYS)),
    **dict.fromkeys(("ValidationException", "ServiceQuotaExceededException"), ((400, 400), MISTAKES)),
    **dict.fromkeys(("ResourceNotFoundException", "UnknownOperationException"), ((404, 404), UNKNOWN)),
    **dict.fromkeys(("ThrottlingException", "ModelNotReadyException"), ((429, 429), TOO_MANY)),
    **dict.fromkeys(("ModelTimeoutException", "RequestTimeoutException"), ((408, 408), FAILED)),
    **dict.fromkeys(("ModelErrorException", "ModelStreamErrorException"), ((424, 424), FAILED)),
    "InternalServerException": ((500, 500), FAILED),
    "ServiceUnavailableException": ((503, 503), (("service_unavailable", "server_error"), "api_error")),
}
"""Error -> its status in OpenAI's APIs and in Messages; code and type in OpenAI's, and type in Messages."""


@pytest.mark.parametrize("code", OF_ACCOUNT)
def test_mistakes_in_requests_about_the_account(code: str) -> None:
    """All are the client's."""
    assert ServiceError(code, "No.").status == 400


@pytest.mark.parametrize("code", sorted(STATUSES))
@pytest.mark.parametrize("name", REQUESTS)
def test_each_error_has_the_status_and_the_body_of_its_api(name: str, code: str) -> None:
    """Code and message for OpenAI's, type and message for Anthropic's; wrong keys are 401 in all."""
    status, headers, body = surfaces.refusal(name, ServiceError.injected(code), "id-1")
    said, error = json.loads(body), json.loads(body)["error"]
    (of_openai, of_messages), (words, kind) = SAID[code]
    assert headers["x-request-id"] == headers["request-id"] == "id-1"
    assert error["message"]
    if name == "messages":
        assert (status, said["type"], error["type"]) == (of_messages, "error", kind)
    else:
        assert (status, error["code"], error["type"]) == (of_openai, *words)
        assert set(error) == {"code", "message", "param", "type"}


def test_refusals_are_as_they_were_read_and_approved() -> None:
    """Status and body of each error in each API, and of one that names a member and has a code of its own."""
    lines = []
    errors = [ServiceError.injected(code) for code in sorted(STATUSES)]
    errors.append(ServiceError("ValidationException", "That is wrong.", "input", "a_code"))
    for name in ("chat", "messages", "responses", "models"):
        lines.append(name)
        for error in errors:
            status, headers, body = surfaces.refusal(name, error, "1")
            assert headers == {"content-type": "application/json", "x-request-id": "1", "request-id": "1"}
            lines.append(f"  {status} {body.decode()}")
    check_text("refusals.txt", "\n".join(lines) + "\n")


NEAR = ("/openai/", "/openai/v1/x", "/anthropic/v1/models", "/v1/", "/v1/models", "/v1", "/v2/", "/openai", "/model/x")
ASKED_FOR: tuple[tuple[str, str, Any], ...] = (
    ("chat", "/v1/chat/completions", {"model": "qwen.qwen3-32b"}),
    ("chat", "/openai/v1/chat/completions", {"model": "qwen.qwen3-32b", "stream": True}),
    ("chat", "/openai/v1/chat/completions", {"model": "openai.gpt-5.6-sol", "stream": 1}),
    ("chat", "/v1/chat/completions", {"model": "openai.gpt-5.6-sol"}),
    ("chat", "/openai/v1/chat/completions", {"model": "xai.grok-4.3"}),
    ("chat", "/openai/v1/chat/completions", {"model": "google.gemma-4-31b"}),
    ("chat", "/v1/chat/completions", {"model": "us.openai.gpt-5.6-sol"}),
    ("chat", "/v1/chat/completions", {"model": "global.qwen.qwen3-32b"}),
    ("chat", "/v1/chat/completions", {"model": "sa.qwen.qwen3-32b"}),
    ("chat", "/v1/chat/completions", {"model": "qwen.qwen3-32b-v1:0"}),
    ("chat", "/v1/chat/completions", {"model": "qwen.qwen3-32b-v1"}),
    ("chat", "/v1/chat/completions", {"model": "openai.gpt-oss-20b-1:0"}),
    ("chat", "/v1/chat/completions", {"model": "openai.gpt-oss-20b"}),
    ("chat", "/openai/v1/chat/completions", {"model": "a-does-not-exist-b"}),
    ("messages", "/anthropic/v1/messages", {"model": "anthropic.claude-opus-5", "stream": True}),
    ("messages", "/anthropic/v1/messages", {"model": "us.anthropic.claude-opus-5"}),
    ("messages", "/anthropic/v1/messages", {"model": "anthropic.claude-opus-5-v1:0"}),
    ("responses", "/openai/v1/responses", {"model": "openai.gpt-5.6-sol"}),
    ("responses", "/v1/responses", {"model": "openai.gpt-oss-120b"}),
    *(("chat", "/v1/chat/completions", {"model": model}) for model in ("", 5, None)),
    ("chat", "/v1/chat/completions", {}),
    ("chat", "/v1/chat/completions", []),
)


def test_what_each_endpoint_makes_of_a_request() -> None:
    """Its API, model and whether it streams, or why it is refused, as it was read and approved."""
    lines = [f"{path} {'near' if surfaces.is_near(path) else 'another'}" for path in NEAR]
    for name, path, body in ASKED_FOR:
        raw = json.dumps(body)
        said = {endpoint: _asked(name, path, raw.encode(), endpoint) for endpoint in ("runtime", "mantle")}
        lines += [f"{path} {raw}", *(f"  {endpoint}: {words}" for endpoint, words in said.items())]
    lines.append(f"no JSON: {_asked('chat', '/v1/chat/completions', b'{', 'mantle')}")
    check_text("surfaces.txt", "\n".join(lines) + "\n")


def _asked(name: str, path: str, body: bytes, endpoint: Any) -> str:
    try:
        found = surfaces.asked(name, body)
        found.check(path, endpoint)
    except ServiceError as error:
        return f"{error.status} {error.message}"
    operation = found.operation
    told = [operation.name, found.model_id, *("streams" for _ in range(operation.stream))]
    assert (operation.surface, operation.native, operation.counts) == (name, False, False)
    return " ".join(told)


@pytest.mark.parametrize(
    ("name", "changes", "status", "words"),
    [
        ("chat", {"model": "us.anthropic.claude-opus-5"}, 404, "doesn't support this API"),
        ("messages", {"model": "openai.gpt-oss-120b-1:0"}, 404, "doesn't support this API"),
        ("chat", {"model": ""}, 400, "model: Field required"),
        ("chat", {"model": "us.openai.gpt-5.6-sol", "max_tokens": 9}, 400, "max_completion_tokens"),
        ("messages", {"max_tokens": None}, 400, "max_tokens"),
        ("responses", {"max_output_tokens": 9}, 400, "max_output_tokens"),
        ("responses", {"background": True}, 400, "background"),
        ("responses", {"temperature": 0.5}, 400, "'temperature' is not supported with this model"),
        ("chat", {"n": 2}, 400, "n: only 1"),
        ("chat", {"model": "does-not-exist"}, 404, "does not exist"),
    ],
)
def test_what_is_refused(fresh: Simulator, name: str, changes: dict[str, Any], status: int, words: str) -> None:
    """In the words of the API, and once in the ledger, with what it asked for."""
    found, _, body = post(fresh, name, stream=True, **changes)
    assert (found, words in body.decode()) == (status, True), body
    [call] = fresh.ended(1)
    assert call["outcome"] != "ok"
    model = changes.get("model", REQUESTS[name][1]["model"])
    assert (call["model_id"], call["stream"]) == (model, bool(model))


@pytest.mark.parametrize("name", REQUESTS)
def test_a_body_that_is_no_object_is_refused(fresh: Simulator, name: str) -> None:
    """Whatever it is."""
    for body in (b"", b"{", b"[]", b"null", b"7", b'{"model": 7}', b"\xff\xfe"):
        status, _, said = fresh.request("POST", REQUESTS[name][0], body)
        assert status == 400, said
        assert json.loads(said)["error"]["message"]


@pytest.mark.parametrize("fault", ["throttlingException", "cut", "early-end", "truncated-frame"])
@pytest.mark.parametrize("name", REQUESTS)
def test_faults_strike_in_server_sent_events(fresh: Simulator, name: str, fault: str) -> None:
    """An error inside the stream is the API's own; other faults leave it without its end."""
    fresh.set(faults={fault: 1}, fault_after_events=2)
    if fault == "cut":
        with pytest.raises((OSError, http.client.HTTPException)):
            post(fresh, name, stream=True)
        return
    status, headers, body = post(fresh, name, stream=True)
    assert (status, headers["content-type"]) == (200, "text/event-stream")
    text = body.decode()
    for end in ("[DONE]", "response.completed", "message_stop"):
        assert end not in text
    if fault == "throttlingException":
        assert ("rate_limit_error" if name == "messages" else "rate_limit_exceeded") in text
        assert {"chat": '"error":', "messages": "event: error", "responses": "response.failed"}[name] in text
    assert [call["outcome"] for call in fresh.ended(1)] == [fault]


@pytest.mark.parametrize("name", ["chat", "responses"])
def test_reserved_tier_on_mantle(name: Any) -> None:
    """bedrock-mantle has none; bedrock-runtime takes it."""
    path = REQUESTS[name][0]
    for model, endpoint in (("openai.gpt-5.6-sol", "mantle"), ("us.openai.gpt-5.6-sol", "runtime")):
        body = json.dumps({"model": model, "service_tier": "reserved"}).encode()
        if endpoint == "runtime":
            surfaces.asked(name, body).check(path, "runtime")
            continue
        with pytest.raises(ServiceError, match="'reserved' is not supported"):
            surfaces.asked(name, body).check(path, "mantle")


ENDS = {
    "chat": '"finish_reason":"length"',
    "messages": '"stop_reason":"max_tokens"',
    "responses": "response.incomplete",
}


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("name", REQUESTS)
def test_the_quota_of_output_ends_answers(fresh: Simulator, name: str, *, stream: bool) -> None:
    """An answer that meets the quota of output tokens ends there as by its length; no call is refused."""
    fresh.set(output_tokens_per_minute=5.5, reasoning_tokens=0)
    status, _, body = post(fresh, name, stream=stream)
    assert status == 200
    end = ENDS[name].replace("response.incomplete", '"status":"incomplete"') if not stream else ENDS[name]
    assert end in body.decode()
    assert post(fresh, name, stream=stream)[0] == 200
    first, second = fresh.ended(2)
    assert (first["output_tokens"], second["output_tokens"]) == (5, 0)
    assert (first["outcome"], second["outcome"]) == ("ok", "ok")


@pytest.mark.parametrize("name", REQUESTS)
def test_the_quota_of_input_refuses(fresh: Simulator, name: str) -> None:
    """A call that finds too little for its prompt and its limit is refused with status 429."""
    limit = {"chat": "max_tokens", "messages": "max_tokens", "responses": "max_output_tokens"}[name]
    fresh.set(input_tokens_per_minute=100, reasoning_tokens=0)
    found = [post(fresh, name, **{limit: 60})[0] for _ in range(3)]
    assert found == [200, 200, 200]  # each gives back what its answer does not use
    assert post(fresh, name, **{limit: 90})[0] == 429


def test_on_mantle_a_model_has_one_prefix_and_no_region() -> None:
    """A profile or a version is no model there; a wrong prefix is said to be the route."""
    ok = surfaces.asked("chat", b'{"model": "qwen.qwen3-32b", "stream": true}')
    ok.check("/v1/chat/completions", "mantle")
    assert (ok.model_id, ok.operation.stream, ok.operation.surface) == ("qwen.qwen3-32b", True, "chat")
    for path, model, words in (
        ("/openai/v1/chat/completions", "qwen.qwen3-32b", "isn't supported on this route"),
        ("/v1/chat/completions", "openai.gpt-5.6-sol", "isn't supported on this route"),
        ("/openai/v1/chat/completions", "us.openai.gpt-5.6-sol", "does not exist"),
        ("/v1/chat/completions", "openai.gpt-oss-120b-1:0", "does not exist"),
    ):
        with pytest.raises(ServiceError, match=words):
            surfaces.asked("chat", json.dumps({"model": model}).encode()).check(path, "mantle")


GPT = "us.openai.gpt-5.6-sol"


def said(simulator: Simulator, name: str, **changes: Any) -> dict[str, Any]:
    """A whole answer that was not refused."""
    status, _, body = post(simulator, name, model=GPT, **changes)
    assert status == 200, body
    answer: dict[str, Any] = json.loads(body)
    return answer


def test_hidden_reasoning_is_counted_and_not_shown(fresh: Simulator) -> None:
    """Unasked, in a share of the calls; not where the request declines it; encrypted where it asks for that."""
    fresh.set(reasoning_share=1, reasoning_tokens=7, spread=0)
    answer = said(fresh, "responses")
    thought, message = answer["output"]
    assert thought == {"id": thought["id"], "type": "reasoning", "summary": []}
    assert message["type"] == "message"
    assert answer["usage"]["output_tokens_details"]["reasoning_tokens"] == 7
    [thought, _] = said(fresh, "responses", include=["reasoning.encrypted_content"])["output"]
    assert thought["encrypted_content"].startswith("rsn_")
    [message] = said(fresh, "responses", reasoning={"effort": "none"})["output"]
    assert message["type"] == "message"
    chat = said(fresh, "chat")
    assert chat["usage"]["completion_tokens_details"]["reasoning_tokens"] == 7
    assert "reasoning" not in chat["choices"][0]["message"]
    declined = said(fresh, "chat", reasoning_effort="none")
    assert declined["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0
    streamed = post(fresh, "chat", model=GPT, stream=True)[2]
    assert b"reasoning" not in streamed.replace(b"reasoning_tokens", b"")
    fresh.set(reasoning_share=0)
    assert [item["type"] for item in said(fresh, "responses")["output"]] == ["message"]


def test_a_response_repeats_how_much_reasoning_was_asked_for(fresh: Simulator) -> None:
    """With defaults for what the request leaves open; models with open weights say nothing unasked."""
    asked = {"effort": "low", "summary": "auto"}
    assert said(fresh, "responses", reasoning=asked)["reasoning"] == {"context": "all_turns", **asked}
    assert said(fresh, "responses")["reasoning"] == {"context": "all_turns", "effort": "medium", "summary": None}


def test_a_share_of_the_calls_reasons_unasked(fresh: Simulator) -> None:
    """The same calls each time."""
    counts = []
    for _ in range(2):
        fresh.set(reasoning_share=0.5, seed=3)
        fresh.request("DELETE", "/_simulator/calls")
        counts.append([len(said(fresh, "responses")["output"]) for _ in range(30)])
    assert counts[0] == counts[1]
    assert 5 < counts[0].count(2) < 25


TOOL = {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}


def test_two_tools_in_one_answer(fresh: Simulator) -> None:
    """Each has its place: whole and streamed, by Chat Completions and by Responses."""
    fresh.set(tool_share=1, second_tool_share=1, reasoning_share=0)
    tools = {"tools": [{"type": "function", "function": TOOL}], "reasoning_effort": "none"}
    calls = said(fresh, "chat", **tools)["choices"][0]["message"]["tool_calls"]
    assert len(said(fresh, "chat", **tools, parallel_tool_calls=False)["choices"][0]["message"]["tool_calls"]) == 1
    assert [call["function"]["name"] for call in calls] == ["weather", "weather"]
    assert len({call["id"] for call in calls}) == 2
    lines = post(fresh, "chat", model=GPT, stream=True, **tools)[2].splitlines()
    chunks = [json.loads(line[6:]) for line in lines if line.startswith(b"data: {")]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    parts = [call for delta in deltas for call in delta.get("tool_calls", ())]
    assert [part["index"] for part in parts if "id" in part] == [0, 1]
    assert [part["index"] for part in parts] == sorted(part["index"] for part in parts)
    items = said(fresh, "responses", tools=[{"type": "function", **TOOL}])["output"]
    assert [item["type"] for item in items][-2:] == ["function_call", "function_call"]
    assert len({item["call_id"] for item in items if item["type"] == "function_call"}) == 2


OF_ITEM = {
    "function_call": "response.function_call_arguments",
    "message": "response.output_text",
    "reasoning": "response.reasoning_summary_text",
}
"""Item -> what the events of its content are called."""


@pytest.mark.parametrize("tool_share", [0, 1])
def test_a_stream_of_responses_has_each_item_in_pieces_and_whole(fresh: Simulator, tool_share: float) -> None:
    """Reasoning, text and inputs of tools: the pieces of an item make what ends it, and what the last event has."""
    fresh.set(tool_share=tool_share, second_tool_share=1, reasoning_share=1, output_tokens=20, reasoning_tokens=9)
    asked = {"tools": [{"type": "function", **TOOL}], "reasoning": {"summary": "auto"}}
    lines = post(fresh, "responses", model=GPT, stream=True, **asked)[2].splitlines()
    events = [json.loads(line[6:]) for line in lines if line.startswith(b"data: {")]
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert events[-1]["response"]["output"] == done
    kinds = [item["type"] for item in done]
    assert (kinds[0], kinds[-1]) == ("reasoning", "function_call" if tool_share else "message")
    for place, item in enumerate(done):
        of_item = [event for event in events if event.get("output_index") == place]
        pieces = [event["delta"] for event in of_item if event["type"] == f"{OF_ITEM[item['type']]}.delta"]
        holder = [item] if item["type"] == "function_call" else item.get("summary") or item["content"]
        name = "arguments" if item["type"] == "function_call" else "text"
        [end] = [event[name] for event in of_item if event["type"] == f"{OF_ITEM[item['type']]}.done"]
        assert "".join(pieces) == end == holder[0][name] != ""


def test_a_stream_of_messages_calls_a_tool(fresh: Simulator) -> None:
    """Its input begins with an empty piece, as recorded, and each event has its name."""
    fresh.set(tool_share=1)
    tool = {"name": "rain", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
    status, _, content = post(fresh, "messages", stream=True, tools=[tool], tool_choice={"type": "any"})
    assert status == 200
    names = [line.removeprefix("event: ") for line in content.decode().splitlines() if line.startswith("event: ")]
    assert names.count("content_block_start") >= 1
    assert names[-1] == "message_stop"
    assert '"partial_json":""' in content.decode().replace(" ", "")


PLACE = {"$defs": {"Place": {"type": "object", "properties": {"city": {"type": "string"}, "zip": {"type": "integer"}}}}}
SCHEMA = {**PLACE, "type": "object", "properties": {"n": {"type": "integer"}, "place": {"$ref": "#/$defs/Place"}}}


@pytest.mark.parametrize(
    ("name", "model", "asked"),
    [
        (
            "chat",
            "qwen.qwen3-32b-v1:0",
            {"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}},
        ),
        ("responses", GPT, {"text": {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA}}}),
        ("messages", MESSAGES["model"], {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}),
    ],
)
def test_an_answer_that_has_to_fit_a_schema(fresh: Simulator, name: str, model: str, asked: dict[str, Any]) -> None:
    """It is JSON of this shape, about as long as any other, and ends anywhere where its length ends."""
    fresh.set(output_tokens=40, reasoning_share=0)
    for stream in (False, True):
        status, _, body = post(fresh, name, model=model, stream=stream, **asked)
        assert status == 200, body
        words = json.loads(_text_of(name, body, stream=stream))
        assert (words["n"], words["place"]["zip"], len(words["place"]["city"]) > 100) == (1, 1, True)


def _text_of(name: str, body: bytes, *, stream: bool) -> str:
    """The text of an answer."""
    lines = [line[6:] for line in body.splitlines() if line.startswith(b"data: {")] if stream else [body]
    found = ""
    for said in map(json.loads, lines):
        if name == "chat":
            found += "".join(
                (one["delta"] if stream else one["message"]).get("content") or "" for one in said["choices"]
            )
        elif name == "messages":
            parts = [said.get("delta", {})] if stream else said["content"]
            found += "".join(part.get("text", "") for part in parts)
        elif stream:
            found += said["delta"] if said["type"] == "response.output_text.delta" else ""
        else:
            found += said["output"][0]["content"][0]["text"]
    return found


def test_any_object_is_json_too(fresh: Simulator) -> None:
    """`json_object` says nothing of its members."""
    asked = {"model": "qwen.qwen3-32b-v1:0", "response_format": {"type": "json_object"}}
    assert list(json.loads(_text_of("chat", post(fresh, "chat", **asked)[2], stream=False))) == ["text"]


def test_images_in_responses_are_counted(fresh: Simulator) -> None:
    """As in the other APIs."""
    image = {"type": "input_image", "image_url": "data:image/png;base64,eHh4"}
    content = [{"type": "input_text", "text": "What is it?"}, image]
    answer = said(fresh, "responses", input=[{"role": "user", "content": content}])
    assert answer["usage"]["input_tokens"] == 1003


def test_a_refusal_names_the_member(fresh: Simulator) -> None:
    """With a code of its own."""
    error = json.loads(post(fresh, "responses", temperature=0.5)[2])["error"]
    assert (error["code"], error["param"]) == ("unsupported_value", "temperature")


THINKING = {"max_tokens": 3000, "thinking": {"type": "adaptive", "display": "omitted"}}


def test_thinking_that_is_not_shown(fresh: Simulator) -> None:
    """It has a signature and counts; natively, too."""
    whole = json.loads(post(fresh, "messages", **THINKING)[2])
    assert (whole["content"][0]["thinking"], bool(whole["content"][0]["signature"])) == ("", True)
    assert whole["usage"]["output_tokens_details"]["thinking_tokens"] > 0
    streamed = post(fresh, "messages", stream=True, **THINKING)[2]
    assert (streamed.count(b"thinking_delta"), streamed.count(b'"signature_delta"')) == (0, 1)
    body = {"anthropic_version": "bedrock-2023-05-31", "messages": MESSAGES["messages"], **THINKING}
    path = f"/model/{MESSAGES['model']}/invoke-with-response-stream"
    native = fresh.request("POST", path, json.dumps(body).encode())[2]
    chunks = [base64.b64decode(found) for found in re.findall(rb'"bytes":"([^"]+)"', native)]
    kinds = [json.loads(chunk).get("delta", {}).get("type") for chunk in chunks]
    assert (kinds.count("thinking_delta"), kinds.count("signature_delta")) == (0, 1)
    assert "text_delta" in kinds


TEXT = "The sky is blue because of how light is scattered by the air, and at night it is black."
PDF = {"type": "base64", "media_type": "application/pdf", "data": "eHh4"}
SOURCES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "text": (
        {"type": "text", "media_type": "text/plain", "data": TEXT},
        {"type": "char_location", "cited_text": TEXT[:60], "start_char_index": 0, "end_char_index": 60},
    ),
    "blocks": (
        {"type": "content", "content": [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]},
        {"type": "content_block_location", "cited_text": "One.", "start_block_index": 0, "end_block_index": 1},
    ),
    "pdf": (PDF, {"type": "page_location", "start_page_number": 1, "end_page_number": 2}),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_claude_cites_a_document(fresh: Simulator, kind: str) -> None:
    """The second one, as it asks for it: whole and streamed, by Messages and natively."""
    source, place = SOURCES[kind]
    document = {"type": "document", "source": source, "title": "T", "citations": {"enabled": True}}
    content = [{"type": "document", "source": PDF}, document, {"type": "text", "text": "Why?"}]
    asked = {"messages": [{"role": "user", "content": content}]}
    native = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 50, **asked}
    path = f"/model/{MESSAGES['model']}/invoke"
    for body in (post(fresh, "messages", **asked)[2], fresh.request("POST", path, json.dumps(native).encode())[2]):
        [block] = json.loads(body)["content"]
        [cited] = block["citations"]
        assert {name: cited[name] for name in place} == place
        assert (cited["document_index"], cited["document_title"], bool(cited["cited_text"])) == (1, "T", True)
    events = post(fresh, "messages", stream=True, **asked)[2]
    [delta] = [json.loads(line[6:])["delta"] for line in events.splitlines() if b"citations_delta" in line]
    assert delta["citation"].items() >= place.items()
    assert "citations" not in json.loads(post(fresh, "messages")[2])["content"][0]


@pytest.mark.parametrize(
    ("name", "model", "more", "tier"),
    [
        ("chat", "openai.gpt-oss-120b-1:0", {}, "auto"),
        ("chat", "qwen.qwen3-32b-v1:0", {}, "default"),
        ("chat", "qwen.qwen3-32b-v1:0", {"service_tier": "flex"}, "flex"),
        ("messages", MESSAGES["model"], {}, "standard"),
    ],
)
def test_streams_say_their_tier(fresh: Simulator, name: str, model: str, more: dict[str, Any], tier: str) -> None:
    """Chat Completions in each chunk, Messages at the start; these have the tokens of thinking at their end."""
    lines = [line for line in post(fresh, name, model=model, stream=True, **more)[2].splitlines() if b"{" in line]
    said = f'"service_tier":"{tier}"'.encode()
    assert {said in line for line in (lines if name == "chat" else lines[:1])} == {True}
    if name == "messages":
        lines = post(fresh, name, stream=True, **THINKING)[2].splitlines()
        [usage] = [json.loads(line[6:])["usage"] for line in lines if b'"message_delta"' in line]
        assert usage["output_tokens_details"]["thinking_tokens"] > 0
