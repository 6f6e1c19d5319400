"""Answers of each format with all that they may hold, right and wrong, for the golden files of `golden/readings`."""

from __future__ import annotations

from typing import Any

METRICS = {
    "amazon-bedrock-invocationMetrics": {
        "inputTokenCount": 21,
        "outputTokenCount": 301,
        "cacheReadInputTokenCount": 6,
        "cacheWriteInputTokenCount": 5,
        "invocationLatency": 900,
        "firstByteLatency": 80,
    }
}
ASSESSED = {"invocationMetrics": {"guardrailProcessingLatency": 40}}
TRACE = {
    "guardrail": {
        "inputAssessment": {"g": ASSESSED},
        "outputAssessments": {"g": [{"invocationMetrics": {"guardrailProcessingLatency": 2.5}}, {}]},
    },
    "promptRouter": {"invokedModelId": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"},
}
NATIVE_TRACE = {"guardrail": {"input": {"g": ASSESSED}, "outputs": [{"g": ASSESSED}, {"h": ASSESSED}, {"i": {}}]}}
NATIVE_TRACED = {"amazon-bedrock-trace": NATIVE_TRACE}
USAGE = {
    "inputTokens": 20,
    "outputTokens": 300,
    "totalTokens": 335,
    "cacheReadInputTokens": 7,
    "cacheWriteInputTokens": 8,
    "cacheDetails": [{"ttl": "5m", "inputTokens": 3}, {"ttl": "1h", "inputTokens": 5}],
}
NATIVE_CACHE = {"inputTokens": 1, "cacheReadInputTokenCount": 2, "cacheWriteInputTokenCount": 3}
CLAUDE_USAGE = {
    "input_tokens": 20,
    "output_tokens": 1,
    "cache_read_input_tokens": 7,
    "cache_creation_input_tokens": 8,
    "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 5},
    "output_tokens_details": {"thinking_tokens": 30},
}
CHAT_USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 300,
    "prompt_tokens_details": {"cached_tokens": 7, "cache_write_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 30},
}
RESPONSES_USAGE = {
    "input_tokens": 20,
    "output_tokens": 300,
    "input_tokens_details": {"cached_tokens": 7, "cache_write_tokens": 3},
    "output_tokens_details": {"reasoning_tokens": 30},
}


def _delta(delta: Any) -> tuple[str, Any]:
    return "contentBlockDelta", {"contentBlockIndex": 0, "delta": delta}


def _start(start: Any) -> tuple[str, Any]:
    return "contentBlockStart", {"contentBlockIndex": 1, "start": start}


def _claude(kind: str, **delta: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": kind, **delta}}


def _block(kind: str, **block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": 1, "content_block": {"type": kind, **block}}


def _chat(delta: Any, reason: Any = None, **more: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **more}


def _tool(**function: Any) -> dict[str, Any]:
    return {"tool_calls": [{"index": 0, "function": function}]}


CHAT = [
    _chat({"role": "assistant", "content": "", "refusal": None}),
    _chat({"reasoning": "hm"}),
    _chat({"reasoning_content": "hmm", "content": ""}),
    _chat({"reasoning": None, "reasoning_content": "so"}),
    _chat(_tool(name="look", arguments="")),
    _chat(_tool(arguments='{"a"')),
    _chat(_tool(name="", arguments="")),
    _chat({"content": "Hé"}),
    _chat({"content": "llo"}),
    _chat({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": ""}, 5]}),
    _chat({"content": {"text": "b"}}),
    _chat({"content": "<reasoning>I think"}),
    _chat({"content": " so</reasoning>"}),
    _chat({"content": "x<reasoning>y</reasoning>z"}),
    _chat({"content": "", "refusal": "No."}),
    _chat({"content": "t", "reasoning": "r"}),
    {"choices": [{"index": 0, "delta": {"content": "u"}}, {"index": 1, "delta": {"reasoning": "v"}}]},
    {"choices": [{"index": 0, "delta": {"reasoning": "v"}}, {"index": 1, "delta": {"content": "u"}}]},
    {"choices": [{"index": 0, "delta": {}}, {"index": 1, "delta": {"reasoning": "v"}}, {"index": 2, "delta": {}}]},
    _chat({}, "length", service_tier="flex"),
    {"choices": [{"index": 0, "delta": {}, "stop_reason": "stop"}], "service_tier": None},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "", "stop_reason": "tool_calls"}]},
    {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 1}},
    {"usage": CHAT_USAGE},
    {"usage": {"prompt_tokens": 5}},
    {"usage": {"prompt_tokens": "many", "completion_tokens": -1}},
    METRICS,
    {"amazon-bedrock-trace": NATIVE_TRACE, "choices": []},
    {"amazon-bedrock-guardrailAction": "INTERVENED", "choices": None},
    {"id": "c"},
    {"choices": 5},
    {"choices": [None, 5, {"delta": 5}, {"delta": {"content": 5, "tool_calls": [5, {"function": 5}]}}]},
    {"error": {"code": "bad", "message": "It failed."}},
]
"""Chunks of Chat Completions."""
QUICK = [
    _chat({"content": "a"}),
    _chat({"content": "b"}),
    _chat({"content": "c"}, "stop"),
    _chat({"content": "d"}, service_tier="flex"),
    {"service_tier": "priority", **_chat({"content": "e"})},
    {"service_tier": None, **_chat({"role": "assistant", "content": "f", "refusal": None}), "usage": None},
    {
        "object": "chat.completion.chunk",
        "choices": [{"logprobs": None, "delta": {"refusal": None, "content": "g"}, "index": 0, "stop_reason": None}],
        "created": 5,
        "service_tier": "default",
    },
    {"choices": [{"index": 0, "delta": {"content": "h", "reasoning": None}, "stop_reason": None, "logprobs": None}]},
    {"choices": [{"index": 0, "delta": {"content": "i", "reasoning": "r"}}]},
    {"choices": [{"index": 0, "delta": {"content": "j"}}, {"index": 1, "delta": {"content": "k"}}]},
    _chat({"content": 'a "quoted" word'}),
    _chat({"content": "<reasoning>n"}),
    _chat({"content": "o"}),
    _chat({"content": "p</reasoning>q"}),
    _chat({"content": "r"}),
    _chat({"content": ""}),
    _chat({"content": "s"}, usage={}),
    _chat({"content": "t"}, error=None),
    _chat({"content": "u"}, error="v"),
]
"""Chunks that may be read without a JSON parser, and some that look so."""
TEXTS = [
    '{"choices": [{"index": 0, "delta": {"content": "a"}}]}',
    '{ "choices":[{"index":0,"delta":{"content":"a"}}]}',
    '{"choices":[{"index":0,"delta":{"content":"a"}}]',
    '{"choices":[{"index":0,"delta":{"content":"é"}}],"n":-1}',
    '{"choices":[{"index":0,"delta":{"content":"l","content":"m"}}]}',
    "[DONE]",
    "[]",
    "5",
    "null",
    "",
]
"""Data of events as they stand."""

STREAMS: dict[str, dict[str, list[Any]]] = {
    "converse": {
        "all kinds of content": [
            ("messageStart", {"role": "assistant"}),
            _delta({"reasoningContent": {"signature": "s"}}),
            _delta({"reasoningContent": {"text": ""}}),
            _delta({"reasoningContent": {"text": "hmé"}}),
            _delta({"reasoningContent": {"signature": "s"}}),
            _delta({"reasoningContent": {"redactedContent": "abcd"}}),
            _start({"toolUse": {"toolUseId": "t", "name": "n"}}),
            _start({"toolResult": {"toolUseId": "t"}}),
            _start({"image": {"format": "png"}}),
            _start({"toolUse": None}),
            _start(None),
            _start({"other": {"a": 1}}),
            _delta({"toolUse": {"input": '{"a"'}}),
            _delta({"toolUse": {"input": ""}}),
            _delta({"toolResult": [{"text": "r"}]}),
            _delta({"citation": {"title": "t"}}),
            _delta({"image": {"source": {}}}),
            _delta({"text": ""}),
            _delta({"text": "Hé"}),
            _delta({"text": None}),
            _delta(None),
            ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "l"}, "p": "abC9"}),
            ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "l"}, "p": "a-b"}),
            ("contentBlockDelta", {"contentBlockIndex": 0}),
            ("contentBlockDelta", {"contentBlockIndex": 0, "delta": 5}),
            ("contentBlockStop", {"contentBlockIndex": 0}),
            ("aNewEvent", 5),
            ("messageStop", {"stopReason": "max_tokens"}),
            ("metadata", {"usage": USAGE, "metrics": {"latencyMs": 900.5}, "serviceTier": {"type": "flex"}}),
            ("metadata", {"usage": NATIVE_CACHE, "trace": TRACE, "metrics": {"latencyMs": -1}, "serviceTier": 5}),
            ("metadata", {"usage": {**NATIVE_CACHE, "cacheReadInputTokens": 9}, "trace": {}}),
            ("metadata", 5),
            ("messageStop", 5),
        ],
        "stopped by a guardrail": [
            ("messageStop", {"stopReason": "guardrail_intervened"}),
            ("messageStop", {"stopReason": "end_turn"}),
        ],
    },
    "claude": {
        "all kinds of content": [
            {"type": "message_start", "message": {"usage": CLAUDE_USAGE}},
            {"type": "ping"},
            _claude("signature_delta", signature="s"),
            _claude("signature_delta", signature=""),
            _block("thinking", thinking=""),
            _claude("thinking_delta", thinking="hmé"),
            _claude("signature_delta", signature="s"),
            _block("redacted_thinking", data="x"),
            _block("text", text=""),
            _claude("text_delta", text="Hé"),
            _claude("text_delta", text=""),
            _claude("text_delta", text=5),
            {**_claude("text_delta", text="llo"), "index": 12},
            _block("tool_use", id="t", name="n", input={}),
            _block("server_tool_use", id="t"),
            _block("web_search_tool_result", content=[]),
            _block("tool_uses"),
            _claude("input_json_delta", partial_json='{"a"'),
            _claude("input_json_delta", partial_json=""),
            _claude("citations_delta", citation={"title": "t"}),
            _claude("a_new_delta", new="x"),
            {"type": "content_block_delta", "delta": 5},
            {"type": "content_block_delta", "delta": None},
            {"type": "content_block_start", "content_block": None},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 300}},
            {"type": "message_delta", "delta": None, "usage": {"output_tokens_details": {"thinking_tokens": 31}}},
            {"type": "message_stop", **METRICS},
            {"type": "a_new_event"},
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            {"error": "It failed."},
            {"Output": {"__type": "com.amazon#ServiceUnavailableException", "message": "Try later."}},
            {"Output": {"__type": "com.amazon#ServiceUnavailableException"}},
            {"Output": {"__type": "com.amazon#UnknownOperationException"}},
        ],
        "text completions": [
            {"type": "completion", "completion": "Hel", "stop_reason": None},
            {"completion": "lo"},
            {"completion": "", "stop_reason": "stop_sequence", **METRICS},
        ],
        "no objects": [[], 5, None, "x"],
        "a guardrail": [
            {
                "type": "message_stop",
                "amazon-bedrock-guardrailAction": "INTERVENED",
                "amazon-bedrock-trace": NATIVE_TRACE,
            },
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
            {"type": "a", "amazon-bedrock-trace": {"promptRouter": {"invokedModelId": "amazon.nova-pro-v1:0"}}},
        ],
    },
    "claude_text": {
        "all": [
            {"completion": "Hé", "stop_reason": None},
            {"completion": 5},
            {"completion": "llo", "stop_reason": "max_tokens"},
            {"completion": "", **METRICS},
        ]
    },
    "cohere": {
        "all kinds of content": [
            {"is_finished": False, "event_type": "stream-start"},
            {"is_finished": False, "event_type": "text-generation", "text": "Hé"},
            {"event_type": "text-generation", "text": "llo"},
            {"event_type": "text-generation", "text": ""},
            {"event_type": "tool-calls-chunk", "text": "plan"},
            {"event_type": "tool-calls-chunk", "tool_call_delta": {"name": "n"}},
            {"event_type": "tool-calls-generation", "tool_calls": [{"name": "n"}]},
            {"event_type": "citation-generation", "citations": [{"start": 0}]},
            {"event_type": "citation-generation", "citations": []},
            {
                "event_type": "stream-end",
                "finish_reason": "MAX_TOKENS",
                "response": {"meta": {"billed_units": {"input_tokens": 20, "output_tokens": 300}}},
                **METRICS,
            },
            {"event_type": "stream-end", "meta": {"billed_units": {"input_tokens": 2, "output_tokens": 3}}},
            {"event_type": 5, "text": "x"},
        ]
    },
    "cohere_text": {
        "pieces": [
            {"is_finished": False, "text": "Hé"},
            {"is_finished": False, "text": ""},
            {"text": "llo", "finish_reason": ""},
            {"text": "a", "is_finished": 1},
            {"text": "!", "is_finished": True},
            {"text": "", "finish_reason": "MAX_TOKENS", **METRICS},
        ],
        "in one": [
            {"generations": [{"text": ""}]},
            {"generations": [{"text": "a", "finish_reason": "COMPLETE"}, {"text": "b"}]},
            {"generations": 5},
        ],
    },
    "deepseek": {
        "all": [
            {"choices": [{"index": 0, "text": "Hé", "stop_reason": None}]},
            {"choices": [{"text": "l", "stop_reason": None}]},
            {"choices": [{"text": ""}, {"text": "lo", "stop_reason": "length"}, {"text": ""}], **METRICS},
            {"choices": []},
            {"choices": None},
            {"outputs": []},
        ]
    },
    "imported": {
        "as Llama": [
            {"generation": "Hé", "prompt_token_count": None, "generation_token_count": 2, "stop_reason": None},
            {"generation": "llo", "prompt_token_count": 20, "generation_token_count": 3, "stop_reason": None},
            {"generation": "", "stop_reason": "length", **METRICS},
        ],
        "as Qwen": [
            {"text": "Hé", "finish_reason": None},
            {"text": "", "finish_reason": "stop"},
            {"text": "llo", "generation": ""},
        ],
        "as Mistral": [{"outputs": [{"text": "Hé", "stop_reason": "stop"}]}, {"outputs": 5}],
        "as none": [{"completion": "x"}, {}],
    },
    "llama": {
        "all": [
            {"generation": "Hé", "prompt_token_count": 20, "generation_token_count": 1, "stop_reason": None},
            {"generation": "llo", "prompt_token_count": None, "generation_token_count": 2, "stop_reason": None},
            {"generation": "", "prompt_token_count": None, "generation_token_count": 0, "stop_reason": None},
            {"generation": None, "prompt_token_count": None, "generation_token_count": -5, "stop_reason": ""},
            {"generation": "!", "generation_token_count": 300, "stop_reason": "length", **METRICS},
        ]
    },
    "mistral": {
        "all": [
            {"outputs": [{"text": "Hé", "stop_reason": None}]},
            {"outputs": [{"text": "l"}, {"text": ""}, {"text": "lo", "stop_reason": "length"}], **METRICS},
            {"outputs": []},
            {"choices": []},
        ]
    },
    "mistral_chat": {
        "in delta or message": [
            {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hé"}, "stop_reason": None}]},
            {"choices": [{"index": 0, "delta": {"content": "l"}, "finish_reason": None}]},
            {"choices": [{"index": 0, "delta": {}, "message": {"content": "l"}}]},
            {"choices": [{"index": 0, "delta": {"content": "o"}, "stop_reason": "length"}]},
            {"choices": [], **METRICS},
            {"choices": [], "outputs": [{"text": "x"}]},
            {"id": "c"},
        ],
        "in outputs": [
            {"outputs": [{"text": "Hé", "stop_reason": None}]},
            {"outputs": [{"text": "llo", "stop_reason": "stop"}]},
        ],
    },
    "nova": {
        "all": [
            {"messageStart": {"role": "assistant"}},
            {"contentBlockDelta": {"delta": {"text": "Hé"}, "contentBlockIndex": 0}},
            {"contentBlockDelta": {"delta": {"text": "llo"}, "contentBlockIndex": 10}},
            {"contentBlockDelta": {"delta": {"toolUse": {"input": "{}"}}, "contentBlockIndex": 1}},
            {"contentBlockDelta": None, "contentBlockStart": {"start": {"toolUse": {"name": "n"}}}},
            {"contentBlockDelta": None, "messageStop": None},
            {"messageStop": {"stopReason": "max_tokens"}},
            {"metadata": {"usage": NATIVE_CACHE}, **METRICS},
            {"contentBlockDelta": {}},
        ]
    },
    "open_weight": {"all": [*CHAT, _chat({"content": "v"}, "stop")], "quick": QUICK, "texts": TEXTS},
    "gpt_oss": {"end": [_chat({"content": "a"}), _chat({"content": "b"}, "length"), {"choices": [], **METRICS}]},
    "jamba": {"end": [_chat({"content": "a"}), _chat({"content": "b"}, "length"), {"choices": [], **METRICS}]},
    "palmyra": {"end": [_chat({"content": "a"}), _chat({"content": "b"}, "length"), {"choices": [], **METRICS}]},
    "titan": {
        "all": [
            {
                "outputText": "Hé",
                "index": 0,
                "totalOutputTextTokenCount": None,
                "completionReason": None,
                "inputTextTokenCount": None,
            },
            {"outputText": "l", "index": 0, "inputTextTokenCount": 20, "completionReason": ""},
            {"outputText": "l", "totalOutputTextTokenCount": 2},
            {"outputText": "o", "totalOutputTextTokenCount": 300, "completionReason": "LENGTH", **METRICS},
            {"outputText": None, "completionReason": "FINISH"},
            {"index": 0},
        ]
    },
    "chat": {
        "all": [*CHAT, "[DONE]", {"Output": {"__type": "com.amazon#UnknownOperationException"}}, {"type": "error"}],
        "quick": QUICK,
        "texts": TEXTS,
    },
    "messages": {
        "all kinds of content": [
            {"type": "message_start", "message": {"usage": {**CLAUDE_USAGE, "service_tier": "standard"}}},
            _claude("text_delta", text="Hé"),
            '{"type": "content_block_delta", "index": 10, "delta": {"type": "text_delta", "text": "l"}  }',
            '{"delta":{"text":"l","type":"text_delta"},"index":0,"type":"content_block_delta"}',
            '{"index":0,"delta":{"text":"o","type":"text_delta"},"type":"content_block_delta"}',
            '{"type":"content_block_delta","index":01,"delta":{"type":"text_delta","text":"x"}}',
            _claude("thinking_delta", thinking="hm"),
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 300}},
            {"type": "message_delta", "usage": {"service_tier": "priority"}},
            {"type": "ping", "usage": {"service_tier": "batch"}, "message": {"usage": {"service_tier": "batch"}}},
            {"type": "message_stop"},
            "[DONE]",
            {"type": 5},
            {"completion": "x"},
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        ]
    },
    "responses": {
        "all kinds of content": [
            {"type": "response.created", "response": {"status": "in_progress"}},
            {"type": "response.output_item.added", "item": {"type": "reasoning"}},
            {"type": "response.output_item.added", "item": {"type": "message"}},
            {"type": "response.output_item.added", "item": {"type": "function_call", "name": "look"}},
            {"type": "response.output_item.added", "item": {"type": "web_search_call"}},
            {"type": "response.output_item.added", "item": 5},
            {"type": "response.reasoning_text.delta", "delta": "hm"},
            {"type": "response.reasoning_summary_text.delta", "delta": "hmm"},
            {"type": "response.reasoning.delta", "delta": "so"},
            {"type": "response.reasoning_text.done", "delta": "x"},
            {"type": "response.function_call_arguments.delta", "delta": "{}"},
            {"type": "response.audio.delta", "delta": ""},
            {"type": "response.output_text.delta", "delta": "Hé"},
            {"delta": "l", "type": "response.output_text.delta"},
            {
                "sequence_number": 4,
                "delta": "l",
                "logprobs": [],
                "type": "response.output_text.delta",
                "obfuscation": "x",
            },
            {"item_id": "m", "type": "response.output_text.delta", "output_index": 0, "delta": "o", "n": None},
            {"type": "response.output_text.delta", "delta": "!", "error": None},
            {"type": "response.output_text.delta", "delta": "?", "other": {}},
            {"type": "response.output_text.delta", "delta": ""},
            {"type": "response.refusal.delta", "delta": "No."},
            {"type": "response.output_text.done", "text": "Hello"},
            {
                "type": "response.incomplete",
                "response": {
                    "id": "resp_1",
                    "status": "incomplete",
                    "incomplete_details": {"reason": "max_output_tokens"},
                    "service_tier": "flex",
                    "usage": RESPONSES_USAGE,
                },
            },
            {"type": "response.completed", "response": {"status": "completed", "id": "r" * 201, "service_tier": None}},
            {"type": "response.completed", "response": {"status": "queued"}},
            {"type": "response.completed", "response": {"status": "in_progress"}},
            {
                "type": "response.failed",
                "response": {"status": "failed", "error": {"code": "bad", "message": "Sorry."}},
            },
            {"type": "response.failed", "response": {"status": "cancelled"}},
            {"type": "response.completed", "response": {}},
            {"type": "response.completed"},
            {"delta": "x"},
            {"type": "error", "code": "slow_down", "message": "Too fast."},
            {"type": "error"},
            "[DONE]",
        ]
    },
}
"""Format -> what is tried -> the events of a stream: of Converse with their types, of APIs also as texts."""

