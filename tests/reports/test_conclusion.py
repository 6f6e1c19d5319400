"""Which levels a reader is told of, decided from figures alone."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import pandas as pd
import pytest

from reports.numbers.conclusion import conclude, conclusions
from reports.numbers.forecast import Overuse
from reports.numbers.limit import Evidence, Limit
from reports.numbers.quota import Quota
from reports.numbers.slo import Check, Gate, Slo

KEYS = ["s-04", "s-08", "s-12", "s-16"]


class Known:
    """What is known of the growth of throughput: the knee, and whether the last level has more than the one before."""

    def __init__(self, knee: tuple[str, ...] = (), *, grows: bool = False) -> None:
        self._knee, self._grows = knee, grows

    def knee(self, figures: pd.DataFrame, rate: str) -> tuple[str, ...]:
        """The knee, if its levels are among these."""
        return self._knee if set(self._knee) <= set(figures.index) else ()

    def grows(self, figures: pd.DataFrame, before: str, after: str, rate: str) -> bool:
        """Of the last two levels only."""
        return self._grows and (before, after) == tuple(figures.index[-2:])


def figures(**columns: Any) -> pd.DataFrame:
    """Four levels of streaming calls that went well, with more throughput from one to the next."""
    table = pd.DataFrame(
        {"load": [4.0, 8.0, 12.0, 16.0], "output_tokens_per_s": [100.0, 180.0, 220.0, 230.0]}, index=KEYS
    )
    table = table.assign(mode="streaming", group="", unit="users", part=math.nan, kind="", ok=200.0, failed=0.0)
    table = table.assign(output_tokens_count=200.0, requests_per_s=[1.0, 2.0, 3.0, 4.0], success_rate_effect=1.0)
    return table.assign(success_rate_high=1.0).assign(**columns)


def failed(**counts: tuple[str, int]) -> pd.DataFrame:
    """The measured failures of levels: category and count."""
    rows = [(key.replace("_", "-"), error, count, 0) for key, (error, count) in counts.items()]
    return pd.DataFrame(rows, columns=["key", "error", "measured", "other"]).set_index("key")


def gate(*met: bool | None, close: bool = False, **slo: float) -> Gate:
    """A gate on latency that the levels meet or not; None is not measured."""
    checks = {key: [Check("latency_ms", 1, 1, one, close)] for key, one in zip(KEYS, met, strict=False)}
    return Gate(Slo(latency_ms=1, **slo), checks, pd.DataFrame())


USED = pd.DataFrame({"requests_percent": 90.0, "tokens_percent": math.nan}, index=KEYS)
QUOTA = Quota({"requests": 600, "tokens": None}, 5, 256, USED, {})


def evidence(**known: Any) -> Evidence:
    """Nothing but this."""
    about: dict[str, Any] = {"gate": None, "late": [], "failures": failed(), "overused": {}, "quota": QUOTA}
    about |= {"message": "", "growth": Known(), "unanswered": [], "searched": {}, "other_loads": {}}
    return Evidence(**about | known)


PLAIN = {
    "mode": "streaming",
    "group": "",
    "rate": "output_tokens_per_s",
    "advised": "s-16",
    "basis": "most",
    "knee": (),
    "met": None,
    "over": None,
    "over_at": None,
    "best": "s-16",
    "breaks": None,
    "limit": None,
    "main": None,
    "is_last": True,
    "rising": False,
}
"""The last level has the most throughput, and nothing is wrong with it."""
BAD = {"failed": [0.0, 0.0, 0.0, 20.0], "ok": [200.0, 200.0, 200.0, 180.0], "success_rate_high": [1, 1, 1, 0.95]}
WORSE = {"failed": [0, 0, 20, 20], "ok": [200, 200, 180, 180], "success_rate_high": [1, 1, 0.95, 0.95]}
THROTTLED = failed(s_16=("ThrottlingError", 20))
BOTH = failed(s_12=("ModelError", 20), s_16=("ThrottlingError", 20))
THROTTLING = Limit("throttled", "s-16", "ThrottlingError", quota="requests")
OVER, NEAR = Overuse("requests", 120, 110), Overuse("requests", 101, 95)
LATE = {"late": ["s-16"]}


@pytest.mark.parametrize(
    ("columns", "known", "expected"),
    [
        ({}, {}, {}),
        ({}, {"growth": Known(grows=True)}, {"rising": True}),
        ({}, {"growth": Known(grows=True)} | LATE, {"advised": "s-16"}),
        ({"load": math.nan}, {"growth": Known(grows=True)}, {}),
        (
            {"output_tokens_per_s": [100, 180, 230, 220]},
            {"growth": Known(grows=True)},
            {"advised": "s-12", "best": "s-12", "is_last": False},
        ),
        # a knee, alone or between two levels, is where one should run, and what gave out is that more brings less
        (
            {},
            {"growth": Known(("s-08",))},
            {
                "advised": "s-08",
                "basis": "knee",
                "knee": ("s-08",),
                "is_last": False,
                "limit": Limit("flat", "s-12", before="s-08"),
            },
        ),
        (
            {},
            {"growth": Known(("s-08", "s-12"))},
            {
                "advised": "s-08",
                "basis": "knee",
                "knee": ("s-08", "s-12"),
                "is_last": False,
                "limit": Limit("flat", "s-16", before="s-12"),
            },
        ),
        ({}, {"growth": Known(("s-12", "s-16"))}, {"advised": "s-12", "basis": "knee", "knee": ("s-12", "s-16")}),
        (
            {},
            {"growth": Known(("s-12",))} | LATE,
            {"advised": "s-12", "basis": "knee", "knee": ("s-12",)},
        ),
        # tokens of nearly all calls rank the levels, else requests
        ({"output_tokens_count": [200, 200, 200, 198]}, {}, {}),
        ({"output_tokens_count": [200, 200, 200, 197]}, {}, {"rate": "requests_per_s"}),
        ({"output_tokens_per_s": 0.0}, {}, {"rate": "requests_per_s"}),
        ({"ok": [200, 200, 200, 1], "output_tokens_count": [200, 200, 200, 0]}, {}, {"rate": "requests_per_s"}),
        (
            {"ok": [200, 200, 200, 0], "output_tokens_count": 0.0, "failed": 1.0},
            {},
            {"rate": "requests_per_s", "advised": "s-12", "best": "s-12"},
        ),
        # failures
        (
            BAD,
            {"failures": THROTTLED},
            {"advised": "s-12", "best": "s-12", "breaks": "s-16", "limit": THROTTLING, "main": THROTTLING},
        ),
        (
            WORSE,
            {"failures": BOTH},
            {
                "advised": "s-08",
                "best": "s-08",
                "breaks": "s-12",
                "limit": Limit("failures", "s-12", "ModelError"),
                "main": Limit("failures", "s-12", "ModelError"),
            },
        ),
        # another load than asked for, and answers that are none
        ({}, {"other_loads": {"s-16": 50.0}}, {"advised": "s-12", "best": "s-12"}),
        ({}, {"unanswered": ["s-16"]}, {"advised": "s-12", "best": "s-12"}),
        ({}, {"unanswered": KEYS}, {"advised": "s-16", "is_last": True}),
        # an SLO
        ({}, {"gate": gate(True, True, True, True)}, {"basis": "slo", "met": "s-16"}),
        (
            {},
            {"gate": gate(True, True, False, False)},
            {"advised": "s-08", "basis": "slo", "met": "s-08", "is_last": False, "limit": Limit("slo", "s-12")},
        ),
        (
            {},
            {"gate": gate(True, False, True, True)},
            {"advised": "s-04", "basis": "slo", "met": "s-04", "is_last": False, "limit": Limit("slo", "s-08")},
        ),
        (
            {},
            {"gate": gate(True, True, None, True)},
            {"advised": "s-08", "basis": "slo", "met": "s-08", "is_last": False},
        ),
        (
            {},
            {"gate": gate(False, True, True, True)},
            {"advised": None, "basis": "slo", "met": None, "is_last": False, "limit": Limit("slo", "s-04")},
        ),
        (
            {},
            {"gate": gate(False, True, True, True), "late": ["s-04"]},
            {"basis": "slo", "met": "s-16"},
        ),
        (
            {},
            {"gate": gate(True, True, True, False)} | LATE,
            {"advised": "s-12", "basis": "slo", "met": "s-12"},
        ),
        ({"mode": "non_streaming"}, {"gate": Gate(Slo(ttft_ms=1), {}, pd.DataFrame())}, {"mode": "non_streaming"}),
        # a quota that only a short window let a level use
        (
            {},
            {"overused": {"s-12": OVER}},
            {"advised": "s-08", "basis": "quota", "over": OVER, "over_at": "s-12", "is_last": False},
        ),
        (
            {},
            {"overused": {"s-12": NEAR, "s-16": OVER}},
            {"advised": "s-08", "basis": "quota", "over": OVER, "over_at": "s-16", "is_last": False},
        ),
        ({}, {"overused": {"s-12": NEAR}}, {}),
        (
            {},
            {"overused": {"s-04": OVER}},
            {"advised": None, "basis": "quota", "over": OVER, "over_at": "s-04", "is_last": False},
        ),
        (
            {},
            {"overused": {"s-12": OVER}, "gate": gate(True, False, True, True), "late": ["s-08"]},
            {"advised": "s-04", "basis": "quota", "met": "s-16", "over": OVER, "over_at": "s-12", "is_last": False},
        ),
        (
            {},
            {"overused": {"s-12": OVER}, "growth": Known(("s-12",))},
            {"advised": "s-08", "basis": "quota", "knee": ("s-12",), "over": OVER, "over_at": "s-12", "is_last": False},
        ),
        # a search
        ({}, {"searched": {"streaming": "s-08"}}, {"advised": "s-08", "basis": "search", "is_last": False}),
        ({}, {"searched": {"streaming": "s-99"}}, {"advised": None, "basis": "search", "is_last": False}),
        ({}, {"searched": {"streaming": None}}, {"advised": None, "basis": "search", "is_last": False}),
        (
            {},
            {"searched": {"streaming": "s-08"}, "gate": gate(True, True, False, False), "overused": {"s-08": OVER}},
            {"advised": "s-08", "basis": "search", "over": OVER, "over_at": "s-08", "is_last": False},
        ),
        (
            {"group": "Chat"},
            {"searched": {"Chat": "s-04"}},
            {"group": "Chat", "advised": "s-04", "basis": "search", "is_last": False},
        ),
        # a profile, and a ramp that slowed down for lack of capacity
        (
            {"part": [1, 2, 3, 4]},
            {"growth": Known(("s-08",), grows=True), "overused": {"s-08": OVER}},
            {"over": OVER, "over_at": "s-08"},
        ),
        (
            {"part": [1, 2, 3, 4], "kind": "ramp"} | BAD,
            {"failures": failed(s_16=("ServiceUnavailableError", 20))},
            {"advised": "s-12", "best": "s-12", "breaks": "s-16"},
        ),
        (
            {"part": [1, 2, 3, 4], "kind": "ramp"} | BAD,
            {"failures": THROTTLED},
            {"advised": "s-12", "best": "s-12", "breaks": "s-16", "limit": THROTTLING, "main": THROTTLING},
        ),
    ],
    ids=lambda one: str(one)[:60],
)
def test_the_conclusion_of_a_mode(columns: dict[str, Any], known: dict[str, Any], expected: dict[str, Any]) -> None:
    """All of it: the level to run at and why, what gave out where, and whether more load would show more."""
    mode, group = columns.get("mode", "streaming"), columns.get("group", "")
    found = conclude(mode, group, figures(**columns), evidence(**known))
    shown = {name: getattr(found, name) for name in asdict(found)}
    assert shown == PLAIN | expected


def test_each_group_has_its_own() -> None:
    """Of the levels in which calls ended, in their order."""
    table = figures(mode=["streaming", "streaming", "non_streaming", "streaming"], group=["", "Chat", "", ""])
    found = conclusions(table, evidence())
    assert [(one.mode, one.group, one.advised) for one in found] == [
        ("streaming", "", "s-16"),
        ("streaming", "Chat", "s-08"),
        ("non_streaming", "", "s-12"),
    ]
    none = table.assign(ok=[0.0, 0.0, 0.0, 200.0], failed=[0.0, 1.0, 0.0, 0.0])
    assert [(one.mode, one.group) for one in conclusions(none, evidence())] == [
        ("streaming", "Chat"),
        ("streaming", ""),
    ]
