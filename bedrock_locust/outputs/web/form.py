"""The start form: what it may not set, and values that no run could begin with, are refused before anything starts."""

from __future__ import annotations

import functools
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from locust import argument_parser

from flask import Response, jsonify, request

from bedrock_locust.process.present import NO_APP, present
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.web import check_fields, check_user_class

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from locust.web import WebUI

REFUSED = 403


def guard_form(
    web_ui: WebUI, check: Callable[[Mapping[str, str]], object], accepted: Callable[[], None] = lambda: None
) -> None:
    """Answer a start with our message where the form, or `check`, which gets its fields, raises SettingsError.

    `accepted` is called where neither does. What the class picker of Locust sends is held to the same rules.
    """

    def check_start() -> Response | None:
        try:
            check(read_form(web_ui))
        except SettingsError as error:
            return jsonify({"success": False, "message": str(error), "host": web_ui.environment.host})
        accepted()
        return None

    def check_class() -> Response | None:
        try:
            classes = web_ui.environment.available_user_classes or {}
            hosts = {name: user_class.host for name, user_class in classes.items()}
            check_user_class(_json(), _options(web_ui), hosts)
        except SettingsError as error:
            return Response(f"{error}\n", REFUSED, mimetype="text/plain")
        return None

    checks = {"/swarm": check_start, "/user": check_class}

    def guard() -> Any:
        ends = (path for path in checks if request.path.endswith(path))
        path = next(ends, None) if request.method == "POST" and "bedrock" not in request.blueprints else None
        return web_ui.auth_required_if_enabled(checks[path])() if path else None

    app = present(web_ui.app, NO_APP)
    app.before_request(guard)
    # The fields of a group stay together: Jinja would put them in the order of the alphabet.
    app.jinja_env.policies["json.dumps_kwargs"] = {"sort_keys": False}


def read_form(web_ui: WebUI) -> dict[str, str]:
    """The fields that the request sends. Raises SettingsError where it sets what the form may not set."""
    form: dict[str, str] = request.form.to_dict()
    check_fields(form, _options(web_ui), web_ui.environment.host, _shown_fields)
    return form


def _json() -> object:
    """What the request holds as JSON; None where it is none, or too deep to read."""
    try:
        return request.get_json(force=True, silent=True)
    except RecursionError:
        return None


def _options(web_ui: WebUI) -> Namespace:
    return web_ui.environment.parsed_options or Namespace()


@functools.cache
def _shown_fields() -> frozenset[str]:
    """The fields that options have in the form: ours, those of the locustfile and of other plugins."""
    return frozenset(argument_parser.ui_extra_args_dict())
