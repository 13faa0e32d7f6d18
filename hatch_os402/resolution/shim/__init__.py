"""What runs in the process of pip: scripts of the standard library and of pip alone."""
