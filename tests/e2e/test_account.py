"""A run that knows its account: quotas that were found, and AWS's own counts beside ours."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

import pytest

from .checks import info, read
from .running import QUICK

if TYPE_CHECKING:
    from .running import Place

OPTIONS = (*QUICK, "--requests-per-minute", "600", "--tokens-per-minute", "900000")
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"
BEHIND = ("--inference-profiles", json.dumps({PROFILE: "amazon.nova-pro-v1:0"}), "--legacy")
FAULT = ("--fault", "InternalServerException=0.1", "--burst", "8")


@pytest.mark.usefixtures("no_charts")
def test_a_run_with_its_account(place: Place) -> None:
    """Nothing is set by hand: a profile leads to its model, format and quotas, and both count the same calls."""
    place.configure(
        {
            "model": {"id": PROFILE, "api": "invoke", "quota": None},
            "test": {"non_streaming": False},
            "concurrency": {"start": 4, "end": 4},
            "output": {"aws_check": True},
        }
    )
    code, said = place.run("--headless", f"--bedrock-simulator={shlex.join((*OPTIONS, *FAULT, *BEHIND))}")
    assert code in {0, 1}
    assert f"{PROFILE} (amazon.nova-pro-v1:0)" in said
    assert f"AWS has marked {PROFILE} as legacy since" in said
    assert re.search(r"quotas found in the account: .*900,000 tokens per minute \(L-[0-9A-F]{8}\)", said)
    [run] = place.runs()
    known = info(run)
    assert (known["quotas"]["quota"]["value"], known["settings"]["model"]["tokens_per_minute"]) == (600, 900_000)
    assert known["settings"]["model"]["base_model"] == "amazon.nova-pro-v1:0"
    rows = read(run / "requests.csv")
    sums = {name: one.get("Sum") for name, one in json.loads((run / "aws.json").read_text())["metrics"].items()}
    assert sums["InvocationThrottles"] == len([row for row in rows if row["error"] == "ThrottlingError"])
    assert sums["InvocationServerErrors"] == len([row for row in rows if row["error"] == "InternalServerError"])
    ok = [row for row in rows if row["error"] in {"", "Cancelled"}]
    assert sums["Invocations"] == len(ok)
    assert sums["OutputTokenCount"] == sum(int(row["output_tokens"]) for row in ok)
    text = (run / "report.md").read_text(encoding="utf-8")
    assert "Found in Service Quotas: the quota of 600 requests/min (`L-" in text
    assert "\n## By AWS\n" in text
