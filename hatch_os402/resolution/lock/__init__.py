"""Locks: written for a project, read and resolved from, those of other tools included."""
