"""Projects whose build backend is not hatchling: their wheel and their metadata, through PEP 517."""
