"""Requests of a set length in tokens, made of words."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from bedrock_locust.workload.calibration import Corrected
from bedrock_locust.workload.contract import Request
from bedrock_locust.workload.lengths import Drawer
from bedrock_locust.workload.prefix import form_of, with_prefix
from bedrock_locust.workload.request import arguments_of, body_of, with_bytes
from bedrock_locust.workload.scripts import WordsScript
from bedrock_locust.workload.session import Session
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
        self._turns = workload.turns if workload else 1
        self._name, self._sessions = name, 0
        self._calibration = Corrected(prepared.calibrations.get(settings.model.id))

    def next(self, position: int | None = None) -> Request:  # noqa: ARG002 - all are alike
        """The next request, or the first of a conversation."""
        if self._turns > 1:
            self._sessions += 1
            script = WordsScript(self._settings, self, self._rng)
            return Session(f"{self._name}-{self._sessions}", script).first()
        tokens, limit = self.draw()
        return self._request(self._words(tokens), limit, tokens, self.a_prefix())

    def draw(self) -> tuple[int, int]:
        """The tokens of a message, and the limit of its answer."""
        return self._input.draw(), self._output.draw() if self._output else self._settings.test.max_tokens

    def _words(self, tokens: int) -> int:
        """The words of a whole prompt with so many tokens."""
        return max(self._calibration.now.words(tokens), self._shared_words + self._nonce_words)

    def a_prefix(self) -> str:
        """One of the prefixes that calls share, or empty."""
        shared = self._shared_words
        return self._prefix(self._rng.randrange(self._prefixes), shared) if shared else ""

    def message(self, tokens: int, limit: int, prefix: str, *, first: bool) -> tuple[str, int]:
        """A message, and how many words the prompt has with it; the first one brings all that stands around."""
        words = self._words(tokens) if first else round(tokens / self._calibration.now.per_word)
        return self._text(words, limit, prefix), words

    def answer(self, limit: int) -> str:
        """An answer that is as long as its limit."""
        return filler(self._rng.randrange(10_000), max(1, round(limit / self._calibration.now.per_word)))

    def with_prefix(self, body: dict[str, Any], prefix: str) -> dict[str, Any]:
        """The body with the prefix in its system prompt, where it has one."""
        return with_prefix(body, prefix, self._settings) if prefix and form_of(self._settings) else body

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
        body = self.with_prefix(body_of(self._settings, self._text(words, limit, prefix), limit), prefix)
        return Request(arguments_of(self._settings, body), {"input_tokens_asked": tokens}, words)

    def _text(self, words: int, limit: int, prefix: str) -> str:
        """A message that brings a prompt to so many words; with the prefix, unless that is in the system prompt."""
        rest = words - len(prefix.split()) - self._nonce_words
        parts = [nonce(self._nonce_words), filler(self._rng.randrange(10_000), max(0, rest)), self._ask(limit)]
        return " ".join(filter(None, parts if form_of(self._settings) else [prefix, *parts]))

    def _ask(self, limit: int) -> str:
        template = self._settings.test.prompt_template
        return template.replace("{size}", str(limit)) if template else ASK.replace("{words}", str(limit))
