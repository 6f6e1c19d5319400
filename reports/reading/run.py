"""Read a run folder. The files and their columns are described in docs/run-folder.md."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reports.reading import RunFolderError, gaps
from reports.reading import calls as call_table
from reports.reading.blocks import alike, blocks, ended_at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

FORMAT = 1
CANCELLED = "Cancelled"
"""The `error` of a call that the end of the run cut off: neither success nor failure."""

LEVEL_TEXTS = ("level", "mode", "completed", "kind")
LEVEL_NUMBERS = (
    *("users", "started_at", "measured_from", "measured_to", "users_reached"),
    *("rate_per_s", "arrivals_due", "arrivals_dropped", "arrivals_missed"),
    *("part", "rate_from_per_s", "rate_to_per_s"),
)
Damage = tuple[str, int]


@dataclass(frozen=True)
class Run:
    """What a run folder holds. A number that is not known is NaN, a text that is not known is empty."""

    calls: pd.DataFrame
    """One row per call."""
    levels: pd.DataFrame
    """One row per level that started; empty in a run without a shape."""
    gaps: pd.DataFrame
    """The buckets of `gaps.csv`; none if it is missing or could not be read."""
    exceptions: pd.DataFrame
    """The exceptions in tasks, by Locust's `exceptions.csv`: `count` and `message`, the most frequent first."""
    info: dict[str, Any]
    """`run.json`; empty if it could not be read."""
    columns: frozenset[str]
    """The columns that `requests.csv` has: an older version wrote fewer."""
    damage: tuple[Damage, ...]
    """What is missing or broken in the folder: the key of a text, and how many lines it is about."""
    aws: dict[str, Any] = field(default_factory=dict)
    """`aws.json`, AWS's own figures; empty if they were not fetched."""

    def get(self, *keys: str) -> Any:
        """The value in `run.json` below these keys, or None."""
        value: Any = self.info
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def text(self, *keys: str) -> str:
        """The text in `run.json` below these keys, or an empty one."""
        value = self.get(*keys)
        return value if isinstance(value, str) else ""

    def number(self, *keys: str) -> float | None:
        """The finite number in `run.json` below these keys, or None."""
        return finite(self.get(*keys))

    @property
    def started_at(self) -> float | None:
        """Unix time of the start of the run, or of its first call."""
        return _first(self.number("started_at"), self.calls["started_at"].min())

    @property
    def ended_at(self) -> float | None:
        """Unix time of the end of the run, or of its last call."""
        said = self.number("ended_at")
        ends = (float(ended_at(self.calls[block]).max()) for block in blocks(len(self.calls)))
        return max(ends, default=None) if said is None else said

    def of_model(self, calls: pd.DataFrame) -> NDArray[np.bool_]:
        """Which of the calls went to the model in the settings, whose quotas these have."""
        model = self.text("settings", "model", "id")
        own: NDArray[np.bool_] = calls["model_id"].isin([model, ""]).to_numpy() | (not model)
        return own

    def is_priced(self, calls: pd.DataFrame) -> NDArray[np.bool_]:
        """Which of the calls went to models that have the prices in the settings: that model, and those of a replay."""
        mapped = self.get("settings", "arrivals", "trace", "models")
        of_replay = [*mapped.values()] if isinstance(mapped, dict) else []
        return self.of_model(calls) | calls["model_id"].isin(of_replay).to_numpy()

    @property
    def model_ids(self) -> list[str]:
        """The models that were called, most called first; the one in the settings if none was."""
        return self._texts("model_id") or [self.text("settings", "model", "id")]

    def behind(self, model_id: str) -> str:
        """The model behind an id that does not name it, as the ARN of a profile; empty where that is not known."""
        called = self.text("settings", "model", "id")
        return self.text("settings", "model", "base_model") if model_id == called else ""

    @property
    def apis(self) -> list[str]:
        """The APIs that were called, most called first."""
        return list(dict.fromkeys(map(api_of, self._texts("operation"))))

    @property
    def tiers(self) -> list[str]:
        """The service tiers that answered, most frequent first."""
        return list(dict.fromkeys(map(tier_of, self._of_successes("service_tier"))))

    def _of_successes(self, column: str) -> list[str]:
        """The texts in a column of the successful calls but for the empty one, most frequent first."""
        return self._texts(column, (self.calls["error"] == "").to_numpy())

    def _texts(self, column: str, chosen: NDArray[np.bool_] | None = None) -> list[str]:
        every = np.ones(len(self.calls), dtype=bool)
        found = alike(self.calls, [column], every if chosen is None else chosen)
        ordered = sorted(found, key=lambda text: (-found[text].calls, found[text].first))
        return [text for (text,) in ordered if text]


def api_of(operation: str) -> str:
    """The API of an operation: without what says that it streams."""
    return operation.removesuffix("_with_response_stream").removesuffix("_stream")


def tier_of(tier: str) -> str:
    """A service tier: what Messages calls `standard` is the default one."""
    return "default" if tier == "standard" else tier


