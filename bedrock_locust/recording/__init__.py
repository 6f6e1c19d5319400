"""Calls become rows of the run folder."""
