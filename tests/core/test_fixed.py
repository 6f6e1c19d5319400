"""Requests of a set size in characters."""

from __future__ import annotations

from bedrock_locust.workload.source import workload_of

from .test_request import settings_of


def test_the_template_makes_each_request() -> None:
    """Prompts differ, their size does not, and each request has the members of `test.request`."""
    document = {"format": "png", "source": {"bytes": "AAEC"}}
    template = {"system": [{"guardContent": {"image": document}}], "requestMetadata": {"a": "b"}}
    workload = workload_of(settings_of(prompt_size=100, request=template))
    requests = [workload.next() for _ in range(3)]
    prompts = {request.arguments["messages"][0]["content"][0]["text"] for request in requests}
    assert {len(prompt) for prompt in prompts} == {100}
    assert len(prompts) == 3
    system = requests[0].arguments["system"]
    assert system[0]["guardContent"]["image"]["source"]["bytes"] == b"\0\1\2"
    workload.heard(requests[0], 5)
    assert dict(requests[0].about) == {}
