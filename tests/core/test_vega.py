"""What other processes make for the page, and what of it is kept between runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bedrock_locust.outputs.web.vega import VERSION, Made, script

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = "import sys; open(sys.argv[1], 'a').write('x'); sys.stdout.write('<made>')"


def test_it_is_made_once(tmp_path: Path) -> None:
    """A process makes it when it is first asked for, and no more often."""
    made = Made(PROGRAM, str(tmp_path / "count"))
    assert not (tmp_path / "count").exists()
    assert [made.output() for _ in range(3)] == [b"<made>"] * 3
    assert (tmp_path / "count").read_text() == "x"


def test_what_is_kept_is_made_once_for_all_runs(tmp_path: Path) -> None:
    """A later run reads it, and an empty file is as good as none."""
    kept = tmp_path / "cache" / "script.js"
    made = [Made(PROGRAM, str(tmp_path / "count"), kept=kept) for _ in range(3)]
    assert [one.output() for one in made[:2]] == [b"<made>"] * 2
    assert (tmp_path / "count").read_text() == "x"
    assert [path.name for path in kept.parent.iterdir()] == ["script.js"]
    kept.write_bytes(b"")
    assert made[2].output() == kept.read_bytes() == b"<made>"
    assert (tmp_path / "count").read_text() == "xx"


def test_where_nothing_can_be_kept_it_is_made_again(tmp_path: Path) -> None:
    """A cache that is no folder costs time, and nothing else."""
    (tmp_path / "cache").touch()
    for _ in range(2):
        assert Made(PROGRAM, str(tmp_path / "count"), kept=tmp_path / "cache" / "script.js").output() == b"<made>"
    assert (tmp_path / "count").read_text() == "xx"


def test_a_program_that_fails_keeps_nothing(tmp_path: Path) -> None:
    """What it said is in the error."""
    made = Made("raise SystemExit('no such chart')", kept=tmp_path / "script.js")
    with pytest.raises(OSError, match="no such chart"):
        made.output()
    assert list(tmp_path.iterdir()) == []


def test_the_script_is_kept_by_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of the package has another script."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    kept = tmp_path / "bedrock-locust" / f"vega-live-{VERSION}.js"
    kept.parent.mkdir()
    kept.write_text("window.vegaEmbed = 1;")
    assert script().output() == b"window.vegaEmbed = 1;"
