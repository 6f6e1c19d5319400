"""Responses and Chat Completions, whole and streamed, a tool, a mistake and a wrong key, through OpenAI's SDK."""

import json
import sys

from openai import APIError, APIStatusError, OpenAI

base, token, responses_model, chat_model = sys.argv[1:]
client = OpenAI(base_url=base, api_key=token, max_retries=0)
text = "Say three things about tides."
messages = [{"role": "user", "content": text}]
tool = {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
seen = {}

if responses_model:
    whole = client.responses.create(model=responses_model, input=text, store=False)
    seen["response"] = {"text": whole.output_text, "status": whole.status, "usage": whole.usage.model_dump()}
    asked = {"model": responses_model, "input": text, "instructions": "Be brief.", "reasoning": {"effort": "low"}}
    events = list(client.responses.create(**asked, stream=True))
    seen["events"] = [event.type for event in events]
    seen["numbers"] = [event.sequence_number for event in events]
    seen["streamed"] = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    seen["final"] = events[-1].response.model_dump()
    called = client.responses.create(
        model=responses_model, input=text, tools=[{"type": "function", **tool}], tool_choice="required"
    )
    seen["called"] = [item.type for item in called.output]
    short = client.responses.create(model=responses_model, input=text, max_output_tokens=16)
    seen["short"] = [short.status, short.incomplete_details.reason if short.incomplete_details else None]

chat = client.chat.completions.create(model=chat_model, messages=messages)
seen["chat"] = {"text": chat.choices[0].message.content, "usage": chat.usage.model_dump()}
chunks = list(
    client.chat.completions.create(
        model=chat_model, messages=messages, stream=True, stream_options={"include_usage": True}
    )
)
seen["chunks"] = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
seen["usage"] = chunks[-1].usage.model_dump()
plain = list(client.chat.completions.create(model=chat_model, messages=messages, stream=True))
seen["without_usage"] = [chunk.usage for chunk in plain if chunk.usage]
stranger = client.with_options(api_key="wrong").chat.completions
for name, call in (
    ("error", lambda: client.chat.completions.create(model=chat_model, messages=[])),
    (
        "denied",
        lambda: stranger.create(model=chat_model, messages=messages),
    ),
    ("unknown", lambda: client.chat.completions.create(model="us.anthropic.claude-opus-5", messages=messages)),
):
    try:
        call()
    except APIStatusError as error:
        seen[name] = {"name": type(error).__name__, "status": error.status_code, "code": error.code}
    except APIError as error:
        seen[name] = {"name": type(error).__name__}
print(json.dumps(seen))
