"""The run on the console."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import time
from argparse import Namespace
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from bedrock_locust.arrivals.counts import Fate
from bedrock_locust.level import Level
from bedrock_locust.live import whole_levels
from bedrock_locust.live.health import Cause, lost
from bedrock_locust.live.output import ROWS_WITHIN_S, Outcome, State
from bedrock_locust.live.tally import LevelTally, Tally
from bedrock_locust.live.task_errors import TaskErrors
from bedrock_locust.outputs.console import farewell, header, level_block, output
from bedrock_locust.outputs.console import screen as screen_module
from bedrock_locust.outputs.console.panel import Panel
from bedrock_locust.outputs.console.picture import Picture
from bedrock_locust.outputs.console.screen import PROGRESS_S, FailSafe, Plain, Silent, screen, wants_tables
from bedrock_locust.outputs.console.times import followed
from bedrock_locust.settings.plan import Plan
from bedrock_locust.settings.schema import Settings

from .test_output import run_of
from .test_timeline import CALL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SETTINGS = Settings.model_validate({"model": {"id": "m"}, "test": {"temperature": None}})
PLANNED = [Level(key=f"streaming-{n}", mode="streaming", users=n, duration_s=60) for n in (4, 5, 6, 7, 8)]


def shown(tally: Tally, level: Level | None, levels: list[Level] | None) -> str:
    """The panel as text, 120 characters wide."""
    console = Console(width=120, file=sys.stdout)
    with console.capture() as captured:
        console.print(Picture(levels).draw(tally, State("running", level, 4, 3), "0.012 USD"))
    return captured.get()


@pytest.mark.parametrize("simulated", [True, False])
def test_a_simulated_run_says_so(simulated: bool) -> None:
    """In the title of the panel, so that a picture of it cannot pass for one of AWS."""
    console = Console(width=120, file=sys.stdout)
    with console.capture() as captured:
        console.print(Picture(None, simulated).draw(Tally(), State("running", None, 4, 3)))
    assert ("Bedrock load test (local simulator)" in captured.get()) is simulated
    assert "3 calls" in captured.get()
    with console.capture() as captured:
        console.print(Picture(None, simulated).draw(Tally(), State("running", None, 1, 1)))
    assert "1 call " in captured.get()


def a_level() -> tuple[Tally, Level]:
    """A level that has been measured for half a minute, with three calls."""
    now = time.time()
    level = Level(
        key="streaming-4",
        mode="streaming",
        users=4,
        phase="measure",
        started_at=now - 31,
        measured_from=now - 30,
        duration_s=60,
    )
    tally = Tally()
    tally.level(level)
    call = replace(CALL, started_at=now - 6, level="streaming-4", phase="measure")
    failed = replace(call, error="ThrottlingError", error_code="Slow", error_message="[red]\x1b[2Jdown")
    for one in (call, call, failed):
        tally.add(one)
    return tally, level


def test_panel_of_a_level() -> None:
    """Where the run is and how it goes, with the service's own words shown as they are."""
    text = shown(*a_level(), PLANNED)
    assert "Level 1 of 5  streaming, 4 users" in text
    assert "measuring, 30 s left; of the run about 4 min 30 s" in text
    assert re.search(r"In flight +3 calls +of 4 users", text)
    assert "0.012 USD" in text
    assert text.count("1 failed") == 2
    assert "first token" in text.lower()
    assert "Slow: [red]" in text
    assert "\x1b[2J" not in text


def test_a_load_that_comes_again() -> None:
    """A level with the load of one before says which of them it is."""
    tally, level = a_level()
    tally.level(replace(level, key="again"))
    blocks = [level_block(tally, key).split("\n")[1] for key in (level.key, "again")]
    assert blocks == ["[streaming, 4 users]", "[streaming, 4 users (try 2)]"]


