"""Options: the command line, made from the fields of `Behaviour`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from bedrock_locust.simulator import faults
from bedrock_locust.simulator.behaviour import Behaviour, BehaviourError

if TYPE_CHECKING:
    from collections.abc import Sequence


def parse(arguments: Sequence[str] | None = None) -> tuple[argparse.Namespace, Behaviour]:
    """The options, and the behaviour they describe. A mistake ends the process with code 2."""
    parser = _parser()
    options = parser.parse_args(arguments)
    settings = {name: value for name in Behaviour.model_fields if (value := getattr(options, name)) is not None}
    try:
        return options, Behaviour().changed(settings | {"faults": dict(options.faults)})
    except BehaviourError as error:
        parser.error(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bedrock_locust.simulator",
        description="A local Bedrock Runtime endpoint: made-up answers at a set pace.",
        epilog="Faults: " + ", ".join(faults.NAMES),
    )
    parser.add_argument("--host", default="127.0.0.1", help="IP address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=8080, help="0 = a free one (default: %(default)s)")
    parser.add_argument("--exit-with-parent", action="store_true", help="end when the parent process ends")
    parser.add_argument(
        "--ledger-size",
        type=_size,
        default=1_000_000,
        help="calls kept for /_simulator/calls; older ones are dropped (default: %(default)s)",
    )
    for name, field in Behaviour.model_fields.items():
        if name != "faults":
            _add(parser, name, field)
    parser.add_argument(
        "--fault",
        dest="faults",
        action="append",
        default=[],
        type=_fault,
        metavar="NAME=RATE",
        help="strike this share of the calls, from 0 to 1; can be given several times",
    )
    return parser


def _add(parser: argparse.ArgumentParser, name: str, field: Any) -> None:
    help_text = f"{field.description} (default: {field.default:g})"
    parser.add_argument(f"--{name.replace('_', '-')}", type=field.annotation, metavar="N", help=help_text)


def _port(text: str) -> int:
    return _whole_number(text, 0, 65_535)


def _size(text: str) -> int:
    return _whole_number(text, 0, 100_000_000)


def _whole_number(text: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least} to {most}")
    return int(text)


def _fault(text: str) -> tuple[str, float]:
    name, _, rate = text.partition("=")
    try:
        return name, float(rate)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=RATE, such as cut=0.05") from None
