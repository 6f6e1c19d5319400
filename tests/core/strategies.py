"""Hypothesis strategies for what several tests need."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from bedrock_locust.call import CANCELLED, Call, Mode, Phase, Stage

TEXT = st.text(max_size=20)
MS = st.floats(0, 1e7)
COUNT = st.integers(0, 10**9)
UNIX_TIME = st.floats(1.6e9, 2e9)


def calls(**fixed: st.SearchStrategy[object]) -> st.SearchStrategy[Call]:
    """Any call, with known and unknown figures; `fixed` gives the values of some fields."""
    times = {
        name: st.none() | MS
        for name in (
            "send_delay_ms",
            "ttft_ms",
            "first_text_ms",
            "last_token_ms",
            "max_gap_ms",
            "server_ttft_ms",
            "server_latency_ms",
            "read_lag_ms",
        )
    }
    counts = {
        name: st.none() | COUNT
        for name in (
            "users",
            "prompt_chars",
            "max_tokens",
            "chunks",
            "content_bytes",
            "first_bytes",
            "reasoning_bytes",
            "input_tokens",
            "output_tokens",
            "cache_read_tokens",
            "cache_write_tokens",
            "attempts",
            "reasoning_tokens",
            "cache_write_1h_tokens",
            "input_tokens_asked",
            "record",
            "turn",
        )
    }
    texts = dict.fromkeys(
        (
            "operation",
            "model_id",
            "name",
            "level",
            "worker",
            "stop_reason",
            "service_tier",
            "error_code",
            "error_message",
            "request_id",
            "session",
            "routed_model",
        ),
        TEXT,
    )
    return st.builds(
        Call,
        **{
            "started_at": UNIX_TIME,
            "scheduled_at": st.none() | UNIX_TIME,
            "latency_ms": MS,
            "guardrail_ms": st.none() | MS,
            "mode": st.sampled_from(get_args(Mode)),
            "phase": st.sampled_from(get_args(Phase)),
            "error_stage": st.sampled_from(get_args(Stage)),
            "error": st.sampled_from(["", CANCELLED, "ThrottlingError"]) | TEXT,
            **times,
            **counts,
            **texts,
            **fixed,
        },
    )
