"""The answers of the control plane, whole, in golden files: what was asked, and what came back, on a clock that is set.

How boto3 reads them is in `test_account.py`.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest

from bedrock_locust.simulator.account import catalog, logs, metrics, monitoring, routes
from bedrock_locust.simulator.auth import Guard
from bedrock_locust.simulator.ledger import Entry

from .asks import NATIVE_STREAM, NOVA, OPUS, QWEN, STREAM, Ask, cached, chat, converse, count, invoke, messages
from .lapse import BEGAN_S, Answer, Lapse, check_text, lapse, table

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLICATION = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"
PROVISIONED = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/def"
ROUTERS = tuple(
    f"arn:aws:bedrock:us-east-1:123456789012:{kind}/a" for kind in ("default-prompt-router", "prompt-router")
)
SYSTEM = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0"
FOUNDATION = "arn:aws:bedrock:us-east-1::foundation-model/meta.llama3-3-70b-instruct-v1:0"
OWN = {APPLICATION: NOVA, PROVISIONED: "us.anthropic.claude-haiku-5-5"}
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def get(folder: str, name: str) -> Ask:
    """A request for a resource of Bedrock."""
    return Ask(f"/{folder}/{quote(name, safe='')}", b"")


def to(target: str, asked: Any, kind: str = "application/x-amz-json-1.1") -> Ask:
    """A request in the JSON protocol."""
    return Ask("/", asked, {"x-amz-target": target, "content-type": kind})


def quota(asked: Any, operation: str = "ListServiceQuotas") -> Ask:
    """A request to Service Quotas."""
    return to(f"ServiceQuotasV20190624.{operation}", asked)


def form(operation: str, **more: str) -> Ask:
    """A request in the query protocol."""
    text = urlencode({"Action": operation, **more}).encode()
    return Ask("/", text, {"content-type": "application/x-www-form-urlencoded"})


def answered(sim: Lapse, asked: Ask) -> Answer:
    """The answer to a request, whose id is looked at and taken out."""
    method = "POST" if asked.path == "/" else "GET"
    answer = sim.request(method, asked.path, asked.body, asked.headers)
    assert ID.fullmatch(answer.headers.pop("x-amzn-requestid"))
    assert answer.headers.pop("content-length") == str(len(answer.body))
    return answer


def told(sim: Lapse, asked: Ask) -> str:
    """A request and its answer as a text."""
    answer = answered(sim, asked)
    target = asked.headers.get("x-amz-target", "POST" if asked.body else "GET")
    sent = asked.body.decode() if isinstance(asked.body, bytes) else json.dumps(asked.body)
    headers = ", ".join(answer.headers.values())
    body = answer.body.decode()
    if "json" in headers:
        body = json.dumps(json.loads(body), indent=1)
    return f"# {target} {asked.path} {sent}\n{answer.status} {headers}\n{ID.sub('ID', body)}\n"


def check(name: str, sim: Lapse, *asked: Ask) -> None:
    """Compare the answers with a golden file."""
    check_text(name, "\n".join(told(sim, one) for one in asked))


def test_models_profiles_and_routers(monkeypatch: pytest.MonkeyPatch) -> None:
    """By id and by ARN, in any time zone; which are legacy or cannot stream, and those that are not there."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    different = {"*nova-micro*": {"legacy": True, "no_streaming": True}}
    with lapse(monkeypatch, inference_profiles=OWN, models=different) as sim:
        check(
            "models.txt",
            sim,
            *(get("foundation-models", name) for name in (NOVA, "amazon.nova-micro-v1:0", FOUNDATION)),
            *(get("foundation-models", name) for name in (f"us.{NOVA}", "amazon.does-not-exist", "nova")),
            *(get("inference-profiles", name) for name in (f"global.{NOVA}", SYSTEM, APPLICATION)),
            *(get("inference-profiles", name) for name in (NOVA, "us.amazon.does-not-exist", f"{APPLICATION}d")),
            *(get("provisioned-model-throughput", name) for name in (PROVISIONED, APPLICATION, f"{PROVISIONED}d")),
            *(get("prompt-routers", name) for name in (*ROUTERS, "router", f"{ROUTERS[0]}-does-not-exist")),
        )
        assert sorted(sim.service.known) == [
            "amazon.nova-lite-v1:0",
            "amazon.nova-micro-v1:0",
            NOVA,
            "meta.llama3-3-70b-instruct-v1:0",
        ]
    monkeypatch.undo()
    time.tzset()


