"""Where the next request comes from."""
