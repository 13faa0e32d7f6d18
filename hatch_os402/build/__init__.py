"""A build, from the project's wheel to the four artifacts."""
