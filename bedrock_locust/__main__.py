"""`python -m bedrock_locust`: what there is to do beside a run of locust."""

from __future__ import annotations

import sys

from bedrock_locust.commands import main

if __name__ == "__main__":
    sys.exit(main())
