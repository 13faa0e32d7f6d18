"""Tune: options that make calls faster, found by trying them with sample requests, and kept if no answer changes."""
