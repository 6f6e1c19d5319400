"""The plan of the house: which part may know which."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import bedrock_locust

ROOT = Path(__file__).parents[2]
OURS = ("bedrock_locust", "shapes", "reports", "locustfile")
FILES = [
    *sorted(path for part in ("bedrock_locust", "shapes", "reports") for path in (ROOT / part).rglob("*.py")),
    ROOT / "locustfile.py",
]


def module_of(path: Path) -> str:
    """The name of the module in a file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in FILES}


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _imported(node: ast.AST, module: str) -> list[str]:
    """The modules that a statement imports; of `from package import name` the name's, if it is one."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    assert node.level == 0, f"{module} has a relative import"
    base = node.module or ""
    submodules = [f"{base}.{alias.name}" for alias in node.names if f"{base}.{alias.name}" in MODULES]
    return submodules if len(submodules) == len(node.names) else [base, *submodules]


@cache
def imports(module: str) -> tuple[frozenset[str], frozenset[str]]:
    """What a module imports, anywhere in it, to run and for its types only."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    guarded = {id(inner) for node in ast.walk(tree) if _is_type_checking(node) for inner in ast.walk(node)}
    to_run = frozenset(name for node in ast.walk(tree) if id(node) not in guarded for name in _imported(node, module))
    for_types = frozenset(name for node in ast.walk(tree) if id(node) in guarded for name in _imported(node, module))
    return to_run, for_types


def all_of(module: str) -> frozenset[str]:
    """All that a module imports, also for its types."""
    to_run, for_types = imports(module)
    return to_run | for_types


def top(names: frozenset[str]) -> set[str]:
    """The packages of modules."""
    return {name.split(".")[0] for name in names}


def our(names: frozenset[str]) -> set[str]:
    """Those modules that are ours."""
    return {name for name in names if name.split(".")[0] in OURS}


def below(package: str) -> list[str]:
    """The modules of a package."""
    return [module for module in MODULES if module == package or module.startswith(f"{package}.")]


def test_imports_are_found() -> None:
    """The test sees what there is to see: imports to run, for types, of modules and of names."""
    to_run, for_types = imports("bedrock_locust.client.calls")
    assert {"gevent", "bedrock_locust.formats", "bedrock_locust.formats.converse", "bedrock_locust.call"} <= to_run
    assert "locust.event" in for_types - to_run


PLAN: dict[str, dict[str, str]] = {
    "bedrock_locust": {
        # what everything shares
        "call": "",
        "level": "",
        "exits": "",
        "histogram": "",
        "redaction": "",
        "errors": "call redaction",
        # what calls are made of
        "arrivals": "level process workload",
        "formats": "errors redaction",
        "settings": "call level redaction",
        "process": "exits redaction settings",
        "workload": "formats level settings",
        "wire": "call errors formats histogram process redaction",
        "client": "call errors formats redaction wire",
        "user": "call client process settings workload",
        "aws": "call errors level process redaction settings user wire workload",
        # what becomes of them
        "live": "arrivals call errors histogram level process redaction settings workload",
        "recording": "arrivals call errors level live process redaction settings workload",
        "team": "arrivals call live process recording redaction settings workload",
        "outputs": "arrivals call errors histogram level live process redaction settings",
        "run": "arrivals call errors exits level live process recording settings",
        # who joins the two
        "worker": "arrivals aws call exits live process settings team wire workload",
        "lead": "arrivals aws call exits level live outputs process recording run settings team wire workload",
        "commands": "aws exits level settings workload",
        "plugin": "aws exits lead process redaction settings worker workload",
        "simulator": "",
    },
    "reports": {
        "texts": "",
        "markdown": "",
        "reading": "",
        "numbers": "reading",
        "edition": "numbers reading texts",
        "charts": "edition markdown numbers reading texts",
        "sections": "charts edition markdown numbers texts",
        "exports": "edition markdown numbers reading sections",
        "document": "charts texts",
        "report": "charts document edition exports markdown reading sections",
        "compare": "charts document edition exports numbers reading sections",
    },
    "shapes": {
        "base": "",
        "bisection": "",
        "chosen": "base",
        "dispatch": "",
        "ramp": "base rate",
        "rate": "base dispatch",
        "search": "base bisection dispatch",
        "step": "base dispatch",
    },
}
"""Package -> folder or module in it -> those beside it that it may import, also for its types only. Itself always."""
MOST_ENTRIES = {"bedrock_locust": 26, "reports": 12}


def room_of(module: str) -> str:
    """The folder or module directly below its package that a module belongs to; empty for the package itself."""
    return [*module.split("."), ""][1]


