"""Which quotas of the settings are quotas of the endpoint that is called."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.aws.account.known import Known
from bedrock_locust.aws.doctor import _account
from bedrock_locust.settings.plan import Plan
from bedrock_locust.settings.quotas import WORDS, Quotas, codes, unused
from bedrock_locust.settings.schema import Settings

RUNTIME = {"tokens_per_minute": 9000, "tokens_per_day": 90_000, "quota": 90}
BOTH = "model.input_tokens_per_minute and model.output_tokens_per_minute"
MANTLE = {"input_tokens_per_minute": 7000, "output_tokens_per_minute": 700}


def settings(endpoint: str, **quotas: Any) -> Settings:
    """Settings of a model that both endpoints have."""
    model_id = "qwen.qwen3-32b"
    model = {"id": model_id, "api": "chat", "endpoint": endpoint, **quotas}
    return Settings.model_validate({"model": model, "test": {"max_tokens": 100}})


def test_doctor_notes_a_code_of_the_other_endpoint() -> None:
    """It has no effect there."""
    found = settings("mantle", quota_codes={"tokens_per_minute": "l-a4430697"})
    notes = [one.said for one in _account(found, Known()) if "quota_codes" in one.said]
    assert len(notes) == 1
    assert "model.quota_codes.tokens_per_minute is a quota of bedrock-runtime, not used here" in notes[0]


CODES = st.dictionaries(st.sampled_from(sorted(WORDS)), st.from_regex(r"L-[A-F0-9]{1,8}", fullmatch=True), min_size=1)


@given(CODES, st.sampled_from(["", " "]))
def test_codes_are_given_as_an_object_as_text_or_as_json(given_: dict[str, str], blank: str) -> None:
    """All three mean the same."""
    text = f"{blank},{blank}".join(f"{name}{blank}={blank}{code}" for name, code in given_.items())
    assert codes(given_) == codes(text) == codes(blank + json.dumps(given_)) == given_
    assert codes({name: code.lower() for name, code in given_.items()}) == given_


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ('{"quota": "L-1", "quota": "L-2"}', "must not have a quota twice"),
        ('{"quota": 7}', "must have codes such as L-A4430697"),
        ('{"requests": "L-1"}', "must have codes of these quotas only"),
        ('{"quota": ', "must be names of quotas with their codes, such as"),
        ('{"a":' * 100_000, "must be names of quotas with their codes, such as"),
    ],
)
def test_json_that_has_no_codes(value: str, line: str) -> None:
    """As of text, one line."""
    with pytest.raises(ValueError, match=line):
        codes(value)


@pytest.mark.parametrize(("endpoint", "own"), [("runtime", RUNTIME), ("mantle", MANTLE)])
def test_a_file_may_have_those_of_both(endpoint: str, own: dict[str, int]) -> None:
    """The endpoint's own count; the others are as if they were not there."""
    both = settings(endpoint, **RUNTIME, **MANTLE)
    assert both.model.quotas == Quotas(**own)
    assert Plan.of(both).output_tokens == Plan.of(settings(endpoint, **own)).output_tokens


@pytest.mark.parametrize(
    ("endpoint", "quotas", "line"),
    [
        (
            "mantle",
            {"tokens_per_minute": 5, "input_tokens_per_minute": 5},
            f"model.tokens_per_minute is a quota of bedrock-runtime, not used here; bedrock-mantle has {BOTH}",
        ),
        (
            "runtime",
            MANTLE,
            f"{BOTH} are quotas of bedrock-mantle, not used here; bedrock-runtime has model.tokens_per_minute",
        ),
        (
            "runtime",
            {"quota_codes": {"quota": "L-1", "input_tokens_per_minute": "L-2"}},
            (
                "model.quota_codes.input_tokens_per_minute is a quota of bedrock-mantle, not used here; bedrock-runtime"
                " has model.tokens_per_minute"
            ),
        ),
        ("runtime", RUNTIME, ""),
        ("mantle", MANTLE, ""),
        ("mantle", {}, ""),
    ],
)
def test_the_plan_names_those_of_the_other_endpoint(endpoint: str, quotas: dict[str, Any], line: str) -> None:
    """One line, with what to set for this endpoint."""
    found = settings(endpoint, **quotas)
    assert unused(found.model) == line
    assert [text for text in Plan.of(found).lines() if "not used here" in text] == [line][: bool(line)]


def test_the_plan_names_the_quota_of_the_endpoint() -> None:
    """Where none is set, the one that would limit the calls."""
    assert any("set model.output_tokens_per_minute" in line for line in Plan.of(settings("mantle")).lines())
    assert any("set model.tokens_per_minute" in line for line in Plan.of(settings("runtime")).lines())
