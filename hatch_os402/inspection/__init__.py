"""Inspect: what is in an archive, read from its own bytes and from what its build wrote beside it."""
