"""Which operation a path asks for."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.simulator import listing
from bedrock_locust.simulator.routes import OPERATIONS, find

from .lapse import lapse


@given(st.text(min_size=1), st.sampled_from(sorted(OPERATIONS)))
def test_any_model_id_is_found_in_its_path(model_id: str, name: str) -> None:
    """A model id is one segment of the path, whatever it is made of."""
    assert find("POST", f"/model/{quote(model_id, safe='')}/{name}") == (OPERATIONS[name], model_id)


@pytest.mark.parametrize("path", ["/v1/models", "/v1/responses/resp_1"])
def test_a_client_that_leaves_in_its_request_is_told_nothing(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """An empty answer with status 400 goes nowhere."""
    with lapse(monkeypatch, None, None, "mantle") as simulator:
        answer = simulator.request("GET", path, sends=False)
    assert (answer.status, answer.body) == (400, b"")


def test_a_fault_of_the_simulator_is_told_to_its_server(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And logged with the request."""

    def fail() -> bytes:
        raise RuntimeError("no models")

    monkeypatch.setattr(listing, "models", fail)
    with lapse(monkeypatch, None, None, "mantle") as simulator, pytest.raises(RuntimeError, match="no models"):
        simulator.request("GET", "/v1/models")
    assert [record.getMessage() for record in caplog.records] == ["The simulator failed at GET /v1/models"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/model/x/converse"),
        ("POST", "/model//converse"),
        ("POST", "/model/x/other"),
        ("POST", "/model/x/y/converse"),
        ("POST", "/other/x/converse"),
        ("POST", "model/x/converse"),
    ],
)
def test_other_paths_are_none(method: str, path: str) -> None:
    """Of the operations of boto3."""
    assert find(method, path) is None
