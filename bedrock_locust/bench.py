"""What the users of a process share while a run goes on: settings, the boto3 client, the present level."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from locust.env import Environment

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from bedrock_locust.settings.schema import Settings

LEVEL = "level_tag"
"""The attribute of Locust's parsed options with the present level: `level`, `users`, `phase` and more, or None.

A shape sets it; Locust sends parsed options to the workers in the very message that changes the users.
"""

TAGS = ("level", "users", "phase")


@dataclass(frozen=True)
class Bench:
    """What the users of this process share."""

    environment: Environment
    settings: Settings
    boto3_client: BedrockRuntimeClient
    worker: str

    def tags(self) -> dict[str, Any]:
        """Level, users, phase and worker of a call that starts now."""
        level = getattr(self.environment.parsed_options, LEVEL, None) or {}
        return {"worker": self.worker, **{key: level[key] for key in TAGS if key in level}}

    def measured_level(self) -> str:
        """The level that is measured now; empty where none is."""
        tags = self.tags()
        return tags.get("level", "") if tags.get("phase") == "measure" else ""


_benches: WeakKeyDictionary[Environment, Bench] = WeakKeyDictionary()


def put_bench(bench: Bench) -> None:
    """Make this the bench of its environment.

    What has been imported and made by now stays, and the garbage collector need not look at it again:
    boto3's models alone are a million objects, and a look at them holds up every stream.
    """
    _benches[bench.environment] = bench
    gc.collect()
    gc.freeze()


def bench_of(environment: Environment) -> Bench:
    """The bench of an environment. Raises RuntimeError where no run has begun in it."""
    try:
        return _benches[environment]
    except KeyError:
        raise RuntimeError(
            "no Bedrock run has begun here: a BedrockUser needs bedrock_locust.setup(), called once in the locustfile,"
            " and settings that a run can begin with"
        ) from None
