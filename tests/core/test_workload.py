"""The section `workload` of the settings."""

from __future__ import annotations

import json
import statistics
from random import Random
from typing import Any

import pytest

from bedrock_locust.settings.schema import Settings
from bedrock_locust.settings.workload import Length
from bedrock_locust.workload.lengths import Drawer

from .test_mistakes import lines


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("many", "must be a number of tokens, {mean, stddev}"),
        (True, "must be a number of tokens"),
        ([5], "must be a number of tokens"),
        ({}, "must be a number of tokens"),
        ({"mean": 5}, "must be a number of tokens"),
        ({"median": 5}, "must be a number of tokens"),
        ({"mean": 5, "stdev": 1}, "must be a number of tokens"),
        ({"mean": 5, "stddev": 1, "values": [1]}, "must be a number of tokens"),
        ({"weights": [5]}, "must be a number of tokens"),
        ({"median": 5, "mean": 4}, "must have a mean of the median or more"),
        ({"values": []}, "must have values"),
        ({"values": [5], "weights": [1, 2]}, "must have a weight for each value"),
        ({"values": [5], "weights": [0]}, "must have a weight for each value"),
        (0, "must have a mean from 1"),
        (1e9, "must have a mean from 1"),
    ],
)
def test_a_wrong_length_is_one_line(value: Any, rule: str) -> None:
    """It says which kinds there are, or what is wrong with this one."""
    [line] = lines({"model": {"id": "m"}, "workload": {"input_tokens": value}})
    assert line.startswith("config.json: workload.input_tokens is ")
    assert rule in line


@pytest.mark.parametrize(
    "value",
    [
        500,
        {"mean": 500, "stddev": 100},
        {"median": 500, "mean": 700},
        {"values": [10, 20], "weights": [1, 3]},
        {"values": [10, 20]},
        {"from": "lengths.csv"},
        {"median": 500, "mean": 700, "max": 900},
    ],
)
def test_each_kind_is_read_and_reaches_workers(value: Any) -> None:
    """The public settings, as JSON, are the same settings again."""
    settings = Settings.model_validate({"model": {"id": "m"}, "workload": {"output_tokens": value}})
    assert Settings.model_validate(json.loads(json.dumps(settings.public()))) == settings


@pytest.mark.parametrize(
    "value", [500, {"mean": 500, "stddev": 100}, {"median": 500, "mean": 700}, {"values": [10, 20], "weights": [1, 3]}]
)
def test_what_is_drawn_has_this_average_and_hardly_more_than_this_most(value: Any) -> None:
    """What the plan counts with is what calls get."""
    length = Length.model_validate(value)
    drawer = Drawer(length, Random(1))
    drawn = [drawer.draw() for _ in range(20_000)]
    assert statistics.mean(drawn) == pytest.approx(length.average, rel=0.03)
    assert sum(one > length.most for one in drawn) <= 60
