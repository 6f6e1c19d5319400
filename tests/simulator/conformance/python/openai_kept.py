"""Responses that are kept, continued, made in the background, polled, streamed again, cancelled and deleted."""

import json
import sys
import time

from openai import APIStatusError, OpenAI

base, token, model, has_background = sys.argv[1:]
client = OpenAI(base_url=base, api_key=token, max_retries=0)
responses = client.responses
text = "Say three things about tides."
seen = {}

first = responses.create(model=model, input=text)
second = responses.create(model=model, input="And a fourth?", previous_response_id=first.id)
seen["same"] = responses.retrieve(first.id).output_text == first.output_text
seen["more"] = second.usage.input_tokens - first.usage.input_tokens - first.usage.output_tokens
responses.delete(first.id)


def refused(call):
    try:
        call()
    except APIStatusError as error:
        return [type(error).__name__, error.status_code, error.message]
    return None


seen["gone"] = refused(lambda: responses.retrieve(first.id))
seen["cannot"] = refused(lambda: responses.cancel(second.id))
seen["unknown"] = refused(lambda: responses.create(model=model, input=text, previous_response_id=first.id))
if has_background == "no":
    seen["background"] = refused(lambda: responses.create(model=model, input=text, background=True))
else:
    job = responses.create(model=model, input=text, background=True)
    states = [job.status]
    deadline = time.monotonic() + 20
    while job.status in {"queued", "in_progress"} and time.monotonic() < deadline:
        time.sleep(0.01)
        job = responses.retrieve(job.id)
        states.append(job.status)
    seen["states"] = [states[0], states[-1], bool(job.output_text)]
    with responses.create(model=model, input=text, background=True, stream=True) as stream:
        begun = next(iter(stream)).response.id
    again = list(responses.retrieve(begun, stream=True, starting_after=1))
    seen["again"] = [again[0].type, again[-1].type, again[0].sequence_number]
    job = responses.create(model=model, input=text, background=True)
    seen["cancelled"] = responses.cancel(job.id).status in {"cancelled", "completed"}
print(json.dumps(seen))
