"""What becomes of each call from its arrival on: the ledger and the answers, whole, in golden tables.

A row has what the ledger says, and what the client got, in ms since the request was sent. Time passes only while the
simulator waits, so that each is as exact as the settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.simulator.auth import Guard
from bedrock_locust.simulator.faults import NAMES

from .asks import (
    NATIVE_STREAM,
    NO_EFFORT,
    NOVA,
    OPUS,
    OSS,
    QWEN,
    SOL,
    STREAM,
    TOOLS,
    Ask,
    cached,
    chat,
    converse,
    count,
    count_native,
    invoke,
    messages,
    responses,
)
from .lapse import BEGAN_S, Answer, Lapse, check_text, lapse, table

if TYPE_CHECKING:
    from collections.abc import Awaitable

GUARDED = {
    "x-amzn-bedrock-guardrailidentifier": "g",
    "x-amzn-bedrock-guardrailversion": "1",
    "x-amzn-bedrock-trace": "ENABLED",
}
IN_TIER = {"x-amzn-bedrock-service-tier": "flex", "x-amzn-bedrock-performanceconfig-latency": "optimized"}
LUNA, PLAIN_OPUS = "openai.gpt-5.6-luna", "anthropic.claude-opus-5"
BACKGROUND = {"background": True, **NO_EFFORT}
LONG = "tide " * 1024
"""1,280 tokens."""

Step = tuple[str, Ask]
Scene = tuple[str, dict[str, Any], Sequence[Step | list[Step] | float]]
"""Its name, the settings, and the requests, each with what is special of it.

