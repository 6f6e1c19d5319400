"""How many examples a property test tries: few in `make test`, many in `make long`."""

from __future__ import annotations

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("tests.golden_texts")  # so that it shows where texts differ

# Two cores shared by all tests say nothing about the time of one example. What hypothesis itself chooses where it finds
# a CI, examples that are the same each time, stays.
settings.register_profile("quick", settings.default, max_examples=25, deadline=None)
settings.register_profile("thorough", settings.default, max_examples=400, deadline=None)
settings.load_profile("quick")
