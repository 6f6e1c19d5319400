"""The call before the load: when it is made, and what it makes of a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.aws.boto3_client import connect
from bedrock_locust.aws.preflight import KEPT, preflight, public
from bedrock_locust.errors import REMEDIES
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Settings

from .raw_server import response, serving
from .test_client import CLAUDE

if TYPE_CHECKING:
    from bedrock_locust.call import Call
    from tests.simulator.process import Simulator


def first_call(url: str, *, simulator: bool = True, local: bool = True, **test: Any) -> Call | None:
    """The call before the load of a run with these settings."""
    settings = Settings.model_validate({"model": {"id": CLAUDE}, "aws": {"endpoint_url": url}, "test": test})
    client = connect(settings, simulator=True, version="test")
    return preflight(client, settings, simulator=simulator, local=local)


@pytest.mark.parametrize("streaming", [True, False])
def test_the_call_is_as_those_of_the_run(simulator: Simulator, streaming: bool) -> None:
    """It is one of the first users' calls, and `run.json` says what came of it, but not the answer."""
    call = first_call(simulator.url, preflight=True, streaming=streaming, max_tokens=77)
    assert call is not None
    assert call.ok
    assert (call.operation, call.max_tokens) == ("converse_stream" if streaming else "converse", 77)
    assert len(simulator.ended(1)) == 1
    said = public(call)
    assert tuple(said) == KEPT
    assert said["request_id"] == call.request_id
    assert call.text not in str(said)


@pytest.mark.parametrize(
    ("wanted", "of_simulator", "made"),
    [(None, True, False), (None, False, False), (True, True, True), (False, False, False)],
)
def test_it_is_made_where_it_is_wanted(
    simulator: Simulator, wanted: bool | None, of_simulator: bool, made: bool
) -> None:
    """Unless the settings say so, not with a simulator, nor with an endpoint that the user named."""
    call = first_call(simulator.url, simulator=of_simulator, preflight=wanted)
    assert (call is not None) == made
    assert len(simulator.ended(int(made))) == made


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (403, b'{"message":"Bearer Token has expired"}', "AWS_BEARER_TOKEN_BEDROCK"),
        (400, b'{"message":"on-demand throughput isn\\u2019t supported"}', "inference profile"),
        (404, b'{"message":"This model version has reached the end of its life."}', "no longer offered"),
        (
            404,
            b'{"message":"Access denied. This Model is marked by provider as Legacy"}',
            "marked this model as legacy",
        ),
        (400, b'{"message":"Operation not allowed"}', "may not call this model"),
        (200, b"<html>Log in</html>", REMEDIES["NotAnAnswerError"]),
        (302, b"", REMEDIES["ConnectionError"]),
    ],
)
def test_what_will_not_pass_ends_it(status: int, body: bytes, words: str) -> None:
    """One line with what the service said, the remedy that fits, and the way to run all the same."""
    answer = response(body, status=f"{status} Status")
    with serving(lambda peer, _: peer.sendall(answer)) as server, pytest.raises(SettingsError) as refused:
        first_call(server.url, preflight=True, streaming=False)
    assert words in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert str(refused.value).endswith("--bedrock-preflight false")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_a_warning(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """A throttle or an overloaded service does not keep a run from beginning."""
    answer = response(b'{"message":"busy"}', status=f"{status} Status")
    with serving(lambda peer, _: peer.sendall(answer)) as server:
        call = first_call(server.url, preflight=True, streaming=False)
    assert call is not None
    assert not call.ok
    assert "the call before the load failed with" in caplog.text


def test_a_master_is_asked_for_it() -> None:
    """Only its workers may have a way to the service: it makes the call, and judges it, only where the settings ask."""
    with pytest.raises(SettingsError, match="ConnectionError"):
        first_call("http://127.0.0.1:9", local=False, preflight=True)
    assert first_call("http://127.0.0.1:9", simulator=False, local=False) is None
