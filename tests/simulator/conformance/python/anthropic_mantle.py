"""Anthropic's SDK for bedrock-mantle: signed calls, a count, a wrong key, an error inside a stream, no end, a 429."""

import json
import os
import sys

from anthropic import AnthropicBedrockMantle, APIStatusError

base, model = sys.argv[1:]
asked = {"model": model, "messages": [{"role": "user", "content": "Say three things about tides."}]}


def client_of(secret):
    key = os.environ["AWS_ACCESS_KEY_ID"]
    return AnthropicBedrockMantle(
        base_url=base, aws_region="us-east-1", aws_access_key=key, aws_secret_key=secret, max_retries=0
    )


def whole(client):
    message = client.messages.create(**asked, max_tokens=50)
    return [len(message.content[0].text), message.usage.output_tokens, message.stop_reason]


def last(client):
    return [event.type for event in client.messages.create(**asked, max_tokens=50, stream=True)][-1]


def said(call, client):
    try:
        return call(client)
    except APIStatusError as error:
        kind = error.body["error"]["type"] if isinstance(error.body, dict) else None
        return {"name": type(error).__name__, "status": error.status_code, "type": kind}


own, stranger = client_of(os.environ["AWS_SECRET_ACCESS_KEY"]), client_of("wrong")
seen = {
    "whole": whole(own),
    "streamed": last(own),
    "counted": said(lambda client: client.messages.count_tokens(**asked).input_tokens, own),
    "refused": said(whole, stranger),
    "failed": said(last, own),
    "cut_short": said(last, own),
    "throttled": said(whole, own),
}
print(json.dumps(seen))
