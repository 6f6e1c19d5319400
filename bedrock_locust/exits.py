"""How the process ends: every exit code of the plugin. The first that fits, in this order, is the one."""

from __future__ import annotations

BAD_INPUT = 2
"""Settings are wrong, or no run could begin."""
ENDED_AT_ONCE = 130
"""A second signal ended the process; the number is the one of shells for Ctrl-C."""
GATE = 3
"""The run did not meet its SLO. The report's own commands have the same."""
ROWS_LOST = 1
"""Calls were made that are not in the record, or could not be made for want of workers."""
NO_REPORT = 1
"""The run is recorded, but there is no report of it."""
