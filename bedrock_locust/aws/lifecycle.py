"""Lifecycle: whether AWS has marked the model as legacy, and when it will be gone.

The call before the load tells a model that is gone by the service's refusal; a legacy model may still answer. The
control plane knows it (GetFoundationModel), if the permissions allow to ask; nothing depends on its answer.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.config import Config

from bedrock_locust.settings.pairs import provider_id

if TYPE_CHECKING:
    from datetime import datetime

    import boto3

logger = logging.getLogger(__name__)

OF_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
QUICK = Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 1})
"""It must not hold up a run."""


def warn(session: boto3.Session, endpoint_url: str, model_id: str) -> None:
    """Warn of a legacy model, where the calls go to AWS. It asks with credentials that the session has found."""
    if (urlsplit(endpoint_url).hostname or "").endswith(OF_AWS) and (said := outlook(session, model_id)):
        logger.warning("bedrock-locust: %s", said)


def outlook(session: boto3.Session, model_id: str, url: str | None = None) -> str:
    """A sentence about a model that is legacy; empty for any other, and where nobody tells. `url` is asked, or AWS."""
    try:
        return asked(session, model_id, url)
    except Exception:  # noqa: BLE001 - no permission, no way to it, an ARN that hides its model: nothing is known
        return ""


def asked(session: boto3.Session, model_id: str, url: str | None = None) -> str:
    """The same; raises what botocore does where nobody tells."""
    client: Any = session.client("bedrock", endpoint_url=url, config=QUICK)
    found = client.get_foundation_model(modelIdentifier=provider_id(model_id))
    lifecycle = found.get("modelDetails", {}).get("modelLifecycle", {})
    if lifecycle.get("status") != "LEGACY":
        return ""
    since, until = _day(lifecycle.get("legacyTime")), _day(lifecycle.get("endOfLifeTime"))
    ends = f", and it will be gone on {until}" if until else ""
    return (
        f"AWS has marked {model_id} as legacy{since and f' since {since}'}{ends}: choose a newer version of the model"
    )


def _day(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d") if moment else ""
