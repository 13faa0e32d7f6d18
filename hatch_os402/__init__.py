"""hatch-os402: `hatch build -t os402` turns a Python project into something that runs on os402."""

from hatch_os402.__about__ import __version__

__all__ = ["__version__"]
