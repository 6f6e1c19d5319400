"""What AWS says of the account, in English."""

TEXTS = {
    "check": "By AWS",
    "check.accepted": "Calls accepted",
    "check.throttled": "Calls throttled",
    "check.client_errors": "Refused, client errors",
    "check.server_errors": "Refused, server errors",
    "check.input_tokens": "Input tokens",
    "check.output_tokens": "Output tokens",
    "check.cache_read_tokens": "Tokens read from a cache",
    "check.cache_write_tokens": "Tokens written to a cache",
    "check.quota_tokens": "Tokens of quota used (AWS: estimate)",
    "check.latency_ms_mean": "Latency, mean (ms)",
    "guardrails": "Guardrail",
    "guardrails.note": "As the traces of the responses say, for prompt and answer together. The prompt is checked before the"
    " first token.",
    "col.guardrail_ms_p50": "Guardrail, P50 (ms)",
    "col.guardrail_ms_p95": "Guardrail, P95 (ms)",
    "routed": "Models that the prompt router chose",
    "col.model": "Model",
    "col.share_routed": "Share of the calls (%)",
    "check.latency_ms_p50": "Latency, P50 (ms)",
    "check.latency_ms_p95": "Latency, P95 (ms)",
    "check.latency_ms_p99": "Latency, P99 (ms)",
    "check.ttft_ms_mean": "TTFT, mean (ms)",
    "check.ttft_ms_p50": "TTFT, P50 (ms)",
    "check.ttft_ms_p95": "TTFT, P95 (ms)",
    "check.ttft_ms_p99": "TTFT, P99 (ms)",
    "check.agrees": "All counts are the same.",
    "check.more": "Calls in these minutes that only CloudWatch has: {calls}. Others call the same id, or calls before the"
    " load (probes, prefixes) are among them.",
    "check.fewer": "Calls that CloudWatch lacks: {calls}. It was asked {minutes} min after the end, and may not have had all of"
    " them: `python -m bedrock_locust aws RUN` asks again.",
    "check.more_refused": "Throttled or refused calls in these minutes that only CloudWatch has: {calls}. Others call the same id,"
    " or calls before the load were refused.",
    "check.fewer_refused": "Throttled or refused calls that CloudWatch lacks: {calls}. It was asked {minutes} min after the end, and"
    " may not have had all of them, or counts them as refused for another reason.",
    "check.uncounted": "As many calls were accepted, and other counts differ. CloudWatch was asked {minutes} min after the end and"
    " may not have had all of each, or others' calls count in some: `python -m bedrock_locust aws RUN` asks again.",
    "check.unanswered": "Calls without a whole answer here: {calls}. AWS may have counted their tokens, which this side does"
    " not know.",
    "check.burndown": "By AWS's estimate, an output token used {implied} {implied:token|tokens} of quota. `model.output_burndown` sets what is"
    " reckoned with here.",
    "check.times": "AWS measures within the service, and this run at the client: the difference is the network, and what"
    " the first token waits for at the client. Both are of all calls, warm-up and drain too.",
    "check.none": "CloudWatch had no calls of this run {minutes} min after its end.",
    "check.missing": "{why}.",
    "col.figure": "Figure",
    "col.by_aws": "By AWS",
    "col.by_run": "By this run",
    "col.difference": "AWS has more",
    "serving.by": "**By the Region that served the calls**, by the account's invocation logs; times are of this run, of all"
    " its successes:",
    "serving.none": "The invocation logs have no call of this run.",
    "serving.without_log": "Successes that the logs do not have: {calls}. AWS writes logs some minutes late.",
    "col.region": "Region",
    "quota.coded": "{quota} ({code})",
    "quota.found": "Found in Service Quotas: {quotas}.",
    "quota.differs": "The settings say {quota}, and Service Quotas has {value} ({code}). The settings count here.",
    "quota.lookup": "Lookup in the account: {note}.",
    "quota.others": "Before the load, others used {shares} (CloudWatch, average of 15 minutes).",
}
