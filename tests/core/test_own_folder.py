"""A folder known by device and inode, and its files: no link is followed."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING

import gevent
import pytest

from bedrock_locust.process.own_folder import OwnFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> OwnFolder:
    """A run folder, with a secret beside it and links to that."""
    (tmp_path / "secret.txt").write_text("secret")
    run = tmp_path / "run"
    (run / "charts").mkdir(parents=True)
    (run / "charts" / "ttft.svg").write_text("<svg/>")
    (run / "report.md").write_text("# report")
    (run / "link.csv").symlink_to(tmp_path / "secret.txt")
    (run / "charts" / "up.svg").symlink_to(tmp_path / "secret.txt")
    (run / "up").symlink_to(tmp_path)
    (run / "hard.md").hardlink_to(tmp_path / "secret.txt")
    os.mkfifo(run / "pipe.md")
    return OwnFolder.at(run)


@pytest.fixture
def umask() -> Iterator[None]:
    """A umask that lets the group read."""
    before = os.umask(0o027)
    yield
    os.umask(before)


@pytest.mark.parametrize(
    "parts",
    [
        ("..", "secret.txt"),
        ("../secret.txt",),
        ("charts", "..", "..", "secret.txt"),
        ("/etc/passwd",),
        ("link.csv",),
        ("hard.md",),
        ("pipe.md",),
        ("charts", "up.svg"),
        ("up", "secret.txt"),
        ("charts",),
        ("none.md",),
        ("re\0port.md",),
    ],
)
def test_nothing_outside(folder: OwnFolder, parts: tuple[str, ...]) -> None:
    """No `..`, no absolute path and no link of either kind leads out of the folder; and a file has to be one."""
    with pytest.raises(OSError, match=r"\[Errno \d+\] "):
        folder.open(*parts)


def test_inside(folder: OwnFolder) -> None:
    """The files of the folder are found, and listed with their sizes."""
    with folder.open("charts", "ttft.svg") as file:
        assert file.read() == b"<svg/>"
    assert folder.files() == [(("charts", "ttft.svg"), 6), (("report.md",), 8)]


def test_another_folder_in_its_place(folder: OwnFolder, tmp_path: Path) -> None:
    """A link, another folder, or nothing at the path: nothing is read, listed or written, until it is back."""
    folder.path.rename(tmp_path / "away")
    other = tmp_path / "other"
    other.mkdir()
    (other / "report.md").write_text("secret")
    for put in (lambda: folder.path.symlink_to(other), lambda: other.rename(folder.path), lambda: None):
        put()
        for use in (folder.check, lambda: folder.open("report.md"), lambda: folder.replace("report.md", b"x", "d")):
            with pytest.raises(OSError, match=str(folder.path)):
                use()
        assert folder.files() == []
        if folder.path.is_symlink():
            folder.path.unlink()
        elif folder.path.exists():
            assert (folder.path / "report.md").read_text() == "secret"
            folder.path.rename(other)
    (tmp_path / "away").rename(folder.path)
    folder.check()


def test_a_file_in_the_place_of_the_old_one(folder: OwnFolder, tmp_path: Path, umask: None) -> None:
    """A link where the file or its draft should be is replaced, not followed, and the umask decides who reads it."""
    for name in ("link.csv", "hard.md", "report.md"):
        (folder.path / "draft").symlink_to(tmp_path / "secret.txt")
        folder.replace(name, b"new", "draft")
        with folder.open(name) as file:
            assert file.read() == b"new"
        assert stat.S_IMODE((folder.path / name).stat().st_mode) == 0o640
    assert (tmp_path / "secret.txt").read_text() == "secret"
    assert not (folder.path / "draft").exists()


def test_what_is_no_folder(tmp_path: Path) -> None:
    """A file, a link to a folder and nothing are none."""
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link", "none"):
        with pytest.raises(OSError, match=name):
            OwnFolder.at(tmp_path / name)


def descriptors() -> set[str]:
    """The open files of this process, once gevent's loop has closed what it was told to close."""
    gevent.sleep(0.01)
    return set(os.listdir("/dev/fd"))  # noqa: PTH208 - numbers, not paths


def test_a_file_that_cannot_be_put_in_place_leaves_the_old_one(folder: OwnFolder) -> None:
    """Where a folder has its name; no draft is left, and no file stays open, whatever was refused."""
    before = descriptors()
    for _ in range(3):
        with pytest.raises(IsADirectoryError):
            folder.replace("charts", b"new", "draft")
        for parts in (("pipe.md",), ("hard.md",), ("none.md",), ("charts", "none"), ("up", "x")):
            with pytest.raises(OSError, match=r"\[Errno"):
                folder.open(*parts)
        folder.replace("report.md", b"new", "draft")
        folder.check()
        with folder.open("charts", "ttft.svg"):
            pass
        folder.files()
    assert not (folder.path / "draft").exists()
    assert descriptors() == before


def test_a_descriptor_is_that_of_the_innermost_folder(folder: OwnFolder) -> None:
    """It is closed at the end, also where something fails in between; programs that are started do not get it."""
    before = descriptors()
    with folder.opened("charts") as inner:
        assert os.fstat(inner).st_ino == (folder.path / "charts").stat().st_ino
        assert not os.get_inheritable(inner)
    with contextlib.suppress(ValueError), folder.opened() as outer:
        assert os.fstat(outer).st_ino == folder.inode
        raise ValueError
    assert descriptors() == before


def test_a_refusal_names_what_is_refused(folder: OwnFolder, tmp_path: Path) -> None:
    """With the number of the system's error."""
    for parts, name, number in (
        (("pipe.md",), "pipe.md", errno.ENOENT),
        (("hard.md",), "hard.md", errno.ENOENT),
        (("..",), "..", errno.ENOENT),
        (("",), "", errno.ENOENT),
        (("link.csv",), "link.csv", errno.ELOOP),
    ):
        with pytest.raises(OSError, match=r"\[Errno") as refused:
            folder.open(*parts)
        assert (refused.value.filename, refused.value.errno) == (name, number)
    with pytest.raises(NotADirectoryError) as none:
        OwnFolder.at(tmp_path / "secret.txt")
    assert (none.value.filename, none.value.errno) == (str(tmp_path / "secret.txt"), errno.ENOTDIR)
    folder.path.rename(tmp_path / "away")
    folder.path.mkdir()
    with pytest.raises(FileNotFoundError, match="it has been replaced") as replaced:
        folder.check()
    assert (replaced.value.filename, replaced.value.errno) == (str(folder.path), errno.ENOENT)


def test_files_are_listed_in_order(tmp_path: Path) -> None:
    """With the way to each; what is no file of the folder's own is left out."""
    run = tmp_path / "run"
    for name in ("b/c/z", "b/a", "a", "c"):
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).write_text(name)
    (run / "d").symlink_to(run / "a")
    assert OwnFolder.at(run).files() == [(("a",), 1), (("b", "a"), 3), (("b", "c", "z"), 5), (("c",), 1)]
