"""`config.json` and the options, checked; what a run with them will do."""
