"""What the plugin adds to Locust's web UI: a tab, charts, reports."""

from bedrock_locust.outputs.web.runs import Runs
from bedrock_locust.outputs.web.show import show

__all__ = ["Runs", "show"]
