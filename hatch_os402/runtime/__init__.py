"""The runtime, cosmo-python: its pins, and the CPython 3.12 on this machine that compiles for it."""
