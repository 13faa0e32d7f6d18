"""The version of hatch-os402, and nothing else, so that the build backend can read it without importing the package."""

__version__ = "0.2.0.dev0"
