"""Suggested fixes for incompatible distributions, each resolved for the target before it is shown."""
