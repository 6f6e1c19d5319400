"""`/metrics` of the web UI: the figures for Prometheus, behind the login of the page or a bearer token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request

from bedrock_locust.outputs.prometheus.endpoint import refused
from bedrock_locust.outputs.web.guard import guarded, harden
from bedrock_locust.process.present import NO_APP, present

if TYPE_CHECKING:
    from locust.web import WebUI

    from werkzeug.wrappers import Response as WsgiResponse

    from bedrock_locust.outputs.prometheus.endpoint import Endpoint


def add_metrics(web_ui: WebUI, endpoint: Endpoint) -> None:
    """Add the route. A request with the token needs no login; where there is none, a token that is set is asked for."""

    def answer() -> Response:
        return of_flask(endpoint.answer(request.headers.get("Accept", "")))

    behind_login = guarded(web_ui, answer)

    def metrics() -> Response:
        authorization = request.headers.get("Authorization", "")
        if endpoint.knows(authorization):
            return answer()
        # A server of Prometheus with a wrong token has no use for a login page.
        if endpoint.has_token and (authorization or not web_ui.web_login):
            return of_flask(refused())
        return behind_login()

    base = getattr(web_ui.environment.parsed_options, "web_base_path", "") or ""
    app = present(web_ui.app, NO_APP)
    app.add_url_rule(f"{base}/metrics", "bedrock_metrics", metrics, methods=["GET"])


def of_flask(made: WsgiResponse) -> Response:
    """An answer of the endpoint as one of the page."""
    return harden(Response(made.get_data(), made.status_code, made.headers, content_type=made.content_type))
