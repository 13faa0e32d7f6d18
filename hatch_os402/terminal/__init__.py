"""Output for a person at a terminal: colours, tables, progress."""
