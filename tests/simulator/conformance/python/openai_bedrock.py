"""OpenAI's SDK in its Bedrock mode: signed calls, a wrong key, errors in streams, streams without their end, a 429."""

import json
import os
import sys

from openai import APIError, OpenAI
from openai.providers import bedrock

base, endpoint, responses_model, chat_model = sys.argv[1:]
text = "Say three things about tides."


def client_of(secret):
    provider = bedrock(
        base_url=base,
        endpoint=endpoint,
        region="us-east-1",
        access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
        secret_access_key=secret,
    )
    return OpenAI(provider=provider, max_retries=0)


def response(client, **more):
    answer = client.responses.create(model=responses_model, input=text, store=False, **more)
    return [event.type for event in answer][-1] if more else len(answer.output_text)


def chat(client, **more):
    answer = client.chat.completions.create(model=chat_model, messages=[{"role": "user", "content": text}], **more)
    return [chunk.choices[0].finish_reason for chunk in answer][-1] if more else len(answer.choices[0].message.content)


def said(call, *arguments, **more):
    try:
        return call(*arguments, **more)
    except APIError as error:
        return {"name": type(error).__name__, "status": getattr(error, "status_code", None), "message": error.message}


own, stranger = client_of(os.environ["AWS_SECRET_ACCESS_KEY"]), client_of("wrong")
whole = [response(own), chat(own)]
refused = said(chat, stranger)
failed = [said(response, own, stream=True), said(chat, own, stream=True)]
cut_short = [said(response, own, stream=True), said(chat, own, stream=True)]
throttled = [said(response, own), said(chat, own)]
seen = {"whole": whole, "refused": refused, "failed": failed, "cut_short": cut_short, "throttled": throttled}
print(json.dumps(seen))
