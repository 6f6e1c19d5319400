"""Texts made fit to be kept, shown or sent: without secrets, and those from outside short and on one line.

A secret is what this process knows to be one, in any of its usual encodings, or what looks like one: the value after
a name such as `SecretAccessKey` or `x-amz-security-token`, a key with AWS's prefix, a bearer token, a URL's password.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MESSAGE_LIMIT = 500
"""Characters of a message that are kept."""
WORD_LIMIT = 64
"""Characters of a name that are kept: an error code, a stop reason, a tier."""
ID_LIMIT = 128
"""Characters of a request id that are kept."""
SHORTEST = 8
"""Characters of the shortest secret that is looked for as it is; a shorter one would be found in many a word."""
MASK = "***"

_QUOTE = r"""(?:b?\\*["']|%22|%27|&quot;|&\#34;|&\#39;|&\#x27;)"""
_IS = rf"""{_QUOTE}? \s* (?: [:=>] | %3D | %3A | ,(?=\s*{_QUOTE}) ) (?:\s|%20)* {_QUOTE}*"""
"""What stands between a name and its value, in a header, JSON, XML, a URL or a repr."""
_HEADER = rf"""
    (?P<name> (?<![a-z]) (?: (?:proxy-)?authorization | (?:set-)?cookie ) {_IS} )
    (?: [\w-]+ (?:[ ]|%20)+ )?
    [^\s;,'"=]+ (?: = (?: "[^"]*" | [^\s;,'"]* ) )?
    (?: [;,] [ ]* [^\s;,'"=]+ (?: = (?: "[^"]*" | [^\s;,'"]* ) ) )*
"""
_NAMED = rf"""
    (?P<name> (?<![a-z]) (?:
        (?:aws[-_]?)? (?: secret[-_]?access[-_]?key | session[-_]?token | security[-_]?token | bearer_token_bedrock )
        | (?:x-amz-)? (?: credential | signature | security-token )
        | (?:x-)?api[-_]key | (?:access|refresh|id)[-_]?token | client[-_]?secret
        | password | passwd | (?<=["'])token(?=\\*["'])
    ) {_IS} )
    (?: \\/ | [^\s,'"&<>\\;)}}\]] )+
"""
_PATH = re.compile(r"""/[^\s/'":=]*$""")
"""What stands before the name of a secret that is the end of a path, as in `/etc/passwd`."""
_AFTER_PATH = re.compile(r"""['"]?:[ ]$""")
"""What stands between a path and a sentence about it."""
_SENTENCE = re.compile(r"[A-Za-z][a-z]*(?: [a-z]+)+(?=[\s,.;:()]|$)")
_CODE = re.compile(r"(?:invalid|expired|missing|incorrect|wrong|revoked)_$", re.IGNORECASE)
"""What stands before the name of a secret that is the end of an error code, as in `invalid_api_key`."""
_OPENERS = re.compile(
    r"(?:The|This|That|Your|You|No|An?|It|Please|Invalid|Incorrect|Missing|Expired|Bearer|Security)(?= [a-z])"
)
"""Words with which a sentence after a code begins, and no secret: others may be its first word."""
LONGEST_NAME = 255
"""Characters of the last part of a path."""
_URL = r"""
    (?P<name> :// ) [^/\s:@'"]* : [^/\s@'"]+ (?=@)
    | (?<![\w.%+~:/*-]) [\w.%+~-]+ : [^\s/@'":]+ (?= @[\w\[] )
"""
_KEY = r"""
    \b (?P<name> Bearer (?:\s|%20)+ ) (?=\S{16}) [^\s,'"&<>\\]+
    | \b (?:AKIA|ASIA) [A-Z0-9]{12,} \b
    | \b bedrock-api-key- [^\s'"&<>\\]+ | \b ABSK [A-Za-z0-9+/=]{20,} | \b sk- [A-Za-z0-9_-]{16,}
    | \b eyJ [\w-]{8,} \. [\w-]+ \. [\w-]*
"""
_SHAPES = tuple(
    (triggers.split(), re.compile(pattern, re.IGNORECASE | re.VERBOSE))
    for triggers, pattern in (
        ("authorization cookie", _HEADER),
        ("secret token credential signature api-key api_key passw", _NAMED),
        ("@", _URL),
        ("bearer akia asia bedrock-api-key- absk sk- eyj", _KEY),
    )
)
"""Parts of a text, in small letters, without one of which it has nothing of a shape: finding none is much quicker."""
_ANY = re.compile("|".join(re.escape(trigger) for triggers, _ in _SHAPES for trigger in triggers))
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])|\x9b[0-?]*[ -/]*[@-~]")
"""What a terminal takes for a command: see ECMA-48."""
_ACCOUNT = re.compile(r"(?<=:)\d{12}(?=:)")
_SECRET_NAMES = re.compile(r"KEY|SECRET|TOKEN|PASSW|CREDENTIAL|COOKIE|AUTH", re.IGNORECASE)
"""In names of environment variables."""

OWN_SECRETS = ("BEDROCK_WEB_PASSWORD", "BEDROCK_SIMULATOR_CONTROL_TOKEN")
"""Environment variables of this package with a secret."""

_known: set[str] = set()
_literals: re.Pattern[str] | None = None


def know(*secrets: str | None) -> None:
    """Take note of secrets of this process: no text that `scrub` gives back has them."""
    global _literals  # noqa: PLW0603 - what one part of a process knows, all of it must keep
    new = {form for secret in secrets if secret and len(secret) >= SHORTEST for form in _forms(secret)} - _known
    if new:
        _known.update(new)
        _literals = re.compile("|".join(re.escape(form) for form in sorted(_known, key=len, reverse=True)))


