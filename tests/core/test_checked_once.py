"""Arguments of every shape: what boto3 refuses is refused as boto3 does, at the first call and at any later one."""

from __future__ import annotations

import copy
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ParamValidationError
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedrock_locust.aws.checked_once import MOST_SHAPES, CheckedOnce, shape_of
from bedrock_locust.call import Call
from bedrock_locust.formats import UnknownFormatError

from .raw_server import response, serving
from .test_client import CLAUDE, OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.model import ServiceModel

    from bedrock_locust.client import BedrockClient

CONVERSE: dict[str, Any] = {
    "modelId": CLAUDE,
    "system": [{"text": "be brief"}],
    "messages": [
        {"role": "user", "content": [{"text": "hi"}, {"image": {"format": "png", "source": {"bytes": b"x"}}}]},
        {
            "role": "assistant",
            "content": [{"toolUse": {"toolUseId": "t", "name": "n", "input": {"a": [1, {"b": None}]}}}],
        },
    ],
    "inferenceConfig": {"maxTokens": 5, "temperature": 0.5, "stopSequences": ["x"]},
    "toolConfig": {"tools": [{"toolSpec": {"name": "n", "inputSchema": {"json": {"type": "object"}}}}]},
    "requestMetadata": {"a": "b"},
}
INVOKE: dict[str, Any] = {
    "modelId": CLAUDE,
    "body": json.dumps({"max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}),
    "contentType": "application/json",
    "serviceTier": "default",
}
WRONG: tuple[Any, ...] = (
    None, 0, -1, 5, 1.5, True, "", "text", b"", b"bytes", [], [1], {}, {"x": 1}, (), ("a",), object(), {1, 2},
    Decimal(1),
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each value inside of it."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in inner:
        yield (*path, key)
        yield from places(member, (*path, key))


def changed(arguments: dict[str, Any], path: tuple[Any, ...], change: str, value: Any) -> dict[str, Any]:
    """The arguments with something else, something more or nothing at a place."""
    result = copy.deepcopy(arguments)
    holder = result
    for key in path[:-1]:
        holder = holder[key]
    if change == "remove":
        del holder[path[-1]]
    elif change == "add" and isinstance(holder[path[-1]], dict):
        holder[path[-1]]["unheardOf"] = value
    else:
        holder[path[-1]] = value
    return result


changes = st.sampled_from(["replace", "remove", "add"])


@pytest.fixture
def answered(make_client: Callable[..., BedrockClient]) -> Iterator[BedrockClient]:
    """A client whose calls are answered, if they are made, with something."""
    with serving(lambda peer, _: peer.sendall(response(b"{}"))) as server:
        yield make_client(url=server.url)


@pytest.mark.parametrize("operation", OPERATIONS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mistake_of_the_caller_is_boto3s_own_exception(
    answered: BedrockClient,
    events: list[dict[str, Any]],
    service_model: ServiceModel,
    operation: str,
    data: st.DataObject,
) -> None:
    """Whatever is wrong with any argument: ParamValidationError and no call; whatever boto3 takes is one call."""
    good = CONVERSE if operation.startswith("converse") else INVOKE
    call = getattr(answered, operation)
    call(**good)
    path = data.draw(st.sampled_from(list(places(good))))
    arguments = changed(good, path, data.draw(changes), data.draw(st.sampled_from(WRONG)))
    name = "".join(part.capitalize() for part in operation.split("_"))
    shape = service_model.operation_model(name).input_shape
    assert shape is not None
    before = len(events)
    if ParamValidator().validate(arguments, shape).has_errors():
        with pytest.raises(ParamValidationError):
            call(**arguments)
        assert len(events) == before
        return
    if "body" in arguments and arguments["modelId"] != CLAUDE:
        with pytest.raises(UnknownFormatError):
            call(**arguments)
    elif "body" in arguments and not is_object(arguments["body"]):
        with pytest.raises(ParamValidationError, match="must be the model's JSON request"):
            call(**arguments)
    else:
        assert isinstance(call(**arguments), Call)
        assert len(events) == before + 1


def is_object(body: str | bytes) -> bool:
    """Whether a body is a JSON object."""
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False


@pytest.mark.parametrize("operation", OPERATIONS[1::2])
def test_a_body_may_be_a_file(answered: BedrockClient, operation: str) -> None:
    """As boto3 takes it: then the length of the prompt is not known."""
    call = getattr(answered, operation)(modelId=CLAUDE, body=io.BytesIO(INVOKE["body"].encode()))
    assert call.prompt_chars is None


def test_no_arguments_at_all(answered: BedrockClient, events: list[dict[str, Any]]) -> None:
    """Without a model id, too, it is boto3 that says what is missing."""
    for operation in OPERATIONS:
        with pytest.raises(ParamValidationError, match="modelId"):
            getattr(answered, operation)()
    assert events == []


class Counting:
    """A boto3 client that counts its calls."""

    meta = None

    def __init__(self) -> None:
        self.calls = 0

    def converse(self, **_: Any) -> None:
        """One call."""
        self.calls += 1


def test_the_same_call_is_checked_once() -> None:
    """Other texts, numbers and lengths of lists are the same shape; memory of shapes has an end."""
    checking, quick = Counting(), Counting()
    both = CheckedOnce(checking, quick)  # type: ignore[arg-type]  # stands for a client of boto3
    for text in ("a", "b", "cc"):
        messages = [{"role": "user", "content": [{"text": text}]}] * ord(text[0])
        both.converse(modelId=text, messages=messages, inferenceConfig={"maxTokens": ord(text[0])})
    assert (checking.calls, quick.calls) == (1, 2)
    for number in range(MOST_SHAPES + 10):
        both.converse(modelId="m", additionalModelRequestFields={f"field{number}": 1})
    assert checking.calls == MOST_SHAPES + 11
    assert len(both._known) <= MOST_SHAPES


@pytest.mark.parametrize(
    ("one", "other"),
    [("", "a"), (0, 1), (-1, 0), (0.5, 1), ([], ["a"]), (True, 1), (b"a", "a"), ({"a": 1}, {"b": 1}), ((), [])],
)
def test_shapes_differ_where_the_check_may(one: object, other: object) -> None:
    """In type, in names, and around 0 and 1."""
    assert shape_of({"x": one}) != shape_of({"x": other})
