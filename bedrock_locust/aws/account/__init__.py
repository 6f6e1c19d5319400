"""What AWS knows of the account: quotas, models, metrics. All of it is read-only and optional; no run depends on it."""
