"""What a run needs, checked piece by piece before it: each check says what it found, or what to do."""

from __future__ import annotations

import os
import socket
import ssl
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from bedrock_locust import __version__
from bedrock_locust.aws.account.control import control_of, why
from bedrock_locust.aws.account.known import Account
from bedrock_locust.aws.boto3_client import CONNECT_TIMEOUT_S, address, check_credentials, connect, trust
from bedrock_locust.aws.credentials import TOKEN, source_of
from bedrock_locust.aws.region import unknown as unknown_region
from bedrock_locust.errors import remedy
from bedrock_locust.process.open_files import lack_for_calls
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.plan import counted
from bedrock_locust.settings.quotas import WORDS, unused
from bedrock_locust.user import unrecorded
from bedrock_locust.workload.source import workload_of
from bedrock_locust.workload.template import checked

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from bedrock_locust.aws.account.known import Known
    from bedrock_locust.call import Call, Mode
    from bedrock_locust.settings.schema import Settings

State = Literal["ok", "note", "FAIL"]
MOST_SKEW_S = 300.0
"""AWS refuses signatures that are further off."""
MUCH_SKEW_S = 60.0
THROTTLED = (
    "throttled ({why}). The model is there and may be called, but its quota is used up now, by others or by a run of"
    " yours, or it is too small for a call of {tokens} output tokens. Run doctor again in a minute; if that does not"
    " help, ask for a higher quota, on bedrock-runtime in Service Quotas, for bedrock-mantle at AWS Support"
)
SMALL = {"prompt_size": 100, "max_tokens": 16}
"""The calls are as cheap as they can be: 16 output tokens are the least that all APIs take."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found."""

    state: State
    what: str
    said: str

    def __str__(self) -> str:
        return f"{self.state:<5} {self.what:<12} {self.said}"


def examine(settings: Settings) -> Iterator[Finding]:
    """Check all that a run with these settings needs. Two small calls to the model are made."""
    yield _files(settings)
    try:
        session = check_credentials(settings)
        client = connect(settings, simulator=False, version=__version__, session=session)
    except SettingsError as error:
        yield Finding("FAIL", "region" if "region" in str(error).split(":")[0] else "credentials", str(error))
        return
    settings = settings.in_region(client.meta.region_name)
    yield _caller(settings, session)
    stray = unknown_region(session)
    yield Finding("note", "region", stray) if stray else Finding("ok", "region", client.meta.region_name)
    url = address(settings, client)
    reached = list(_endpoint(url))
    yield from reached
    if any(finding.state == "FAIL" and finding.what == "endpoint" for finding in reached):
        return
    account = Account(quiet=True)
    settings, unknown = account.resolved(settings, session)
    try:
        settings = checked(settings, unknown)
    except SettingsError as error:
        yield Finding("FAIL", "model", str(error))
        return
    yield from _calls(settings, client)
    account.look_up(settings, session)
    yield from _account(settings, account.known(settings))


def _files(settings: Settings) -> Finding:
    """Whether this machine may open as many connections as there may be calls in flight, in one process."""
    calls = settings.most_in_flight
    lack = lack_for_calls(calls)
    return (
        Finding("FAIL", "open files", lack)
        if lack
        else Finding("ok", "open files", f"enough for {counted(calls, 'call')}")
    )


def _caller(settings: Settings, session: boto3.Session) -> Finding:
    """Who calls. Nobody needs a permission to ask it, so no answer tells nothing about calls."""
    if os.environ.get(TOKEN):
        return Finding("ok", "credentials", f"a Bedrock API key in {TOKEN}")
    source = f" ({where})" if (where := source_of(session)) else ""
    try:
        control = control_of(settings, None, session)
        if control is None:
            return Finding("ok", "credentials", f"found{source}; who that is was not asked: calls do not go to AWS")
        said = control.client("sts").get_caller_identity()
    except Exception as error:  # noqa: BLE001 - expired, no way to STS, a proxy: calls may work all the same
        return Finding("note", "credentials", f"found{source}, but STS did not say whose they are: {why(error)}")
    return Finding("ok", "credentials", f"{said['Arn']}{source}")


