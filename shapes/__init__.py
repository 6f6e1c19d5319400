"""Load shapes for Locust that hold a number of users, level by level."""

from shapes.step import Level, StepShape

__all__ = ["Level", "StepShape"]
