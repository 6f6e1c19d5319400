"""`python -m bedrock_locust`: what there is to do beside a run of locust."""

from __future__ import annotations

import os
import sys

CALLING = {"aws", "doctor"}
"""Commands that make calls: sockets are patched for gevent before anything else imports them. So does `trace` of S3."""

READER_GONE = 141
"""What a shell has for a program that SIGPIPE ends."""


def main() -> int:
    """Run a command; return the exit code."""
    if CALLING & set(sys.argv[1:2]) or any(argument.startswith("s3:") for argument in sys.argv[2:]):
        import locust  # noqa: F401, PLC0415
    from bedrock_locust import commands  # noqa: PLC0415

    try:
        return commands.main()
    except BrokenPipeError:
        # Whoever read the output has left, as `head` does. Python would complain again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE


if __name__ == "__main__":
    sys.exit(main())
