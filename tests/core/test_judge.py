"""The judge of a search: what it keeps of the calls of a level, and how it answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bedrock_locust.arrivals.counts import Fate
from bedrock_locust.live.health import Cause, Health
from bedrock_locust.live.judge import Judge
from bedrock_locust.live.tally import Tally
from bedrock_locust.settings.schema import Settings

from .test_output import CALL, LEVEL, run_of

OPENED = 1.8e9
SETTINGS = Settings.model_validate({"model": {"id": "m"}, "slo": {"ttft_ms": 500, "success_rate": 90}})
LEVELS = [replace(LEVEL, key=key, phase="measure", measured_from=OPENED, duration_s=100) for key in ("a", "b", "empty")]


def judge_of(**run: Any) -> Judge:
    """A judge to whom three levels have been announced."""
    about: dict[str, Any] = {
        "settings": SETTINGS,
        "tally": Tally(),
        "health": Health(),
        "is_local": True,
        "arrivals": lambda _: None,
        "disturbances": lambda _: [],
    }
    about |= run
    made = Judge()
    made.begin(run_of(**about))
    for level in LEVELS:
        about["tally"].level(level)
        made.level(level)
    return made


def tell(judge: Judge, level: str, count: int, *, upto_s: float = 100, **call: Any) -> None:
    """Calls that start one after the other, up to a moment of the window."""
    for number in range(count):
        given = {"ttft_ms": 100.0, "phase": "measure", **call}
        judge.add(replace(CALL, level=level, started_at=OPENED + upto_s * number / count, **given))


def test_a_verdict_on_all_calls() -> None:
    """Of the window, by all probes of the load."""
    judge = judge_of()
    tell(judge, "a", 300)
    tell(judge, "a", 50, phase="warmup", ttft_ms=900.0)
    tell(judge, "a", 50, phase="drain", ttft_ms=900.0)
    tell(judge, "b", 300, ttft_ms=600.0)
    good = judge.answer(["a"], None, "unclear")
    assert (good["verdict"], good["leans"], good["calls"], good["share"]) == ("met", True, 300, 1)
    assert (good["success_share"], good["throttled_at"], good["client"], good["disturbed"]) == (1, None, [], [])
    assert judge.answer(["b"], None, "unclear")["verdict"] == "missed"
    assert judge.answer(["a", "b"], None, "unclear")["verdict"] == "unclear"


def test_calls_that_end_before_the_window_is_told() -> None:
    """A window of arrivals opens by the clock, and the shape tells it at its next tick: its calls count as well."""
    judge = judge_of()
    late = replace(LEVELS[0], key="late", phase="warmup", measured_from=None)
    judge.level(late)
    tell(judge, "late", 3, upto_s=1)
    tell(judge, "late", 5, upto_s=1, phase="warmup")
    tell(judge, "late", 1, upto_s=1, error="Cancelled")
    judge.level(replace(late, phase="measure", measured_from=OPENED))
    tell(judge, "late", 4, ttft_ms=900.0)
    assert judge.answer(["late"], 100, "unclear")["calls"] == 7
    answer = judge.answer(["late"], None, "unclear")
    assert (answer["calls"], answer["share"]) == (7, 3 / 7)


def test_a_look_at_what_is_known_by_then() -> None:
    """Rows of workers come late, so that more of the last calls are left out."""
    local, distributed = judge_of(), judge_of(is_local=False)
    for judge in (local, distributed):
        tell(judge, "a", 400, upto_s=25, latency_ms=1000.0)
    assert local.answer(["a"], 25, "unclear")["calls"] == 384
    assert distributed.answer(["a"], 25, "unclear")["calls"] == 320
    assert distributed.answer(["a"], None, "unclear")["calls"] == 400


def test_what_was_clear_at_the_last_look_counts() -> None:
    """All calls together may show a little less."""
    judge = judge_of()
    tell(judge, "a", 100)
    assert judge.answer(["a"], None, "unclear")["verdict"] == "unclear"
    assert judge.answer(["a"], None, "met")["verdict"] == "met"


def test_throttled_calls() -> None:
    """They are a miss, and the moment of the last one is told, of whichever phase it is."""
    judge = judge_of()
    tell(judge, "a", 200, error="ThrottlingError", ttft_ms=None)
    tell(judge, "a", 1, error="ThrottlingError", phase="drain", ttft_ms=None)
    answer = judge.answer(["a"], None, "unclear")
    assert (answer["verdict"], answer["success_share"]) == ("missed", 0)
    assert answer["throttled_at"] == OPENED + 99.5


@pytest.mark.parametrize(
    ("fate", "said"),
    [
        (Fate(1000, 995, 3, 2), []),
        (Fate(1000, 900, 60, 40), [str(Cause("arrivals_dropped", "", 6.0)), str(Cause("arrivals_missed", "", 4.0))]),
    ],
)
def test_arrivals_that_were_not_made(fate: Fate, said: list[str]) -> None:
    """The load was another one than asked for."""
    judge = judge_of(arrivals=lambda _: fate)
    tell(judge, "a", 10)
    assert judge.answer(["a"], None, "unclear")["client"] == said
    assert judge.answer(["a"], 50, "unclear")["client"] == []


@pytest.mark.parametrize(
    ("slo", "late_ms", "counts"),
    [
        ({"ttft_ms": 200}, 12.0, False),
        ({"ttft_ms": 130}, 40.0, True),
        ({"ttft_ms": 90}, 40.0, True),
        ({"ttft_ms": 50}, 26.0, False),
        ({"latency_ms": 2000}, 120.0, False),
        ({"ttft_ms": 130, "latency_ms": 9000}, 40.0, True),
        ({"ttft_ms": 130, "latency_ms": 9000}, 4.0, False),
        ({"success_rate": 99}, 400.0, False),
        ({"tpot_ms": 30}, 400.0, False),
    ],
)
def test_tokens_that_were_read_late(slo: dict[str, Any], late_ms: float, counts: bool) -> None:
    """They matter where the verdict would be another one with the lag taken off the times, or added: 100 ms here."""
    health = Health()
    judge = judge_of(health=health, settings=Settings.model_validate({"model": {"id": "m"}, "slo": slo}))
    for _ in range(20):
        health.add(replace(CALL, level="a", phase="measure", ttft_ms=60.0, read_lag_ms=late_ms))
    tell(judge, "a", 300, read_lag_ms=late_ms)
    assert judge.answer(["a"], None, "unclear")["client"] == (
        [f"first tokens were read {late_ms:.0f} ms late at P99"] if counts else []
    )


def test_a_busy_client_and_lost_workers() -> None:
    """Where the load generator was the limit, and where the level had other users than asked for."""
    health = Health()
    judge = judge_of(health=health, disturbances=lambda _: ["worker a was lost"])
    tell(judge, "a", 10)
    health.add_pulse("w", {"a": {"cpu_s": 99.0, "wall_s": 100.0, "lag": {}}})
    answer = judge.answer(["a"], None, "unclear")
    assert (answer["client"], answer["disturbed"]) == (["worker w used 99 % of a core"], ["worker a was lost"])


def test_nothing_to_say() -> None:
    """Of a level without calls nothing is known; of one that nobody announced, or without an SLO, not even that."""
    judge = judge_of()
    answer = judge.answer(["empty"], None, "unclear")
    assert (answer["verdict"], answer["share"], answer["calls"]) == ("unclear", None, 0)
    assert judge.answer(["other"], None, "unclear") == {}
    without = judge_of(settings=Settings.model_validate({"model": {"id": "m"}}))
    assert without.answer(["a"], None, "unclear") == {}
