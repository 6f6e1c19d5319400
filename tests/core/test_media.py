"""Files that a record names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from bedrock_locust.workload import media
from bedrock_locust.workload.media import read, with_files
from bedrock_locust.workload.records import RecordError

if TYPE_CHECKING:
    from pathlib import Path


def test_bytes_stand_in_the_place_of_a_path(tmp_path: Path) -> None:
    """Anywhere in a record, and nothing else changes."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.png").write_bytes(b"\0\1")
    value = {"messages": [{"content": [{"image": {"format": "png", "source": {"path": "a/b.png"}}}, {"text": "x"}]}]}
    [image, text] = with_files(value, tmp_path)["messages"][0]["content"]
    assert image == {"image": {"format": "png", "source": {"bytes": b"\0\1"}}}
    assert text == {"text": "x"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (5, "must be the name of a file"),
        ("", "must be the name of a file"),
        ("a\0b", "must be the name of a file"),
        ("/etc/passwd", "must stay in the folder"),
        ("../x.png", "must stay in the folder"),
        ("a/../../x.png", "must stay in the folder"),
        ("missing.png", "cannot be read"),
        ("folder", "cannot be read (Is a directory)"),
        ("pipe", "is not that of a regular file"),
        ("out.png", "leads out of the folder"),
        ("circle.png", "cannot be read"),
        ("large.png", "more than 10 bytes"),
    ],
)
def test_no_other_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: object, words: str) -> None:
    """Only regular files below the folder, of a bounded size; a pipe does not hold up the run."""
    folder = tmp_path / "workload"
    folder.mkdir()
    (tmp_path / "secret.png").write_bytes(b"x")
    (folder / "folder").mkdir()
    (folder / "out.png").symlink_to(tmp_path / "secret.png")
    (folder / "circle.png").symlink_to(folder / "circle.png")
    (folder / "large.png").write_bytes(b"x" * 11)
    os.mkfifo(folder / "pipe")
    monkeypatch.setattr(media, "MOST_BYTES", 10)
    with pytest.raises(RecordError, match="path ") as refused:
        read(name, folder)
    assert words in str(refused.value)
