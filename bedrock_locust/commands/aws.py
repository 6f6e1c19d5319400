"""`aws RUN`: AWS's own figures of a run, from CloudWatch into the run folder; the report shows them beside ours."""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bedrock_locust import exits
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Settings, build, read_file

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    import boto3

    from bedrock_locust.aws.account.cross_check import Subject
    from bedrock_locust.aws.account.serving import Served

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
        metavar="PLACE",
        help="model invocation logs: a folder as S3 has them, s3://BUCKET/PREFIX, or logs:GROUP of CloudWatch Logs;"
        " adds TTFT and latency by the Region that served the calls",
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

    A missing permission is a line: what needs none of it is written all the same. So it is with logs that cannot be
    had, but then 2 is returned.
    """
    # Locust, which these bring, patches sockets: the other commands do without.
    from bedrock_locust.aws.account import cross_check  # noqa: PLC0415
    from bedrock_locust.aws.account.control import control_of  # noqa: PLC0415
    from bedrock_locust.aws.boto3_client import session_for  # noqa: PLC0415

    try:
        info = cross_check.read_info(parsed.run)
        settings = _settings(parsed, cross_check.region_of(info))
        session = session_for(settings.aws, simulator=False)
        control = control_of(settings, None, session)
        served = _served(parsed, settings, session, cross_check.Subject.of(info)) if parsed.logs and control else None
        by_region = served.by_region if served else None
        found = (
            cross_check.check(control, parsed.run, info, cross_check.Wait(parsed.wait), by_region) if control else None
        )
    except (SettingsError, OSError) as error:
        print(error, file=sys.stderr)
        return exits.BAD_INPUT
    if found is None:
        print("the calls of this configuration do not go to AWS: set aws.control_endpoint_url", file=sys.stderr)
        return exits.BAD_INPUT
    for line in cross_check.not_had(found):
        print(line, file=sys.stderr)
    if by_region is not None:
        print(_regions(by_region))
    _tell(parsed.run / cross_check.FILE, found, cross_check.calls_in(found, cross_check.ACCEPTED))
    if parsed.logs and served is None:
        return exits.BAD_INPUT
    return exits.FAILED if found["failure"] == "no answer" else 0


def _served(parsed: Namespace, settings: Settings, session: boto3.Session, subject: Subject) -> Served | None:
    """What the logs say of the Regions; None where they cannot be had. What is wrong with them is said."""
    from bedrock_locust.aws.account import log_source, serving  # noqa: PLC0415
    from bedrock_locust.aws.boto3_client import SIMULATOR_REGION  # noqa: PLC0415

    region = settings.aws.region or session.region_name or SIMULATOR_REGION
    access = log_source.Access(session, region, subject.begin_s, subject.end_s)
    try:
        served = serving.by_region(log_source.parts_of(parsed.logs, access), parsed.run)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return None
    for line in served.unread:
        print(line, file=sys.stderr)
    return served


def _tell(path: Path, found: dict[str, Any], calls: float) -> None:
    """What was written, with the calls that AWS took, and what to do next."""
    if not calls and not found["missing"]:
        print(f"{path}: CloudWatch has no call to {found['model_id']} in these minutes yet: --wait")
    elif found["metrics"]:
        print(f"{path}: {calls:,.0f} calls by CloudWatch. See the comparison: python -m reports {path.parent}")


def _regions(served: dict[str, Any]) -> str:
    """What the logs had of the run, of all modes."""
    counts = Counter[str]()
    for one in served["regions"]:
        counts[one["region"]] += one["calls"]
    calls = ", ".join(f"{count:,} in {region}" for region, count in counts.most_common()) or "no call of this run"
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
