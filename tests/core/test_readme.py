"""What the README shows is what there is."""

from __future__ import annotations

import re
from pathlib import Path

from bedrock_locust.settings.options import OPTIONS
from bedrock_locust.settings.schema import SECTIONS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_example_is_the_file() -> None:
    """The locustfile in the README is the one that the end-to-end tests run."""
    [shown] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert shown == (ROOT / "examples" / "own_locustfile.py").read_text(encoding="utf-8")


def test_settings_are_complete() -> None:
    """Each setting stands in the README's table."""
    for section, model in SECTIONS.items():
        row = re.search(rf"^\| `{section}` \|.*$", README, re.MULTILINE)
        assert row, section
        assert [key for key in model.model_fields if f"`{key}`" not in row[0]] == []


def test_options_are_settings() -> None:
    """Each option sets a setting that exists."""
    assert [o.flag for o in OPTIONS if o.key not in SECTIONS[o.section].model_fields] == []


def test_links_lead_somewhere() -> None:
    """Each file that the README links to exists."""
    assert [path for path in re.findall(r"\]\((?!http)([^)#]+)", README) if not (ROOT / path).exists()] == []
