"""A disk that takes no more while a run goes on."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.checks import assert_whole, info, read
from tests.e2e.running import LOCUST, ROOT, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.running import Place, Simulator

QUICK = ("--ttft-ms", "10", "--tpot-ms", "1", "--output-tokens", "10")
LITTLE_MEMORY = """
import sys
sys.path.insert(0, {root!r})
import bedrock_locust.recording.row_file
bedrock_locust.recording.row_file.MEMORY_LIMIT = 40_000
from locustfile import *
"""
LEVEL = ["streaming-4"]
IN_MEMORY = "the run goes on, and what it finds is kept in memory"


@pytest.fixture
def simulator(start_simulator: Callable[..., Simulator]) -> Simulator:
    """A simulator with short answers, for many rows."""
    return start_simulator(*QUICK)


@pytest.fixture(autouse=True)
def one_level(place: Place) -> None:
    """A run of one level; a folder for temporary files of its own."""
    place.configure({"test": {"non_streaming": False}, "concurrency": {"start": 4, "end": 4, "duration_seconds": 4}})
    (place.path / "temporary").mkdir()
    place.env["TMPDIR"] = str(place.path / "temporary")


def start(place: Place, simulator: Simulator, locustfile: Path | None = None) -> subprocess.Popen[str]:
    """Start the run."""
    return place.start("--headless", "--only-summary", "--host", simulator.url, locustfile=locustfile)


def grown(place: Place, size: int) -> Path:
    """The table of calls, once it has this number of bytes."""

    def found() -> Path | None:
        return next((path for path in place.path.glob("results/*/requests.csv") if path.stat().st_size > size), None)

    path: Path = until(found, f"{size} bytes of rows")
    return path


def assert_tidy(place: Place, process: subprocess.Popen[str]) -> None:
    """No traceback, and no draft or temporary file is left."""
    assert "Traceback" not in place.output(process), place.output(process)
    assert not list(place.path.rglob("*.tmp"))


@pytest.mark.usefixtures("no_report")
def test_full_for_a_while(place: Place, simulator: Simulator) -> None:
    """The run goes on and says so at once; when there is room again, all rows are there, once."""
    process = start(place, simulator)
    table = grown(place, 30_000)
    _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    full_at = table.stat().st_size + 1000
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (full_at, hard))
    place.said(process, IN_MEMORY)
    assert table.read_bytes()[-1:] == b"\n", "half a row is left in the file"
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    place.said(process, "can be written again: nothing is lost")
    assert process.wait(60) == 0, place.output(process)
    assert_whole(table.parent, simulator.calls(), LEVEL)
    assert info(table.parent)["rows_lost"] == 0
    assert_tidy(place, process)
    assert not list((place.path / "temporary").glob("bedrock-locust-*"))


@pytest.mark.long
def test_a_folder_that_goes_away(place: Place, simulator: Simulator) -> None:
    """A folder that is replaced in mid-run costs nothing: the whole of it is found in another place, with a report."""
    process = start(place, simulator)
    folder = grown(place, 10_000).parent
    folder.rename(place.path / "gone")
    folder.write_text("no folder")
    assert process.wait(60) == 0, place.output(process)
    (refuge,) = (place.path / "temporary").glob("bedrock-locust-*/*")
    assert f"the whole run folder is now {refuge}; nothing is lost" in place.output(process)
    assert_whole(refuge, simulator.calls(), LEVEL)
    assert (refuge / "report.md").exists()
    assert (place.path / "benchmark_report.md").exists()
    assert_tidy(place, process)


@pytest.mark.usefixtures("no_report")
def test_a_folder_that_is_removed(place: Place, simulator: Simulator) -> None:
    """It is made again within a second or two, with the rows of before, so that not even a kill thereafter loses it."""
    place.configure({"test": {"non_streaming": False}, "concurrency": {"start": 4, "end": 4, "duration_seconds": 60}})
    process = start(place, simulator)
    table = grown(place, 10_000)
    # Away at once: the run may make a file in it while its files are removed one by one.
    shutil.rmtree(table.parent.rename(place.path / "removed"))
    place.said(process, "was removed, and is made again: nothing is lost")
    until(lambda: (table.parent / "run.json").exists() and len(read(table)) > 100, "rows")
    seen = len(simulator.calls())
    time.sleep(2.5)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    known = {row["request_id"] for row in read(table)}
    assert {call["request_id"] for call in simulator.calls()[:seen]} <= known
    assert info(table.parent)["ended"] == "running"
    assert [row["level"] for row in read(table.parent / "levels.csv")] == LEVEL


@pytest.mark.long
def test_a_log_on_a_full_disk(place: Place, simulator: Simulator) -> None:
    """What cannot be printed costs nothing."""
    place.configure({"test": {"non_streaming": False}, "concurrency": {"start": 4, "end": 4, "duration_seconds": 1}})
    command = [str(LOCUST), "-f", str(ROOT / "locustfile.py"), "--headless", "--only-summary", "--host", simulator.url]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command,
            cwd=place.path,
            env=place.env,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert_whole(place.runs()[0], simulator.calls(), LEVEL)


@pytest.fixture
def mount(place: Place) -> Iterator[Callable[..., None]]:
    """Mounts the directory of results; skips where that is not permitted."""
    results = place.path / "results"

    def do(*arguments: str | Path) -> None:
        results.mkdir()
        done = subprocess.run(["mount", *arguments, results], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"mount is not permitted here: {done.stderr.strip()}")

    yield do
    place.end()
    subprocess.run(["umount", results], capture_output=True, check=False)


@pytest.mark.long
def test_full_to_the_end(place: Place, simulator: Simulator, mount: Callable[..., None]) -> None:
    """What memory has no room for is counted as lost; the rest is whole, in another place, and the report says it."""
    mount("-t", "tmpfs", "-o", "size=64k", "tmpfs")
    locustfile = place.path / "little_memory.py"
    locustfile.write_text(LITTLE_MEMORY.format(root=str(ROOT)))
    process = start(place, simulator, locustfile=locustfile)
    assert process.wait(60) == 1, place.output(process)
    output = place.output(process)
    assert f"cannot be written (No space left on device): {IN_MEMORY}" in output
    assert "no more room in memory for rows" in output
    (refuge,) = (place.path / "temporary").glob("bedrock-locust-*/*")
    said, rows = info(refuge), read(refuge / "requests.csv")
    assert said["ended"] == "complete"
    assert said["rows_written"] == len(rows) > 100
    assert said["rows_lost"] > 0
    assert len(rows) + said["rows_lost"] == len(simulator.calls())
    assert {row["request_id"] for row in rows} <= {call["request_id"] for call in simulator.calls()}
    (old,) = place.runs()
    assert (old / "moved-to").readlink() == refuge.parent
    last = output[output.index("Run complete") :]
    assert f"Run folder  {refuge}" in last
    report = (refuge / "report.md").read_text()
    assert f"{said['rows_lost']:,} calls are lost: the run folder could not be written" in report
    assert_tidy(place, process)


@pytest.mark.long
def test_a_file_system_that_becomes_read_only(place: Place, simulator: Simulator, mount: Callable[..., None]) -> None:
    """As Linux does with a disk that fails: nothing more can be written, and nothing of what was measured is lost."""
    image = place.path / "disk"
    with image.open("wb") as file:
        file.truncate(2**24)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    mount("-o", "loop,errors=remount-ro", image)
    device = subprocess.run(
        ["findmnt", "-no", "SOURCE", place.path / "results"], capture_output=True, text=True, check=True
    )
    process = start(place, simulator)
    grown(place, 10_000)
    Path("/sys/fs/ext4", Path(device.stdout.strip()).name, "trigger_fs_error").write_text("1")
    assert process.wait(60) == 0, place.output(process)
    assert f"cannot be written (Read-only file system): {IN_MEMORY}" in place.output(process)
    (refuge,) = (place.path / "temporary").glob("bedrock-locust-*/*")
    assert_whole(refuge, simulator.calls(), LEVEL)
    # A disk that failed may not even list its files.
    assert "Traceback" not in place.output(process), place.output(process)
    assert not list(refuge.rglob("*.tmp"))
