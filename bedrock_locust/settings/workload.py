"""The section `workload`: what each call asks, and how long it is."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from bedrock_locust.settings.fields import Amount, FileName, NotNegative, Number, Positive, Section, Whole

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_TOKENS = 10_000_000
PAUSES = "must be a number of seconds, {mean, stddev} or {median, mean}"
MOST_PAUSE_S = 3600
KINDS = "must be a number of tokens, {mean, stddev}, {median, mean}, {values, weights} or {from: a file}"

RecordFormat = Literal[
    "auto", "plain", "converse", "native", "openai_batch", "bedrock_batch", "sharegpt", "mt_bench", "aiperf", "mooncake"
]
"""The names of `workload.readers`."""
Tokens = Annotated[Whole, Field(gt=0, le=MOST_TOKENS)]


def _read(value: Any) -> Any:
    """The value; of a text, as options have it, what it says in JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


class Length(Section):
    """Lengths in tokens: all the same, or drawn from a distribution.

    A number is a mean without a spread. Mean and standard deviation are a normal distribution, median and mean a
    lognormal one. Values have weights, or are as frequent as each other; those of a file are its own.
    """

    model_config = ConfigDict(populate_by_name=True)

    mean: Number | None = None
    stddev: NotNegative | None = None
    median: Amount | None = None
    values: tuple[Tokens, ...] | None = None
    weights: tuple[NotNegative, ...] | None = None
    source: FileName | None = Field(None, alias="from")
    max: Tokens | None = None
    """The most that is drawn. Without it there is no bound."""

    @model_validator(mode="before")
    @classmethod
    def _of_a_number(cls, value: Any) -> Any:
        value = _read(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return {"mean": value, "stddev": 0}
        names = {"from", *cls.model_fields}
        if not isinstance(value, Mapping) or not value or not set(value) <= names:
            raise ValueError(KINDS)
        return value

    @model_validator(mode="after")
    def _is_one_kind(self) -> Length:
        given = {name for name in ("mean", "stddev", "median", "values", "weights") if getattr(self, name) is not None}
        kinds: Sequence[set[str]] = [{"mean", "stddev"}, {"mean", "median"}, {"values", "weights"}, {"values"}]
        if given not in kinds and not (self.source and not given):
            raise ValueError(KINDS)
        if self.mean is not None and not 1 <= self.mean <= MOST_TOKENS:
            raise ValueError(f"must have a mean from 1 to {MOST_TOKENS:,}")
        if self.median is not None and self.mean is not None and self.mean < self.median:
            raise ValueError("must have a mean of the median or more, as a lognormal distribution has")
        if self.weights is not None and (len(self.weights) != len(self.values or ()) or not sum(self.weights)):
            raise ValueError("must have a weight for each value, and not all of them 0")
        if self.values == ():
            raise ValueError("must have values")
        return self

    @property
    def average(self) -> float:
        """The mean of what is drawn, before `max`."""
        if self.mean is not None:
            return self.mean
        values, weights = self.values or (1,), self.weights or (1,) * len(self.values or (1,))
        return sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)

    @property
    def most(self) -> int:
        """What hardly any drawn length exceeds: the largest value, or that of one in 1,000."""
        if self.values:
            high = float(max(self.values))
        elif self.median is not None and self.mean is not None:
            high = self.median * math.exp(3.1 * math.sqrt(2 * math.log(self.mean / self.median)))
        else:
            high = (self.mean or 1) + 3.1 * (self.stddev or 0)
        return min(math.ceil(high), self.max or MOST_TOKENS)


