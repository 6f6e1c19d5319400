"""Prices, SLO and limits in the settings."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Settings, build


def settings(**sections: Any) -> Settings:
    """Settings with these sections."""
    return Settings.model_validate({"model": {"id": "m"}, **sections})


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"limits": {"max_cost_usd": 1}}, "limits.max_cost_usd needs prices: add pricing.input_per_million"),
        (
            {
                "limits": {"max_cost_usd": 1},
                "pricing": {"input_per_million": 1, "output_per_million": 1, "currency": "EUR"},
            },
            "limits.max_cost_usd is in USD, but pricing.currency is 'EUR': give the prices in USD, or remove the limit",
        ),
        ({"slo": {"ttft": 1}}, "unknown key slo.ttft: did you mean slo.ttft_ms?"),
        ({"slo": {"percentile": 100}}, "slo.percentile is 100, but must be less than 100"),
        ({"slo": {"success_rate": 101}}, "slo.success_rate is 101, but must be 100 or less"),
        ({"pricing": {"input_per_million": 1}}, "pricing.output_per_million is required: add it"),
        ({"output": {"language": "fr"}}, "output.language is \"fr\", but must be 'en' or 'zh'"),
        ({"output": {"formats": "html"}}, 'output.formats is "html", but must be a list [...]'),
        ({"model": {"id": "m", "output_burndown": 0}}, "model.output_burndown is 0, but must be greater than 0"),
        ({"limit": {}}, "unknown key limit: did you mean limits?"),
    ],
)
def test_a_wrong_setting_is_one_line(sections: dict[str, Any], words: str) -> None:
    """Each mistake in these sections is one line."""
    with pytest.raises(SettingsError) as refused:
        build({"model": {"id": "m"}, **sections}, {}, "config.json")
    [line] = refused.value.lines
    assert words in line


def test_sections_reach_a_worker_as_they_are() -> None:
    """What the master sends makes the same settings."""
    one = settings(slo={"ttft_ms": 5}, limits={"max_requests": 3}, output={"language": "zh"})
    assert Settings.model_validate(one.public()) == one
    assert "pricing" not in one.public()


PRICES = {"input_per_million": 3, "output_per_million": 15}
DEFAULTS: dict[str, dict[str, Any]] = {
    "pricing": {
        **PRICES,
        "cache_read_per_million": 0,
        "cache_write_per_million": 0,
        "cache_write_1h_per_million": None,
        "currency": "USD",
    },
    "slo": {
        "ttft_ms": None,
        "tpot_ms": None,
        "latency_ms": None,
        "percentile": 95,
        "success_rate": None,
        "min_tokens_per_s": None,
        "users": None,
    },
    "limits": {
        "max_cost_usd": None,
        "max_requests": None,
        "max_output_tokens": None,
        "max_error_rate": None,
        "window_seconds": 60,
        "same_failures": None,
    },
}


@pytest.mark.parametrize("section", DEFAULTS)
def test_a_section_that_is_asked_for_has_defaults(section: str) -> None:
    """Prices, SLO and limits are not there unless they are asked for, and then need no more than the prices."""
    without = settings().public()
    assert not without.keys() & DEFAULTS.keys()
    asked = settings(**{section: PRICES if section == "pricing" else {}}).public()
    assert asked == {**without, section: DEFAULTS[section]}