def test_a_call_knows_nobody() -> None:
    """The record of a call is pure standard library."""
    assert our(all_of("bedrock_locust.call")) == set()
    assert top(all_of("bedrock_locust.call")) <= sys.stdlib_module_names


@pytest.mark.parametrize("package", PLAN)
def test_the_plan_names_every_part(package: str) -> None:
    """A new folder or module has to be given its place; one that is gone leaves the plan."""
    assert {room_of(module) for module in below(package)} - {"", "__main__"} == set(PLAN[package])


@pytest.mark.parametrize("module", [module for module in MODULES if room_of(module) not in ("", "__main__")])
def test_imports_go_one_way(module: str) -> None:
    """A part imports itself and what the plan lets it import."""
    package, room = module.split(".", maxsplit=1)[0], room_of(module)
    known = {room_of(name) for name in our(all_of(module)) if name.split(".")[0] == package}
    assert known - {"", room} <= set(PLAN[package][room].split())


def test_the_plan_allows_no_more_than_is_needed() -> None:
    """Each import that the plan allows is there."""
    for package, rooms in PLAN.items():
        for room, allowed in rooms.items():
            own = [module for module in below(package) if room_of(module) == room]
            known = {room_of(name) for module in own for name in our(all_of(module))}
            assert set(allowed.split()) <= known, f"{package}.{room}"


def test_there_are_no_circles() -> None:
    """No module leads back to itself, whether it is imported to run or for its types."""
    graph = {module: our(all_of(module)) & set(MODULES) for module in MODULES if room_of(module)}
    sorter = TopologicalSorter({module: {name for name in known if room_of(name)} for module, known in graph.items()})
    sorter.prepare()


@pytest.mark.parametrize("package", MOST_ENTRIES)
def test_a_package_can_be_read_at_a_glance(package: str) -> None:
    """A newcomer knows from `ls` where a change goes."""
    entries = [path.name for path in (ROOT / package).iterdir() if not path.name.startswith("__")]
    assert len(entries) <= MOST_ENTRIES[package], entries


NAMESAKES = {
    **dict.fromkeys(("arrivals", "settings", "live", "workload", "team", "recording", "wire", "run"), "core"),
    **dict.fromkeys(("lead", "worker"), "e2e"),
    "simulator": "simulator",
}
"""Folder or module of bedrock_locust -> folder of tests in which each of its modules has a test of its name."""
ELSEWHERE = {
    "recording.worker_rows": "core/test_recorder.py",  # a report of rows, which the recorder takes
    "wire.botocore_patches": "core/test_http_response.py",  # interim responses, on both transports
    "wire.direct": "core/test_apis.py",  # what it sends shows where the calls of these APIs arrive
    "wire.in_flight": "core/test_client.py",  # what joins a call to the hooks of botocore
    "workload.bench": "core/test_user.py",  # what users share shows in the calls that they make
    "workload.contract": "core/test_generated.py",  # what each workload offers
    "workload.readers": "core/test_readers.py",  # each format, from a file of its shape to a request
    "workload.traces": "core/test_traces.py",  # each source, from a file of its shape to a trace
    "workload.source": "core/test_generated.py",  # which workload the settings ask for
    "simulator.account": "simulator/test_account.py",  # each operation by boto3, over a socket
    "simulator.errors": "simulator/test_faults.py",  # each error is a fault
    "simulator.service": "simulator/test_control.py",  # its state changes through the control endpoints
    "simulator.formats": "simulator/conformance/test_boto3.py",  # real clients read what formats write
}
"""Module, or folder of modules, without a test of its name -> the test that covers it, with the reason."""


def _named(module: str) -> bool:
    """Whether a module must have a test of its name: what is below a folder, or a module that is listed itself."""
    inner = module.removeprefix("bedrock_locust.")
    folder = inner.split(".")[0]
    is_folder = (ROOT / "bedrock_locust" / folder).is_dir()
    return folder in NAMESAKES and (inner != folder) == is_folder


def covering_test(module: str) -> str:
    """The file that tests a module of bedrock_locust, below tests/."""
    inner = module.removeprefix("bedrock_locust.")
    listed = [test for name, test in ELSEWHERE.items() if inner == name or inner.startswith(f"{name}.")]
    folder, name = inner.split(".")[0], inner.split(".")[-1]
    return listed[0] if listed else f"{NAMESAKES[folder]}/test_{name.strip('_')}.py"


@pytest.mark.parametrize(
    "module",
    sorted(m for m in MODULES if m.split(".")[0] == "bedrock_locust" and _named(m)),
)
def test_a_module_has_a_test_of_its_name(module: str) -> None:
    """Who changes a module finds its tests by its name."""
    assert (ROOT / "tests" / covering_test(module)).exists()


