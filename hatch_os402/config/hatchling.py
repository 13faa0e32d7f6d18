"""What hatchling itself reads of a target's table."""

from __future__ import annotations

HATCHLING = frozenset({
    "dependencies", "directory", "hooks", "require-runtime-dependencies", "require-runtime-features", "versions",
})  # fmt: skip
"""Options that hatchling itself reads from any target's table."""
