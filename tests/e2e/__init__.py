"""The real `locust` command, from its start to its report."""
