"""What workers must know of a workload."""

from __future__ import annotations

import json

from bedrock_locust.workload.calibration import Calibration
from bedrock_locust.workload.prepared import Prepared


def test_it_travels_as_json() -> None:
    """With a calibration and without."""
    for prepared in (Prepared(), Prepared({"m": Calibration(1.5, 20, "CountTokens")}, "abc", "plain", (1, 5))):
        assert Prepared.from_plain(json.loads(json.dumps(prepared.to_plain()))) == prepared
