"""The settings of a run: `config.json` and the options, checked, and what a run with them will do."""