def know_environment(environ: Mapping[str, str]) -> None:
    """Take note of the secrets in environment variables: those of AWS, of proxies, of OTLP, and our own."""
    know(*(value for name, value in environ.items() if name.startswith("AWS_") and _is_secret_name(name)))
    know(*filter(None, map(environ.get, OWN_SECRETS)), *_secrets_of_otlp(environ))
    for name, value in environ.items():
        if name.lower().endswith("_proxy") and "@" in value:
            userinfo = value.rpartition("@")[0].rpartition("//")[2]
            password = userinfo.partition(":")[2]
            know(password, unquote(password))


def _secrets_of_otlp(environ: Mapping[str, str]) -> Iterator[str]:
    """The values of headers that go with each request, and the passwords of addresses, as they are and decoded."""
    for name, value in environ.items():
        if not name.startswith("OTEL_EXPORTER_OTLP_"):
            continue
        if name.endswith("HEADERS"):
            for pair in value.split(","):
                given = pair.partition("=")[2].strip()
                yield from (given, unquote(given), unquote(given).rpartition(" ")[2])
        elif name.endswith("ENDPOINT"):
            password = value.rpartition("@")[0].rpartition("//")[2].partition(":")[2]
            yield from (password, unquote(password))


def public_environment(environ: Mapping[str, str], *kept: str) -> dict[str, str]:
    """The environment for a child that needs no credentials: without variables that hold some, but for those `kept`."""
    return {
        name: value
        for name, value in environ.items()
        if name in kept or not (_is_secret_name(name) or scrub(value) != value or _has_password(value))
    }


def scrub(text: str) -> str:
    """The text with `***` in the place of each secret; otherwise as it is."""
    if _literals is not None:
        text = _literals.sub(MASK, text)
    lower = text.lower()
    if not _ANY.search(lower):
        return text
    for triggers, shape in _SHAPES:
        if any(trigger in lower for trigger in triggers):
            text = shape.sub(_masked, text)
    return text


def redact(message: str) -> str:
    """The message on one line, without secrets and control characters, `MESSAGE_LIMIT` characters at most."""
    return _line(message)[:MESSAGE_LIMIT]


def without_account(model: str) -> str:
    """The id of a model, without the number of the account where it is an ARN."""
    return _ACCOUNT.sub("", model)


def word(value: object, limit: int = WORD_LIMIT) -> str:
    """A name that the service gave, as `redact` leaves it, at most this long; empty if it is no text."""
    return _line(value[: 8 * limit])[:limit].rstrip() if isinstance(value, str) else ""


def _line(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        # Half a surrogate pair, which JSON can hold, could not be written.
        text = _ESCAPES.sub("", text.encode(errors="replace").decode())
        text = "".join(map(_shown, text))
    return scrub(" ".join(text.split()))


def _shown(character: str) -> str:
    """A character that does something to a terminal, or is not seen, is left out; a line break is a blank."""
    if character.isprintable():
        return character
    return "" if unicodedata.category(character) == "Cf" else " "


def _masked(found: re.Match[str]) -> str:
    return found[0] if _is_a_sentence(found) else f"{found['name'] or ''}{MASK}"


def _is_a_sentence(found: re.Match[str]) -> bool:
    """What was found is the end of a path, or of an error code, and a sentence about it.

    As in `'/etc/passwd': cannot write there` and `invalid_api_key: The key is not known`.
    """
    text, name, start = found.string, found["name"] or "", found.start()
    before = max(0, start - LONGEST_NAME)
    value = start + len(name)
    if name.endswith(": ") and _CODE.search(text, before, start):
        sentence = _OPENERS.match(text, value)
    elif _AFTER_PATH.search(name) and _PATH.search(text, before, start):
        sentence = _SENTENCE.match(text, value)
    else:
        return False
    return sentence is not None and sentence.end() >= found.end()


def _forms(secret: str) -> set[str]:
    """A secret as it is, in a URL, in JSON and in a repr."""
    escaped = json.dumps(secret)[1:-1]
    return {
        *(secret, quote(secret), quote(secret, safe=""), quote_plus(secret), quote(secret, safe="").lower()),
        *(escaped, escaped.replace("/", "\\/"), repr(secret)[1:-1]),
    }


def _is_secret_name(name: str) -> bool:
    return bool(_SECRET_NAMES.search(name))


def _has_password(value: str) -> bool:
    try:
        return bool(urlsplit(value).password)
    except ValueError:
        return False


def forget() -> None:
    """Forget the secrets that this process knows. For tests."""
    global _literals  # noqa: PLW0603 - see `know`
    _known.clear()
    _literals = None


TEXT_LIMITS: dict[str, int] = {
    "error": WORD_LIMIT,
    "error_code": WORD_LIMIT,
    "error_stage": WORD_LIMIT,
    "stop_reason": WORD_LIMIT,
    "service_tier": WORD_LIMIT,
    "request_id": ID_LIMIT,
    "routed_model": ID_LIMIT,
    "error_message": MESSAGE_LIMIT,
}
"""Column of a Call that may hold a text of the service -> characters of it that are kept."""


def fit(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the columns of a Call, those with text of the service as `word` leaves them."""
    return {
        column: word(value, TEXT_LIMITS[column]) if column in TEXT_LIMITS and value else value
        for column, value in values.items()
    }
