"""One call before the load: it finds wrong credentials, models and bodies before the run does."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from bedrock_locust.aws.boto3_client import check_credentials
from bedrock_locust.errors import LASTING, remedy
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.user import unrecorded
from bedrock_locust.workload.source import workload_of

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from bedrock_locust.call import Call, Mode
    from bedrock_locust.settings.schema import Settings
    from bedrock_locust.workload.contract import Workload

logger = logging.getLogger(__name__)

HOPELESS = LASTING | {"ConnectionError"}
"""Categories of failure that keep a run from beginning; others may pass by themselves."""
KEPT = ("operation", "ttft_ms", "latency_ms", "input_tokens", "output_tokens", "error", "error_code", "request_id")


def preflight(
    client: BedrockRuntimeClient,
    settings: Settings,
    *,
    simulator: bool,
    local: bool,
    workload: Workload | None = None,
) -> Call | None:
    """Make the call, if it is wanted; None if not. Raises SettingsError where no run could succeed.

    A master may have no credentials, or no way to AWS, only its workers have: unless the settings ask for the
    call, it makes one only with credentials, and a failure is no more than a warning.
    The request is the first of `workload`, by default of that of the settings.
    """
    wanted = settings.test.preflight
    if wanted is None:
        wanted = not simulator and not settings.aws.endpoint_url and (local or has_credentials(settings))
    if not wanted:
        return None
    call = _call(client, settings, workload or workload_of(settings))
    if call.error in HOPELESS and (local or settings.test.preflight):
        why = f"{call.error_code}: {call.error_message}"
        raise SettingsError(
            f"the call before the load failed with {call.error} ({why})."
            f" {remedy(call.error, why).rstrip('.')}. To run without such a call: --bedrock-preflight false"
        )
    if call.error:
        logger.warning("bedrock-locust: the call before the load failed with %s: %s", call.error, call.error_message)
    return call


def public(call: Call) -> dict[str, Any]:
    """What `run.json` says of it."""
    return {name: getattr(call, name) for name in KEPT}


def _call(client: BedrockRuntimeClient, settings: Settings, workload: Workload) -> Call:
    """A call like those of the first users, without a `request` event."""
    mode: Mode = "streaming" if settings.test.streaming else "non_streaming"
    return unrecorded(client, settings, mode)(name="preflight", **workload.next().arguments)


def has_credentials(settings: Settings) -> bool:
    """Whether this process could sign a call."""
    try:
        check_credentials(settings)
    except SettingsError:
        return False
    return True
