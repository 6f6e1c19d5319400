"""Figures while a run goes on."""
