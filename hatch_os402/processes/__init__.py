"""Processes: signals that end this one, and subprocesses that end with it."""
