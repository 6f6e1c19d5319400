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
}
