"""Where the invocation logs of a run are read from: a folder, a bucket of S3, or a group of CloudWatch Logs.

Of a bucket and a group only the time of the run is asked for, and what comes is read piece by piece: nothing of it is
written to this machine. What it takes: s3:ListBucket and s3:GetObject, or logs:FilterLogEvents. Both are at the
addresses of boto3 (`AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL_CLOUDWATCH_LOGS`), not at that of the control plane.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bedrock_locust.aws.account.control import Control, why
from bedrock_locust.aws.log_bucket import LogBucket, place_of
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.workload.traces import invocation_logs
from bedrock_locust.workload.traces.traced import TraceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3

    Part = Iterator[tuple[str, Any]]
    """Records with where they stand, of a file, an object or an event. It may raise TraceError: others go on."""

GROUP = "logs:"
"""What the name of a group begins with, as in `logs:/aws/bedrock/invocations`."""
_NAME = re.compile(r"[A-Za-z0-9._/#-]{1,512}")
"""Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html"""
PATIENT = Config(connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 6})
"""A group may be asked a few times a second only, by all of an account together."""
BEFORE_MS, AFTER_MS = 60_000, 600_000
"""Events this long before and after a run are read, too: clocks differ, and an event may have the moment of its end."""


class Access(NamedTuple):
    """Who asks AWS, and for which time."""

    session: boto3.Session
    region: str
    """That of the run: a group of CloudWatch Logs is in the Region of the calls."""
    begin_s: float
    end_s: float


def parts_of(logs: str, access: Access | None) -> Iterator[Part]:
    """The logs that `--logs` names, part by part. Raises SettingsError, as the iteration does.

    `access` may be None for a folder or a file.
    """
    if access is not None and logs.startswith("s3:"):
        return _of_bucket(logs, access)
    if access is not None and logs.startswith(GROUP):
        return _of_group(logs.removeprefix(GROUP), access)
    return _of_folder(Path(logs))


def _of_folder(place: Path) -> Iterator[Part]:
    files = invocation_logs.files(place) if place.is_dir() else [place]
    if not files:
        raise SettingsError(f"no invocation logs in {place}: give the folder that was copied from S3")
    yield from map(invocation_logs.records, files)


def _of_bucket(logs: str, access: Access) -> Iterator[Part]:
    bucket = LogBucket(place_of(logs), session=access.session)
    yield from map(invocation_logs.records, bucket.logs(invocation_logs.Hours.of(access.begin_s, access.end_s)))


def _of_group(name: str, access: Access) -> Iterator[Part]:
    """The events of a group: a page at a time is kept, of at most 1 MB."""
    if not _NAME.fullmatch(name):
        raise SettingsError(f"{name[:200]!r} names no log group: it must be as logs:/aws/bedrock/invocations")
    try:
        client = Control(access.session, access.region, None, PATIENT).client("logs")
        pages = client.get_paginator("filter_log_events").paginate(
            logGroupName=name,
            startTime=max(0, int(1000 * access.begin_s) - BEFORE_MS),
            endTime=int(1000 * access.end_s) + AFTER_MS,
        )
        for page in pages:
            for event in page.get("events", ()):
                where = f"{GROUP}{name}, event {event.get('eventId', '')}"
                yield invocation_logs.of_line(str(event.get("message")), where)
    except (BotoCoreError, ClientError) as error:
        raise TraceError(f"{GROUP}{name}: {_reason(error, access.region)}") from None


def _reason(error: Exception, region: str) -> str:
    """Why CloudWatch Logs did not answer, and what to do; never whose account it is."""
    code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
    if code == "ResourceNotFoundException":
        return f"there is no such log group in {region}: `aws logs describe-log-groups` lists them"
    return why(error)
