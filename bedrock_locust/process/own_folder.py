"""A folder that is known by device and inode, not by its name: somebody may put another, or a link, in its place."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class OwnFolder:
    """A folder, and the way to its files by which no link is followed."""

    path: Path
    device: int
    inode: int

    @classmethod
    def at(cls, path: Path) -> OwnFolder:
        """The folder that is at a path now. Raises OSError where none is, or a link."""
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
        return cls(path, found.st_dev, found.st_ino)

    @contextlib.contextmanager
    def opened(self, *parts: str) -> Iterator[int]:
        """A descriptor of the folder, or of one below it. Raises OSError where something else is at the path now."""
        folder = os.open(self.path, _FOLDER)
        try:
            found = os.fstat(folder)
            if (found.st_dev, found.st_ino) != (self.device, self.inode):
                raise FileNotFoundError(errno.ENOENT, "it has been replaced", str(self.path))
            for part in parts:
                inner = os.open(_name(part), _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            yield folder
        finally:
            os.close(folder)

    def check(self) -> None:
        """Raise OSError where something else is at the path now."""
        with self.opened():
            pass

    def open(self, *parts: str) -> BinaryIO:
        """A file, for reading. Raises OSError where none is, or a link of either kind, or what is no regular file."""
        *folders, name = parts
        with self.opened(*folders) as folder:
            # A pipe without a writer would hold up the whole process otherwise.
            descriptor = os.open(_name(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        if not _is_own(os.fstat(descriptor)):
            os.close(descriptor)
            raise FileNotFoundError(errno.ENOENT, "is a link, or no regular file", name)
        return os.fdopen(descriptor, "rb")

    def replace(self, name: str, content: bytes, draft: str) -> None:
        """Put a file in the place of the old one. If that fails, raises OSError, and the old one stays."""
        with self.opened() as folder:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(draft, dir_fd=folder)
            new = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666, dir_fd=folder)
            try:
                with os.fdopen(new, "wb") as file:
                    file.write(content)
                os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
            except OSError:
                with contextlib.suppress(OSError):
                    os.unlink(draft, dir_fd=folder)
                raise

    def files(self) -> list[tuple[tuple[str, ...], int]]:
        """The way to each file that `open` would open, in order, and its size. Empty where the folder is not there."""
        found = []
        with contextlib.suppress(OSError), self.opened() as folder:
            for place, _, names, below in os.fwalk(".", dir_fd=folder):
                for name in names:
                    about = os.stat(name, dir_fd=below, follow_symlinks=False)
                    if _is_own(about):
                        found.append(((*Path(place).parts, name), about.st_size))
        return sorted(found)


def _is_own(about: os.stat_result) -> bool:
    """Whether a file is a regular one with no other name."""
    return stat.S_ISREG(about.st_mode) and about.st_nlink == 1


def _name(part: str) -> str:
    """The name of a file in a folder. Raises FileNotFoundError where it would lead elsewhere."""
    if part in ("", ".", "..") or "/" in part or "\0" in part:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), part)
    return part
