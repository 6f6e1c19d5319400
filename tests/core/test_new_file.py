"""Files that commands write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.workload.new_file import new_file

if TYPE_CHECKING:
    from pathlib import Path


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    """Whatever the mask of the process."""
    with new_file(tmp_path / "x") as file:
        file.write(b"mine")
    assert (tmp_path / "x").read_bytes() == b"mine"
    assert (tmp_path / "x").stat().st_mode & 0o077 == 0


def test_none_is_replaced(tmp_path: Path) -> None:
    """Nor is one made below a folder that is not there; each is one line."""
    (tmp_path / "x").write_text("old")
    for path, says in ((tmp_path / "x", "exists already"), (tmp_path / "no" / "x", "No such file or directory")):
        with pytest.raises(SettingsError, match=says) as refused, new_file(path) as file:
            file.write(b"new")
        assert refused.value.lines[0].startswith(str(path))
    assert (tmp_path / "x").read_text() == "old"
