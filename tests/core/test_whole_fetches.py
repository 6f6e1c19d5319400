"""All that `aws RUN` prints and writes, in a golden file: with figures and without, with logs and without.

`UPDATE_GOLDEN=1 pytest tests/core/test_whole_fetches.py` writes it anew: read the difference.
"""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust import commands
from bedrock_locust.aws.account import cross_check

from .golden_files import by_line, check_text
from .scripted_aws import scripted
from .test_traces import folder_of, logged
from .test_whole_cross_checks import COUNTS, HOUR_S, TIMES, CloudWatch, run_info

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("made_up_keys")

ROWS = [
    ("id-0-1", "m", "streaming", "", 300, 900),
    ("id-3-1", "m", "streaming", "", 500, 1100),
    ("id-6-1", "m", "non_streaming", "", "", 700),
    ("id-9-1", "m", "streaming", "", "soon", 1000),
    ("id-12-1", "m", "streaming", "ThrottlingError", "", 3),
    ("id-70-1", "m", "streaming", "", 1, 2),
    ("", "m", "streaming", "", 1, 2),
    ("id-15-1", "other", "non_streaming", "", "", 800),
]
HEAD = "request_id,model_id,mode,error,ttft_ms,latency_ms\n"
REGIONS = ("us-west-2", "us-west-2", "us-east-2", None, "us-east-2", "<script>")
NOTHING: dict[str, Any] = {}

Case = tuple[dict[str, Any], Any, tuple[str, ...]]
CASES: dict[str, Case] = {
    "figures": (run_info(HOUR_S, test={"streaming": True}), CloudWatch(COUNTS | TIMES).answer, ()),
    "figures of mantle": (run_info(HOUR_S, endpoint="mantle"), CloudWatch({"Inferences Sum": [1200]}).answer, ()),
    "no call yet": (run_info(HOUR_S), CloudWatch({"InputTokenCount Sum": [0]}).answer, ()),
    "not one figure": (run_info(HOUR_S), lambda _: {"MetricDataResults": []}, ()),
    "no permission": (run_info(HOUR_S), "AccessDenied", ()),
    "no answer": (run_info(HOUR_S), "InternalServerException", ()),
    "with logs": (run_info(HOUR_S), CloudWatch(COUNTS).answer, ("--logs", "logs")),
    "with logs of another run": (run_info(HOUR_S), CloudWatch(COUNTS).answer, ("--logs", "others")),
    "with a part that cannot be read": (run_info(HOUR_S), CloudWatch(COUNTS).answer, ("--logs", "broken")),
    "with many parts that cannot be read": (run_info(HOUR_S), CloudWatch(COUNTS).answer, ("--logs", "many")),
    "with many parts, none of which can be read": (run_info(HOUR_S), CloudWatch(COUNTS).answer, ("--logs", "all")),
    "with no logs": (run_info(HOUR_S), CloudWatch(COUNTS).answer, ("--logs", "none")),
    "with nothing that can be read": (run_info(HOUR_S), CloudWatch(COUNTS).answer, ("--logs", "bad.json")),
    "with a name that is none": (run_info(HOUR_S), CloudWatch(COUNTS).answer, ("--logs", "s3:/x")),
    "a run that says too little": (NOTHING, CloudWatch(COUNTS).answer, ()),
    "a profile that is not there": (run_info(HOUR_S), CloudWatch(COUNTS).answer, ("--bedrock-profile", "nobody")),
}


def test_a_configuration_that_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line names its file, and what is wrong in it; one that says nothing of AWS or of a model is enough."""
    (tmp_path / "run.json").write_text(json.dumps(run_info(HOUR_S)), encoding="utf-8")
    file = tmp_path / "c.json"
    for content, said in (
        ({"aws": {"control_endpoint_url": "x"}}, 'aws.control_endpoint_url is "x", but must start with http:// or'),
        ({"aws": [], "model": 5}, ""),
    ):
        file.write_text(json.dumps(content), encoding="utf-8")
        with scripted({"GetMetricData": CloudWatch(COUNTS).answer}) as aws:
            endpoint = {"aws": {"control_endpoint_url": aws.url}} if not said else {}
            file.write_text(json.dumps(content | endpoint), encoding="utf-8")
            code = commands.main(["aws", str(tmp_path), "--bedrock-config", str(file)])
        err = capsys.readouterr().err
        assert (code, err.startswith(f"{file}: {said}")) == ((2, True) if said else (0, False))


def logs(folder: Path) -> None:
    """Logs of the run, of another one, and broken ones."""
    records = [logged(3 * n, region="us-east-1", inferenceRegion=region) for n, region in enumerate(REGIONS)]
    folder_of(folder / "logs", *records)
    folder_of(folder / "others", logged(99))
    folder_of(folder / "broken", *records)
    (next((folder / "broken").rglob("20*.json.gz")).parent / "20261127091.json.gz").write_bytes(b"no")
    (folder / "bad.json").write_text("{")
    for name, good in (("many", True), ("all", False)):
        place = folder / name / "2026" / "11" / "27" / "08"
        place.mkdir(parents=True)
        if good:
            (place / "0.json").write_text(json.dumps(records[0]))
        for number in range(1, 8):
            (place / f"{number}.json").write_text("{")


def test_fetches_are_as_they_were_read_and_approved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every line, the exit code, and what is written of Regions."""
    monkeypatch.chdir(tmp_path)
    logs(tmp_path)
    parts = []
    for number, (name, (info, answer, arguments)) in enumerate(CASES.items()):
        run = tmp_path / f"run{number}"
        run.mkdir()
        (run / "run.json").write_text(json.dumps(info), encoding="utf-8")
        (run / "requests.csv").write_text(HEAD + "".join(f"{','.join(map(str, row))}\n" for row in ROWS))
        with scripted({"GetMetricData": answer}) as aws:
            config = {"aws": {"region": "nowhere", "control_endpoint_url": aws.url}}
            (tmp_path / "c.json").write_text(json.dumps(config), encoding="utf-8")
            code = commands.main(["aws", str(run), "--bedrock-config", "c.json", *arguments])
            url = aws.url
        out, err = capsys.readouterr()
        lines = [*out.splitlines(), *(f"! {line}" for line in err.splitlines()), f"exit code {code}"]
        written = run / cross_check.FILE
        serving = json.loads(written.read_text(encoding="utf-8")).get("serving") if written.exists() else None
        lines += [by_line(serving)] if serving else []
        parts.append("\n".join([f"# {name}", *(one.replace(str(run), "RUN").replace(url, "URL") for one in lines)]))
    check_text("accounts/fetches.txt", "\n\n".join(parts).replace(str(tmp_path), "DIR") + "\n")


@pytest.mark.parametrize(
    ("text", "taken"),
    [("0", 0), ("90", 90), ("3600", 3600), ("0.5", 0.5), *((no, None) for no in ("3601", "-1", "x", "nan", "", "inf"))],
)
def test_how_long_it_waits(text: str, taken: float | None, capsys: pytest.CaptureFixture[str]) -> None:
    """An hour at most."""
    parser = argparse.ArgumentParser()
    commands.COMMANDS["aws"].add_arguments(parser)
    if taken is not None:
        assert parser.parse_args(["run", f"--wait={text}"]).wait == taken
        return
    with pytest.raises(SystemExit):
        parser.parse_args(["run", f"--wait={text}"])
    assert f"{text!r} must be a number of seconds, from 0 to 3,600" in capsys.readouterr().err
