"""For which endpoints a worker signs with its credentials.

The master names the endpoint of a run. If a worker signed for any, whoever reaches the master's port, or its web page,
could collect the session tokens and API keys of all workers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bedrock_locust.settings.mistakes import SettingsError

if TYPE_CHECKING:
    from collections.abc import Collection

OPTION = "--bedrock-allow-endpoint"
_REGION = r"[a-z]{2,}(?:-[a-z]+)+-[0-9]+"
_SERVICE = r"bedrock(?:-[a-z]+)*"
_OF_AWS = re.compile(
    rf"(?:(?:vpce-[a-z0-9-]+\.)?{_SERVICE}\.{_REGION}\.vpce|{_SERVICE}\.{_REGION})\.amazonaws\.com(?:\.cn)?"
    rf"|{_SERVICE}\.{_REGION}\.api\.aws",
    re.ASCII,
)
"""Hosts of Bedrock, its FIPS and its VPC endpoints included. Of other hosts under these domains, as those of load
balancers and buckets, anybody can have one with `bedrock` in its name."""
_PORTS = {"https": 443, "http": 80}


def check_endpoint_is_own(url: str | None, own: Collection[str]) -> None:
    """Raise SettingsError unless an endpoint is one of AWS, which None is, or one of those in `own`."""
    if url is None or is_of_aws(url) or _place(url) in {_place(one) for one in own}:
        return
    raise SettingsError(
        f"the master names the endpoint {url[:200]}, which is neither one of AWS for Bedrock nor in this worker's own"
        " configuration: it gets no signature of this worker. If it is right, start the worker with"
        f" {OPTION} {url[:200]} (or BEDROCK_ALLOW_ENDPOINT)"
    )


def is_of_aws(url: str) -> bool:
    """Whether a URL is an endpoint of AWS for Bedrock, over TLS."""
    place = _place(url)
    return place is not None and place[0] == "https" and place[2] == 443 and bool(_OF_AWS.fullmatch(place[1]))


def _place(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port, by which a connection is made; None of what has none, or more than that."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc or not url.isprintable() or "\\" in url:
        return None
    return parts.scheme, parts.hostname.lower(), port or _PORTS[parts.scheme]
