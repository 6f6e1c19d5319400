"""Traces to try, and what is read of them."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

from bedrock_locust.settings.schema import Settings
from bedrock_locust.workload.replay import Replay, replay_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def line(at_ms: float, **more: Any) -> dict[str, Any]:
    """A line of a trace."""
    return {"timestamp": at_ms, "input_length": 600, "output_length": 9, **more}


def written(folder: Path, lines: Sequence[dict[str, Any]], name: str = "trace.jsonl.gz") -> Path:
    """The file of a trace."""
    data = "".join(json.dumps(one) + "\n" for one in lines).encode()
    (folder / name).write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    return folder / name


def settings_of(path: Path, arrivals: dict[str, Any] | None = None, **sections: Any) -> Settings:
    """Settings that replay a file; `arrivals` has the members of the trace, and with its own name the warm-up."""
    about: dict[str, Any] = dict(arrivals or {})
    beside = {name: about.pop(name) for name in ("warmup_seconds", "seed") if name in about}
    values: dict[str, Any] = {
        "model": {"id": "m"},
        "arrivals": {"trace": {"file": str(path), **about}, **beside},
        **sections,
    }
    return Settings.model_validate(values)


def replayed(folder: Path, lines: Sequence[dict[str, Any]], arrivals: Any = None, **sections: Any) -> Replay:
    """What is read of a trace with these lines."""
    found = replay_of(settings_of(written(folder, lines), arrivals, **sections))
    assert found
    return found
