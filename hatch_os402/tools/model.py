"""One MCP tool of a project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Tool:
    """A function that callers use as an MCP tool. What is None is not stated by the project, or not known yet."""

    name: str | None
    """What its offer, and so the tool, is called."""
    function: str
    """`"module:function"`."""
    description: str | None = None
    input_schema: Any = None
    """JSON Schema, as parsed JSON."""
    output_schema: Any = None
