"""What the report says of the account."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from reports.edition import edition
from reports.exports import quota_request
from reports.numbers.account import Source, looked_up, notes, others_percent, sources
from reports.reading.run import read
from reports.sections.configuration import configuration
from reports.sections.elsewhere import elsewhere
from reports.sections.head import title
from reports.sections.limits import limits
from reports.sections.quota import over, used_up
from reports.sections.quota import quota as section

from . import closed_loop
from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path

TOKENS = {"value": 8_000_000, "source": "account", "account_value": 8e6, "code": "L-AB", "others_per_minute": 2e6}
REQUESTS = {"value": 5000, "source": "settings", "account_value": 60.0, "code": "L-CD", "others_per_minute": 0.0}


def told(folder: Path, quotas: Any, language: str = "en") -> str:
    """The section about quotas of a run with these."""
    run = closed_loop.run((4,), lambda *_: closed_loop.streamed(1000))
    run.info["settings"]["model"] |= {"quota": 5000, "tokens_per_minute": 8_000_000}
    run.info["quotas"] = quotas
    return section(edition(read(run.write(folder)), language), {})


def test_where_quotas_are_from(tmp_path: Path) -> None:
    """Those that were found, those that differ from the account, and what others used."""
    text = told(tmp_path, {"tokens_per_minute": TOKENS, "quota": REQUESTS})
    assert "Found in Service Quotas: the quota of 8,000,000 tokens/min (`L-AB`)." in text
    assert (
        "The settings say the quota of 5,000 requests/min, and Service Quotas has 60 (`L-CD`). The settings count here."
        in text
    )
    per_day = {"value": 5e9, "source": "account", "code": "L-EF"}
    assert "(`L-AB`) and the quota of 5,000,000,000 tokens/day (`L-EF`)." in told(
        tmp_path / "day", {"tokens_per_minute": TOKENS, "tokens_per_day": per_day}
    )
    assert "Before the load, others used 25.0 % of the quota of 8,000,000 tokens/min" in text
    assert "从 Service Quotas 查到" in told(tmp_path / "zh", {"tokens_per_minute": TOKENS, "quota": REQUESTS}, "zh")


def test_why_a_quota_is_not_known(tmp_path: Path) -> None:
    """The report says what the run was told, beside what to set; a folder without it, or a spoilt one, has none."""
    run = closed_loop.run((4,), lambda *_: closed_loop.streamed(1000))
    run.info["quota_notes"] = ["2 quotas of tokens per minute may be that of m (L-1, L-2): set it by hand", "", 5]
    found = read(run.write(tmp_path))
    for language, text in (("en", "Lookup in the account"), ("zh", "账户查询")):
        assert re.search(rf"{text}\W+2 quotas of tokens per minute", section(edition(found, language), {}))
    assert notes(found) == run.info["quota_notes"][:1]
    run.info["quota_notes"] = "x"
    assert notes(read(run.write(tmp_path / "spoilt"))) == []


def test_what_others_use_is_in_the_conclusion(tmp_path: Path) -> None:
    """The load at which a quota is used up counts it, and a throttle may be theirs: both are said."""

    def answer(_: object, users: int) -> dict[str, Any]:
        throttled = make.throttled(closed_loop.streamed(1000))
        return throttled if users == 8 else closed_loop.streamed(1000)

    run = closed_loop.run((2, 4), lambda *_: closed_loop.streamed(1000))
    run.info["settings"]["model"] |= {"quota": 600}
    others = {"value": 600, "source": "account", "code": "L-AB", "others_per_minute": 100.0}
    run.info["quotas"] = {"quota": others}
    found = read(run.write(tmp_path / "calm"))
    [text] = used_up(edition(found), "streaming")
    assert text.endswith("users, counting the 16.7 % of it that others used before the load.")
    assert "16.7 %" in "".join(used_up(edition(found, "zh"), "streaming"))
    with_others = edition(found).forecasts[0].load
    run.info["quotas"] = {}
    alone = edition(read(run.write(tmp_path / "unknown"))).forecasts[0].load
    assert with_others == pytest.approx((alone or 0) * (1 - 100 / 600), rel=0.02)
    run = closed_loop.run((2, 8), answer)
    run.info["settings"]["model"] |= {"quota": 600}
    run.info["quotas"] = {"quota": others | {"others_per_minute": 500.0}}
    found = read(run.write(tmp_path / "throttled"))
    said = " ".join(limits(edition(found), edition(found).conclusions[0]))
    assert "by the quota of 600 requests/min (0 % used by this run; others used 83.3 % of it before the load)" in said
    assert "run while they do not, or ask for a higher one" in said
    assert "83.3 %" in " ".join(limits(edition(found, "zh"), edition(found, "zh").conclusions[0]))
    run.info["quotas"] = {"quota": others | {"others_per_minute": 0.0}}
    found = read(run.write(tmp_path / "alone"))
    assert "others" not in " ".join(limits(edition(found), edition(found).conclusions[0]))


def test_levels_that_others_leave_no_room_for(tmp_path: Path) -> None:
    """60 % of the quota by 8 users and half of it by others: no level to advise, nor where chance alone tells."""
    run = closed_loop.run((4, 8), lambda *_: closed_loop.streamed(1000), window_s=30)
    run.info["settings"]["model"] |= {"quota": 800}
    quota = {"value": 800, "source": "account", "code": "L-AB"}
    alone = edition(read(run.write(tmp_path / "alone")))
    assert not alone.overused
    used = alone.quota.used("requests")["streaming-08"]
    run.info["quotas"] = {"quota": quota | {"others_per_minute": 8 * 65}}
    beside = edition(read(run.write(tmp_path / "beside")))
    [found] = beside.conclusions
    assert (found.advised, found.basis, found.over_at) == ("streaming-04", "quota", "streaming-08")
    text = " ".join(over(beside, found))
    assert "the run and others together exceeded the quota of 800 requests/min (the run used" in text
    assert "others used 65.0 % of it before the load)" in text
    assert "65.0 %" in " ".join(over(edition(beside.run, "zh"), found))
    run.info["quotas"] = {"quota": quota | {"others_per_minute": 8 * (101 - used)}}
    about = edition(read(run.write(tmp_path / "about")))
    assert about.conclusions[0].over is None
    assert "together were about at the quota of 800 requests/min (101 % used, at least" in " ".join(
        over(about, about.conclusions[0])
    )


def test_a_quota_that_was_found_is_not_one_of_the_settings(tmp_path: Path) -> None:
    """The table of the settings says where it is from."""
    run = closed_loop.run((4,), lambda *_: closed_loop.streamed(1000))
    run.info["settings"]["model"] |= {"quota": 5000, "tokens_per_minute": 8_000_000}
    run.info["quotas"] = {"tokens_per_minute": TOKENS, "quota": REQUESTS}
    found = read(run.write(tmp_path))
    text = configuration(edition(found), {})
    assert re.search(r"`model.tokens_per_minute` +\| `8000000` \(found in Service Quotas\)", text)
    assert re.search(r"`model.quota` +\| `5000` +\|", text)
    assert re.search(r"`8000000`\W+从 Service Quotas 查到", configuration(edition(found, "zh"), {}))
    short = elsewhere(edition(found), ["## x"], ["y"])
    assert "`model.quota` `5000`, `model.tokens_per_minute` `8000000` (found in Service Quotas)" in short


@pytest.mark.parametrize(
    "quotas", [None, {}, [], "x", {"quota": 5}, {"quota": {"value": "x"}}, {"quota": {"value": 0}}]
)
def test_a_folder_that_says_nothing_of_it(tmp_path: Path, quotas: Any) -> None:
    """Older folders, and spoilt ones, are read as ever."""
    assert "Service Quotas" not in told(tmp_path, quotas)


def test_the_model_behind_an_arn_is_named(tmp_path: Path) -> None:
    """In the title and in the sheet for AWS, which would both show an ARN alone."""
    run = closed_loop.run((4,), lambda *_: closed_loop.streamed(1000))
    called = run.info["settings"]["model"]["id"]
    run.info["settings"]["model"] |= {"base_model": "amazon.nova-pro-v1:0"}
    found = read(run.write(tmp_path))
    assert f"`{called}` (`amazon.nova-pro-v1:0`)" in title(edition(found))
    assert f"`{called}`\uff08`amazon.nova-pro-v1:0`\uff09" in title(edition(found, "zh"))
    assert f"`{called}` (`amazon.nova-pro-v1:0`)" in quota_request.text(found)
    assert found.behind("another") == ""


def test_by_hand_and_nothing_known(tmp_path: Path) -> None:
    """A value of the settings that the account says nothing of is no difference."""
    run = closed_loop.run((4,), lambda *_: closed_loop.streamed(1000))
    run.info["quotas"] = {"quota": {"value": 60, "source": "settings", "others_per_minute": 6}}
    [source] = sources(read(run.write(tmp_path)))
    assert (source.differs, source.found) == (False, False)
    assert source.others_percent == pytest.approx(10)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, None),
        ({"value": 0}, None),
        ({"value": -1}, None),
        ({"value": "many"}, None),
        ({"value": 60}, Source("requests", 60, "", found=False, in_account=None, others_percent=None)),
        (
            {"value": 60, "source": "account", "account_value": 60, "code": "L-1", "others_per_minute": 0},
            Source("requests", 60, "L-1", found=True, in_account=60, others_percent=0),
        ),
        (
            {"value": 60, "source": "settings", "account_value": 80, "others_per_minute": 6},
            Source("requests", 60, "", found=False, in_account=80, others_percent=10),
        ),
    ],
    ids=str,
)
def test_what_the_account_said_of_a_quota(tmp_path: Path, said: Any, expected: Source | None) -> None:
    """Where it comes from, what the account has, and what others use of it."""
    run = read(make.Folder(info={"quotas": {"quota": said}}).write(tmp_path))
    assert sources(run) == ([expected] if expected else [])
    assert looked_up(run) == ({"model.quota"} if expected and expected.found else set())


@pytest.mark.parametrize(
    ("found", "in_account", "differs"), [(True, 80, False), (False, 80, True), (False, 60, False), (False, None, False)]
)
def test_settings_that_differ_from_the_account(*, found: bool, in_account: float | None, differs: bool) -> None:
    """A quota of 60 that was set by hand."""
    assert Source("requests", 60, "", found=found, in_account=in_account, others_percent=None).differs is differs


@pytest.mark.parametrize(("others", "percent"), [(0.59, 0), (0.6, 1), (60, 100), (None, 0)])
def test_what_others_use_is_worth_a_word(tmp_path: Path, others: float | None, percent: float) -> None:
    """From one percent on."""
    said = {"value": 60, "others_per_minute": others}
    run = read(make.Folder(info={"quotas": {"quota": said}}).write(tmp_path))
    assert others_percent(run, "requests") == pytest.approx(percent)
    assert others_percent(run, "tokens") == 0


@pytest.mark.parametrize(("said", "expected"), [(None, []), ("x", []), (["a", "", 3, "b"], ["a", "b"])])
def test_why_something_is_not_known(tmp_path: Path, said: Any, expected: list[str]) -> None:
    """Notes in words."""
    assert notes(read(make.Folder(info={"quota_notes": said}).write(tmp_path))) == expected