def test_arrivals_of_a_level() -> None:
    """In an open loop: what became of them, and how late their calls started, in panel and block."""
    tally, level = a_level()
    level = replace(level, users=None, rate_per_s=2.5, max_in_flight=1000)
    tally.level(replace(level, measured_to=time.time()))
    for _ in range(3):
        tally.add(replace(CALL, started_at=1000.007, scheduled_at=1000.0, level="streaming-4", phase="measure"))
    state = State("running", level, 3, 3, Fate(60, 55, 4, 1))
    console = Console(width=120, file=sys.stdout)
    with console.capture() as captured:
        console.print(Picture(PLANNED).draw(tally, state))
    text = captured.get()
    assert "Level 1 of 5  streaming, 2.5 requests/s" in text
    assert re.search(r"In flight +3 calls +of at most 1,000", text)
    assert re.search(r"Arrivals +60 due +55 made +4 dropped", text)
    assert re.search(r"Lateness +7\.0", text)
    assert len(re.findall("from arrival +[0-9]", text)) == 2
    block = level_block(tally, "streaming-4", arrivals=Fate(60, 55, 4, 1), disturbances=["worker b was lost"])
    assert "  Arrivals    60 due, 55 made, 4 dropped, 1 missed" in block
    assert "  Lateness               7.0" in block
    assert f"    from arrival  {CALL.latency_ms + 7:>10,.1f}" in block, "the latency, 7 ms late"
    assert "DISTURBED: worker b was lost: its arrivals of that time were missed" in block
    said = "from arrival: 3 of 5 calls had one; others followed a call of their session or user"
    assert said in text
    assert f"  ({said})" in block
    assert followed(tally.levels["streaming-4"])
    assert not followed(LevelTally())


def test_block_of_a_level() -> None:
    """A level that is over is told with the rates of its window, and with what the client may have bent."""
    tally, level = a_level()
    tally.level(replace(level, measured_to=level.measured_from))
    assert "Throughput" not in level_block(tally, "streaming-4"), "a window without length has no rate"
    tally.level(replace(level, measured_to=time.time()))
    text = level_block(tally, "streaming-4")
    assert "[streaming, 4 users]" in text
    assert "Calls       3: 2 ok (66.67 %), 1 failed" in text
    assert "in 30 s" in text
    assert "CLIENT-LIMITED" not in text
    limited = level_block(tally, "streaming-4", [Cause("cpu_percent", "w", 97.0)])
    assert "CLIENT-LIMITED: worker w used 97 % of a core. Use more workers" in limited


@pytest.mark.parametrize(
    ("fate", "disturbances", "told"),
    [
        (Fate(100, 99, 1, 0), [], ""),
        (Fate(121, 65, 56, 0), [], "46 % of the arrivals were dropped, as max_in_flight calls were in flight. Raise"),
        (Fate(100, 90, 0, 10), ["worker b was lost"], "10 % of the arrivals were missed.\n"),
        (Fate(100, 90, 0, 10), [], "10 % of the arrivals were missed. Use more workers: --processes"),
    ],
)
def test_a_load_that_was_not_made(fate: Fate, disturbances: list[str], told: str) -> None:
    """It is marked as the client's, with what to do by its cause."""
    tally, _ = a_level()
    block = level_block(tally, "streaming-4", lost(fate), disturbances, fate)
    assert ("CLIENT-LIMITED" in block) == bool(told)
    assert told in block


def test_block_of_a_level_without_a_success() -> None:
    """It has no table of times, and says how many calls ended well: none, or that none ended."""
    tally, level = Tally(), PLANNED[0]
    tally.level(level)
    assert "none ended" in level_block(tally, level.key)
    tally.add(replace(CALL, level=level.key, phase="measure", error="ThrottlingError"))
    block = level_block(tally, level.key)
    assert "0 ok (0.00 %), 1 failed" in block
    assert "P95" not in block


def test_panel_of_a_level_without_a_length() -> None:
    """A shape that decides as it goes does not say how long its levels are: no time is left, and no bar is drawn."""
    tally, level = a_level()
    text = shown(tally, replace(level, duration_s=None), PLANNED)
    assert "measuring, 31 s since it began" in text
    assert "left" not in text


def test_panel_with_other_lengths() -> None:
    """The time that is left of the run is that of its own levels, however long each of them is."""
    planned = [replace(level, duration_s=10.0 * number) for number, level in enumerate(PLANNED)]
    assert "measuring, 30 s left; of the run about 2 min 10 s" in shown(*a_level(), planned)