A list of them is sent together; a number is a pause in seconds.
"""


def at(after_s: float, asked: Ask) -> Ask:
    """The same request, sent later: together with the one before it."""
    return replace(asked, after_s=after_s)


PLAIN: list[Step | list[Step] | float] = [
    ("Converse", converse()),
    ("ConverseStream", converse(stream=STREAM)),
    ("InvokeModel", invoke()),
    ("InvokeModel, streamed", invoke(stream=NATIVE_STREAM)),
    ("CountTokens", count()),
    ("CountTokens, native", count_native()),
    ("Chat", chat()),
    ("Chat, streamed", chat().but(stream=True)),
    ("Messages", messages()),
    ("Responses", responses()),
    ("Responses, streamed", responses().but(stream=True)),
]
MANTLE: list[Step | list[Step] | float] = [
    ("Chat", chat(model=QWEN, prefix="")),
    ("Chat below /openai", chat(model=LUNA)),
    ("Messages", messages(model=PLAIN_OPUS)),
    ("count for Messages", messages(model=PLAIN_OPUS, end="/count_tokens")),
    ("Responses", responses(model=LUNA).but(**NO_EFFORT)),
    ("in the background", responses(model=LUNA).but(**BACKGROUND)),
    ("the same, streamed", responses(model=LUNA).but(**BACKGROUND, stream=True)),
    ("not stored", responses(model=LUNA).but(store=False, **NO_EFFORT)),
    ("ConverseStream", converse(stream=STREAM)),
]
RUNTIME: Sequence[Scene] = (
    ("each operation", {}, PLAIN),
    ("in each event's time", {"event_times": True, "output_tokens": 3}, PLAIN[:4]),
    ("another seed", {"seed": 7, "spread": 0.3}, PLAIN[:3]),
    (
        "begin of a prompt",
        {},
        [(f"{chars} characters", converse("ä" * chars)) for chars in (1, 4, 5, 63, 64, 65)],
    ),
    (
        "clients that go",
        {"ttft_ms": 100, "tpot_ms": 10},
        [
            ("before the answer", replace(converse(), leaves_s=0.05)),
            ("at the third event", replace(converse(stream=STREAM), leaves_s=0.125)),
            ("in its request", replace(converse(), sends=False)),
            ("in a request of Chat", replace(chat(), sends=False)),
        ],
    ),
    (
        "a burst waits until 2 ms are quiet",
        {},
        [
            [
                ("first", converse(model="does-not-exist")),
                ("1 ms later", at(0.001, converse(model="does-not-exist"))),
                ("2.5 ms later", at(0.0025, converse(model="does-not-exist"))),
            ],
            ("alone", converse(model="does-not-exist")),
        ],
    ),
    (
        "it waits a quarter of the time to the first token at most",
        {"ttft_ms": 4},
        [
            [
                ("first", converse(model="does-not-exist")),
                ("0.8 ms later", at(0.0008, converse(model="does-not-exist"))),
                ("1.6 ms later", at(0.0016, converse(model="does-not-exist"))),
            ]
        ],
    ),
    (
        "ids",
        {},
        [
            (model, converse(model=model))
            for model in (
                "us.amazon.nova-does-not-exist",
                "amazon.nova-pro-v1:x",
                "amazon.nova-pro-v1:1",
                "anything",
                "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc",
            )
        ]
        + [("unknown, native", invoke(model="amazon.nova-pro-v1:x")), ("unknown, counted", count(model="a.b-v1:x"))]
        + [("unknown in Chat", chat(model="openai.gpt-does-not-exist")), ("counted for a profile", count(model=OPUS))],
    ),
    ("denied InvokeModel", {"denied": ["bedrock:InvokeModel"]}, PLAIN),
    ("denied streams", {"denied": ["bedrock:InvokeModelWith*"]}, PLAIN),
    ("denied CountTokens", {"denied": ["bedrock:CountTokens"]}, PLAIN[:5]),
    ("denied mantle is none of this", {"denied": ["bedrock-mantle:*"]}, PLAIN[4:7]),
    ("no streaming", {"no_streaming": True}, [*PLAIN[:4], *PLAIN[6:8]]),
    (
        "bad requests",
        {},
        [
            ("no JSON", Ask("/model/m.x/converse", b"{")),
            ("no messages", Ask("/model/m.x/converse", {})),
            ("a body for nobody", Ask("/model/m.x/invoke", {})),
            ("no JSON for Chat", Ask("/openai/v1/chat/completions", b"{")),
            ("five cache points", converse().but(messages=cached("a")["messages"] * 5)),
            ("four cache points", converse().but(messages=cached("a")["messages"] * 4)),
            ("a guardrail without its version", invoke(headers={"x-amzn-bedrock-guardrailidentifier": "g"})),
        ],
    ),
    (
        "quota of requests",
        {"requests_per_minute": 60, "burst": 2},
        [
            *(("", converse()) for _ in range(3)),
            ("another model", invoke()),
            ("counting", count(model=NOVA.replace("nova", "titan"))),
            0.9,
            ("refilled", converse()),
        ],
    ),
    (
        "quota of tokens: 8 of a prompt and most 92",
        {"tokens_per_minute": 100, "output_burndown": 1},
        [
            ("one too many", converse(most=93)),
            ("exactly", converse(most=92)),
            ("it gave back 84", converse(most=77)),
            ("", converse(most=76)),
        ],
    ),
    (
        "what is reserved without max_tokens",
        {"tokens_per_minute": 108, "default_max_tokens": 100},
        [("exactly", converse()), ("one too many", converse("a" * 33))],
    ),
    (
        "an output token takes 5",
        {"tokens_per_minute": 100},
        [("", invoke(model="us.anthropic.claude-sonnet-4-20250514-v1:0")) for _ in range(3)],
    ),
    (
        "quota of a day",
        {"tokens_per_day": 100, "tokens_per_minute": 100, "output_burndown": 1},
        [("", converse(most=93)), ("", converse(most=92))],
    ),
    (
        "what is read from the cache is free",
        {"tokens_per_minute": 2600, "output_burndown": 1, "default_max_tokens": 10},
        [
            ("written", converse().but(**cached(LONG))),
            ("read", converse().but(**cached(LONG))),
            ("1,297 more", converse("a" * 4 * 1287)),
            ("", converse()),
        ],
    ),
    (
        "prefixes of 1,280 tokens",
        {},
        [
            ("written", converse(stream=STREAM).but(**cached(LONG))),
            ("read", converse(stream=STREAM).but(**cached(LONG))),
            ("of another model", invoke().but(messages=cached(LONG)["messages"])),
            ("for an hour", converse().but(**cached(LONG + "x", "1h"))),
            ("below 1,024", converse().but(**cached("a" * 4092))),
            ("1,024", converse().but(**cached("a" * 4096))),
            299.0,
            ("read again", converse().but(**cached(LONG))),
            301.0,
            ("gone", converse().but(**cached(LONG))),
            ("kept for an hour", converse().but(**cached(LONG + "x", "1h"))),
        ],
    ),
    (
        "the least prefix of this model",
        {"implicit_cache": True},
        [("1,280", converse(LONG, model="amazon.nova-lite-v1:0")) for _ in range(2)]
        + [("1,600", converse(LONG + LONG, model="amazon.nova-lite-v1:0")) for _ in range(2)],
    ),
    (
        "the least prefix that is set",
        {"cache_min_tokens": 2},
        [("1", converse().but(**cached("aaaa"))), ("2", converse().but(**cached("aaaab")))],
    ),
    (
        "tiers",
        {},
        [
            ("in a header", invoke(headers=IN_TIER)),
            ("and streamed", invoke(headers=IN_TIER, stream=NATIVE_STREAM)),
            ("no header of Converse", converse(headers=IN_TIER)),
            ("in the body", converse().but(serviceTier={"type": "priority"})),
            ("reserved", converse().but(serviceTier={"type": "reserved"})),
        ],
    ),
    (
        "the reserved tier overflows",
        {"reserved_overflow": 0.5},
        [("", converse().but(serviceTier={"type": tier})) for tier in ["reserved"] * 5 + ["flex"] * 2],
    ),
    (
        "guardrails of 250 ms",
        {"guardrail_share": 1},
        [
            ("in a header", invoke(headers=GUARDED)),
            ("streamed", invoke(headers=GUARDED, stream=NATIVE_STREAM)),
            ("Chat", chat(headers=GUARDED)),
            ("Messages", messages(headers=GUARDED)),
            ("Responses takes none", responses(headers=GUARDED).but(**NO_EFFORT)),
            ("Converse takes no header", converse(headers=GUARDED)),
            ("in its body", converse().but(guardrailConfig={"guardrailIdentifier": "g", "guardrailVersion": "1"})),
        ],
    ),
    (
        "tools",
        {"tool_share": 1},
        [
            ("one of Nova", converse().but(**TOOLS)),
            ("one of Claude", converse(model=OPUS).but(**TOOLS)),
            ("none has to be called", converse().but(**TOOLS)),
        ],
    ),
    (
        "reasoning",
        {"reasoning_share": 1},
        [
            ("always", converse(model=OSS)),
            ("at will", responses()),
            ("not at will", responses().but(**NO_EFFORT)),
            ("Chat at will", chat(model=SOL)),
            ("not in Converse", converse(model=SOL)),
        ],
    ),
    ("two calls at a time: half as fast", {"half_speed_at": 1}, [[("", converse()), ("", converse(stream=STREAM))]]),
    (
        "one at a time",
        {"max_batch": 1},
        [
            [
                ("", converse(stream=STREAM)),
                ("", at(0.01, converse())),
                ("", at(0.02, invoke())),
                ("", at(0.03, converse())),
            ]
        ],
    ),
    (
        "a cold start of 1 s, after 10 s anew",
        {"cold_start_ms": 1000, "cold_after_seconds": 10},
        [
            ("cold", converse()),
            ("warm", converse(stream=STREAM)),
            9.9,
            ("warm", converse()),
            10.1,
            ("cold", converse()),
        ],
    ),
    ("settings of a model", {"models": {"*claude*": {"output_tokens": 2, "ttft_ms": 40}}}, PLAIN[1:3]),
    ("measured times", {"ttft_values_ms": [10, 30], "gap_values_ms": [1, 5]}, [PLAIN[1], PLAIN[1], PLAIN[1]]),
)
ON_MANTLE: Sequence[Scene] = (
    ("each operation", {}, MANTLE),
    ("denied inference", {"denied": ["bedrock-mantle:CreateInference"]}, MANTLE[:5]),
    ("denied counting", {"denied": ["bedrock-mantle:CountTokens"]}, MANTLE[2:4]),
    ("denied runtime is none of this", {"denied": ["bedrock:*"]}, MANTLE[2:4]),
    ("guardrails are ignored", {}, [("Chat", chat(model=QWEN, prefix="", headers=GUARDED))]),
    (
        "quota of input tokens",
        {"input_tokens_per_minute": 100},
        [(f"most {most}", messages(model=PLAIN_OPUS).but(max_tokens=most)) for most in (93, 92, 77, 76)],
    ),
    (
        "quota of output tokens",
        {"output_tokens_per_minute": 20},
        [("", chat(model=QWEN, prefix="")) for _ in range(3)]
        + [("streamed", chat(model=QWEN, prefix="").but(stream=True))],
    ),
    (
        "a client that leaves",
        {"ttft_ms": 100},
        [
            ("in the background", replace(responses(model=LUNA).but(**BACKGROUND), leaves_s=0.05)),
            ("in front", replace(responses(model=LUNA).but(**NO_EFFORT), leaves_s=0.05)),
        ],
    ),
    (
        "faults in the background",
        {"fault_schedule": [{"fault": "throttlingException", "calls": [0]}, {"fault": "cut", "calls": [1]}]},
        [
            ("of the service", responses(model=LUNA).but(**BACKGROUND)),
            ("of a connection", responses(model=LUNA).but(**BACKGROUND)),
        ],
    ),
)
ALL = [{"fault": fault, "calls": [number]} for number, fault in enumerate(NAMES)]
"""Each fault strikes one call."""
FAULTS: Sequence[Scene] = (
    *(
        (f"each fault: {what}", {"fault_schedule": ALL}, [(fault, asked) for fault in NAMES])
        for what, asked in (
            ("Converse", converse()),
            ("ConverseStream", converse(stream=STREAM)),
            ("InvokeModel, streamed", invoke(stream=NATIVE_STREAM)),
            ("CountTokens", count()),
            ("Chat", chat(model=SOL)),
            ("Messages, streamed", messages().but(stream=True)),
        )
    ),
    (
        "a schedule: the third and the fifth call, and each fourth",
        {
            "fault_schedule": [
                {"fault": "ThrottlingException", "calls": [2, 4]},
                {"fault": "ServiceUnavailableException", "every": 4},
            ]
        },
        [(str(number), converse()) for number in range(9)],
    ),
    (
        "a schedule: from 1 s, and up to 2 s, since the settings were made; all others by the rate",
        {
            "fault_schedule": [{"fault": "ThrottlingException", "from_seconds": 1, "to_seconds": 2}],
            "faults": {"ServiceUnavailableException": 1},
        },
        [
            ("0.002", converse()),
            0.995,
            ("0.999", converse()),
            ("1.001", converse()),
            0.996,
            ("1.999", converse()),
            ("2.001", converse()),
        ],
    ),
    (
        "rates",
        {"faults": {"ThrottlingException": 0.3, "ServiceUnavailableException": 0.3}},
        [(str(number), converse()) for number in range(12)],
    ),
)


def ms(moment_ns: int | None, since_ns: int) -> float | None:
    """A moment of the ledger in ms since another."""
    return None if moment_ns is None else round((moment_ns - since_ns) / 1e6, 3)


def message(answer: Answer) -> str:
    """What an error says."""
    if not answer.body or answer.status == 200:
        return ""
    said = answer.json
    return str(said.get("message") or said["error"]["message"])


def chosen(answer: Answer) -> str:
    """The tier and the latency in the headers of an answer."""
    return " ".join(answer.headers[name] for name in IN_TIER if name in answer.headers)


def row(what: str, answer: Answer, call: dict[str, Any]) -> dict[str, Any]:
    """What a client got, and the call in the ledger, if it is one."""
    return {
        "what": what,
        "status": answer.status or "",
        "pieces": len(answer.pieces) or "",
        "from_ms": answer.pieces[0][0] if answer.pieces else "",
        "to_ms": answer.ended_ms,
        "chosen": chosen(answer),
        **(entered(call) if call else {}),
        "message": message(answer)[:90],
    }


def entered(call: dict[str, Any]) -> dict[str, Any]:
    """A call in the ledger."""
    began_ns = call["arrived_at_ns"]
    return {
        "model": call["model_id"].rpartition("/")[2][-24:],
        "operation": call["operation"].replace("invoke-with-response-stream", "invoke-stream"),
        "streams": "yes" if call["stream"] else "",
        "outcome": call["outcome"],
        "id": call["request_id"][:8],
        "at_s": round((began_ns - BEGAN_S * 10**9) / 1e9, 4),
        "first": ms(call["first_token_at_ns"], began_ns),
        "ended": ms(call["ended_at_ns"], began_ns),
        "events": " ".join(str(ms(one, began_ns)) for one in call["events_ns"] or []),
        "in": call["input_tokens"],
        "out": call["output_tokens"],
        "read": call["cache_read_tokens"] or "",
        "write": call["cache_write_tokens"] or "",
        "tier": call["service_tier"],
        "chars": call["prompt_chars"],
        "head": len(call["prompt_head"]) or "",
    }


def told(sim: Lapse, scene: Scene) -> str:
    """What becomes of the requests of a scene, in a table."""
    name, _, steps = scene
    rows: list[dict[str, Any]] = []
    for step in steps:
        if isinstance(step, float):
            sim.wait(step)
            continue
        sent, known = (step if isinstance(step, list) else [step]), len(sim.calls())
        answers = sim.together(*(_sent(sim, one) for _, one in sent))
        new = sorted(sim.calls()[known:], key=lambda call: int(call["index"])) or [{}] * len(sent)
        rows += [row(what, answer, call) for (what, _), answer, call in zip(sent, answers, new, strict=True)]
    return f"# {name}\n{table(rows)}"


def _sent(sim: Lapse, one: Ask) -> Awaitable[Answer]:
    times = one.after_s, one.leaves_s
    return sim.ask("POST", one.path, one.body, one.headers, after_s=times[0], leaves_s=times[1], sends=one.sends)


@pytest.mark.parametrize(
    ("name", "endpoint", "scenes"),
    [("calls_runtime", "runtime", RUNTIME), ("calls_mantle", "mantle", ON_MANTLE), ("faults", "runtime", FAULTS)],
)
def test_calls_are_as_they_were_read_and_approved(
    name: str, endpoint: str, scenes: Sequence[Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their times, tokens, outcomes and refusals, scene by scene, each with a new simulator."""
    texts = []
    for scene in scenes:
        with lapse(monkeypatch, None, None, endpoint, **scene[1]) as sim:
            texts.append(told(sim, scene))
    check_text(f"{name}.txt", "\n".join(texts))


