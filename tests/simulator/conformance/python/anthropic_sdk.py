"""A message, a stream of one, thinking and a mistake, through Anthropic's SDK for Bedrock."""

import json
import sys

from anthropic import AnthropicBedrock, APIStatusError

url, model = sys.argv[1:]
client = AnthropicBedrock(base_url=url, max_retries=0)
request = {
    "model": model,
    "max_tokens": 50,
    "messages": [{"role": "user", "content": "Say three things about tides."}],
}
seen = {"message": client.messages.create(**request).model_dump()}
with client.messages.stream(**request, thinking={"type": "enabled", "budget_tokens": 1024}) as stream:
    seen["events"] = [event.type for event in stream]
    seen["final"] = stream.get_final_message().model_dump()
try:
    client.messages.create(**(request | {"messages": []}))
except APIStatusError as error:
    seen["error"] = {"name": type(error).__name__, "status": error.status_code}
print(json.dumps(seen))