def test_header() -> None:
    """What is about to run is told from the levels of the shape, not from the settings."""
    levels = [replace(level, mode=mode, warmup_s=5) for mode in ("Chat", "non_streaming") for level in PLANNED]
    text = header(SETTINGS, endpoint="e", levels=levels, plan=Plan.of(SETTINGS, levels=levels))
    assert "Modes     Chat and non-streaming, api converse" in text
    assert "Levels    4, 5, 6, 7, 8 users, 60 s each, after 5 s of warm-up" in text
    assert "Plan      10 levels, up to 8 users; about 10 min 50 s" in text
    assert "temperature not sent" in text


def test_a_replay_in_the_header() -> None:
    """It is one level, with a rate that is a mean, and a length that nobody has chosen."""
    level = Level(key="replay", mode="replay", rate_per_s=3.68, duration_s=9.79571)
    plan = replace(Plan.of(SETTINGS, levels=[level]), replay=("replay of 36 calls in 10 s",))
    text = header(SETTINGS, endpoint="e", levels=[level], plan=plan)
    assert "  Levels    3.68 requests/s on average, 9.8 s\n" in text
    assert "  Plan      1 level, 3.68 requests/s on average; about 10 s" in text


@pytest.mark.parametrize(
    ("users", "words"), [([1], "1 user, 60 s each"), (range(1, 14), "1, 2, 3, ..., 13 users, 60 s each")]
)
def test_loads_in_the_header(users: Sequence[int], words: str) -> None:
    """Of many levels only some are named."""
    levels = [replace(PLANNED[0], users=each) for each in users]
    text = header(SETTINGS, endpoint="e", levels=levels, plan=Plan.of(SETTINGS, levels=levels))
    assert f"  Levels    {words}\n" in text


def test_header_without_levels() -> None:
    """Nothing is said of what an own locustfile asks for."""
    text = header(SETTINGS, endpoint="https://e", levels=(), plan=None)
    assert [line.split()[0] for line in text.splitlines()[2:-1]] == ["Model", "Endpoint"]


def test_panel_without_levels() -> None:
    """A run without levels has a panel, too, and one without a call as well."""
    assert "0 calls in 0 s" in shown(Tally(), None, None)


