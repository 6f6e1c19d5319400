"""What was sent, in English."""

TEXTS = {
    "sent": "What was sent",
    "sent.lengths": "Lengths of the measured successes, in tokens. For answers, asked for is `max_tokens`.",
    "sent.cut": "Answers that ended because they reached `max_tokens`: {share} %.",
    "col.length": "Length",
    "col.asked_p50": "Asked for, P50",
    "col.actual_p50": "Actual, P50",
    "col.asked_p95": "Asked for, P95",
    "col.actual_p95": "Actual, P95",
    "caching": "Prompt cache",
    "caching.tokens": "{read} tokens were read from the cache and {written} were written to it, in measured successes.",
    "caching.quota": "The {read} tokens that were read did not count against the quota of tokens.",
    "caching.saved": "The cache saved {cost}: what reading costs less, minus what writing costs more.",
    "caching.lost": "The cache cost {cost} more than it saved: too few calls read what was written.",
    "caching.pays": "At these prices, a write pays once its prefix has been read {reads}.",
    "col.hit_calls": "Calls that read from it, %",
    "col.hit_tokens": "Tokens read from it, %",
    "col.hit_ttft_ms": "TTFT P50 of hits (ms)",
    "col.miss_ttft_ms": "TTFT P50 of misses (ms)",
    "col.hit_latency_ms": "Latency P50 of hits (ms)",
    "col.miss_latency_ms": "Latency P50 of misses (ms)",
}
