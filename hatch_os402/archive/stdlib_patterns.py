"""The patterns of the standard library, by the modules that lead to them.

They are a list of this package's, `stdlib_patterns.json`, and not read from the library beside the compiler: the
builds of one CPython release differ in what their distributors have mended, and an archive must not.
`tests/support/stdlibpatterns.py` writes it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Pattern = tuple[str, str, int]
"""Kind (`str` or `bytes`), text (of bytes their Latin-1) and flags."""
ALWAYS: tuple[Pattern, ...] = (("str", "", 0),)
"""What `re` itself compiles when it is imported."""


@cache
def _content() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path(__file__).with_name("stdlib_patterns.json").read_text("utf-8"))
    return content


def reached_by(imports: Iterable[str]) -> list[Pattern]:
    """Return the patterns of the modules that are imported with those named `imports`, sorted."""
    patterns, leads = _content()["patterns"], _content()["imports"]
    wanted = {module for name in imports for module in leads.get(name, ())}
    return sorted({(kind, text, flags) for module in wanted for kind, text, flags in patterns[module]})