def test_names_of_models() -> None:
    """What each id of the catalog is called, and some that are not in it."""
    more = (
        "ai21.jamba-1-5-large-v1:0",
        "cohere.command-r-plus-v1:0",
        "anthropic.claude-v2:1",
        "anthropic.claude-3-5-sonnet-20241022-v2:0",
        "minimax.minimax-m2",
        "xai.grok-4.3",
        "mistral.ministral-3-8b-instruct",
        "other.model-9b",
    )
    rows = [
        {"id": name, "provider": catalog.provider_of(name), "name": catalog.name_of(name)}
        for name in (*catalog.MODELS, *more)
    ]
    prefixes = ("us", "us-gov", "eu", "apac", "jp", "au", "ca", "global")
    assert {catalog.bare(f"{prefix}.{name}") for prefix in prefixes for name in catalog.MODELS} == set(catalog.MODELS)
    assert catalog.bare("us.model") == "us.model"
    assert catalog.bare(f"arn:aws:bedrock:us-east-1:1:inference-profile/us.{NOVA}") == NOVA
    check_text("names.txt", table(rows))


LISTED = {
    "requests_per_minute": 200,
    "models": {
        "*": {"tokens_per_minute": 0},
        "us.anthropic.claude-haiku-5-5": {"tokens_per_minute": 250_000, "requests_per_minute": 90},
        "global.amazon.nova-pro-v1:0": {"tokens_per_minute": 4_000},
        "amazon.nova-pro-v1:0": {"tokens_per_day": 6_000, "requests_per_minute": 0},
        "amazon.nova-lite-v1:0": {"tokens_per_day": 5_000},
        "us.amazon.nova-lite-v1:0": {"tokens_per_day": 10_000},
        "made.up-model-v1:0": {"tokens_per_minute": 1.5},
    },
    "more_quotas": {"A quota of one's own": 7, "Guardrails per account": -1, "One that is nothing": 0},
}
OUTPUT_ALONE = {"openai.*": {"input_tokens_per_minute": 0, "output_tokens_per_minute": 500}}


def listed(sim: Lapse, size: int = 100) -> list[dict[str, Any]]:
    """All quotas, page by page."""
    found, more = list[dict[str, Any]](), dict[str, str]()
    while True:
        page = answered(sim, quota({"ServiceCode": "bedrock", "MaxResults": size, **more})).json
        found += page["Quotas"]
        assert len(page["Quotas"]) <= size
        if "NextToken" not in page:
            return found
        more = {"NextToken": page["NextToken"]}


def in_short(quota_: dict[str, Any]) -> dict[str, Any]:
    """What differs from quota to quota."""
    code, period = quota_.pop("QuotaCode"), quota_.pop("Period", {})
    assert quota_.pop("QuotaArn") == f"arn:aws:servicequotas:us-east-1:123456789012:bedrock/{code}"
    return {"code": code, **quota_, "per": " ".join(map(str, period.values()))}


