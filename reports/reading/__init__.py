"""From a run folder to tables."""

from __future__ import annotations


class RunFolderError(Exception):
    """The folder cannot be read as a run folder. The message names it and says what to do."""
