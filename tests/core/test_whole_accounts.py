"""All that is asked and found out about accounts, in golden files: quotas, others' use, models behind ids, and notes.

`UPDATE_GOLDEN=1 pytest tests/core/test_whole_accounts.py` writes them anew: read the difference.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.aws.account.known import Account
from bedrock_locust.aws.boto3_client import session_for
from bedrock_locust.settings.quotas import WORDS
from bedrock_locust.settings.schema import Aws, Settings
from bedrock_locust.simulator.account.wire import moment

from .golden_files import check_text
from .scripted_aws import ScriptedAws, scripted

if TYPE_CHECKING:
    from collections.abc import Mapping

    import boto3

pytestmark = pytest.mark.usefixtures("made_up_keys")

HAIKU = "us.anthropic.claude-haiku-5-5"
ACCOUNT = "arn:aws:bedrock:us-east-1:123456789012"
PROFILE, ROUTER = f"{ACCOUNT}:application-inference-profile/p1", f"{ACCOUNT}:prompt-router/r1"
PROVISIONED = f"{ACCOUNT}:provisioned-model/m1"
FOUNDATION = "arn:aws:bedrock:{}::foundation-model/{}"
PER_MODEL = "{} model inference {} per {} for {}"
DAY = "Model invocation max tokens per day for {}"
DOUBLED = " (doubled for cross-region calls)"
MANTLE = "[bedrock-mantle endpoint] {} tokens per minute for {}"
LEGACY: dict[str, Any] = {
    "status": "LEGACY",
    "legacyTime": datetime(2026, 6, 1, tzinfo=UTC),
    "endOfLifeTime": datetime(2027, 1, 5, tzinfo=UTC),
}


def quotas(*listed: tuple[str, float]) -> dict[str, Any]:
    """A page of quotas, whose codes are numbers."""
    rows = [{"QuotaName": name, "Value": value, "QuotaCode": f"L-{n}"} for n, (name, value) in enumerate(listed, 1)]
    return {"Quotas": rows}


def pages(*all_: tuple[str, float]) -> Any:
    """The same, of which each page has one."""
    rows = quotas(*all_)["Quotas"]

    def page(asked: Mapping[str, Any]) -> dict[str, Any]:
        place = int(asked.get("NextToken", "0"))
        more = {"NextToken": str(place + 1)} if place + 1 < len(rows) else {}
        return {"Quotas": [rows[place]], **more}

    return page


def about(name: str = "", provider: str = "", *, streams: bool = True, **lifecycle: Any) -> dict[str, Any]:
    """What GetFoundationModel says."""
    found = {"modelArn": "arn", "modelId": "m", "modelName": name, "providerName": provider}
    lived = lifecycle or {"status": "ACTIVE"}
    return {"modelDetails": {**found, "responseStreamingSupported": streams, "modelLifecycle": lived}}


def used(*values: list[float]) -> dict[str, Any]:
    """What GetMetricData says of each metric."""
    rows = [
        {"Id": f"m{n}", "Label": "x", "Values": one, "Timestamps": [], "StatusCode": "Complete"}
        for n, one in enumerate(values)
    ]
    return {"MetricDataResults": rows}


def arns(*models: str) -> dict[str, Any]:
    """What GetInferenceProfile and GetPromptRouter say."""
    return {"models": [{"modelArn": one} for one in models]}


CROSS = "Cross-region"
ALL = quotas(
    (PER_MODEL.format(CROSS, "tokens", "minute", "Anthropic Claude Haiku 5.5"), 200_000),
    (PER_MODEL.format(CROSS, "requests", "minute", "Anthropic Claude Haiku 5.5"), 450),
    (PER_MODEL.format("On-demand", "tokens", "minute", "Anthropic Claude Haiku 5.5"), 7),
    (PER_MODEL.format("Global cross-region", "tokens", "minute", "Anthropic Claude Haiku 5.5"), 8),
    (PER_MODEL.format("Cross-region latency-optimized", "tokens", "minute", "Anthropic Claude Haiku 5.5"), 9_000),
    (DAY.format("Anthropic Claude Haiku 5.5") + DOUBLED, 5_000_000),
    (PER_MODEL.format(CROSS, "tokens", "minute", "Anthropic Claude Haiku 5.5") + " 1M Context Length", 6),
    ("Guardrails per account", 100),
)
TWO = quotas(
    (PER_MODEL.format(CROSS, "tokens", "minute", "Claude Haiku 5.5"), 10),
    (PER_MODEL.format(CROSS, "tokens", "minute", "Anthropic Claude Haiku 5.5 V2"), 20),
    (PER_MODEL.format(CROSS, "requests", "minute", "Claude Haiku 5.5"), 0.4),
)


def by_code(asked: Mapping[str, Any]) -> Any:
    """The quota of `ALL` with this code."""
    found = [one for one in ALL["Quotas"] if one["QuotaCode"] == asked["QuotaCode"]]
    return {"Quota": found[0]} if found else "NoSuchResourceException"


Case = tuple[str, dict[str, Any], dict[str, Any]]
HAIKU_KNOWN = {"GetFoundationModel": about("Claude Haiku 5.5", "Anthropic")}
USED = {"GetMetricData": used([30.0, 60.5], [3000.0] * 15)}


def case(name: str, model: dict[str, Any] | None = None, **script: Any) -> Case:
    """What an account has, and the model of a run."""
    return name, {"id": HAIKU, **(model or {})}, script


GROUPS: dict[str, list[Case]] = {
    "quotas": [
        case("all of them, and others' use", ListServiceQuotas=ALL, **HAIKU_KNOWN, **USED),
        case("in one region", {"id": HAIKU.removeprefix("us.")}, ListServiceQuotas=ALL, **HAIKU_KNOWN, **USED),
        case("in all regions", {"id": HAIKU.replace("us.", "global.")}, ListServiceQuotas=ALL, **HAIKU_KNOWN, **USED),
        case("of the fast mode", {"latency": "optimized"}, ListServiceQuotas=ALL, **HAIKU_KNOWN, **USED),
        case(
            "a page each", ListServiceQuotas=pages(*((one["QuotaName"], one["Value"]) for one in ALL["Quotas"])), **USED
        ),
        case(
            "some by hand, one of them as it is",
            {"quota": 450, "tokens_per_minute": 190_000},
            ListServiceQuotas=ALL,
            **HAIKU_KNOWN,
            **USED,
        ),
        case(
            "of a name that only AWS knows",
            {"id": "us.somebody.new-9"},
            GetFoundationModel=about("Tide", "Sea Inc"),
            ListServiceQuotas=quotas((PER_MODEL.format(CROSS, "tokens", "minute", "Sea Tide v1"), 5)),
            **USED,
        ),
        case("of a name that nobody may ask for", {"id": "us.somebody.new-9"}, ListServiceQuotas=ALL),
        case("several that may be it, and none of requests", ListServiceQuotas=TWO, **HAIKU_KNOWN),
        case(
            "0",
            ListServiceQuotas=quotas((PER_MODEL.format(CROSS, "tokens", "minute", "Claude Haiku 5.5"), 0)),
            **HAIKU_KNOWN,
        ),
        case(
            "no quota of tokens",
            ListServiceQuotas=quotas((PER_MODEL.format(CROSS, "requests", "minute", "Claude Haiku 5.5"), 5)),
            **HAIKU_KNOWN,
        ),
        case("nobody may ask for anything"),
        case("nobody may ask for anything, quotas by hand", {"quota": 5}),
        case(
            "no lookup",
            {"quota_lookup": "off"},
            ListServiceQuotas=ALL,
            GetFoundationModel=about("x", "y", streams=False, **LEGACY),
        ),
        case("AWS fails", ListServiceQuotas="InternalServerException", GetFoundationModel="InternalServerException"),
    ],
    "codes": [
        case(
            "of two",
            {"quota_codes": {"quota": "L-2", "tokens_per_day": "L-6"}},
            GetServiceQuota=by_code,
            ListServiceQuotas=ALL,
            **HAIKU_KNOWN,
            **USED,
        ),
        case(
            "of all: nothing is listed",
            {"quota_codes": {"quota": "L-2", "tokens_per_day": "L-6", "tokens_per_minute": "L-1"}},
            GetServiceQuota=by_code,
            **HAIKU_KNOWN,
            **USED,
        ),
        case(
            "of another scope",
            {"quota_codes": {"tokens_per_minute": "L-3"}},
            GetServiceQuota=by_code,
            ListServiceQuotas=TWO,
            **HAIKU_KNOWN,
            **USED,
        ),
        case(
            "of another kind, of nothing, and of none of calls",
            {"quota_codes": {"quota": "L-1", "tokens_per_minute": "L-99", "tokens_per_day": "L-8"}},
            GetServiceQuota=by_code,
            ListServiceQuotas=ALL,
            **HAIKU_KNOWN,
            **USED,
        ),
        case(
            "that nobody may ask for",
            {"quota_codes": {"quota": "L-2", "tokens_per_minute": "L-1"}},
            ListServiceQuotas=ALL,
            **HAIKU_KNOWN,
            **USED,
        ),
        case(
            "of mantle on runtime",
            {"quota_codes": {"input_tokens_per_minute": "L-1"}},
            GetServiceQuota=by_code,
            ListServiceQuotas=ALL,
            **HAIKU_KNOWN,
            **USED,
        ),
        case(
            "of provisioned throughput",
            {
                "id": PROVISIONED,
                "base_model": "anthropic.claude-haiku-5-5",
                "quota_codes": {"tokens_per_minute": "L-3"},
            },
            GetServiceQuota=by_code,
            **HAIKU_KNOWN,
            **USED,
        ),
    ],
    "models": [
        case(
            "legacy, without streams",
            GetFoundationModel=about("x", "y", streams=False, **LEGACY),
            ListServiceQuotas=ALL,
        ),
        case("legacy, without dates", GetFoundationModel=about("x", "y", status="LEGACY"), ListServiceQuotas=ALL),
        case(
            "mantle",
            {"id": "openai.gpt-oss-120b", "endpoint": "mantle", "api": "chat"},
            ListServiceQuotas=quotas(
                (MANTLE.format("Input", "OpenAI GPT OSS 120B"), 30_000),
                (MANTLE.format("Output", "GPT OSS 120B"), 9000),
                (MANTLE.format("Output", "GPT OSS 20B"), 1),
            ),
            **USED,
        ),
        case(
            "mantle without a quota of input",
            {"id": "openai.gpt-oss-120b", "endpoint": "mantle", "api": "chat"},
            ListServiceQuotas=quotas((MANTLE.format("Output", "GPT OSS 120B"), 9000)),
            **USED,
        ),
        case(
            "a profile of two regions",
            {"id": PROFILE},
            GetInferenceProfile=arns(
                *(FOUNDATION.format(region, "anthropic.claude-haiku-5-5") for region in ("us-east-1", "us-west-2"))
            ),
            ListServiceQuotas=ALL,
            **HAIKU_KNOWN,
            **USED,
        ),
        case(
            "a profile of one region",
            {"id": PROFILE},
            GetInferenceProfile=arns(FOUNDATION.format("us-east-1", "anthropic.claude-haiku-5-5")),
            ListServiceQuotas=ALL,
            **HAIKU_KNOWN,
            **USED,
        ),
        case(
            "a profile of all regions",
            {"id": PROFILE},
            GetInferenceProfile=arns(
                *(FOUNDATION.format(region, "anthropic.claude-haiku-5-5") for region in ("us-east-1", ""))
            ),
            ListServiceQuotas=ALL,
            **HAIKU_KNOWN,
            **USED,
        ),
        case(
            "a profile of two models",
            {"id": PROFILE},
            GetInferenceProfile=arns(*(FOUNDATION.format("us-east-1", one) for one in ("a.b", "c.d"))),
            ListServiceQuotas=ALL,
        ),
        case("a profile of nothing", {"id": PROFILE}, GetInferenceProfile=arns(), ListServiceQuotas=ALL),
        case(
            "provisioned throughput",
            {"id": PROVISIONED, "api": "invoke"},
            GetProvisionedModelThroughput={
                "foundationModelArn": FOUNDATION.format("us-east-1", "amazon.nova-pro-v1:0")
            },
            GetFoundationModel=about("x", "y", **LEGACY),
            ListServiceQuotas=ALL,
        ),
        case(
            "a router of one model",
            {"id": ROUTER},
            GetPromptRouter=arns(f"{ACCOUNT}:inference-profile/{HAIKU}"),
            ListServiceQuotas=ALL,
            **HAIKU_KNOWN,
            **USED,
        ),
        case(
            "a router of two models of a format",
            {"id": ROUTER, "api": "invoke"},
            GetPromptRouter=arns(
                f"{ACCOUNT}:inference-profile/us.amazon.nova-pro-v1:0",
                f"{ACCOUNT}:inference-profile/us.amazon.nova-lite-v1:0",
            ),
            GetFoundationModel=about("x", "y", streams=False, **LEGACY),
            ListServiceQuotas=ALL,
        ),
        case(
            "a router of two models of different formats",
            {"id": ROUTER},
            GetPromptRouter=arns(
                f"{ACCOUNT}:inference-profile/us.amazon.nova-pro-v1:0", f"{ACCOUNT}:inference-profile/{HAIKU}"
            ),
        ),
        case("what nobody may ask about", {"id": PROFILE}, ListServiceQuotas=ALL),
        case("neither a model nor a profile", {"id": f"{ACCOUNT}:custom-model/x"}, ListServiceQuotas=ALL),
        case(
            "a profile whose ARN tells the model",
            {"id": f"{ACCOUNT}:inference-profile/{HAIKU}"},
            ListServiceQuotas=ALL,
            **HAIKU_KNOWN,
            **USED,
        ),
    ],
}


def shown(operation: str, values: Mapping[str, Any]) -> str:
    """A question in words; of moments their distance, as they go with the clock."""
    if operation != "GetMetricData":
        return f"{operation} {json.dumps({name: value for name, value in values.items() if name != 'ServiceCode'})}"
    begin_s, end_s = (moment(values[name], name) for name in ("StartTime", "EndTime"))
    queries = [one["MetricStat"] for one in values["MetricDataQueries"]]
    asked = [f"{one['Metric']['MetricName']} ({one['Stat']}, {one['Period']} s)" for one in queries]
    [of] = {" ".join([one["Metric"]["Namespace"], *one["Metric"]["Dimensions"][0].values()]) for one in queries}
    assert end_s % 60 == 0
    return f"{operation} of {end_s - begin_s:g} s to a whole minute: {', '.join(asked)} of {of}"


def told(
    aws: ScriptedAws, model: dict[str, Any], session: boto3.Session, caplog: pytest.LogCaptureFixture
) -> list[str]:
    """What was asked, and what is known after it. It is asked once, and all that is said in words is logged."""
    values = {"model": model, "aws": {"region": "us-east-1", "control_endpoint_url": aws.url}}
    given, account = Settings.model_validate(values), Account()
    caplog.clear()
    settings, unknown = account.resolved(given, session)
    account.look_up(settings, session)
    account.look_up(settings, session)
    known = account.known(settings)
    behind = {name: value for name in ("base_model", "format") if (value := getattr(settings.model, name))}
    whole = known.completed(settings).model
    found = {name: value for name in WORDS if (value := getattr(whole, name))}
    in_words = [known.in_words(settings)] if found and known.in_words(settings) else []
    assert account.as_given(settings) == given
    assert logged(caplog) == [
        *(f"WARNING {one}" for one in (*known.warnings(settings), *known.notes(settings))),
        *(f"INFO {one}" for one in in_words),
    ]
    return [
        *(f"asked: {shown(*one)}" for one in aws.asked),
        *([f"behind it: {json.dumps(behind)}"] if behind else []),
        *([f"unknown: {unknown}"] if unknown else []),
        f"quotas: {json.dumps(found)}, burn-down {whole.burndown:g}",
        *(f"{name}: {json.dumps(one)}" for name, one in known.sources(settings).items()),
        *in_words,
        *(f"warning: {one}" for one in known.warnings(settings)),
        *(f"note{' of 0' if one in known.found.zero else ''}: {one}" for one in known.notes(settings)),
    ]


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What our own loggers said."""
    ours = "bedrock-locust: "
    return [
        f"{record.levelname} {record.message.removeprefix(ours)}"
        for record in caplog.records
        if record.message.startswith(ours)
    ]


@pytest.mark.parametrize("group", GROUPS)
def test_accounts_are_known_as_it_was_read_and_approved(group: str, caplog: pytest.LogCaptureFixture) -> None:
    """Every question to AWS, and every word about its answers."""
    caplog.set_level(logging.INFO)
    session = session_for(Aws(region="us-east-1"), simulator=False)
    parts: list[str] = []
    for name, model, script in GROUPS[group]:
        with scripted(script) as aws:
            lines = told(aws, model, session, caplog)
        parts.append("\n".join([f"# {name}: {model['id']}", *lines]))
    check_text(f"accounts/{group}.txt", "\n\n".join(parts) + "\n")
