"""Custom datasets of AIPerf: `text`, `texts`, `image`, `images` and `output_length`, or `turns` of these.

Source: `dataset/loader/models.py` of AIPerf 0.13. Of turns, `delay` and `timestamp` are used: milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.workload.conversation import arguments, image_of
from bedrock_locust.workload.records import (
    Record,
    RecordError,
    Turn,
    count_of,
    list_of,
    milliseconds_of,
    object_of,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "aiperf"
_INPUTS = frozenset({"text", "texts", "image", "images"})


def fits(record: Mapping[str, Any]) -> bool:
    """Whether it has an input, or turns that are objects."""
    turns = record.get("turns")
    return bool(_INPUTS & record.keys()) or (isinstance(turns, list) and any(isinstance(one, dict) for one in turns))


def read(record: Mapping[str, Any]) -> Record:
    """The request in a record: all turns up to the last. Raises RecordError."""
    turns = list_of(record["turns"], "turns") if "turns" in record else [record]
    places = [f"turns[{number}]" if "turns" in record else "the record" for number in range(len(turns))]
    objects = [object_of(turn, place) for turn, place in zip(turns, places, strict=True)]
    messages = [
        {"role": "user" if _is_user(turn) else "assistant", "content": _content(turn, place)}
        for turn, place in zip(objects, places, strict=True)
    ]
    pairs = [pair for pair in zip(objects, places, strict=True) if _is_user(pair[0])]
    several = len(objects) > 1
    limit = count_of(objects[-1].get("output_length"), f"{places[-1]}.output_length")
    return Record(
        arguments=arguments([], messages, {"maxTokens": limit} if limit else {}),
        said=tuple(messages) if several else (),
        turns=tuple(_turn(turn, place, objects[0]) for turn, place in pairs) if several else (),
    )


def _is_user(turn: Mapping[str, Any]) -> bool:
    return turn.get("role") != "assistant"


def _turn(turn: Mapping[str, Any], place: str, first: Mapping[str, Any]) -> Turn:
    """When a turn begins, and the limit of its answer."""
    begin, at = first.get("timestamp"), turn.get("timestamp")
    at_s, begin_s = (milliseconds_of(value, f"{place}.timestamp") for value in (at, begin))
    return Turn(
        pause_s=milliseconds_of(turn.get("delay"), f"{place}.delay"),
        at_s=None if at_s is None or begin_s is None else max(0.0, at_s - begin_s),
        max_tokens=count_of(turn.get("output_length"), f"{place}.output_length"),
    )


def _content(turn: Mapping[str, Any], place: str) -> list[dict[str, Any]]:
    if other := [name for name in ("audio", "audios", "video", "videos") if turn.get(name)]:
        raise RecordError(f"{place}.{other[0]} cannot be sent: only texts and images can")
    blocks = [{"text": text_of(one, f"{place}.text")} for one in _each(turn, "text", place)]
    blocks += [image_of(one, f"{place}.image") for one in _each(turn, "image", place)]
    if not blocks:
        raise RecordError(f"{place} has no text and no image")
    return blocks


def _each(turn: Mapping[str, Any], name: str, place: str) -> list[Any]:
    """One value, or those of the list with the plural name, which may be objects with `contents`."""
    if turn.get(name) is not None:
        return [turn[name]]
    if turn.get(f"{name}s") is None:
        return []
    found = list[Any]()
    for one in list_of(turn[f"{name}s"], f"{place}.{name}s"):
        found += list_of(one.get("contents"), f"{place}.{name}s") if isinstance(one, dict) else [one]
    return found
