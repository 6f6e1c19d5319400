"""LiteLLM: Converse, Chat Completions, Responses and Messages of both endpoints, streams, and a 429."""

import json
import os
import sys

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would be fetched

import litellm

url, endpoint = sys.argv[1:]
litellm.num_retries = 0
litellm.suppress_debug_info = True  # it prints
messages = [{"role": "user", "content": "Say three things about tides."}]
PLANS = {
    "runtime": {
        "converse": {"model": "bedrock/converse/us.amazon.nova-pro-v1:0", "aws_bedrock_runtime_endpoint": url},
        "chat": {"model": "bedrock/global.openai.gpt-5.6-sol", "aws_bedrock_runtime_endpoint": url},
    },
    "mantle": {
        "chat": {"model": "bedrock_mantle/qwen.qwen3-32b", "api_base": f"{url}/v1", "api_key": "a-token"},
        "messages": {"model": "bedrock_mantle/anthropic.claude-opus-5", "api_base": url, "api_key": "a-token"},
    },
}
RESPONSES = {"model": "bedrock_mantle/openai.gpt-5.6-sol", "api_base": f"{url}/openai/v1", "api_key": "a-token"}


def counts(usage):
    """The tokens of a call."""
    return [usage.prompt_tokens, usage.completion_tokens]


seen = {}
for name, plan in PLANS[endpoint].items():
    asked = {**plan, "messages": messages, "max_tokens": 50, "num_retries": 0, "max_retries": 0}
    whole = litellm.completion(**asked)
    chunks = list(litellm.completion(**asked, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    usage = next(chunk.usage for chunk in reversed(chunks) if getattr(chunk, "usage", None))
    seen[name] = {
        "whole": [len(whole.choices[0].message.content), *counts(whole.usage)],
        "streamed": [len(text), *counts(usage)],
    }
if endpoint == "mantle":
    response = litellm.responses(**RESPONSES, input=messages[0]["content"], max_retries=0)
    seen["responses"] = {"status": response.status, "output_tokens": response.usage.output_tokens}
try:
    litellm.completion(**next(iter(PLANS[endpoint].values())), messages=messages, num_retries=0, max_retries=0)
except litellm.exceptions.RateLimitError as error:
    seen["throttled"] = error.status_code
print(json.dumps(seen))
