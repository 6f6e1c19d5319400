"""Load shapes for Locust."""
