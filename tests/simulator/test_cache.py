"""The prompt cache."""

from __future__ import annotations

from dataclasses import replace

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
