"""Package URLs (purl) of what an index of Python packages has."""

from __future__ import annotations

from urllib.parse import quote


def purl(name: str, version: str, filename: str | None = None) -> str:
    """Return the purl of a release; with `filename`, of one of its files. `name` is canonical."""
    qualifier = f"?file_name={quote(filename, safe='')}" if filename else ""
    return f"pkg:pypi/{quote(name, safe='')}@{quote(version, safe='')}{qualifier}"
