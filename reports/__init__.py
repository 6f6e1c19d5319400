"""From a run folder to a report."""
