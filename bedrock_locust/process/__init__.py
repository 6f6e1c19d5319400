"""The process itself: clock, signals, children, open files, and what is changed in Locust."""
