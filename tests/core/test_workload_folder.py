"""The folder whose files the form may name."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

import pytest

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.workload_folder import MOST_NAMES, folder_of, name_of, names_in, path_of

if TYPE_CHECKING:
    from pathlib import Path


def folder(tmp_path: Path) -> str:
    """A folder with files, links and a folder in it, and a secret beside it."""
    inside = tmp_path / "requests"
    (inside / "chats").mkdir(parents=True)
    for name in ("b.jsonl", "a.csv", "chats/long.json", ".hidden"):
        (inside / name).write_text("{}")
    (tmp_path / "secret").write_text("{}")
    (inside / "out").symlink_to(tmp_path / "secret")
    (inside / "up").symlink_to(tmp_path)
    (inside / "again").symlink_to(inside / "b.jsonl")
    (inside / "circle").symlink_to(inside / "circle")
    return str(inside)


def test_what_is_in_it_can_be_named(tmp_path: Path) -> None:
    """Regular files, by their names below the folder; also by links that stay in it."""
    inside = folder(tmp_path)
    assert names_in(inside) == ["a.csv", "again", "b.jsonl", "chats/long.json"]
    for name in names_in(inside):
        assert name_of(inside, path_of(inside, name)) == name
    assert name_of(inside, str(tmp_path / "secret")) is None
    assert name_of("", "b.jsonl") is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../secret", "no .. and no / at its beginning"),
        ("chats/../../secret", "no .. and no / at its beginning"),
        ("/etc/passwd", "no .. and no / at its beginning"),
        ("a\0b", "no .. and no / at its beginning"),
        ("", "no .. and no / at its beginning"),
        ("out", "leads out of"),
        ("up/secret", "leads out of"),
        ("circle", "is not there in"),
        ("none.jsonl", "is not there in"),
        ("chats", "is not a regular file"),
        ("x" * 5000, "is not there in"),
    ],
)
def test_what_is_elsewhere_cannot(tmp_path: Path, name: str, why: str) -> None:
    """One line, which says why."""
    with pytest.raises(SettingsError) as refused:
        path_of(folder(tmp_path), name)
    assert len(refused.value.lines) == 1
    assert why in refused.value.lines[0]
    assert len(refused.value.lines[0]) < 400


def test_the_form_offers_a_bounded_number(tmp_path: Path) -> None:
    """Of many files the first ones."""
    for number in range(MOST_NAMES + 5):
        (tmp_path / f"{number:05}").write_text("")
    assert len(names_in(str(tmp_path))) == MOST_NAMES


def test_the_option_names_a_folder(tmp_path: Path) -> None:
    """Or it is said at the start."""
    assert folder_of(Namespace()) == ""
    assert folder_of(Namespace(bedrock_workload_dir=str(tmp_path))) == str(tmp_path)
    with pytest.raises(SettingsError, match="is not a folder"):
        folder_of(Namespace(bedrock_workload_dir=str(tmp_path / "none")))


def test_how_deep_and_how_many_files_are_offered(tmp_path: Path) -> None:
    """Of three folders below each other, and the first 500."""
    place = tmp_path
    for name in ("one", "two", "three"):
        place /= name
        place.mkdir()
        (place / "x.jsonl").write_text("{}")
    (tmp_path / "top.jsonl").write_text("{}")
    assert names_in(str(tmp_path)) == ["one/two/x.jsonl", "one/x.jsonl", "top.jsonl"]
    for number in range(500):
        (tmp_path / f"{number:03}").write_text("{}")
    assert names_in(str(tmp_path)) == [f"{number:03}" for number in range(500)]
