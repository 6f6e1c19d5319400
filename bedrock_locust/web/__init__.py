"""What the plugin adds to Locust's web UI."""
