"""A folder known by device and inode, and its files: no link is followed."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

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
