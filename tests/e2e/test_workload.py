"""Requests from a file, by the real command: what is sent, by the simulator's ledger."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from .checks import info, read
from .running import QUICK, free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from .running import Place, Simulator


def write(place: Place, records: int, name: str = "requests.jsonl") -> None:
    """A file with records that begin with their number."""
    lines = [json.dumps({"prompt": f"#{number:05} marked secret"}) for number in range(records)]
    (place.path / name).write_text("\n".join(lines))


def sent(simulator: Simulator) -> list[str]:
    """The numbers of the records in the order in which they were sent."""
    return [call["prompt_head"][:6] for call in simulator.calls()]


@pytest.mark.long
def test_two_workers_send_each_record_once(place: Place, simulator: Simulator) -> None:
    """A run of less than a pass sends none twice; the rows name the records, and no file has their contents."""
    write(place, 3000)
    place.configure(
        {
            "concurrency": {"start": 4, "end": 4, "duration_seconds": 1},
            "workload": {"file": "requests.jsonl", "order": "shuffled", "output_tokens": {"values": [5, 9]}},
        }
    )
    code, output = place.run("--processes", "2", "--host", simulator.url)
    assert code == 0, output
    [run] = place.runs()
    rows, numbers = read(run / "requests.csv"), sent(simulator)
    assert len(set(numbers)) == len(numbers) == len(rows)
    assert {f"#{int(row['record']):05}" for row in rows} == set(numbers)
    assert {row["max_tokens"] for row in rows} == {"5", "9"}
    said = info(run)["workload"]
    assert (said["records"], said["format"], said["bad"]) == (3000, "plain", 0)
    assert len(rows) <= said["handed_out"] <= len(rows) + 1000
    assert not [path for path in run.rglob("*") if path.is_file() and b"marked secret" in path.read_bytes()]


def test_a_run_of_one_pass(place: Place, simulator: Simulator) -> None:
    """Three workers send each record once, and the run is complete though its level would have gone on."""
    write(place, 300)
    place.configure(
        {
            "concurrency": {"start": 9, "end": 9, "duration_seconds": 60},
            "test": {"non_streaming": False, "preflight": False},
            "workload": {"file": "requests.jsonl", "order": "shuffled", "passes": 1},
        }
    )
    code, output = place.run("--processes", "3", "--host", simulator.url)
    assert code == 0, output
    assert sorted(sent(simulator)) == [f"#{number:05}" for number in range(300)]
    [run] = place.runs()
    assert not [path for path in run.rglob("*") if path.is_file() and b"marked secret" in path.read_bytes()]
    assert info(run)["workload"]["handed_out"] == len(read(run / "requests.csv")) == 300
    assert (info(run)["ended"], info(run)["end_reason"]) == ("complete", "each record was sent once")


@pytest.mark.long
@pytest.mark.parametrize("order", ["in_turn", "shuffled"])
def test_passes_follow_each_other(place: Place, simulator: Simulator, order: str) -> None:
    """Three workers and several passes: none is far ahead of the others."""
    write(place, 500)
    place.configure(
        {
            "concurrency": {"start": 12, "end": 12, "duration_seconds": 8},
            "workload": {"file": "requests.jsonl", "order": order},
        }
    )
    code, output = place.run("--processes", "3", "--host", simulator.url)
    assert code == 0, output
    numbers = sent(simulator)
    counts = Counter(numbers)
    assert len(counts) == 500
    assert len(numbers) > 1000
    assert max(counts.values()) - min(counts.values()) <= 2
    # But for ranges that are still out, a record is sent again only after all the others.
    assert len(set(numbers[:400])) >= 390


@pytest.mark.long
def test_a_worker_with_another_file_takes_no_part(place: Place, simulator: Simulator) -> None:
    """It says so, and so does the run."""
    write(place, 100)
    place.configure({"concurrency": {"end": 1, "duration_seconds": 1}, "workload": {"file": "requests.jsonl"}})
    port, elsewhere = str(free_port()), place.path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "requests.jsonl").write_text('{"prompt": "another"}\n')
    program = f"import os, sys; os.chdir({str(elsewhere)!r}); os.execv(sys.argv[1], sys.argv[1:])"
    worker = place.start("--worker", "--master-port", port, within=(sys.executable, "-c", program))
    arguments = ("--host", simulator.url, "--master", "--master-bind-port", port, "--expect-workers", "1")
    code, output = place.run(*arguments)
    assert code == 2, output
    assert "is not the file that the master has: SHA-256" in output
    worker.wait(20)


@pytest.mark.long
@pytest.mark.parametrize("load", ["users", "rates"])
def test_conversations_keep_their_order(place: Place, start_simulator: Callable[..., Simulator], load: str) -> None:
    """500 conversations of 10 turns with 50 users, or as arrivals: the history of each grows turn by turn."""
    simulator = start_simulator("--ttft-ms", "20", "--tpot-ms", "1", "--output-tokens", "10", "--cache-min-tokens", "0")
    turns = [{"from": ("human", "gpt")[number % 2], "value": f"said {number} " * 5} for number in range(19)]
    (place.path / "chat.json").write_text(json.dumps([{"conversations": turns}] * 500))
    levels = {"start": 50, "end": 50, "duration_seconds": 300}
    place.configure(
        {
            "concurrency": levels,
            "test": {"non_streaming": False, "load": load},
            **({"arrivals": {"rates": [10], "duration_seconds": 20}} if load == "rates" else {}),
            "workload": {
                "file": "chat.json",
                "turns": 10,
                "think_time_seconds": 0.01,
                **({"passes": 1} if load == "users" else {}),
            },
        }
    )
    code, output = place.run("--processes", "2", "--host", simulator.url)
    assert code == 0, output
    [run] = place.runs()
    sessions: dict[str, list[dict[str, str]]] = {}
    for row in sorted(read(run / "requests.csv"), key=lambda one: float(one["started_at"])):
        sessions.setdefault(row["session"], []).append(row)
    whole = [one for one in sessions.values() if len(one) == 10]
    assert len(whole) > 100
    if load == "users":
        assert (len(whole), len(sessions)) == (500, 500)
        assert sorted(int(one[0]["record"]) for one in whole) == list(range(500))
    chars = [len(f"said {number} " * 5) for number in range(19)]
    for rows in sessions.values():
        assert [int(row["turn"]) for row in rows] == list(range(1, len(rows) + 1))
        assert len({row["worker"] for row in rows}) == 1
        grown = [sum(chars[: 2 * turn - 1]) for turn in range(1, len(rows) + 1)]
        assert [int(row["prompt_chars"]) for row in rows] == grown
    assert "## Conversations" in (run / "report.md").read_text()


@pytest.mark.long
@pytest.mark.parametrize("rule", [(), ("--words-are-tokens",), ("--words-are-tokens", "1.3")])
def test_prompts_are_as_long_as_asked_for(
    place: Place, start_simulator: Callable[..., Simulator], rule: tuple[str, ...]
) -> None:
    """Within 1 %, or one token, whatever the service counts as a token, with a system prompt beside."""
    simulator = start_simulator(*QUICK, *rule)
    place.configure(
        {
            "concurrency": {"start": 4, "end": 4, "duration_seconds": 2},
            "test": {"request": {"system": [{"text": "You are brief, and you never apologise."}]}},
            "workload": {"input_tokens": {"median": 400, "mean": 700, "max": 20_000}, "output_tokens": 20},
        }
    )
    code, output = place.run("--processes", "2", "--host", simulator.url)
    assert code == 0, output
    rows = [row for row in read(place.runs()[0] / "requests.csv") if not row["error"]]
    assert len(rows) > 50
    for row in rows:
        asked, actual = int(row["input_tokens_asked"]), int(row["input_tokens"])
        # Where the parts around the words are longer, there is nothing to take away.
        assert abs(actual - asked) <= max(1, 0.01 * asked) or asked < 60, (asked, actual)


@pytest.mark.long
@pytest.mark.parametrize(("cache", "service"), [("5m", ()), ("1h", ()), ("implicit", ("--implicit-cache",))])
def test_cache_figures_are_those_of_the_service(
    place: Place, start_simulator: Callable[..., Simulator], cache: str, service: tuple[str, ...]
) -> None:
    """Tokens read and written, and what they saved, by the ledger; calls before the load are not of the run."""
    simulator = start_simulator(*QUICK, "--cache-min-tokens", "0", *service)
    prices = {"input_per_million": 3, "output_per_million": 15}
    caches = {"cache_read_per_million": 0.3, "cache_write_per_million": 3.75}
    place.configure(
        {
            "concurrency": {"start": 4, "end": 4, "duration_seconds": 2},
            "pricing": {**prices, **caches},
            "workload": {"input_tokens": 900, "shared_prefix_tokens": 600, "cache": cache, "prefixes": 3},
        }
    )
    code, output = place.run("--processes", "2", "--host", simulator.url)
    assert code == 0, output
    [run] = place.runs()
    rows = {row["request_id"]: row for row in read(run / "requests.csv")}
    ledger = {call["request_id"]: call for call in simulator.calls()}
    assert len([call for call in ledger.values() if call["request_id"] not in rows]) >= 3, "each prefix, before"
    for request_id, row in rows.items():
        for column in ("cache_read_tokens", "cache_write_tokens"):
            assert int(row[column] or 0) == ledger[request_id][column]
    counted = [row for row in rows.values() if row["phase"] == "measure" and not row["error"]]
    read_tokens = sum(int(row["cache_read_tokens"]) for row in counted)
    found = json.loads((run / "report.json").read_text())["caching"]
    assert found["read_tokens"] == read_tokens > 0
    whole = sum(ledger[row["request_id"]]["input_tokens"] for row in counted)
    shares = [level["read_share"] * level["calls"] for level in found["levels"]]
    assert sum(shares) / len(counted) == pytest.approx(read_tokens / whole, rel=1e-4)
    written = sum(int(row["cache_write_tokens"]) for row in counted)
    assert found["saved"] == pytest.approx((read_tokens * 2.7 - written * 0.75) / 1e6, rel=1e-4)
