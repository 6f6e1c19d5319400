"""A short run with the lowest versions that pyproject.toml allows, and one with each newer Python of this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.otlp_receiver import Receiver
from tests.e2e.running import free_port

ROOT = Path(__file__).parents[2]
UV = shutil.which("uv", path=Path(sys.executable).parent)
INSTALL_LIMIT_S, RUN_LIMIT_S = 400, 170
SIMULATOR = "--ttft-ms 50 --tpot-ms 5 --output-tokens 20"
SETTINGS: dict[str, dict[str, object]] = {
    "model": {"id": "us.anthropic.claude-sonnet-4-5-20250929-v1:0"},
    "test": {"max_tokens": 64},
    "concurrency": {"start": 1, "end": 2, "step": 1, "duration_seconds": 2},
    "output": {"formats": ["markdown", "json", "html"]},
}


def _newer_python(version: str) -> str | None:
    """An interpreter of this version: on the path, or one of pyenv's, whose shims may lead nowhere."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    names = [f"python{version}", *(str(path / "bin" / "python") for path in sorted(versions.glob(f"{version}.*")))]
    for name in names:
        if (found := shutil.which(name)) and _says(
            found, "-c", "import sys; print('%d.%d' % sys.version_info[:2])", version
        ):
            return found
    return None


def _says(program: str, *arguments: str) -> bool:
    *given, expected = arguments
    done = subprocess.run([program, *given], capture_output=True, text=True, check=False, timeout=30)
    return done.returncode == 0 and done.stdout.strip() == expected


def _install(environment: Path, python: str, *options: str) -> Path:
    """The folder of programs of a new environment with the package in it."""
    assert UV is not None, "uv is one of the packages of the tests"
    for command in (
        [UV, "venv", "--quiet", "--no-python-downloads", "--python", python, str(environment)],
        [
            UV,
            "pip",
            "install",
            "--quiet",
            "--python",
            str(environment / "bin" / "python"),
            *options,
            f"{ROOT}[otel,parquet,prometheus,simulator]",
        ],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_LIMIT_S)
        if done.returncode and "CI" not in os.environ and "error sending request" in done.stderr.lower():
            pytest.skip(f"there is no package registry: {done.stderr.strip().splitlines()[-1]}")
        assert done.returncode == 0, done.stderr
    return environment / "bin"


def _run(programs: Path, folder: Path) -> Path:
    """Make a short run with the stock locustfile; its run folder. Warnings of the installed versions do not matter.

    All exporters are on, and what they send arrives.
    """
    receiver = Receiver()
    try:
        run = _run_with(programs, folder, {"otlp_endpoint": receiver.url, "otlp_spans": True})
    finally:
        receiver.close()
    rows = (run / "requests.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert receiver.calls().total() == len(list(receiver.spans())) == len(rows)
    return run


def _run_with(programs: Path, folder: Path, output: dict[str, object]) -> Path:
    folder.mkdir()
    shutil.copy(ROOT / "locustfile.py", folder)
    settings = {**SETTINGS, "output": {**SETTINGS["output"], **output}}
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    port = str(free_port())
    done = subprocess.run(
        [
            programs / "locust",
            "-f",
            "locustfile.py",
            "--headless",
            f"--bedrock-simulator={SIMULATOR}",
            "--bedrock-metrics-port",
            port,
        ],
        cwd=folder,
        env={"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_LIMIT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = (folder / "results").iterdir()
    return run


def _check(run: Path) -> None:
    """The run has come to its end, every level has calls and all reports are there."""
    info = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert info["ended"] == "complete"
    figures = json.loads((run / "report.json").read_text(encoding="utf-8"))
    levels = {level["level"]: level for level in figures["levels"]}
    assert set(levels) == {"streaming-1", "streaming-2", "non_streaming-1", "non_streaming-2"}
    assert all(level["ok"] >= 1 for level in levels.values())
    assert all((run / name).stat().st_size for name in ("report.md", "report.html", "requests.csv"))


PARQUET = """
import sys, pyarrow as pa
from pathlib import Path
from pyarrow import parquet
systems = ["Be brief", None]
rows = [{"prompt": f"#{n} " + "word " * 50, "max_tokens": 5 + n, "system": systems[n % 2]} for n in range(2500)]
parquet.write_table(pa.Table.from_pylist(rows), "x.parquet")
from bedrock_locust.workload.jsonl import RecordFile
records = RecordFile(Path("x.parquet"))
assert [records.record(n) for n in (0, 1, 2499)] == [
    {name: value for name, value in rows[n].items() if value is not None} for n in (0, 1, 2499)
]
assert len(records) == 2500
Path("y.parquet").write_bytes(Path("x.parquet").read_bytes()[:-200] + b"PAR1")
try:
    RecordFile(Path("y.parquet"))
except Exception as error:
    print(error)
"""


def _read_parquet(programs: Path, folder: Path) -> None:
    """A file of requests in Parquet is read row by row, and a broken one is a line."""
    done = subprocess.run(
        [programs / "python", "-c", PARQUET],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_LIMIT_S,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("workload.file: y.parquet: it is no Parquet that can be read")


def test_lowest_versions(tmp_path: Path) -> None:
    """The lower bound of every range in pyproject.toml is enough."""
    programs = _install(tmp_path / "environment", sys.executable, "--resolution", "lowest-direct")
    _check(_run(programs, tmp_path / "run"))
    _read_parquet(programs, tmp_path)


@pytest.mark.parametrize("version", [pytest.param("3.12", marks=pytest.mark.long), "3.13"])
def test_newer_python(version: str, tmp_path: Path) -> None:
    """Each Python that pyproject.toml names works, with the newest versions of everything."""
    python = _newer_python(version)
    if python is None:
        pytest.skip(f"there is no Python {version} on this machine")
    programs = _install(tmp_path / "environment", python)
    _check(_run(programs, tmp_path / "run"))
