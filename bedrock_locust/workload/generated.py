"""Requests of a set length in tokens, made of words."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from bedrock_locust.workload.calibration import Corrected
from bedrock_locust.workload.contract import Request
from bedrock_locust.workload.lengths import Drawer
from bedrock_locust.workload.request import arguments_of, body_of, with_bytes
from bedrock_locust.workload.words import NONCE_WORDS, filler, nonce

if TYPE_CHECKING:
    from bedrock_locust.settings.schema import Settings
    from bedrock_locust.settings.workload import Length, Workload
    from bedrock_locust.workload.calibration import Calibration

ASK = "Write a long text about these words, of at least {words} words."
"""What a prompt asks for in the end, unless `test.prompt_template` is set."""


class GeneratedWorkload:
    """Prompts of `workload.input_tokens`, with answers of at most `workload.output_tokens`.

    A prompt is a nonce, filler, and what is asked; all of it words, so that its tokens follow from their number.
    """

    def __init__(self, settings: Settings, input_tokens: Length, calibration: Calibration | None, name: str) -> None:
        """`name` is that of the process: each draws lengths of its own."""
        workload: Workload | None = settings.workload
        self._settings = with_bytes(settings)
        self._rng = Random(f"{workload.seed if workload else 0} {name}")
        self._input = Drawer(input_tokens, self._rng)
        output = workload.output_tokens if workload else None
        self._output = Drawer(output, self._rng) if output else None
        self._nonce_words = NONCE_WORDS if settings.test.unique_prompts else 0
        self._calibration = Corrected(calibration)

    def next(self) -> Request:
        """The next request."""
        tokens = self._input.draw()
        limit = self._output.draw() if self._output else self._settings.test.max_tokens
        words = max(self._calibration.now.words(tokens), self._nonce_words)
        return self._request(words, limit, tokens)

    def probe(self, words: int, max_tokens: int) -> Request:
        """A request with so many words."""
        return self._request(words, max_tokens, None)

    def heard(self, request: Request, input_tokens: int | None) -> None:
        """The service counted these tokens in a request."""
        if input_tokens is not None:
            self._calibration.hear(request.words, input_tokens)

    def _request(self, words: int, limit: int, tokens: int | None) -> Request:
        text = filler(self._rng.randrange(10_000), words - self._nonce_words)
        parts = (nonce(self._nonce_words), text, self._ask(limit))
        body = body_of(self._settings, " ".join(filter(None, parts)), limit)
        return Request(arguments_of(self._settings, body), {"input_tokens_asked": tokens}, words)

    def _ask(self, limit: int) -> str:
        template = self._settings.test.prompt_template
        return template.replace("{size}", str(limit)) if template else ASK.replace("{words}", str(limit))
