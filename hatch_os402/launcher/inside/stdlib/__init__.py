"""What stdlib_patches.py changes in modules that go past Python's own functions for files and threads, a file each."""
