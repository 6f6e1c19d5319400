"""The boto3 client of a process: one for all users, made after the fork and before anything is timed."""

from __future__ import annotations

import contextlib
import functools
import gc
import logging
import socket
import ssl
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import locust  # noqa: F401 - it patches sockets for gevent, which has to come before boto3

import boto3
import botocore
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, InvalidRegionError, ProfileNotFound
from botocore.httpsession import URLLib3Session, get_cert_path
from botocore.utils import get_environ_proxies

from bedrock_locust.aws.checked_once import CheckedOnce
from bedrock_locust.aws.credentials import (
    check_signing,
    key_instead_of_token,
    know_credentials,
    quieten,
    refuse,
    signer,
)
from bedrock_locust.aws.region import check_region
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Aws
from bedrock_locust.wire.direct import Direct
from bedrock_locust.wire.in_flight import follow, watch
from bedrock_locust.wire.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.loaders import Loader
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from bedrock_locust.settings.schema import Settings

    Send = Callable[[AWSPreparedRequest], AWSResponse]

logger = logging.getLogger(__name__)

POOL_SIZE = 1000
"""The least size of a process's pool. With fewer connections than users, some calls would each open a new one."""

CONNECT_TIMEOUT_S = 10.0
UNCHECKED = Config(parameter_validation=False)
SIMULATOR_KEYS: dict[str, Any] = {"aws_access_key_id": "simulator", "aws_secret_access_key": "simulator"}
SOCKET_OPTIONS = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
SIGNING_NAMES = {"runtime": "bedrock", "mantle": "bedrock-mantle"}
"""Endpoint -> the name of its service in signatures."""
SIMULATOR_REGION = "us-east-1"


def warm_up() -> None:
    """Read boto3's models, before a worker says that it is ready and before Locust forks.

    This takes a tenth of a second. If many workers on one machine did it at the start of a run, they would send no
    heartbeats meanwhile, and Locust would count them as lost.
    """
    # Mistakes are reported later, with the settings in force.
    with contextlib.suppress(BotoCoreError, SettingsError):
        session_for(Aws(), simulator=True).client("bedrock-runtime")
    gc.collect()
    gc.freeze()


@functools.cache
def _loader() -> Loader:
    """The reader of boto3's models: one for all sessions of this process, because each would read them again."""
    loader: Loader = _no_profile().get_component("data_loader")
    return loader


def connect(
    settings: Settings, *, simulator: bool, version: str, session: boto3.Session | None = None
) -> BedrockRuntimeClient:
    """A client for the settings. Raises SettingsError where boto3 cannot make one.

    `session` is one that has found its credentials: a new one would look for them again, and run a
    `credential_process` a second time.
    """
    session = session or session_for(settings.aws, simulator=simulator)
    if not simulator:
        check_region(session, own_endpoint=settings.aws.endpoint_url is not None)
    config = _config(settings, simulator=simulator, version=version)
    checking, quick = (
        _client(session, settings, one, simulator=simulator) for one in (config, config.merge(UNCHECKED))
    )
    url = address(settings, checking)
    send = _measure([checking, quick], url, settings, config)
    service, region = SIGNING_NAMES[settings.model.endpoint], checking.meta.region_name
    sign = signer(session, service, region, with_api_key=not simulator)
    direct = Direct(settings.model.endpoint, url, sign, send, {"user-agent": _user_agent(version)})
    return cast("BedrockRuntimeClient", CheckedOnce(checking, quick, direct))


def address(settings: Settings, client: BedrockRuntimeClient) -> str:
    """The URL of the endpoint under test."""
    if settings.model.endpoint == "mantle" and not settings.aws.endpoint_url:
        return f"https://bedrock-mantle.{client.meta.region_name}.api.aws"
    return client.meta.endpoint_url


def _client(session: boto3.Session, settings: Settings, config: Config, *, simulator: bool) -> BedrockRuntimeClient:
    """A client of boto3's own. Raises SettingsError."""
    keys = {} if simulator else key_instead_of_token()
    region, url = session.region_name or SIMULATOR_REGION, settings.aws.endpoint_url
    try:
        return session.client("bedrock-runtime", region_name=region, endpoint_url=url, config=config, **keys)
    except Exception as error:  # noqa: BLE001 - boto3 looks for credentials here: a process or a file may fail in any way
        if isinstance(error, InvalidRegionError) or "endpoint" in str(error).lower():
            raise SettingsError(f"boto3 cannot make a client: {error}") from None
        refuse(error)


def _measure(clients: list[BedrockRuntimeClient], url: str, settings: Settings, config: Config) -> Send:
    """Send the requests of the clients over the measured socket; if botocore sends them, note at least when.

    Returns what sends a signed request that is not of a client.
    """
    proxied = bool(get_environ_proxies(url))
    if proxied:
        logger.warning("bedrock-locust: a proxy is set for %s: times are taken in botocore's own transport", url)
    if proxied or settings.test.transport == "botocore":
        attach = watch
        send: Send = _plain_session(config, get_environ_proxies(url)).send
    else:
        connect_s = min(CONNECT_TIMEOUT_S, settings.test.timeout_seconds)
        context = trust() if url.startswith("https:") else None
        transport = Transport(context, connect_s, settings.test.timeout_seconds)
        attach, send = transport.attach, transport.send
    for client in clients:
        follow(client)
        attach(client)
    return send


