"""From tables to figures and verdicts."""
