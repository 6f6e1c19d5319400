"""What other processes make for the page, and what of it is kept between runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import gevent
import pytest

from bedrock_locust.outputs.web.vega import VERSION, Made, definitions, script

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


COUNTS = "import pathlib, sys; path = pathlib.Path(sys.argv[1]); path.open('a').write('x'); print(path.stat().st_size)"


def test_it_is_made_once_however_many_ask(tmp_path: Path) -> None:
    """However many ask at the same time, and after it was prepared."""
    path = tmp_path / "count"
    made = Made(COUNTS, str(path))
    made.prepare()
    made.prepare()
    asked = [gevent.spawn(made.output) for _ in range(3)]
    gevent.joinall(asked, timeout=60)
    made.prepare()
    gevent.sleep(0)
    assert [one.value for one in asked] == [b"1\n"] * 3
    assert path.read_text() == "x"


def test_what_goes_wrong_is_said() -> None:
    """The end of it, and it is tried again."""
    made = Made("import sys; sys.exit('first' + 'x' * 2000 + 'last')")
    for _ in range(2):
        with pytest.raises(OSError, match=r"^x{996}last$"):
            made.output()


def test_definitions_are_those_of_their_maker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may stand beside the locustfile; the process has no secrets of this one."""
    (tmp_path / "makes.py").write_text("import os\ndef charts():\n    return dict(os.environ)")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    said = json.loads(definitions("makes:charts").output())
    assert "PATH" in said
    assert "AWS_SECRET_ACCESS_KEY" not in said
