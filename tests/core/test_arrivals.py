"""The section `arrivals` of the settings."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Settings, build


def settings(**sections: Any) -> Settings:
    """Settings with these sections."""
    return build({"model": {"id": "m"}, **sections}, {}, "config.json")


def test_the_loop_is_open_where_arrivals_are_given() -> None:
    """Unless `test.load` says otherwise; what workers get says the same."""
    assert settings().open_loop is None
    given = settings(arrivals={"rates": [1, 2]}, concurrency={"end": 3})
    assert given.open_loop == given.arrivals
    assert Settings.model_validate(given.public()) == given
    assert settings(arrivals={"rates": [1]}, test={"load": "users"}).open_loop is None


@pytest.mark.parametrize(
    ("arrivals", "rates", "profile"),
    [
        ({"rates": [1, 2.5]}, (1, 2.5), None),
        ({"rates": "1,2.5, 4"}, (1, 2.5, 4), None),
        ({"profile": [[60, 0, 10], [5, 10, 10]]}, None, ((60, 0, 10), (5, 10, 10))),
        ({"profile": "60:0:10,5:10:10"}, None, ((60, 0, 10), (5, 10, 10))),
        ({"profile": " [[60, 0, 10], [5, 10, 10]]"}, None, ((60, 0, 10), (5, 10, 10))),
        ({"rates": "[1, 2.5]"}, (1, 2.5), None),
    ],
)
def test_rates_and_profiles(arrivals: dict[str, Any], rates: Any, profile: Any) -> None:
    """As lists in the file, and as texts on the command line."""
    made = settings(arrivals=arrivals).arrivals
    assert made
    assert (made.rates, made.profile) == (rates, profile)


@pytest.mark.parametrize(("said", "meant"), [(2, 2.0), ("0.5", 0.5), ("constant", None)])
def test_burstiness(said: Any, meant: float | None) -> None:
    """A number, or constant gaps."""
    made = settings(arrivals={"rates": [1], "burstiness": said}).arrivals
    assert made
    assert made.gap_burstiness == meant


@pytest.mark.parametrize(
    ("arrivals", "line"),
    [
        ({}, "arrivals: give rates, such as [1, 2, 4], a profile or a trace"),
        ({"ramp": "aws"}, "arrivals: ramp needs one rate to get to, such as rates [20]"),
        ({"rates": [1], "trace": "x"}, "arrivals: rates and trace are both given: remove one of them"),
        ({"profile": [[9, 1, 1]], "trace": "x"}, "arrivals: profile and trace are both given: remove one of them"),
        ({"trace": "{x"}, "must be the name of a file, or a JSON object with it"),
        ({"trace": {"file": "x", "from": 5, "to": 5}}, "must have a `to` that is later than its `from`"),
        ({"trace": {"file": "x", "speed": 0}}, "arrivals.trace.speed is 0, but must be greater than 0"),
        ({"trace": {"file": "x", "jitter": 1}}, "arrivals.trace.jitter"),
        ({"rates": [1], "profile": [[9, 1, 1]]}, "arrivals: rates and profile are both given: remove one of them"),
        ({"rates": []}, "arrivals.rates is [], but must be rates per second"),
        ({"rates": 3}, "arrivals.rates is 3, but must be rates per second"),
        ({"rates": [1, 0]}, "arrivals.rates is [1, 0], but must have rates above 0 and up to 10,000 a second"),
        ({"rates": [1, 1]}, "arrivals.rates is [1, 1], but must not have a rate twice"),
        ({"rates": [float("nan")]}, "must have rates above 0"),
        ({"rates": list(range(1, 1003))}, "must have at most 1,000 of them"),
        ({"profile": [[9, 1]]}, "arrivals.profile is [[9, 1]], but must be parts of [seconds, rate at the start"),
        ({"profile": [[0, 1, 1]]}, "but must have parts that last"),
        ({"profile": [[9, 0, 0]]}, "must have rates of 0 to 10,000 a second, not both 0, in each part"),
        ({"profile": "[[9, 1, 1]"}, "must be parts of [seconds, rate at the start"),
        ({"profile": "[9, 1, 1]"}, "must be parts of [seconds, rate at the start"),
        ({"profile": "9:1"}, 'arrivals.profile is "9:1", but must be parts of'),
        ({"rates": [1], "burstiness": "even"}, 'arrivals.burstiness is "even", but must be a number from 0.01 on, or'),
        ({"rates": [1], "burstiness": 0}, "arrivals.burstiness is 0, but must be 0.01 to 10,000, or"),
        ({"rates": [1], "max_in_flight": 0}, "arrivals.max_in_flight is 0, but must be greater than 0"),
    ],
)
def test_a_wrong_value_is_one_line(arrivals: dict[str, Any], line: str) -> None:
    """With the value, and what it must be."""
    with pytest.raises(SettingsError) as raised:
        settings(arrivals=arrivals)
    assert len(raised.value.lines) == 1
    assert line in raised.value.lines[0]


@pytest.mark.parametrize("said", ["x.jsonl", '{"file": "x.jsonl"}', {"file": "x.jsonl"}])
def test_a_trace(said: Any) -> None:
    """The name of a file, or an object; what workers and files get has the names of the configuration file."""
    made = settings(arrivals={"trace": said})
    assert made.trace
    assert (made.trace.file, made.trace.speed, made.file_of_requests) == ("x.jsonl", 1, "x.jsonl")
    assert made.public()["arrivals"]["trace"]["from"] == 0
    assert Settings.model_validate(made.public()) == made
    assert settings(arrivals={"trace": said}, test={"load": "users"}).trace is None


@pytest.mark.parametrize(
    "workload", [{"file": "y"}, {"input_tokens": 9}, {"output_tokens": 9}, {"file": "y", "turns": 2}]
)
def test_a_trace_says_what_is_sent(workload: Any) -> None:
    """The workload says nothing of it, then."""
    with pytest.raises(SettingsError, match=r"arrivals.trace says what is sent: remove workload\.(file|input|output)"):
        settings(arrivals={"trace": "x"}, workload=workload)
    settings(arrivals={"trace": "x"}, workload={"on_bad": "skip"})
    settings(arrivals={"trace": "x"}, workload=workload, test={"load": "users"})


def test_models_of_a_trace() -> None:
    """Each must be one that can be called with the API; its format is its own."""
    made = settings(
        model={"id": "a", "api": "invoke", "format": "llama"}, arrivals={"trace": {"file": "x", "models": {"t": "b"}}}
    )
    assert made.trace
    assert made.trace.mine == ("b",)
    assert (made.model.named("b").format, made.model.named("a").format) == (None, "llama")
    with pytest.raises(SettingsError, match="which Claude does not speak"):
        settings(
            model={"id": "openai.gpt-oss-20b", "api": "chat"},
            arrivals={"trace": {"file": "x", "models": {"t": "anthropic.claude-haiku-5-5"}}},
        )


WEEK_S = 7 * 86_400
MOST_RATES = [(number + 1) / 10 for number in range(1000)]


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ({"rates": [10_000]}, {"rates": [10_000.1]}, "must have rates above 0 and up to 10,000 a second"),
        ({"rates": [0.001]}, {"rates": [0]}, "must have rates above 0"),
        ({"rates": [1, 1.5]}, {"rates": [1, 1.0]}, "must not have a rate twice"),
        ({"rates": MOST_RATES}, {"rates": [*MOST_RATES, 500]}, "must have at most 1,000 of them"),
        ({"rates": [1]}, {"rates": [True]}, "must be rates per second"),
        ({"rates": [1]}, {"rates": 1}, "must be rates per second"),
        ({"profile": [[1, 1, 1]] * 1000}, {"profile": [[1, 1, 1]] * 1001}, "must have at most 1,000 of them"),
        ({"profile": [[WEEK_S, 0, 1]]}, {"profile": [[WEEK_S + 1, 0, 1]]}, "up to 604,800 seconds (a week)"),
        ({"profile": [[0.1, 1, 0]]}, {"profile": [[0, 1, 0]]}, "must have parts that last"),
        ({"profile": [[1, 10_000, 0]]}, {"profile": [[1, 10_001, 0]]}, "rates of 0 to 10,000 a second"),
        ({"profile": [[1, 0, 1]]}, {"profile": [[1, 0, 0]]}, "not both 0"),
        ({"profile": [[1, 0, 1]]}, {"profile": [[1, -1, 1]]}, "rates of 0 to 10,000 a second"),
        ({"profile": [[1, 0, 1]]}, {"profile": [[1, 0]]}, "must be parts of"),
        ({"profile": [[1, 0, 1]]}, {"profile": [[1, 0, 1, 1]]}, "must be parts of"),
        ({"profile": [[1, 0, 1]]}, {"profile": []}, "must be parts of"),
        (
            {"rates": [1], "burstiness": 10_000},
            {"rates": [1], "burstiness": 10_001},
            "must be 0.01 to 10,000, or 'constant'",
        ),
        ({"rates": [1], "burstiness": 0.01}, {"rates": [1], "burstiness": 0.0099}, "must be 0.01 to 10,000"),
        ({"rates": [1], "warmup_seconds": WEEK_S}, {"rates": [1], "warmup_seconds": WEEK_S + 1}, "604,800"),
        ({"rates": [1], "ramp": "aws"}, {"rates": [1, 2], "ramp": "aws"}, "ramp needs one rate"),
        (
            {"trace": {"file": "x", "from": 4, "to": 5}},
            {"trace": {"file": "x", "from": 6, "to": 5}},
            "later than its `from`",
        ),
        ({"trace": {"file": "x", "speed": 1000}}, {"trace": {"file": "x", "speed": 1001}}, "1,000"),
        ({"trace": {"file": "x", "speed": 0.001}}, {"trace": {"file": "x", "speed": 0.0009}}, "0.001"),
    ],
)
def test_bounds(right: dict[str, Any], wrong: dict[str, Any], words: str) -> None:
    """The last value that is taken, and the first that is not."""
    assert settings(arrivals=right).arrivals
    with pytest.raises(SettingsError) as refused:
        settings(arrivals=wrong)
    assert len(refused.value.lines) == 1
    assert words in refused.value.lines[0]
