"""BedrockClient: boto3's calls, each measured, each returning a Call and firing one `request` event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import gevent
from botocore.exceptions import ParamValidationError

from bedrock_locust import formats
from bedrock_locust.call import CANCELLED, Call
from bedrock_locust.errors import DeadlineError, Failure, classify
from bedrock_locust.formats import ChunkReader, claude, converse
from bedrock_locust.formats.required import read_answer
from bedrock_locust.wire.in_flight import in_flight
from bedrock_locust.wire.measurement import Measurement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from locust.event import EventHook

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from bedrock_locust.formats import StreamReader, WholeReader

    Reader = Callable[[Measurement], None]

CUT_OFF = Failure(CANCELLED, "", "", "cut off by the end of the run")


def _nothing() -> dict[str, Any]:
    return {}


class BedrockClient:
    """The four calls of Bedrock Runtime with boto3's arguments, and `name` for Locust's table.

    A failure of the service is in the `Call`, not raised. Raised are a caller's mistakes: arguments that
    boto3 refuses (botocore's ParamValidationError) and models without a native format (UnknownFormatError).

    `tags` gives the fields of each Call that its circumstances decide (level, users, phase, worker), asked
    for when the call starts; `context` gives the `context` of its request event.
    """

    def __init__(
        self,
        boto3_client: BedrockRuntimeClient,
        request_event: EventHook,
        *,
        call_limit_s: float = 1200,
        tags: Callable[[], dict[str, Any]] = _nothing,
        context: Callable[[], dict[str, Any]] = _nothing,
    ) -> None:
        self._boto3 = boto3_client
        self._request_event = request_event
        self._call_limit_s = call_limit_s
        self._tags = tags
        self._context = context

    def converse(self, *, name: str = "", **arguments: Any) -> Call:
        """Call Converse and wait for the whole answer."""
        return self._call("converse", name, arguments, _Said.in_converse(arguments), _whole(converse))

    def converse_stream(self, *, name: str = "", **arguments: Any) -> Call:
        """Call ConverseStream and read the stream to its end."""
        return self._call("converse_stream", name, arguments, _Said.in_converse(arguments), _streamed(converse))

    def invoke_model(self, *, name: str = "", **arguments: Any) -> Call:
        """Call InvokeModel with the model's native body and read the whole answer."""
        native = _native(arguments)
        return self._call("invoke_model", name, arguments, _Said.in_body(native, arguments), _whole(native))

    def invoke_model_with_response_stream(self, *, name: str = "", **arguments: Any) -> Call:
        """Call InvokeModelWithResponseStream with the model's native body and read the stream to its end."""
        native = _native(arguments)
        said, read = _Said.in_body(native, arguments), _streamed(ChunkReader(native))
        return self._call("invoke_model_with_response_stream", name, arguments, said, read)

    def _call(self, operation: str, name: str, arguments: dict[str, Any], said: _Said, read: Reader) -> Call:
        measurement = Measurement(
            {
                "operation": operation,
                "name": name or operation,
                "model_id": arguments.get("modelId", ""),
                "prompt_chars": said.prompt_chars,
                **self._tags(),
            }
        )
        failure: Failure | None = None
        try:
            self._measure(measurement, arguments, read)
        except ParamValidationError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever happens to a call is its result
            failure = classify(error, measurement.stopwatch.stage, signing=measurement.signing)
        except BaseException:
            self._report(measurement, CUT_OFF)
            raise
        return self._report(measurement, failure)

    def _measure(self, measurement: Measurement, arguments: dict[str, Any], read: Reader) -> None:
        """Make the call and read all of its answer, within the limit of a call."""
        in_flight.stopwatch = measurement.stopwatch
        # A plain Timeout: botocore would wrap an Exception raised inside it.
        limit = gevent.Timeout.start_new(self._call_limit_s)
        try:
            response = getattr(self._boto3, measurement.about["operation"])(**arguments)
            measurement.exchange, measurement.body = in_flight.exchange, in_flight.body
            measurement.response = response["ResponseMetadata"]
            read(measurement)
        except gevent.Timeout as timeout:
            if timeout is not limit:
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

    def _report(self, measurement: Measurement, failure: Failure | None) -> Call:
        """Fire the one event of a call. `exception` and `context` are always given: listeners ask for them."""
        call = measurement.record(failure)
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
        return call


def _whole(reader: WholeReader) -> Reader:
    """What reads a whole answer."""

    def read(measurement: Measurement) -> None:
        body, headers, reading = measurement.body, measurement.headers, measurement.reading

        def take(said: Any) -> None:
            reader.read(said, reading)
            reading.add_figures(said)

        content = body if isinstance(body, bytes) else body.read()
        read_answer(content, headers.get("content-type", ""), take)
        reading.add_headers(headers)

    return read


def _streamed(reader: StreamReader) -> Reader:
    """What reads a stream."""
    return lambda measurement: measurement.drain(reader)


class _Said(NamedTuple):
    """What is known of a request before it is sent. boto3 checks it, so that nothing here fails on a wrong type."""

    prompt_chars: int | None

    @classmethod
    def in_converse(cls, arguments: Mapping[str, Any]) -> _Said:
        """What the arguments of Converse and ConverseStream say."""
        return cls(converse.prompt_chars(arguments))

    @classmethod
    def in_body(cls, native: formats.NativeFormat, arguments: Mapping[str, Any]) -> _Said:
        """What the body of InvokeModel says, if it is not in a file. Raises ParamValidationError if it is no object."""
        body = arguments.get("body")
        if not isinstance(body, str | bytes | bytearray):
            return cls(None)
        try:
            request = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise _wrong_body(str(error)) from None
        if not isinstance(request, dict):
            raise _wrong_body("it is no object")
        return cls(native.prompt_chars(request))


def _wrong_body(why: str) -> ParamValidationError:
    return ParamValidationError(report=f"Invalid value for parameter body, must be the model's JSON request: {why}")


def _native(arguments: Mapping[str, Any]) -> formats.NativeFormat:
    """The native format of a model. Raises UnknownFormatError; a wrong type or none at all is for boto3 to refuse."""
    model_id = arguments.get("modelId")
    return formats.native(model_id) if isinstance(model_id, str) and model_id else claude
