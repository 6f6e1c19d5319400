"""Load shapes for Locust: levels of users or of arrivals per second, and a search for the highest of them."""

from shapes.base import LevelShape
from shapes.chosen import ChosenShape
from shapes.ramp import RampShape
from shapes.rate import RateLevel, RateShape
from shapes.search import ProbeLevel, SearchShape
from shapes.step import Level, StepShape

__all__ = [
    "ChosenShape",
    "Level",
    "LevelShape",
    "ProbeLevel",
    "RampShape",
    "RateLevel",
    "RateShape",
    "SearchShape",
    "StepShape",
]
