"""Tests. Those in `core` run in this process, which Locust has patched for gevent; the others start processes."""
