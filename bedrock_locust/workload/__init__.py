"""Workloads: where the next request comes from."""
