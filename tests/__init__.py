"""Tests. Those in `core` run in a process that Locust has patched for gevent; the others start processes."""
