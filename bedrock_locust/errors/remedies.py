"""What to do about a failure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

REMEDIES: dict[str, str] = {
    "ThrottlingError": "More requests or tokens per minute than the quota allows. Use fewer users, lower"
    " max_tokens (it is reserved when a call starts), or ask for a higher quota: in Service Quotas, for bedrock-mantle"
    " at AWS Support.",
    "ValidationError": "The service refused the request. Check the model id (newer models need an inference profile"
    " id: us., eu., apac., global.), and whether this model takes these parameters (many refuse temperature).",
    "AccessDeniedError": "Allow bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream in the IAM policy, on"
    " bedrock-mantle bedrock-mantle:CreateInference, and check that the account has access to the model.",
    "ModelNotFoundError": "Check the model id and that the model exists in this region, on this endpoint and with this"
    " API (model.endpoint, model.api). On bedrock-runtime newer models need an inference profile id (us., eu., apac.,"
    " global.); on bedrock-mantle ids have neither region nor version.",
    "QuotaExceededError": "An account quota is used up. Look it up in Service Quotas and ask for an increase; a quota"
    " per day is free again the next day.",
    "ModelNotReadyError": "The model is still being loaded. Wait a few minutes and run again.",
    "ModelTimeoutError": "The model took too long. Lower max_tokens or the prompt size.",
    "ModelError": "The model failed on the request. Run again; if it persists, contact AWS with the request id.",
    "ServiceUnavailableError": "The service has no capacity now; this is not your quota. Try another time, another"
    " region or a cross-region inference profile.",
    "InternalServerError": "The service failed. Run again; if it persists, contact AWS with the request id.",
    "StreamInterruptedError": "The stream ended or broke before the model said it was done. Look for proxies and"
    " gateways on the way that cut long responses.",
    "NotAnAnswerError": "The endpoint answered with status 200, but not as Bedrock answers. Check the endpoint"
    " (--host, aws.endpoint_url) and any proxy or gateway on the way.",
    "MalformedEventError": "An event of the stream cannot be read. Look for proxies and gateways on the way that change"
    " responses; if there is none, contact AWS with the request id.",
    "TimeoutError": "The service was silent for longer than test.timeout_seconds. Raise it for slow or long answers.",
    "ConnectionError": "The connection failed. Check the endpoint (--host), DNS, proxy, firewall and TLS certificates.",
    "ClientResourceError": "This machine ran out of open files, ports or memory; the service is not to blame. Raise the"
    " limit before the start (ulimit -n 10000), or spread the users over more workers.",
    "CredentialsError": "AWS credentials are missing, wrong or expired. Try: aws sts get-caller-identity",
    "TaskFailure": "A task of the locustfile judged these answers to be wrong: read its message.",
    "UnknownError": "Look at the example message; if the endpoint is not Bedrock (--host), that is the reason.",
}
"""What to do about each category."""

REASONS: dict[str, str] = {
    "many_requests": "More requests per minute than the quota allows. Use fewer users or a lower rate, or ask for a"
    " higher quota: in Service Quotas, for bedrock-mantle at AWS Support.",
    "many_tokens": "More tokens per minute than the quota allows. Use fewer users, shorten the prompts, lower"
    " max_tokens (it is reserved when a call starts), or ask for a higher quota: in Service Quotas, for bedrock-mantle"
    " at AWS Support.",
    "many_a_day": "The tokens per day are used up: the quota is free again the next day. Until then use another model"
    " or region, or ask for a higher quota in Service Quotas.",
    "many_at_once": "More calls at the same time than the service allows. Use fewer users, or set"
    " arrivals.max_in_flight (--bedrock-max-in-flight) lower.",
    "unknown_path": "The endpoint has no such path. bedrock-mantle has neither Converse nor InvokeModel, and"
    " bedrock-runtime answers unknown paths with status 200 and UnknownOperationException. Check model.api and"
    " model.endpoint, and that --host or aws.endpoint_url is the address of that endpoint.",
    "background": "A response in the background is given before its answer is there, and its time says nothing of the"
    " model. Stream it (stream=True), or leave background out of the request.",
    "max_completion_tokens": "This model takes max_completion_tokens in place of max_tokens by Chat Completions. With"
    " model.api chat that is sent for the ids of OpenAI and xAI; in a locustfile of your own change the request.",
    "tools_by_chat": "This model calls functions by Chat Completions only where it does not reason. Set model.api to"
    " responses, or reasoning_effort to none in the request (test.request).",
    "other_api": "This endpoint does not have this model with this API. Claude has messages; GPT and Grok have"
    " responses and chat; models with open weights have chat, on bedrock-runtime no responses; Nova, Llama, Titan,"
    " Cohere, Jamba, Palmyra and DeepSeek R1 have converse and invoke, on bedrock-runtime alone. Ids differ, too:"
    " bedrock-runtime has us.openai.gpt-5.6-sol, bedrock-mantle openai.gpt-5.6-sol. Change model.api, model.endpoint"
    " or model.id: docs/apis.md has the pairs.",
    "mantle_permission": "Allow bedrock-mantle:CreateInference on the project in the IAM policy: bedrock-mantle has"
    " permissions of its own.",
    "previous": "The response of previous_response_id is not stored: it was made with store false, was deleted, or is"
    " older than 30 days. Make it with store true, in the same account, region and endpoint.",
    "limit_of_answer": "The model does not take this limit of the answer. Set test.max_tokens (--bedrock-max-tokens) to"
    " what the message says; some models that think need more than their budget for it.",
    "prompt_too_long": "The request is longer than this model or endpoint takes. Shorten the prompt (test.prompt_size,"
    " workload.input_tokens), or choose a model with a longer context.",
    "sampling": "This model takes no sampling parameters, as many newer models. Remove test.temperature, or set it to"
    " null (--bedrock-temperature null); in a locustfile of your own remove temperature, top_p and top_k from the"
    " request.",
    "clock": "The clock of this machine is wrong: AWS refuses requests that are signed more than 5 minutes off. Set"
    " it, and keep it right with NTP.",
    "api_key": "The Bedrock API key is wrong or has expired. Make a new one in the Bedrock console and set"
    " AWS_BEARER_TOKEN_BEDROCK; a short-term key lasts 12 hours at most and belongs to one region.",
    "inference_profile": "This model is called by an inference profile: put its prefix before the model id (us., eu.,"
    " apac., global.), or use the ARN of a profile.",
    "use_case": "The account has not sent the use case form for this provider's models. Submit it in the Bedrock"
    " console (Model catalog), and wait about 15 minutes.",
    "no_streaming": "This model does not stream. Set test.streaming to false (--bedrock-streaming false), or choose"
    " another model; in a locustfile of your own call the methods without stream.",
    "legacy": "The provider has marked this model as legacy, and this account has not used it lately. Choose a newer"
    " version of the model.",
    "not_allowed": "This account may not call this model: the provider may have marked it as legacy, or the account has"
    " no access to it. Choose a newer version, or ask for access in the Bedrock console (Model catalog).",
    "retired": "This version of the model is no longer offered. Choose a newer one.",
}
"""What to do where the message tells more than the category."""

_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (reason, re.compile(words, re.IGNORECASE))
    for reason, words in (
        ("unknown_path", r"UnknownOperationException|members Output, Version"),
        ("background", r"made in the background"),
        ("max_completion_tokens", r"\bmax_completion_tokens\b"),
        ("tools_by_chat", r"function tools.{1,99}reason|\breasoning_effort\b.{1,99}\btools\b"),
        (
            "other_api",
            r"supported on this route|support (?:this|the ['`\"]?/\S+) API|the model ['`\"].{1,99}does not exist",
        ),
        ("mantle_permission", r"bedrock-mantle:\w+"),
        ("sampling", r"\b(?:temperature|top_?p|top_?k)\b"),
        ("clock", r"signature expired|not yet current|too skewed|request time.{1,40}too large"),
        ("previous", r"previous response"),
        (
            "limit_of_answer",
            r"maximum tokens you requested|max_?\w{0,11}tokens.{0,99}(?:maximum|greater|less than|exceed|limit)",
        ),
        ("prompt_too_long", r"\btoo (?:long|large)\b|\bcontext (?:length|window|limit)"),
        ("api_key", r"bearer token|api[ -]?key"),
        ("inference_profile", r"on-demand throughput.{1,20}supported|\binference profile\b"),
        ("use_case", r"use[ -]case|FTU form"),
        (
            "no_streaming",
            r"unsupported for streaming|(?:not|n't) support (?:response )?streaming|streaming is not supported",
        ),
        ("legacy", r"\blegacy\b"),
        ("not_allowed", r"operation not allowed|not (?:enabled|available) for this account"),
        ("retired", r"end of (?:its )?life|\bEOL\b|\bretired\b|no longer (?:available|supported)|\bdeprecated\b"),
    )
)
"""Reason -> words of a message; the first that fits counts. Bedrock has one code for many of these reasons."""
_THROTTLES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (reason, re.compile(words, re.IGNORECASE))
    for reason, words in (
        ("many_a_day", r"tokens?[ -]per[ -]day|\bdaily\b"),
        ("many_at_once", r"\bconcurren"),
        ("many_tokens", r"too many tokens|tokens[ -]per[ -]min|\bTPM\b"),
        # Of itself "too many requests" is only the name of status 429, whatever was too many.
        ("many_requests", r"too many requests, please wait|requests[ -]per[ -]min|\brequest rate\b|\bRPM\b"),
    )
)
"""Reason -> words of a throttle: which quota it was."""
_SERVICE_WORDS = frozenset(
    {
        "ValidationError",
        "AccessDeniedError",
        "ModelNotFoundError",
        "CredentialsError",
        "NotAnAnswerError",
        "UnknownError",
    }
)


def reason(category: str, message: str) -> str:
    """Which of `REASONS` the message of a failure tells; empty if none."""
    if category == "ThrottlingError":
        known = _THROTTLES
    elif category in _SERVICE_WORDS:
        known = _WORDS
    else:
        return ""
    return next((name for name, words in known if words.search(message)), "")


def remedy(category: str, message: str = "") -> str:
    """What to do about failures of this category, by the message of one of them; empty for an unknown category."""
    return REASONS.get(reason(category, message)) or REMEDIES.get(category, "")


def remedies(examples: Mapping[str, str]) -> dict[str, str]:
    """What to do about each category: `examples` has the message of one failure for those that have happened."""
    return REMEDIES | {category: found for category, said in examples.items() if (found := remedy(category, said))}


def reasons(examples: Mapping[str, str]) -> dict[str, str]:
    """Category -> the reason that the message of one of its failures tells, where it tells one."""
    return {category: found for category, said in examples.items() if (found := reason(category, said))}
