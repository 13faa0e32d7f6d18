"""The launcher: everything below `_os402/` in an archive. Standard library only, as little of it as can be."""
