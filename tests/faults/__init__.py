"""Faults that a run has to survive, each done to real processes."""
