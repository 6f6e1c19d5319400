"""Vega for a page: the JavaScript that the installed vl-convert carries, kept between runs."""

from __future__ import annotations

import contextlib
import os
import tempfile
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import vl_convert

PACKAGE = "vl-convert-python"


@cache
def script() -> str:
    """JavaScript that sets `vegaEmbed`. To make it takes seconds of CPU, so that it is made once for each version."""
    kept = _folder() / f"vega-{version(PACKAGE)}.js"
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return kept.read_text(encoding="utf-8")
    whole: Any = None  # the stubs want code, but without any it is everything
    made = vl_convert.javascript_bundle(whole).replace("\r\n", "\n").replace("</script", "<\\/script")
    with contextlib.suppress(OSError):
        _keep(kept, made)
    return made


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bedrock-locust"


def _keep(path: Path, text: str) -> None:
    """Write a whole file, or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="\n", dir=path.parent, delete=False) as draft:
        draft.write(text)
    Path(draft.name).replace(path)
