"""Programs in other environments: their clients' packages would not go together with this project's, or are not Python.

`make clients` installs them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent
PYTHON = Path(__file__).parents[3] / ".venv-clients" / "bin"
DEADLINE_S = 60.0


def run_python(script: str, *arguments: str, **variables: str) -> Any:
    """What a script of `python/` prints, as JSON."""
    return _run(str(_installed("python")), str(HERE / "python" / script), *arguments, **variables)


def run_more_python(script: str, *arguments: str, **variables: str) -> Any:
    """The same of a script whose packages only `make long` installs."""
    if not (PYTHON.parent / ".more").exists():
        pytest.skip("LiteLLM and LLMeter are not installed: make long")
    return run_python(script, *arguments, **variables)


def run_node(script: str, *arguments: str, **variables: str) -> Any:
    """What a script of `js/` prints, as JSON."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    installed = HERE / "js" / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (HERE / "js" / "package.json").stat().st_mtime:
        pytest.skip("the JavaScript clients are not installed, or older than package.json: make clients")
    return _run(node, str(HERE / "js" / script), *arguments, NODE_NO_WARNINGS="1", **variables)


def run_aws(*arguments: str, **variables: str) -> Any:
    """What the AWS CLI prints, as JSON."""
    return _run(str(_installed("aws")), *arguments, "--output", "json", **variables)


def _installed(name: str) -> Path:
    program = PYTHON / name
    if not (PYTHON.parent / ".installed").exists():
        pytest.skip("the Python clients are not installed: make clients")
    return program


def _run(*command: str, **variables: str) -> Any:
    environment: Mapping[str, str] = os.environ | variables
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=DEADLINE_S, check=False, env=environment, cwd=HERE
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)