@pytest.mark.parametrize("asked", [converse(), chat()], ids=["Converse", "Chat"])
def test_a_mistake_of_its_own_is_an_answer(
    asked: Ask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The client gets an error of the service, the ledger has it, and the traceback is in the log."""
    with lapse(monkeypatch) as sim:
        monkeypatch.setattr(sim.service, "kept", None)
        answer = sim.request("POST", asked.path, asked.body)
        [call] = sim.calls()
    assert (answer.status, message(answer)) == (500, "The simulator has a fault of its own.")
    assert (call["outcome"], entered(call)["ended"]) == ("InternalServerException", 2)
    assert caplog.records[0].message.startswith(
        "The simulator failed at con" if "model" in asked.path else "The simulator failed at chat of "
    )
    assert caplog.records[0].exc_info


def test_a_signature_is_asked_for_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of an id that does not exist; with a token, the call is served."""
    guard = Guard({}, ["k"])
    with lapse(monkeypatch, guard) as sim:
        for asked in (converse(), converse(model="does-not-exist"), chat(), count()):
            assert sim.request("POST", asked.path, asked.body).status in (401, 403)
            assert sim.request("POST", asked.path, asked.body, {"Authorization": "Bearer x"}).status in (401, 403)
        asked = converse()
        assert sim.request("POST", asked.path, asked.body, {"Authorization": "Bearer k"}).status == 200
        outcomes = [call["outcome"] for call in sim.calls()]
    assert outcomes == ["MissingAuthenticationTokenException", "AccessDeniedException"] * 4 + ["ok"]
