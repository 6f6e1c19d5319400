"""BedrockClient: all calls of Bedrock, each measured, each returning a Call and firing one `request` event."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

import gevent
from botocore.exceptions import ParamValidationError

from bedrock_locust.call import CANCELLED
from bedrock_locust.client.answer import Answer
from bedrock_locust.client.request import Asked, asked_in_body, asked_in_converse, checked_name, native_of, post_of
from bedrock_locust.errors import DeadlineError, Failure, classify
from bedrock_locust.formats import ChunkReader, converse
from bedrock_locust.formats.apis import CHAT, MESSAGES, RESPONSES
from bedrock_locust.formats.required import read_answer
from bedrock_locust.wire.in_flight import calls_in_flight, in_flight
from bedrock_locust.wire.leftover import close_sockets
from bedrock_locust.wire.measurement import Measurement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from locust.event import EventHook

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from bedrock_locust.call import Call
    from bedrock_locust.formats import StreamReader, WholeReader
    from bedrock_locust.formats.apis import Api
    from bedrock_locust.wire.direct import Direct

    Reader = Callable[[Measurement], None]

CUT_OFF = Failure(CANCELLED, "", "", "cut off by the end of the run")


NO_FORMATS: Mapping[str, str] = MappingProxyType({})


def _nothing() -> dict[str, Any]:
    return {}


class _Plan(NamedTuple):
    """What a method of the client is to do."""

    operation: str
    name: str
    asked: Asked
    read: Reader
    catch_response: bool
    model_id: str
    send: Callable[[], Mapping[str, Any]]
    """Makes the call. Returns what boto3 calls ResponseMetadata."""


class BedrockClient:
    """The four calls of Bedrock Runtime with boto3's arguments, and those of three other APIs.

    `name` is for Locust's table.
    `responses`, `chat_completions` and `messages` have the arguments of those APIs, and stream with `stream=True`.
    They go to the endpoint of the settings.

    A failure of the service is in the `Call`, not raised. Raised are a caller's mistakes: arguments that
    boto3 refuses or that an API cannot do without (botocore's ParamValidationError), and models without a native
    format (UnknownFormatError).

    With `catch_response=True` a method returns an Answer instead, for a task that judges it:
    `with client.converse(..., catch_response=True) as answer:` counts the call at the end of the block, and
    `answer.failure("why")` makes it a failure.

    `native_formats` names the format of InvokeModel for model ids that do not tell it (see `model.format`).
    `tags` gives the fields of each Call that its circumstances decide (level, users, phase, worker), asked
    for when the call starts; `context` gives the `context` of its request event.
    """

    def __init__(  # noqa: PLR0913 - each is a choice of its own
        self,
        boto3_client: BedrockRuntimeClient,
        request_event: EventHook,
        *,
        call_limit_s: float = 1200,
        native_formats: Mapping[str, str] = NO_FORMATS,
        tags: Callable[[], dict[str, Any]] = _nothing,
        context: Callable[[], dict[str, Any]] = _nothing,
    ) -> None:
        self._boto3 = boto3_client
        self._request_event = request_event
        self._call_limit_s = call_limit_s
        self._native_formats = native_formats
        self._tags = tags
        self._context = context

    @overload
    def converse(self, *, name: str = "", catch_response: Literal[False] = False, **arguments: Any) -> Call: ...
    @overload
    def converse(self, *, name: str = "", catch_response: Literal[True], **arguments: Any) -> Answer: ...
    def converse(self, *, name: str = "", catch_response: bool = False, **arguments: Any) -> Call | Answer:
        """Call Converse and wait for the whole answer."""
        return self._boto("converse", name, asked_in_converse(arguments), _whole(converse), catch_response, arguments)

    @overload
    def converse_stream(self, *, name: str = "", catch_response: Literal[False] = False, **arguments: Any) -> Call: ...
    @overload
    def converse_stream(self, *, name: str = "", catch_response: Literal[True], **arguments: Any) -> Answer: ...
    def converse_stream(self, *, name: str = "", catch_response: bool = False, **arguments: Any) -> Call | Answer:
        """Call ConverseStream and read the stream to its end."""
        asked, read = asked_in_converse(arguments), _streamed(converse)
        return self._boto("converse_stream", name, asked, read, catch_response, arguments)

    @overload
    def invoke_model(self, *, name: str = "", catch_response: Literal[False] = False, **arguments: Any) -> Call: ...
    @overload
    def invoke_model(self, *, name: str = "", catch_response: Literal[True], **arguments: Any) -> Answer: ...
    def invoke_model(self, *, name: str = "", catch_response: bool = False, **arguments: Any) -> Call | Answer:
        """Call InvokeModel with the model's native body and read the whole answer."""
        native = native_of(arguments, self._native_formats)
        asked, read = asked_in_body(native, arguments), _whole(native)
        return self._boto("invoke_model", name, asked, read, catch_response, arguments)

    @overload
    def invoke_model_with_response_stream(
        self, *, name: str = "", catch_response: Literal[False] = False, **arguments: Any
    ) -> Call: ...
    @overload
    def invoke_model_with_response_stream(
        self, *, name: str = "", catch_response: Literal[True], **arguments: Any
    ) -> Answer: ...
    def invoke_model_with_response_stream(
        self, *, name: str = "", catch_response: bool = False, **arguments: Any
    ) -> Call | Answer:
        """Call InvokeModelWithResponseStream with the model's native body and read the stream to its end."""
        native = native_of(arguments, self._native_formats)
        asked, read = asked_in_body(native, arguments), _streamed(ChunkReader(native))
        return self._boto("invoke_model_with_response_stream", name, asked, read, catch_response, arguments)

    @overload
    def responses(
        self, *, name: str = "", catch_response: Literal[False] = False, stream: bool = False, **arguments: Any
    ) -> Call: ...
    @overload
    def responses(
        self, *, name: str = "", catch_response: Literal[True], stream: bool = False, **arguments: Any
    ) -> Answer: ...
    def responses(
        self, *, name: str = "", catch_response: bool = False, stream: bool = False, **arguments: Any
    ) -> Call | Answer:
        """Call the Responses API: `model`, `input` and what else it takes; `extra_headers` are sent as headers."""
        return self._direct(RESPONSES, name, catch_response, stream, arguments)

    @overload
    def chat_completions(
        self, *, name: str = "", catch_response: Literal[False] = False, stream: bool = False, **arguments: Any
    ) -> Call: ...
    @overload
    def chat_completions(
        self, *, name: str = "", catch_response: Literal[True], stream: bool = False, **arguments: Any
    ) -> Answer: ...
    def chat_completions(
        self, *, name: str = "", catch_response: bool = False, stream: bool = False, **arguments: Any
    ) -> Call | Answer:
        """Call Chat Completions: `model`, `messages` and what else it takes; `extra_headers` are sent as headers.

        A stream is asked to say its counts (`stream_options.include_usage`), unless `stream_options` says otherwise.
        """
        if stream:
            arguments.setdefault("stream_options", {"include_usage": True})
        return self._direct(CHAT, name, catch_response, stream, arguments)

    @overload
    def messages(
        self, *, name: str = "", catch_response: Literal[False] = False, stream: bool = False, **arguments: Any
    ) -> Call: ...
    @overload
    def messages(
        self, *, name: str = "", catch_response: Literal[True], stream: bool = False, **arguments: Any
    ) -> Answer: ...
    def messages(
        self, *, name: str = "", catch_response: bool = False, stream: bool = False, **arguments: Any
    ) -> Call | Answer:
        """Call Messages: `model`, `max_tokens`, `messages` and what else it takes; `extra_headers` go as headers."""
        return self._direct(MESSAGES, name, catch_response, stream, arguments)

    def _boto(  # noqa: PLR0913, PLR0917 - what a plan needs
        self,
        operation: str,
        name: str,
        asked: Asked,
        read: Reader,
        catch_response: bool,
        arguments: dict[str, Any],
    ) -> Call | Answer:
        """Make a call of boto3's."""

        def send() -> Mapping[str, Any]:
            about: Mapping[str, Any] = getattr(self._boto3, operation)(**arguments)["ResponseMetadata"]
            return about

        return self._call(_Plan(operation, name, asked, read, catch_response, arguments.get("modelId", ""), send))

    def _direct(
        self,
        api: Api,
        name: str,
        catch_response: bool,
        stream: bool,
        arguments: dict[str, Any],
    ) -> Call | Answer:
        """Make a call of an API that boto3 does not have."""
        direct: Direct | None = getattr(self._boto3, "direct", None)
        if direct is None:
            raise ValueError(
                f"client.{api.operation}() needs a client of BedrockUser or of bedrock_locust.aws: this one was made"
                " from a plain boto3 client, which has neither the address nor the credentials for it"
            )
        post = post_of(api, direct.endpoint, arguments, stream=stream)
        asked = Asked(api.format.prompt_chars(arguments), api.format.max_tokens(arguments))
        read = _sse(api) if stream else _whole(api.format)
        plan = _Plan(post.operation, name, asked, read, catch_response, arguments["model"], lambda: direct.post(post))
        return self._call(plan)

    def _call(self, plan: _Plan) -> Call | Answer:
        checked_name(plan.name)
        measurement = Measurement(
            {
                "operation": plan.operation,
                "name": plan.name or plan.operation,
                "model_id": plan.model_id,
                "prompt_chars": plan.asked.prompt_chars,
                "max_tokens": plan.asked.max_tokens,
                **self._tags(),
            }
        )
        failure: Failure | None = None
        try:
            self._measure(measurement, plan)
        except ParamValidationError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever happens to a call is its result
            failure = classify(error, measurement.stopwatch.stage, signing=measurement.signing)
        except BaseException:
            self._fire(measurement, measurement.record(CUT_OFF), CUT_OFF)
            raise
        call, fire = measurement.record(failure), partial(self._fire, measurement)
        if plan.catch_response:
            return Answer(call, failure, fire)
        fire(call, failure)
        return call

    def _measure(self, measurement: Measurement, plan: _Plan) -> None:
        """Make the call and read all of its answer, within the limit of a call."""
        calls_in_flight.now += 1
        in_flight.begin(measurement.stopwatch)
        # A plain Timeout: botocore would wrap an Exception raised inside it.
        limit = gevent.Timeout.start_new(self._call_limit_s)
        try:
            measurement.response = dict(plan.send())
            measurement.exchange, measurement.body = in_flight.exchange, in_flight.body
            plan.read(measurement)
        except BaseException as error:
            if not isinstance(error, Exception):
                close_sockets(error)
            if error is not limit:
                raise
            raise DeadlineError(
                f"still running after {self._call_limit_s:g} s, the most that a call may take"
            ) from None
        finally:
            limit.close()
            measurement.signing = in_flight.signing
            if in_flight.exchange is not None:
                in_flight.exchange.close()
            in_flight.clear()
            calls_in_flight.now -= 1

    def _fire(self, measurement: Measurement, call: Call, failure: Failure | None) -> None:
        """Fire the one event of a call. `exception` and `context` are always given: listeners ask for them."""
        self._request_event.fire(
            request_type=call.operation,
            name=call.name,
            response_time=call.latency_ms,
            response_length=measurement.reading.text_bytes,
            response=call,
            exception=failure.exception() if failure else None,
            context=self._context(),
            start_time=call.started_at,
            ttft_ms=call.ttft_ms,
            input_tokens=call.input_tokens,
            output_tokens=call.output_tokens,
        )


def _whole(reader: WholeReader) -> Reader:
    """What reads a whole answer."""

    def read(measurement: Measurement) -> None:
        headers, reading = measurement.headers, measurement.reading

        def take(said: Any) -> None:
            reader.read(said, reading)
            reading.add_figures(said)

        read_answer(measurement.content(), headers.get("content-type", ""), take)
        reading.add_headers(headers)

    return read


def _sse(api: Api) -> Reader:
    """What reads a stream of server-sent events."""
    return lambda measurement: measurement.drain_sse(api.format)


def _streamed(reader: StreamReader) -> Reader:
    """What reads a stream."""
    return lambda measurement: measurement.drain(reader)
