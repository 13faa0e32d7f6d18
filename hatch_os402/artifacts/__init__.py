"""The artifacts of a build as files: their names, how they are replaced, which of them belong together, the record."""
