"""The control plane: clients that ask AWS about the account, and why one of them got no answer.

They ask once, and not for long: a run must not wait for them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from bedrock_locust.aws.boto3_client import SIMULATOR_REGION, session_for
from bedrock_locust.aws.credentials import TOKEN
from bedrock_locust.aws.own_endpoint import is_of_aws
from bedrock_locust.redaction import redact

if TYPE_CHECKING:
    import boto3

    from bedrock_locust.settings.schema import Settings

QUICK = Config(connect_timeout=2, read_timeout=4, retries={"total_max_attempts": 1})
ACTIONS = {
    "ListServiceQuotas": "servicequotas:ListServiceQuotas",
    "GetServiceQuota": "servicequotas:GetServiceQuota",
    "GetFoundationModel": "bedrock:GetFoundationModel",
    "GetInferenceProfile": "bedrock:GetInferenceProfile",
    "GetProvisionedModelThroughput": "bedrock:GetProvisionedModelThroughput",
    "GetPromptRouter": "bedrock:GetPromptRouter",
    "GetMetricData": "cloudwatch:GetMetricData",
    "GetCallerIdentity": "sts:GetCallerIdentity",
    "ListObjectsV2": "s3:ListBucket",
    "GetObject": "s3:GetObject",
    "FilterLogEvents": "logs:FilterLogEvents",
}
"""Operation -> the permission that it needs."""
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})


class Control:
    """Clients of the control plane of one region."""

    def __init__(self, session: boto3.Session, region: str, url: str | None = None, config: Config = QUICK) -> None:
        """`url` is an address that answers for all services in place of AWS's own."""
        self.region = region
        self._session, self._url, self._config = session, url, config
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """The client of a service."""
        if service not in self._clients:
            make: Any = self._session.client
            self._clients[service] = make(service, region_name=self.region, endpoint_url=self._url, config=self._config)
        return self._clients[service]

    @property
    def can_sign(self) -> bool:
        """Whether there are keys. A Bedrock API key opens no other service."""
        return self._session.get_credentials() is not None


def address(settings: Settings, simulator_url: str | None) -> tuple[bool, str | None]:
    """Whether somebody can be asked about the account of a run, and at which address; None is that of AWS.

    The control plane is never at `aws.endpoint_url`, which only takes calls to models.
    """
    if settings.aws.control_endpoint_url:
        return True, settings.aws.control_endpoint_url
    if simulator_url:
        return True, simulator_url
    url = settings.aws.endpoint_url
    return (url is None or is_of_aws(url)), None


def control_of(settings: Settings, simulator_url: str | None, session: boto3.Session | None = None) -> Control | None:
    """The control plane of a run; None where nobody can be asked. Raises SettingsError as `session_for` does."""
    known, url = address(settings, simulator_url)
    if not known:
        return None
    session = session or session_for(settings.aws, simulator=simulator_url is not None)
    return Control(session, settings.aws.region or session.region_name or SIMULATOR_REGION, url)


def why(error: Exception) -> str:
    """Why there was no answer, in a few words that say what to do."""
    if isinstance(error, ClientError):
        return _refused(error)
    if isinstance(error, ConnectTimeoutError | ReadTimeoutError | EndpointConnectionError):
        host = urlsplit(str(error.kwargs.get("endpoint_url", ""))).netloc
        return f"{host or 'AWS'} does not answer"
    name = type(error).__name__
    if name == "NoCredentialsError" and os.environ.get(TOKEN):
        return "there are no AWS keys, and an API key opens only Bedrock"
    if name == "NoCredentialsError":
        return "there are no AWS credentials: set AWS_PROFILE or --bedrock-profile, or use a role"
    return redact(f"{name}: {error}")[:200]


def is_denied(error: Exception) -> bool:
    """Whether a permission is missing."""
    return isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") in DENIED


def _refused(error: ClientError) -> str:
    if is_denied(error):
        return f"the permission {ACTIONS.get(error.operation_name, error.operation_name)} is missing"
    said = error.response.get("Error", {})
    return redact(f"{said.get('Code', 'unknown')}: {said.get('Message', '')}")[:200]
