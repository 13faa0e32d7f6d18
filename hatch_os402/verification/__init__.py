"""Verification: artifacts link by link, and what a server says of a task."""
