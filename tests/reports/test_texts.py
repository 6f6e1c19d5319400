"""The words of the report: each key means one text."""

from __future__ import annotations

import pkgutil
from collections import Counter
from importlib import import_module

import pytest

from reports.texts import LANGUAGES


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_module_takes_the_words_of_another(code: str) -> None:
    """A key of two modules would mean the later text wherever the first is wanted."""
    package = import_module(f"reports.texts.{code}")
    modules = [import_module(f"{package.__name__}.{found.name}") for found in pkgutil.iter_modules(package.__path__)]
    keys = Counter(key for module in modules for key in getattr(module, "TEXTS", {}))
    assert keys
    assert [key for key, count in keys.items() if count > 1] == []
    assert package.TEXTS.keys() == keys.keys()


def test_languages_have_the_same_keys() -> None:
    """What one language can say, the others can."""
    one, *others = [set(import_module(f"reports.texts.{code}").TEXTS) for code in LANGUAGES]
    assert others
    assert all(other == one for other in others)