CHOICES = {
    "choices": [
        {"index": 0, "message": {"content": "Hé<reasoning>hm</reasoning>", "refusal": None}, "finish_reason": "length"},
        {"index": 1, "message": {"content": [{"text": "l"}, {"text": "lo"}], "refusal": "No."}, "stop_reason": ""},
        {"index": 2, "message": None},
    ],
    "usage": CHAT_USAGE,
    "service_tier": "flex",
}
WRONG: list[Any] = [{}, [], None, {"error": {"message": "It failed."}}]
WHOLES: dict[str, list[Any]] = {
    "converse": [
        {
            "output": {
                "message": {
                    "content": [
                        {"reasoningContent": {"reasoningText": {"text": "hm"}}},
                        {"text": "Hé"},
                        {"citationsContent": {"content": [{"text": "l"}, {"text": "lo"}]}},
                        {"toolUse": {"name": "n"}},
                    ]
                }
            },
            "stopReason": "max_tokens",
            "usage": USAGE,
            "metrics": {"latencyMs": 900},
            "trace": TRACE,
            "serviceTier": {"type": "flex"},
        },
        {"output": None, "stopReason": 5, "usage": 5},
        {"output": {"message": None}},
        {"output": {}},
        {"output": 5},
        *WRONG,
    ],
    "claude": [
        {
            "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Hé"}, {"text": "llo"}, 5],
            "stop_reason": "max_tokens",
            "usage": CLAUDE_USAGE,
        },
        {"completion": "Hé", "stop_reason": "max_tokens"},
        {"content": None},
        {"content": "Hé"},
        *WRONG,
    ],
    "claude_text": [{"completion": "Hé", "stop_reason": "max_tokens"}, {"completion": None}, {"completion": 5}, *WRONG],
    "cohere": [
        {"text": "Hé", "finish_reason": "COMPLETE", "meta": {"billed_units": {"input_tokens": 20, "output_tokens": 3}}},
        {"text": None},
        *WRONG,
    ],
    "cohere_text": [
        {"generations": [{"text": "Hé", "finish_reason": "MAX_TOKENS"}, {"text": "llo"}]},
        {"generations": None},
        *WRONG,
    ],
    "deepseek": [{"choices": [{"text": "Hé", "stop_reason": "length"}, {"text": "llo"}]}, {"choices": []}, *WRONG],
    "gpt_oss": [CHOICES, *WRONG],
    "imported": [
        {"generation": "Hé", "prompt_token_count": 20, "generation_token_count": 3, "stop_reason": "length"},
        {"text": "Hé"},
        {"text": "Hé", "finish_reason": "length"},
        {"outputs": [{"text": "Hé", "stop_reason": "length"}]},
        *WRONG,
    ],
    "jamba": [CHOICES, *WRONG],
    "llama": [
        {"generation": "Hé", "prompt_token_count": 20, "generation_token_count": 3, "stop_reason": "length"},
        {"generation": None},
        {"generation": 5},
        *WRONG,
    ],
    "mistral": [{"outputs": [{"text": "Hé", "stop_reason": "length"}, {"text": "llo"}]}, {"outputs": None}, *WRONG],
    "mistral_chat": [
        CHOICES,
        {"outputs": [{"text": "Hé", "stop_reason": "length"}]},
        {"outputs": [], "choices": [{"message": {"content": "Hé"}, "stop_reason": "length"}]},
        *WRONG,
    ],
    "nova": [
        {"output": {"message": {"content": [{"text": "Hé"}]}}, "stopReason": "max_tokens", "usage": NATIVE_CACHE},
        *WRONG,
    ],
    "open_weight": [CHOICES, {"choices": None}, *WRONG],
    "palmyra": [CHOICES, *WRONG],
    "titan": [
        {
            "inputTextTokenCount": 20,
            "results": [
                {"tokenCount": 3, "outputText": "Hé", "completionReason": "LENGTH"},
                {"tokenCount": 4, "outputText": "llo", "completionReason": ""},
            ],
        },
        {"totalOutputTextTokenCount": 9, "results": [{"tokenCount": 3, "outputText": "a"}, {"outputText": "b"}]},
        {"totalOutputTextTokenCount": 9, "results": []},
        {"results": None},
        *WRONG,
    ],
    "chat": [CHOICES, {"choices": []}, *WRONG],
    "messages": [
        {"content": [{"text": "Hé"}], "stop_reason": "end_turn", "usage": {**CLAUDE_USAGE, "service_tier": "standard"}},
        {"completion": "Hé"},
        *WRONG,
    ],
    "responses": [
        {
            "id": "resp_1",
            "status": "completed",
            "output": [
                {"type": "reasoning", "content": [{"text": "hm"}]},
                {"type": "message", "content": [{"type": "output_text", "text": "Hé"}, {"refusal": "No."}, 5]},
                {"type": "function_call", "arguments": "{}"},
            ],
            "usage": RESPONSES_USAGE,
            "service_tier": "default",
            "error": None,
        },
        {"output": [], "status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
        {"output": [], "status": "queued"},
        {"output": [], "status": "failed", "error": {"code": "bad", "message": "Sorry."}},
        {"output": [], "status": "cancelled"},
        {"output": None},
        {"output": [], "usage": {"input_tokens": 5, "input_tokens_details": {"cached_tokens": 9}}},
        *WRONG,
    ],
}
"""Format -> whole answers."""