def _plain_session(config: Any, proxies: dict[str, str]) -> URLLib3Session:
    """Botocore's own transport, as its clients have it."""
    return URLLib3Session(
        verify=_ca_bundle() or True,
        proxies=proxies,
        timeout=(config.connect_timeout, config.read_timeout),  # type: ignore[arg-type]  # the stubs know one number
        max_pool_connections=config.max_pool_connections,
        socket_options=cast("Any", SOCKET_OPTIONS),
    )


def trust() -> ssl.SSLContext:
    """The certificates that botocore trusts: its own, or those of AWS_CA_BUNDLE and `ca_bundle`."""
    return ssl.create_default_context(cafile=get_cert_path(_ca_bundle() or True))


def _ca_bundle() -> Any:
    """The file of the certificates that AWS_CA_BUNDLE or the profile in use names."""
    try:
        return botocore.session.Session().get_config_variable("ca_bundle")
    except ProfileNotFound:  # where a profile is needed, that has been said before
        return _no_profile().get_config_variable("ca_bundle")


def _no_profile() -> botocore.session.Session:
    """A session that does not look at AWS_PROFILE: a simulator needs no profile, and that one may not be there."""
    return botocore.session.Session({"profile": (None, None, None, None)})


def check_credentials(settings: Settings) -> boto3.Session:
    """A session that can sign calls, by keys or by a Bedrock API key. Raises SettingsError if this process cannot."""
    session = session_for(settings.aws, simulator=False)
    if session.region_name:
        check_region(session, own_endpoint=settings.aws.endpoint_url is not None)
    check_signing(_client(session, settings, _config(settings, simulator=False, version="check"), simulator=False))
    know_credentials(session)
    return session


def check_endpoint(url: str) -> None:
    """Raise SettingsError where nothing listens at an endpoint that the user named.

    Behind a proxy nothing is checked: only the proxy can tell.
    """
    parts = urlsplit(url)
    if get_environ_proxies(url) or parts.hostname is None:
        return
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname, port), CONNECT_TIMEOUT_S) as plain:
            if parts.scheme == "https":
                trust().wrap_socket(plain, server_hostname=parts.hostname).close()
    except ssl.SSLCertVerificationError as error:
        reason = error.verify_message.rstrip(".")
        raise SettingsError(
            f"endpoint {url}: its TLS certificate is not trusted ({reason}): check --host and"
            " aws.endpoint_url; for a certificate of your own set AWS_CA_BUNDLE to the file of its CA"
        ) from None
    except ssl.SSLError as error:
        raise SettingsError(f"endpoint {url}: no TLS there ({error.reason}): is it http:// instead?") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingsError(
            f"endpoint {url}: no connection ({reason}): check --host and aws.endpoint_url, and that it is running"
        ) from None


def session_for(aws: Aws, *, simulator: bool) -> boto3.Session:
    """A session with the keys, the profile and the region of the settings. Raises SettingsError."""
    keys: dict[str, Any] = {
        "aws_access_key_id": aws.access_key_id,
        "aws_secret_access_key": aws.secret_access_key,
        "aws_session_token": aws.session_token,
    }
    given = {key: secret.get_secret_value() for key, secret in keys.items() if secret is not None}
    region, profile = aws.region, aws.profile
    if simulator:
        given, region, profile = SIMULATOR_KEYS, region or SIMULATOR_REGION, None
    session = _no_profile() if simulator else botocore.session.Session()
    quieten()
    try:
        session.register_component("data_loader", _loader())
        made = boto3.Session(botocore_session=session, profile_name=profile, region_name=region, **given)
        session.get_scoped_config()
    except ProfileNotFound as error:
        raise SettingsError(f"{error}: name one that `aws configure list-profiles` shows") from None
    except BotoCoreError as error:
        raise SettingsError(f"the AWS configuration of this machine cannot be read: {error}") from None
    return made


def _user_agent(version: str) -> str:
    return f"Boto3/{boto3.__version__} Botocore/{botocore.__version__} bedrock-locust/{version}"


def _config(settings: Settings, *, simulator: bool, version: str) -> Config:
    """The configuration of botocore. Nothing is retried: a throttle is a result, not a delay.

    Calls of the simulator are signed by keys, because boto3 sends an API key only over HTTPS.
    """
    most = settings.most_in_flight
    signed: dict[str, Any] = {"signature_version": "v4"} if simulator else {}
    return Config(
        connect_timeout=min(CONNECT_TIMEOUT_S, settings.test.timeout_seconds),
        read_timeout=settings.test.timeout_seconds,
        retries={"total_max_attempts": 1},
        max_pool_connections=max(POOL_SIZE, most),
        tcp_keepalive=True,
        # The whole header, so that botocore need not build it for each call.
        user_agent=_user_agent(version),
        **signed,
    )
