"""Converse through LangChain: an answer, a stream, and a tool."""

import json
import sys

from langchain_aws import ChatBedrockConverse
from langchain_core.tools import tool

url, model_id = sys.argv[1:]
model = ChatBedrockConverse(model=model_id, endpoint_url=url)
prompt = "Say three things about tides."


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return city


answer = model.invoke(prompt)
total = None
for piece in model.stream(prompt):
    total = piece if total is None else total + piece
called = model.bind_tools([weather], tool_choice="any").invoke(prompt)
print(
    json.dumps(
        {
            "text": answer.text if isinstance(answer.text, str) else answer.text(),
            "usage": answer.usage_metadata,
            "streamed": "".join(block["text"] for block in total.content if block["type"] == "text"),
            "streamed_usage": total.usage_metadata,
            "calls": [{"name": call["name"], "args": call["args"]} for call in called.tool_calls],
        }
    )
)
