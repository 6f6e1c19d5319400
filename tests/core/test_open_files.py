"""Whether this process may open as many files as a run needs."""

from __future__ import annotations

import errno
import resource

import pytest

from bedrock_locust.process.open_files import LAST, OWN, lack_for_calls, lack_for_workers, refuse_if_few


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The soft and the hard limit, as this process is told."""
    said = [1000, 2000]
    monkeypatch.setattr(resource, "getrlimit", lambda _: tuple(said))
    return said


def test_a_run_that_fits_has_no_warning(limits: list[int]) -> None:
    """A connection for each call, and some files for the run itself."""
    assert lack_for_calls(limits[0] - OWN) == lack_for_workers(limits[0] - OWN) == ""
    assert "937 calls in flight need about 1,001 open files, but the limit is 1,000" in lack_for_calls(937)
    assert "937 workers need about 1,001 open files" in lack_for_workers(937)


def test_the_remedy_is_one_that_can_be_taken(limits: list[int]) -> None:
    """`ulimit` raises the limit up to the hard one; where there is none, it always does."""
    assert "(ulimit -n 2000), or use more workers" in lack_for_calls(2000 - OWN)
    assert "(a higher hard limit)" in lack_for_calls(2001 - OWN)
    limits[1] = resource.RLIM_INFINITY
    assert "(ulimit -n 5064)" in lack_for_calls(5000)


def test_without_a_limit_nothing_lacks(limits: list[int]) -> None:
    """Neither before a run nor in it."""
    limits[:] = [resource.RLIM_INFINITY] * 2
    assert lack_for_calls(10**6) == ""
    refuse_if_few(10**6)


def test_the_last_files_are_for_the_run(limits: list[int]) -> None:
    """A connection that gets one of them is refused as the system would refuse it."""
    refuse_if_few(limits[0] - LAST - 1)
    with pytest.raises(OSError, match="are for the run itself") as refused:
        refuse_if_few(limits[0] - LAST)
    assert refused.value.errno == errno.EMFILE


@pytest.mark.parametrize(
    ("soft", "hard", "count", "remedy"),
    [
        (1000, 2000, 936, None),
        (1000, 2000, 937, "ulimit -n 1001"),
        (1000, 2000, 1936, "ulimit -n 2000"),
        (1000, 2000, 1937, "a higher hard limit"),
        (1000, resource.RLIM_INFINITY, 1937, "ulimit -n 2001"),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 10**6, None),
    ],
)
def test_the_warnings_word_by_word(limits: list[int], soft: int, hard: int, count: int, remedy: str | None) -> None:
    """What is needed, what there is, what happens otherwise, and what to do."""
    limits[:] = [soft, hard]
    need = f"need about {count + 64:,} open files, but the limit is {soft:,}"
    raised = f"raise it before the start ({remedy})"
    calls = f"{count:,} calls in flight {need}: calls will fail with ClientResourceError; {raised}, or use more workers"
    assert lack_for_calls(count) == (calls if remedy else "")
    assert lack_for_workers(count) == (f"{count:,} workers {need}: some will not be heard; {raised}" if remedy else "")


@pytest.mark.parametrize(("fileno", "refused"), [(983, False), (984, True), (985, True)])
def test_which_files_are_the_last(limits: list[int], fileno: int, refused: bool) -> None:
    """16 of 1,000."""
    if not refused:
        refuse_if_few(fileno)
        return
    with pytest.raises(OSError, match=r"Too many open files: the last 16 of 1000 are for the run itself"):
        refuse_if_few(fileno)
