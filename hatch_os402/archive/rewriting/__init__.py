"""What workers do with syntax trees, in their processes: parsing, and changes; standard library alone."""
