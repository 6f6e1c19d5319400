"""The run folder: the files that a run leaves. Layout and columns: docs/run-folder.md."""

from __future__ import annotations

import csv
import json
import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bedrock_locust.call import COLUMNS
from bedrock_locust.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bedrock_locust.call import Value

LEVEL_COLUMNS = (
    "level",
    "mode",
    "users",
    "started_at",
    "measured_from",
    "measured_to",
    "users_reached",
    "completed",
)


class RunFolder:
    """The files of one run, for writing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows_written = 0
        self._file = (path / "requests.csv").open("w", encoding="utf-8", newline="")
        self._requests = csv.writer(self._file)
        self._requests.writerow(COLUMNS)
        self.write_levels(())

    @classmethod
    def create(cls, directory: str, model_id: str, started_at: float) -> RunFolder:
        """A new folder `<UTC time>-<model>` in the directory. Raises SettingsError where that can't be."""
        stamp = time.strftime("%Y-%m-%dT%H-%M-%SZ", time.gmtime(started_at))
        try:
            return cls(_make_unused(Path(directory), f"{stamp}-{_file_name(model_id)}"))
        except OSError as error:
            raise _unwritable(directory, error) from None

    def append(self, rows: Iterable[Sequence[Value]]) -> None:
        """Add rows to `requests.csv`; they are on disk after `flush`."""
        for row in rows:
            self._requests.writerow([_cell(value) for value in row])
            self.rows_written += 1

    def flush(self) -> None:
        """Hand all rows to the operating system."""
        self._file.flush()

    def close(self) -> None:
        """Finish `requests.csv`."""
        self._file.close()

    def write_levels(self, levels: Iterable[Mapping[str, Any]]) -> None:
        """Write `levels.csv`: dicts with at least the columns of that file."""
        rows = [[_cell(level[column]) for column in LEVEL_COLUMNS] for level in levels]
        self.write_table("levels.csv", [LEVEL_COLUMNS, *rows])

    def write_table(self, name: str, rows: Iterable[Iterable[Any]]) -> None:
        """Write a whole CSV file, or leave the old one."""
        with _replacing(self.path / name) as file:
            csv.writer(file).writerows(rows)

    def write_info(self, info: Mapping[str, Any]) -> None:
        """Write `run.json`, or leave the old one."""
        with _replacing(self.path / "run.json") as file:
            json.dump(info, file, indent=2, ensure_ascii=False)
            file.write("\n")


def check_directory(directory: str) -> None:
    """Raise SettingsError where no run folder can be made in a directory."""
    try:
        Path(directory).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise _unwritable(directory, error) from None


def _unwritable(directory: str, error: OSError) -> SettingsError:
    return SettingsError(
        f"output.directory {directory!r}: can't write there ({error.strerror}): choose another with --bedrock-directory"
    )


class _replacing:  # noqa: N801 - used like a function
    """A text file that takes the place of the old one when it is complete."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._draft = path.with_suffix(".tmp")
        self._file = self._draft.open("w", encoding="utf-8", newline="")

    def __enter__(self) -> Any:
        return self._file

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._file.close()
        if kind is None:
            self._draft.replace(self._path)
        else:
            self._draft.unlink()


def _cell(value: Any) -> Any:
    """A value as CSV text: times to the microsecond, None as an empty cell."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6f}" if value > 1e9 else f"{value:.3f}"
    return "" if value is None else value


def _file_name(model_id: str) -> str:
    """A model id or ARN as part of a file name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", model_id.rsplit("/", 1)[-1]).strip("._")[:80] or "model"


def _make_unused(directory: Path, name: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for path in (directory / name, *(directory / f"{name}-{n}" for n in range(2, 1000))):
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path
    raise FileExistsError(0, "too many runs of one name", name)
