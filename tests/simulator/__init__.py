"""The simulator, as real clients see it."""
