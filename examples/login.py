"""A login with one password for Locust's web UI.

Beside another locustfile: BEDROCK_WEB_PASSWORD=... locust -f locustfile.py,examples/login.py --web-login
"""

from __future__ import annotations

import hmac
import os
import secrets
from typing import TYPE_CHECKING, Any

from locust import events

import gevent
from flask import redirect, request, session, url_for
from flask_login import UserMixin, login_user

if TYPE_CHECKING:
    from locust.web import WebUI

    from werkzeug.wrappers import Response

SHORTEST = 12
"""Characters of the shortest password that is taken."""
WRONG_S = 1
"""How long a wrong password waits for its answer."""


class Visitor(UserMixin):  # type: ignore[misc]  # flask-login has no types
    """Whoever knows the password."""

    id = "visitor"


@events.init.add_listener  # type: ignore[untyped-decorator]  # Locust has no types for it
def add_login(web_ui: WebUI | None = None, **_: Any) -> None:
    """Ask for the password in BEDROCK_WEB_PASSWORD."""
    if web_ui is None or not web_ui.web_login or web_ui.app is None:
        return
    password = os.environ.get("BEDROCK_WEB_PASSWORD", "")
    if len(password) < SHORTEST:
        raise SystemExit(f"--web-login: set BEDROCK_WEB_PASSWORD to a password of {SHORTEST} characters or more")
    web_ui.app.config["SECRET_KEY"] = secrets.token_hex()
    web_ui.login_manager.user_loader(lambda name: Visitor() if name == Visitor.id else None)
    path = f"{getattr(web_ui.environment.parsed_options, 'web_base_path', None) or ''}/log-in"
    web_ui.auth_args = {"username_password_callback": path}

    @web_ui.app.route(path, methods=["POST"])
    def log_in() -> Response:
        if not hmac.compare_digest(request.form.get("password", "").encode(), password.encode()):
            gevent.sleep(WRONG_S)
            session["auth_error"] = "Wrong password"
            return redirect(url_for("locust.login"))
        login_user(Visitor())
        return redirect(url_for("locust.index"))
