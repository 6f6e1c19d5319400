"""Where the calls of a run go besides the run folder."""
