"""Records of workload files, right and wrong, for the golden files of `golden/requests`."""

from __future__ import annotations

from typing import Any

PNG = "iVBORw0KGgo="
PDF = "JVBERi0="
URL = f"data:image/png;base64,{PNG}"
HELLO = [{"role": "user", "content": "Hello"}]
BLOCKS = [{"role": "user", "content": [{"text": "Hello"}]}]
USE = {"toolUse": {"toolUseId": "t1", "name": "look", "input": {"at": "é"}}}
RESULT = {"toolResult": {"toolUseId": "t1", "content": [{"text": "a"}, {"json": {"b": "é"}}], "status": "error"}}
TOOLS = {
    "tools": [
        {"toolSpec": {"name": "look", "description": "Looks.", "inputSchema": {"json": {"type": "object", "x": 1}}}},
        {"toolSpec": {"name": "bare", "inputSchema": {"json": {}}}},
        {"cachePoint": {"type": "default"}},
    ],
}
DOCUMENT = {"document": {"format": "pdf", "name": "a plan", "source": {"bytes": PDF}}}
NOTES = {"document": {"format": "md", "name": "notes", "source": {"bytes": "SGkgw6k="}}}
SHEET = {"document": {"format": "xlsx", "name": "sheet", "source": {"bytes": PDF}}}
IMAGE = {"image": {"format": "png", "source": {"bytes": PNG}}}

SENT: dict[str, dict[str, Any]] = {
    "one message": {"messages": BLOCKS},
    "all settings": {
        "system": [{"text": "Be brief."}, {"text": "Be kind."}],
        "messages": BLOCKS,
        "inferenceConfig": {"maxTokens": 5, "temperature": 0, "topP": 0.25, "stopSequences": ["x", "y"]},
    },
    "turns": {
        "messages": [
            *BLOCKS,
            {"role": "assistant", "content": [{"text": "Hi"}]},
            {"role": "user", "content": [{"text": "Bye"}]},
        ]
    },
    "an image": {"messages": [{"role": "user", "content": [{"text": "What is it?"}, IMAGE]}]},
    "a PDF": {"messages": [{"role": "user", "content": [DOCUMENT, {"text": "Sum it up."}]}]},
    "a text file": {"messages": [{"role": "user", "content": [NOTES, {"text": "Sum it up."}]}]},
    "a sheet": {"messages": [{"role": "user", "content": [SHEET, {"text": "Sum it up."}]}]},
    "tools": {
        "messages": [
            *BLOCKS,
            {"role": "assistant", "content": [{"text": "Let me look."}, USE]},
            {"role": "user", "content": [RESULT, {"text": "And?"}]},
            {"role": "assistant", "content": [USE]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "t1", "content": []}}]},
        ],
        "toolConfig": {**TOOLS, "toolChoice": {"tool": {"name": "look"}}},
    },
    "any tool": {"messages": BLOCKS, "toolConfig": {**TOOLS, "toolChoice": {"any": {}}}},
    "no tool in particular": {"messages": BLOCKS, "toolConfig": {**TOOLS, "toolChoice": {"auto": {}}}},
    "tools without a choice": {"messages": BLOCKS, "toolConfig": TOOLS},
    "a result with a picture": {
        "messages": [{"role": "user", "content": [{"toolResult": {"toolUseId": "t", "content": [IMAGE]}}]}]
    },
    "a cache point": {"messages": [{"role": "user", "content": [{"text": "a"}, {"cachePoint": {"type": "default"}}]}]},
    "a member of Converse only": {"messages": BLOCKS, "additionalModelRequestFields": {"top_k": 5}},
    "no message": {"inferenceConfig": {"maxTokens": 5}, "messages": []},
    "a length": {"input_length": 40},
    "a prompt": {"prompt": "Hello"},
}
"""Records that each API gets."""

