"""Tune: options that make calls cheaper, found by trying them with sample requests, and kept if no answer changes."""
