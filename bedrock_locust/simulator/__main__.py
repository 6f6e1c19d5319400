"""The command: `python -m bedrock_locust.simulator`."""

from __future__ import annotations

import asyncio
import os
import sys
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bedrock_locust.simulator.access import Access

PARENT = os.getppid()
"""Asked for before the slow imports, because the parent may end during them."""
READER_GONE = 141
"""As a shell has it for SIGPIPE."""


def main() -> int:
    """Serve until told to stop. Returns the exit code: 2 if it could not start."""
    try:
        from bedrock_locust.simulator import server  # noqa: PLC0415  # granian may be missing
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "granian":
            raise
        return _fail("granian is not installed: pip install '.[simulator]'")
    from bedrock_locust.simulator import tls  # noqa: PLC0415  # slow
    from bedrock_locust.simulator.access import Access  # noqa: PLC0415  # slow
    from bedrock_locust.simulator.options import parse  # noqa: PLC0415  # slow
    from bedrock_locust.simulator.routes import Simulator  # noqa: PLC0415  # slow
    from bedrock_locust.simulator.service import Service  # noqa: PLC0415  # slow
    from bedrock_locust.simulator.tokens import prompt_rule  # noqa: PLC0415  # slow

    options, behaviour = parse()
    prompt_rule.per_word = options.words_are_tokens
    access = Access.of(options.host, options.control_token)
    app = Simulator(Service(behaviour, options.ledger_size, options.guard, access, options.endpoint))
    parent = PARENT if options.exit_with_parent else None
    try:
        with tls.files(options) as files, asyncio.Runner(loop_factory=server.new_loop) as runner:
            address = server.Address(options.host, options.port, files)
            runner.run(server.serve(app, address, partial(_announce, access=access), parent))
    except (server.ServerError, tls.TlsError) as error:
        return _fail(str(error))
    except BrokenPipeError:
        os._exit(READER_GONE)  # who started it has ended meanwhile
    return 0


def _announce(url: str, access: Access) -> None:
    print(f"bedrock-locust simulator listening on {url}", flush=True)
    if not access.token:
        return
    print(f"bedrock-locust simulator control token: {access.token}", flush=True)
    print(
        f"bedrock-locust simulator: warning: other machines can reach {url}; its endpoints below /_simulator/ want the"
        " control token",
        file=sys.stderr,
        flush=True,
    )


def _fail(reason: str) -> int:
    print(f"bedrock-locust simulator: {reason}", file=sys.stderr, flush=True)
    return 2


if __name__ == "__main__":
    # Nothing is left to save, and granian would wait for streams that are still open.
    code = main()
    sys.stdout.flush()
    os._exit(code)