READ: dict[str, list[Any]] = {
    "plain": [
        {
            "prompt": "Hello",
            "system": "Be brief",
            "max_tokens": 5,
            "temperature": 0,
            "top_p": 0.5,
            "stop": "x",
            "id": 1,
        },
        {"prompt": "Hello", "system": "", "stop": ["x", "y"]},
        {"prompt": "Hello", "max_tokens": 0},
        {"prompt": "Hello", "max_tokens": 1.5},
        {"prompt": "Hello", "max_tokens": 1_000_000_000},
        {"prompt": "Hello", "max_tokens": 1_000_000_001},
        {"prompt": "Hello", "max_tokens": True},
        {"prompt": "Hello", "system": 5},
        {"prompt": "Hello", "promt": "x" * 90, "y" * 90: 1},
        {"y" * 90: 1, "prompt": ""},
        {"messages": HELLO, "system": "Be brief", "max_completion_tokens": 5, "stop_sequences": ["x"], "id": "a"},
        {"messages": HELLO, "max_tokens": None, "max_output_tokens": 6},
        {"messages": HELLO, "system": [{"type": "text", "text": "a"}, {"text": "b"}]},
        {"messages": HELLO, "system": []},
        {"messages": HELLO, "system": None, "stop": None},
        {"messages": [{"role": "developer", "content": "a"}, {"role": "system", "content": "b"}, *HELLO]},
        {"messages": [*HELLO, {"role": "user", "content": "again"}, {"role": "assistant", "content": "Hi"}]},
        {"messages": [{"role": "assistant", "content": "Hi"}, *HELLO]},
        {"messages": [{"role": "system", "content": "a"}]},
        {"messages": [{"role": "user"}]},
        {"messages": [{"role": "user", "content": ""}]},
        {"messages": [{"role": "user", "content": [5]}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]},
        {"messages": [{"role": "robot", "content": "x"}]},
        {"messages": {"role": "user"}},
        {"messages": HELLO, "z" * 90: 1},
    ],
    "parts of messages": [
        {"messages": [{"role": "user", "content": [part]}]}
        for part in (
            {"type": "input_text", "text": "a"},
            {"type": "output_text", "text": "a"},
            {"type": "text", "text": 5},
            {"type": "image_url", "image_url": {"url": URL}},
            {"type": "input_image", "image_url": URL.replace("png", "JPG")},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
            {"type": "image_url", "image_url": {"url": "data:image/png,abc"}},
            {"type": "image_url", "image_url": {"url": "data:image/tiff;base64,AAAA"}},
            {"type": "image_url", "image_url": {"url": "picture"}},
            {"type": "image_url"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/webp", "data": PNG}},
            {"type": "image", "source": {"type": "base64", "media_type": "image/webp", "data": 5}},
            {"type": "image", "source": {"type": "url", "url": "x"}},
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}},
            {"type": "document", "title": "A_plan: (1)  é!", "source": {"type": "text", "data": "Hé"}},
            {"type": "document", "title": "é", "source": {"type": "text", "data": "a"}},
            {"type": "document", "title": "x" * 201, "source": {"type": "text", "data": "a"}},
            {"type": "document", "source": {"type": "base64", "media_type": "text/plain", "data": PDF}},
            {"type": "document", "source": 5},
            {"type": "tool_use", "id": "t", "name": "n", "input": {"a": 1}},
            {"type": "tool_use", "id": "t", "name": "n", "input": 5},
            {"type": "tool_use", "id": "", "name": "n", "input": {}},
            {"type": "tool_result", "tool_use_id": "t", "content": "a", "is_error": True},
            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "a"}], "is_error": 1},
            {"type": "tool_result", "tool_use_id": "t"},
            {"type": "tool_result"},
            {"type": "video"},
        )
    ],
    "tools of OpenAI": [
        {"messages": [*HELLO, message]}
        for message in (
            {"role": "assistant", "tool_calls": [{"id": "t", "function": {"name": "n", "arguments": '{"a": 1}'}}]},
            {"role": "assistant", "content": "So", "tool_calls": [{"id": "t", "function": {"name": "n"}}]},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "t", "function": {"name": "n", "arguments": ""}}],
            },
            {"role": "assistant", "tool_calls": [{"id": "t", "function": {"name": "n", "arguments": "{"}}]},
            {"role": "assistant", "tool_calls": [{"id": "t", "function": {"name": "n", "arguments": 5}}]},
            {"role": "assistant", "tool_calls": [{"id": "t", "function": {"name": "n", "arguments": "[]"}}]},
            {"role": "assistant", "tool_calls": [{"id": "t"}]},
            {"role": "assistant", "tool_calls": [5]},
            {"role": "assistant", "tool_calls": []},
            {"role": "tool", "tool_call_id": "t", "content": "a"},
            {"role": "tool", "tool_call_id": "t", "content": ""},
            {"role": "tool", "content": "a"},
        )
    ],
    "converse": [
        {"modelId": "other", "messages": BLOCKS},
        {"messages": BLOCKS, "inferenceConfig": {"maxTokens": "many"}},
        {"messages": BLOCKS, "unheard": 1},
        {"messages": HELLO, "inferenceConfig": {}},
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"image": {"format": "png", "source": {"bytes": {"__llmeter_bytes__": PNG}}}}],
                }
            ]
        },
        {"messages": [{"role": "user", "content": [{"image": {"format": "png", "source": {"bytes": "no"}}}]}]},
        {"messages": [{"role": "user", "content": [{"image": {"format": "png", "source": {"path": "a.png"}}}]}]},
        {"messages": [{"role": "user", "content": [{"image": {"format": "png", "source": {"path": "../a.png"}}}]}]},
        {"messages": [{"role": "user", "content": [{"image": {"format": "png", "source": {"path": "b.png"}}}]}]},
        {"messages": [{"role": "user", "content": [{"image": {"format": "png", "source": {"path": 5}}}]}]},
        {"messages": [{"role": "user", "content": [{"text": "a", "image": {}}]}]},
        {"messages": [{"role": "user", "content": [{}]}]},
    ],
    "native": [
        {"anthropic_version": "x", "messages": HELLO, "max_tokens": 5},
        {"anthropic_version": "x", "messages": HELLO},
        {"schemaVersion": "messages-v1", "messages": BLOCKS},
        {"inputText": "Hello"},
        {"message": "Hello"},
        {"model": "gpt", "stream": True, "stream_options": {}, "messages": HELLO},
        {"messages": HELLO, "reasoning_effort": "low"},
        {"messages": HELLO, "thinking": {"type": "enabled"}},
        {"input": "Hello"},
        {"input": "Hello", "background": True},
        {"model": "gpt", "messages": HELLO, "store": False, "user": "u", "metadata": {}},
    ],
    "openai_batch": [
        {"custom_id": "1", "url": "/v1/chat/completions", "body": {"model": "gpt", "messages": HELLO}},
        {"custom_id": "1", "body": {"messages": HELLO}},
        {"custom_id": "1", "url": "/v1/responses", "body": {"input": "Hello"}},
        {"custom_id": "1", "url": "/v1/embeddings", "body": {}},
        {"custom_id": "1", "url": 5, "body": {}},
        {"custom_id": "1", "body": []},
        {"custom_id": "1"},
    ],
    "bedrock_batch": [
        {"recordId": "1", "modelInput": {"messages": BLOCKS}},
        {"recordId": "1", "modelInput": {"anthropic_version": "x", "messages": BLOCKS}},
        {"recordId": "1", "modelInput": {"schemaVersion": "messages-v1", "messages": BLOCKS}},
        {"modelInput": {"prompt": "Hello"}},
        {"modelInput": 5},
    ],
    "sharegpt": [
        {
            "conversations": [
                {"from": "system", "value": "Be brief"},
                {"from": "gpt", "value": "Welcome"},
                {"from": "Human", "value": "Hello"},
                {"from": "bing", "value": "Hi"},
                {"role": "user", "content": "Bye"},
                {"from": "gpt", "value": "Bye"},
            ]
        },
        {"conversations": [{"from": "gpt", "value": "Hi"}]},
        {"conversations": [{"from": "robot", "value": "Hi"}]},
        {"conversations": [{"from": "human", "value": ""}]},
        {"conversations": [5]},
        {"conversations": []},
    ],
    "mt_bench": [{"turns": ["Hello", "Bye"]}, {"turns": ["Hello", ""]}, {"turns": []}, {"turns": ["a", 5]}],
    "aiperf": [
        {"text": "Hello", "output_length": 5},
        {"texts": ["a", {"contents": ["b", "c"]}], "images": [URL, "a.png"]},
        {"texts": [{"name": "x"}]},
        {"texts": 5},
        {"text": "a", "audio": "x"},
        {"text": "a", "video": ""},
        {"text": "a", "output_length": 0},
        {
            "turns": [
                {"text": "a", "timestamp": 1000, "output_length": 7},
                {"text": "b", "role": "assistant"},
                {"text": "c", "timestamp": 3500, "delay": 5, "output_length": 9},
                {"text": "d", "timestamp": 500},
                {"text": "e", "delay": 0},
            ]
        },
        {"turns": [{"text": "a", "output_length": 3}]},
        {"turns": [{"text": "a"}, {"text": "b", "delay": -1}]},
        {"turns": [{"text": "a"}, {"text": "b", "delay": "soon"}]},
        {"turns": [{"text": "a"}, {"image": ""}, 5]},
        {"turns": [{"text": "a"}, {"delay": 5}]},
        {"turns": [{"text": "a"}, 5]},
    ],
    "mooncake": [
        {"timestamp": 0, "input_length": 1100, "output_length": 50, "hash_ids": [3, 1]},
        {"input_length": 40, "output_length": 9, "max_tokens": 70},
        {"input_length": 40, "hash_ids": [0], "cache_read_tokens": 512},
        {"input_length": 3000, "hash_ids": [5, 6, 7, 8, 9], "cache_read_tokens": 1023, "cache_write_tokens": 1},
        {"input_length": 3000, "hash_ids": [5, 6, 7, 8, 9], "cache_write_tokens": 9000},
        {"input_length": 3000, "hash_ids": [5, 6, 7, 8, 9, 10], "cache_points": [5, 4, 3, 2, 1, 0, 7]},
        {"input_length": 3000, "hash_ids": [5, 6], "cache_points": []},
        {"input_length": 40, "cache_read_tokens": -1},
        {"input_length": 40, "cache_write_tokens": 100_000_001},
        {"input_length": 40, "cache_write_tokens": 1.5},
        {"input_length": 40, "cache_points": [0.5]},
        {"input_length": 40, "hash_ids": [True]},
        {"input_length": 40, "hash_ids": 5},
        {"hash_ids": [1]},
        {"input_length": "x"},
        {"text_input": "Hello", "output_length": 5},
        {"text_input": "Hello"},
        {"text_input": 5},
        {"messages": HELLO, "output_length": 5},
        {"messages": [], "output_length": 5},
        {"payload": {"messages": BLOCKS}},
        {"payload": {"messages": HELLO, "max_tokens": 5}},
        {"payload": {"input": "Hello"}},
        {"payload": 5},
    ],
    "of no known format": [{}, {"question": "x", "y" * 50: 1}, {str(number): 1 for number in range(9)}],
}
"""Records of each format, for Converse; bodies of other APIs for these."""
