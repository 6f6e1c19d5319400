"""`python -m bedrock_locust`: what there is to do beside a run of locust."""

from __future__ import annotations

import sys

CALLING = {"aws", "doctor"}
"""Commands that make calls: sockets are patched for gevent before anything else imports them. So does `trace` of S3."""


def main() -> int:
    """Run a command; return the exit code."""
    if CALLING & set(sys.argv[1:2]) or any(argument.startswith("s3:") for argument in sys.argv[2:]):
        import locust  # noqa: F401, PLC0415
    from bedrock_locust import commands  # noqa: PLC0415

    return commands.main()


if __name__ == "__main__":
    sys.exit(main())
