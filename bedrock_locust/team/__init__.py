"""Master and workers: their messages, the master's side, the worker's side."""
