"""Which operation a path asks for."""

from __future__ import annotations

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.simulator.routes import OPERATIONS, find


@given(st.text(min_size=1), st.sampled_from(sorted(OPERATIONS)))
def test_any_model_id_is_found_in_its_path(model_id: str, name: str) -> None:
    """A model id is one segment of the path, whatever it is made of."""
    assert find("POST", f"/model/{quote(model_id, safe='')}/{name}") == (OPERATIONS[name], model_id)
