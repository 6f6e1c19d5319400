"""What holds of every answer of ours: the login, no surprise in an error, and what a browser may do with it."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any

from flask import Response, make_response, request
from werkzeug.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Callable

    from locust.web import WebUI

logger = logging.getLogger(__name__)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""The content security policy of a page. The styles are those that Vega puts into the page."""
PASSIVE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""The policy of a file that could be opened by itself: nothing in it runs."""


def guarded(web_ui: WebUI, view: Callable[..., Any]) -> Callable[..., Response]:
    """The view behind Locust's login, if that is on. An error in it is one line of plain text.

    Locust's wrapper would turn even «not found» into an HTML page with status 200, and Flask's debug
    mode, which Locust switches on, would tell more.
    """

    @functools.wraps(view)
    def answer(**arguments: Any) -> Response:
        try:
            return make_response(view(**arguments))
        except HTTPException as error:
            return _plain(f"{error.code} {error.name}", error.code or 500)
        except Exception:
            logger.exception("bedrock-locust: %s failed", request.path)
            return _plain("500 Internal Server Error: see the log of locust", 500)

    behind_login: Callable[..., Response] = web_ui.auth_required_if_enabled(answer)
    return behind_login


def harden(response: Response) -> Response:
    """Add the headers that keep scripts out; what keeps other sites out is in `gate`."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", POLICY)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers.setdefault("Cache-Control", "no-store")
    return response


def _plain(text: str, status: int) -> Response:
    return Response(text + "\n", status, mimetype="text/plain")
