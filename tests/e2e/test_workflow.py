"""The example of a workflow on GitHub: its commands, run as GitHub runs them, hold or break the build."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from junitparser import JUnitXml

from .running import DEADLINE_S, ROOT

WORKFLOW = ROOT / "examples" / "github-workflow.yaml"


def step(name: str) -> str:
    """The command of a step."""
    [job] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"].values()
    [command] = [one["run"] for one in job["steps"] if one.get("name") == name]
    return str(command)


@pytest.mark.parametrize(("ttft_ms", "code"), [(1_000, 0), (1, 3)], ids=["held", "broken"])
def test_the_gate_decides_the_build(tmp_path: Path, ttft_ms: int, code: int) -> None:
    """With the SLO of the example the step passes; with one that no answer holds it fails, and JUnit says where."""
    (tmp_path / "locustfile.py").symlink_to(ROOT / "locustfile.py")
    (tmp_path / "examples").mkdir()
    config = json.loads((ROOT / "examples" / "gate.json").read_text(encoding="utf-8"))
    config["slo"]["ttft_ms"] = ttft_ms
    config["concurrency"]["duration_seconds"] = 3
    (tmp_path / "examples" / "gate.json").write_text(json.dumps(config))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | {"PATH": path, "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"), "CI": "true"}
    done = subprocess.run(
        ["bash", "-e", "-c", step("Run")],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )
    assert done.returncode == code, done.stderr
    [folder] = [path for path in (tmp_path / "results").iterdir() if path.is_dir()]
    suites = JUnitXml.fromstring((folder / "junit.xml").read_bytes())
    assert (suites.tests, suites.failures) == (3, 1 if code else 0)
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert summary.startswith("# Bedrock load test")
    assert "**SLO gate: " in summary
