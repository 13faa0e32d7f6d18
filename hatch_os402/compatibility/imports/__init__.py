"""What the program imports, and what the runtime lacks of it."""
