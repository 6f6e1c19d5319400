"""LLMeter's endpoints for Chat Completions, Responses and Messages: what it measures of one call of each.

Of Messages it knows the client for bedrock-mantle only.
"""

import json
import sys

from llmeter.endpoints.anthropic_messages import AnthropicMessagesStream
from llmeter.endpoints.openai import OpenAICompletionStreamEndpoint
from llmeter.endpoints.openai_response import OpenAIResponseStreamEndpoint

url, token, name = sys.argv[1:]
gpt = "openai.gpt-5.6-sol" if name == "mantle" else "us.openai.gpt-5.6-sol"
chat, model = ("/v1", "qwen.qwen3-32b") if name == "mantle" else ("/openai/v1", "openai.gpt-oss-20b-1:0")
text = "Say three things about tides."
messages = {"messages": [{"role": "user", "content": text}], "max_tokens": 50}
openai = {"api_key": token, "max_retries": 0}
endpoints = {
    "chat": (OpenAICompletionStreamEndpoint(model, base_url=url + chat, **openai), messages),
    "responses": (
        OpenAIResponseStreamEndpoint(gpt, base_url=f"{url}/openai/v1", **openai),
        {"input": text},
    ),
    "messages": (
        AnthropicMessagesStream(
            "anthropic.claude-opus-5",
            provider="bedrock-mantle",
            base_url=f"{url}/anthropic",
            aws_region="us-east-1",
            api_key=token,
            max_retries=0,
        ),
        messages,
    ),
}
if name != "mantle":
    del endpoints["messages"]
seen = {}
for name, (endpoint, payload) in endpoints.items():
    found = endpoint.invoke(payload)
    seen[name] = {
        "error": found.error,
        "text": len(found.response_text or ""),
        "tokens": [found.num_tokens_input, found.num_tokens_output],
        "first_s": found.time_to_first_token,
        "last_s": found.time_to_last_token,
    }
print(json.dumps(seen))
