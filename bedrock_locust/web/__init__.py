"""What the plugin adds to Locust's web UI: a tab, charts, reports."""

from bedrock_locust.web.runs import Runs
from bedrock_locust.web.show import show

__all__ = ["Runs", "show"]
