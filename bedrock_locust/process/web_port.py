"""The port of Locust's web UI: taken by another, it is one line, where Locust has a traceback."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from bedrock_locust.settings.mistakes import SettingsError

if TYPE_CHECKING:
    from locust.web import WebUI

FAMILY = {True: socket.AF_INET6, False: socket.AF_INET}


def check_web_port(web_ui: WebUI | None) -> None:
    """Raise SettingsError where the web UI, which has not begun to listen, could not."""
    if web_ui is None or web_ui.server is not None or getattr(web_ui, "greenlet", None) is not None:
        return
    try:
        socket.create_server((web_ui.host, web_ui.port), family=FAMILY[":" in web_ui.host]).close()
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise SettingsError(
            f"--web-port {web_ui.port}: the web UI cannot listen on {web_ui.host or 'this machine'}: {why}; end what"
            " uses the port, give another one, or use --headless"
        ) from None
