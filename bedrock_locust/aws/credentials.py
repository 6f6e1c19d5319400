"""How a client of this process would sign its calls, and whether it can."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any, NoReturn

from botocore.auth import SigV4Auth
from botocore.exceptions import InvalidEndpointConfigurationError, NoAuthTokenError, NoCredentialsError

from bedrock_locust.redaction import know, redact
from bedrock_locust.settings.mistakes import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3
    from botocore.awsrequest import AWSRequest
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

TOKEN = "AWS_BEARER_TOKEN_BEDROCK"  # noqa: S105 - the name of a variable
"""The variable with a Bedrock API key. boto3 prefers it to all other credentials."""
NOT_USED: dict[str, Any] = {"aws_access_key_id": "not-used", "aws_secret_access_key": "not-used"}
"""Keys for a client that signs with an API key: without any, boto3 would look for some, and may fail at that."""
QUIET = ("botocore.credentials", "botocore.tokens")
"""Loggers that print a traceback for each call that cannot be signed. The row of the call has the reason."""

SOURCES = {
    "explicit": "given in the settings as aws.access_key_id",
    "env": "from environment variables",
    "shared-credentials-file": "from the shared credentials file",
    "config-file": "from the AWS configuration file",
    "assume-role": "of a role that a profile assumes",
    "assume-role-with-web-identity": "of a role assumed with a web identity token",
    "custom-process": "from a credential_process",
    "container-role": "of the role of this container",
    "iam-role": "of the role of this instance",
    "sso": "from an SSO login",
    "login": "from `aws login`",
    "boto-config": "from the configuration file of boto 2",
    "ec2-credentials-file": "from the file that AWS_CREDENTIAL_FILE names",
}
"""Method by which botocore finds credentials -> where they are from, in words."""
OF_PROFILES = frozenset({"shared-credentials-file", "config-file", "assume-role", "custom-process", "sso", "login"})


class _SignedError(Exception):
    """The request is signed: it need not be sent."""


def key_instead_of_token() -> dict[str, Any]:
    """The keys with which to make a client that has an API key; empty if there is no API key."""
    return NOT_USED if os.environ.get(TOKEN) else {}


def know_credentials(session: boto3.Session) -> None:
    """Have the keys that a session has found kept out of everything that is written or shown.

    Those that boto3 puts in their place later, as it renews the keys of a role, are kept out by what they look like.
    """
    # With an API key nothing may have looked for keys yet, and nothing needs to.
    credentials = None if os.environ.get(TOKEN) else session.get_credentials()
    if credentials is not None:
        frozen = credentials.get_frozen_credentials()
        know(frozen.access_key, frozen.secret_key, frozen.token)


def signer(session: boto3.Session, service: str, region: str, *, with_api_key: bool) -> Callable[[AWSRequest], None]:
    """What signs a request for a service: with a Bedrock API key where there is one, else with the keys of a session.

    It raises NoCredentialsError where there are none, and InvalidEndpointConfigurationError for an API key that would
    be sent in the clear.
    """
    token = os.environ.get(TOKEN) if with_api_key else None
    found = None if token else session.get_credentials()

    def sign(request: AWSRequest) -> None:
        if token:
            if not str(request.url).startswith("https://"):
                raise InvalidEndpointConfigurationError(msg="an API key is sent over HTTPS only")
            request.headers["Authorization"] = f"Bearer {token}"
        elif found is None:
            raise NoCredentialsError
        else:
            # Frozen for each request: the keys of a role are renewed in between.
            SigV4Auth(found.get_frozen_credentials(), service, region).add_auth(request)

    return sign


def quieten() -> None:
    """Keep boto3 from logging what it also raises about credentials."""
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def source_of(session: boto3.Session) -> str:
    """Where the keys of a session are from, in words; empty if that is not known."""
    keys = session.get_credentials()
    method = str(keys.method or "") if keys is not None else ""
    said = SOURCES.get(method, method and f"from {method}")
    return f"{said}, profile {session.profile_name}" if method in OF_PROFILES else said


def check_signing(client: BedrockRuntimeClient) -> None:
    """Have a client sign a call that is not sent. Raises SettingsError if it cannot."""
    client.meta.events.register_first("before-send.bedrock-runtime", _stop, unique_id="bedrock-locust-check")
    try:
        client.converse(modelId="none", messages=[{"role": "user", "content": [{"text": "none"}]}])
    except _SignedError:
        pass
    except Exception as error:  # noqa: BLE001 - a process, a file or a service of the user's may fail in any way
        refuse(error)


def _stop(**_: Any) -> NoReturn:
    raise _SignedError


def refuse(error: Exception) -> NoReturn:
    """Raise SettingsError for what went wrong when credentials were looked for."""
    if isinstance(error, NoCredentialsError):
        raise SettingsError(
            "no AWS credentials found: set AWS_PROFILE or --bedrock-profile, or run `aws configure`, or use a role, or"
            f" a Bedrock API key in {TOKEN}; to try without an account: --bedrock-simulator"
        ) from None
    if isinstance(error, InvalidEndpointConfigurationError | NoAuthTokenError):
        raise SettingsError(
            f"{TOKEN} cannot be used: {redact(str(error))} Use an https:// endpoint, or unset the variable"
        ) from None
    reason = redact(f"{type(error).__name__}: {error}")
    raise SettingsError(
        f"no AWS credentials: {reason}: look at the profile in use (its credential_process, role or SSO login);"
        " try: aws sts get-caller-identity"
    ) from None
