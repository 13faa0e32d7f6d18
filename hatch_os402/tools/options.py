"""The table `[tool.hatch.build.targets.os402.tools]`: the functions that are MCP tools, and what is written by hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hatch_os402.artifacts.names import TOOL_NAME
from hatch_os402.config.offer_options import OfferOptions
from hatch_os402.config.toml_fields import Fields
from hatch_os402.tools.model import Tool

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FUNCTION = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*")

_BY_HAND = ("description", "input-schema", "output-schema")


def read_tools(table: Mapping[str, Any], prefix: str, root: Path) -> tuple[Tool, ...]:
    """Return the tools of the table named `prefix`; schema files are relative to `root`.

    Raises `OptionTypeError` and `OptionValueError`.
    """
    fields = Fields(table, prefix)
    seen: dict[str, str] = {}
    for name in table:
        if not TOOL_NAME.fullmatch(name):
            raise fields.wrong_value(
                f'"{name}"', "is no name of a tool: it must be 1 to 64 letters (A to Z), digits, `_` and `-`"
            )
        if (other := seen.setdefault(name.lower(), name)) != name:
            raise fields.wrong_value(name, f"differs from `{other}` in case alone, and so their files would not differ")
    return tuple(_tool(fields, name, root) for name in table)


def _tool(fields: Fields, name: str, root: Path) -> Tool:
    value = fields.config[name]
    if isinstance(value, dict):
        inner = Fields(value, f"{fields.prefix}.{name}")
        inner.refuse_unknown(("function", *_BY_HAND))
        by_hand = OfferOptions({key: value[key] for key in _BY_HAND if key in value}, root, prefix=inner.prefix)
        function = inner.string("function")
        if function is None or not FUNCTION.fullmatch(function):
            raise inner.wrong_value("function", f'must be "module:function", not {function!r}')
        return Tool(name, function, by_hand.description, by_hand.input_schema, by_hand.output_schema)
    if not isinstance(value, str):
        raise fields.wrong_type(name, 'must be "module:function", or a table with `function`')
    if not FUNCTION.fullmatch(value):
        raise fields.wrong_value(name, f'must be "module:function", not {value!r}')
    return Tool(name, value)
