"""Messages on the endpoint's own path, whole and streamed with thinking, and mistakes, through Anthropic's SDK."""

import json
import sys

from anthropic import Anthropic, APIStatusError

base, token, model = sys.argv[1:]
client = Anthropic(base_url=base, api_key=token, max_retries=0)
request = {
    "model": model,
    "max_tokens": 50,
    "messages": [{"role": "user", "content": "Say three things about tides."}],
}
seen = {"message": client.messages.create(**request).model_dump()}
with client.messages.stream(**request, thinking={"type": "enabled", "budget_tokens": 1024}) as stream:
    seen["events"] = [event.type for event in stream]
    seen["final"] = stream.get_final_message().model_dump()
for name, options in (("error", {"messages": []}), ("unknown", {"model": "openai.gpt-oss-120b"})):
    try:
        client.messages.create(**(request | options))
    except APIStatusError as error:
        seen[name] = {"name": type(error).__name__, "status": error.status_code, "type": error.body["error"]["type"]}
print(json.dumps(seen))