class Pause(Section):
    """Lengths of pauses in seconds: all the same, or drawn from a distribution."""

    mean: NotNegative
    stddev: NotNegative | None = None
    median: Amount | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_a_number(cls, value: Any) -> Any:
        value = _read(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return {"mean": value}
        if isinstance(value, Pause):
            return value
        if not isinstance(value, Mapping) or not value or not set(value) <= set(cls.model_fields):
            raise ValueError(PAUSES)
        return value

    @model_validator(mode="after")
    def _is_one_kind(self) -> Pause:
        if self.stddev is not None and self.median is not None:
            raise ValueError(PAUSES)
        if self.mean > MOST_PAUSE_S:
            raise ValueError(f"must be {MOST_PAUSE_S:,} s or less on average")
        if self.median is not None and self.mean < self.median:
            raise ValueError("must have a mean of the median or more, as a lognormal distribution has")
        return self


class Workload(Section):
    """What each call asks: requests from a file, or lengths in tokens in place of those of `test`."""

    file: FileName | None = None
    """File with a request in each record: JSONL, a JSON array, CSV, also with gzip. Each worker reads its own copy."""
    format: RecordFormat = "auto"
    """Format of the records. `auto` tells it by the members of the first one."""
    order: Literal["in_turn", "shuffled"] = "in_turn"
    """Order of the records: that of the file, or shuffled anew for each pass. A pass sends each once, by one worker."""
    restart: Literal["run", "level"] = "run"
    """Where the order begins anew: with the run, or with each level."""
    passes: Annotated[Positive, Field(le=1_000_000)] | None = None
    """End the run once each record was sent this number of times. Without it the file is sent as often as needed."""
    on_bad: Literal["fail", "skip"] = "fail"
    """What a record that cannot be sent does: the run does not begin, or it is left out and counted."""

    input_tokens: Length | None = None
    """Tokens of each prompt: a number, `{"mean": 800, "stddev": 200}` or others of docs/workload.md."""
    output_tokens: Length | None = None
    """Most output tokens of each answer, as `input_tokens`; the prompt asks for a text of this length."""
    shared_prefix_tokens: Tokens | None = None
    """Tokens at the beginning of each prompt that calls share; they are a part of `input_tokens`."""
    prefixes: Annotated[Positive, Field(le=10_000)] = 1
    """How many different prefixes there are; each call has one of them."""
    cache: Literal["off", "5m", "1h", "implicit"] = "off"
    """`5m` and `1h` set a cache point after the prefix, `implicit` leaves it to the service, `off` defeats caches."""
    turns: Annotated[Positive, Field(le=1000)] = 1
    """Turns of each conversation, at most: each sends all that was said before. Of 1, a record is one request."""
    history: Literal["recorded", "live"] = "recorded"
    """Answers in the history: those of the file, or of the length asked for; or those that the model gave."""
    think_time_seconds: Pause | None = None
    """How long a user waits between two turns: a number, `{"mean": 8, "stddev": 2}` or `{"median": 5, "mean": 8}`."""
    tool_seconds: Pause | None = None
    """How long a tool takes: the wait before a turn with its result, as `think_time_seconds`, which it replaces."""
    seed: Annotated[Whole, Field(ge=0)] = 0
    """Lengths and order are the same in runs of the same seed with the same number of processes."""

    @property
    def caches_nothing(self) -> str:
        """Why its `cache` can do nothing: it makes no prefix that calls share. Empty where it is off, or has one."""
        if self.cache == "off" or self.shared_prefix_tokens or self.turns > 1:
            return ""
        return f"workload.cache is {self.cache}, but there is nothing to cache: set shared_prefix_tokens or turns"

    @property
    def calls_each(self) -> float:
        """The calls of a conversation, on average: of a file they are known once it has been read."""
        return self.turns

    @model_validator(mode="after")
    def _has_one_source(self) -> Workload:
        if self.file and self.input_tokens:
            raise ValueError("file and input_tokens both say what is sent: give one of them")
        return self

    @model_validator(mode="after")
    def _has_passes(self) -> Workload:
        if self.passes and not self.file:
            raise ValueError("passes counts how often a file is sent: set file")
        if self.passes and self.restart == "level":
            raise ValueError("passes counts those of the whole run: leave restart at run")
        return self

    @model_validator(mode="after")
    def _can_be_a_conversation(self) -> Workload:
        if self.turns > 1 and not (self.file or self.input_tokens):
            raise ValueError("turns needs something to say: set file, or input_tokens for the length of each message")
        return self

    @model_validator(mode="after")
    def _has_a_prefix(self) -> Workload:
        if self.shared_prefix_tokens and not self.input_tokens:
            raise ValueError("shared_prefix_tokens needs input_tokens, the length of the whole prompt")
        if self.shared_prefix_tokens and self.input_tokens and self.shared_prefix_tokens >= self.input_tokens.most:
            raise ValueError("shared_prefix_tokens must be less than input_tokens, of which they are a part")
        return self


class CountedWorkload(Workload):
    """A file that has been read, for plan and forecast: the lengths of its calls, with all that was said before."""

    calls_of_a_record: float

    @property
    def calls_each(self) -> float:
        """The calls of a record, on average."""
        return self.calls_of_a_record
