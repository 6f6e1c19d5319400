"""What Locust's own page shows of a run: two tabs, links, and below everything a bar to our pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from locust.runners import STATE_INIT, STATE_SPAWNING, STATE_STOPPED

from flask import Response, request

from bedrock_locust.outputs.web.rows import FAILURE_COLUMNS, LEVEL_COLUMNS
from bedrock_locust.process.present import NO_APP, present

if TYPE_CHECKING:
    from collections.abc import Sequence

    from locust.web import WebUI

    from bedrock_locust.outputs.web.live import Live
    from bedrock_locust.outputs.web.runs import Runs
    from bedrock_locust.outputs.web.vega import Made

BAR = (Path(__file__).parent / "templates" / "bedrock" / "bar.html").read_bytes()
"""Links to our pages, and the plan of the form."""
IS_LOCUSTS_PAGE = b"window.templateArgs"
ANSWERED = 200


def add_tabs(web_ui: WebUI, live: Live, runs: Runs) -> None:
    """Have Locust's page show the tables; it asks for their rows every two seconds while a run goes on."""
    web_ui.template_args |= {
        "extended_tabs": [
            {"title": "Bedrock", "key": "bedrock"},
            {"title": "Bedrock failures", "key": "bedrock-failures"},
        ],
        "extended_tables": [
            {"key": key, "structure": [{"key": column, "title": title} for column, title in columns]}
            for key, columns in (("bedrock", LEVEL_COLUMNS), ("bedrock-failures", FAILURE_COLUMNS))
        ],
        "extended_csv_files": [{"href": "bedrock/", "title": "Bedrock: charts, reports and CSV of every call"}],
    }

    def add_rows(response: Response) -> Response:
        body = response.get_data() if _is(response, "/stats/requests") else b""
        if not body.startswith(b"{"):
            return response
        if runs.is_starting:
            body = _started(body)
        # A new answer: Locust keeps its own for two seconds and would hand it to us again.
        news = b'{"extended_stats":' + live.tables().encode() + b"," + body[1:]
        return Response(news, headers=response.headers)

    present(web_ui.app, NO_APP).after_request(add_rows)


def _started(body: bytes) -> bytes:
    """Locust's answer without the state from before the run: told that, its page would go back to the form for good."""
    answer = json.loads(body)
    if answer.get("state") not in (STATE_INIT, STATE_STOPPED):
        return body
    return json.dumps({**answer, "state": STATE_SPAWNING}).encode()


def add_bar(web_ui: WebUI, soon: Sequence[Made]) -> None:
    """Put the bar at the end of Locust's page, and have made `soon` what its reader will ask for."""

    def add(response: Response) -> Response:
        if not _is(response, "/") or response.mimetype != "text/html":
            return response
        body = response.get_data()
        if IS_LOCUSTS_PAGE in body:
            for made in soon:
                made.prepare()
            response.set_data(body.replace(b"</body>", BAR + b"</body>"))
        return response

    present(web_ui.app, NO_APP).after_request(add)


def _is(response: Response, path: str) -> bool:
    """Whether this is Locust's answer for the path; a base path may stand before it, but none of ours."""
    is_ours = "bedrock" in request.blueprints
    return response.status_code == ANSWERED and request.path.endswith(path) and not is_ours
