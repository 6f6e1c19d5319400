"""Requests of a set length in tokens, made of words."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from bedrock_locust.workload.calibration import Corrected
from bedrock_locust.workload.contract import Request
from bedrock_locust.workload.lengths import Drawer
from bedrock_locust.workload.prefix import form_of, with_prefix
from bedrock_locust.workload.request import arguments_of, body_of, with_bytes
from bedrock_locust.workload.words import NONCE_WORDS, filler, nonce

if TYPE_CHECKING:
    from bedrock_locust.settings.schema import Settings
    from bedrock_locust.settings.workload import Length, Workload
    from bedrock_locust.workload.prepared import Prepared

LEAST_LIMIT = 16
"""Output tokens of a call that only writes to the cache: the least that all APIs take."""
ASK = "Write a long text about these words, of at least {words} words."
"""What a prompt asks for in the end, unless `test.prompt_template` is set."""


class GeneratedWorkload:
    """Prompts of `workload.input_tokens`, with answers of at most `workload.output_tokens`.

    A prompt is a nonce, filler, and what is asked; all of it words, so that its tokens follow from their number.
    """

    def __init__(self, settings: Settings, input_tokens: Length, prepared: Prepared, name: str) -> None:
        """`name` is that of the process: each draws lengths of its own."""
        workload: Workload | None = settings.workload
        self._settings = with_bytes(settings)
        self._rng = Random(f"{workload.seed if workload else 0} {name}")
        self._input = Drawer(input_tokens, self._rng)
        output = workload.output_tokens if workload else None
        self._output = Drawer(output, self._rng) if output else None
        self._nonce_words = NONCE_WORDS if settings.test.unique_prompts else 0
        self._shared_tokens = workload.shared_prefix_tokens or 0 if workload else 0
        self._prefixes = workload.prefixes if workload else 1
        self._is_cached = workload is not None and workload.cache != "off"
        self._prefix_begin = prepared.prefix or nonce()
        self._calibration = Corrected(prepared.calibration)

    def next(self) -> Request:
        """The next request."""
        tokens = self._input.draw()
        limit = self._output.draw() if self._output else self._settings.test.max_tokens
        shared = self._shared_words
        words = max(self._calibration.now.words(tokens), shared + self._nonce_words)
        number = self._rng.randrange(self._prefixes) if shared else 0
        return self._request(words, limit, tokens, self._prefix(number, shared))

    def of_each_prefix(self) -> list[Request]:
        """A request with each of the prefixes, and hardly more."""
        shared = self._shared_words
        words = shared + self._nonce_words + 1
        return [self._request(words, LEAST_LIMIT, None, self._prefix(n, shared)) for n in range(self._prefixes)]

    @property
    def _shared_words(self) -> int:
        """The words of a prefix: no more tokens stand around them than around the rest."""
        return round(self._shared_tokens / self._calibration.now.per_word)

    def _prefix(self, number: int, words: int) -> str:
        """One of the prefixes; it begins as those of this run do, or is new each time where nothing is to be cached."""
        if not words:
            return ""
        begin = self._prefix_begin if self._is_cached else nonce()
        return f"{begin} {filler(number * 7919, max(0, words - NONCE_WORDS))}"

    def probe(self, words: int, max_tokens: int) -> Request:
        """A request with so many words."""
        return self._request(words, max_tokens, None)

    def heard(self, request: Request, input_tokens: int | None) -> None:
        """The service counted these tokens in a request."""
        if input_tokens is not None:
            self._calibration.hear(request.words, input_tokens)

    def _request(self, words: int, limit: int, tokens: int | None, prefix: str = "") -> Request:
        settings = self._settings
        rest = words - len(prefix.split()) - self._nonce_words
        prompt = [nonce(self._nonce_words), filler(self._rng.randrange(10_000), max(0, rest)), self._ask(limit)]
        in_system = prefix and form_of(settings)
        text = " ".join(filter(None, prompt if in_system else [prefix, *prompt]))
        body = body_of(settings, text, limit)
        if in_system:
            body = with_prefix(body, prefix, settings)
        return Request(arguments_of(settings, body), {"input_tokens_asked": tokens}, words)

    def _ask(self, limit: int) -> str:
        template = self._settings.test.prompt_template
        return template.replace("{size}", str(limit)) if template else ASK.replace("{words}", str(limit))
