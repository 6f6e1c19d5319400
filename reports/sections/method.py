"""How to read the numbers, in a few lines; docs/metrics.md has all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import section

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.analysis import Analysis

ALWAYS = """\
- All times count from the moment a request is handed to an open connection.
- **Latency**: until the answer is complete. **TTFT**: until the first event with generated content (text,
  reasoning or tool input).
- **Per token** (TPOT): time from the first to the last token, divided by output tokens less one; tokens/s for
  each user are 1000 / its P50.
- **Percentiles** are exact, over all successful calls, interpolated linearly. Failed calls are left out.
- **Token counts** are the service's own. SDK retries are off: a throttled call counts as failed."""

LEVELS = """\
- **A call belongs to the level in which it started.** Success, latency and TTFT are of the calls that
  started while the level was measured: all its users ran and the warm-up had passed.
- **Per second**: what happened inside that window, whenever the call started. Output tokens are spread evenly
  from the first to the last (without streaming: over the call); input tokens count at the first token
  (without streaming: at the end); a request counts when it ended well."""

NAMES = """\
- **There are no levels**, so there is a row for each mode and name, over all its calls; per second is from
  the first start to the last end."""


def method(analysis: Analysis, _charts: Mapping[str, str]) -> str:
    """The definitions."""
    if analysis.run.requests.empty:
        return ""
    return section("Method", "\n".join([ALWAYS, LEVELS if analysis.levels.shaped else NAMES]))
