"""Open loop: when calls arrive, who makes them, and what became of each arrival."""
