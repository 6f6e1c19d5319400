"""The start form: values that no run could begin with are refused before anything starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, jsonify, request

from bedrock_locust.settings.mistakes import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from locust.web import WebUI


def guard_form(
    web_ui: WebUI, check: Callable[[Mapping[str, str]], object], accepted: Callable[[], None] = lambda: None
) -> None:
    """Answer a start with our message where `check`, which gets the fields of the form, raises SettingsError.

    `accepted` is called where it does not.
    """

    def refuse() -> Response | None:
        try:
            check(request.form.to_dict())
        except SettingsError as error:
            return jsonify({"success": False, "message": str(error), "host": web_ui.environment.host})
        accepted()
        return None

    behind_login: Callable[[], Response | None] = web_ui.auth_required_if_enabled(refuse)

    def guard() -> Response | None:
        is_start = request.method == "POST" and request.path.endswith("/swarm")
        return behind_login() if is_start else None

    assert web_ui.app is not None  # noqa: S101 - it has one from its start
    web_ui.app.before_request(guard)
    # The fields of a group stay together: Jinja would put them in the order of the alphabet.
    web_ui.app.jinja_env.policies["json.dumps_kwargs"] = {"sort_keys": False}
