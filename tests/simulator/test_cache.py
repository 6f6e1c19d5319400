"""The prompt cache."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bedrock_locust.simulator.cache import CacheUse, PromptCache
from bedrock_locust.simulator.prompts import Part, Prompt

PROMPT = Prompt(parts=(Part("Hello there"),), text="Hello there", max_tokens=None)


def test_cache_writes_then_reads() -> None:
    """A prefix is written once, read within its time to live, and written anew after it."""
    cache, prompt = PromptCache(), replace(PROMPT, parts=(Part("x" * 400, cache_ttl_s=300), Part("y" * 40)))
    seen = [cache.use("model", prompt, 10, now) for now in (0, 299, 500, 1000)]
    assert [(use.read, use.write_5m) for use in seen] == [(0, 100), (100, 0), (100, 0), (0, 100)]
    assert cache.use("other", prompt, 10, 0).read == 0
    assert cache.use("model", prompt, 101, 0) == CacheUse(asked=True)
    assert cache.use("model", PROMPT, 10, 0) == CacheUse()


def test_cache_reads_the_longest_prefix() -> None:
    """What follows the longest known prefix is written, by its time to live."""
    cache = PromptCache()
    parts = (Part("x" * 400, cache_ttl_s=3600), Part("y" * 400, cache_ttl_s=300))
    assert cache.use("m", replace(PROMPT, parts=parts), 10, 0) == CacheUse(True, 0, 100, 100)
    longer = (*parts, Part("z" * 400, cache_ttl_s=300))
    assert cache.use("m", replace(PROMPT, parts=longer), 10, 400) == CacheUse(True, 100, 200, 0)


def test_a_point_is_no_part_of_the_prompt() -> None:
    """A conversation whose points move on reads what its last turn has written."""
    cache, point = PromptCache(), Part(cache_ttl_s=300)
    one, two, three = Part("x" * 400), Part("y" * 400), Part("z" * 400)
    assert cache.use("m", replace(PROMPT, parts=(one, point)), 10, 0) == CacheUse(True, 0, 100, 0)
    assert cache.use("m", replace(PROMPT, parts=(one, point, two, point)), 10, 1) == CacheUse(True, 100, 100, 0)
    assert cache.use("m", replace(PROMPT, parts=(one, two, point, three, point)), 10, 2) == CacheUse(True, 200, 100, 0)


def test_blocks_are_cached_without_a_point() -> None:
    """Of prompts that begin alike the blocks that they share are read; nothing is written for money."""
    cache, shared = PromptCache(), " ".join(["word"] * 300)
    first, second = (replace(PROMPT, parts=(Part(shared), Part(f"{name} " * 200))) for name in ("one", "two"))
    assert cache.use("m", first, 10, 0) == CacheUse()
    assert cache.use("m", first, 10, 0, implicit=True) == CacheUse(asked=True)
    found = cache.use("m", second, 10, 1, implicit=True)
    assert found == CacheUse(asked=True, read=320), "256 words of five characters with the blank"
    assert cache.use("m", second, 400, 2, implicit=True).read == 459, "384 of the 500 words"
    assert cache.use("m", second, 2000, 2, implicit=True).read == 0, "below the least"
    assert cache.use("other", second, 10, 2, implicit=True).read == 0
    assert cache.use("m", second, 10, 400, implicit=True).read == 0, "forgotten"


def prefix(text: str, ttl_s: int = 300, **more: int) -> Prompt:
    """A prompt that is a prefix."""
    return replace(PROMPT, parts=(Part(text, cache_ttl_s=ttl_s, **more),))


@pytest.mark.parametrize(("now", "read"), [(299.9, 3), (300, 0)])
def test_a_prefix_expires_at_its_time(now: float, read: int) -> None:
    """Not before it."""
    cache = PromptCache()
    cache.use("m", prefix("x" * 12), 3, 0)
    assert cache.use("m", prefix("x" * 12), 3, now) == CacheUse(True, read, 3 - read)


def test_a_longer_life_is_not_cut_short() -> None:
    """By a later request that asks for less."""
    cache = PromptCache()
    cache.use("m", prefix("x" * 12, 3600), 3, 0)
    assert cache.use("m", prefix("x" * 12, 300), 3, 10).read == 3
    assert cache.use("m", prefix("x" * 12, 300), 3, 3599).read == 3
    assert cache.use("m", prefix("x" * 12, 300), 3, 3899).read == 0


def test_a_prefix_has_as_many_tokens_as_it_needs() -> None:
    """With one fewer it is neither written nor read."""
    cache = PromptCache()
    assert cache.use("m", prefix("x" * 12), 4, 0) == cache.use("m", prefix("x" * 12), 4, 1) == CacheUse(asked=True)
    assert cache.use("m", prefix("x" * 13), 4, 2) == CacheUse(True, 0, 4)


def test_other_texts_pictures_and_models_are_other_prefixes() -> None:
    """A picture counts, also where there is no text."""
    cache = PromptCache()
    asked = [prefix("x" * 12), prefix("y" * 12), prefix("x" * 12, media=1), prefix("", media=1), prefix("", media=2)]
    written = [cache.use("m", one, 3, 0).write for one in asked]
    assert written == [3, 3, 1003, 1000, 2000]
    assert cache.use("n", asked[0], 3, 0).write == 3
    assert [cache.use("m", one, 3, 1).read for one in asked] == written


def test_the_newest_prefixes_are_kept() -> None:
    """20,000 of them; one that is used again is as new as its use."""
    cache = PromptCache()
    for number in range(20_000):
        cache.use("m", prefix(f"{number:05}"), 1, 0)
    assert cache.use("m", prefix("00000"), 1, 1).read == 2
    cache.use("m", prefix("other"), 1, 1)
    assert [cache.use("m", prefix(text), 1, 2).read for text in ("00002", "00000", "00001")] == [2, 2, 0]


def test_blocks_are_whole_and_follow_each_other() -> None:
    """128 words each: a block is read only after all that come before it."""
    first, second = "a " * 128, "b " * 128

    def asked(cache: PromptCache, text: str, now: float, least: int = 1) -> int:
        return cache.use("m", replace(PROMPT, parts=(Part(text),)), least, now, implicit=True).read

    cache = PromptCache()
    assert [asked(cache, "a " * 127, now) for now in (0, 1)] == [0, 0]
    assert [asked(cache, first, now) for now in (2, 3, 302.9, 602.9)] == [0, 64, 64, 0]
    assert asked(cache, first, 603, 64) == 64
    assert asked(cache, first, 603, 65) == 0
    assert asked(cache, second, 603) == 0
    assert asked(cache, first + second, 604) == 64
    assert asked(cache, first + second, 605) == 128
    assert asked(cache, second + first, 606) == 64
    assert asked(PromptCache(), first, 607) == 0
