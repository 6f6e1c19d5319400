"""Whether the tests notice a mistake: `python benchmarks/mutants bedrock_locust/settings --sample 20 --seed 1`.

Each mutant is a copy of the project with one small mistake in the code: a comparison turned or moved by one, a sum
made a difference, a number changed, `and` made `or`, a condition negated, a result dropped, a statement or a keyword
argument left out. Texts, annotations, decorators and code for the type checker stay as they are.

The first run records which test of tests/core, tests/reports, tests/simulator and tests/e2e runs which line, also in
processes that it starts, and how long it takes: an hour on two cores. Later runs record only files of tests that are
new or have changed, and with `--tests` only those of these folders or files. The record is a file outside the project
(`--record`). Delete it once much of the code has changed: of a file that is not what it was, all tests that ran any of
its lines are taken. Tests that fail without a mutant are named and left out.

On a mutant run the tests that run its line, the quickest first and whole runs last, up to the first that fails, then
those that are named after its module or import it. What runs at import only (constants, fields, tables) is tested by
the tests that run any function of the file, or, if it has none, of those that import it. A simulator that several tests
share runs its lines for all of them, so that some are marked for a test nearby. `--most-seconds` limits the tests of
one mutant.

A mutant that no test notices has lived; its diff is printed, with NOT COVERED if no test is known to run its line. The
exit code is 1 if one lived. Whether it means the same as the original has to be judged by hand.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from choice import Choice, Chosen
from mutator import Mutator
from project import ROOT, Copy
from record import FOLDERS, Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mutator import Mutant

NICENESS = 10
KEPT = Path(tempfile.gettempdir()) / "bedrock-locust-mutants.json"


def chosen_mutants(root: Path, targets: list[str], sample: int, seed: int) -> list[Mutant]:
    """A random sample of the mutants of folders, files, or lines of files, in the order of the code."""
    found = []
    for target in targets:
        name, _, line = target.partition(":")
        path = root / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            mutator = Mutator(root, file)
            found += [(mutator, change) for change in mutator.changes() if not line or change[0] == int(line)]
    random.Random(seed).shuffle(found)
    picked = list(islice(filter(None, (mutator.mutant(change) for mutator, change in found)), sample))
    print(f"{len(picked)} mutants of {len(found)} places in {' '.join(targets)}, seed {seed}", flush=True)
    return sorted(picked, key=lambda mutant: (mutant.name, mutant.start))


def recorded(copy: Copy, path: Path, processes: int, folders: Iterable[str] = FOLDERS) -> Record:
    """The record, with the tests of these folders that were missing in it."""
    record = Record(path)
    for folder in folders:
        if missing := record.missing(copy.place, folder):
            print(f"recording the lines of {len(missing)} files in {folder}", flush=True)
            record.add(copy.place, copy.record(missing, processes), missing)
    for test in record.failed():
        print(f"left out, because it fails without a mutant: {test}", flush=True)
    return record


def said(mutant: Mutant, chosen: Chosen, noticed_by: str) -> str:
    """What became of a mutant, for a person."""
    place = f"{mutant.name}:{mutant.line}"
    if noticed_by:
        return f"{place} killed by {noticed_by}"
    left_out = f", {chosen.left_out} left out" if chosen.left_out else ""
    ran = f"{len(chosen.tests)} tests of {chosen.took_s:.0f} s{left_out}"
    return f"{place} LIVED{'' if chosen.covered else ', NOT COVERED'} ({ran})\n{mutant.diff()}"


def main() -> int:
    """Make the mutants, run the tests, print what lived; 1 if something did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="+", metavar="TARGET", help="a folder, a file, or FILE:LINE")
    parser.add_argument("--sample", type=int, default=20, help="how many mutants to try")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--record", type=Path, default=KEPT, metavar="FILE", help=f"default: {KEPT}")
    parser.add_argument("--most-seconds", type=float, default=60.0, help="of tests on one mutant, default: 60")
    parser.add_argument("--tests", nargs="+", default=FOLDERS, metavar="PATH", help=f"default: {' '.join(FOLDERS)}")
    parser.add_argument("--processes", type=int, default=2, help="that run tests at the same time, default: 2")
    options = parser.parse_args()
    os.nice(NICENESS)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the tests end, too, and the copies go
    with tempfile.TemporaryDirectory(prefix="mutants-") as place:
        copies = [Copy(ROOT, Path(place) / f"project{number}") for number in range(options.processes)]
        record = recorded(copies[0], options.record, options.processes, options.tests)
        root = copies[0].place
        mutants = chosen_mutants(root, options.targets, options.sample, options.seed)
        choice = Choice(root, record, options.most_seconds)
        return report(mutants, [choice.of(mutant) for mutant in mutants], copies)


def report(mutants: list[Mutant], chosen: list[Chosen], copies: list[Copy]) -> int:
    """Try each mutant, as many at a time as there are copies, and say what became of it and of all; 1 if one lived."""
    idle, tally = SimpleQueue[Copy](), Counter[tuple[str, bool]]()
    for copy in copies:
        idle.put(copy)

    def noticed_by(mutant: Mutant, tests: Chosen) -> str:
        copy = idle.get()
        try:
            return copy.noticed_by(mutant, tests)
        finally:
            idle.put(copy)

    with ThreadPoolExecutor(len(copies)) as pool:
        found = pool.map(noticed_by, mutants, chosen)
        for mutant, tests, by in zip(mutants, chosen, found, strict=True):
            tally[mutant.name.partition("/")[0], bool(by)] += 1
            print(said(mutant, tests, by), flush=True)
    for package in sorted({package for package, _ in tally}):
        killed, every = tally[package, True], tally[package, True] + tally[package, False]
        print(f"{package}: {killed} of {every} mutants killed ({100 * killed / every:.0f} %)")
    return int(any(not killed for _, killed in tally))


if __name__ == "__main__":
    sys.exit(main())
