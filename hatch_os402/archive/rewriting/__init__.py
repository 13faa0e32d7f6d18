"""What workers do with syntax trees, each in its process: parsing, and what the compiler changes; standard library alone."""
