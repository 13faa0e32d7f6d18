"""Scanning: what modules import and call, read from their source and never run, from the entry point on."""