@pytest.mark.parametrize(
    ("endpoint", "settings"),
    [("runtime", LISTED), ("mantle", {"input_tokens_per_minute": 3000, "models": OUTPUT_ALONE})],
)
def test_quotas(endpoint: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them; a page has as many as were asked for, the last one what is left."""
    with lapse(monkeypatch, None, None, endpoint, **settings) as sim:
        every = listed(sim)
        assert listed(sim, 7) == listed(sim, len(every)) == listed(sim, len(every) - 1) == every
        assert len({one["QuotaCode"] for one in every}) == len(every)
        for one in every[::9]:
            asked = {"ServiceCode": "bedrock", "QuotaCode": one["QuotaCode"]}
            assert answered(sim, quota(asked, "GetServiceQuota")).json == {"Quota": one}
            assert answered(sim, quota(asked)).json == {"Quotas": [one]}
        check_text(f"quotas_{endpoint}.txt", table([in_short(one) for one in every]))


def test_models_that_were_called_or_asked_for_have_quotas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever they are called; what is no id of a model has none, and only so many are remembered."""
    monkeypatch.setattr(routes, "MOST_KNOWN", 2)
    with lapse(monkeypatch, requests_per_minute=5) as sim:
        before = {one["QuotaName"] for one in listed(sim)}
        for model in ("us.called.model-a", "plain"):
            sim.request("POST", converse(model=model).path, converse().body)
        for name in ("asked.model-b", "asked.model-c", "asked.model-d"):
            answered(sim, get("foundation-models", name))
        new = {one["QuotaName"] for one in listed(sim)} - before
    scopes = ("On-demand", "Cross-region", "Global cross-region")
    models = ("Called Model A", "Asked Model B", "Asked Model C")
    assert new == {f"{scope} model inference requests per minute for {name}" for scope in scopes for name in models}


def test_wrong_requests_for_quotas(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service, a code, a page or a number that is none; the first and the last number that is one."""
    of = {"ServiceCode": "bedrock"}
    with lapse(monkeypatch) as sim:
        check(
            "wrong_quotas.txt",
            sim,
            quota({}),
            quota({"ServiceCode": "ec2"}, "GetServiceQuota"),
            quota(of, "GetServiceQuota"),
            quota(of | {"QuotaCode": "L-0"}, "GetServiceQuota"),
            *(quota(of | {"MaxResults": number, "NextToken": 4}) for number in (0, 1, 100, 101, "x")),
            *(quota(of | {"NextToken": number}) for number in (5, "1000000", "1000001", -1)),
        )


def test_every_protocol_says_who_asks_what_is_wrong_and_what_is_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    """REST and JSON in JSON, the query protocol in XML, each with the names that its clients know."""
    denied = ["bedrock:GetPromptRouter", "servicequotas:*", "cloudwatch:GetMetricData"]
    with lapse(monkeypatch, denied=denied) as sim:
        check(
            "protocols.txt",
            sim,
            form("GetCallerIdentity", Version="2011-06-15"),
            form("GetSessionToken"),
            form("GetMetricData"),
            form("A<&>B"),
            quota({"ServiceCode": "bedrock"}),
            quota({}, "NoSuch"),
            to("GraniteServiceVersion20100801.GetMetricData", {}, "application/x-amz-json-1.0"),
            to("Nobody.Act", {}),
            to("Logs_20140328.FilterLogEvents", b"{"),
            to("Logs_20140328.FilterLogEvents", b"[]"),
            get("prompt-routers", ROUTERS[0]),
        )
        assert sim.service.actions == {
            "sts:GetCallerIdentity": 1,
            "servicequotas:ListServiceQuotas": 1,
            "cloudwatch:GetMetricData": 2,
            "bedrock:GetPromptRouter": 1,
        }


def test_names_are_not_shown_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """80 characters of what somebody calls a service or an operation."""
    with lapse(monkeypatch) as sim:
        service, operation = "s" * 80, "o" * 80
        unknown = answered(sim, to(f"{service}x.{operation}x", {})).json["message"]
        assert unknown == f"No operation is {service}:{operation}."
        said = answered(sim, form(f"{operation}x")).body.decode()
        assert f"<Message>No operation is {operation}.</Message>" in said
        twice = answered(sim, Ask("/", f"{operation}x=1&{operation}x.a=2".encode(), form("").headers))
        assert f"<Message>{operation} is given twice.</Message>" in twice.body.decode()


def test_the_control_plane_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as is set; who is refused does not wait."""
    with lapse(monkeypatch, control_delay_seconds=1.5, denied=["sts:*"]) as sim:
        assert answered(sim, quota({"ServiceCode": "bedrock"})).ended_ms == 1500
        assert answered(sim, form("GetCallerIdentity")).ended_ms == 0


def test_the_control_plane_knows_its_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a signature, or with a token that is none, nobody is answered; the id of the request stays."""
    with lapse(monkeypatch, Guard({"id": "secret"}, ["token"])) as sim:
        for asked in (quota({"ServiceCode": "bedrock"}), form("GetCallerIdentity"), get("foundation-models", NOVA)):
            assert answered(sim, asked).status == 403
            assert answered(sim, replace(asked, headers={**asked.headers, "Authorization": "Bearer x"})).status == 403
            assert (
                answered(sim, replace(asked, headers={**asked.headers, "Authorization": "Bearer token"})).status == 200
            )


def made(sim: Lapse, *steps: float | Ask | tuple[str, Ask]) -> None:
    """Make calls, with pauses; a call with a name has this fault."""
    for step in steps:
        if isinstance(step, float):
            sim.wait(step)
            continue
        fault, asked = step if isinstance(step, tuple) else ("", step)
        sim.service.behaviour = sim.service.behaviour.changed({"faults": {fault: 1} if fault else {}})
        sim.service._models.clear()
        sim.request("POST", asked.path, asked.body, asked.headers)


LONG = "tide " * 1024
"""1,280 tokens."""
SERVED: tuple[float | Ask | tuple[str, Ask], ...] = (
    converse(),
    converse("a" * 400, 4),
    converse(stream=STREAM),
    converse().but(**cached(LONG)),
    converse().but(**cached(LONG)),
    *((fault, converse()) for fault in ("ThrottlingException", "ValidationException", "InternalServerException")),
    ("throttlingException", converse(stream=STREAM)),
    invoke(),
    count(),
    59.752,
    converse(stream=STREAM),
    60.0,
    ("ServiceUnavailableException", converse()),
    ("AccessDeniedException", converse()),
    converse(),
)
"""Calls of three minutes."""
NAMES = (
    "Invocations",
    "InvocationThrottles",
    "InvocationClientErrors",
    "InvocationServerErrors",
    "InputTokenCount",
    "OutputTokenCount",
    "CacheReadInputTokenCount",
    "CacheWriteInputTokenCount",
    "EstimatedTPMQuotaUsage",
    "InvocationLatency",
    "TimeToFirstToken",
    "Inferences",
    "InferenceClientErrors",
    "TotalInputTokens",
    "TotalOutputTokens",
    "NoSuch",
)
STATS = ("Sum", "SampleCount", "Average", "Minimum", "Maximum", "p90")


def query(name: str, stat: str = "Sum", model: str = NOVA, **more: Any) -> dict[str, Any]:
    """A query for a metric of a model in AWS/Bedrock."""
    metric = {"Namespace": "AWS/Bedrock", "MetricName": name, "Dimensions": [{"Name": "ModelId", "Value": model}]}
    return {"Id": "m1", "MetricStat": {"Metric": metric | more.pop("Metric", {}), "Period": 60, "Stat": stat} | more}


def values(
    sim: Lapse, *queries: dict[str, Any], begin_s: float = 0, end_s: float = 600, **more: Any
) -> list[dict[str, Any]]:
    """The results of queries, in a time that is given since the simulator began."""
    asked = {"StartTime": BEGAN_S + begin_s, "EndTime": BEGAN_S + end_s, "MetricDataQueries": [*queries], **more}
    answer = answered(sim, to("GraniteServiceVersion20100801.GetMetricData", asked))
    assert answer.status == 200, answer.body
    results: list[dict[str, Any]] = answer.json["MetricDataResults"]
    return results


def by_minute(sim: Lapse, model: str, **metric: Any) -> Iterator[dict[str, Any]]:
    """Each statistic of each metric, minute by minute."""
    for name in NAMES:
        found = values(sim, *(query(name, stat, model, Metric=metric) for stat in STATS), ScanBy="TimestampAscending")
        for stat, one in zip(STATS, found, strict=True):
            minutes = {
                round((at - BEGAN_S) / 60): round(value, 3)
                for at, value in zip(one["Timestamps"], one["Values"], strict=True)
            }
            if minutes:
                yield {
                    "metric": name,
                    "stat": stat,
                    **{f"minute {number}": minutes.get(number, "") for number in range(3)},
                }


def test_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """All statistics of all metrics, of calls that were served, cached, refused, throttled and torn."""
    with lapse(monkeypatch) as sim:
        made(sim, *SERVED)
        texts = [table([*by_minute(sim, NOVA)])]
        assert [
            *by_minute(sim, NOVA, Namespace="AWS/BedrockMantle", Dimensions=[{"Name": "Model", "Value": NOVA}])
        ] == []
        assert [*by_minute(sim, "us." + NOVA)] == []
    with lapse(monkeypatch, None, None, "mantle") as sim:
        made(sim, chat(model=QWEN, prefix=""), ("ValidationException", chat(model=QWEN, prefix="")))
        dimension = {"Namespace": "AWS/BedrockMantle", "Dimensions": [{"Name": "Model", "Value": QWEN}]}
        texts.append(table([*by_minute(sim, QWEN, **dimension)]))
        assert [*by_minute(sim, QWEN)] == []
    check_text("metrics.txt", "\n".join(texts))


def sums(sim: Lapse, **about: Any) -> list[tuple[float, float]]:
    """The calls of a model, by the begin of their period in seconds since the simulator began."""
    shape = {name: about.pop(name) for name in ("Period",) if name in about}
    [found] = values(sim, query("Invocations", **shape), **about)
    return [(at - BEGAN_S, value) for at, value in zip(found["Timestamps"], found["Values"], strict=True)]


def test_periods_of_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the whole minute of the start on, the newest first unless the oldest are asked for, up to the end."""
    with lapse(monkeypatch) as sim:
        made(sim, converse(), 60.0, converse(), converse(), 120.0, converse())  # 1, 2, 0, 1 of four minutes
        assert sums(sim) == [(180, 1), (60, 2), (0, 1)]
        assert sums(sim, ScanBy="TimestampDescending") == [(180, 1), (60, 2), (0, 1)]
        assert sums(sim, ScanBy="TimestampAscending") == [(0, 1), (60, 2), (180, 1)]
        assert sums(sim, Period=120) == [(120, 1), (0, 3)]
        assert sums(sim, Period="120", begin_s=60) == [(180, 1), (60, 2)]
        assert sums(sim, Period=180, begin_s=119) == [(60, 3)]
        assert sums(sim, begin_s=60, end_s=180) == [(60, 2)]
        assert sums(sim, begin_s=60, end_s=181) == [(180, 1), (60, 2)]
        assert sums(sim, begin_s=120, end_s=180) == []
        sim.service.behaviour = sim.service.behaviour.changed({"aligned_periods": True})
        assert sums(sim, Period=120, begin_s=60) == [(120, 1), (0, 2)]
        assert sums(sim, Period=180, begin_s=60) == [(180, 1), (0, 2)]
        assert sums(sim, begin_s=60) == [(180, 1), (60, 2)]


def test_what_others_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evenly, up to now and not beyond; of tokens all metrics of tokens that count for a quota, of no other metric."""
    rates = {"others_requests_per_minute": 6, "others_tokens_per_minute": 600}
    with lapse(monkeypatch, **rates) as sim:
        made(sim, 90.0, converse())
        found = {name: values(sim, query(name), begin_s=0, end_s=300)[0]["Values"] for name in NAMES}
    assert {name: found[name] for name in NAMES if found[name]} == {
        "Invocations": [pytest.approx(1 + 6 * 30.034 / 60), 6],
        "InputTokenCount": [pytest.approx(8 + 600 * 30.034 / 60), 600],
        "OutputTokenCount": [8],
        "EstimatedTPMQuotaUsage": [pytest.approx(16 + 600 * 30.034 / 60), 600],
        "InvocationLatency": [34],
    }


def test_names_of_results(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its label, or else its metric."""
    with lapse(monkeypatch) as sim:
        made(sim, converse())
        found = values(sim, query("Invocations"), query("Invocations") | {"Id": "b", "Label": "calls"}, end_s=60)
    known = {"Timestamps": [float(BEGAN_S)], "Values": [1.0], "StatusCode": "Complete"}
    assert found == [{"Id": "m1", "Label": "Invocations", **known}, {"Id": "b", "Label": "calls", **known}]


WRONG_QUERIES: tuple[tuple[dict[str, Any], str], ...] = (
    ({"MetricDataQueries": []}, "MetricDataQueries must have 1 to 500 members."),
    ({"MetricDataQueries": {}}, "MetricDataQueries must have 1 to 500 members."),
    ({"MetricDataQueries": [query("a")] * 501}, "MetricDataQueries must have 1 to 500 members."),
    ({"StartTime": None}, "StartTime is not a moment."),
    ({"EndTime": True}, "EndTime is not a moment."),
    ({"EndTime": "yesterday"}, "EndTime is not a moment."),
    ({"StartTime": 60, "EndTime": 60}, "The parameter StartTime must be less than the parameter EndTime."),
    ({"StartTime": 61, "EndTime": 60}, "The parameter StartTime must be less than the parameter EndTime."),
    ({"MetricDataQueries": [1]}, "Each query must have a MetricStat; expressions are not simulated."),
    (
        {"MetricDataQueries": [{"Expression": "m1 * 2"}]},
        "Each query must have a MetricStat; expressions are not simulated.",
    ),
    (
        {"MetricDataQueries": [{"MetricStat": {"Metric": 1}}]},
        "Each query must have a MetricStat; expressions are not simulated.",
    ),
    *(
        ({"MetricDataQueries": [query("a", Period=period)]}, "Period must be a multiple of 60.")
        for period in (0, 59, -60, "x", None)
    ),
    ({"MetricDataQueries": [query("a", Metric={"Dimensions": 1})]}, "Dimensions must be a list of names and values."),
    ({"MetricDataQueries": [query("a", Metric={"Dimensions": [1]})]}, "Dimensions must be a list of names and values."),
    ({"StartTime": 0, "EndTime": 60 * 100_001}, "The request asks for too many data points."),
    (
        {"StartTime": 0, "EndTime": 60 * 60 * 100_001, "MetricDataQueries": [query("a", Period=3600)]},
        "The request asks for too many data points.",
    ),
)
RIGHT_QUERIES: tuple[dict[str, Any], ...] = (
    {"MetricDataQueries": [query("a")] * 500},
    {"StartTime": 59, "EndTime": 60},
    {"StartTime": "2027-01-15T08:00:00Z", "EndTime": "2027-01-15T08:00:01"},
    {"StartTime": 0, "EndTime": 60 * 100_000, "MetricDataQueries": [query("a", Metric={"Namespace": "Other"})]},
    {"MetricDataQueries": [query("a", Metric={"Dimensions": None})]},
    {"MetricDataQueries": [query("a", Metric={"Dimensions": [{"Name": "Other", "Value": NOVA}]})]},
    {
        "MetricDataQueries": [
            query("a", Metric={"Dimensions": [{"Name": name, "Value": NOVA} for name in ("ModelId", "More")]})
        ]
    },
)
"""The last that are taken."""


def test_queries_that_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with what is wrong of it; what is just right has no values, and is no mistake."""
    usual = {"StartTime": BEGAN_S, "EndTime": BEGAN_S + 60, "MetricDataQueries": [query("a")]}
    with lapse(monkeypatch) as sim:
        made(sim, converse())
        for changes, words in WRONG_QUERIES:
            answer = answered(sim, to("GraniteServiceVersion20100801.GetMetricData", usual | changes))
            said = {"__type": "ValidationException", "message": words}
            assert (answer.status, answer.json) == (400, said), changes
        for changes in RIGHT_QUERIES:
            answer = answered(sim, to("GraniteServiceVersion20100801.GetMetricData", usual | changes))
            assert answer.status == 200, answer.body
            assert not any(one["Values"] for one in answer.json["MetricDataResults"])


def test_an_answer_has_a_bounded_number_of_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all queries together."""
    monkeypatch.setattr(monitoring, "MOST_POINTS", 3)
    with lapse(monkeypatch) as sim:
        made(sim, converse(), 60.0, converse(), 60.0, converse())
        assert sums(sim, end_s=180) == [(120, 1), (60, 1), (0, 1)]
        asked = {"StartTime": BEGAN_S, "EndTime": BEGAN_S + 180, "MetricDataQueries": [query("Invocations")] * 2}
        answer = answered(sim, to("GraniteServiceVersion20100801.GetMetricData", asked))
    assert (answer.status, answer.json["message"]) == (400, "The request asks for too many data points.")


def test_metrics_of_a_long_time_and_of_many_minutes_are_the_same() -> None:
    """Whether minutes are looked up one by one, or all that are known are gone through."""
    known = metrics.Metrics()
    for minute in range(6):
        at_ns = (60 * minute + 59) * 1_000_000_000
        for model in ("a", "b"):
            known.add(Entry(minute, "converse", model, False, "", at_ns, ended_at_ns=at_ns, outcome="ok"), 1)
    for first in range(7):
        for last in range(first, 30):
            expected = max(0, min(last, 6) - first)
            assert len(known.values("a", "Invocations", 60 * first, 60 * last)) == expected
            assert len(known.values("a", "Invocations", 60 * first + 0.5, 60 * last + 0.5)) == max(
                0, min(last + 1, 6) - first
            )


LOGGED: tuple[float | Ask | tuple[str, Ask], ...] = (
    converse(),
    converse(model=f"us.{NOVA}"),
    converse(model=f"us.{NOVA}", stream=STREAM),
    0.5,
    invoke(),
    invoke(stream=NATIVE_STREAM),
    converse().but(**cached(LONG)),
    converse().but(**cached(LONG)),
    count(),
    chat(),
    messages(model=OPUS),
    ("ThrottlingException", converse()),
    ("ValidationException", converse()),
    ("ModelErrorException", converse()),
    ("throttlingException", converse(stream=STREAM)),
    ("ServiceUnavailableException", converse(model="eu.amazon.nova-lite-v1:0")),
)


def log(**asked: Any) -> Ask:
    """A request for invocation logs."""
    return to("Logs_20140328.FilterLogEvents", {"logGroupName": "/aws/bedrock/invocations", **asked})


def test_invocation_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The record of each call whose operation is logged."""
    with lapse(monkeypatch) as sim:
        made(sim, *LOGGED)
        answer = answered(sim, log())
        assert sorted(answer.json) == ["events", "searchedLogStreams"]
        found = answer.json["events"]
        calls = {call["request_id"]: call for call in sim.calls()}
    lines = []
    for event in found:
        record = json.loads(event.pop("message"))
        call = calls[record["requestId"]]
        at_ms = call["ended_at_ns"] // 1_000_000
        assert event == {
            "logStreamName": "aws/bedrock/modelinvocations",
            "timestamp": at_ms,
            "ingestionTime": at_ms,
            "eventId": f"{at_ms}{call['index']:020}",
        }
        lines.append(f"{at_ms - BEGAN_S * 1000} ms {json.dumps(record)}\n")
    check_text("logs.txt", "".join(lines))


def places(answer: Answer) -> list[int]:
    """The places of the calls in the order of arrival."""
    return [int(event["eventId"][-20:]) for event in answer.json["events"]]


def test_pages_of_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many events as are asked for, from the time that is asked for, with the place where the next page begins."""
    with lapse(monkeypatch, size=6) as sim:
        made(sim, *(converse() for _ in range(5)))  # they end at 34, 68, 102, 136 and 170 ms
        pages = [answered(sim, log(limit=2, nextToken=token)) for token in ("0", "2", "4")]
        assert [places(page) for page in pages] == [[0, 1], [2, 3], [4]]
        assert [page.json.get("nextToken") for page in pages] == ["2", "4", None]
        assert [page.json["searchedLogStreams"] for page in pages] == [[], [], []]
        moments = {"startTime": BEGAN_S * 1000 + 68, "endTime": BEGAN_S * 1000 + 136}
        assert places(answered(sim, log(**moments))) == [1, 2, 3]
        assert places(answered(sim, log(startTime=BEGAN_S * 1000 + 137))) == [4]
        assert places(answered(sim, log(endTime=BEGAN_S * 1000 + 67))) == [0]
        assert places(answered(sim, log(limit=3))) == [0, 1, 2]
        monkeypatch.setattr(logs, "MOST_SEARCHED", 2)
        page = answered(sim, log(startTime=BEGAN_S * 1000 + 103))
        assert (places(page), page.json["nextToken"]) == ([], "2")
        made(sim, *(converse() for _ in range(3)))  # two of eight are dropped
        assert places(answered(sim, log(nextToken="0"))) == [2, 3]
        assert answered(sim, log(nextToken="0")).json["nextToken"] == "4"
        assert places(answered(sim, log(nextToken="6"))) == [6, 7]


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        ({"logGroupName": "other"}, "ResourceNotFoundException", "The specified log group does not exist."),
        ({"logGroupName": None}, "ResourceNotFoundException", "The specified log group does not exist."),
        ({"filterPattern": "x"}, "InvalidParameterException", "Filter patterns are not simulated."),
        ({"startTime": -1}, "InvalidParameterException", "startTime is invalid."),
        ({"endTime": "x"}, "InvalidParameterException", "endTime is invalid."),
        ({"limit": 1.5}, "InvalidParameterException", "limit is invalid."),
        ({"nextToken": ""}, "InvalidParameterException", "nextToken is invalid."),
    ],
)
def test_wrong_requests_for_logs(asked: dict[str, Any], code: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each says what is wrong; the group may be named by its identifier, and bedrock-mantle logs nothing."""
    with lapse(monkeypatch) as sim:
        answer = answered(sim, log(**asked))
        assert (answer.status, answer.json) == (404 if "Resource" in code else 400, {"__type": code, "message": words})
        assert answered(sim, log(logGroupName="", logGroupIdentifier="/aws/bedrock/invocations")).status == 200
    with lapse(monkeypatch, None, None, "mantle") as sim:
        assert answered(sim, log()).status == 404


def test_what_is_kept_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models that somebody asked for or called, minutes of metrics, and calls that are looked at for a page of logs."""
    with lapse(monkeypatch, size=6000) as sim:
        for number in range(1001):
            routes._remember(sim.service, str(number))
        assert sim.service.known == {str(number) for number in range(1000)}
        for number in range(10_001):
            sim.service.model(f"m{number}")
        assert (len(sim.service.called), sim.service.called[0]) == (10_000, "m1")
        for _ in range(5_001):
            sim.service.ledger.close(sim.service.ledger.open("converse", "m", stream=False))
        page = answered(sim, log()).json
        assert (len(page["events"]), page["nextToken"]) == (5_000, "5000")
    known = metrics.Metrics()
    for minute in range(20_001):
        at_ns = 60 * minute * 1_000_000_000
        known.add(Entry(0, "converse", "m", False, "", at_ns, ended_at_ns=at_ns, outcome="ok"), 1)
    assert len(known.values("m", "Invocations", 0, 1e9)) == 20_000
    assert known.values("m", "Invocations", 0, 60) == []
