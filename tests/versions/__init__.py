"""The package in environments of its own: with the lowest versions of its dependencies, and on other Pythons."""
