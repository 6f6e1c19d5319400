"""What the README shows is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bedrock_locust.settings.options import OPTIONS
from bedrock_locust.settings.schema import SECTIONS

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.zh.md")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_example_is_the_file() -> None:
    """The locustfile in the README is the one that the end-to-end tests run."""
    [shown] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert shown == (ROOT / "examples" / "own_locustfile.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", READMES)
def test_settings_exist(name: str) -> None:
    """Each setting, option and variable that a README names is there, and so is each default in its table."""
    text = (ROOT / name).read_text(encoding="utf-8")
    known = {
        f"{section}.{key}": field for section, model in SECTIONS.items() for key, field in model.model_fields.items()
    }
    sections = "|".join(SECTIONS)
    assert {*re.findall(rf"`((?:{sections})\.\w+)`", text)} <= known.keys()
    # Options of the process that no setting has.
    others = {"--bedrock-simulator", "--bedrock-config", "--bedrock-console"}
    assert {*re.findall(r"--bedrock-[a-z-]+", text)} <= {option.flag for option in OPTIONS} | others
    for key, default in re.findall(r"^\| `(\w+\.\w+)` \| (\d+) \|", text, re.MULTILINE):
        assert known[key].default == int(default)


def test_options_are_settings() -> None:
    """Each option sets a setting that exists."""
    assert [o.flag for o in OPTIONS if o.key not in SECTIONS[o.section].model_fields] == []


@pytest.mark.parametrize("path", [ROOT / name for name in READMES] + sorted((ROOT / "docs").glob("*.md")), ids=str)
def test_links_lead_somewhere(path: Path) -> None:
    """Each file that the documentation links to exists."""
    links = re.findall(r"\]\((?!http)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_every_page_is_in_the_index() -> None:
    """docs/README.md leads to every page of the documentation."""
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages <= {*re.findall(r"\]\(([^)#]+)", index)}


def test_the_languages_have_the_same_commands() -> None:
    """What a Chinese reader types is what an English one does, in the same order."""
    english, chinese = (
        [
            line.split("  #")[0].strip()
            for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
            for line in block.splitlines()
        ]
        for text in ((ROOT / name).read_text(encoding="utf-8") for name in READMES)
    )
    assert [command for command in english if command not in ("make test", "make lint")] == chinese
