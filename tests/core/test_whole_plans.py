"""Plans of runs of which more is known than their settings, in a golden file: a first call, a run time, others' use.

`UPDATE_GOLDEN=1 pytest tests/core/test_whole_plans.py` writes it anew: read the difference.
"""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_locust.call import Call
from bedrock_locust.level import Level, within
from bedrock_locust.settings.forecast import forecast
from bedrock_locust.settings.plan import Plan
from bedrock_locust.settings.schema import Settings

from .golden_files import check_text

PRICES = {"input_per_million": 3, "output_per_million": 15}
SONNET_4 = "us.anthropic.claude-sonnet-4-20250514-v1:0"
MANTLE: dict[str, Any] = {"id": "openai.gpt-oss-120b", "endpoint": "mantle", "api": "chat"}
BY_REQUESTS = {"id": "m", "quota": 600}
USERS = {"start": 2, "end": 6, "step": 4, "duration_seconds": 120, "warmup_seconds": 30}
ONE_MODE = {"streaming": False, "max_tokens": 700}


def call(**fields: Any) -> Call:
    """The call before the load: 2 s, 140 tokens in and 60 out."""
    about: dict[str, Any] = {"mode": "streaming", "operation": "converse_stream", "model_id": "m", "name": "x"}
    counts = {"input_tokens": 140, "output_tokens": 60}
    return Call(**{**about, "started_at": 0.0, "latency_ms": 2000.0, **counts, **fields})


def level(users: int, duration_s: float | None, **more: Any) -> Level:
    """A level of a shape."""
    return Level(key=f"a-{users}", mode="a", users=users, duration_s=duration_s, **more)


CASES: dict[str, dict[str, Any]] = {
    "by a first call": {"first": call()},
    "by one without counts": {"first": call(input_tokens=None, output_tokens=None)},
    "by one without an answer": {"first": call(error="ThrottlingError", latency_ms=1.0)},
    "by one of no time": {"first": call(latency_ms=0.2)},
    "of a workload: its prompts are others": {
        "first": call(),
        "workload": {"input_tokens": 500, "output_tokens": 90, "turns": 2, "think_time_seconds": 6},
    },
    "of a whole run time": {"first": call(), "run_time_s": 300},
    "cut in its second level": {"first": call(), "run_time_s": 200},
    "cut in its first warm-up": {"first": call(), "run_time_s": 20},
    "beside others": {"first": call(), "others": {"quota": 30.0, "tokens_per_minute": 9000.0}},
    "beside others who use all of a quota": {"first": call(), "others": {"quota": 600.0}},
    "others of another endpoint": {"first": call(), "others": {"input_tokens_per_minute": 5.0}},
    "rates beside others": {
        "arrivals": {"rates": [2, 12], "duration_seconds": 60},
        "others": {"quota": 90.0},
        "model": BY_REQUESTS,
    },
    "rates beside others who use all": {
        "model": BY_REQUESTS,
        "arrivals": {"rates": [2, 12]},
        "others": {"quota": 700.0},
    },
    "rates of a hair below the quota": {"model": BY_REQUESTS, "arrivals": {"rates": [9.99]}},
    "rates of the quota": {"model": BY_REQUESTS, "arrivals": {"rates": [10]}},
    "mantle": {
        "model": {**MANTLE, "input_tokens_per_minute": 40_000, "output_tokens_per_minute": 90_000},
        "first": call(),
    },
    "mantle beside others": {
        "model": {**MANTLE, "input_tokens_per_minute": 400_000, "output_tokens_per_minute": 9000},
        "first": call(),
        "others": {"output_tokens_per_minute": 900.0, "input_tokens_per_minute": 1.0},
    },
    "a burn-down": {"model": {"id": SONNET_4, "tokens_per_minute": 60_000, "tokens_per_day": 10**9}, "first": call()},
    "of other levels": {"first": call(), "levels": [level(3, 60), level(9, 100, warmup_s=20)]},
    "levels that do not say how long they are": {"first": call(), "levels": [level(3, 60), level(9, None)]},
    "the same within a run time": {"first": call(), "levels": [level(3, 60), level(9, None)], "run_time_s": 90},
}
SECTIONS = ("model", "workload", "arrivals")


def told(about: dict[str, Any]) -> list[str]:
    """The plan, and what is known of the forecast."""
    sections = {name: about[name] for name in SECTIONS if name in about}
    model = {"id": "m", "quota": 600, "tokens_per_minute": 90_000}
    base = {"model": model, "concurrency": USERS, "test": ONE_MODE, "pricing": PRICES}
    settings = Settings.model_validate({**base, **sections})
    levels, first, run_time_s = about.get("levels"), about.get("first"), about.get("run_time_s")
    held = None if levels is None and run_time_s is None else within(levels or levels_of(settings), run_time_s)
    found = forecast(settings, first, held, about.get("others"))
    plan = Plan.of(settings, str(found or ""), first, levels, run_time_s)
    if found is None:
        return plan.lines()
    low, high = found.percent
    of = f"{found.quota}: {low:.4f} to {high:.4f} % with {found.last}, of which others {found.others_percent:.4f} %"
    return [*plan.lines(), f"({of}; possible from {found.possible_from}, certain from {found.certain_from})"]


def levels_of(settings: Settings) -> list[Level]:
    """Its levels of users."""
    steps = settings.concurrency
    users = range(steps.start, steps.end + 1, steps.step)
    return [level(one, steps.duration_seconds, warmup_s=steps.warmup_seconds) for one in users]


def test_plans_are_as_they_were_read_and_approved() -> None:
    """Every line of them, and the figures of the forecast to four places."""
    parts = ["\n".join([f"# {name}", *told(about)]) for name, about in CASES.items()]
    check_text("plans.txt", "\n\n".join(parts) + "\n")


@pytest.mark.parametrize(("used", "said"), [(0.99, ""), (1.0, "; others use 1 % of it now")])
def test_others_are_named_from_a_hundredth_on(used: float, said: str) -> None:
    """Of the quota."""
    settings = Settings.model_validate({"model": {"id": "m", "quota": 100}, "arrivals": {"rates": [2]}})
    text = str(forecast(settings, None, None, {"quota": used}))
    assert text.endswith(f", which is for 1.65 requests/s{said}")
