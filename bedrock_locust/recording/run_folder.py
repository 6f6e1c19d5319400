"""The run folder: the files that a run leaves. Layout and columns: docs/run-folder.md."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import shutil
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bedrock_locust.call import COLUMNS
from bedrock_locust.process.own_folder import OwnFolder
from bedrock_locust.recording.row_file import MEMORY_LIMIT, RowFile, cell, csv_text
from bedrock_locust.settings.mistakes import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from bedrock_locust.call import Value
    from bedrock_locust.level import Level

logger = logging.getLogger(__name__)

ROWS = "requests.csv"
DRAFT = ".tmp"
MOVED = "moved-to"
"""A link in a folder that could not be written any more. It leads to the directory in which the run continued, under
the same name: a link that short needs no room on a full disk."""
LEVEL_COLUMNS = (
    "level",
    "mode",
    "users",
    "started_at",
    "measured_from",
    "measured_to",
    "users_reached",
    "completed",
    "rate_per_s",
    "arrivals_due",
    "arrivals_dropped",
    "arrivals_missed",
    "ended_by",
    "part",
    "rate_from_per_s",
    "rate_to_per_s",
    "kind",
)


class RunFolder:
    """The files of one run, for writing.

    If the disk is full or the folder was replaced, what cannot be written stays in memory, and each `flush` tries
    again; it also makes a removed folder again. Nothing is raised. At the end of the run `settle` moves the whole
    folder to another place if necessary.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError if the files cannot be made."""
        self.own = OwnFolder.at(path)
        """The folder as it is known: renewed only when this makes it again, or moves."""
        self.trouble = ""
        """Why the folder cannot be written now, in words; empty while all is well."""
        self._rows = RowFile(path / ROWS, COLUMNS)
        self._texts = {"levels.csv": csv_text([LEVEL_COLUMNS])}
        self._unwritten = set(self._texts)
        self._replace("levels.csv")

    @classmethod
    def create(cls, directory: str, model_id: str, started_at: float) -> RunFolder:
        """Make a new folder `<UTC time>-<model>` in a directory. Raises SettingsError if it cannot be made."""
        stamp = time.strftime("%Y-%m-%dT%H-%M-%SZ", time.gmtime(started_at))
        try:
            return cls(_make_unused(Path(directory), f"{stamp}-{_file_name(model_id)}"))
        except OSError as error:
            raise _unwritable(directory, error) from None

    @property
    def path(self) -> Path:
        """Where the folder is."""
        return self.own.path

    @property
    def rows_written(self) -> int:
        """Rows in `requests.csv`."""
        return self._rows.written

    @property
    def rows_lost(self) -> int:
        """Rows that came when nothing could be written and memory had no more room."""
        return self._rows.lost

    def append(self, rows: Iterable[Sequence[Value]]) -> None:
        """Add rows to `requests.csv`; they are on disk after `flush`."""
        lost = self._rows.lost
        self._rows.append(rows)
        if not lost and self._rows.lost:
            logger.error("bedrock-locust: no more room in memory for rows of %s: further rows are lost", self.path)

    def flush(self) -> None:
        """Write everything that is not on the disk yet."""
        refused = None
        files = (partial(self._replace, name) for name in list(self._unwritten))
        writes: list[Callable[[], None]] = [self._rows.flush, self._make_again, self._rows.check, *files]
        for write in writes:
            try:
                write()
            except OSError as error:
                refused = refused or error
        self._note(refused)

    def _make_again(self) -> None:
        """Make a folder again that somebody removed or moved: the open file still has its rows. Raises OSError."""
        if not self._rows.gone:
            return
        self.path.mkdir(parents=True, exist_ok=True)
        self._move_to(self.path)
        logger.warning("bedrock-locust: %s was removed, and is made again: %s", self.path, self._so_far())

    def _note(self, refused: OSError | None) -> None:
        """Log once that trouble begins, and once that it is over."""
        before, self.trouble = self.trouble, f"{self.path} cannot be written ({_reason(refused)})" if refused else ""
        if self.trouble and not before:
            room = f"up to {MEMORY_LIMIT / 2**20:,.0f} MB"
            logger.warning(
                "bedrock-locust: %s: the run goes on, and what it finds is kept in memory, %s", self.trouble, room
            )
        elif before and not self.trouble:
            logger.warning("bedrock-locust: %s can be written again: %s", self.path, self._so_far())

    def _so_far(self) -> str:
        return f"{self.rows_lost:,} rows are lost" if self.rows_lost else "nothing is lost"

    def settle(self) -> None:
        """At the end of a run: if the folder cannot be written, move all of it to another place."""
        self.flush()
        if not self.trouble:
            return
        why, was = self.trouble, self.own
        if self._move():
            with contextlib.suppress(OSError), was.opened() as folder:
                os.symlink(self.path.parent, MOVED, dir_fd=folder)
            logger.warning("bedrock-locust: %s: the whole run folder is now %s; %s", why, self.path, self._so_far())
            return
        self._rows.give_up()
        logger.error("bedrock-locust: %s, nor can any other place: %s", why, self._so_far())

    def _move(self) -> bool:
        """Continue in a folder for temporary files; whether that worked."""
        try:
            refuge = Path(tempfile.mkdtemp(prefix="bedrock-locust-"))
        except OSError:
            return False
        try:
            self._move_to(_make_unused(refuge, self.path.name))
        except OSError:
            shutil.rmtree(refuge, ignore_errors=True)
            return False
        return True

    def _move_to(self, path: Path) -> None:
        """Continue in this folder. The rows come last: until they are there, nothing has changed. Raises OSError."""
        own = OwnFolder.at(path)
        for name, text in self._texts.items():
            _replace(own, name, text)
        self._rows.move(path / ROWS)
        self._unwritten.clear()
        self.own, self.trouble = own, ""

    def close(self) -> None:
        """Finish `requests.csv`."""
        if not self.trouble:
            self.flush()
        self._rows.close()

    def write_levels(self, levels: Iterable[Level]) -> None:
        """Write `levels.csv`."""
        self.write_table("levels.csv", [LEVEL_COLUMNS, *map(_level_row, levels)])

    def write_table(self, name: str, rows: Iterable[Iterable[Any]]) -> None:
        """Write a whole CSV file. If that fails, the old one stays."""
        self._write(name, csv_text(rows))

    def write_info(self, info: Mapping[str, Any]) -> None:
        """Write `run.json`. If that fails, the old one stays."""
        self._write("run.json", json.dumps(info, indent=2, ensure_ascii=False) + "\n")

    def _write(self, name: str, text: str) -> None:
        self._texts[name] = text
        self._unwritten.add(name)
        self.flush()

    def _replace(self, name: str) -> None:
        _replace(self.own, name, self._texts[name])
        self._unwritten.discard(name)


def _level_row(level: Level) -> list[Any]:
    """The cells of a level; rates with all of their digits, those at its ends where the level has others there."""
    plain = level.to_plain()
    changes = len(set(level.rates_per_s)) > 1
    ends = plain if changes or level.part is not None else dict[str, float]()
    rates = {"rate_per_s": level.rate_per_s} | {name: ends.get(name) for name in ("rate_from_per_s", "rate_to_per_s")}
    digits = {name: None if rate is None else f"{rate:.9g}" for name, rate in rates.items()}
    return [cell({**plain, **digits}[column]) for column in LEVEL_COLUMNS]


def check_directory(directory: str) -> None:
    """Raise SettingsError if no run folder can be made in a directory."""
    try:
        Path(directory).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise _unwritable(directory, error) from None


def check_report_file(file: str) -> None:
    """Raise SettingsError if the report cannot be copied to a file, as far as its path tells."""
    path = Path(file)
    folder = next((parent for parent in path.parents if parent.exists()), Path())
    if path.is_dir():
        why = "is a directory"
    elif path.is_symlink() and path.resolve().parent != path.parent.resolve():
        why = "is a link that leads out of its folder"
    elif not folder.is_dir():
        why = f"cannot be made, as {folder} is not a directory"
    elif (error := _why_not(path, folder)) is not None:
        why = f"cannot be written ({_reason(error)})"
    else:
        return
    raise SettingsError(f"output.report_file {file!r} {why}: name another file with --bedrock-report-file")


def _why_not(path: Path, folder: Path) -> OSError | None:
    """Why a file, or one below a folder that is there, cannot be written; None if it can. Nothing is left of trying."""
    try:
        if path.exists():
            path.open("ab").close()
        else:
            tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return error
    return None


def _unwritable(directory: str, error: OSError) -> SettingsError:
    return SettingsError(
        f"output.directory {directory!r}: cannot write there ({_reason(error)}):"
        " choose another with --bedrock-directory"
    )


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _replace(folder: OwnFolder, name: str, text: str) -> None:
    """Replace a file by a new one. If that fails, raises OSError and leaves no draft behind.

    What UTF-8 cannot hold, such as half of a surrogate pair, is `?`, as in `requests.csv`.
    """
    folder.replace(name, text.encode(errors="replace"), str(Path(name).with_suffix(DRAFT)))


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
