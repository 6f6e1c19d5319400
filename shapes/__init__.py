"""Load shapes for Locust: levels of users that call one after the other, or of calls that arrive at a rate."""

from shapes.base import LevelShape
from shapes.chosen import ChosenShape
from shapes.rate import RateLevel, RateShape
from shapes.step import Level, StepShape

__all__ = ["ChosenShape", "Level", "LevelShape", "RateLevel", "RateShape", "StepShape"]
