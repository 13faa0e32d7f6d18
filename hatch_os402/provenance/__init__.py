"""Where artifacts come from, for others to check: what is in them, how they were built, and building them again."""
