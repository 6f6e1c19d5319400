"""The end of a run after its record is on disk: the report, and what it means for the exit code."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from bedrock_locust import exits
from bedrock_locust.process.report import ReportError, why_not_written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from bedrock_locust.process.report import MakeReport

logger = logging.getLogger(__name__)

MOST_NAMES = 5
"""Levels that the log names; of more it says how many."""


def make_report(make: MakeReport, folder: Path, copy: Path) -> Path | None:
    """Have the report of a run folder made. Returns its path, or None: the reason is logged, with how to make it later.

    `copy` is where the report is to stand beside the run folder.
    """
    again = f"make it with: python -m reports {folder} --report-file {copy}"
    try:
        written = make(folder, copy)
    except OSError as error:
        logger.error("bedrock-locust: %s", why_not_written(error, folder, again))  # noqa: TRY400 - one line says it
    except ReportError as error:
        logger.error("bedrock-locust: no report (%s); %s", error, again)  # noqa: TRY400 - one line says it
    except Exception:  # of a function of the user's own
        logger.exception("bedrock-locust: no report; %s", again)
    else:
        return copy if copy.exists() else written
    return None


def report_codes(folder: Path, written: Path | None) -> list[int]:
    """The exit codes that follow from the report: it is not there, or it says that the gate of the SLO did not pass.

    A search that judged no load, as the load generator was the limit, has not missed it: it ended before its plan.
    """
    if written is None:
        return [exits.FAILED]
    try:
        found = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    slo = found.get("slo")
    if not slo or slo["passed"] is not False:
        return []
    searches = [one for one in found.get("search") or [] if not one["passed"]]
    if searches and all(one["outcome"] == "nothing" for one in searches):
        logger.error("bedrock-locust: the search judged no load, so the SLO was neither met nor missed; see the report")
        return [exits.ENDED_EARLY]
    logger.error("bedrock-locust: %s; see the report", _failed(found))
    return [exits.GATE]


def _failed(found: Mapping[str, Any]) -> str:
    """Why the gate did not pass: what was not measured was not missed, but it is no pass."""
    if found.get("search"):
        return "no load is shown to meet the SLO"
    failed, levels = found["slo"].get("failed"), found["slo"].get("levels", {})
    if failed is None or any(levels.get(key, {}).get("met") is False for key in failed):
        return "the SLO was not met"
    if not failed:
        return "nothing was measured that the SLO asks for, so it is not passed"
    where = ", ".join(failed[:MOST_NAMES]) + (f" and {len(failed) - MOST_NAMES} more" * (len(failed) > MOST_NAMES))
    return f"the SLO was missed in no level, but it could not be judged in {where}, so it is not passed"
