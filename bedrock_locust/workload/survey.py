"""What is in a workload file: every record is read and checked before the first call."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.plan import counted
from bedrock_locust.settings.sizes import CHARACTERS_PER_TOKEN
from bedrock_locust.settings.workload import CountedWorkload, Length
from bedrock_locust.workload.jsonl import RecordFile, no_pause
from bedrock_locust.workload.measured import chars_in, kinds_in, limit_in, media_bytes_in, prompts_in, sent_in
from bedrock_locust.workload.readers import mooncake
from bedrock_locust.workload.recorded import RecordedWorkload
from bedrock_locust.workload.records import RecordError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_locust.settings.schema import Settings
    from bedrock_locust.workload.contract import Request

MOST_SHOWN = 5
"""Bad records that are named."""
DECIDING: dict[str, Any] = {
    "model": {"id", "api", "format"},
    "test": {"request", "streaming", "non_streaming", "max_tokens"},
    "workload": {"format", "output_tokens", "file", "turns"},
}
"""The settings that decide which records can be sent, and how long they are: others do not have a file read again."""
AT_A_TIME = 100
"""Records between two turns of others."""


@dataclass
class Survey:
    """A file and its records."""

    file: RecordFile
    format: str = ""
    bad: list[int] = field(default_factory=list)
    """The numbers of records that cannot be sent."""
    mistakes: list[str] = field(default_factory=list)
    """What is wrong with the first of them."""

    turns: int = 1
    """Most turns of a conversation."""
    calls: int = 0
    """The calls of a pass: each turn is one."""
    prompt_tokens: float = 0.0
    """Of all prompts together, at some characters a token, or as they are asked for."""
    most_prompt: int = 0
    """The longest of them, counted as a token for each character."""
    kinds: Counter[str] = field(default_factory=Counter)
    """Kind of content -> records that have it."""
    media_bytes: int = 0
    """Of images and documents in all records."""
    limits: int = 0
    """The limits of all answers together."""
    most_limit: int = 0

    def add(self, request: Request) -> None:
        """Count a request that can be sent."""
        body, asked = sent_in(request), request.about.get("input_tokens_asked")
        prompts, limit = prompts_in(body)[: self.turns] if self.turns > 1 else [chars_in(body)], limit_in(body)
        self.calls += len(prompts)
        self.kinds.update(kinds_in(body))
        self.media_bytes += media_bytes_in(body)
        self.prompt_tokens += asked or sum(prompts) / CHARACTERS_PER_TOKEN
        self.most_prompt = max(self.most_prompt, asked or max(prompts))
        self.limits += limit * len(prompts)
        self.most_limit = max(self.most_limit, limit)

    def counted(self, settings: Settings) -> Settings:
        """The settings with the lengths of the file in place of its name: what plan and forecast count with."""
        if not self.calls:
            return settings
        workload = settings.workload
        lengths = CountedWorkload(
            calls_of_a_record=self.calls / self.records,
            think_time_seconds=workload.think_time_seconds if workload else None,
            input_tokens=_length(self.prompt_tokens / self.calls, self.most_prompt),
            output_tokens=_length(self.limits / self.calls, self.most_limit),
        )
        return settings.model_copy(update={"workload": lengths})

    @property
    def records(self) -> int:
        """How many records can be sent."""
        return len(self.file) - len(self.bad)

    def positions(self, settings: Settings) -> int | None:
        """How many positions the sequence of the records has in a run; None where it has no end."""
        passes = settings.workload.passes if settings.workload else None
        return passes and passes * self.records

    def public(self) -> dict[str, Any]:
        """What `run.json` says of it."""
        found = {"format": self.format, "records": self.records, "bad": len(self.bad), "bytes": self.file.size}
        contents = {"kinds": dict(sorted(self.kinds.items())), "media_bytes": self.media_bytes}
        return {**found, **contents, "sha256": self.file.sha256}


def _length(mean: float, most: int) -> Length:
    """A length with this mean, of which hardly any exceeds this."""
    mean = max(1.0, mean)
    return Length(mean=mean, stddev=max(0.0, most - mean) / 3.1)


class Library:
    """The file of the workload that this process has open, and what was found in it."""

    def __init__(self, pause: Callable[[], None] = no_pause) -> None:
        """`pause` lets others have their turn while a large file is read."""
        self._pause = pause
        self._key: tuple[Any, ...] = ()
        self._file: RecordFile | None = None
        self._surveyed = ""
        self._survey: Survey | None = None

    def open(self, name: str) -> RecordFile:
        """The file of this name; opened once, as long as it stays the same. Raises SettingsError."""
        path = Path(name)
        try:
            found = path.stat()
        except OSError as error:
            raise SettingsError(f"workload.file: {name} cannot be read ({error.strerror})") from None
        key = (name, found.st_ino, found.st_mtime_ns, found.st_size)
        if self._file is None or key != self._key:
            self._file, self._key, self._surveyed = RecordFile(path, pause=self._pause), key, ""
        return self._file

    def survey(self, settings: Settings) -> Survey | None:
        """What is in the file of the settings; None without one. Raises SettingsError where it cannot be sent."""
        if settings.workload is None or not settings.workload.file:
            return None
        file = self.open(settings.workload.file)
        key = settings.model_dump_json(include=DECIDING)
        if self._survey is None or self._surveyed != key:
            self._survey, self._surveyed = survey(file, settings, pause=self._pause), key
        _refuse(self._survey, settings)
        return self._survey


def survey(
    file: RecordFile,
    settings: Settings,
    each: Callable[[int, Any], None] = lambda *_: None,
    pause: Callable[[], None] = no_pause,
) -> Survey:
    """Read each record and make its request; `each` gets the number and the request of those that can be sent."""
    found = Survey(file, turns=settings.workload.turns if settings.workload else 1)
    workload = RecordedWorkload(settings, file, lambda _: 0)
    for index in range(len(file)):
        try:
            request = workload.request(index)
            found.add(request)
            each(index, request)
        except RecordError as error:
            found.bad.append(index)
            if len(found.mistakes) < MOST_SHOWN:
                found.mistakes.append(f"{file.path}, line {file.line_number(index)}: {error}")
        if index % AT_A_TIME == 0:
            pause()
    found.format = workload.format
    return found


def _refuse(found: Survey, settings: Settings) -> None:
    workload = settings.workload
    if workload and found.format and found.format != mooncake.NAME and (why := workload.caches_nothing):
        raise SettingsError(f"{why}, or send a trace")
    if not found.bad or (workload and workload.on_bad == "skip" and found.records):
        return
    more = len(found.bad) - len(found.mistakes)
    rest = [f"workload.file: {counted(more, 'more record')} cannot be sent"] if more else []
    advice = "workload.file: correct these records, or set workload.on_bad to skip to leave them out"
    raise SettingsError(*(f"workload.file: {mistake}" for mistake in found.mistakes), *rest, advice)
