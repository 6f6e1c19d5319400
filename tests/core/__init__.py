"""The plugin in this process, patched for gevent as under Locust."""
