"""How long prompts and answers will be, in tokens: what plan, forecast and cost count with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bedrock_locust.settings.schema import Settings

CHARACTERS_PER_TOKEN = 4
"""Rough; tokenizers differ, and so do languages."""


class Sizes(NamedTuple):
    """Lengths in tokens."""

    prompt: float
    """Tokens of a usual prompt; in a conversation, of a usual message."""
    most_prompt: int
    """Hardly any prompt has more: of a size in characters, a token for each."""
    limit: float
    """The usual limit of an answer."""
    most_limit: int
    """The highest limit, or one that hardly any exceeds."""
    turns: int = 1
    """Turns of a conversation, each of which sends again what was said before."""

    @property
    def sent(self) -> float:
        """The tokens that a call sends, on average: with half of what a conversation comes to."""
        return self.prompt + (self.turns - 1) / 2 * (self.prompt + self.limit)

    @property
    def most_sent(self) -> int:
        """The tokens that hardly any call exceeds: those of a last turn."""
        return self.most_prompt + (self.turns - 1) * (self.most_prompt + self.most_limit)

    def prompt_in_words(self, settings: Settings) -> str:
        """The size of the prompts, as the settings have it."""
        if settings.file_of_requests:
            return f"from {settings.file_of_requests}"
        length = settings.workload.input_tokens if settings.workload else None
        if length is None:
            return f"{settings.test.prompt_size:,} characters"
        if self.prompt == self.most_prompt:
            return f"{self.most_prompt:,} tokens"
        return f"{self.prompt:,.0f} tokens on average, hardly any above {self.most_prompt:,}"


def sizes(settings: Settings) -> Sizes:
    """The lengths that the settings ask for."""
    test, workload = settings.test, settings.workload
    prompt, limit = (workload.input_tokens, workload.output_tokens) if workload else (None, None)
    return Sizes(
        prompt=prompt.average if prompt else test.prompt_size / CHARACTERS_PER_TOKEN,
        most_prompt=prompt.most if prompt else test.prompt_size,
        limit=limit.average if limit else test.max_tokens,
        most_limit=limit.most if limit else test.max_tokens,
        turns=workload.turns if workload else 1,
    )
