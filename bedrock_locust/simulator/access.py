"""Access: who may use the simulator's own endpoints, under `/_simulator/`.

They change what is measured and show what was sent. On loopback any program of this machine may use them; beyond it,
who knows the token. A page in a browser never may, wherever it comes from.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

TOKEN_VARIABLE = "BEDROCK_SIMULATOR_CONTROL_TOKEN"  # noqa: S105 - the name of the variable, not the token
OWN_PAGES = frozenset({"", "same-origin", "none"})
"""Values of `Sec-Fetch-Site` of a request that no other site has sent."""


class Access:
    """Who may use these endpoints: everybody on this machine, or who sends the token, if there is one."""

    def __init__(self, token: str = "") -> None:
        self.token = token

    @classmethod
    def of(cls, host: str, token: str | None) -> Access:
        """The access of a simulator that listens on an IP address; without a token it makes one where one is needed."""
        return cls(token or ("" if is_loopback(host) else secrets.token_urlsafe(24)))

    def why_not(self, headers: Sequence[tuple[str, str]]) -> str:
        """Why a request with these headers is refused; empty where it is not."""
        said = dict(headers)
        host, origin = said.get("host", ""), said.get("origin")
        if said.get("sec-fetch-site", "") not in OWN_PAGES or (
            origin is not None and origin not in (f"http://{host}", f"https://{host}")
        ):
            return "A page in a browser cannot use the simulator's own endpoints."
        if not self.token:
            return "" if _is_own_name(host) else f"This simulator is not called {host[:80]}: use its IP address."
        if hmac.compare_digest(said.get("authorization", "").encode(), f"Bearer {self.token}".encode()):
            return ""
        return "Send the control token that the simulator printed at its start, as Authorization: Bearer TOKEN."


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an IP address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_own_name(host: str) -> bool:
    """Whether a `Host` header has a name that nobody can point at this machine: an IP address, localhost, or none."""
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    name = name.strip("[]").lower().removesuffix(".")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in {"", "localhost"} or name.endswith(".localhost")
    return True
