"""Hello, by each way."""
