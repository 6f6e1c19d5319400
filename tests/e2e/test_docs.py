"""Every command that README and docs show works as it is written, made short and without an account."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from .running import DEADLINE_S, ROOT, free_port, until

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ELSEWHERE = {
    "awk": "it mends a run folder that lost rows: see tests/faults",
    "aws": "the command line of AWS is not installed here",
    "docker": "there is no Docker here",
    "export": "it only sets a variable",
    "helm": "there is no cluster here",
    "kubectl": "there is no cluster here",
    "pip": "it installs: make does so",
    "python3": "it installs: make does so",
}
"""Programs whose commands are not run here, and why."""
SHORT = "--bedrock-simulator='--ttft-ms 20 --tpot-ms 2 --output-tokens 10' --bedrock-end 1 --bedrock-duration 1"


def commands() -> list[str]:
    """The lines of the shell blocks, once each, without comments and prompts."""
    found = []
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            lines = block.replace("\\\n", " ").splitlines()
            found += [re.split(r"\s+#\s", line.removeprefix("$ "))[0].strip() for line in lines]
    return [*dict.fromkeys(line for line in found if line and not line.startswith("#"))]


def program(command: str) -> str:
    """What a command starts, without variables before it."""
    return next(word for word in command.split() if "=" not in word).rpartition("/")[2]


def _is_headless(command: str) -> bool:
    return "--headless" in command and command not in TEAM


LOCUST = [command for command in commands() if program(command) == "locust"]
TEAM = [command for command in LOCUST if "--master" in command or "--worker" in command]
HEADLESS = [*dict.fromkeys(command.removesuffix(" --bedrock-simulator") for command in LOCUST if _is_headless(command))]
"""Once where they are the same with `SHORT`, whose simulator takes the place of theirs."""
PAGE = [
    command for command in LOCUST if command not in TEAM and not _is_headless(command) and "--version" not in command
]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What a new user has: the files of the repository, and a configuration that was copied."""
    for name in ("locustfile.py", "examples", "config.example.json", "docs", "Makefile", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(tmp_path / "config.example.json", tmp_path / "config.json")
    return tmp_path


def start(clone: Path, command: str) -> subprocess.Popen[str]:
    """A command, in a shell, in an environment that was activated and has no AWS."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "BEDROCK_", "LOCUST_"))}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.Popen(
        f"exec env {command}" if re.match(r"\w+=", command) else f"exec {command}",
        shell=True,
        cwd=clone,
        env={**kept, "PATH": path, "AWS_EC2_METADATA_DISABLED": "true", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str]) -> str:
    """What a command said that ended well."""
    try:
        said, _ = process.communicate(timeout=2 * DEADLINE_S)
    finally:
        stop(process)
    assert process.returncode == 0, said
    return said


def stop(process: subprocess.Popen[str]) -> None:
    """End a command with all that it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert process.stdout
    process.stdout.close()


@pytest.mark.parametrize("command", HEADLESS)
def test_a_headless_run(clone: Path, command: str) -> None:
    """It ends well, with a report and its page."""
    if "amazon.nova" in command:
        pytest.skip("the format of this example is one that the reader adds")
    ended(start(clone, f"{command} {SHORT} {'-t 3s' if ' -t ' in command else ''}"))
    [run] = (clone / "results").iterdir()
    assert (run / "report.md").exists()
    assert (run / "report.html").exists()


@pytest.mark.parametrize("command", PAGE)
def test_a_web_page(clone: Path, command: str) -> None:
    """It answers, or asks for the login, and ends when it is told to."""
    port = free_port()
    process = start(clone, f"{command} {SHORT} --web-port {port}")
    try:
        until(lambda: answers(port), "page")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=DEADLINE_S)
    finally:
        stop(process)
    assert process.returncode == 0


def answers(port: int) -> bool:
    """Whether there is a page."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def test_master_and_workers(clone: Path) -> None:
    """The commands of the README for several machines, all on this one."""
    port = free_port()
    master, worker = (next(command for command in TEAM if role in command) for role in ("--master ", "--worker"))
    lead = start(clone, f"{master} {SHORT} --master-bind-port {port}")
    others = [start(clone, f"{worker.replace('MASTER', '127.0.0.1')} --master-port {port}") for _ in range(2)]
    try:
        ended(lead)
        assert len([*(clone / "results").glob("*/report.md")]) == 1
    finally:
        for other in others:
            stop(other)


def test_commands_beside_locust(clone: Path) -> None:
    """The check, and the commands of the report on copies of a run that was made."""
    ended(start(clone, f"locust -f locustfile.py --headless {SHORT}"))
    [made] = (clone / "results").iterdir()
    for name in ("before", "after", "run"):
        shutil.copytree(made, clone / "results" / name)
    # `aws` asks AWS itself: tests/core/test_cross_check.py has the simulator answer it.
    others = ("simulator", "bedrock_locust aws")
    python = [command for command in commands() if program(command) == "python"]
    run_here = [command for command in python if not any(other in command for other in others)]
    assert len(run_here) >= 3
    for command in run_here:
        ended(start(clone, re.sub(r"<(\w+)>", r"\1", command)))
    assert (clone / "comparison" / "comparison.md").exists()


def test_a_run_from_a_program(clone: Path) -> None:
    """The example of Locust as a library makes a run with its report, and ends with its exit code."""
    [command] = [command for command in commands() if "examples/library.py" in command]
    ended(start(clone, command))
    [run] = (clone / "results").iterdir()
    assert (run / "report.md").exists()
    assert '"complete"' in (run / "run.json").read_text(encoding="utf-8")


def test_every_command_is_accounted_for() -> None:
    """A command is run here, is one of make, which knows its target, or has a reason above; its files exist."""
    for command in commands():
        name = program(command)
        if name == "make":
            subprocess.run(["make", "-n", *command.split()[1:]], cwd=ROOT, check=True, capture_output=True, timeout=60)
            continue
        assert name in {"locust", "python", "cp", ".", "bedrock-locust"} or name in ELSEWHERE, command
        for path in re.findall(r"examples/[\w.-]+", command):
            assert (ROOT / path).exists(), command
