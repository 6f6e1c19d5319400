"""Texts from outside, made fit to be kept: on one line, short, and without secrets."""

from __future__ import annotations

import re

MESSAGE_LIMIT = 500
"""Characters of a message that are kept."""
WORD_LIMIT = 100
"""Characters of a name that are kept: an error code, a stop reason, a request id."""

_SECRETS = re.compile(
    r"(?P<keep>(?:Credential|Signature|X-Amz-Security-Token|aws_secret_access_key|aws_session_token)"
    r"['\"]?\s*[=:]\s*(?:b?['\"])?|\bBearer\s+(?=\S{16}))[^\s,'\"&]+"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b|\bbedrock-api-key-\S+",
    re.IGNORECASE,
)


def redact(message: str) -> str:
    """The message on one line, without anything that looks like a credential, `MESSAGE_LIMIT` characters at most."""
    # Half a surrogate pair, which JSON can hold, could not be written.
    line = " ".join(message.encode(errors="replace").decode().split())
    return _SECRETS.sub(lambda found: f"{found['keep'] or ''}***", line)[:MESSAGE_LIMIT]


def word(value: object) -> str:
    """A name that the service gave, as `redact` leaves it, `WORD_LIMIT` characters at most; empty if it is no text."""
    return redact(value)[:WORD_LIMIT].rstrip() if isinstance(value, str) else ""
