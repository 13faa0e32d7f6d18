"""Writes pylock files for tests."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import tomli_w

if TYPE_CHECKING:
    from pathlib import Path


def entry(*wheels: Path, name: str, version: str, **more: Any) -> dict[str, Any]:
    """Return the entry of a release with `wheels`, each named by its path."""
    listed = [
        {"name": one.name, "path": str(one), "hashes": {"sha256": hashlib.sha256(one.read_bytes()).hexdigest()}}
        for one in wheels
    ]
    return {"name": name, "version": version, **more, **({"wheels": listed} if listed else {})}


def write_pylock(path: Path, *entries: dict[str, Any], **more: Any) -> Path:
    """Write the lock of another tool to `path`."""
    table = {"lock-version": "1.0", "created-by": "uv", **more, "packages": list(entries)}
    path.write_text(tomli_w.dumps(table))
    return path
