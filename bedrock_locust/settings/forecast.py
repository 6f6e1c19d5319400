"""Before the run: at how many users the quotas will be used up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bedrock_locust.call import Call
    from bedrock_locust.settings.schema import Settings

CHARACTERS_PER_TOKEN = 4
"""Of English text, roughly."""
TTFT_S, TPOT_S, ANSWER_TOKENS = 1.0, 0.02, 400
"""What a call is taken to be like before any was made."""


@dataclass(frozen=True)
class Load:
    """What one call is expected to be like."""

    latency_s: float
    input_tokens: float
    output_tokens: float
    seen: bool
    """Whether a call told so, or it is a guess."""


@dataclass(frozen=True)
class Forecast:
    """The first level that is expected to use up a quota, or the last level with what it uses."""

    users: int
    percent: float
    quota: str
    """In words: `requests per minute` or `tokens per minute`."""
    load: Load
    burndown: float = 1.0
    """How often an output token was counted; 1 for a quota of requests."""

    @property
    def throttles(self) -> bool:
        """Whether throttling is to be expected."""
        return self.percent >= 100

    def __str__(self) -> str:
        load = self.load
        about = f"{load.latency_s:.2g} s and {load.output_tokens:.0f} output tokens"
        counted = f", each counted {self.burndown:g} times" if self.burndown != 1 else ""
        basis = f"as the first call: {about}{counted}" if load.seen else f"if a call takes {about}{counted}"
        users = f"{self.users} user{'s' if self.users != 1 else ''}"
        if self.throttles:
            return f"throttling expected from {users} on: {self.quota} at {self.percent:.0f} % ({basis})"
        return f"{self.quota} at {self.percent:.0f} % with {users} ({basis})"


def forecast(settings: Settings, first: Call | None = None) -> Forecast | None:
    """What the levels will use of the quotas, by the first call if there was one; None without a quota.

    Users call without a pause, so each makes 60 / latency calls a minute. Tokens are counted as the
    service does: what is left of the calls of a minute, and what those at work reserve.
    """
    if not (settings.model.quota or settings.model.tokens_per_minute):
        return None
    load = _load(settings, first)
    steps = settings.concurrency
    found = None
    for users in range(steps.start, steps.end + 1, steps.step):
        found = _at(settings, load, users)
        if found.throttles:
            break
    return found


def _at(settings: Settings, load: Load, users: int) -> Forecast:
    model, calls_per_min = settings.model, 60 * users / load.latency_s
    tokens = calls_per_min * (load.input_tokens + load.output_tokens * model.burndown)
    tokens += users * (load.input_tokens + settings.test.max_tokens)
    shares = [
        (calls_per_min, model.quota, "requests per minute", 1.0),
        (tokens, model.tokens_per_minute, "tokens per minute", model.burndown),
    ]
    percent, quota, burndown = max((100 * used / most, name, burndown) for used, most, name, burndown in shares if most)
    return Forecast(users, percent, quota, load, burndown)


def _load(settings: Settings, first: Call | None) -> Load:
    guessed_output = min(settings.test.max_tokens, ANSWER_TOKENS)
    guessed_input = settings.test.prompt_size / CHARACTERS_PER_TOKEN
    if first is None or first.error:
        return Load(TTFT_S + TPOT_S * guessed_output, guessed_input, guessed_output, seen=False)
    return Load(
        max(first.latency_ms / 1000, 0.001),
        guessed_input if first.input_tokens is None else first.input_tokens,
        guessed_output if first.output_tokens is None else first.output_tokens,
        seen=True,
    )
