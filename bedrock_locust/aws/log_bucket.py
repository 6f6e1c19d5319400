"""Model invocation logs in S3: the objects of a bucket in the order of their keys, each read as a stream.

Nothing of them is written to this machine. What it takes: s3:ListBucket and s3:GetObject.
"""

from __future__ import annotations

import io
import os
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Literal, NamedTuple

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bedrock_locust.aws.account.control import ACTIONS, is_denied, why
from bedrock_locust.aws.boto3_client import session_for
from bedrock_locust.aws.credentials import TOKEN, refuse
from bedrock_locust.aws.region import check_region
from bedrock_locust.redaction import know, redact
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Aws
from bedrock_locust.workload.traces.invocation_logs import ASIDE, ENDINGS, is_log
from bedrock_locust.workload.traces.traced import TraceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import boto3

    from bedrock_locust.workload.traces.invocation_logs import Hours

PATIENT = Config(connect_timeout=10, read_timeout=60)
DEFAULT_REGION = "us-east-1"
"""Asked where no region is known: S3 answers there with the region of the bucket, and boto3 follows."""
BUFFER_BYTES = 1 << 16
_PLACE = re.compile(r"s3://([A-Za-z0-9][A-Za-z0-9._-]{2,254})(?:/(.*))?", re.DOTALL)
_MISSING = re.compile(r"not authorized to perform: ([a-z0-9-]+:\w+)")
"""The permission that an answer of AWS names, as kms:Decrypt for an object that is encrypted with a key of its own."""
NO_KEYS = "no AWS credentials found: set AWS_PROFILE or --bedrock-profile, or run `aws configure`, or use a role"
RENEW = "AWS refuses the credentials: renew them, or name others with AWS_PROFILE or --bedrock-profile"
_OF_AWS = re.compile(r"^https://[^/]*\.amazonaws\.com(\.cn)?(:|/|$)")
REMEDIES = {
    "NoSuchBucket": "there is no such bucket: `aws bedrock get-model-invocation-logging-configuration` names the one of"
    " the logs",
    "InvalidObjectState": "it is archived: restore it, or leave its hour out with --from and --to",
    **dict.fromkeys(("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"), RENEW),
}
"""Code of an error of S3 -> what is wrong, and what to do.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""


class Place(NamedTuple):
    """Where logs are: a folder of a bucket, or one object in it; as a text `s3://bucket/prefix`."""

    bucket: str
    prefix: str
    """What keys begin with: with `/` at its end, or empty, unless it is the key of one object."""

    @property
    def is_folder(self) -> bool:
        """Whether it may hold more than one object."""
        return not self.prefix.endswith(ENDINGS)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"


def place_of(text: str) -> Place:
    """The place that `s3://bucket/prefix` names. Raises TraceError where it names none."""
    found = _PLACE.fullmatch(text)
    if not found:
        raise TraceError(f"{text[:200]!r} names no bucket: it must be as s3://bucket/prefix")
    prefix = (found[2] or "").rstrip("/")
    return Place(found[1], prefix if not prefix or prefix.endswith(ENDINGS) else f"{prefix}/")


class LogBucket:
    """A place in S3, and the client that reads it, with the credentials and the region that boto3 finds."""

    def __init__(self, place: Place, profile: str | None = None, session: boto3.Session | None = None) -> None:
        """`session` is one that is there already, in place of one of the profile.

        Raises SettingsError where there are no credentials, or boto3 can make no client.
        """
        self.place = place
        session = session or session_for(Aws(profile=profile), simulator=False)
        _check_keys(session, place)
        self._client = _client(session)

    def logs(self, hours: Hours) -> Iterator[LogObject]:
        """The logs of these hours, by key. Raises TraceError where there are none, or they cannot be listed."""
        found = False
        for key in self._keys(self.place.prefix, hours):
            if not self.place.is_folder or is_log(key.removeprefix(self.place.prefix)):
                found = True
                yield LogObject(self, key)
        if not found:
            when = "" if hours.are_all else " of that time"
            raise TraceError(f"{self.place}: there is no log{when} in it ({', '.join(ENDINGS)})")

    def _keys(self, prefix: str, hours: Hours) -> Iterator[str]:
        """The keys that begin with a prefix; of a part of the time folder by folder, so that others are not listed."""
        for page in self._pages(prefix, {} if hours.are_all else {"Delimiter": "/"}):
            folders = {str(entry["Prefix"]) for entry in page.get("CommonPrefixes", ())}
            for name in sorted(folders.union(str(entry["Key"]) for entry in page.get("Contents", ()))):
                if name not in folders:
                    yield name
                elif hours.may_be_in(name) and not ASIDE.search(name.removeprefix(self.place.prefix)):
                    yield from self._keys(name, hours)

    def _pages(self, prefix: str, options: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        try:
            listing = self._client.get_paginator("list_objects_v2")
            yield from listing.paginate(Bucket=self.place.bucket, Prefix=prefix, **options)
        except (BotoCoreError, ClientError) as error:
            raise TraceError(f"{self.place}: {reason(error, self.place.bucket)}") from None

    def body(self, key: str) -> Any:
        """The stream of an object. Raises OSError, and PermissionError where a permission is missing."""
        try:
            return self._client.get_object(Bucket=self.place.bucket, Key=key)["Body"]
        except (BotoCoreError, ClientError) as error:
            kind = PermissionError if is_denied(error) else OSError
            raise kind(reason(error, self.place.bucket)) from None


@dataclass(frozen=True)
class LogObject:
    """A log in a bucket."""

    bucket: LogBucket
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket.place.bucket}/{self.key}"

    @property
    def suffix(self) -> str:
        """The end of its name."""
        return PurePosixPath(self.key).suffix

    def open(self, mode: Literal["rb"]) -> IO[bytes]:  # noqa: ARG002 - as a Path is opened
        """Its bytes, as they come. Raises OSError, also while they are read."""
        return io.BufferedReader(_Body(self.bucket.body(self.key)), BUFFER_BYTES)


class _Body(io.RawIOBase):
    """The stream of an answer, as a file that cannot be rewound."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what fits. Raises OSError where the rest does not come, or is not what was stored."""
        try:
            data = self._body.read(len(buffer))
        except Exception as error:  # noqa: BLE001 - a connection may break in any way, and not all are of botocore
            raise OSError(why(error)) from None
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Give the connection back, or close it where something is left in it."""
        if not self.closed:
            self._body.close()
        super().close()


def _check_keys(session: boto3.Session, place: Place) -> None:
    """Raise SettingsError where a session has no keys; have those it has kept out of all that is shown."""
    try:
        credentials = session.get_credentials()
        keys = credentials.get_frozen_credentials() if credentials else None
    except Exception as error:  # noqa: BLE001 - a process, a file or a service of the user's may fail in any way
        refuse(error)
    if keys is None:
        only = "; a Bedrock API key does not open S3" if os.environ.get(TOKEN) else ""
        raise SettingsError(f"{place}: {NO_KEYS}{only}")
    know(keys.access_key, keys.secret_key, keys.token)


def _client(session: boto3.Session) -> Any:
    make: Any = session.client
    try:
        client = make("s3", region_name=session.region_name or DEFAULT_REGION, config=PATIENT)
    except (BotoCoreError, ValueError) as error:
        said = redact(str(error))
        raise SettingsError(
            f"boto3 cannot make a client of S3: {said}: see AWS_ENDPOINT_URL_S3 and the profile"
        ) from None
    if session.region_name:
        check_region(session, own_endpoint=not _OF_AWS.search(client.meta.endpoint_url))
    return client


def reason(error: Exception, bucket: str) -> str:
    """Why S3 did not answer, and what to do."""
    if not isinstance(error, ClientError):
        return why(error)
    said = error.response.get("Error", {})
    if is_denied(error):
        action = _MISSING.search(str(said.get("Message")))
        return _denied(action[1] if action else ACTIONS.get(error.operation_name, error.operation_name), bucket)
    return REMEDIES.get(str(said.get("Code")), why(error))


def _denied(action: str, bucket: str) -> str:
    on = {"s3:ListBucket": f" on arn:aws:s3:::{bucket}", "s3:GetObject": f" on arn:aws:s3:::{bucket}/*"}.get(action, "")
    return f"the permission {action}{on} is missing: see Permissions in docs/traces.md"
