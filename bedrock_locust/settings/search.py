"""The section `search`: which load is the highest that meets the SLO."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, create_model, model_validator

from bedrock_locust.settings.arrivals import MOST_PER_S
from bedrock_locust.settings.fields import WEEK_S, Amount, NotNegative, Percent, Seconds, Section, Users, Whole

if TYPE_CHECKING:
    from bedrock_locust.settings.goals import Slo

MOST_PROBES = 1000
NO_TARGET = (
    "search looks for the highest load that meets slo, and there is none: set slo.ttft_ms, slo.latency_ms"
    " (--bedrock-slo-ttft, --bedrock-slo-latency) or another of its conditions"
)
NOT_ASKED = (
    "search: slo asks nothing of calls that do not stream, and no others run: set slo.latency_ms or slo.success_rate,"
    " or test.streaming to true"
)


class SearchFields(Section):
    """The highest load that meets `slo`: it doubles to the first miss, then bisects. In place of `concurrency`."""

    start: Amount = 1
    """The first load that is tried: users, or arrivals per second."""
    most: Annotated[Amount, Field(le=100_000)] = 100
    """The largest load that is tried."""
    probes: Annotated[Whole, Field(ge=4, le=MOST_PROBES)] = 20
    """The most loads that are tried, for each mode. The last two try both ends of the result again."""
    resolution: Percent = 5
    """How exactly the limit is looked for, in percent of the load; 1 user or 0.1 requests/s is the least."""
    duration_seconds: Seconds = 60
    """The longest time that a load is measured, in seconds. It ends sooner once the verdict is clear."""
    warmup_seconds: Annotated[NotNegative, Field(le=WEEK_S)] = 0
    """Time for which each load runs before it is measured, in seconds."""
    seed: Whole = 1
    """Seed of the sequence of arrivals, of a rate."""
    max_in_flight: Users = 1000
    """The most calls in flight in the whole run, of a rate. An arrival beyond them is dropped, and counted."""

    @property
    def by_rate(self) -> bool:
        """Whether the load is arrivals per second; else it is users."""
        return bool(getattr(self, "for") == "rate")

    @model_validator(mode="after")
    def _is_a_range(self) -> SearchFields:
        if self.most < self.start:
            raise ValueError(f"most is {self.most:g}, less than start ({self.start:g}): raise most or lower start")
        if self.by_rate and self.most > MOST_PER_S:
            raise ValueError(f"most is {self.most:g}, and {MOST_PER_S:,} requests/s are the most: lower it")
        if not self.by_rate and any(load != int(load) for load in (self.start, self.most)):
            raise ValueError("start and most are users, which are whole numbers: change them, or set for to rate")
        return self

    def ladder(self) -> list[float]:
        """The loads of a search that never ends before its last probe: the most that it can try."""
        loads = [self.start]
        while len(loads) < self.probes:
            loads.append(min(2 * loads[-1], self.most))
        return loads


if TYPE_CHECKING:

    class Search(SearchFields):
        """With the key `for`, which Python cannot spell."""

else:
    _FOR = Field("users", description="What is looked for: `users` that call one after the other, or a `rate`.")
    _KINDS: Any = Literal["users", "rate"]
    Search = create_model("Search", __base__=SearchFields, __doc__=SearchFields.__doc__, **{"for": (_KINDS, _FOR)})


def asks(slo: Slo, *, streaming: bool) -> bool:
    """Whether an SLO asks anything of calls of a mode."""
    if slo.latency_ms or slo.success_rate:
        return True
    return streaming and any((slo.ttft_ms, slo.tpot_ms, slo.min_tokens_per_s))