def _endpoint(url: str) -> Iterator[Finding]:
    """Time to connect and to agree on TLS; and how far the clock of this machine is from the service's."""
    parts = urlsplit(url)
    host, is_tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    try:
        began = time.perf_counter()
        with socket.create_connection((host, port), CONNECT_TIMEOUT_S) as plain:
            connected_ms = 1000 * (time.perf_counter() - began)
            began = time.perf_counter()
            connection = trust().wrap_socket(plain, server_hostname=host) if is_tls else plain
            tls_ms = 1000 * (time.perf_counter() - began)
            tls = f", TLS in {tls_ms:.1f} ms" if is_tls else ", without TLS"
            yield Finding("ok", "endpoint", f"{url}: connected in {connected_ms:.1f} ms{tls}")
            yield _clock(connection, parts.netloc)
    except ssl.SSLCertVerificationError as error:
        reason = error.verify_message.rstrip(".")
        yield Finding(
            "FAIL", "endpoint", f"{url}: its certificate is not trusted ({reason}): set AWS_CA_BUNDLE to the CA"
        )
    except ssl.SSLError as error:
        yield Finding("FAIL", "endpoint", f"{url}: no TLS there ({error.reason}): is it http:// instead?")
    except OSError as error:
        reason = error.strerror or str(error)
        yield Finding(
            "FAIL",
            "endpoint",
            f"{url}: no connection ({reason}): check the region, aws.endpoint_url, and what the network lets through",
        )


def _clock(connection: socket.socket, host: str) -> Finding:
    """The difference of the clocks, by the `Date` of any answer."""
    connection.settimeout(CONNECT_TIMEOUT_S)
    try:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        head = connection.recv(65_536).decode("latin-1").lower()
        [date] = [line[5:] for line in head.split("\r\n") if line.startswith("date:")][:1]
        skew_s = time.time() - parsedate_to_datetime(date.strip()).timestamp()
    except (OSError, ValueError):
        return Finding("note", "clock", "the endpoint does not say what time it is")
    off = f"{abs(skew_s):.0f} s {'ahead of' if skew_s > 0 else 'behind'} the service's"
    if abs(skew_s) > MOST_SKEW_S:
        return Finding("FAIL", "clock", f"{off}: AWS refuses what is signed more than 5 minutes off; set it with NTP")
    return Finding("note" if abs(skew_s) > MUCH_SKEW_S else "ok", "clock", off if abs(skew_s) >= 2 else "right")


def _calls(settings: Settings, client: BedrockRuntimeClient) -> Iterator[Finding]:
    """One call of each mode that the run has."""
    test = settings.test
    small = settings.model_copy(update={"test": test.model_copy(update=SMALL), "workload": None})
    modes: dict[str, tuple[Mode, bool]] = {
        "model": ("non_streaming", test.non_streaming),
        "streaming": ("streaming", test.streaming),
    }
    for what, (mode, wanted) in modes.items():
        if wanted:
            call = unrecorded(client, small, mode)(name="doctor", **workload_of(small).next().arguments)
            yield _call(what, settings.model.id, call)


def _call(what: str, model_id: str, call: Call) -> Finding:
    why = f"{call.error_code}: {call.error_message[:300]}"
    if call.error == "ThrottlingError":
        return Finding("note", what, f"{model_id}: {THROTTLED.format(why=why, tokens=SMALL['max_tokens'])}")
    if call.error:
        remedied = remedy(call.error, f"{call.error_code}: {call.error_message}")
        return Finding("FAIL", what, f"{model_id}: {call.error} ({why}). {remedied}")
    ttft = f", first token after {call.ttft_ms:.0f} ms" if call.ttft_ms is not None else ""
    tokens = f", {counted(call.output_tokens, 'output token')}" if call.output_tokens is not None else ""
    return Finding("ok", what, f"{model_id} answered in {call.latency_ms:.0f} ms{ttft}{tokens}")


def _account(settings: Settings, known: Known) -> Iterator[Finding]:
    """The quotas; whether the model will be gone, and whether it streams, or that nobody may ask it."""
    for note in known.notes(settings):
        yield Finding("FAIL" if note in known.found.zero else "note", "quotas", note)
    if other := unused(settings.model):
        yield Finding("note", "quotas", other)
    sources = known.sources(settings)
    if sources:
        found = [f"{one['value']:,.0f} {WORDS[name]}" for name, one in sources.items()]
        yield Finding("ok", "quotas", ", ".join(found))
    elif not known.found.notes:
        yield Finding("note", "quotas", "not looked up: set model.tokens_per_minute to see what a run will use of it")
    for warning in known.warnings(settings):
        yield Finding("note", "lifecycle" if warning == known.about.outlook else "streaming", warning)
    if known.about.is_denied:
        said = f"not asked whether the model is legacy, and whether it streams: {known.about.unknown}"
        yield Finding("note", "lifecycle", said)