def finite(value: Any) -> float | None:
    """The value if it is a number other than NaN and infinity, else None."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if known else None


def _first(*values: Any) -> float | None:
    return next((value for value in map(finite, values) if value is not None), None)


MOVED = "moved-to"
"""A link in a folder that a run had to leave: in the directory it leads to, the run is whole, under the same name."""


def read(folder: Path) -> Run:
    """The run in `folder`; raises `RunFolderError` if there is none, or it went on elsewhere."""
    path = folder / "requests.csv"
    if not folder.is_dir():
        raise RunFolderError(f"no folder {folder}: give the folder of a run, such as results/<run>")
    if (moved := (folder / MOVED).resolve() / folder.resolve().name).is_dir():
        raise RunFolderError(f"the disk of {folder} was full, and its run went on elsewhere: give {moved}")
    if not path.is_file():
        raise RunFolderError(f"no requests.csv in {folder}: give the folder of a run, such as results/<run>")
    found = call_table.read(path)
    calls, cut = found.calls, _calls_damage(cut=found.cut, lost=found.lost)
    levels, no_levels = _levels(folder / "levels.csv")
    buckets, no_gaps = _gaps(folder / "gaps.csv", streamed=bool(calls["max_gap_ms"].notna().any()))
    info, no_info = _info(folder / "run.json")
    exceptions, damage = _exceptions(folder / "exceptions.csv"), (*cut, *no_levels, *no_gaps, *no_info)
    return Run(calls, levels, buckets, exceptions, info, found.columns, damage, _info(folder / "aws.json")[0])


def _calls_damage(*, cut: bool, lost: int) -> list[Damage]:
    return [*([("damage.cut", 0)] if cut else []), *([("damage.lost", lost)] if lost else [])]


def _levels(path: Path) -> tuple[pd.DataFrame, list[Damage]]:
    try:
        data = _bytes(path)
        levels = _table(data, LEVEL_TEXTS, LEVEL_NUMBERS, path, ("level",))
    except RunFolderError:
        levels = _table(b"", LEVEL_TEXTS, LEVEL_NUMBERS, path, ("level",))
        return levels, [("damage.no_levels", 0)]
    # Cut-off rows are none: `completed` is their last cell.
    whole = (levels["level"] != "") & (levels["mode"] != "") & levels["completed"].isin(["true", "false"])
    damage = [] if whole.all() else [("damage.no_levels", 0)]
    return levels[whole].drop_duplicates("level", keep="last").reset_index(drop=True), damage


def _gaps(path: Path, *, streamed: bool) -> tuple[pd.DataFrame, list[Damage]]:
    """The buckets; a file that is missing, as after a crash, matters where there were gaps."""
    missing = _table(b"", gaps.TEXTS, gaps.NUMBERS, path, ()), [("damage.no_gaps", 0)] if streamed else []
    try:
        data = _bytes(path)
        buckets = _table(data, gaps.TEXTS, gaps.NUMBERS, path, (*gaps.TEXTS, *gaps.NUMBERS))
    except RunFolderError:
        return missing
    if not data.strip():
        return missing
    lost = int((~gaps.sound(buckets)).sum())
    return buckets[gaps.sound(buckets)], [("damage.gaps", lost)] if lost else []


def _exceptions(path: Path) -> pd.DataFrame:
    """What of the file can be read; it is Locust's, and no run needs it."""
    try:
        found = _table(_bytes(path), ("Message",), ("Count",), path, ())
    except RunFolderError:
        found = _table(b"", ("Message",), ("Count",), path, ())
    found = found.rename(columns={"Message": "message", "Count": "count"})
    return found[found["count"] > 0].sort_values("count", ascending=False, kind="stable").reset_index(drop=True)


def _info(path: Path) -> tuple[dict[str, Any], list[Damage]]:
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        info = None
    if not isinstance(info, dict):
        return {}, [("damage.no_info", 0)]
    if info.get("format", FORMAT) != FORMAT:
        return info, [("damage.other_format", 0)]
    return info, []


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RunFolderError(f"cannot read {path}: {error.strerror}") from error


def _table(
    data: bytes,
    texts: Sequence[str],
    numbers: Sequence[str],
    path: Path,
    required: Sequence[str],
) -> pd.DataFrame:
    """The columns of CSV text; a column that is not there is empty, a number that is none is NaN."""
    if not data.strip():
        parsed = pd.DataFrame(columns=[*texts, *numbers])
    else:
        parsed = _parsed(data, texts, numbers, path)
        lacking = [column for column in required if column not in parsed]
        if lacking:
            raise RunFolderError(f"no column {', '.join(lacking)} in {path}: it is not of a run of bedrock-locust")
    table = {column: _texts(parsed.get(column), len(parsed)) for column in texts}
    table |= {column: _numbers(parsed.get(column), len(parsed)) for column in numbers}
    return pd.DataFrame(table)


def _parsed(data: bytes, texts: Sequence[str], numbers: Sequence[str], path: Path) -> pd.DataFrame:
    """The wanted columns: quickly if all numbers are numbers, else all as text."""
    wanted = dict.fromkeys((*texts, *numbers), "str")
    try:
        try:
            return _csv(data, wanted | dict.fromkeys(numbers, "float64"), numbers)
        except pd.errors.ParserError:
            raise
        except ValueError:
            return _csv(data, wanted, numbers)
    except pd.errors.ParserError as error:
        raise RunFolderError(f"cannot read {path}: {str(error).strip()}; correct or remove that line") from error


def _csv(data: bytes, types: dict[str, str], numbers: Sequence[str]) -> pd.DataFrame:
    table: pd.DataFrame = pd.read_csv(BytesIO(data), **call_table.csv_options(types, numbers))
    return table


def _texts(column: pd.Series[Any] | None, length: int) -> pd.Series[Any]:
    if column is None:
        return pd.Series([""] * length, dtype="str")
    return column.astype("str").fillna("")


def _numbers(column: pd.Series[Any] | None, length: int) -> pd.Series[float]:
    if column is None:
        return pd.Series([math.nan] * length, dtype="float64")
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    return numbers.where(numbers.abs() < math.inf)
