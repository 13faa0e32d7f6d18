"""What docs/reference/formats.md says of the JSON that commands print."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE = Path(__file__).parent.parent.parent / "docs/reference/formats.md"

_BY_DATA = {"limits", "environment", "sources_only", "tools", "options", "parts"}
"""Keys whose value is an object with names that the answer brings: paths, variables, tools, options."""

_SHARED = {"profile": ("offer",)}
"""Command → keys whose value the page describes for another command."""


def check_described(command: str, printed: dict[str, Any]) -> None:
    """Check that the section of `command` describes every key of `printed`, and no row of keys that is not there."""
    section = re.search(
        rf"^## `hatch-os402 {command} --json`\n(.*?)(?=^## |\Z)", _PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert section is not None, f"the page has no section of `{command} --json`"
    words = {word for code in re.findall(r"`([^`]+)`", section[1]) for word in re.findall(r"\w+", code)}
    found = set(_keys({key: value for key, value in printed.items() if key not in _SHARED.get(command, ())}))
    assert found <= words, f"{_PAGE.name} does not describe {sorted(found - words)} of `{command} --json`"
    table, _, _ = section[1].partition("\n\nA ")
    rows = {name for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    missing = rows - printed.keys() - {"rebuild", "audit"}
    assert not missing, f"{_PAGE.name} describes {sorted(missing)}, which `{command} --json` does not print"


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _keys(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _keys(list(item.values()) if key in _BY_DATA and isinstance(item, dict) else item)