_MESSAGES = [
    {"role": "user", "content": "abc"},
    {"role": "assistant", "content": [{"type": "text", "text": "de"}, {"type": "image"}, 5]},
    {"role": "user", "content": {"text": "f"}},
    {"role": "user"},
    5,
]
_BLOCKS = [{"role": "user", "content": [{"text": "abc"}, {"image": {}}, {"text": 5}]}, {"content": "de"}, 5]
BODIES: dict[str, list[Any]] = {
    "converse": [
        {"system": [{"text": "de"}, {"cachePoint": {}}], "messages": _BLOCKS, "inferenceConfig": {"maxTokens": 5}},
        {"system": 5, "messages": 5, "inferenceConfig": 5},
    ],
    "claude": [
        {"system": "de", "messages": _MESSAGES, "max_tokens": 5},
        {"system": [{"type": "text", "text": "de"}], "messages": [], "max_tokens": "5"},
        {"system": 5, "messages": 5, "max_tokens": 0.5},
    ],
    "claude_text": [{"prompt": "abc", "max_tokens_to_sample": 5}, {"prompt": 5}],
    "cohere": [
        {
            "message": "abc",
            "preamble": "de",
            "chat_history": [{"message": "f"}, {"message": 5}, {"message": "gh"}],
            "max_tokens": 5,
        },
        {"message": 5, "preamble": 5, "chat_history": 5},
    ],
    "cohere_text": [{"prompt": "abc", "max_tokens": 5}, {}],
    "deepseek": [{"prompt": "abc", "max_tokens": 5}, {}],
    "imported": [{"prompt": "abc", "max_tokens": 5}, {}],
    "llama": [{"prompt": "abc", "max_gen_len": 5}, {"max_gen_len": -5}],
    "mistral": [{"prompt": "abc", "max_tokens": 5}, {}],
    "mistral_chat": [{"prompt": "abc", "messages": _MESSAGES, "max_tokens": 5}, {}],
    "nova": [
        {"messages": _BLOCKS, "inferenceConfig": {"maxTokens": 5, "max_new_tokens": 6}},
        {"inferenceConfig": {"max_new_tokens": 6}},
        {"inferenceConfig": {"maxTokens": 0, "max_new_tokens": 6}},
        {},
    ],
    "open_weight": [{"messages": _MESSAGES, "max_tokens": 5}, {"max_completion_tokens": 0, "max_tokens": 5}, {}],
    "titan": [{"inputText": "abc", "textGenerationConfig": {"maxTokenCount": 5}}, {"textGenerationConfig": 5}],
    "chat": [{"messages": _MESSAGES, "max_completion_tokens": 5}, {"messages": 5, "max_tokens": 5}],
    "messages": [{"system": "de", "messages": _MESSAGES, "max_tokens": 5}],
    "responses": [
        {"instructions": "de", "input": "abc", "max_output_tokens": 5},
        {"instructions": 5, "input": [{"content": "abc"}, {"content": [{"text": "d"}, 5]}, 5, {"type": "x"}]},
    ],
}
"""Format -> bodies of requests, right and wrong."""
