"""The stock benchmark: levels of concurrent users, first with streaming calls, then with non-streaming ones.

    locust -f locustfile.py                                  # web UI
    locust -f locustfile.py --headless                       # in the terminal
    locust -f locustfile.py --headless --processes 4         # with four workers on this machine

Settings come from config.json (copy config.example.json) and the --bedrock-* options. It only joins
the parts: copy it and change what you need.
"""

from __future__ import annotations

from bedrock_locust import NonStreamingUser, StreamingUser, settings_of, setup
from shapes import StepShape

setup(report="reports:write", charts="reports.charts.live:charts")


class BenchmarkShape(StepShape):
    """The levels that the settings ask for."""

    def configure(self) -> None:
        """Read the settings; called before each run, and for the plan of one."""
        settings = settings_of(self.environment)
        concurrency = settings.concurrency
        self.start, self.end, self.step = concurrency.start, concurrency.end, concurrency.step
        self.duration_seconds = concurrency.duration_seconds
        self.warmup_seconds = concurrency.warmup_seconds
        chosen = ((StreamingUser, settings.test.streaming), (NonStreamingUser, settings.test.non_streaming))
        self.user_classes = [user for user, on in chosen if on and user in self.environment.user_classes]
