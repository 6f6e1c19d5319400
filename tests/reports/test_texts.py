"""The words of the report: each key means one text."""

from __future__ import annotations

import pkgutil
from collections import Counter
from importlib import import_module
from typing import Any

import pytest

from reports.texts import LANGUAGES, language


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


@pytest.mark.parametrize(
    ("made", "english", "chinese"),
    [
        (("noun", 0, "call"), "0 calls", "0 次调用"),
        (("noun", 1, "call"), "1 call", "1 次调用"),
        (("noun", 2.0, "call"), "2 calls", "2 次调用"),
        (("noun", 1234567, "call"), "1,234,567 calls", "1,234,567 次调用"),
        (("load", 1, "users"), "1 user", "1 个用户"),
        (("load", 12, "part"), "12 users", "12 个用户"),
        (("load", 1, "rate"), "1 request/s", "1 次请求/s"),
        (("load", 1.5, "rate"), "1.5 requests/s", "1.5 次请求/s"),
        (("load", 12345.678, "rate"), "12,345.7 requests/s", "12,345.7 次请求/s"),
        (("load", "1 to 20", "rate"), "1 to 20 requests/s", "1 to 20 次请求/s"),
        (("listing", []), "", ""),
        (("listing", ["a"]), "a", "a"),
        (("listing", ["a", "b"]), "a and b", "a 和 b"),
        (("listing", ["a", "b", "c"]), "a, b and c", "a、b 和 c"),
        (("listing", list("abcdef")), "a, b, c, d, e and f", "a、b、c、d、e 和 f"),
        (("listing", list("abcdefg")), "a, b, c, d, e and 2 more", "a、b、c、d、e 和另外 2 个"),
        (("listing", list("abcd"), 3), "a, b and 2 more", "a、b 和另外 2 个"),
        (("span", "1", "1"), "1", "1"),
        (("span", "1", "2"), "1 to 2", "1 至 2"),
        (("paragraph", ["A.", "", "B."]), "A. B.", "A.B."),
        (("group", "streaming"), "streaming", "流式"),
        (("group", "ChatUser"), "ChatUser", "ChatUser"),
        (("sentence", ""), "", ""),
        (("sentence", "at most"), "At most", "At most"),
        (("duration", 0.4), "0 s", "0 秒"),
        (("duration", 59.4), "59 s", "59 秒"),
        (("duration", 59.6), "1 min", "1 分钟"),
        (("duration", 61), "1 min 1 s", "1 分 1 秒"),
        (("duration", 3599), "59 min 59 s", "59 分 59 秒"),
        (("duration", 3600), "1 h", "1 小时"),
        (("duration", 3661), "1 h 1 min", "1 小时 1 分钟"),
        (("duration", 90_000), "25 h", "25 小时"),
    ],
)
def test_counts_loads_lists_and_times(made: tuple[Any, ...], english: str, chinese: str) -> None:
    """As each language writes them."""
    name, *values = made
    assert [getattr(language(code), name)(*values) for code in LANGUAGES] == [english, chinese]


def test_an_unknown_language_is_english() -> None:
    """Of a run of a later version."""
    assert [language(code).code for code in ("zh", "de", "")] == ["zh", "en", "en"]
