"""BedrockClient: boto3's calls, each measured, each returning a Call and firing one `request` event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import gevent
from botocore.exceptions import ParamValidationError

from bedrock_locust import formats
from bedrock_locust.call import CANCELLED, Call
from bedrock_locust.errors import DeadlineError, Failure, classify
from bedrock_locust.formats import ChunkReader, converse
from bedrock_locust.wire.in_flight import in_flight
from bedrock_locust.wire.measurement import Measurement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from locust.event import EventHook

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    Reader = Callable[[Mapping[str, Any], Measurement], None]

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
        return self._call("converse", name, arguments, converse.prompt_chars(arguments), _read_converse)

    def converse_stream(self, *, name: str = "", **arguments: Any) -> Call:
        """Call ConverseStream and read the stream to its end."""
        return self._call("converse_stream", name, arguments, converse.prompt_chars(arguments), _read_converse_stream)

    def invoke_model(self, *, name: str = "", **arguments: Any) -> Call:
        """Call InvokeModel with the model's native body and read the whole answer."""
        native = formats.native(arguments["modelId"])

        def read(response: Mapping[str, Any], measurement: Measurement) -> None:
            native.read(json.loads(response["body"].read()), measurement.reading)
            measurement.reading.add_headers(measurement.response["HTTPHeaders"])

        return self._call("invoke_model", name, arguments, _body_chars(native, arguments), read)

    def invoke_model_with_response_stream(self, *, name: str = "", **arguments: Any) -> Call:
        """Call InvokeModelWithResponseStream with the model's native body and read the stream to its end."""
        native = formats.native(arguments["modelId"])
        reader = ChunkReader(native)

        def read(response: Mapping[str, Any], measurement: Measurement) -> None:
            measurement.drain(response["body"], reader)

        chars = _body_chars(native, arguments)
        return self._call("invoke_model_with_response_stream", name, arguments, chars, read)

    def _call(self, operation: str, name: str, arguments: dict[str, Any], prompt_chars: int, read: Reader) -> Call:
        measurement = Measurement(
            {
                "operation": operation,
                "name": name or operation,
                "model_id": arguments["modelId"],
                "prompt_chars": prompt_chars,
                **self._tags(),
            }
        )
        failure: Failure | None = None
        try:
            self._measure(measurement, arguments, read)
        except ParamValidationError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever befalls a call is its result
            failure = classify(error, measurement.stopwatch.stage)
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
            measurement.exchange = in_flight.exchange
            measurement.response = response["ResponseMetadata"]
            read(response, measurement)
        except gevent.Timeout as timeout:
            if timeout is not limit:
                raise
            raise DeadlineError(
                f"still running after {self._call_limit_s:g} s, the most that a call may take"
            ) from None
        finally:
            limit.close()
            if in_flight.exchange is not None:
                in_flight.exchange.close()
            in_flight.stopwatch = in_flight.exchange = None

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
            gaps=measurement.stopwatch.gaps,
        )
        return call


def _read_converse(response: Mapping[str, Any], measurement: Measurement) -> None:
    converse.read(response, measurement.reading)


def _read_converse_stream(response: Mapping[str, Any], measurement: Measurement) -> None:
    measurement.drain(response["stream"], converse)


def _body_chars(native: formats.NativeFormat, arguments: Mapping[str, Any]) -> int:
    try:
        return native.prompt_chars(json.loads(arguments["body"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"body of {arguments['modelId']!r} must be its native JSON request: {error}") from error
