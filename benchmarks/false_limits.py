"""How often a report names a knee or a limit that is not there.

`python benchmarks/false_limits.py` makes up runs of a server that gives every user the same times, however many there
are, with 1, 2, 4, 8 and 16 users for 60 s each: the highest level is the best, and nothing gives out. Its times may
have good and bad moments that all calls share (an AR(1) process), and it may refuse a few calls, here and there or for
some seconds. `--runs 200` makes the shares finer; the seeds are fixed.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reports.numbers.analysis import analyse
from reports.reading.run import read
from tests.reports import run_folders as made

if TYPE_CHECKING:
    from collections.abc import Iterator

USERS = (1, 2, 4, 8, 16)
WINDOW_S, APART_S = 60.0, 80.0
MEDIAN_S, SPREAD = 1.2, 0.5
"""The median latency, and the standard deviation of its logarithm."""
BURST_S = 2.0


@dataclass(frozen=True)
class Server:
    """A server on which load has no effect."""

    title: str
    common: float = 0.0
    """The part of the variance of the log-latency that all calls share."""
    memory_s: float = 5.0
    refused: float = 0.0
    """The share of calls that fail."""
    in_bursts: bool = False

    def run(self, seed: int) -> made.Folder:
        """The folder of a run."""
        random_, folder = random.Random(seed), made.Folder()
        for place, users in enumerate(USERS):
            level = made.level("streaming", users, made.T0 + place * APART_S, WINDOW_S)
            folder.levels.append(level)
            moments = self._moments(random_)
            for user in range(users):
                folder.requests += self._calls(random_, level, moments, user / users)
        folder.info = made.info(len(folder.requests), len(folder.levels))
        del folder.info["settings"]["model"]["quota"]
        return folder

    def _moments(self, random_: random.Random) -> list[tuple[float, bool]]:
        """By tenths of a second: how slow the server is, in standard deviations, and whether it refuses."""
        kept, state, refuses, found = math.exp(-0.1 / self.memory_s), random_.gauss(0, 1), False, []
        for tenth in range(round(10 * APART_S)):
            state = kept * state + math.sqrt(1 - kept * kept) * random_.gauss(0, 1)
            if tenth % round(10 * BURST_S) == 0:
                refuses = random_.random() < self.refused
            found.append((state, refuses))
        return found

    def _calls(
        self, random_: random.Random, level: made.Row, moments: list[tuple[float, bool]], later_s: float
    ) -> Iterator[made.Row]:
        now = level["started_at"] + later_s
        while now < level["measured_to"]:
            state, in_burst = moments[int(10 * (now - level["started_at"]))]
            own = math.sqrt(self.common) * state + math.sqrt(1 - self.common) * random_.gauss(0, 1)
            latency_ms = 1_000 * MEDIAN_S * math.exp(SPREAD * own)
            yield self._call(random_, now, level, latency_ms, in_burst=in_burst)
            now += latency_ms / 1_000

    def _call(
        self, random_: random.Random, now: float, level: made.Row, latency_ms: float, *, in_burst: bool
    ) -> made.Row:
        cells = {key: level[key] for key in ("mode", "level", "users")}
        times = {"latency_ms": latency_ms, "ttft_ms": latency_ms / 4, "last_token_ms": latency_ms - 1}
        phase = "measure" if now >= level["measured_from"] else "warmup"
        row = made.call(random_, now, **cells, **times, phase=phase, name=level["level"])
        fails = in_burst if self.in_bursts else random_.random() < self.refused
        return made.failed(row, "ModelError", "ModelErrorException", "no") if fails else row


SERVERS = (
    Server("independent calls"),
    Server("20 % of the variance in common, 5 s", common=0.2),
    Server("40 % of the variance in common, 15 s", common=0.4, memory_s=15),
    Server("0.5 % of calls fail", refused=0.005),
    Server("1 % of calls fail", refused=0.01),
    Server("1 % of calls fail, in bursts of 2 s", refused=0.01, in_bursts=True),
)


def shares(server: Server, runs: int) -> tuple[float, float]:
    """How many runs say that waiting grows faster than throughput, and how many name a limit; 0 to 1."""
    knees = limits = 0
    for seed in range(runs):
        with tempfile.TemporaryDirectory() as place:
            (found,) = analyse(read(server.run(seed).write(Path(place)))).conclusions
        knees += found.basis == "knee" and not found.is_last
        limits += found.limit is not None
    return knees / runs, limits / runs


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="runs of each server, default: 100")
    runs = parser.parse_args().runs
    print("| server | false knees | false limits |", "|---|---|---|", sep="\n")
    for server in SERVERS:
        knees, limits = shares(server, runs)
        print(f"| {server.title} | {knees:.0%} | {limits:.0%} |", flush=True)


if __name__ == "__main__":
    main()
