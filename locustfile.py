"""The stock benchmark: levels of users or of arrivals per second, or a search; first streaming, then without.

    locust -f locustfile.py                                  # web UI
    locust -f locustfile.py --headless                       # in the terminal
    locust -f locustfile.py --headless --processes 4         # with four workers on this machine

Settings come from config.json (copy config.example.json) and the --bedrock-* options. It only joins
the parts: copy it and change what you need.
"""

from __future__ import annotations

from bedrock_locust import NonStreamingUser, StreamingUser, replay_of, settings_of, setup
from shapes import ChosenShape, LevelShape, RampShape, RateShape, SearchShape, StepShape

setup(report="reports:write", charts="reports.charts.live:charts")


class Rates(RateShape):
    """Levels of arrivals per second, by `arrivals`."""

    abstract = True

    def configure(self) -> None:
        """Read the settings; called before each run, and for the plan of one."""
        if arrivals := settings_of(self.environment).arrivals:
            self.rates, self.profile = arrivals.rates or (), arrivals.profile or ()
            self.duration_seconds, self.warmup_seconds = arrivals.duration_seconds, arrivals.warmup_seconds
            self.burstiness, self.seed = arrivals.gap_burstiness, arrivals.seed
            self.max_in_flight, self.replay = arrivals.max_in_flight, replay_of(self.environment)


class Ramp(Rates, RampShape):
    """The ramp that AWS recommends, up to the one rate of `arrivals`."""

    abstract = True

    def configure(self) -> None:
        """Read the settings, as above."""
        super().configure()
        self.target = self.rates[0]


class BenchmarkShape(ChosenShape):
    """The levels that the settings ask for."""

    def choose(self) -> LevelShape:
        """The shape for the load, with the modes that are to run."""
        settings = settings_of(self.environment)
        open_loop = settings.arrivals and settings.arrivals.ramp and Ramp
        shapes = {"rates": open_loop or Rates, "search": SearchShape}
        shape = shapes.get(settings.test.load, StepShape)()
        for name, value in settings.shape.items():
            setattr(shape, name, value)
        chosen = zip((StreamingUser, NonStreamingUser), settings.modes, strict=True)
        shape.user_classes = [user for user, on in chosen if on and user in self.environment.user_classes]
        return shape