CALLING = {"wire", "formats", "client", "user", "aws"}
RECORDING = {"live", "recording", "team", "outputs", "run"}


def test_calling_and_recording_meet_at_the_request_event() -> None:
    """What makes calls reaches what records them only through Locust's `request` event, and not the other way."""
    for room in CALLING - {"aws"}:
        assert not set(PLAN["bedrock_locust"][room].split()) & RECORDING
    for room in RECORDING:
        assert not set(PLAN["bedrock_locust"][room].split()) & CALLING


@pytest.mark.parametrize("package", ["shapes", "reports"])
def test_shapes_and_reports_stand_alone(package: str) -> None:
    """A shape and a report know nothing of ours beyond their own package."""
    for module in below(package):
        strangers = {name for name in our(all_of(module)) if name.split(".")[0] != package}
        assert not strangers, f"{module} imports {strangers}"


def test_reports_do_not_need_locust() -> None:
    """A report can be made where Locust is not installed."""
    for module in below("reports"):
        assert not top(all_of(module)) & {"locust", "gevent", "boto3", "botocore"}, module


def test_sections_decide_nothing() -> None:
    """A section puts into words what `numbers` found: it computes nothing from the calls."""
    for module in below("reports.sections"):
        to_run, _ = imports(module)
        assert not top(to_run) & {"numpy", "pandas", "scipy"}, module


def test_numbers_hold_no_words() -> None:
    """A figure is the same in every language: nothing that computes one knows texts or Markdown."""
    for module in below("reports.numbers"):
        assert not {room_of(name) for name in our(all_of(module))} & {"texts", "markdown", "sections", "edition"}, (
            module
        )


def test_nobody_knows_the_simulator() -> None:
    """The simulator is another program: it shares no code with what it is measured by."""
    simulator = set(below("bedrock_locust.simulator"))
    for module in MODULES:
        names = our(all_of(module))
        wrong = names - simulator if module in simulator else names & simulator
        assert not wrong, f"{module} imports {wrong}"


def test_only_the_locustfile_joins_the_parts() -> None:
    """No module but the locustfile knows more than one of the three packages."""
    for module in MODULES:
        parts = {name.split(".")[0] for name in our(all_of(module))}
        expected = {"bedrock_locust", "shapes", "reports"} if module == "locustfile" else {module.split(".")[0]}
        assert parts <= expected, f"{module} imports {parts}"
    assert top(all_of("locustfile")) >= {"bedrock_locust", "shapes"}
    assert 'report="reports:write"' in MODULES["locustfile"].read_text(encoding="utf-8")


def test_the_locustfile_is_short() -> None:
    """The template that users copy only joins the parts."""
    assert len(MODULES["locustfile"].read_text(encoding="utf-8").splitlines()) <= 60


def loaded(code: str, *modules: str) -> set[str]:
    """Which of the modules a fresh interpreter has after running code."""
    program = f"{code}\nimport sys\nprint(*[m for m in {modules!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_the_package_imports_nothing_else() -> None:
    """The simulator and the report's reader pay for neither Locust nor boto3."""
    heavy = ("locust", "gevent", "boto3", "botocore", "pandas", "pydantic", "bedrock_locust.client")
    assert loaded("import bedrock_locust", *heavy) == set()


def test_a_worker_does_not_load_the_report() -> None:
    """A worker has its processor for itself: nothing of charts or tables, and no simulator."""
    heavy = ("pandas", "altair", "vl_convert", "granian", "numpy", "reports", "bedrock_locust.simulator")
    found = loaded("import locust, bedrock_locust.worker, bedrock_locust.user", "bedrock_locust.worker", *heavy)
    assert found == {"bedrock_locust.worker"}


def test_sockets_are_patched_whatever_is_imported_first() -> None:
    """A public name can be used without a thought for the order of imports."""
    code = "from bedrock_locust import BedrockClient; from gevent import monkey; assert monkey.is_module_patched('ssl')"
    assert loaded(code, "locust", "botocore") == {"locust", "botocore"}


def test_public_names() -> None:
    """Each public name is there, and they are in order."""
    assert sorted(bedrock_locust.__all__) == bedrock_locust.__all__
    for name in bedrock_locust.__all__:
        assert getattr(bedrock_locust, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = bedrock_locust.nothing


@pytest.mark.parametrize("package", ["shapes", "bedrock_locust.formats"])
def test_public_names_of(package: str) -> None:
    """Each public name of the other packages is there, and they are in order."""
    module = importlib.import_module(package)
    assert sorted(module.__all__) == list(module.__all__)
    for name in module.__all__:
        assert hasattr(module, name)
