"""What an MCP tool says of itself: its description and its schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatch_os402.launcher.inside.interfaces.mcp_types.signatures import arguments_of, parameters, result_of
from hatch_os402.tools.docstrings import read
from hatch_os402.tools.schema import schema_of

if TYPE_CHECKING:
    from collections.abc import Callable


def describe(function: Callable[..., Any]) -> dict[str, Any]:
    """Return `name`, `description`, `input_schema` and `output_schema` (None if nothing is known) of a function.

    Raises `AnnotationError` for what has no counterpart in JSON, or cannot be called by name.
    """
    target, _, _ = parameters(function)
    documented = read(getattr(function, "__doc__", None) or target.__doc__)
    arguments = arguments_of(function)
    for field in arguments.fields:
        field.description = field.description or documented.parameters.get(field.name, "")
    result = result_of(function)
    return {
        "name": target.__name__,
        "description": documented.description,
        "input_schema": schema_of(arguments, output=False),
        "output_schema": None if result is None else schema_of(result, output=True),
    }
