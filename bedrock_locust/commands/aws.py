"""`aws RUN`: AWS's own figures of a run, from CloudWatch into the run folder; the report shows them beside ours."""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bedrock_locust import exits
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Settings, build, read_file

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

LONGEST_WAIT_S = 3600
HELP = "Fetch AWS's own figures of a run into its folder, so that the report can compare them with ours"


def add_arguments(parser: ArgumentParser) -> None:
    """The run, and who asks."""
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of the run, such as results/<run>")
    parser.add_argument(
        "--bedrock-config", metavar="FILE", help="configuration with the credentials, as that of the run. Default: none"
    )
    parser.add_argument("--bedrock-profile", metavar="NAME", help="profile of ~/.aws/config")
    parser.add_argument(
        "--logs",
        type=Path,
        metavar="FOLDER",
        help="model invocation logs as S3 has them: adds TTFT and latency by the Region that served the calls",
    )
    parser.add_argument(
        "--wait",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="ask again until all calls are there, for at most this long: CloudWatch is some minutes late. Default: 0",
    )


def run(parsed: Namespace) -> int:
    """Write `aws.json`; return 1 if AWS did not answer, 2 if there is no such run.

    A missing permission is a line: what needs none of it is written all the same.
    """
    # Locust, which these bring, patches sockets: the other commands do without.
    from bedrock_locust.aws.account import cross_check, serving  # noqa: PLC0415
    from bedrock_locust.aws.account.control import control_of  # noqa: PLC0415

    try:
        info = cross_check.read_info(parsed.run)
        control = control_of(_settings(parsed, cross_check.region_of(info)), None)
        served = serving.by_region(parsed.logs, parsed.run) if parsed.logs else None
        found = cross_check.check(control, parsed.run, info, parsed.wait, served) if control else None
    except (SettingsError, OSError) as error:
        print(error, file=sys.stderr)
        return exits.BAD_INPUT
    if found is None:
        print("the calls of this configuration do not go to AWS: set aws.control_endpoint_url", file=sys.stderr)
        return exits.BAD_INPUT
    for line in found["missing"]:
        print(line, file=sys.stderr)
    if served is not None:
        print(_regions(served))
    _tell(parsed.run / cross_check.FILE, found)
    return exits.FAILED if found["failure"] == "no answer" else 0


def _tell(path: Path, found: dict[str, Any]) -> None:
    """What was written, and what to do next."""
    counts = {name: values["Sum"] for name, values in found["metrics"].items() if "Sum" in values}
    calls = counts.get("Invocations", counts.get("Inferences"))
    if calls is None and not found["missing"]:
        print(f"{path}: CloudWatch has no call to {found['model_id']} in these minutes yet: --wait")
    elif calls is not None:
        print(f"{path}: {calls:,.0f} calls by CloudWatch. See the comparison: python -m reports {path.parent}")


def _regions(served: dict[str, Any]) -> str:
    """What the logs had of the run."""
    calls = ", ".join(f"{one['calls']:,} in {one['region']}" for one in served["regions"]) or "no call of this run"
    return f"served by Region, by the logs: {calls}; without a log: {served['calls_without_log']:,}"


def _settings(parsed: Namespace, region: str | None) -> Settings:
    """The settings with the credentials, for the region of the run."""
    values = read_file(Path(parsed.bedrock_config)) if parsed.bedrock_config else {}
    aws = {key: value for key, value in _section(values, "aws").items() if key != "region"}
    if parsed.bedrock_profile:
        aws["profile"] = parsed.bedrock_profile
    model = _section(values, "model") or {"id": "any"}
    return build({"aws": {**aws, "region": region}, "model": model}, {}, parsed.bedrock_config or "no configuration")


def _section(values: dict[str, Any], name: str) -> dict[str, Any]:
    section = values.get(name)
    return section if isinstance(section, dict) else {}


def _seconds(text: str) -> float:
    """A number of seconds from 0 to an hour; raises ArgumentTypeError, of which argparse makes its message."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_WAIT_S:
        raise ArgumentTypeError(f"{text!r} must be a number of seconds, from 0 to {LONGEST_WAIT_S:,}")
    return seconds
