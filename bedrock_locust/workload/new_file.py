"""A file that a command writes: with what people wrote in it, or what tells of it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from bedrock_locust.settings.mistakes import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def check_is_new(path: Path) -> None:
    """Raise SettingsError where there is something: to be said before the work whose outcome is written."""
    if path.exists() or path.is_symlink():
        raise SettingsError(f"{path}: exists already. Name another file with -o")


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that was not there, which nobody else may read. Raises SettingsError, also while it is written."""
    try:
        with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            yield file
    except FileExistsError:
        raise SettingsError(f"{path}: exists already. Name another file with -o") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be written ({error.strerror})") from None
