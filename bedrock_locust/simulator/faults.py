"""Faults: what the simulator can do wrong on purpose, and which call has which fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bedrock_locust.simulator.errors import STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STREAM_ERRORS: Final[dict[str, str]] = {
    "internalServerException": "The system encountered an unexpected error during processing.",
    "modelStreamErrorException": "The model failed while it streamed its answer.",
    "modelTimeoutException": "The model took too long to go on with its answer.",
    "serviceUnavailableException": "The service became unavailable in the middle of the answer.",
    "throttlingException": "Too many tokens, please wait before trying again.",
    "validationException": "The request turned out to be invalid in the middle of the answer.",
}
"""Exception events in a stream -> message. The names are the members of botocore's `ResponseStream`;
`ConverseStreamOutput` has the same without `modelTimeoutException`."""

CUT: Final = "cut"
STALL: Final = "stall"
EARLY_END: Final = "early-end"
NONSENSE: Final = "nonsense"
SLOW_HEADERS: Final = "slow-headers"
TRUNCATED_FRAME: Final = "truncated-frame"
BAD_CRC: Final = "bad-crc"
DUPLICATE_METADATA: Final = "duplicate-metadata"

DESCRIPTIONS: Final[dict[str, str]] = {
    CUT: "the connection is cut in mid-stream, or instead of the answer of a call without a stream",
    STALL: "silence for `stall_seconds` in mid-stream, or before the answer of a call without a stream",
    EARLY_END: "the stream ends cleanly, but without its stop and usage events",
    NONSENSE: "HTTP 200 with a body that is neither JSON nor an event stream",
    SLOW_HEADERS: "silence for `stall_seconds` before the response headers",
    TRUNCATED_FRAME: "the stream ends cleanly in the middle of an event",
    BAD_CRC: "an event whose checksum is wrong, and then the end of the stream",
    DUPLICATE_METADATA: "the last event of the stream, with the usage, is sent twice",
}

NAMES: Final[tuple[str, ...]] = (*STATUSES, *STREAM_ERRORS, *DESCRIPTIONS)
"""All faults. HTTP errors begin with a capital letter, exception events and other faults with a small one."""

MID_STREAM: Final = frozenset({*STREAM_ERRORS, EARLY_END, CUT, STALL, TRUNCATED_FRAME, BAD_CRC})
"""Faults that happen in a stream after some of its events."""

_NOT_IN_CONVERSE = frozenset({"modelTimeoutException"})
_NOT_IN_COUNT_TOKENS = frozenset(
    {
        "ModelErrorException",
        "ModelNotReadyException",
        "ModelStreamErrorException",
        "ModelTimeoutException",
        "ServiceQuotaExceededException",
    }
)
ONLY_IN_FRAMES: Final = frozenset({BAD_CRC, DUPLICATE_METADATA})
"""Faults that server-sent events cannot have."""

IN_BACKGROUND: Final = frozenset({*STATUSES, *STREAM_ERRORS, STALL})
"""Faults that a response in the background can have: those of the service, and not of a connection."""

_ONLY_IN_STREAMS = frozenset({*STREAM_ERRORS, EARLY_END, TRUNCATED_FRAME, BAD_CRC, DUPLICATE_METADATA})


def check(name: str) -> str:
    """The name of a fault; raises `ValueError` if there is no such fault."""
    if name not in NAMES:
        raise ValueError(f"unknown fault {name!r}; there are: {', '.join(NAMES)}")
    return name


class Strike(BaseModel):
    """When a fault happens: all conditions that are set have to hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    fault: Annotated[str, AfterValidator(check)]
    calls: list[int] = Field(default_factory=list, description="indexes of calls, from 0")
    every: int = Field(0, ge=0, description="each call whose number, from 1, can be divided by this")
    from_seconds: float = Field(0.0, ge=0, description="since the settings were made")
    to_seconds: float | None = Field(None, ge=0, description="since the settings were made")

    def hits(self, index: int, seconds: float) -> bool:
        """Whether it happens to the call of this index, at this time since the settings were made."""
        if self.calls and index not in self.calls:
            return False
        if self.every and (index + 1) % self.every:
            return False
        return self.from_seconds <= seconds and (self.to_seconds is None or seconds < self.to_seconds)


def scheduled(schedule: Iterable[Strike], index: int, seconds: float) -> str:
    """The first fault of a schedule whose conditions hold, or an empty string."""
    return next((strike.fault for strike in schedule if strike.hits(index, seconds)), "")


def pick(rates: Mapping[str, float], draw: float) -> str:
    """The fault of a call, or an empty string. `draw` is uniform in [0, 1); `rates` add up to at most 1."""
    reached = 0.0
    for name, rate in rates.items():
        reached += rate
        if draw < reached:
            return name
    return ""


def can_strike(fault: str, *, native: bool, stream: bool, counts: bool = False) -> bool:
    """Whether a call of this operation can have this fault; if not, it is answered without it."""
    if counts:
        return fault in STATUSES and fault not in _NOT_IN_COUNT_TOKENS
    if not stream:
        return fault not in _ONLY_IN_STREAMS
    return native or fault not in _NOT_IN_CONVERSE
