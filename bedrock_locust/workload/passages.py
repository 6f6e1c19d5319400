"""A prompt of several passages, with cache points between them where a trace tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.workload.convert import body_of_messages
from bedrock_locust.workload.prefix import form_of, with_point
from bedrock_locust.workload.request import body_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bedrock_locust.settings.schema import Settings


def body_of_passages(settings: Settings, passages: Sequence[str], points: Iterable[int], limit: int) -> dict[str, Any]:
    """What is sent for passages; each point is the number of passages before it.

    With points, each passage is a block of its own, so that equal beginnings are equal blocks wherever the points are.
    Where the API has no cache points there are none.
    """
    form = form_of(settings)
    places = [place for place in points if place]
    if not form or not places:
        return body_of(settings, " ".join(passages), limit)
    body = body_of_messages({"messages": [_message(passages)]}, settings, limit)
    content = list[dict[str, Any]]()
    ttl = settings.workload.cache if settings.workload else ""
    for number, block in enumerate(body["messages"][-1]["content"], 1):
        content = [*content, block]
        if number in places:
            content = with_point(content, form, ttl)
    return {**body, "messages": [*body["messages"][:-1], {**body["messages"][-1], "content": content}]}


def _message(passages: Sequence[str]) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": text} for text in passages]}
