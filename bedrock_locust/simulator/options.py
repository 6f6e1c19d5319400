"""Options: the command line. Most options are made from the fields of `Behaviour`."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bedrock_locust.simulator import faults, profiles
from bedrock_locust.simulator.access import TOKEN_VARIABLE
from bedrock_locust.simulator.auth import Guard
from bedrock_locust.simulator.behaviour import Behaviour, BehaviourError

if TYPE_CHECKING:
    from collections.abc import Sequence

KEYS_VARIABLE = "BEDROCK_SIMULATOR_ACCESS_KEYS"


def parse(arguments: Sequence[str] | None = None) -> tuple[argparse.Namespace, Behaviour]:
    """The options, and the behaviour they describe. A mistake ends the process with code 2."""
    parser = _parser()
    options = parser.parse_args(arguments)
    settings = {name: value for name in Behaviour.model_fields if (value := getattr(options, name)) is not None}
    try:
        settings = _merged(profiles.load(options.profile) if options.profile else {}, settings)
        options.guard = _guard(options)
        return options, Behaviour().changed(settings)
    except BehaviourError as error:
        parser.error(str(error))


def _merged(profile: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of a profile, overridden by those of the command line."""
    return profile | {name: dict(value) if name == "faults" else value for name, value in settings.items()}


def _guard(options: argparse.Namespace) -> Guard | None:
    """The keys and tokens that are accepted; None accepts everybody. No message shows a key."""
    texts = [*options.access_key, *os.environ.get(KEYS_VARIABLE, "").split()]
    if options.access_keys_file:
        try:
            texts += Path(options.access_keys_file).read_text(encoding="utf-8").split()
        except (OSError, ValueError) as error:
            raise BehaviourError(f"--access-keys-file cannot be read: {type(error).__name__}") from None
    if not all(all(text.partition(":")) for text in texts):
        raise BehaviourError("an access key is not ID:SECRET")
    keys = {key: secret for key, _, secret in (text.partition(":") for text in texts)}
    has_any = keys or options.bearer_token
    return Guard(keys, options.bearer_token, mantle=options.endpoint == "mantle") if has_any else None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bedrock_locust.simulator",
        usage="%(prog)s [OPTION ...]   (--help lists the options)",
        description="A local endpoint, bedrock-runtime or bedrock-mantle: made-up answers at a set pace.",
        epilog="Faults: " + ", ".join(faults.NAMES),
    )
    parser.add_argument("--host", default="127.0.0.1", help="IP address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=8080, help="0 = a free one (default: %(default)s)")
    parser.add_argument(
        "--endpoint",
        choices=("runtime", "mantle"),
        default="runtime",
        help="what it plays: bedrock-runtime, or bedrock-mantle (default: %(default)s)",
    )
    parser.add_argument("--exit-with-parent", action="store_true", help="end when the parent process ends")
    parser.add_argument(
        "--ledger-size",
        type=_size,
        default=1_000_000,
        help="calls kept for /_simulator/calls; older ones are dropped (default: %(default)s)",
    )
    parser.add_argument(
        "--words-are-tokens",
        type=_per_word,
        nargs="?",
        const=1.0,
        default=0.0,
        metavar="N",
        help="count the tokens of prompts by words: N for each, 1 without a number (default: one for 4 characters)",
    )
    _add_security(parser)
    parser.add_argument("--profile", metavar="FILE", help="settings in TOML or JSON, for all models or for some")
    for name, field in Behaviour.model_fields.items():
        if name != "faults":
            _add(parser, name, field)
    parser.add_argument(
        "--fault",
        dest="faults",
        action="append",
        type=_fault,
        metavar="NAME=RATE",
        help="give this share of the calls, from 0 to 1, this fault; several are possible",
    )
    return parser


def _add_security(parser: argparse.ArgumentParser) -> None:
    tls = parser.add_mutually_exclusive_group()
    tls.add_argument("--tls-certificate", metavar="FILE", help="serve TLS with this certificate, PEM; needs --tls-key")
    tls.add_argument(
        "--tls-self-made",
        metavar="FILE",
        help="serve TLS with a new certificate, and write it to FILE so that clients can trust it",
    )
    parser.add_argument("--tls-key", metavar="FILE", help="the key of --tls-certificate, PEM without a password")
    parser.add_argument(
        "--access-key", action="append", default=[], metavar="ID:SECRET", help="verify signatures; several are possible"
    )
    parser.add_argument(
        "--access-keys-file",
        metavar="FILE",
        help=f"the same, one key on each line; or in the variable {KEYS_VARIABLE}, separated by blanks",
    )
    parser.add_argument(
        "--control-token",
        default=os.environ.get(TOKEN_VARIABLE),
        metavar="TOKEN",
        help=f"what /_simulator/ asks for; also in {TOKEN_VARIABLE} (default: a new one, printed, beyond loopback)",
    )
    parser.add_argument(
        "--bearer-token",
        action="append",
        default=[],
        metavar="TOKEN",
        help="accept requests with this token; several are possible",
    )


def _add(parser: argparse.ArgumentParser, name: str, field: Any) -> None:
    option, help_text = f"--{name.replace('_', '-')}", field.description.replace("%", "%%")
    if field.annotation is bool:
        parser.add_argument(option, action="store_true", default=None, help=help_text)
    elif field.annotation in (int, float):
        text = f"{help_text} (default: {field.default:g})"
        parser.add_argument(option, type=field.annotation, metavar="N", help=text)
    elif field.annotation is str:
        parser.add_argument(option, metavar="TEXT", help=f"{help_text} (default: {field.default})")
    else:
        parser.add_argument(option, type=_json, metavar="JSON", help=help_text)


def _port(text: str) -> int:
    return _whole_number(text, 0, 65_535)


def _size(text: str) -> int:
    return _whole_number(text, 0, 100_000_000)


def _per_word(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0, at most 100")
    return number


def _whole_number(text: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least} to {most}")
    return int(text)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON: {error}") from None


def _fault(text: str) -> tuple[str, float]:
    name, _, rate = text.partition("=")
    try:
        return name, float(rate)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=RATE, such as cut=0.05") from None
