"""The control plane: read by real clients of boto3, and held against botocore's own shapes."""

from __future__ import annotations

import contextlib
import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import boto3
import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.simulator.account import catalog, metrics, wire
from bedrock_locust.simulator.errors import ServiceError
from bedrock_locust.simulator.ledger import Entry

from .calls import CLAUDE, converse, converse_stream
from .process import Simulator, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    Client = Callable[[str], Any]

QUICK = Config(retries={"total_max_attempts": 1}, read_timeout=20, parameter_validation=False)
KEYS = {"aws_access_key_id": "made-up", "aws_secret_access_key": "made-up", "region_name": "us-east-1"}
PROVISIONED = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc123def456"
ROUTERS = [f"arn:aws:bedrock:us-east-1:123456789012:{kind}/a" for kind in ("default-prompt-router", "prompt-router")]
GROUP = "/aws/bedrock/invocations"
HAIKU, MODEL = "us.anthropic.claude-haiku-5-5", "anthropic.claude-haiku-5-5"


@pytest.fixture
def account(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Makes clients of the control plane."""
    monkeypatch.delenv("AWS_BEARER_TOKEN_BEDROCK", raising=False)
    return lambda service: boto3.client(service, endpoint_url=simulator.url, config=QUICK, **KEYS)  # type: ignore[call-overload]


def names(client: Any) -> dict[str, float]:
    """All quotas by name, page by page."""
    pages = client.get_paginator("list_service_quotas").paginate(
        ServiceCode="bedrock", PaginationConfig={"PageSize": 7}
    )
    return {quota["QuotaName"]: quota["Value"] for page in pages for quota in page["Quotas"]}


def test_quotas_have_the_names_of_real_ones(simulator: Simulator, account: Client) -> None:
    """A quota is listed for its scope only, on all pages once, and can be asked for by its code."""
    simulator.set(
        tokens_per_minute=0,
        models={
            "us.anthropic.claude-haiku-5-5": {"tokens_per_minute": 250_000, "requests_per_minute": 90},
            "global.amazon.nova-pro-v1:0": {"tokens_per_minute": 4_000},
            "amazon.nova-pro-v1:0": {"tokens_per_day": 6_000},
            "amazon.nova-lite-v1:0": {"tokens_per_day": 5_000},
            "us.amazon.nova-lite-v1:0": {"tokens_per_day": 10_000},
        },
        more_quotas={"Cross-region model inference tokens per minute for Anthropic Claude Sonnet 4 V1": 7},
    )
    client = account("service-quotas")
    found = names(client)
    assert found["Cross-region model inference tokens per minute for Anthropic Claude Haiku 5.5"] == 250_000
    assert found["Cross-region model inference requests per minute for Anthropic Claude Haiku 5.5"] == 90
    assert found["Global cross-region model inference tokens per minute for Amazon Nova Pro"] == 4_000
    assert found["Cross-region model inference tokens per minute for Anthropic Claude Sonnet 4 V1"] == 7
    assert found["Model invocation max tokens per day for Amazon Nova Lite (doubled for cross-region calls)"] == 5_000
    assert found["Model invocation max tokens per day for Amazon Nova Pro"] == 6_000
    assert not any(name.startswith("On-demand model inference tokens") for name in found)
    for quota in client.list_service_quotas(ServiceCode="bedrock")["Quotas"]:
        alone = client.get_service_quota(ServiceCode="bedrock", QuotaCode=quota["QuotaCode"])["Quota"]
        assert alone == quota


def test_quotas_that_are_not_there(account: Client) -> None:
    """An unknown service, code and page are refused as by the service."""
    client = account("service-quotas")
    for arguments in ({"ServiceCode": "bedrok"}, {"ServiceCode": "bedrock", "QuotaCode": "L-0"}):
        with pytest.raises(ClientError, match="NoSuchResourceException"):
            client.get_service_quota(**arguments)
    with pytest.raises(ClientError, match="IllegalArgumentException"):
        client.list_service_quotas(ServiceCode="bedrock", NextToken="one")


def test_models_and_profiles(simulator: Simulator, account: Client) -> None:
    """A profile leads to its model, an application profile to that of the settings; a model says when it is gone."""
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"
    simulator.set(inference_profiles={arn: "amazon.nova-pro-v1:0"}, models={"*haiku*": {"legacy": True}})
    client = account("bedrock")
    of_system = client.get_inference_profile(inferenceProfileIdentifier=HAIKU)
    assert {one["modelArn"].split("/")[1] for one in of_system["models"]} == {MODEL}
    assert (of_system["type"], of_system["inferenceProfileArn"].split(":")[5]) == (
        "SYSTEM_DEFINED",
        f"inference-profile/{HAIKU}",
    )
    of_application = client.get_inference_profile(inferenceProfileIdentifier=arn)
    [own] = of_application["models"]
    assert own["modelArn"].endswith("/amazon.nova-pro-v1:0")
    assert (of_application["type"], of_application["inferenceProfileArn"]) == ("APPLICATION", arn)
    assert of_application["inferenceProfileName"].startswith("Application ")
    details = client.get_foundation_model(modelIdentifier=MODEL)["modelDetails"]
    assert (details["modelName"], details["providerName"]) == ("Claude Haiku 5.5", "Anthropic")
    assert details["modelLifecycle"]["status"] == "LEGACY"
    assert details["modelLifecycle"]["endOfLifeTime"] > datetime.now(UTC)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_inference_profile(inferenceProfileIdentifier="us.model.does-not-exist")
    with pytest.raises(ClientError, match="ValidationException"):
        client.get_foundation_model(modelIdentifier=HAIKU)


def test_provisioned_throughput_and_prompt_routers(simulator: Simulator, account: Client) -> None:
    """Each by its ARN leads to its models; others are not there."""
    simulator.set(inference_profiles={PROVISIONED: f"us.{MODEL}"})
    client = account("bedrock")
    found = client.get_provisioned_model_throughput(provisionedModelId=PROVISIONED)
    assert (found["provisionedModelArn"], found["foundationModelArn"]) == (PROVISIONED, catalog.arn_of(MODEL))
    for arn, kind in zip(ROUTERS, ("default", "custom"), strict=True):
        router = client.get_prompt_router(promptRouterArn=arn)
        assert (router["promptRouterArn"], router["type"], len(router["models"])) == (arn, kind, 2)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_provisioned_model_throughput(provisionedModelId=f"{PROVISIONED}x")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_prompt_router(promptRouterArn="router")


@pytest.mark.parametrize(
    ("model_id", "name"),
    [
        ("anthropic.claude-opus-4-8", "Claude Opus 4.8"),
        ("anthropic.claude-sonnet-4-20250514-v1:0", "Claude Sonnet 4"),
        ("amazon.nova-2-lite-v1:0", "Nova 2 Lite"),
        ("meta.llama3-3-70b-instruct-v1:0", "Llama 3.3 70B Instruct"),
        ("openai.gpt-oss-120b-1:0", "GPT OSS 120B"),
        ("openai.gpt-5.6-sol", "GPT 5.6 Sol"),
    ],
)
def test_names_of_models(model_id: str, name: str) -> None:
    """A name has the words and the version of the id."""
    assert catalog.name_of(model_id) == name


def asked(client: Any, metrics_: dict[str, str], model_id: str = CLAUDE, **period: Any) -> dict[str, list[float]]:
    """Values of metrics, by name, each with a statistic."""
    now = datetime.now(UTC)
    queries = [
        {
            "Id": f"m{number}",
            "Label": name,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Bedrock",
                    "MetricName": name,
                    "Dimensions": [{"Name": "ModelId", "Value": model_id}],
                },
                "Period": period.get("Period", 600),
                "Stat": stat,
            },
        }
        for number, (name, stat) in enumerate(metrics_.items())
    ]
    data = client.get_metric_data(
        MetricDataQueries=queries,
        StartTime=period.get("StartTime", now - timedelta(minutes=5)),
        EndTime=period.get("EndTime", now + timedelta(minutes=5)),
    )
    return {one["Label"]: one["Values"] for one in data["MetricDataResults"]}


def test_metrics_are_those_of_the_ledger(simulator: Simulator, account: Client, client: BedrockRuntimeClient) -> None:
    """Counts, tokens and times of calls that were served, refused and throttled."""
    for _ in range(3):
        converse(client, CLAUDE)
    converse_stream(client, CLAUDE)
    for fault in ("ThrottlingException", "ValidationException", "InternalServerException"):
        simulator.set(faults={fault: 1})
        with contextlib.suppress(ClientError):
            converse(client, CLAUDE)
    calls = [call for call in simulator.ended(7) if call["outcome"] == "ok"]
    found = asked(
        account("cloudwatch"),
        {
            "Invocations": "Sum",
            "InvocationThrottles": "Sum",
            "InvocationClientErrors": "Sum",
            "InvocationServerErrors": "Sum",
            "InputTokenCount": "Sum",
            "OutputTokenCount": "Sum",
            "TimeToFirstToken": "SampleCount",
            "InvocationLatency": "Maximum",
            "CacheReadInputTokenCount": "Sum",
            "NoSuchMetric": "Sum",
        },
    )
    latest = max((call["ended_at_ns"] - call["arrived_at_ns"]) / 1e6 for call in calls)
    # The simulator serves all tests of this process: what others did counts too.
    assert found.pop("InvocationLatency")[0] >= latest
    assert found["Invocations"][0] >= len(calls) == 4
    assert found["TimeToFirstToken"][0] >= 1
    for name in ("InvocationThrottles", "InvocationClientErrors", "InvocationServerErrors"):
        assert found[name][0] >= 1
    assert found["InputTokenCount"][0] >= sum(call["input_tokens"] for call in calls)
    assert found["NoSuchMetric"] == []


@pytest.mark.parametrize(
    ("stat", "value"),
    [
        ("Sum", 100),
        ("SampleCount", 4),
        ("Average", 25),
        ("Minimum", 10),
        ("Maximum", 40),
        ("p0", 10),
        ("p50", 25),
        ("p90", 37),
        ("p99.9", 39.97),
        ("p100", 40),
        ("p101", None),
        ("p-1", None),
        ("px", None),
        ("90", None),
        ("Median", None),
    ],
)
def test_statistics_of_a_metric(stat: str, value: float | None) -> None:
    """Whatever the order of the values; none where CloudWatch has no such statistic, or there are no values."""
    assert metrics.statistic([40, 10, 30, 20], stat) == (value if value is None else pytest.approx(value))
    assert metrics.statistic([], stat) is None


def test_a_simulator_that_runs_for_long_forgets_its_oldest_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that its memory has a bound; the latest are kept, all calls of them."""
    monkeypatch.setattr(metrics, "MOST_MINUTES", 2)
    known = metrics.Metrics()
    for minute in (0, 1, 1, 2, 2):
        at_ns = (60 * minute + 5) * 1_000_000_000
        known.add(Entry(0, "converse", "m", False, "", at_ns, ended_at_ns=at_ns, outcome="ok"), 1)
    assert [len(known.values("m", "Invocations", 60 * minute, 60 * minute + 60)) for minute in range(4)] == [0, 2, 2, 0]
    assert known.values("m", "Invocations", 0, 1e9) == [1, 1, 1, 1]


def test_metrics_of_a_model_of_its_own(simulator: Simulator, account: Client, client: BedrockRuntimeClient) -> None:
    """Sums are right to the call and the token, whatever the period, and no other model is in them."""
    model = f"anthropic.claude-{time.time_ns()}"
    for _ in range(3):
        client.converse(modelId=model, messages=[{"role": "user", "content": [{"text": "x" * 40}]}])
    wait_for(lambda: len(simulator.ended(3)) == 3, "three calls")
    wanted = {"Invocations": "Sum", "InputTokenCount": "Sum", "OutputTokenCount": "Sum"}
    for period in (60, 120, 600):
        found = asked(account("cloudwatch"), wanted, model, Period=period)
        assert {name: sum(values) for name, values in found.items()} == {
            "Invocations": 3,
            "InputTokenCount": 30,
            "OutputTokenCount": 24,
        }
    assert asked(account("cloudwatch"), wanted, f"us.{model}") == {name: [] for name in wanted}
    simulator.request("DELETE", "/_simulator/calls")
    assert asked(account("cloudwatch"), wanted, model) == {name: [] for name in wanted}


def events(client: Any, **wanted: Any) -> list[dict[str, Any]]:
    """The records of all pages."""
    pages = client.get_paginator("filter_log_events").paginate(logGroupName=GROUP, **wanted)
    return [json.loads(event["message"]) for page in pages for event in page["events"]]


def test_invocation_logs_are_those_of_the_ledger(
    simulator: Simulator, account: Client, client: BedrockRuntimeClient
) -> None:
    """Each call once, with its counts and its Region, which is the same whenever it is asked for."""
    for model in (HAIKU, MODEL, "us.amazon.nova-lite-v1:0"):
        for _ in range(6):
            converse(client, model)
    converse_stream(client, HAIKU)
    simulator.set(faults={"InternalServerException": 1})
    with contextlib.suppress(ClientError):
        converse(client, MODEL)
    simulator.set(faults={"ThrottlingException": 1})
    with contextlib.suppress(ClientError):
        converse(client, MODEL)
    calls = simulator.ended(21)
    logs = account("logs")
    found = {one["requestId"]: one for one in events(logs, PaginationConfig={"PageSize": 4})}
    assert [call["request_id"] in found for call in calls] == [True] * 20 + [False]
    for call in calls[:-1]:
        one = found[call["request_id"]]
        assert one["modelId"] == call["model_id"]
        assert one["input"]["inputTokenCount"] == (call["input_tokens"] or 0)
        assert one["output"]["outputTokenCount"] == call["output_tokens"]
        assert one.get("errorCode") == (None if call["outcome"] == "ok" else call["outcome"])
        assert one["operation"] == ("ConverseStream" if call["stream"] else "Converse")
        assert call["model_id"] != MODEL or "inferenceRegion" not in one
    assert {one.get("inferenceRegion") for one in found.values()} == {None, "us-east-2", "us-west-2"}
    last_ms = calls[-2]["ended_at_ns"] // 1_000_000
    assert calls[-2]["request_id"] in {one["requestId"] for one in events(logs, startTime=last_ms, endTime=last_ms)}
    assert events(logs, startTime=last_ms + 3_600_000) == []


@pytest.mark.parametrize(
    ("asked_", "code"),
    [
        ({"logGroupName": "other"}, "ResourceNotFoundException"),
        ({"logGroupName": GROUP, "filterPattern": "x"}, "InvalidParameterException"),
        ({"logGroupName": GROUP, "nextToken": "x"}, "InvalidParameterException"),
    ],
)
def test_logs_that_are_not_there(account: Client, asked_: dict[str, Any], code: str) -> None:
    """Another group, a pattern, and a page of nobody."""
    with pytest.raises(ClientError, match=code):
        account("logs").filter_log_events(**asked_)


def test_others_use_the_quota(simulator: Simulator, account: Client, client: BedrockRuntimeClient) -> None:
    """What others use shows in the metrics before any call, and is not left to this client."""
    model = f"anthropic.claude-{time.time_ns()}"
    simulator.set(requests_per_minute=6, others_requests_per_minute=4, others_tokens_per_minute=500)
    now = datetime.now(UTC)
    found = asked(
        account("cloudwatch"),
        {"Invocations": "Sum", "EstimatedTPMQuotaUsage": "Sum"},
        model,
        StartTime=now - timedelta(minutes=15),
        EndTime=now,
        Period=60,
    )
    assert len(found["Invocations"]) in (15, 16)
    assert sum(found["Invocations"]) == pytest.approx(60, abs=4.1)
    assert sum(found["EstimatedTPMQuotaUsage"]) == pytest.approx(7500, abs=501)
    for _ in range(2):
        converse(client, model)
    with pytest.raises(ClientError, match="ThrottlingException"):
        converse(client, model)


ACTIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "servicequotas:ListServiceQuotas": ("service-quotas", "list_service_quotas", {"ServiceCode": "bedrock"}),
    "bedrock:GetFoundationModel": ("bedrock", "get_foundation_model", {"modelIdentifier": MODEL}),
    "bedrock:GetInferenceProfile": ("bedrock", "get_inference_profile", {"inferenceProfileIdentifier": HAIKU}),
    "cloudwatch:GetMetricData": (
        "cloudwatch",
        "get_metric_data",
        {"MetricDataQueries": [], "StartTime": datetime.now(UTC), "EndTime": datetime.now(UTC)},
    ),
    "sts:GetCallerIdentity": ("sts", "get_caller_identity", {}),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_what_is_denied(simulator: Simulator, account: Client, action: str) -> None:
    """Each action can be denied alone, and then says so in the words of IAM."""
    service, operation, arguments = ACTIONS[action]
    simulator.set(denied=[action])
    with pytest.raises(ClientError) as raised:
        getattr(account(service), operation)(**arguments)
    assert raised.value.response["Error"]["Code"].startswith("AccessDenied")
    assert f"not authorized to perform: {action}" in raised.value.response["Error"]["Message"]
    simulator.set(denied=[other for other in ACTIONS if other != action])
    if action != "cloudwatch:GetMetricData":
        getattr(account(service), operation)(**arguments)


def test_calls_to_models_can_be_denied(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """Streams and whole answers have each their action."""
    simulator.set(denied=["bedrock:InvokeModelWithResponseStream"])
    converse(client)
    with pytest.raises(ClientError, match="not authorized to perform: bedrock:InvokeModelWithResponseStream"):
        converse_stream(client)


SHAPES = (
    ("service-quotas", "ListServiceQuotas"),
    ("service-quotas", "GetServiceQuota"),
    ("bedrock", "GetFoundationModel"),
    ("bedrock", "GetInferenceProfile"),
    ("bedrock", "GetProvisionedModelThroughput"),
    ("bedrock", "GetPromptRouter"),
    ("logs", "FilterLogEvents"),
    ("cloudwatch", "GetMetricData"),
)


@pytest.mark.parametrize(("service", "operation"), SHAPES)
def test_answers_have_the_shapes_of_botocore(simulator: Simulator, service: str, operation: str) -> None:
    """No member is missing, of a wrong kind, or one that botocore's model lacks."""
    simulator.set(tokens_per_minute=1000)
    shape: Any = botocore.session.Session().get_service_model(service).operation_model(operation).output_shape
    answer = json.loads(raw(simulator, service, operation))
    report = ParamValidator().validate(answer, shape)
    assert not report.has_errors(), report.generate_report()


PATHS = {
    "GetFoundationModel": f"/foundation-models/{MODEL}",
    "GetInferenceProfile": f"/inference-profiles/{HAIKU}",
    "GetProvisionedModelThroughput": f"/provisioned-model-throughput/{quote(PROVISIONED, safe='')}",
    "GetPromptRouter": f"/prompt-routers/{quote(ROUTERS[0], safe='')}",
}


def raw(simulator: Simulator, service: str, operation: str) -> bytes:
    """The body of an answer, as it was sent."""
    if service == "bedrock":
        simulator.set(inference_profiles={PROVISIONED: MODEL})
        return simulator.request("GET", PATHS[operation])[2]
    if service == "logs":
        asked_ = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
        simulator.request("POST", f"/model/{CLAUDE}/converse", json.dumps(asked_).encode())
        simulator.ended(1)
        logs = {"X-Amz-Target": f"Logs_20140328.{operation}"}
        return simulator.request("POST", "/", json.dumps({"logGroupName": GROUP}).encode(), logs)[2]
    quotas: dict[str, Any] = {"ServiceCode": "bedrock"}
    if operation == "GetServiceQuota":
        quotas["QuotaCode"] = json.loads(raw(simulator, service, "ListServiceQuotas"))["Quotas"][0]["QuotaCode"]
    metric = {"Namespace": "AWS/Bedrock", "MetricName": "Invocations"}
    dimensions = [{"Name": "ModelId", "Value": CLAUDE}]
    query = {"Id": "a", "MetricStat": {"Metric": {**metric, "Dimensions": dimensions}, "Period": 60, "Stat": "Sum"}}
    body = {"StartTime": time.time() - 600, "EndTime": time.time() + 60, "MetricDataQueries": [query]}
    target = {"service-quotas": "ServiceQuotasV20190624", "cloudwatch": "GraniteServiceVersion20100801"}[service]
    connection = simulator.connection()
    headers = {"X-Amz-Target": f"{target}.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    connection.request("POST", "/", json.dumps(quotas if service == "service-quotas" else body).encode(), headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    assert response.status == 200, content
    return content


def test_the_older_protocol_of_cloudwatch(simulator: Simulator) -> None:
    """A client that has only the query protocol gets XML."""
    simulator.set(others_requests_per_minute=60)
    form = (
        "Action=GetMetricData&Version=2010-08-01&StartTime=2026-01-01T00%3A00%3A00Z&EndTime=2026-01-01T00%3A02%3A00Z"
        "&MetricDataQueries.member.1.Id=a&MetricDataQueries.member.1.MetricStat.Period=60"
        "&MetricDataQueries.member.1.MetricStat.Stat=Sum"
        "&MetricDataQueries.member.1.MetricStat.Metric.Namespace=AWS%2FBedrock"
        "&MetricDataQueries.member.1.MetricStat.Metric.MetricName=Invocations"
        "&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Name=ModelId"
        "&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Value=m"
    )
    connection = simulator.connection()
    connection.request("POST", "/", form, {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})
    response = connection.getresponse()
    content = response.read().decode()
    connection.close()
    assert response.status == 200
    assert "<Values><member>60.0</member><member>60.0</member></Values>" in content
    assert "<member>2026-01-01T00:01:00Z</member>" in content


def test_signatures_of_the_control_plane() -> None:
    """Each service has its own name in signatures; a wrong key and a wrong name are refused."""
    simulator = Simulator("--access-key", "made-up:made-up")
    try:
        for service in ("service-quotas", "sts"):
            client: Any = boto3.client(service, endpoint_url=simulator.url, config=QUICK, **KEYS)  # type: ignore[call-overload]
            if service == "sts":
                assert client.get_caller_identity()["Account"] == catalog.ACCOUNT
            else:
                assert client.list_service_quotas(ServiceCode="bedrock")["Quotas"]
        request = AWSRequest("GET", f"{simulator.url}/foundation-models/{MODEL}", data=b"")
        SigV4Auth(Credentials("made-up", "made-up"), "sts", "us-east-1").add_auth(request)
        connection = simulator.connection()
        connection.request("GET", f"/foundation-models/{MODEL}", headers=dict(request.headers))
        assert connection.getresponse().status == 403
        connection.close()
    finally:
        assert simulator.stop() == (0, "", "")


@given(st.text(max_size=200), st.sampled_from(["rest", "json", "query"]))
def test_any_body_is_read_or_refused(text: str, protocol: str) -> None:
    """No body makes it fail."""
    with contextlib.suppress(ServiceError):
        wire.read(wire.Asked(protocol, "cloudwatch", "GetMetricData"), text.encode())


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.floats(0, 1))
def test_percentiles_lie_between_values(values: list[float], share: float) -> None:
    """A percentile is never outside of what was measured."""
    assert min(values) <= metrics.percentile(values, share) <= max(values) * (1 + 1e-12)


FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
TARGET = {"x-amz-target": "GraniteServiceVersion20100801.GetMetricData"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "asked"),
    [
        ("GET", "/foundation-models/a%3A0", {}, ("rest", "bedrock:GetFoundationModel", {"id": "a:0"})),
        ("GET", "/inference-profiles/b", {}, ("rest", "bedrock:GetInferenceProfile", {"id": "b"})),
        ("POST", "/inference-profiles/b", {}, None),
        ("GET", "/inference-profiles/", {}, None),
        ("GET", "/inference-profiles/a/b", {}, None),
        ("GET", "/models/b", {}, None),
        ("POST", "/", TARGET, ("json", "cloudwatch:GetMetricData", {})),
        ("POST", "/", {"x-amz-target": "Other.Act"}, ("json", "Other:Act", {})),
        ("GET", "/", TARGET, None),
        ("POST", "/model", TARGET, None),
        ("POST", "/", FORM, ("query", ":", {})),
        ("GET", "/", FORM, None),
        ("POST", "/", {"content-type": "text/plain"}, None),
        ("POST", "/", {}, None),
    ],
)
def test_requests_of_the_control_plane_are_told_apart(
    method: str, path: str, headers: dict[str, str], asked: tuple[str, str, dict[str, str]] | None
) -> None:
    """By method, path and headers; what is none of them goes to the other routes."""
    found = wire.find(method, path, headers)
    assert (found and (found.protocol, found.action, found.values)) == asked


@pytest.mark.parametrize(
    ("kind", "version"), [("application/x-amz-json-1.0", "1.0"), ("application/x-amz-json-1.1", "1.1")]
)
def test_the_json_protocol_has_two_versions(kind: str, version: str) -> None:
    """The answer is in that of the request."""
    found = wire.find("POST", "/", TARGET | {"content-type": kind})
    assert found is not None
    assert wire.read(found, b'{"a": 1}') == wire.Asked("json", "cloudwatch", "GetMetricData", version, {"a": 1})


@pytest.mark.parametrize("body", [b"[1]", b"1", b"{", b"\xff"])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    """By the JSON protocol; an empty one is an empty object."""
    asked = wire.Asked("json", "cloudwatch", "GetMetricData")
    with pytest.raises(ServiceError, match=r"The body is not"):
        wire.read(asked, body)
    assert wire.read(asked, b"").values == {}


def test_the_query_protocol_has_lists_and_records() -> None:
    """Numbers put the members of a list in order, and the operation says whose it is."""
    body = "&".join(
        (
            "Action=GetMetricData",
            *(f"A.member.{number}.B={number}" for number in (10, 2, 1)),
            "C.D=x",
            "E.member.first=y",
            "F=",
        )
    )
    found = wire.read(wire.Asked("query", "", ""), body.encode())
    assert found.action == "cloudwatch:GetMetricData"
    listed = [{"B": "1"}, {"B": "2"}, {"B": "10"}]
    assert found.values == {"A": listed, "C": {"D": "x"}, "E": {"member": {"first": "y"}}, "F": ""}
    assert wire.read(wire.Asked("query", "", ""), b"Action=GetCallerIdentity").action == "sts:GetCallerIdentity"
    with pytest.raises(ServiceError, match=r"A\.B is given twice"):
        wire.read(wire.Asked("query", "", ""), b"A=1&A.B=2")
