"""Given to locust beside a locustfile: each worker writes down what it was when its first call had been made."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from locust import events

import psutil

MOMENTS: dict[str, float] = {}


def _on_init(**_: Any) -> None:
    MOMENTS["ready"] = time.time()


def _on_test_start(**_: Any) -> None:
    MOMENTS["told"] = time.time()


def _on_request(start_time: float, **_: Any) -> None:
    if "first" in MOMENTS:
        return
    MOMENTS["first"] = start_time
    process = psutil.Process()
    said = {
        "started_at": process.create_time(),
        "moments": MOMENTS,
        "cpu_s": sum(process.cpu_times()[:2]),
        "rss_mb": process.memory_info().rss / 1e6,
        "modules": sorted(sys.modules),
    }
    Path(os.environ["FIRST_CALL"], f"{os.getpid()}.json").write_text(json.dumps(said), encoding="utf-8")


events.init.add_listener(_on_init)
events.test_start.add_listener(_on_test_start)
events.request.add_listener(_on_request)
