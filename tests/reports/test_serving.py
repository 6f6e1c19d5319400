"""Which Region served the calls, as `aws.json` says it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reports.numbers.serving import Served, Serving, serving

from .few_calls import call, run_of

if TYPE_CHECKING:
    from reports.reading.run import Run

NAN = math.nan
TIMES = {"ttft_ms": {"p50": 1, "p95": 2}, "latency_ms": {"p50": 3, "p95": 4.5, "p99": 9}}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run."""
    return run_of(tmp_path_factory.mktemp("run"), [call("streaming-04")])[0]


@pytest.mark.parametrize("found", [{}, {"serving": None}, {"serving": []}, {"serving": {"regions": {}}}], ids=str)
def test_without_logs_nothing_is_known(run: Run, found: dict[str, Any]) -> None:
    """The same for a file that says something else."""
    assert serving(replace(run, aws=found)) is None


def test_each_region_and_mode(run: Run) -> None:
    """What is not known of one is NaN; what is no region at all is left out."""
    regions = [
        {"region": "us-east-1", "mode": "streaming", "calls": 7, **TIMES},
        {"region": "us-west-2", "mode": "non_streaming", "calls": 0, "ttft_ms": None, "latency_ms": {"p95": 8}},
        {"region": "us-east-2", "mode": "both", "calls": 2, "ttft_ms": [1, 2], "latency_ms": {"p50": "x"}},
        {"calls": 1},
        {"region": "eu-west-1", "calls": None},
        "us-east-1",
    ]
    found = serving(replace(run, aws={"serving": {"regions": regions, "calls_without_log": 3}}))
    assert found is not None
    served = [(one.region, one.mode, one.calls, [str(time) for time in one.times]) for one in found.regions]
    assert served == [
        ("us-east-1", "streaming", 7, ["1.0", "2.0", "3.0", "4.5"]),
        ("us-west-2", "non_streaming", 0, ["nan", "nan", "nan", "8.0"]),
        ("us-east-2", "", 2, ["nan"] * 4),
        ("", "", 1, ["nan"] * 4),
    ]
    assert found.without_log == 3
    assert serving(replace(run, aws={"serving": {"regions": []}})) == Serving((), 0.0)
    whole = {"regions": regions[:1], "calls_without_log": "x"}
    assert serving(replace(run, aws={"serving": whole})) == Serving(
        (Served("us-east-1", "streaming", 7, (1, 2, 3, 4.5)),), 0
    )
