"""Traces of production: when calls came and how long they were, read from logs, without what was said in them."""
