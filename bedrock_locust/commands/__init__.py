"""The commands of `python -m bedrock_locust`, one module each. Only `aws`, `doctor` and `trace s3://...` call AWS."""

from __future__ import annotations

import argparse

from bedrock_locust.commands import aws, check, doctor, settings, trace, workload

COMMANDS = {"aws": aws, "check": check, "doctor": doctor, "settings": settings, "trace": trace, "workload": workload}
"""Name -> module with `HELP`, `add_arguments` and `run`, which returns the exit code."""

DESCRIPTION = (
    "Commands beside a run of locust. Only aws, doctor and trace s3://... call AWS, and only doctor costs something."
)
EPILOG = """\
Start a benchmark:      locust -f locustfile.py --headless
Without an account:     locust -f locustfile.py --headless --bedrock-simulator
Make a report again:    python -m reports results/<run>
A Bedrock to try with:  python -m bedrock_locust.simulator
"""


def main(arguments: list[str] | None = None) -> int:
    """Do as asked; return the exit code."""
    options = _parser().parse_args(arguments)
    code: int = COMMANDS[options.command].run(options)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bedrock_locust",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        module.add_arguments(commands.add_parser(name, help=module.HELP, description=f"{module.HELP}."))
    return parser
