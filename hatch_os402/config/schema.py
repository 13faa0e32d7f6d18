"""The JSON Schema of the options in pyproject.toml, for editors and validators; derived from how options are declared.

An option of the target's table is a cached property: its annotation says what it is, unless `written` says how it is
written, and its docstring describes it. An option of the offer's table is a field of the offer, whose kind and unit say
the same (`offer.payload`). `os402.schema.json` beside this module is the outcome; a test keeps it current.

The schema says what a value must look like. What values mean together, a build checks.
"""

from __future__ import annotations

import ast
import json
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any

from hatch_os402.artifacts.names import TOOL_NAME
from hatch_os402.config import publish_options
from hatch_os402.config.hatchling import HATCHLING
from hatch_os402.config.offer_options import FIELDS, OfferOptions
from hatch_os402.config.options import Options
from hatch_os402.offer.fields import Option, Unit
from hatch_os402.offer.floats import U64_MAX
from hatch_os402.offer.kinds import ArrayOf, Flag, Integer, Text
from hatch_os402.offer.payload import U32_MAX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatch_os402.offer.kinds import Kind

Schema = dict[str, Any]

FILE = "os402.schema.json"
_DRAFT = "http://json-schema.org/draft-07/schema#"

_STRING: Schema = {"type": "string"}
_TEXT: Schema = {"type": "string", "minLength": 1}
_STRINGS: Schema = {"type": "array", "items": _STRING}
_AMOUNT: Schema = {"type": "number", "minimum": 0}
_JSON: Schema = {"type": ["string", "object"]}
"""A table, or a string with a file's path or JSON."""
_DURATION = r"^[0-9]{1,20}[smhd]$"
_SIZE = r"^\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*([kKmMgG]?[bB]?)\s*$"
_ENTRY_POINT = r"^[^\W\d]\w*(\.[^\W\d]\w*)*(:[^\W\d]\w*(\.[^\W\d]\w*)*(\(\))?)?$"

_TYPES: dict[str, Schema] = {
    "bool": {"type": "boolean"},
    "float": _AMOUNT,
    "str": _STRING,
    "Path": _TEXT,
    "frozenset[str]": _STRINGS,
    "tuple[str, ...]": _STRINGS,
    "dict[str, str]": {"type": "object", "additionalProperties": _STRING},
}
"""Part of an annotation → how it is written in TOML."""


def pyproject_schema() -> Schema:
    """Return the schema of a whole pyproject.toml, of which it describes the tables of this project alone."""
    return {
        "$schema": _DRAFT,
        "$id": "urn:hatch-os402:pyproject.toml",
        "title": "pyproject.toml of a project for os402",
        "type": "object",
        "properties": {"tool": _object(hatch=_hatch())},
    }


def hatch_schema(_tool: str = "hatch") -> Schema:
    """Check what `[tool.hatch]` says of os402, and nothing else of it.

    validate-pyproject calls this, by the entry point in the group `validate_pyproject.tool_schema`.
    """
    return {"$schema": _DRAFT, "$id": "urn:hatch-os402:tool.hatch", **_hatch()}


def _hatch() -> Schema:
    target, publish = _target(), _publish()
    return _object(build=_object(targets=_object(os402=target)), publish=_object(os402=publish))


def shipped() -> str:
    """Return the text of the schema of a pyproject.toml that the package holds."""
    return resources.files("hatch_os402.config").joinpath(FILE).read_text(encoding="utf-8")


def text() -> str:
    """Return the schema of a pyproject.toml as the text that the package should hold."""
    return json.dumps(pyproject_schema(), indent=2, ensure_ascii=False) + "\n"


def _object(**properties: Schema) -> Schema:
    """Return the schema of a table in which others may have their tables as well."""
    return {"type": "object", "properties": properties}


def _closed(description: str, properties: Mapping[str, Schema]) -> Schema:
    """Return the schema of a table that is ours alone."""
    return {
        "type": "object",
        "description": description,
        "properties": dict(properties),
        "additionalProperties": False,
    }


