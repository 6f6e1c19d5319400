"""The stock benchmark: levels of concurrent users, or of arrivals per second; first with streaming calls, then without.

    locust -f locustfile.py                                  # web UI
    locust -f locustfile.py --headless                       # in the terminal
    locust -f locustfile.py --headless --processes 4         # with four workers on this machine

Settings come from config.json (copy config.example.json) and the --bedrock-* options. It only joins
the parts: copy it and change what you need.
"""

from __future__ import annotations

from bedrock_locust import NonStreamingUser, StreamingUser, replay_of, settings_of, setup
from shapes import ChosenShape, LevelShape, RateShape, StepShape

setup(report="reports:write", charts="reports.charts.live:charts")


class Users(StepShape):
    """Levels of concurrent users, by `concurrency`."""

    abstract = True

    def configure(self) -> None:
        """Read the settings; called before each run, and for the plan of one."""
        concurrency = settings_of(self.environment).concurrency
        self.start, self.end, self.step = concurrency.start, concurrency.end, concurrency.step
        self.duration_seconds = concurrency.duration_seconds
        self.warmup_seconds = concurrency.warmup_seconds


class Rates(RateShape):
    """Levels of arrivals per second, by `arrivals`."""

    abstract = True

    def configure(self) -> None:
        """Read the settings, in the same way."""
        if arrivals := settings_of(self.environment).arrivals:
            self.rates, self.profile = arrivals.rates or (), arrivals.profile or ()
            self.duration_seconds, self.warmup_seconds = arrivals.duration_seconds, arrivals.warmup_seconds
            self.burstiness, self.seed = arrivals.gap_burstiness, arrivals.seed
            self.max_in_flight, self.replay = arrivals.max_in_flight, replay_of(self.environment)


class BenchmarkShape(ChosenShape):
    """The levels that the settings ask for."""

    def choose(self) -> LevelShape:
        """The shape for the load, with the modes that are to run."""
        settings = settings_of(self.environment)
        shape: LevelShape = Rates() if settings.open_loop else Users()
        chosen = ((StreamingUser, settings.test.streaming), (NonStreamingUser, settings.test.non_streaming))
        shape.user_classes = [user for user, on in chosen if on and user in self.environment.user_classes]
        return shape