@pytest.mark.parametrize(
    ("asked", "terminal", "ci", "headless", "kind"),
    [
        ("auto", True, "", True, Panel),
        ("auto", True, "true", True, Plain),
        ("auto", False, "", True, Plain),
        ("auto", True, "", False, Plain),
        ("live", True, "true", True, Panel),
        ("live", False, "", True, Plain),
        ("plain", True, "", True, Plain),
        ("off", True, "", True, Silent),
    ],
)
def test_which_console(
    asked: str, terminal: bool, ci: str, headless: bool, kind: type, *, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A panel only on a terminal; by itself only for a headless run and not where CI is set."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("TERM", "xterm")
    options = Namespace(bedrock_console=asked, headless=headless)
    assert type(screen(options, PLANNED)) is kind


def ending(tmp_path: Path, *said: str) -> str:
    """The last words of a run whose report says this."""
    (tmp_path / "report.json").write_text(json.dumps({"summary": said}), encoding="utf-8")
    for name in ("copy.md", "copy.html"):
        (tmp_path / name).touch()
    return farewell(Outcome("complete", "all levels ran", tmp_path, tmp_path / "copy.md", []))


def test_the_conclusion_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the report concludes, within the terminal, and where the report and its page are."""
    monkeypatch.setenv("COLUMNS", "60")
    lines = ending(tmp_path, "Streaming: 358 output tokens/s at 6 users. " * 4, "- a doubt\x1b[2J " * 8).splitlines()
    assert "  Streaming: 358 output tokens/s at 6 users. Streaming: 358" in lines
    assert any(line.startswith("  - a doubt [2J") for line in lines)
    assert all(len(line) < 60 for line in lines if line[:3] != "===" and str(tmp_path) not in line)
    assert lines[-3:] == [f"  Report      {tmp_path / 'copy.md'}", f"              {tmp_path / 'copy.html'}", "=" * 80]


@pytest.mark.parametrize("content", [None, "{", "{}", "[]"])
def test_without_a_conclusion_the_report_is_named(tmp_path: Path, content: str | None) -> None:
    """A report of another version, or one that is broken, has none."""
    if content is not None:
        (tmp_path / "report.json").write_text(content, encoding="utf-8")
    text = farewell(Outcome("complete", "all levels ran", tmp_path, tmp_path / "copy.md", []))
    assert f"Report      {tmp_path / 'copy.md'}" in text
    assert "Report" not in farewell(Outcome("failed", "x", tmp_path, None, []))


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, False),
        ({"print_stats": True}, True),
        ({"bedrock_console": "off"}, True),
        ({"bedrock_console": "live"}, False),
    ],
)
def test_tables_of_locust_are_for_those_who_ask(options: dict[str, object], wanted: bool) -> None:
    """Or for those who want nothing of ours."""
    assert wants_tables(Namespace(**options)) is wanted


class Recording(Silent):
    """A screen that notes what it is told, or cannot show it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.told: list[object] = []
        self._error = error

    def _note(self, *told: object) -> None:
        self.told.append(told)
        if self._error:
            raise self._error

    def say(self, text: str) -> None:
        """Note a text."""
        self._note(text)

    def show(self, tally: Tally, state: State, spent: str) -> None:
        """Note a state."""
        self._note(tally, state, spent)

    def close(self) -> None:
        """Note the end."""
        self._note()


@pytest.mark.parametrize("error", [None, OSError("the disk is full"), BrokenPipeError()])
def test_a_screen_that_fails_does_not_end_the_run(error: Exception | None) -> None:
    """It is told everything all the same."""
    inner, tally, state = Recording(error), Tally(), State("running", None, 1, 1)
    outer = FailSafe(inner)
    outer.say("words")
    outer.show(tally, state, "1 USD")
    outer.close()
    assert inner.told == [("words",), (tally, state, "1 USD"), ()]


def test_a_mistake_of_a_screen_is_not_hidden() -> None:
    """Only what its stream fails with is."""
    with pytest.raises(ValueError, match="a mistake"):
        FailSafe(Recording(ValueError("a mistake"))).say("words")


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        """The time for waits."""
        return self.now


def a_run(**attributes: object) -> Any:
    """What the console sees of a run with prices, in which a worker was busy and another was lost."""
    tally, level = a_level()
    busy = SimpleNamespace(causes=lambda: [Cause("cpu_percent", "w", 97.0)])
    seen: dict[str, Any] = {
        "settings": PRICED,
        "info": {"endpoint": "http://127.0.0.1:1", "simulator": True},
        "levels": PLANNED,
        "plan": Plan.of(PRICED, levels=PLANNED),
        "tally": tally,
        "health": SimpleNamespace(levels={level.key: busy}),
        "task_errors": TaskErrors(0, []),
        "arrivals": {level.key: Fate(60, 55, 4, 1)}.get,
        "disturbances": {level.key: ["worker b was lost"]}.get,
    }
    return run_of(**(seen | attributes))


PRICED = Settings.model_validate(
    {"model": {"id": "m"}, "pricing": {"input_per_million": 3, "output_per_million": 1000, "currency": "EUR"}}
)


@pytest.fixture
def screens(monkeypatch: pytest.MonkeyPatch) -> Recording:
    """The screen of all runs."""
    made = Recording()
    monkeypatch.setattr(output, "screen", lambda *_, **__: made)
    return made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the console."""
    made = Clock()
    monkeypatch.setattr(whole_levels, "time", made)
    return made


def texts(screen: Recording) -> str:
    """What was printed to stay, and cleared of it."""
    found = "\n".join(str(one[0]) for one in screen.told if isinstance(one, tuple) and len(one) == 1)
    screen.told.clear()
    return found


def test_the_console_of_a_run(screens: Recording, clock: Clock, tmp_path: Path) -> None:
    """Header, cost so far, the results of a level once its last rows can be here, and the end."""
    run, shows = a_run(), output.Console(Namespace())
    shows.begin(run)
    header_text = texts(screens)
    assert "Endpoint" in header_text
    assert "http://127.0.0.1:1" in header_text
    assert "4, 5, 6, 7, 8 users" in header_text
    level = replace(PLANNED[0], phase="measure", measured_from=1.0)
    shows.level(level)
    shows.add(replace(CALL, input_tokens=1000, output_tokens=200))
    running = State("running", level, 4, 3)
    shows.tick(running)
    assert screens.told == [(run.tally, running, "0.20 EUR")]
    shows.level(replace(level, measured_to=31.0))
    clock.now += CALL.latency_ms / 1000 + ROWS_WITHIN_S - 0.1
    screens.told.clear()
    shows.tick(running)
    assert texts(screens) == ""
    clock.now += 0.2
    shows.tick(running)
    block = texts(screens)
    assert "[streaming, 4 users]" in block
    assert "CLIENT-LIMITED: worker w used 97 % of a core" in block
    assert "DISTURBED: worker b was lost" in block
    assert "TASKS FAIL" not in block
    assert "Arrivals" not in block, "users make calls as they come"
    shows.tick(running)
    assert texts(screens) == "", "a level is told once"
    shows.tick(replace(running, stage="ending"))
    assert screens.told == [()], "the panel makes room for what workers say"
    screens.told.clear()
    shows.end(Outcome("complete", "all levels ran", tmp_path, None, []))
    assert screens.told[0] == ()
    assert "Run complete: all levels ran" in texts(screens)


def test_the_last_level_of_a_run_that_was_stopped(screens: Recording, clock: Clock) -> None:
    """It is told when all rows are in, though its window never ended; arrivals, and tasks that fail, with it."""
    errors = TaskErrors.of([{"msg": "no such customer", "count": 2}])
    run, shows = a_run(task_errors=errors), output.Console(Namespace())
    level = replace(PLANNED[0], users=None, rate_per_s=2.5, phase="measure", measured_from=1.0)
    run.tally.level(level)
    for _ in range(200):
        run.tally.add(CALL)
    shows.begin(run)
    shows.level(level)
    texts(screens)
    clock.now += 1000
    shows.tick(State("ending", level, 0, 0))
    screens.told.clear()
    shows.tick(State("recorded", level, 0, 0))
    block = texts(screens)
    assert "Arrivals    60 due, 55 made, 4 dropped, 1 missed" in block
    assert "TASKS FAIL" in block
    assert "no such customer (2 times)" in block
    assert "CLIENT-LIMITED" in block
    many = a_run(task_errors=TaskErrors.of([{"msg": "no such customer", "count": 100_000}]))
    shows = output.Console(Namespace())
    shows.begin(many)
    shows.level(level)
    texts(screens)
    shows.tick(State("recorded", level, 0, 0))
    assert "CLIENT-LIMITED" not in texts(screens), "more workers would not help"


def test_what_a_search_has_found_is_printed(screens: Recording) -> None:
    """Each line of it."""
    shows = output.Console(Namespace())
    shows.begin(a_run())
    texts(screens)
    shows.search(
        {
            "mode": "streaming",
            "for": "users",
            "low": 8,
            "high": None,
            "ended_by": "most",
            "probes": [],
            "waits_until": None,
        }
    )
    assert texts(screens) == "  Search      streaming: 8 users met the SLO. The largest load was reached (search.most)"


def test_a_level_is_told_before_its_verdict(screens: Recording, clock: Clock) -> None:
    """The search has waited for its calls: what they were comes first, whatever time has passed."""
    run, shows = a_run(), output.Console(Namespace())
    shows.begin(run)
    shows.level(replace(PLANNED[0], phase="drain", measured_from=1.0, measured_to=31.0))
    texts(screens)
    probe = {"level": PLANNED[0].key, "load": 4, "verdict": "client", "client": ["worker w used 97 % of a core"]}
    said = {"mode": "streaming", "for": "users", "low": None, "high": None, "ended_by": "client", "probes": [probe]}
    shows.search({**said, "waits_until": None})
    assert re.findall(r"^\[|^  Search|^  Calls", texts(screens), re.MULTILINE) == ["[", "  Calls", *["  Search"] * 2]
    clock.now += 1000
    shows.tick(State("running", PLANNED[0], 4, 3))
    assert texts(screens) == "", "once"


def test_without_prices_no_cost_is_shown(screens: Recording) -> None:
    """Not even 0."""
    shows = output.Console(Namespace())
    run = a_run(settings=SETTINGS)
    shows.begin(run)
    screens.told.clear()
    shows.tick(state := State("running", None, 4, 3))
    assert screens.told == [(run.tally, state, "")]


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def test_a_panel_takes_the_terminal_and_gives_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Log lines are written above it while it is there; Locust's tables and its news of users are not."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    handler, elsewhere = logging.StreamHandler(terminal), logging.StreamHandler(io.StringIO())
    loggers = [logging.getLogger(name) for name in ("locust.stats_logger", "locust.runners", "made-up")]
    monkeypatch.setattr(logging.getLogger("made-up"), "handlers", [handler, elsewhere])
    tally, level = a_level()
    panel = Panel(PLANNED, simulated=True)
    panel.say("before it")
    panel.close()
    assert handler.stream is terminal
    panel = Panel(PLANNED, simulated=True)
    panel.show(tally, State("running", level, 4, 3), "0.012 USD")
    try:
        assert handler.stream is sys.stdout is not terminal
        assert elsewhere.stream is not sys.stdout
        passes = [[bool(log.filter(record(level))) for level in (logging.WARNING, logging.CRITICAL)] for log in loggers]
        assert passes == [[False, True], [True, True], [True, True]]
        assert not loggers[1].filter(record(logging.INFO))
    finally:
        panel.close()
    assert sys.stdout is terminal
    assert handler.stream is terminal
    assert all(log.filter(record(logging.INFO)) for log in loggers)
    drawn = terminal.getvalue()
    assert drawn.startswith("before it\n")
    assert "Bedrock load test (local simulator)" in drawn
    assert "Level 1 of 5" in drawn
    assert "0.012 USD" in drawn
    panel.show(tally, State("running", level, 4, 3), "0.012 USD")
    assert terminal.getvalue() == drawn, "what is over shows nothing any more"


def record(level: int) -> logging.LogRecord:
    """A record of the log."""
    return logging.LogRecord("any", level, "file", 1, "text", None, None)


def test_plain_lines_come_every_few_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the totals, what is in flight, and the rates since the last line."""
    now = Clock()
    monkeypatch.setattr(screen_module, "time", now)
    tally, level = a_level()
    lines = Plain()
    lines.show(tally, State("running", level, 4, 3), "")
    assert capsys.readouterr().out == ""
    now.now += PROGRESS_S
    lines.show(tally, State("running", level, 4, 3), "")
    lines.show(tally, State("running", level, 4, 3), "")
    [line] = capsys.readouterr().out.splitlines()
    assert re.fullmatch(
        r"  \d\d:\d\d:\d\d  streaming-4 measure  3 calls, 2 ok, 1 failed, 3 in flight"
        r" \| [\d,.]+ requests/s, [\d,]+ output tokens/s",
        line,
    )
    now.now += PROGRESS_S
    lines.show(tally, State("running", None, 4, None), "")
    [line] = capsys.readouterr().out.splitlines()
    assert re.search(r"  running  3 calls, 2 ok, 1 failed \| 0\.0 requests/s, 0 output tokens/s", line)


def test_failures_of_a_level_are_counted_in_its_block() -> None:
    """The most frequent first; calls that the end cut off are no failures."""
    tally, level = a_level()
    for error in ("ModelError", "ModelError", "Cancelled"):
        tally.add(replace(CALL, level=level.key, phase="measure", error=error))
    lines = level_block(tally, level.key).splitlines()
    assert "  Calls       6: 2 ok (40.00 %), 3 failed, 1 cut off" in lines
    assert lines[-2:] == ["  ModelError              2", "  ThrottlingError         1"]
    assert "  Tokens      0 in, 400 out" in lines