def _target() -> Schema:
    tool = {
        "type": "object",
        "properties": {"function": _STRING, "description": _STRING, "input-schema": _JSON, "output-schema": _JSON},
        "required": ["function"],
        "additionalProperties": False,
    }
    written: dict[str, Schema] = {
        "entry-point": {"type": "string", "pattern": _ENTRY_POINT},
        "bytecode": {"enum": [True, False, "auto"]},
        "remedies": {"anyOf": [{"type": "boolean"}, _duration(0, 3600)]},
        "runtime": {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]},
        "tools": {
            "type": "object",
            "propertyNames": {"pattern": f"^{TOOL_NAME.pattern}$"},
            "additionalProperties": {"anyOf": [_STRING, tool]},
            "minProperties": 1,
        },
        "offer": _offer(),
    }
    hatchs = {name: {"description": "See Hatch's documentation."} for name in sorted(HATCHLING)}
    return _closed("The target os402: `hatch build -t os402`", _declared(Options, written) | hatchs)


def _offer() -> Schema:
    fields = {name: _of_field(field.kind, field.option) for name, field in FIELDS.items() if field.option}
    written: dict[str, Schema] = {
        "owner": {"type": "string", "pattern": "^0[xX][0-9a-fA-F]{40}$"},
        "pay": {"type": ["string", "object"]},
        "valid-until": {"not": {"type": ["array", "boolean", "null", "object"]}},  # TOML's dates have no type here
        "valid-for": _duration(1, U32_MAX),
    }
    return _closed("The offer: what callers pay for", fields | _declared(OfferOptions, written))


def _publish() -> Schema:
    switch, text = {"type": ["boolean", "string"]}, _STRING
    either = {"anyOf": [_STRING, _STRINGS]}
    forms = {
        "key": {"type": "string", "pattern": "^@", "description": "`@FILE`: a key is never written here."},
        "limit": _size(0, U64_MAX),
        **dict.fromkeys(publish_options.SWITCHES, switch),
        **dict.fromkeys(publish_options.LISTS, either),
    }
    known = {name: forms.get(name, text) for name in publish_options.KNOWN}
    hatchs = {"disable": {"type": "boolean", "description": "See Hatch's documentation."}}
    return _closed("The publisher os402: `hatch publish -p os402`", known | hatchs)


def _declared(options: type, written: Mapping[str, Schema]) -> dict[str, Schema]:
    """Return the schema of each option that `options` has as a cached property, by its name in TOML.

    `written` are those that are written in another form than they are read as.
    """
    found = {}
    for attribute, declared in vars(options).items():
        if isinstance(declared, cached_property):
            name = attribute.replace("_", "-")
            form = written.get(name) or _of_annotation(declared.func.__annotations__["return"])
            first = (declared.__doc__ or "").strip().partition("\n\n")[0]
            found[name] = {"description": " ".join(first.split()), **form}
    return found


def _of_annotation(annotation: str) -> Schema:
    """Return how a value of an annotation is written. Raises `LookupError` for one that nobody has described."""
    if annotation.startswith("Literal["):
        return {"enum": list(ast.literal_eval(annotation.removeprefix("Literal").partition("]")[0] + "]"))}
    kinds = [_TYPES[part] for part in annotation.split(" | ") if part != "None"]
    return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}


def _of_field(kind: Kind, option: Option) -> Schema:
    """Return how the option of a field of the offer is written."""
    if isinstance(kind, Flag):
        return {"type": "boolean"}
    if isinstance(kind, Text):
        return _STRING if option.may_be_empty else _TEXT
    if isinstance(kind, ArrayOf) and isinstance(kind.item, Integer):
        return {"type": "array", "items": _integer(option.low, kind.item.high)}
    return _of_number(kind, option) if isinstance(kind, Integer) else _JSON


def _of_number(kind: Integer, option: Option) -> Schema:
    """Return how a number is written in the unit of its option."""
    if option.unit is Unit.COUNT:
        return _integer(option.low, kind.high)
    if option.unit is Unit.SECONDS:
        return _duration(option.low, kind.high)
    factor = 1024 if option.unit is Unit.KIBIBYTES else 1
    return _size(option.low * factor, kind.high * factor + factor - 1)


def _integer(low: int, high: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}


def _duration(low: int, high: int) -> Schema:
    return {
        "description": "Seconds, or a number with a unit: 90s, 5m, 1h, 30d",
        "anyOf": [
            _integer(low, high),
            {"type": "string", "pattern": _DURATION},
        ],
    }


def _size(low: int, high: int) -> Schema:
    return {
        "description": "Bytes, or a number with a unit of 1024: 256mb, 1.5g",
        "anyOf": [
            _integer(low, high),
            {"type": "string", "pattern": _SIZE},
        ],
    }
